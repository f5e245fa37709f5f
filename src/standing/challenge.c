#include "standing/challenge.h"

#include "base/check.h"
#include "crypto/sha256.h"

/* Each hash has a prefix of its own, so none can stand for another. */
static const char ANSWER_PREFIX[] = "credimus/challenge/1";
static const char INDEX_PREFIX[] = "credimus/challenge/1/index";
static const char PANEL_PREFIX[] = "credimus/challenge/1/panel";
static const char LEAF_PREFIX[] = "credimus/challenge/1/leaf";

static void draw(const char *prefix, const struct hash *beacon, uint32_t i, struct hash *ret_hash) {
    uint8_t bytes[128];
    struct writer writer = writer_of(bytes, sizeof bytes);
    writer_put_text(&writer, prefix);
    writer_put(&writer, beacon->bytes, HASH_BYTES);
    writer_put_u32(&writer, i);
    CHECK(writer_status(&writer) == STATUS_OK);
    sha256_of(writer_slice(&writer), ret_hash);
}

/* 64 bits of the hash, big-endian. */
static uint64_t word(const struct hash *hash, size_t index) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) value = value << 8 | hash->bytes[8 * index + i];
    return value;
}

/* Below the bound; 128 bits are reduced. */
static uint64_t reduced(const struct hash *hash, size_t index, uint64_t bound) {
    uint128 value = (uint128)word(hash, index) << 64 | word(hash, index + 1);
    return (uint64_t)(value % bound);
}

uint64_t challenge_leaf_index(const struct hash *beacon, uint64_t size, uint32_t i) {
    CHECK(size > 0 && i < CHALLENGE_LEAVES);
    struct hash hash;
    draw(INDEX_PREFIX, beacon, i, &hash);
    return reduced(&hash, 0, size);
}

void challenge_panel(const struct hash *beacon, int64_t *ret_values, uint32_t *ret_weights) {
    for (uint32_t i = 0; i < CHALLENGE_MEMBERS; i++) {
        struct hash hash;
        draw(PANEL_PREFIX, beacon, i, &hash);
        ret_values[i] = (int64_t)reduced(&hash, 0, 2 * CHALLENGE_RANGE + 1) - CHALLENGE_RANGE;
        ret_weights[i] = 1 + (uint32_t)reduced(&hash, 2, 65536);
    }
}

void challenge_begin(struct challenge_digest *digest, const struct hash *beacon) {
    digest->beacon = *beacon;
    digest->count = 0;
}

void challenge_add_leaf(struct challenge_digest *digest, struct slice leaf) {
    CHECK(digest->count < CHALLENGE_LEAVES);
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add(&sha, LEAF_PREFIX, sizeof LEAF_PREFIX - 1);
    sha256_add(&sha, digest->beacon.bytes, HASH_BYTES);
    sha256_add(&sha, leaf.data, leaf.bytes);
    sha256_end(&sha, &digest->leaves[digest->count++]);
}

/* In lowest terms. After one step both numbers have 64 bits, so Euclid takes at most 93 more. */
static void reduce(int128 *numerator, int64_t *denominator) {
    uint128 magnitude = *numerator < 0 ? -(uint128)*numerator : (uint128)*numerator;
    uint64_t a = (uint64_t)*denominator;
    uint64_t b = (uint64_t)(magnitude % a);
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    *numerator /= (int64_t)a;
    *denominator /= (int64_t)a;
}

void challenge_finish(const struct challenge_digest *digest, int128 numerator, int64_t denominator, uint32_t member,
                      struct hash *ret_answer) {
    CHECK(digest->count == CHALLENGE_LEAVES && denominator > 0);
    reduce(&numerator, &denominator);
    uint8_t bytes[64 + CHALLENGE_LEAVES * HASH_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    writer_put_text(&writer, ANSWER_PREFIX);
    writer_put_u32(&writer, member);
    for (uint32_t i = 0; i < CHALLENGE_LEAVES; i++) writer_put(&writer, digest->leaves[i].bytes, HASH_BYTES);
    writer_put_u64(&writer, (uint64_t)((uint128)numerator >> 64));
    writer_put_u64(&writer, (uint64_t)numerator);
    writer_put_u64(&writer, (uint64_t)denominator);
    CHECK(writer_status(&writer) == STATUS_OK);
    sha256_of(writer_slice(&writer), ret_answer);
}
