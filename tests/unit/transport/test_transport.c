/* Several transports, and some who only pretend to be one, on one loop and free ports of this machine. Waiting is for
 * a condition, with a watchdog that is far beyond any of them; nothing is asserted about time. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <sodium.h>
#include <uv.h>

#include "base/limits.h"
#include "nodes.h"
#include "transport/pipe.h"
#include "transport/state.h"
#include "transport/tls.h"
#include "transport/transport.h"

/* Someone who speaks TCP, and TLS when it has a session, without being a transport. */
struct rogue {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    struct tls tls;
    struct pipe pipe;
    SSL *session;
    struct slice words; /* said once connected, or once the handshake is over */
    bool deaf;          /* reads nothing once the handshake is over */
    bool proved;
    bool ended; /* by the other end */
    bool gone;
    uint8_t input[65536];
};

static enum status believe_anyone(void *session_context, const uint8_t *key) {
    (void)session_context;
    return key != NULL ? STATUS_OK : STATUS_BAD_KEY;
}

static void rogue_say(struct rogue *rogue, struct slice words) {
    /* libuv's buffers serve reading too, hence not const; writing leaves them alone. */
    uv_buf_t buffer = uv_buf_init(NULL, (unsigned int)words.bytes);
    memcpy(&buffer.base, &words.data, sizeof buffer.base);
    int written = uv_try_write((uv_stream_t *)&rogue->tcp, &buffer, 1);
    if (written >= 0) assert_int_equal(written, words.bytes);
}

static void rogue_advance(struct rogue *rogue) {
    if (rogue->session == NULL) return;
    ERR_clear_error();
    if (!rogue->proved && SSL_do_handshake(rogue->session) == 1) {
        rogue->proved = true;
        if (rogue->words.bytes > 0) {
            assert_int_equal(SSL_write(rogue->session, rogue->words.data, (int)rogue->words.bytes),
                             rogue->words.bytes);
        }
        if (rogue->deaf) uv_read_stop((uv_stream_t *)&rogue->tcp);
    }
    rogue_say(rogue, slice_of(rogue->pipe.output, rogue->pipe.output_bytes));
    rogue->pipe.output_bytes = 0;
}

static void rogue_on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room) {
    (void)suggested;
    struct rogue *rogue = handle->data;
    *ret_room = uv_buf_init((char *)rogue->input, sizeof rogue->input);
}

static void rogue_on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *room) {
    struct rogue *rogue = stream->data;
    if (bytes < 0) {
        rogue->ended = true;
        uv_read_stop(stream);
        return;
    }
    rogue->pipe.input = slice_of(room->base, (size_t)bytes);
    rogue_advance(rogue);
}

static void rogue_on_connected(uv_connect_t *request, int result) {
    struct rogue *rogue = request->data;
    if (result == UV_ECANCELED) return;
    assert_int_equal(result, 0);
    uv_read_start((uv_stream_t *)&rogue->tcp, rogue_on_room, rogue_on_read);
    if (rogue->session == NULL && rogue->words.bytes > 0) rogue_say(rogue, rogue->words);
    rogue_advance(rogue);
}

static struct rogue *rogue_new(void) {
    struct rogue *rogue = calloc(1, sizeof *rogue);
    rogue->tcp.data = rogue->connect.data = rogue;
    assert_int_equal(uv_tcp_init(&loop, &rogue->tcp), 0);
    return rogue;
}

/* One with a TLS client, identified by the key of `as`. */
static struct rogue *rogue_as(const struct node *as) {
    struct rogue *rogue = rogue_new();
    assert_int_equal(tls_open(&rogue->tls, as->secret, NULL, believe_anyone), STATUS_OK);
    rogue->session = tls_session(&rogue->tls, TLS_OWN, &rogue->pipe, true, rogue);
    assert_non_null(rogue->session);
    return rogue;
}

static void rogue_dial(struct rogue *rogue, const struct node *node) {
    struct sockaddr_in address;
    assert_int_equal(uv_ip4_addr("127.0.0.1", transport_port(node->transport), &address), 0);
    assert_int_equal(
        uv_tcp_connect(&rogue->connect, &rogue->tcp, (const struct sockaddr *)&address, rogue_on_connected), 0);
}

static void rogue_on_gone(uv_handle_t *handle) { ((struct rogue *)handle->data)->gone = true; }

static bool rogue_is_gone(const void *context) { return ((const struct rogue *)context)->gone; }

static bool rogue_is_ended(const void *context) { return ((const struct rogue *)context)->ended; }

static bool rogue_is_proved(const void *context) { return ((const struct rogue *)context)->proved; }

static void rogue_free(struct rogue *rogue) {
    uv_close((uv_handle_t *)&rogue->tcp, rogue_on_gone);
    run_until(rogue_is_gone, rogue);
    SSL_free(rogue->session);
    tls_close(&rogue->tls);
    pipe_clear(&rogue->pipe);
    free(rogue);
}

static bool has_refused(const void *context) { return ((const struct node *)context)->refused > 0; }

static void send_pattern(struct node *from, uint32_t to, size_t index) {
    size_t bytes = pattern_size(index);
    uint8_t *data = malloc(bytes);
    for (size_t at = 0; at < bytes; at++) data[at] = pattern_byte(from->number, index, at);
    enum status status = STATUS_BUSY;
    while (status == STATUS_BUSY && !out_of_time) {
        status = transport_send(from->transport, to, TRANSPORT_BULK, slice_of(data, bytes));
        if (status == STATUS_BUSY) uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(status, STATUS_OK);
    free(data);
}

static void frames_of_all_sizes_both_ways_then_arrive_whole_and_in_order(void **state) {
    (void)state;
    enum { ROUNDS = 12 };
    nodes[0].check_frames = nodes[1].check_frames = true;
    open_linked(2);
    for (size_t index = 0; index < ROUNDS; index++) {
        send_pattern(&nodes[0], 1, index);
        send_pattern(&nodes[1], 0, index);
    }
    run_until(has_arrived, &(struct arrival){&nodes[0], ROUNDS});
    run_until(has_arrived, &(struct arrival){&nodes[1], ROUNDS});
    struct transport_stats sent;
    struct transport_stats received;
    assert_int_equal(transport_stats(nodes[0].transport, 1, &sent), STATUS_OK);
    assert_int_equal(transport_stats(nodes[1].transport, 0, &received), STATUS_OK);
    assert_int_equal(sent.frames_out, ROUNDS);
    assert_int_equal(received.frames_in, ROUNDS);
    assert_int_equal(sent.bytes_out, received.bytes_in);
    assert_int_equal(sent.links, 1);
    assert_int_equal(sent.queued_bytes, 0);
}

static void many_small_frames_in_one_turn_then_one_flush_takes_them(void **state) {
    (void)state;
    enum { COUNT = 10000 };
    open_linked(2);
    uint8_t data[20] = {0};
    for (int index = 0; index < COUNT; index++) {
        assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of(data, sizeof data)),
                         STATUS_OK);
    }
    const struct link *link = nodes[0].transport->peers[1].link;
    assert_int_equal(link->bulk.bytes, COUNT * (sizeof data + 4));
    transport_flush(nodes[0].transport);
    assert_int_equal(link->bulk.bytes, 0);
    run_until(has_arrived, &(struct arrival){&nodes[1], COUNT});
    assert_int_equal(nodes[1].frame_bytes, COUNT * sizeof data);
}

static void key_has_sealed_enough_then_renewed_and_frames_go_on(void **state) {
    (void)state;
    open_linked(2);
    struct link *link = nodes[0].transport->peers[1].link;
    uint64_t nearly = (UINT64_C(1) << 23) - 3;
    link->records = nearly;
    for (size_t index = 0; index < 6; index++) {
        assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of_text("sealed")), STATUS_OK);
        transport_flush(nodes[0].transport);
        assert_int_equal(link->records, index < 2 ? nearly + index + 1 : index - 2);
    }
    run_until(has_arrived, &(struct arrival){&nodes[1], 6});
    assert_int_equal(transport_send(nodes[1].transport, 0, TRANSPORT_BULK, slice_of_text("answer")), STATUS_OK);
    run_until(has_arrived, &(struct arrival){&nodes[0], 1});
}

static void four_members_then_every_pair_linked_once(void **state) {
    (void)state;
    open_linked(NODES);
    run_turns(20);
    for (size_t one = 0; one < NODES; one++) {
        for (size_t other = 0; other < NODES; other++) {
            assert_int_equal(nodes[one].ups[other], one != other);
            assert_int_equal(nodes[one].downs[other], 0);
        }
        assert_int_equal(nodes[one].refused, 0);
    }
}

static void frame_that_cannot_be_sent_then_status_names_why(void **state) {
    (void)state;
    open_linked(2);
    static uint8_t data[FRAME_BYTES_MAX + 1];
    struct transport *transport = nodes[0].transport;
    assert_int_equal(transport_send(transport, 1, TRANSPORT_BULK, slice_of(data, 0)), STATUS_BAD_VALUE);
    assert_int_equal(transport_send(transport, 1, TRANSPORT_BULK, slice_of(data, sizeof data)), STATUS_TOO_LARGE);
    assert_int_equal(transport_send(transport, 0, TRANSPORT_BULK, slice_of(data, 1)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(transport_send(transport, 2, TRANSPORT_BULK, slice_of(data, 1)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(transport_send(transport, UINT32_MAX, TRANSPORT_BULK, slice_of(data, 1)), STATUS_UNKNOWN_MEMBER);
    node_introduce(&nodes[0], 3);
    assert_int_equal(transport_send(transport, 2, TRANSPORT_BULK, slice_of(data, 1)), STATUS_UNAVAILABLE);
    struct transport_stats stats;
    assert_int_equal(transport_stats(transport, 1, &stats), STATUS_OK);
    assert_int_equal(stats.frames_dropped, 2);
    assert_int_equal(transport_stats(transport, 0, &stats), STATUS_UNKNOWN_MEMBER);
}

static void full_queue_then_busy_and_what_was_taken_arrives(void **state) {
    (void)state;
    open_linked(2);
    uint8_t *data = calloc(1, FRAME_BYTES_MAX);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of(data, FRAME_BYTES_MAX)),
                     STATUS_OK);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of(data, FRAME_BYTES_MAX)),
                     STATUS_BUSY);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of(data, 1)), STATUS_BUSY);
    run_until(has_arrived, &(struct arrival){&nodes[1], 1});
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of(data, 7)), STATUS_OK);
    run_until(has_arrived, &(struct arrival){&nodes[1], 2});
    assert_int_equal(nodes[1].frame_bytes, FRAME_BYTES_MAX + 7);
    struct transport_stats stats;
    assert_int_equal(transport_stats(nodes[0].transport, 1, &stats), STATUS_OK);
    assert_int_equal(stats.frames_dropped, 2);
    free(data);
}

/* The rogue has the right key, is admitted, and then never reads. */
static void peer_that_does_not_read_then_memory_stays_bounded(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 2);
    struct rogue *rogue = rogue_as(&nodes[0]);
    rogue->deaf = true;
    rogue_dial(rogue, &nodes[1]);
    run_until(rogue_is_proved, rogue);
    wait_for_link(&nodes[1], 0, true);
    uint8_t *data = calloc(1, 1000000);
    size_t busy = 0;
    for (int turn = 0; turn < 400; turn++) {
        enum status status = transport_send(nodes[1].transport, 0, TRANSPORT_BULK, slice_of(data, 1000000));
        if (status == STATUS_BUSY) busy += 1;
        run_turns(1);
        struct transport_stats stats;
        assert_int_equal(transport_stats(nodes[1].transport, 0, &stats), STATUS_OK);
        assert_true(stats.queued_bytes <= QUEUE_BYTES_MAX + 2 * PIPE_OUTPUT_MAX);
    }
    assert_true(busy > 300);
    free(data);
    rogue_free(rogue);
    wait_for_link(&nodes[1], 0, false);
    struct transport_stats stats;
    assert_int_equal(transport_stats(nodes[1].transport, 0, &stats), STATUS_OK);
    assert_true(stats.bytes_lost > 0);
    assert_int_equal(stats.queued_bytes, 0);
}

/* Says `words` as member 0 to member 1, which must end the link for that reason. */
static void expect_refusal_of(struct slice words, enum status why) {
    struct rogue *rogue = rogue_as(&nodes[0]);
    rogue->words = words;
    nodes[1].refused = 0;
    rogue_dial(rogue, &nodes[1]);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, why);
    assert_false(transport_link_up(nodes[1].transport, 0));
    run_until(rogue_is_ended, rogue);
    rogue_free(rogue);
}

static void frame_with_impossible_length_then_link_ended(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 2);
    static const uint8_t over[] = {0x00, 0x80, 0x00, 0x01, 'x'};
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t zero[] = {0, 0, 0, 1, 'x', 0, 0, 0, 0};
    expect_refusal_of(slice_of(over, sizeof over), STATUS_TOO_LARGE);
    expect_refusal_of(slice_of(huge, sizeof huge), STATUS_TOO_LARGE);
    expect_refusal_of(slice_of(zero, sizeof zero), STATUS_BAD_VALUE);
    assert_int_equal(nodes[1].ups[0], 3);
    assert_int_equal(nodes[1].downs[0], 3);
    assert_int_equal(nodes[1].frames, 1);
}

/* Node 0's key is not the one that node 1 has been told of. */
static void unknown_key_then_refused_by_acceptor_and_never_up_for_dialler(void **state) {
    (void)state;
    node_open(&nodes[0], 0);
    node_open(&nodes[1], 0);
    struct transport_member members[2] = {node_member(&nodes[0]), node_member(&nodes[1])};
    memcpy(members[0].key, nodes[3].key, KEY_BYTES);
    assert_int_equal(transport_set_members(nodes[1].transport, members, 2), STATUS_OK);
    node_introduce(&nodes[0], 2);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, STATUS_UNKNOWN_MEMBER);
    assert_int_equal(strncmp(nodes[1].refused_address, "127.0.0.1 ", 10), 0);
    run_until(has_refused, &nodes[0]);
    assert_int_equal(nodes[0].refused_why, STATUS_NOT_ALLOWED);
    assert_int_equal(nodes[0].ups[1] + nodes[1].ups[0], 0);
    struct transport_stats stats;
    assert_int_equal(transport_stats(nodes[0].transport, 1, &stats), STATUS_OK);
    assert_true(stats.handshake_failures >= 1);
    assert_int_equal(stats.links, 0);
}

/* Node 0 takes node 2's address for node 1's; node 2 itself would welcome it. */
static void dialled_member_shows_another_members_key_then_refused(void **state) {
    (void)state;
    node_open(&nodes[0], 0);
    node_open(&nodes[2], 0);
    struct transport_member members[3] = {node_member(&nodes[0]), node_member(&nodes[1]), node_member(&nodes[2])};
    members[1].port = members[2].port;
    members[2].port = 0;
    node_introduce(&nodes[2], 3);
    assert_int_equal(transport_set_members(nodes[0].transport, members, 3), STATUS_OK);
    run_until(has_refused, &nodes[0]);
    assert_int_equal(nodes[0].refused_why, STATUS_CONFLICT);
    run_until(has_refused, &nodes[2]);
    assert_int_equal(nodes[2].refused_why, STATUS_NOT_ALLOWED);
    assert_int_equal(nodes[0].ups[1] + nodes[0].ups[2] + nodes[2].ups[0], 0);
}

static void member_with_higher_number_dials_then_refused(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 3);
    struct rogue *higher = rogue_as(&nodes[2]);
    rogue_dial(higher, &nodes[1]);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, STATUS_NOT_ALLOWED);
    rogue_free(higher);
    nodes[1].refused = 0;
    struct rogue *mirror = rogue_as(&nodes[1]);
    rogue_dial(mirror, &nodes[1]);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, STATUS_NOT_ALLOWED);
    rogue_free(mirror);
}

static void expect_handshake_refused(struct rogue *rogue, enum status why) {
    nodes[1].refused = 0;
    rogue_dial(rogue, &nodes[1]);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, why);
    run_until(rogue_is_ended, rogue);
    rogue_free(rogue);
}

static void client_with_other_rules_then_refused(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 2);
    struct rogue *older = rogue_as(&nodes[0]);
    assert_int_equal(SSL_set_min_proto_version(older->session, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_set_max_proto_version(older->session, TLS1_2_VERSION), 1);
    expect_handshake_refused(older, STATUS_BAD_FORMAT);
    struct rogue *other_protocol = rogue_as(&nodes[0]);
    assert_int_equal(SSL_set_alpn_protos(other_protocol->session, (const uint8_t *)"\x02h2", 3), 0);
    expect_handshake_refused(other_protocol, STATUS_BAD_FORMAT);
    struct rogue *no_protocol = rogue_as(&nodes[0]);
    assert_int_equal(SSL_set_alpn_protos(no_protocol->session, NULL, 0), 0);
    expect_handshake_refused(no_protocol, STATUS_BAD_FORMAT);
    struct rogue *nameless = rogue_as(&nodes[0]);
    SSL_certs_clear(nameless->session);
    expect_handshake_refused(nameless, STATUS_BAD_FORMAT);
    assert_int_equal(nodes[1].ups[0], 0);
}

static void garbage_on_the_port_then_refused_and_others_go_on(void **state) {
    (void)state;
    open_linked(2);
    struct rogue *rogue = rogue_new();
    rogue->words = slice_of_text("GET / HTTP/1.1\r\nHost: credimus\r\n\r\n");
    expect_handshake_refused(rogue, STATUS_BAD_FORMAT);
    assert_true(transport_link_up(nodes[1].transport, 0));
    assert_int_equal(nodes[1].downs[0], 0);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of_text("still here")), STATUS_OK);
    run_until(has_arrived, &(struct arrival){&nodes[1], 1});
}

static bool half_open_is_one(const void *context) {
    return ((const struct node *)context)->transport->half_open == 1;
}

static void connection_closed_before_proof_then_truncated(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    struct rogue *rogue = rogue_new();
    rogue_dial(rogue, &nodes[1]);
    run_until(half_open_is_one, &nodes[1]);
    rogue_free(rogue);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, STATUS_TRUNCATED);
    assert_int_equal(nodes[1].transport->half_open, 0);
}

static void connection_that_stays_silent_then_ended(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    expect_handshake_refused(rogue_new(), STATUS_UNAVAILABLE);
}

static void endless_handshake_then_cut_off(void **state) {
    (void)state;
    /* Handshake records as long as they may be, all of them one ClientHello of 65,536 bytes. */
    enum { RECORD_BYTES = 5 + 16384 };
    static const uint8_t record_head[] = {0x16, 0x03, 0x01, 0x40, 0x00};
    static const uint8_t message_head[] = {0x01, 0x01, 0x00, 0x00};
    static uint8_t flood[3 * RECORD_BYTES];
    for (size_t at = 0; at < sizeof flood; at += RECORD_BYTES) memcpy(flood + at, record_head, sizeof record_head);
    memcpy(flood + sizeof record_head, message_head, sizeof message_head);
    node_open(&nodes[1], 0);
    struct rogue *rogue = rogue_new();
    rogue->words = slice_of(flood, sizeof flood);
    rogue_dial(rogue, &nodes[1]);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, STATUS_TOO_MANY);
    rogue_free(rogue);
}

static void too_many_silent_connections_then_oldest_gives_way(void **state) {
    (void)state;
    enum { SILENT = HALF_OPEN_SPARE + 1 + 3 };
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 2);
    struct rogue *silent[SILENT];
    for (size_t index = 0; index < SILENT; index++) {
        silent[index] = rogue_new();
        rogue_dial(silent[index], &nodes[1]);
        run_turns(5);
    }
    run_until(rogue_is_ended, silent[0]);
    run_until(rogue_is_ended, silent[2]);
    assert_int_equal(nodes[1].refused_why, STATUS_BUSY);
    assert_true(nodes[1].transport->half_open <= HALF_OPEN_SPARE + 1);
    struct rogue *member = rogue_as(&nodes[0]);
    rogue_dial(member, &nodes[1]);
    wait_for_link(&nodes[1], 0, true);
    for (size_t index = 0; index < SILENT; index++) rogue_free(silent[index]);
    rogue_free(member);
}

/* Restarts `down` on the port it had; the other one must find it again. */
static void restart_then_linked_again(struct node *down, struct node *stays) {
    open_linked(2);
    uint16_t port = transport_port(down->transport);
    node_close(down);
    wait_for_link(stays, down->number, false);
    assert_int_equal(stays->downs[down->number], 1);
    assert_int_equal(transport_send(stays->transport, down->number, TRANSPORT_BULK, slice_of_text("x")),
                     STATUS_UNAVAILABLE);
    memset(down->ups, 0, sizeof down->ups);
    node_open(down, port);
    node_introduce(down, 2);
    size_t count = 2;
    run_until(all_linked, &count);
    assert_int_equal(stays->ups[down->number], 2);
    assert_int_equal(transport_send(stays->transport, down->number, TRANSPORT_BULK, slice_of_text("back")),
                     STATUS_OK);
    run_until(has_arrived, &(struct arrival){down, 1});
    struct transport_stats stats;
    assert_int_equal(transport_stats(stays->transport, down->number, &stats), STATUS_OK);
    assert_int_equal(stats.links, 2);
}

static void acceptor_restarts_then_linked_again(void **state) {
    (void)state;
    restart_then_linked_again(&nodes[1], &nodes[0]);
}

static void dialler_restarts_then_linked_again(void **state) {
    (void)state;
    restart_then_linked_again(&nodes[0], &nodes[1]);
}

static bool replaced_twice(const void *context) {
    (void)context;
    return nodes[1].ups[0] == 2;
}

static void member_connects_again_then_new_link_replaces_old(void **state) {
    (void)state;
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 2);
    struct rogue *first = rogue_as(&nodes[0]);
    rogue_dial(first, &nodes[1]);
    wait_for_link(&nodes[1], 0, true);
    /* A connection that has not proved itself replaces nothing. */
    struct rogue *silent = rogue_new();
    rogue_dial(silent, &nodes[1]);
    run_until(half_open_is_one, &nodes[1]);
    assert_int_equal(nodes[1].downs[0], 0);
    struct rogue *second = rogue_as(&nodes[0]);
    rogue_dial(second, &nodes[1]);
    run_until(replaced_twice, NULL);
    assert_int_equal(nodes[1].downs[0], 1);
    run_until(rogue_is_ended, first);
    assert_false(second->ended);
    assert_true(transport_link_up(nodes[1].transport, 0));
    rogue_free(first);
    rogue_free(silent);
    rogue_free(second);
}

static void port_in_use_then_status_and_words(void **state) {
    (void)state;
    node_open(&nodes[0], 0);
    char detail[TRANSPORT_DETAIL_BYTES] = "";
    struct transport_config config = node_config(&nodes[1]);
    config.listen_port = transport_port(nodes[0].transport);
    struct transport *untouched = NULL;
    assert_int_equal(transport_open(&config, &untouched, detail, sizeof detail), STATUS_UNAVAILABLE);
    assert_null(untouched);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "port %u of 127.0.0.1 is in use", (unsigned int)config.listen_port);
    assert_string_equal(detail, expected);
    config.listen_host = "192.0.2.1";
    assert_int_equal(transport_open(&config, &untouched, detail, sizeof detail), STATUS_UNAVAILABLE);
    assert_string_equal(detail, "192.0.2.1 is not an address of this machine");
    assert_int_equal(transport_open(&config, &untouched, NULL, 0), STATUS_UNAVAILABLE);
}

static enum status open_status(const struct transport_config *config) {
    struct transport *untouched = NULL;
    char detail[TRANSPORT_DETAIL_BYTES] = "";
    enum status status = transport_open(config, &untouched, detail, sizeof detail);
    assert_null(untouched);
    assert_true(detail[0] != '\0');
    return status;
}

static void configuration_that_cannot_be_then_refused(void **state) {
    (void)state;
    struct transport_config config = node_config(&nodes[1]);
    struct transport_member members[3] = {node_member(&nodes[0]), node_member(&nodes[1]), node_member(&nodes[2])};
    config.members = members;
    config.members_count = 3;
    config.queue_bytes_max = FRAME_BYTES_MAX;
    assert_int_equal(open_status(&config), STATUS_BAD_VALUE);
    config.queue_bytes_max = 0;
    members[2].number = MEMBERS_MAX;
    assert_int_equal(open_status(&config), STATUS_BAD_VALUE);
    members[2].number = 0;
    assert_int_equal(open_status(&config), STATUS_DUPLICATE);
    members[2].number = 2;
    memcpy(members[2].key, nodes[0].key, KEY_BYTES);
    assert_int_equal(open_status(&config), STATUS_DUPLICATE);
    memcpy(members[2].key, nodes[2].key, KEY_BYTES);
    config.secret = nodes[0].secret;
    assert_int_equal(open_status(&config), STATUS_DUPLICATE);
    uint8_t torn[SECRET_BYTES];
    memcpy(torn, nodes[1].secret, SECRET_BYTES);
    torn[0] ^= 1;
    config.secret = torn;
    assert_int_equal(open_status(&config), STATUS_BAD_KEY);
    config.secret = nodes[1].secret;
    config.self = MEMBERS_MAX;
    assert_int_equal(open_status(&config), STATUS_BAD_VALUE);
}

static void members_change_then_links_follow(void **state) {
    (void)state;
    open_linked(3);
    struct transport_member members[3] = {node_member(&nodes[0]), node_member(&nodes[2]), node_member(&nodes[1])};
    assert_int_equal(transport_set_members(nodes[0].transport, members, 2), STATUS_OK);
    assert_int_equal(nodes[0].downs[1], 1);
    assert_int_equal(nodes[0].downs[2], 0);
    wait_for_link(&nodes[0], 1, false);
    wait_for_link(&nodes[1], 0, false);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of_text("x")),
                     STATUS_UNKNOWN_MEMBER);
    assert_int_equal(transport_set_members(nodes[0].transport, members, 3), STATUS_OK);
    size_t count = 3;
    run_until(all_linked, &count);
    memcpy(members[2].key, nodes[3].key, KEY_BYTES);
    assert_int_equal(transport_set_members(nodes[0].transport, members, 3), STATUS_OK);
    assert_int_equal(nodes[0].downs[1], 2);
    run_until(has_refused, &nodes[0]);
    assert_int_equal(nodes[0].refused_why, STATUS_CONFLICT);
    assert_int_equal(nodes[0].downs[2], 0);
    members[1].number = 1;
    assert_int_equal(transport_set_members(nodes[0].transport, members, 3), STATUS_DUPLICATE);
    assert_true(transport_link_up(nodes[0].transport, 2));
}

static void identity_set(struct node *node, const struct node *own, const struct node *spare) {
    assert_int_equal(transport_set_identity(node->transport, own->secret, spare != NULL ? spare->secret : NULL),
                     STATUS_OK);
}

/* What `node` believes of the nodes 0 and 1, of which number `changed` has the key of `as`. */
static void introduce_as(struct node *node, uint32_t changed, const struct node *as) {
    struct transport_member members[2];
    size_t count = 0;
    for (uint32_t number = 0; number < 2; number++) {
        if (number == node->number) continue;
        members[count] = node_member(&nodes[number]);
        if (number == changed) memcpy(members[count].key, as->key, KEY_BYTES);
        count++;
    }
    assert_int_equal(transport_set_members(node->transport, members, count), STATUS_OK);
}

/* The one whose key changes is `number` of the nodes 0 and 1, the dialler or the acceptor; node 3 lends the new key. */
static void key_changes_while_linked(uint32_t number) {
    struct node *changed = &nodes[number];
    struct node *other = &nodes[1 - number];
    size_t count = 2;
    open_linked(2);
    /* Its own key first: a link that is up stays. */
    identity_set(changed, &nodes[3], NULL);
    run_turns(20);
    assert_int_equal(other->downs[number], 0);
    introduce_as(other, number, &nodes[3]);
    assert_int_equal(other->downs[number], 1);
    wait_for_link(changed, other->number, false);
    run_until(all_linked, &count);
    assert_int_equal(other->ups[number], 2);
    assert_int_equal(transport_send(other->transport, number, TRANSPORT_BULK, slice_of_text("to the new key")),
                     STATUS_OK);
    run_until(has_arrived, &(struct arrival){changed, 1});
}

static void diallers_key_changes_then_linked_again_under_the_new_one(void **state) {
    (void)state;
    key_changes_while_linked(0);
}

static void acceptors_key_changes_then_linked_again_under_the_new_one(void **state) {
    (void)state;
    key_changes_while_linked(1);
}

/* Who is behind, or ahead, by an epoch: `number` shows its own key, the other one knows it by the spare. */
static void known_by_the_spare(uint32_t number) {
    size_t count = 2;
    node_open(&nodes[0], 0);
    node_open(&nodes[1], 0);
    identity_set(&nodes[number], &nodes[number], &nodes[3]);
    introduce_as(&nodes[0], number, &nodes[3]);
    introduce_as(&nodes[1], number, &nodes[3]);
    run_until(all_linked, &count);
    struct node *refuser = &nodes[1 - number];
    assert_true(refuser->refused > 0);
    assert_int_equal(refuser->refused_why, number == 0 ? STATUS_UNKNOWN_MEMBER : STATUS_CONFLICT);
}

static void dialler_known_by_its_spare_key_then_linked(void **state) {
    (void)state;
    known_by_the_spare(0);
}

static void acceptor_known_by_its_spare_key_then_linked(void **state) {
    (void)state;
    known_by_the_spare(1);
}

static bool refused_often(const void *context) { return ((const struct node *)context)->refused >= 6; }

/* Neither the own key nor a spare that nobody knows helps, and a spare that is taken back is no longer shown. */
static void member_that_nobody_knows_then_never_linked(void **state) {
    (void)state;
    node_open(&nodes[0], 0);
    node_open(&nodes[1], 0);
    identity_set(&nodes[0], &nodes[0], &nodes[2]);
    identity_set(&nodes[0], &nodes[0], NULL);
    introduce_as(&nodes[1], 0, &nodes[2]);
    introduce_as(&nodes[0], 0, &nodes[0]);
    run_until(refused_often, &nodes[1]);
    assert_int_equal(nodes[1].ups[0], 0);
    identity_set(&nodes[0], &nodes[0], &nodes[3]);
    nodes[1].refused = 0;
    run_until(refused_often, &nodes[1]);
    assert_int_equal(nodes[1].ups[0], 0);
    assert_int_equal(nodes[1].refused_why, STATUS_UNKNOWN_MEMBER);
}

static void torn_identity_then_refused_and_the_old_one_stays(void **state) {
    (void)state;
    uint8_t torn[SECRET_BYTES];
    size_t count = 2;
    node_open(&nodes[0], 0);
    node_open(&nodes[1], 0);
    memcpy(torn, nodes[3].secret, SECRET_BYTES);
    torn[0] ^= 1;
    assert_int_equal(transport_set_identity(nodes[0].transport, torn, NULL), STATUS_BAD_KEY);
    assert_int_equal(transport_set_identity(nodes[0].transport, nodes[3].secret, torn), STATUS_BAD_KEY);
    node_introduce(&nodes[0], 2);
    node_introduce(&nodes[1], 2);
    run_until(all_linked, &count);
    assert_int_equal(nodes[1].refused, 0);
}

/* Removed, it is refused at the door; put back, it is let in again. */
static void removed_member_dials_then_refused_until_it_is_back(void **state) {
    (void)state;
    size_t count = 3;
    open_linked(3);
    struct transport_member rest[2] = {node_member(&nodes[1]), node_member(&nodes[2])};
    assert_int_equal(transport_set_members(nodes[1].transport, rest, 2), STATUS_OK);
    run_until(has_refused, &nodes[1]);
    assert_int_equal(nodes[1].refused_why, STATUS_UNKNOWN_MEMBER);
    assert_int_equal(nodes[1].downs[0], 1);
    assert_int_equal(nodes[1].downs[2], 0);
    assert_true(transport_link_up(nodes[0].transport, 2));
    node_introduce(&nodes[1], 3);
    run_until(all_linked, &count);
}

/* The older members dial it, and are told its address only later. */
static void member_added_then_linked_when_its_address_is_known(void **state) {
    (void)state;
    size_t count = 3;
    open_linked(2);
    node_open(&nodes[2], 0);
    node_introduce(&nodes[2], 3);
    struct transport_member members[3] = {node_member(&nodes[0]), node_member(&nodes[1]), node_member(&nodes[2])};
    members[2].host = NULL;
    members[2].port = 0;
    for (int i = 0; i < 2; i++) assert_int_equal(transport_set_members(nodes[i].transport, members, 3), STATUS_OK);
    run_turns(50);
    assert_int_equal(nodes[2].ups[0] + nodes[2].ups[1], 0);
    for (int i = 0; i < 2; i++) node_introduce(&nodes[i], 3);
    run_until(all_linked, &count);
    assert_int_equal(nodes[0].downs[1], 0);
}

static void closed_from_its_own_callback_then_rest_is_not_delivered(void **state) {
    (void)state;
    open_linked(2);
    nodes[1].close_on_frame = true;
    for (int index = 0; index < 100; index++) {
        assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of_text("last")), STATUS_OK);
    }
    wait_for_link(&nodes[0], 1, false);
    assert_int_equal(nodes[1].frames, 1);
    assert_null(nodes[1].transport);
}

static void frames_queued_before_close_then_sent(void **state) {
    (void)state;
    open_linked(2);
    assert_int_equal(transport_send(nodes[0].transport, 1, TRANSPORT_BULK, slice_of_text("farewell")), STATUS_OK);
    node_close(&nodes[0]);
    wait_for_link(&nodes[1], 0, false);
    assert_int_equal(nodes[1].frames, 1);
    assert_int_equal(nodes[1].refused, 0);
}

static void host_given_by_name_then_dialled(void **state) {
    (void)state;
    uv_getaddrinfo_t request;
    if (uv_getaddrinfo(&loop, &request, NULL, "localhost", NULL, NULL) != 0) skip();
    uv_freeaddrinfo(request.addrinfo);
    node_open(&nodes[0], 0);
    node_open(&nodes[1], 0);
    node_introduce(&nodes[1], 2);
    struct transport_member members[2] = {node_member(&nodes[0]), node_member(&nodes[1])};
    members[1].host = "localhost";
    assert_int_equal(transport_set_members(nodes[0].transport, members, 2), STATUS_OK);
    size_t count = 2;
    run_until(all_linked, &count);
}

static void closed_while_looking_up_a_name_then_lets_go(void **state) {
    (void)state;
    node_open(&nodes[0], 0);
    struct transport_member member = node_member(&nodes[1]);
    member.host = "localhost";
    member.port = 1;
    assert_int_equal(transport_set_members(nodes[0].transport, &member, 1), STATUS_OK);
    node_close(&nodes[0]);
    assert_true(nodes[0].closed);
}

int main(void) {
    if (sodium_init() < 0) return 1;
    (void)signal(SIGPIPE, SIG_IGN);
#define TRANSPORT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TRANSPORT_TEST(frames_of_all_sizes_both_ways_then_arrive_whole_and_in_order),
        TRANSPORT_TEST(many_small_frames_in_one_turn_then_one_flush_takes_them),
        TRANSPORT_TEST(key_has_sealed_enough_then_renewed_and_frames_go_on),
        TRANSPORT_TEST(four_members_then_every_pair_linked_once),
        TRANSPORT_TEST(frame_that_cannot_be_sent_then_status_names_why),
        TRANSPORT_TEST(full_queue_then_busy_and_what_was_taken_arrives),
        TRANSPORT_TEST(peer_that_does_not_read_then_memory_stays_bounded),
        TRANSPORT_TEST(frame_with_impossible_length_then_link_ended),
        TRANSPORT_TEST(unknown_key_then_refused_by_acceptor_and_never_up_for_dialler),
        TRANSPORT_TEST(dialled_member_shows_another_members_key_then_refused),
        TRANSPORT_TEST(member_with_higher_number_dials_then_refused),
        TRANSPORT_TEST(client_with_other_rules_then_refused),
        TRANSPORT_TEST(garbage_on_the_port_then_refused_and_others_go_on),
        TRANSPORT_TEST(connection_closed_before_proof_then_truncated),
        TRANSPORT_TEST(connection_that_stays_silent_then_ended),
        TRANSPORT_TEST(endless_handshake_then_cut_off),
        TRANSPORT_TEST(too_many_silent_connections_then_oldest_gives_way),
        TRANSPORT_TEST(acceptor_restarts_then_linked_again),
        TRANSPORT_TEST(dialler_restarts_then_linked_again),
        TRANSPORT_TEST(member_connects_again_then_new_link_replaces_old),
        TRANSPORT_TEST(port_in_use_then_status_and_words),
        TRANSPORT_TEST(configuration_that_cannot_be_then_refused),
        TRANSPORT_TEST(members_change_then_links_follow),
        TRANSPORT_TEST(diallers_key_changes_then_linked_again_under_the_new_one),
        TRANSPORT_TEST(acceptors_key_changes_then_linked_again_under_the_new_one),
        TRANSPORT_TEST(dialler_known_by_its_spare_key_then_linked),
        TRANSPORT_TEST(acceptor_known_by_its_spare_key_then_linked),
        TRANSPORT_TEST(member_that_nobody_knows_then_never_linked),
        TRANSPORT_TEST(torn_identity_then_refused_and_the_old_one_stays),
        TRANSPORT_TEST(removed_member_dials_then_refused_until_it_is_back),
        TRANSPORT_TEST(member_added_then_linked_when_its_address_is_known),
        TRANSPORT_TEST(closed_from_its_own_callback_then_rest_is_not_delivered),
        TRANSPORT_TEST(frames_queued_before_close_then_sent),
        TRANSPORT_TEST(host_given_by_name_then_dialled),
        TRANSPORT_TEST(closed_while_looking_up_a_name_then_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
