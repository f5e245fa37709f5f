/* What questions hide: found again from key and question alone, and from nothing less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/commitment.h"

static uint8_t secret[SECRET_BYTES];
static uint8_t other_secret[SECRET_BYTES];
static const struct slice *hypotheses(void) {
    static struct slice names[3];
    names[0] = slice_of_text("bunting");
    names[1] = slice_of_text("grosbeak");
    names[2] = slice_of_text("neither");
    return names;
}

static struct commitment_question sample(void) {
    return (struct commitment_question){.title = slice_of_text("picture 7"),
                                        .hypotheses_count = 3,
                                        .hypotheses = hypotheses(),
                                        .mode = MODE_PANEL,
                                        .family = slice_of_text("birds")};
}

static int set_up(void **state) {
    (void)state;
    for (int i = 0; i < SECRET_BYTES; i++) {
        secret[i] = (uint8_t)i;
        other_secret[i] = (uint8_t)(i + 1);
    }
    return 0;
}

static void expect_hex(const void *data, size_t bytes, const char *hex) {
    char text[2 * HASH_BYTES + 1];
    bytes_to_hex(data, bytes, text);
    assert_string_equal(text, hex);
}

/* The values were computed with hashlib of Python, from the formula in the header. */
static void known_key_and_question_then_the_bytes_of_the_formula(void **state) {
    struct commitment_question question = sample();
    struct hash commitment;
    uint8_t salt[COMMITMENT_SALT_BYTES];
    uint32_t hypothesis;
    (void)state;
    commitment_make(secret, &question, 1, &commitment);
    expect_hex(commitment.bytes, HASH_BYTES, "2bcef62aca583ca39920e365cfc0ec71c5c986db5722a4b40b9e537f52a3cc6f");
    assert_int_equal(commitment_open(secret, &question, &commitment, salt, &hypothesis), STATUS_OK);
    expect_hex(salt, COMMITMENT_SALT_BYTES, "f8e5a5ccac3efa79ae80976f6164c7628d4e170e5bbb72ea307f12aef49f74d8");
    commitment_make(secret, &question, OPENING_ORDINARY, &commitment);
    expect_hex(commitment.bytes, HASH_BYTES, "60e2e19d507fd1770b42efb7e91462d1e2549d89e7a1e12166a21a1764672606");
}

static void each_thing_that_can_be_hidden_then_it_is_found_again(void **state) {
    static const uint32_t hidden[] = {OPENING_ORDINARY, 0, 1, 2};
    struct commitment_question question = sample();
    (void)state;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        struct hash commitment;
        struct hash again;
        uint8_t salt[COMMITMENT_SALT_BYTES];
        uint32_t hypothesis = 77;
        commitment_make(secret, &question, hidden[i], &commitment);
        assert_int_equal(commitment_open(secret, &question, &commitment, salt, &hypothesis), STATUS_OK);
        assert_int_equal(hypothesis, hidden[i]);
        commitment_of(salt, hypothesis, &again);
        assert_true(hash_equal(&again, &commitment));
    }
}

static void other_key_then_wrong_opening_and_nothing_is_handed_out(void **state) {
    struct commitment_question question = sample();
    struct hash commitment;
    uint8_t salt[COMMITMENT_SALT_BYTES] = {0xaa};
    uint32_t hypothesis = 77;
    (void)state;
    commitment_make(other_secret, &question, 1, &commitment);
    assert_int_equal(commitment_open(secret, &question, &commitment, salt, &hypothesis), STATUS_WRONG_OPENING);
    assert_int_equal(hypothesis, 77);
    assert_int_equal(salt[0], 0xaa);
    assert_int_equal(salt[1], 0);
}

/* An index that the question does not have is not tried, although it could be hashed. */
static void hypothesis_beyond_the_question_then_wrong_opening(void **state) {
    struct commitment_question question = sample();
    struct hash commitment;
    uint8_t salt[COMMITMENT_SALT_BYTES];
    uint32_t hypothesis;
    (void)state;
    commitment_make(secret, &question, 3, &commitment);
    assert_int_equal(commitment_open(secret, &question, &commitment, salt, &hypothesis), STATUS_WRONG_OPENING);
}

/* Each differs from the sample in one thing, two of them in where one text ends and the next begins alone. */
static void question_differs_in_any_field_then_another_commitment(void **state) {
    const struct slice moved[] = {slice_of_text("buntingg"), slice_of_text("rosbeak"), slice_of_text("neither")};
    struct commitment_question questions[7];
    struct hash commitments[7];
    (void)state;
    for (size_t i = 0; i < 7; i++) questions[i] = sample();
    questions[1].title = slice_of_text("picture 8");
    questions[2].hypotheses_count = 2;
    questions[3].hypotheses = moved;
    questions[4].mode = MODE_POOL;
    questions[5].family = slice_of(NULL, 0);
    questions[6].family = slice_of_text("bird");
    for (size_t i = 0; i < 7; i++) {
        commitment_make(secret, &questions[i], 0, &commitments[i]);
        for (size_t j = 0; j < i; j++) assert_false(hash_equal(&commitments[i], &commitments[j]));
    }
}

/* The second half of a secret is the public key, which everybody knows: nothing depends on it. */
static void only_the_seed_counts(void **state) {
    struct commitment_question question = sample();
    struct hash first;
    struct hash second;
    (void)state;
    commitment_make(secret, &question, 0, &first);
    secret[SECRET_BYTES - 1] ^= 1;
    commitment_make(secret, &question, 0, &second);
    assert_true(hash_equal(&first, &second));
    secret[SECRET_BYTES - 1] ^= 1;
    secret[31] ^= 1;
    commitment_make(secret, &question, 0, &second);
    secret[31] ^= 1;
    assert_false(hash_equal(&first, &second));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_key_and_question_then_the_bytes_of_the_formula),
        cmocka_unit_test(each_thing_that_can_be_hidden_then_it_is_found_again),
        cmocka_unit_test(other_key_then_wrong_opening_and_nothing_is_handed_out),
        cmocka_unit_test(hypothesis_beyond_the_question_then_wrong_opening),
        cmocka_unit_test(question_differs_in_any_field_then_another_commitment),
        cmocka_unit_test(only_the_seed_counts),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
