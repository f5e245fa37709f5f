/* Secrets in what is handed out: each form is overwritten, and nothing beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/redact.h"

/* Bytes whose base64 has '+' and '/', and whose hex has letters. */
static const uint8_t secret[32] = {0xfb, 0xef, 0xbe, 0xff, 0xff, 0xff, 6,  7,  8,  9,  10, 11, 12, 13, 14,   15,
                                   16,   17,   18,   19,   20,   21,   22, 23, 24, 25, 26, 27, 28, 29, 0xaa, 0xbb};

static struct redact redact;

static uint64_t clean(char *text) { return redact_clean(&redact, (uint8_t *)text, strlen(text)); }

static int set_up(void **state) {
    (void)state;
    redact_wipe(&redact);
    redact_add(&redact, slice_of(secret, sizeof secret));
    return 0;
}

/* Written by another encoder: Python's base64 and bytes.hex. */
static void every_form_is_overwritten_and_nothing_beside_it(void **state) {
    static const struct {
        const char *text;
        const char *cleaned;
    } cases[] = {
        {"a fbefbeffffff060708090a0b0c0d0e0f101112131415161718191a1b1c1daabb z",
         "a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx z"},
        {"a FBEFBEFFFFFF060708090A0B0C0D0E0F101112131415161718191A1B1C1DAABB z",
         "a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx z"},
        {"a ++++////BgcICQoLDA0ODxAREhMUFRYXGBkaGxwdqrs= z", "a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxqrs= z"},
        {"a ----____BgcICQoLDA0ODxAREhMUFRYXGBkaGxwdqrs= z", "a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxqrs= z"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        (void)strcpy(text, cases[i].text);
        assert_int_equal(clean(text), 1);
        assert_string_equal(text, cases[i].cleaned);
    }
}

static void bytes_themselves_are_overwritten_at_every_place(void **state) {
    uint8_t data[3 * sizeof secret + 2];
    (void)state;
    for (size_t at = 0; at + sizeof secret <= sizeof data; at++) {
        memset(data, 'q', sizeof data);
        memcpy(data + at, secret, sizeof secret);
        assert_int_equal(redact_clean(&redact, data, sizeof data), 1);
        for (size_t i = 0; i < sizeof data; i++)
            assert_int_equal(data[i], i >= at && i < at + sizeof secret ? 'x' : 'q');
    }
    memcpy(data, secret, sizeof secret);
    memcpy(data + sizeof secret, secret, sizeof secret);
    assert_int_equal(redact_clean(&redact, data, sizeof data), 2);
}

static void near_misses_are_left_alone(void **state) {
    static const char *const texts[] = {"", "fbefbeffffff060708090a0b0c0d0e0f101112131415161718191a1b1c1daab",
                                        "fbefbeffffff060708090a0b0c0d0e0f101112131415161718191a1b1c1daabc",
                                        "++++////BgcICQoLDA0ODxAREhMUFRYXGBkaGxw"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[128];
        (void)strcpy(text, texts[i]);
        assert_int_equal(clean(text), 0);
        assert_string_equal(text, texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_form_is_overwritten_and_nothing_beside_it, set_up),
        cmocka_unit_test_setup(bytes_themselves_are_overwritten_at_every_place, set_up),
        cmocka_unit_test_setup(near_misses_are_left_alone, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
