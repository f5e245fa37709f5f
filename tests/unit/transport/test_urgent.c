/* Two queues a peer: what is urgent leaves first, at the end of a frame, and neither takes the other one's room. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "nodes.h"
#include "transport/state.h"

static void send_of_size(size_t bytes, enum transport_haste haste) {
    uint8_t *data = calloc(1, bytes);
    assert_int_equal(transport_send(nodes[0].transport, 1, haste, slice_of(data, bytes)), STATUS_OK);
    free(data);
}

static void expect_sizes(const size_t *sizes, size_t count) {
    run_until(has_arrived, &(struct arrival){&nodes[1], count});
    for (size_t i = 0; i < count; i++) assert_int_equal(nodes[1].sizes[i], sizes[i]);
}

static void urgent_frames_queued_behind_bulky_ones_then_first(void **state) {
    (void)state;
    open_linked(2);
    for (size_t i = 0; i < 3; i++) send_of_size(2000000 + i, TRANSPORT_BULK);
    send_of_size(11, TRANSPORT_URGENT);
    send_of_size(12, TRANSPORT_URGENT);
    expect_sizes((const size_t[]){11, 12, 2000000, 2000001, 2000002}, 5);
}

/* The first bulky frame is on its way already: it is finished, whole, and the others wait. */
static void urgent_frame_during_a_bulky_one_then_right_after_it(void **state) {
    (void)state;
    open_linked(2);
    /* More than one turn of the loop lets leave, so that it is on its way and not through. */
    send_of_size(6000000, TRANSPORT_BULK);
    send_of_size(1000000, TRANSPORT_BULK);
    transport_flush(nodes[0].transport);
    assert_in_range(nodes[0].transport->peers[1].link->bulk.frame_left, 1, 6000000);
    send_of_size(11, TRANSPORT_URGENT);
    send_of_size(12, TRANSPORT_URGENT);
    expect_sizes((const size_t[]){6000000, 11, 12, 1000000}, 4);
}

static void one_queue_full_then_the_other_one_takes_its_own(void **state) {
    (void)state;
    open_linked(2);
    uint8_t *data = calloc(1, FRAME_BYTES_MAX);
    struct slice largest = slice_of(data, FRAME_BYTES_MAX);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, largest), STATUS_OK);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of(data, 1)), STATUS_BUSY);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_URGENT, slice_of(data, 1)), STATUS_OK);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_URGENT, largest), STATUS_OK);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_URGENT, largest), STATUS_BUSY);
    expect_sizes((const size_t[]){1, FRAME_BYTES_MAX, FRAME_BYTES_MAX}, 3);
    free(data);
}

#define TRANSPORT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    if (sodium_init() < 0) return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TRANSPORT_TEST(urgent_frames_queued_behind_bulky_ones_then_first),
        TRANSPORT_TEST(urgent_frame_during_a_bulky_one_then_right_after_it),
        TRANSPORT_TEST(one_queue_full_then_the_other_one_takes_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
