/* Comparing and clearing secret bytes. */
#include "crypto/secret.h"

#include "vectors.h"

static void equal_bytes_then_equal(void **state) {
    (void)state;
    uint8_t a[40], b[40];
    memset(a, 7, sizeof a);
    memset(b, 7, sizeof b);
    assert_true(crypto_equal(a, b, sizeof a));
    assert_true(crypto_equal(NULL, NULL, 0));
}

static void one_bit_differs_then_not_equal(void **state) {
    (void)state;
    uint8_t a[40] = {0}, b[40] = {0};
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(crypto_equal(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void wiped_then_zeros_and_the_neighbours_stay(void **state) {
    (void)state;
    uint8_t bytes[10];
    memset(bytes, 0xaa, sizeof bytes);
    crypto_wipe(bytes + 1, sizeof bytes - 2);
    crypto_wipe(bytes, 0);
    assert_int_equal(bytes[0], 0xaa);
    for (size_t i = 1; i < sizeof bytes - 1; i++) assert_int_equal(bytes[i], 0);
    assert_int_equal(bytes[sizeof bytes - 1], 0xaa);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_then_equal),
        cmocka_unit_test(one_bit_differs_then_not_equal),
        cmocka_unit_test(wiped_then_zeros_and_the_neighbours_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
