/* Tests of wire/checkpoint.h. The pinned signature lines were made by an independent implementation of Ed25519 and of
 * c2sp.org/signed-note. */
#include "wire/checkpoint.h"
#include "wire/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample.h"

#define DASH   "\xe2\x80\x94 "
#define ORIGIN "credimus/0f42a723f2112e75\n"
#define ROOT   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define TEXT   ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 3/4\n"
#define LINE_0                                                                                                       \
    DASH "member-0 7MvMtzLk9ooG9xp4P8fEXYThUjr1HfkHpClpIlPSt9O+9FJ494s8P/+YzmO6+a/MGEYMMuaEtVxaazFMJ0Ks45jbUw8=\n"
#define LINE_2                                                                                                       \
    DASH "member-2 XjIKmq59sT7jP1C6y+XiTjwD+faaBSB+POuLN6ZNSwmyegeyy2c9Dlx1nMJJQZLZ2r8Hg/swN+mmYpbbFCLqP/iwPgU=\n"

struct setting {
    struct genesis genesis;
    struct roster roster;
    struct hash chain;
    struct checkpoint checkpoint;
};

static void set_up(struct setting *ret_setting) {
    sample_genesis(4, &ret_setting->genesis);
    genesis_chain(&ret_setting->genesis, &ret_setting->chain);
    roster_of(&ret_setting->genesis, &ret_setting->roster);
    ret_setting->checkpoint = (struct checkpoint){.size = 123, .height = 45, .threshold = THRESHOLD_DEFAULT};
    for (size_t i = 0; i < HASH_BYTES; i++) ret_setting->checkpoint.root.bytes[i] = (uint8_t)i;
}

static enum status read_note(const struct setting *setting, const char *note, uint32_t *ret_count) {
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    return checkpoint_note_read(slice_of_text(note), &setting->chain, &setting->roster, &checkpoint, signatures,
                                ret_count);
}

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    struct checkpoint checkpoint;
    TRY(checkpoint_read(bytes, context, &checkpoint));
    checkpoint_put(ret_again, &checkpoint, context);
    return STATUS_OK;
}

static void checkpoint_put_then_the_pinned_text(void **state) {
    (void)state;
    uint8_t buffer[CHECKPOINT_TEXT_BYTES_MAX];
    struct setting setting;
    struct checkpoint read;
    set_up(&setting);
    struct writer writer = writer_of(buffer, sizeof buffer);
    checkpoint_put(&writer, &setting.checkpoint, &setting.chain);
    assert_true(slice_equal(writer_slice(&writer), slice_of_text(TEXT)));
    assert_int_equal(checkpoint_read(slice_of_text(TEXT), &setting.chain, &read), STATUS_OK);
    assert_int_equal(read.size, 123);
    assert_int_equal(read.height, 45);
    assert_int_equal(read.epoch, 0);
    assert_int_equal(read.threshold.numerator, 3);
    assert_int_equal(read.threshold.denominator, 4);
    assert_true(hash_equal(&read.root, &setting.checkpoint.root));
}

static void signatures_put_then_the_pinned_note(void **state) {
    (void)state;
    uint8_t buffer[1024];
    uint8_t key[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    struct checkpoint_signature signatures[2] = {{.member = 0}, {.member = 2}};
    struct setting setting;
    set_up(&setting);
    for (size_t i = 0; i < 2; i++) {
        sample_key(signatures[i].member, secret, key);
        checkpoint_sign(&setting.checkpoint, &setting.chain, secret, signatures[i].signature);
        assert_int_equal(checkpoint_verify(&setting.checkpoint, &setting.chain, key, signatures[i].signature),
                         STATUS_OK);
    }
    struct writer writer = writer_of(buffer, sizeof buffer);
    checkpoint_note_put(&writer, &setting.checkpoint, &setting.chain, &setting.roster, signatures, 2);
    assert_true(slice_equal(writer_slice(&writer), slice_of_text(TEXT "\n" LINE_0 LINE_2)));
}

static void note_read_then_its_signers_in_the_order_of_the_lines(void **state) {
    (void)state;
    struct setting setting;
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    set_up(&setting);
    assert_int_equal(checkpoint_note_read(slice_of_text(TEXT "\n" LINE_2 LINE_0), &setting.chain, &setting.roster,
                                          &checkpoint, signatures, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(signatures[0].member, 2);
    assert_int_equal(signatures[1].member, 0);
    assert_int_equal(checkpoint_verify(&checkpoint, &setting.chain, setting.genesis.keys[2], signatures[0].signature),
                     STATUS_OK);
}

static void lines_of_unknown_signers_then_ignored(void **state) {
    (void)state;
    /* Another name; a member's name with another key id; member 0's line under member 1's name. */
    static const char note[] = TEXT
        "\n" DASH
        "witness 7MvMtzLk9ooG9xp4P8fEXYThUjr1HfkHpClpIlPSt9O+9FJ494s8P/+YzmO6+a/MGEYMMuaEtVxaazFMJ0Ks45jbUw8=\n" DASH
        "member-3 "
        "7MvMtzLk9ooG9xp4P8fEXYThUjr1HfkHpClpIlPSt9O+9FJ494s8P/+YzmO6+a/MGEYMMuaEtVxaazFMJ0Ks45jbUw8=\n" LINE_2 DASH
        "member-1 7MvMtzLk9ooG9xp4P8fEXYThUjr1HfkHpClpIlPSt9O+9FJ494s8P/+YzmO6+a/MGEYMMuaEtVxaazFMJ0Ks45jbUw8=\n";
    struct setting setting;
    uint32_t count;
    set_up(&setting);
    assert_int_equal(read_note(&setting, note, &count), STATUS_OK);
    assert_int_equal(count, 1);
}

static void member_who_signs_twice_or_wrongly_then_refused(void **state) {
    (void)state;
    static const char wrong[] = TEXT
        "\n" DASH
        "member-0 7MvMtzLk9ooG9xp4P8fEXYThUjr1HfkHpClpIlPSt9O+9FJ494s8P/+YzmO6+a/MGEYMMuaEtVxaazFMJ0Ks45jbUwA=\n";
    struct setting setting;
    uint32_t count;
    set_up(&setting);
    assert_int_equal(read_note(&setting, TEXT "\n" LINE_0, &count), STATUS_OK);
    assert_int_equal(read_note(&setting, TEXT "\n" LINE_0 LINE_0, &count), STATUS_DUPLICATE);
    assert_int_equal(read_note(&setting, TEXT "\n" LINE_0 LINE_2 LINE_0, &count), STATUS_DUPLICATE);
    assert_int_equal(read_note(&setting, wrong, &count), STATUS_BAD_SIGNATURE);
    assert_int_equal(read_note(&setting, ORIGIN "124\n" ROOT "height 45\nepoch 0\nthreshold 3/4\n\n" LINE_0, &count),
                     STATUS_BAD_SIGNATURE);
    assert_int_equal(read_note(&setting, TEXT "\n", &count), STATUS_BAD_FORMAT);
    assert_int_equal(read_note(&setting, TEXT, &count), STATUS_BAD_FORMAT);
}

static void anything_of_a_checkpoint_changed_then_not_verified(void **state) {
    (void)state;
    uint8_t key[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    struct setting setting;
    set_up(&setting);
    struct hash other_chain = sample_hash_of(1);
    sample_key(0, secret, key);
    checkpoint_sign(&setting.checkpoint, &setting.chain, secret, signature);
    assert_int_equal(checkpoint_verify(&setting.checkpoint, &other_chain, key, signature), STATUS_BAD_SIGNATURE);
    struct checkpoint changed[5];
    for (size_t i = 0; i < 5; i++) changed[i] = setting.checkpoint;
    changed[0].size++;
    changed[1].height++;
    changed[2].epoch++;
    changed[3].root.bytes[0] ^= 1;
    changed[4].threshold = (struct threshold){6, 8};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(checkpoint_verify(&changed[i], &setting.chain, key, signature), STATUS_BAD_SIGNATURE);
    changed[4].threshold = (struct threshold){1, 2};
    assert_int_equal(checkpoint_verify(&changed[4], &setting.chain, key, signature), STATUS_BAD_VALUE);
}

static void texts_of_another_form_then_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum status expected;
    } texts[] = {
        {"credimus/0f42a723f2112e76\n123\n" ROOT "height 45\nepoch 0\nthreshold 3/4\n", STATUS_WRONG_CHAIN},
        {"credimus/0F42A723F2112E75\n123\n" ROOT "height 45\nepoch 0\nthreshold 3/4\n", STATUS_WRONG_CHAIN},
        {ORIGIN "0123\n" ROOT "height 45\nepoch 0\nthreshold 3/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 045\nepoch 0\nthreshold 3/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height  45\nepoch 0\nthreshold 3/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height +45\nepoch 0\nthreshold 3/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height \nepoch 0\nthreshold 3/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 18446744073709551616\nepoch 0\nthreshold 3/4\n", STATUS_OVERFLOW},
        {ORIGIN "123\n" ROOT "height 18446744073709551615\nepoch 0\nthreshold 3/4\n", STATUS_OK},
        {ORIGIN "123\n" ROOT "epoch 0\nheight 45\nthreshold 3/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 3\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 03/4\n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 3/4 \n", STATUS_BAD_FORMAT},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 2/3\n", STATUS_BAD_VALUE},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 5/4\n", STATUS_BAD_VALUE},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 0/0\n", STATUS_BAD_VALUE},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 3/4\nmore 1\n", STATUS_TRAILING_BYTES},
        {ORIGIN "123\n" ROOT "height 45\nepoch 0\nthreshold 3/4", STATUS_BAD_FORMAT},
    };
    struct setting setting;
    struct checkpoint checkpoint;
    set_up(&setting);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(checkpoint_read(slice_of_text(texts[i].text), &setting.chain, &checkpoint),
                         texts[i].expected);
}

static void random_checkpoint_then_strict(void **state) {
    (void)state;
    struct prng prng = sample_prng();
    for (int round = 0; round < 20; round++) {
        uint8_t buffer[CHECKPOINT_TEXT_BYTES_MAX];
        struct hash chain = sample_hash(&prng);
        struct checkpoint checkpoint;
        struct writer writer = writer_of(buffer, sizeof buffer);
        sample_checkpoint(&prng, &checkpoint);
        checkpoint_put(&writer, &checkpoint, &chain);
        assert_int_equal(writer_status(&writer), STATUS_OK);
        sample_check_strict(writer_slice(&writer), rewrite, &chain);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoint_put_then_the_pinned_text),
        cmocka_unit_test(signatures_put_then_the_pinned_note),
        cmocka_unit_test(note_read_then_its_signers_in_the_order_of_the_lines),
        cmocka_unit_test(lines_of_unknown_signers_then_ignored),
        cmocka_unit_test(member_who_signs_twice_or_wrongly_then_refused),
        cmocka_unit_test(anything_of_a_checkpoint_changed_then_not_verified),
        cmocka_unit_test(texts_of_another_form_then_refused),
        cmocka_unit_test(random_checkpoint_then_strict),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
