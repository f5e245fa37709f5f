#include "machine/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

static void empty_set_then_nothing_is_taken(void **state) {
    (void)state;
    struct marks marks;
    uint32_t number = 99;
    void *memory = calloc(1, marks_bytes(1));
    marks_init(&marks, memory, 1);
    assert_false(marks_take(&marks, &number));
    assert_int_equal(number, 99);
    free(memory);
}

static void set_in_any_order_then_taken_once_each_ascending(void **state) {
    (void)state;
    const uint64_t seed = 20240611;
    static const uint32_t capacities[] = {1, 63, 64, 65, 4096, 4097, 1u << 20};
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        uint32_t capacity = capacities[c];
        struct marks marks;
        void *memory = calloc(1, marks_bytes(capacity));
        uint8_t *expected = calloc(capacity, 1);
        marks_init(&marks, memory, capacity);
        for (int round = 0; round < 3; round++) {
            uint32_t sets = 1 + (uint32_t)prng_below(&prng, 500);
            for (uint32_t i = 0; i < sets; i++) {
                uint32_t number = (uint32_t)prng_below(&prng, capacity);
                marks_set(&marks, number);
                expected[number] = 1;
            }
            uint32_t taken;
            for (uint32_t number = 0; number < capacity; number++) {
                if (!expected[number]) continue;
                expected[number] = 0;
                assert_true(marks_take(&marks, &taken));
                assert_int_equal(taken, number);
            }
            assert_false(marks_take(&marks, &taken));
        }
        free(expected);
        free(memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_set_then_nothing_is_taken),
        cmocka_unit_test(set_in_any_order_then_taken_once_each_ascending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
