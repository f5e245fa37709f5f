#include "machine/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

enum { CAPACITY = 50 };

static void nobody_waits_then_never(void **state) {
    (void)state;
    struct due due;
    uint32_t number;
    void *memory = calloc(1, due_bytes(4));
    due_init(&due, memory, 4);
    assert_true(due_next_us(&due) == DUE_NEVER);
    due_set(&due, 2, DUE_NEVER);
    assert_false(due_take(&due, UINT64_MAX, &number));
    due_set(&due, 2, 10);
    assert_false(due_take(&due, 9, &number));
    assert_true(due_take(&due, 10, &number));
    assert_int_equal(number, 2);
    assert_true(due_next_us(&due) == DUE_NEVER);
    free(memory);
}

static uint64_t least(const uint64_t *times) {
    uint64_t found = DUE_NEVER;
    for (int i = 0; i < CAPACITY; i++) found = times[i] < found ? times[i] : found;
    return found;
}

/* Times change, are taken back and come due at random: a plain array is the oracle. */
static void random_changes_then_same_as_a_plain_array(void **state) {
    (void)state;
    const uint64_t seed = 77001;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    struct due due;
    uint64_t times[CAPACITY];
    void *memory = calloc(1, due_bytes(CAPACITY));
    due_init(&due, memory, CAPACITY);
    for (int i = 0; i < CAPACITY; i++) times[i] = DUE_NEVER;
    for (int step = 0; step < 20000; step++) {
        uint32_t number = (uint32_t)prng_below(&prng, CAPACITY);
        if (prng_chance(&prng, 3, 4)) {
            times[number] = prng_chance(&prng, 1, 4) ? DUE_NEVER : prng_below(&prng, 40);
            due_set(&due, number, times[number]);
        } else {
            uint64_t now = prng_below(&prng, 30);
            uint64_t expected = least(times);
            assert_int_equal(due_take(&due, now, &number), expected <= now);
            if (expected <= now) {
                assert_int_equal(times[number], expected);
                times[number] = DUE_NEVER;
            }
        }
        assert_true(due_next_us(&due) == least(times));
    }
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_then_never),
        cmocka_unit_test(random_changes_then_same_as_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
