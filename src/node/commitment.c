#include "node/commitment.h"

#include "base/check.h"
#include "crypto/ed25519.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"

_Static_assert((int)COMMITMENT_SALT_BYTES == (int)HASH_BYTES, "a salt is one hash");

static void add_number(struct sha256 *sha, uint32_t number) {
    uint8_t bytes[4];
    struct writer writer = writer_of(bytes, sizeof bytes);
    writer_put_u32(&writer, number);
    sha256_add(sha, bytes, sizeof bytes);
}

/* With its length before it, so that no two questions are the same bytes. */
static void add_text(struct sha256 *sha, struct slice text) {
    CHECK(text.bytes <= ITEM_BYTES_MAX);
    add_number(sha, (uint32_t)text.bytes);
    sha256_add(sha, text.data, text.bytes);
}

static void hash_question(const struct commitment_question *question, struct hash *ret_hash) {
    struct sha256 sha;
    CHECK(question->hypotheses_count <= HYPOTHESES_MAX);
    sha256_begin(&sha);
    add_text(&sha, question->title);
    add_number(&sha, question->hypotheses_count);
    for (uint32_t i = 0; i < question->hypotheses_count; i++) add_text(&sha, question->hypotheses[i]);
    add_number(&sha, (uint32_t)question->mode);
    add_text(&sha, question->family);
    sha256_end(&sha, ret_hash);
}

/* `secret` is the seed followed by the public key (crypto/ed25519.h). */
static void derive_salt(const uint8_t secret[SECRET_BYTES], const struct commitment_question *question,
                        struct hash *ret_salt) {
    static const char prefix[] = "credimus/salt/1";
    struct sha256 sha;
    struct hash hash;
    hash_question(question, &hash);
    sha256_begin(&sha);
    sha256_add(&sha, prefix, sizeof prefix - 1);
    sha256_add(&sha, secret, ED25519_SEED_BYTES);
    sha256_add(&sha, hash.bytes, HASH_BYTES);
    sha256_end(&sha, ret_salt);
    crypto_wipe(&sha, sizeof sha);
}

void commitment_make(const uint8_t secret[SECRET_BYTES], const struct commitment_question *question,
                     uint32_t hypothesis, struct hash *ret_commitment) {
    struct hash salt;
    derive_salt(secret, question, &salt);
    commitment_of(salt.bytes, hypothesis, ret_commitment);
    crypto_wipe(&salt, sizeof salt);
}

static bool hides(const struct hash *salt, uint32_t hypothesis, const struct hash *commitment) {
    struct hash hash;
    commitment_of(salt->bytes, hypothesis, &hash);
    return hash_equal(&hash, commitment);
}

static enum status find_hidden(const struct hash *salt, uint32_t hypotheses_count, const struct hash *commitment,
                               uint32_t *ret_hypothesis) {
    uint32_t found = OPENING_ORDINARY;
    if (!hides(salt, found, commitment)) {
        for (found = 0; found < hypotheses_count; found++)
            if (hides(salt, found, commitment)) break;
        if (found == hypotheses_count) return STATUS_WRONG_OPENING;
    }
    *ret_hypothesis = found;
    return STATUS_OK;
}

enum status commitment_open(const uint8_t secret[SECRET_BYTES], const struct commitment_question *question,
                            const struct hash *commitment, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
                            uint32_t *ret_hypothesis) {
    struct hash salt;
    derive_salt(secret, question, &salt);
    enum status status = find_hidden(&salt, question->hypotheses_count, commitment, ret_hypothesis);
    if (status == STATUS_OK) memcpy(ret_salt, salt.bytes, COMMITMENT_SALT_BYTES);
    crypto_wipe(&salt, sizeof salt);
    return status;
}
