#include "transport/tls.h"

#include <openssl/err.h>

#include "transport/certificate.h"

/* One byte of length, then the name (RFC 7301 section 3.1). */
static const uint8_t protocol_name[] = "\x0a"
                                       "credimus/1";
enum { PROTOCOL_NAME_BYTES = sizeof protocol_name - 1 };

/* AES-GCM is what processors have instructions for; ChaCha20 serves those that have none. */
static const char cipher_suites[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
/* Ours takes about 250 bytes. */
enum { CERTIFICATE_BYTES_MAX = 4096 };

/* Called by OpenSSL in place of its own verification of the chain. Its answer is final. */
static int tls_on_certificate(X509_STORE_CTX *store, void *argument) {
    const struct tls *tls = argument;
    const SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    uint8_t key[KEY_BYTES];
    bool usable = certificate != NULL && certificate_raw_key(X509_get0_pubkey(certificate), key) == STATUS_OK;
    enum status verdict = tls->judge(SSL_get_app_data(session), usable ? key : NULL);
    bool admitted = usable && verdict == STATUS_OK;
    X509_STORE_CTX_set_error(store, admitted ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return admitted ? 1 : 0;
}

/* A server picks the protocol out of what the client offers: ours, or nothing. */
static int tls_on_offer(SSL *session, const unsigned char **ret_name, unsigned char *ret_bytes,
                        const unsigned char *offer, unsigned int offer_bytes, void *argument) {
    (void)session;
    (void)argument;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, ret_bytes, protocol_name, PROTOCOL_NAME_BYTES, offer, offer_bytes) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *ret_name = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool tls_set_algorithms(SSL_CTX *context) {
    /* Not constants, because OpenSSL's macros cast that away. */
    char group[] = "X25519";
    char signature[] = "ed25519";
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, cipher_suites) == 1 && SSL_CTX_set1_groups_list(context, group) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, signature) == 1 &&
           SSL_CTX_set1_client_sigalgs_list(context, signature) == 1 &&
           SSL_CTX_set_alpn_protos(context, protocol_name, PROTOCOL_NAME_BYTES) == 0;
}

/* Every connection proves both keys anew: nothing of one handshake is good for another. */
static bool tls_forbid_resumption(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    return SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1;
}

static void tls_set_verification(struct tls *tls) {
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(tls->context, tls_on_certificate, tls);
    SSL_CTX_set_alpn_select_cb(tls->context, tls_on_offer, NULL);
    SSL_CTX_set_max_cert_list(tls->context, CERTIFICATE_BYTES_MAX);
}

static enum status identity_make(const uint8_t secret[SECRET_BYTES], struct identity *identity) {
    uint8_t public_key[KEY_BYTES];
    identity->key = certificate_key(secret);
    if (identity->key == NULL) return STATUS_IO;
    TRY(certificate_raw_key(identity->key, public_key));
    if (memcmp(public_key, secret + SECRET_BYTES - KEY_BYTES, KEY_BYTES) != 0) return STATUS_BAD_KEY;
    identity->certificate = certificate_make(identity->key);
    return identity->certificate != NULL ? STATUS_OK : STATUS_IO;
}

static void identity_free(struct identity *identity) {
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    *identity = (struct identity){0};
}

enum status tls_set_identities(struct tls *tls, const uint8_t *secret, const uint8_t *spare) {
    struct identity fresh[TLS_IDENTITIES] = {0};
    enum status status = identity_make(secret, &fresh[TLS_OWN]);
    if (status == STATUS_OK && spare != NULL) status = identity_make(spare, &fresh[TLS_SPARE]);
    for (unsigned i = 0; i < TLS_IDENTITIES; i++) {
        if (status == STATUS_OK) {
            identity_free(&tls->identities[i]);
            tls->identities[i] = fresh[i];
        } else {
            identity_free(&fresh[i]);
        }
    }
    return status;
}

bool tls_has_spare(const struct tls *tls) { return tls->identities[TLS_SPARE].key != NULL; }

enum status tls_open(struct tls *tls, const uint8_t *secret, const uint8_t *spare, tls_judge *judge) {
    ERR_clear_error();
    *tls = (struct tls){.context = SSL_CTX_new(TLS_method()), .method = pipe_method(), .judge = judge};
    if (tls->context == NULL || tls->method == NULL) return STATUS_IO;
    if (!tls_set_algorithms(tls->context) || !tls_forbid_resumption(tls->context)) return STATUS_IO;
    tls_set_verification(tls);
    return tls_set_identities(tls, secret, spare);
}

void tls_close(struct tls *tls) {
    for (unsigned i = 0; i < TLS_IDENTITIES; i++) identity_free(&tls->identities[i]);
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    *tls = (struct tls){0};
}

SSL *tls_session(const struct tls *tls, enum tls_identity identity, struct pipe *pipe, bool client,
                 void *session_context) {
    SSL *session = SSL_new(tls->context);
    if (session == NULL) return NULL;
    if (!pipe_attach(pipe, tls->method, session) || SSL_set_app_data(session, session_context) != 1 ||
        SSL_use_certificate(session, tls->identities[identity].certificate) != 1 ||
        SSL_use_PrivateKey(session, tls->identities[identity].key) != 1) {
        SSL_free(session);
        return NULL;
    }
    if (client) {
        SSL_set_connect_state(session);
    } else {
        SSL_set_accept_state(session);
    }
    return session;
}

bool tls_speaks_credimus(const SSL *session) {
    const unsigned char *name = NULL;
    unsigned int bytes = 0;
    SSL_get0_alpn_selected(session, &name, &bytes);
    return slice_equal(slice_of(name, bytes), slice_of(protocol_name + 1, PROTOCOL_NAME_BYTES - 1));
}

bool tls_peer_refused(void) {
    unsigned long error = ERR_peek_error();
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
}
