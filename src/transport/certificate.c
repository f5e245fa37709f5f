#include "transport/certificate.h"

/* All of the time that a certificate can express (RFC 5280 section 4.1.2.5), so that no clock decides whether two
 * members can talk. */
static const char valid_from[] = "19500101000000Z";
static const char valid_until[] = "99991231235959Z";
static const char common_name[] = "credimus";

EVP_PKEY *certificate_key(const uint8_t secret[SECRET_BYTES]) {
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, SECRET_BYTES - KEY_BYTES);
}

static bool certificate_set_name(X509 *certificate) {
    X509_NAME *name = X509_get_subject_name(certificate);
    return name != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

static bool certificate_fill(X509 *certificate, EVP_PKEY *key) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 && certificate_set_name(certificate) &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), valid_from) == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), valid_until) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, NULL) > 0;
}

X509 *certificate_make(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    if (certificate != NULL && certificate_fill(certificate, key)) return certificate;
    X509_free(certificate);
    return NULL;
}

enum status certificate_raw_key(const EVP_PKEY *key, uint8_t ret_key[KEY_BYTES]) {
    if (key == NULL || EVP_PKEY_is_a(key, "ED25519") != 1) return STATUS_BAD_KEY;
    uint8_t raw[KEY_BYTES];
    size_t bytes = sizeof raw;
    if (EVP_PKEY_get_raw_public_key(key, raw, &bytes) != 1 || bytes != sizeof raw) return STATUS_BAD_KEY;
    memcpy(ret_key, raw, sizeof raw);
    return STATUS_OK;
}
