/* TLS: what every session of one member shares: TLS 1.3 alone (RFC 8446), Ed25519 alone, X25519 alone, both ends with
 * a certificate, no resumption of any kind. The chain building of OpenSSL is replaced by one question, asked with the
 * peer's raw public key: is this the member it ought to be? Names, dates, issuers and extensions are never looked at;
 * that the peer holds the key is what its CertificateVerify proves. */
#ifndef TRANSPORT_TLS_H
#define TRANSPORT_TLS_H

#include <openssl/ssl.h>

#include "base/bytes.h"
#include "transport/pipe.h"

/* Decides on a peer's key during the handshake, before the peer has proved that it holds it. STATUS_OK admits it.
 * `key` is NULL when the peer's certificate carries no Ed25519 key. */
typedef enum status tls_judge(void *session_context, const uint8_t *key);

/* Under which of its keys a member shows itself. */
enum tls_identity {
    TLS_OWN,
    TLS_SPARE, /* for those who know it by another key than TLS_OWN, since they are of another epoch */
    TLS_IDENTITIES
};

struct identity {
    X509 *certificate; /* NULL: there is no such identity */
    EVP_PKEY *key;
};

struct tls {
    SSL_CTX *context;
    struct identity identities[TLS_IDENTITIES];
    BIO_METHOD *method;
    tls_judge *judge;
};

/* Makes the certificates in memory and sets the rules. `tls` keeps its address until tls_close. The secrets are
 * seed || public key, the spare may be NULL for none; OpenSSL keeps its own copies until tls_close and wipes them there.
 *   BAD_KEY  a public half does not belong to its seed        IO  OpenSSL refuses */
enum status tls_open(struct tls *tls, const uint8_t *secret, const uint8_t *spare, tls_judge *judge) MUST_USE;

/* Replaces both identities, for sessions that begin from now on. Errors as tls_open: nothing changes. */
enum status tls_set_identities(struct tls *tls, const uint8_t *secret, const uint8_t *spare) MUST_USE;
bool tls_has_spare(const struct tls *tls);

/* After every session of it has been freed. Also ends one that tls_open failed to open. */
void tls_close(struct tls *tls);

/* A session that reads and writes through `pipe`, for a client (the dialler) or a server, under an identity that there is;
 * `session_context` is what the judge is asked with. Freed by SSL_free. NULL when OpenSSL refuses. */
SSL *tls_session(const struct tls *tls, enum tls_identity identity, struct pipe *pipe, bool client,
                 void *session_context);

/* Whether a finished handshake agreed on this protocol by name (ALPN, RFC 7301). */
bool tls_speaks_credimus(const SSL *session);

/* Whether the oldest error waiting in OpenSSL's queue is an alert that the peer sent: the peer refused us. */
bool tls_peer_refused(void);

#endif
