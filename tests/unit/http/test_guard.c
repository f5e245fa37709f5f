/* Connections that wait too long, and addresses that ask too often; over socket pairs and a clock of the test's own. */
#include "http/guard.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct end {
    struct link *link;
    int ours;   /* the server's */
    int theirs; /* the client's */
};

static struct end begin(struct guard *guard, uint64_t now_ms) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct link *link = guard_begin(guard, fds[0], now_ms);
    assert_non_null(link);
    return (struct end){link, fds[0], fds[1]};
}

/* What the client sees: whether its connection has ended. */
static bool is_ended(const struct end *end) {
    char byte;
    return recv(end->theirs, &byte, 1, MSG_DONTWAIT) == 0;
}

static void finish(struct guard *guard, struct end *end) {
    guard_end(guard, end->link);
    (void)close(end->ours);
    (void)close(end->theirs);
}

static struct guard *make(uint32_t most, uint32_t rate) {
    struct guard *guard = malloc(sizeof *guard);
    assert_non_null(guard);
    guard_init(guard, most, rate);
    return guard;
}

static void head_that_does_not_come_then_ended_and_others_not(void **state) {
    (void)state;
    struct guard *guard = make(100, 0);
    struct end slow = begin(guard, 1000);
    struct end late = begin(guard, 2000);
    struct end busy = begin(guard, 1000);
    struct end sends = begin(guard, 1000);
    guard_expect_nothing(guard, busy.link);
    guard_expect_body(guard, sends.link, 1000);
    guard_sweep(guard, 1000 + GUARD_HEAD_MS);
    assert_false(is_ended(&slow));
    guard_sweep(guard, 1001 + GUARD_HEAD_MS);
    assert_true(is_ended(&slow));
    assert_false(is_ended(&late) || is_ended(&busy) || is_ended(&sends));
    assert_int_equal(guard->ended, 1);
    guard_sweep(guard, 1001 + GUARD_BODY_MS);
    assert_true(is_ended(&late) && is_ended(&sends));
    assert_false(is_ended(&busy));
    finish(guard, &slow);
    finish(guard, &late);
    finish(guard, &busy);
    finish(guard, &sends);
    assert_int_equal(guard->count, 0);
    free(guard);
}

static void answered_then_the_time_begins_again(void **state) {
    (void)state;
    struct guard *guard = make(100, 0);
    struct end kept = begin(guard, 0);
    guard_expect_nothing(guard, kept.link);
    guard_expect_head(guard, kept.link, GUARD_HEAD_MS);
    guard_sweep(guard, 2 * GUARD_HEAD_MS);
    assert_false(is_ended(&kept));
    guard_sweep(guard, 2 * GUARD_HEAD_MS + 1);
    assert_true(is_ended(&kept));
    finish(guard, &kept);
    free(guard);
}

static void nearly_full_then_the_oldest_without_a_request_makes_room(void **state) {
    (void)state;
    struct guard *guard = make(GUARD_SPARE + 3, 0);
    struct end busy = begin(guard, 0);
    struct end oldest = begin(guard, 1);
    struct end older = begin(guard, 2);
    guard_expect_nothing(guard, busy.link);
    assert_false(is_ended(&oldest));
    struct end newest = begin(guard, 3);
    assert_true(is_ended(&oldest));
    assert_false(is_ended(&busy) || is_ended(&older) || is_ended(&newest));
    finish(guard, &busy);
    finish(guard, &oldest);
    finish(guard, &older);
    finish(guard, &newest);
    free(guard);
}

static struct sockaddr_in v4_of(uint32_t address) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(address)}};
}

static unsigned admitted(struct guard *guard, uint32_t address, unsigned tries, uint64_t now_ms) {
    struct sockaddr_in v4 = v4_of(address);
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++) count += guard_admits(guard, (struct sockaddr *)&v4, false, now_ms);
    return count;
}

static void asked_too_often_then_refused_until_time_has_passed(void **state) {
    (void)state;
    struct guard *guard = make(100, 10);
    assert_int_equal(admitted(guard, 0x0a000001, 30, 5000), 20); /* a burst of two seconds */
    assert_int_equal(guard->limited, 10);
    assert_int_equal(admitted(guard, 0x0a000002, 30, 5000), 20); /* another address has its own */
    assert_int_equal(admitted(guard, 0x0a000001, 1, 5099), 0);
    assert_int_equal(admitted(guard, 0x0a000001, 2, 5100), 1);
    assert_int_equal(admitted(guard, 0x0a000001, 30, 5600), 5);
    assert_int_equal(admitted(guard, 0x0a000001, 30, 100000), 20);
    free(guard);
}

static void nothing_configured_then_this_machine_is_free_and_others_are_not(void **state) {
    (void)state;
    struct guard *guard = make(100, 0);
    struct sockaddr_in local = v4_of(INADDR_LOOPBACK);
    for (unsigned i = 0; i < 20000; i++) assert_true(guard_admits(guard, (struct sockaddr *)&local, true, 1000));
    assert_int_equal(admitted(guard, 0x0a000001, 20000, 1000), 10000);
    free(guard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_that_does_not_come_then_ended_and_others_not),
        cmocka_unit_test(answered_then_the_time_begins_again),
        cmocka_unit_test(nearly_full_then_the_oldest_without_a_request_makes_room),
        cmocka_unit_test(asked_too_often_then_refused_until_time_has_passed),
        cmocka_unit_test(nothing_configured_then_this_machine_is_free_and_others_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
