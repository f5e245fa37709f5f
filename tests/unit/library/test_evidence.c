/* Tests of credimus/evidence.h: what it encodes is what members decode to the same values, and what members refuse it
 * refuses too. */
#include "credimus/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../wire/sample.h"
#include "credimus/verify.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "wire/header.h"

static const char *const colours[] = {"red", "green", "blue"};

static struct credimus_ask good_ask(void) {
    static const int64_t prior[] = {0, -1000000000, 5};
    struct credimus_ask ask = {.title = "Which colour?",
                               .hypotheses = colours,
                               .hypotheses_count = 3,
                               .mode = CREDIMUS_POOL,
                               .prior = prior,
                               .cap = 2000000000,
                               .rho_thousandths = 200,
                               .decide_at = 3000000000,
                               .min_margin = 1,
                               .window_us = 60000000,
                               .deadline_us = 0,
                               .family = "colours"};
    memset(ask.commitment, 0xab, sizeof ask.commitment);
    return ask;
}

static void take(const uint8_t *bytes, size_t size, struct item *ret_item) {
    struct reader reader = reader_of(slice_of(bytes, size));
    assert_int_equal(item_take(&reader, ret_item, NULL), STATUS_OK);
    assert_int_equal(reader.bytes, 0);
}

static void ask_then_a_member_reads_the_same(void **state) {
    (void)state;
    struct credimus_ask ask = good_ask();
    uint8_t bytes[CREDIMUS_ITEM_SIZE];
    uint8_t id[CREDIMUS_QUESTION_SIZE];
    size_t size;
    struct item item;
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.kind, ITEM_ASK);
    assert_true(slice_equal(item.ask.title, slice_of_text("Which colour?")));
    assert_int_equal(item.ask.hypotheses_count, 3);
    assert_true(slice_equal(item.ask.hypotheses[2], slice_of_text("blue")));
    assert_int_equal(item.ask.prior[1], -1000000000);
    assert_int_equal(item.ask.mode, MODE_POOL);
    assert_int_equal(item.ask.rho_thousandths, 200);
    assert_int_equal(item.ask.window_us, 60000000);
    assert_int_equal(item.ask.commitment.bytes[31], 0xab);
    assert_true(slice_equal(item.ask.family, slice_of_text("colours")));
    assert_int_equal(credimus_question_id(bytes, size, 1, id), 0);
    assert_int_equal(credimus_question_id(bytes, size, MEMBERS_MAX, id), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(credimus_question_id(bytes, size - 1, 1, id), STATUS_TRUNCATED);
    ask.prior = NULL;
    ask.family = NULL;
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.ask.prior[1], 0);
    assert_int_equal(item.ask.family.bytes, 0);
}

static void ask_out_of_range_then_refused_and_the_size_untouched(void **state) {
    (void)state;
    uint8_t bytes[CREDIMUS_ITEM_SIZE];
    size_t size = 77;
    struct credimus_ask ask = good_ask();
    ask.hypotheses_count = 65;
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), STATUS_TOO_MANY);
    ask.hypotheses_count = 1;
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), STATUS_BAD_VALUE);
    ask = good_ask();
    ask.title = NULL;
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), STATUS_BAD_FORMAT);
    ask = good_ask();
    ask.mode = 2;
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), STATUS_BAD_VALUE);
    ask = good_ask();
    ask.title = "bell \a";
    assert_int_equal(credimus_ask_encode(&ask, bytes, sizeof bytes, &size), STATUS_BAD_FORMAT);
    ask = good_ask();
    assert_int_equal(credimus_ask_encode(&ask, bytes, 20, &size), STATUS_NO_SPACE);
    assert_int_equal(size, 77);
}

static void tell_then_a_member_reads_the_same(void **state) {
    (void)state;
    static const int64_t ratio[] = {-250000000};
    struct credimus_tell tell = {
        .observation = "camera-7", .loglik = ratio, .loglik_count = 1, .observed_us = 1700000000000000};
    uint8_t content[CREDIMUS_HASH_SIZE];
    uint8_t bytes[256];
    size_t size;
    struct item item;
    memset(tell.question, 0x11, sizeof tell.question);
    assert_int_equal(credimus_tell_encode(&tell, bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.kind, ITEM_TELL);
    assert_int_equal(item.tell.loglik[0], -250000000);
    assert_false(item.tell.has_content);
    assert_int_equal(item.tell.observed_us, 1700000000000000);
    assert_int_equal(credimus_hash("photo", 5, content), 0);
    tell.content = content;
    assert_int_equal(credimus_tell_encode(&tell, bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_true(item.tell.has_content);
    assert_memory_equal(item.tell.content.bytes, content, sizeof content);
    static const int64_t beyond[] = {50000000001};
    tell.loglik = beyond;
    assert_int_equal(credimus_tell_encode(&tell, bytes, sizeof bytes, &size), STATUS_OVER_ITEM_LIMIT);
    tell.loglik_count = 65;
    assert_int_equal(credimus_tell_encode(&tell, bytes, sizeof bytes, &size), STATUS_TOO_MANY);
    tell.loglik_count = 0;
    assert_int_equal(credimus_tell_encode(&tell, bytes, sizeof bytes, &size), STATUS_WRONG_HYPOTHESES);
}

static void other_items_then_of_their_kind(void **state) {
    (void)state;
    static const uint8_t question[CREDIMUS_QUESTION_SIZE] = {9};
    static const uint8_t salt[CREDIMUS_SALT_SIZE] = {3};
    uint8_t bytes[256];
    uint8_t commitment[CREDIMUS_HASH_SIZE];
    struct hash expected;
    struct item item;
    size_t size;
    assert_int_equal(credimus_retract_encode(question, "o", bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.kind, ITEM_RETRACT);
    assert_int_equal(credimus_retract_encode(question, "", bytes, sizeof bytes, &size), STATUS_BAD_FORMAT);
    assert_int_equal(credimus_close_encode(question, bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.kind, ITEM_CLOSE);
    assert_int_equal(credimus_close_family_encode("f", bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.kind, ITEM_CLOSE_FAMILY);
    assert_int_equal(credimus_reveal_encode(question, salt, CREDIMUS_ORDINARY, bytes, sizeof bytes, &size), 0);
    take(bytes, size, &item);
    assert_int_equal(item.reveal.hypothesis, OPENING_ORDINARY);
    assert_int_equal(credimus_reveal_encode(question, salt, 63, bytes, sizeof bytes, &size), 0);
    assert_int_equal(credimus_reveal_encode(question, salt, 64, bytes, sizeof bytes, &size), STATUS_BAD_VALUE);
    assert_int_equal(credimus_commitment(salt, 1, commitment), 0);
    commitment_of(salt, 1, &expected);
    assert_memory_equal(commitment, expected.bytes, HASH_BYTES);
    assert_int_equal(credimus_commitment(salt, -2, commitment), STATUS_BAD_VALUE);
    assert_int_equal(credimus_item_check(bytes, size), 0);
    assert_int_equal(credimus_item_check(bytes, size - 1), STATUS_TRUNCATED);
    assert_int_equal(credimus_item_check((const uint8_t *)"\x82\x04\x50", 3), STATUS_TRUNCATED);
}

static void decimals_then_exact_quanta(void **state) {
    (void)state;
    int64_t quanta = 1;
    assert_int_equal(credimus_nats("-0.25", &quanta), 0);
    assert_int_equal(quanta, -250000000);
    assert_int_equal(credimus_nats("0.0000000001", &quanta), STATUS_TOO_FINE);
    assert_int_equal(credimus_nats("nan", &quanta), STATUS_NOT_A_NUMBER);
    assert_int_equal(credimus_nats(NULL, &quanta), STATUS_NOT_A_NUMBER);
    assert_int_equal(quanta, -250000000);
}

/* "abc" of FIPS 180-4, and the key of test 1 of RFC 8032, section 7.1. */
static void hashes_ids_and_keys_then_those_of_the_standards(void **state) {
    (void)state;
    static const uint8_t seed[] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                   0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                   0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    static const uint8_t key_begin[] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7};
    uint8_t secret[CREDIMUS_SECRET_SIZE];
    uint8_t key[CREDIMUS_KEY_SIZE];
    uint8_t hash[CREDIMUS_HASH_SIZE];
    char id[CREDIMUS_OBSERVATION_ID_SIZE];
    assert_int_equal(credimus_hash("abc", 3, hash), 0);
    assert_int_equal(hash[0], 0xba);
    assert_int_equal(hash[31], 0xad);
    assert_int_equal(credimus_observation_id("abc", 3, id), 0);
    assert_string_equal(id, "ba7816bf8f01cfea414140de5dae2223");
    assert_int_equal(credimus_key(seed, secret, key), 0);
    assert_memory_equal(key, key_begin, sizeof key_begin);
    assert_memory_equal(secret + CREDIMUS_SEED_SIZE, key, sizeof key);
}

struct batch {
    uint8_t items[2][256];
    uint8_t body[1024];
    size_t body_size;
    uint8_t header[CREDIMUS_HEADER_SIZE];
    size_t header_size;
    uint8_t hash[CREDIMUS_HASH_SIZE];
    uint8_t chain[CREDIMUS_HASH_SIZE];
    uint8_t secret[CREDIMUS_SECRET_SIZE];
    uint8_t key[CREDIMUS_KEY_SIZE];
};

static void make_batch(struct batch *batch) {
    static const uint8_t question[CREDIMUS_QUESTION_SIZE] = {9};
    struct credimus_item items[2] = {{batch->items[0], 0}, {batch->items[1], 0}};
    struct credimus_tip dep = {.member = 3, .seq = 5};
    struct credimus_header header = {
        .member = 1, .seq = 1, .wall_us = 1700000000000000, .deps = &dep, .deps_count = 1};
    memset(batch->chain, 0xc5, sizeof batch->chain);
    memset(dep.hash, 0xd6, sizeof dep.hash);
    sample_key(1, batch->secret, batch->key);
    assert_int_equal(credimus_close_encode(question, batch->items[0], 256, &items[0].size), 0);
    assert_int_equal(credimus_retract_encode(question, "o", batch->items[1], 256, &items[1].size), 0);
    assert_int_equal(credimus_body_encode(items, 2, batch->body, sizeof batch->body, &batch->body_size), 0);
    assert_int_equal(credimus_header_sign(&header, batch->body, batch->body_size, batch->chain, batch->secret,
                                          batch->header, sizeof batch->header, &batch->header_size, batch->hash),
                     0);
}

static int verify(const struct batch *batch, uint32_t *member, uint64_t *seq) {
    return credimus_batch_verify(batch->header, batch->header_size, batch->body, batch->body_size, batch->chain,
                                 batch->key, member, seq);
}

static void batch_then_members_accept_it(void **state) {
    (void)state;
    static struct batch batch;
    struct header header;
    struct hash chain;
    struct hash hash;
    struct hash root;
    uint32_t member;
    uint64_t seq;
    make_batch(&batch);
    memcpy(chain.bytes, batch.chain, HASH_BYTES);
    struct slice bytes = slice_of(batch.header, batch.header_size);
    assert_int_equal(header_read(bytes, &chain, &header, &hash), STATUS_OK);
    assert_int_equal(header_verify(bytes, &chain, batch.key), STATUS_OK);
    assert_memory_equal(hash.bytes, batch.hash, HASH_BYTES);
    assert_int_equal(items_check(slice_of(batch.body, batch.body_size), 2, &root), STATUS_OK);
    assert_true(hash_equal(&root, &header.root));
    assert_int_equal(header.deps[0].seq, 5);
    assert_int_equal(verify(&batch, &member, &seq), 0);
    assert_int_equal(member, 1);
    assert_int_equal(seq, 1);
    assert_int_equal(verify(&batch, NULL, NULL), 0);
}

static void batch_with_another_body_chain_or_key_then_refused(void **state) {
    (void)state;
    static struct batch batch;
    make_batch(&batch);
    batch.body[batch.body_size - 1] ^= 1;
    assert_int_equal(verify(&batch, NULL, NULL), STATUS_CONFLICT);
    make_batch(&batch);
    batch.body_size--;
    assert_int_equal(verify(&batch, NULL, NULL), STATUS_CONFLICT);
    make_batch(&batch);
    batch.chain[0] ^= 1;
    assert_int_equal(verify(&batch, NULL, NULL), STATUS_BAD_SIGNATURE);
    make_batch(&batch);
    batch.header[batch.header_size - 1] ^= 1;
    assert_int_equal(verify(&batch, NULL, NULL), STATUS_BAD_SIGNATURE);
    make_batch(&batch);
    batch.header_size--;
    assert_int_equal(verify(&batch, NULL, NULL), STATUS_TRUNCATED);
}

static void header_against_the_rules_then_refused(void **state) {
    (void)state;
    static struct batch batch;
    struct credimus_header header = {.member = 1, .seq = 2, .wall_us = 1};
    uint8_t out[CREDIMUS_HEADER_SIZE];
    size_t size;
    make_batch(&batch);
    assert_int_equal(credimus_header_sign(&header, batch.body, batch.body_size, batch.chain, batch.secret, out,
                                          sizeof out, &size, NULL),
                     STATUS_BAD_VALUE);
    header.prev[0] = 1;
    assert_int_equal(credimus_header_sign(&header, batch.body, batch.body_size, batch.chain, batch.secret, out,
                                          sizeof out, &size, NULL),
                     0);
    header.deps_count = MEMBERS_MAX + 1;
    assert_int_equal(credimus_header_sign(&header, batch.body, batch.body_size, batch.chain, batch.secret, out,
                                          sizeof out, &size, NULL),
                     STATUS_TOO_MANY);
    header.deps_count = 0;
    batch.body[1] = 0xff;
    assert_int_equal(credimus_header_sign(&header, batch.body, batch.body_size, batch.chain, batch.secret, out,
                                          sizeof out, &size, NULL),
                     STATUS_BAD_TYPE);
}

static void body_with_what_is_no_item_then_refused(void **state) {
    (void)state;
    uint8_t out[64];
    size_t size = 5;
    const struct credimus_item bad = {(const uint8_t *)"\x82\x07\x01", 3};
    assert_int_not_equal(credimus_body_encode(&bad, 1, out, sizeof out, &size), 0);
    assert_int_equal(size, 5);
    assert_int_equal(credimus_body_encode(NULL, 0, out, sizeof out, &size), 0);
    assert_int_equal(size, 1);
    assert_int_equal(out[0], 0x80);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_then_a_member_reads_the_same),
        cmocka_unit_test(ask_out_of_range_then_refused_and_the_size_untouched),
        cmocka_unit_test(tell_then_a_member_reads_the_same),
        cmocka_unit_test(other_items_then_of_their_kind),
        cmocka_unit_test(decimals_then_exact_quanta),
        cmocka_unit_test(hashes_ids_and_keys_then_those_of_the_standards),
        cmocka_unit_test(batch_then_members_accept_it),
        cmocka_unit_test(batch_with_another_body_chain_or_key_then_refused),
        cmocka_unit_test(header_against_the_rules_then_refused),
        cmocka_unit_test(body_with_what_is_no_item_then_refused),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
