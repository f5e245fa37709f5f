/* Taking secrets out (cmd/redact.h). A bundle has megabytes and a handful of secrets, so each form is simply looked for
 * at every place. */
#include "cmd/redact.h"

#include <string.h>

#include "base/check.h"
#include "codec/base64.h"
#include "crypto/secret.h"

enum { FORM_BYTES = 2 * REDACT_SECRET_BYTES_MAX + 8, BASE64_GROUP = 3 };

void redact_add(struct redact *redact, struct slice secret) {
    CHECK(redact->count < REDACT_SECRETS_MAX);
    CHECK(secret.bytes >= REDACT_SECRET_BYTES_MIN && secret.bytes <= REDACT_SECRET_BYTES_MAX);
    memcpy(redact->secrets[redact->count].data, secret.data, secret.bytes);
    redact->secrets[redact->count].bytes = secret.bytes;
    redact->count++;
}

static uint8_t lower(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte; }

static bool matches(const uint8_t *data, const uint8_t *form, size_t bytes, bool any_case) {
    for (size_t i = 0; i < bytes; i++) {
        if (any_case ? lower(data[i]) != lower(form[i]) : data[i] != form[i]) return false;
    }
    return true;
}

static uint64_t clean_form(const uint8_t *form, size_t form_bytes, bool any_case, uint8_t *data, size_t bytes) {
    uint64_t places = 0;
    for (size_t at = 0; at + form_bytes <= bytes; at++) {
        if (!matches(data + at, form, form_bytes, any_case)) continue;
        memset(data + at, 'x', form_bytes);
        places++;
        at += form_bytes - 1;
    }
    return places;
}

/* A secret inside of something longer that is written in base64 begins at any of three places of a group. Its first and
 * last characters hold bits of the neighbours, too; those between are the same always. */
static uint64_t clean_base64(struct slice secret, uint8_t *data, size_t bytes) {
    uint64_t places = 0;
    char form[FORM_BYTES];
    for (size_t skip = 0; skip < BASE64_GROUP; skip++) {
        struct slice part = slice_of(secret.data + skip, (secret.bytes - skip) / BASE64_GROUP * BASE64_GROUP);
        size_t characters = base64_encoded_bytes(part.bytes);
        base64_encode(part, form);
        places += clean_form((const uint8_t *)form, characters, false, data, bytes);
        for (size_t i = 0; i < characters; i++) {
            if (form[i] == '+') form[i] = '-';
            if (form[i] == '/') form[i] = '_';
        }
        places += clean_form((const uint8_t *)form, characters, false, data, bytes);
    }
    crypto_wipe(form, sizeof form);
    return places;
}

static uint64_t clean_secret(struct slice secret, uint8_t *data, size_t bytes) {
    char hex[2 * REDACT_SECRET_BYTES_MAX + 1];
    bytes_to_hex(secret.data, secret.bytes, hex);
    uint64_t places = clean_form((const uint8_t *)hex, 2 * secret.bytes, true, data, bytes);
    places += clean_form(secret.data, secret.bytes, false, data, bytes);
    places += clean_base64(secret, data, bytes);
    crypto_wipe(hex, sizeof hex);
    return places;
}

uint64_t redact_clean(const struct redact *redact, uint8_t *data, size_t bytes) {
    uint64_t places = 0;
    for (uint32_t i = 0; i < redact->count; i++) {
        places += clean_secret(slice_of(redact->secrets[i].data, redact->secrets[i].bytes), data, bytes);
    }
    return places;
}

void redact_wipe(struct redact *redact) { crypto_wipe(redact, sizeof *redact); }
