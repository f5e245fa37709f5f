/* A memory of signatures, put in front of crypto/ed25519.h by the linker (--wrap) in the simulator's own binary and nowhere else.
 *
 * A simulated vote is signed by one member and verified by all the others, in one process: that is the same question n - 1 times, and
 * nearly all of the time that a simulated second needs. A member that comes back signs again what it signed before, and so does the same
 * member in the world of the next seed, where views are nullified as well. An answer is kept together with its whole question, so it is
 * the answer that the real code gave, and a run comes out bit for bit as in `credimus sim`, which has no such memory. */
#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"
#include "crypto/ed25519.h"

enum { SLOTS = 1 << 16 };

/* What is signed or verified: `who` is a secret, or a key and a signature. */
struct question {
    const uint8_t *who[2];
    size_t who_bytes[2];
    struct slice message;
};

struct answer {
    enum status verdict;
    uint8_t signature[SIGNATURE_BYTES];
    size_t bytes;
    uint8_t question[];
};

static struct answer *verdicts[SLOTS], *signatures[SLOTS];

/* The linker's --wrap demands these names. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
enum status __real_ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                                  const uint8_t signature[SIGNATURE_BYTES]);
enum status __wrap_ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                                  const uint8_t signature[SIGNATURE_BYTES]);
void __real_ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message,
                         uint8_t ret_signature[SIGNATURE_BYTES]);
void __wrap_ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message,
                         uint8_t ret_signature[SIGNATURE_BYTES]);
/* NOLINTEND(bugprone-reserved-identifier) */

static size_t question_bytes(const struct question *q) {
    return q->who_bytes[0] + q->who_bytes[1] + q->message.bytes;
}

static uint64_t mix(uint64_t sum, const uint8_t *data, size_t bytes) {
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 over the golden ratio */
    uint64_t word = 0;
    for (; bytes >= sizeof word; data += sizeof word, bytes -= sizeof word) {
        memcpy(&word, data, sizeof word);
        sum = (sum ^ word) * odd;
        sum ^= sum >> 32;
    }
    word = 0;
    if (bytes > 0) memcpy(&word, data, bytes);
    return (sum ^ word ^ (uint64_t)bytes << 56) * odd;
}

static struct answer **slot_of(struct answer **slots, const struct question *q) {
    uint64_t sum = mix(mix(0, q->who[0], q->who_bytes[0]), q->who[1], q->who_bytes[1]);
    return &slots[mix(sum, q->message.data, q->message.bytes) >> 32 & (SLOTS - 1)];
}

static bool answers(const struct answer *answer, const struct question *q) {
    if (answer == NULL || answer->bytes != question_bytes(q)) return false;
    const uint8_t *at = answer->question;
    for (int i = 0; i < 2; at += q->who_bytes[i++]) {
        if (q->who_bytes[i] > 0 && memcmp(at, q->who[i], q->who_bytes[i]) != 0) return false;
    }
    return q->message.bytes == 0 || memcmp(at, q->message.data, q->message.bytes) == 0;
}

/* The answer of the slot becomes one to this question; the caller fills it in. */
static struct answer *remember(struct answer **slot, const struct question *q) {
    struct answer *answer = realloc(*slot, sizeof *answer + question_bytes(q));
    CHECK(answer != NULL);
    answer->bytes = question_bytes(q);
    uint8_t *at = answer->question;
    for (int i = 0; i < 2; at += q->who_bytes[i++]) {
        if (q->who_bytes[i] > 0) memcpy(at, q->who[i], q->who_bytes[i]);
    }
    if (q->message.bytes > 0) memcpy(at, q->message.data, q->message.bytes);
    *slot = answer;
    return answer;
}

enum status __wrap_ed25519_verify(const uint8_t key[KEY_BYTES], struct slice message,
                                  const uint8_t signature[SIGNATURE_BYTES]) {
    const struct question q = {{key, signature}, {KEY_BYTES, SIGNATURE_BYTES}, message};
    struct answer **slot = slot_of(verdicts, &q);
    if (!answers(*slot, &q)) remember(slot, &q)->verdict = __real_ed25519_verify(key, message, signature);
    return (*slot)->verdict;
}

/* A secret ends in its public key (RFC 8032). What was just signed will be asked about by everybody. */
void __wrap_ed25519_sign(const uint8_t secret[SECRET_BYTES], struct slice message,
                         uint8_t ret_signature[SIGNATURE_BYTES]) {
    const struct question q = {{secret, NULL}, {SECRET_BYTES, 0}, message};
    struct answer **slot = slot_of(signatures, &q);
    if (!answers(*slot, &q)) __real_ed25519_sign(secret, message, remember(slot, &q)->signature);
    memcpy(ret_signature, (*slot)->signature, SIGNATURE_BYTES);
    const struct question later = {
        {secret + ED25519_SEED_BYTES, ret_signature}, {KEY_BYTES, SIGNATURE_BYTES}, message};
    slot = slot_of(verdicts, &later);
    if (!answers(*slot, &later)) remember(slot, &later)->verdict = STATUS_OK;
}
