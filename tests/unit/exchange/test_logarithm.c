/* Logarithms in integers against Python's decimal (tests/oracle/logarithm.py): within the stated half of a quantum and
 * 4e-6 of it, antisymmetric, and rising. */
#include "exchange/logarithm.h"

#include "text_source.h"

static uint128 number_of(const char *digits) {
    uint128 value = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        value = value * (uint128)10 + (uint128)(unsigned)(*digits - '0');
    return value;
}

static void ratio_of_the_vectors_is_within_half_a_quantum(void **state) {
    char a[64];
    char b[64];
    char line[256];
    long long milliquanta;
    unsigned count = 0;
    (void)state;
    FILE *file = fopen(VECTORS "/exchange/logarithm.txt", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') continue;
        assert_int_equal(sscanf(line, "%63s %63s %lld", a, b, &milliquanta), 3);
        long long error = logarithm_ratio(number_of(a), number_of(b)) * 1000 - milliquanta;
        if (error < -501 || error > 501) fail_msg("%s / %s: off by %lld thousandths of a quantum", a, b, error);
        count++;
    }
    (void)fclose(file);
    assert_true(count > 1000);
}

static void swapped_ratio_is_the_negative_and_equal_ones_are_zero(void **state) {
    (void)state;
    for (uint64_t i = 1; i < 3000; i++) {
        uint128 a = (uint128)i * i * i + 7;
        uint128 b = (uint128)(3001 - i) * 977;
        assert_true(logarithm_ratio(a, b) == -logarithm_ratio(b, a));
        assert_true(logarithm_ratio(a, a) == 0);
    }
}

static void larger_number_never_has_a_smaller_logarithm(void **state) {
    (void)state;
    for (uint64_t i = 1; i < 200000; i++) assert_true(logarithm_ratio(i + 1, 1) >= logarithm_ratio(i, 1));
}

static void known_values_are_met_to_the_quantum(void **state) {
    (void)state;
    assert_true(logarithm_ratio(2, 1) == 693147181);
    assert_true(logarithm_ratio(1, 10) == -2302585093);
    assert_true(logarithm_ratio((uint128)1 << 127, 1) == 88029691931);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratio_of_the_vectors_is_within_half_a_quantum),
        cmocka_unit_test(swapped_ratio_is_the_negative_and_equal_ones_are_zero),
        cmocka_unit_test(larger_number_never_has_a_smaller_logarithm),
        cmocka_unit_test(known_values_are_met_to_the_quantum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
