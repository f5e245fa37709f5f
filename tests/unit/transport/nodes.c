#include "nodes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define WATCHDOG_MS 60000

uv_loop_t loop;
struct node nodes[NODES];
bool out_of_time;

static void on_watchdog(uv_timer_t *timer) {
    (void)timer;
    out_of_time = true;
}

void run_until(bool (*done)(const void *context), const void *context) {
    uv_timer_t watchdog;
    out_of_time = false;
    assert_int_equal(uv_timer_init(&loop, &watchdog), 0);
    assert_int_equal(uv_timer_start(&watchdog, on_watchdog, WATCHDOG_MS, 0), 0);
    while (!done(context) && !out_of_time) uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&watchdog, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_false(out_of_time);
}

void run_turns(int turns) {
    for (; turns > 0; turns--) uv_run(&loop, UV_RUN_NOWAIT);
}

size_t pattern_size(size_t index) {
    static const size_t sizes[] = {1, 16 * 1024, 8 * 1024 * 1024, 3, 16 * 1024 - 4, 70000};
    return sizes[index % (sizeof sizes / sizeof sizes[0])];
}

uint8_t pattern_byte(uint32_t from, size_t index, size_t at) {
    return (uint8_t)(from * 97 + index * 31 + at * 7 + (at >> 8));
}

static void node_on_frame(void *context, uint32_t from, struct slice frame) {
    struct node *node = context;
    if (node->frames < sizeof node->sizes / sizeof node->sizes[0]) node->sizes[node->frames] = frame.bytes;
    node->frames += 1;
    node->frame_bytes += frame.bytes;
    if (node->check_frames) {
        size_t index = node->next_frame[from]++;
        assert_int_equal(frame.bytes, pattern_size(index));
        for (size_t at = 0; at < frame.bytes; at++) {
            if (frame.data[at] != pattern_byte(from, index, at)) fail_msg("frame %zu differs at %zu", index, at);
        }
    }
    if (node->close_on_frame) {
        transport_close(node->transport, NULL, NULL);
        node->transport = NULL;
    }
}

static void node_on_link(void *context, uint32_t member, bool up) {
    struct node *node = context;
    assert_true(member < NODES);
    if (up) {
        assert_int_equal(node->ups[member], node->downs[member]);
        node->ups[member] += 1;
    } else {
        node->downs[member] += 1;
        assert_int_equal(node->ups[member], node->downs[member]);
    }
    assert_int_equal(transport_link_up(node->transport, member), up);
}

static void node_on_refused(void *context, const char *peer_address, enum status why) {
    struct node *node = context;
    node->refused += 1;
    node->refused_why = why;
    (void)snprintf(node->refused_address, sizeof node->refused_address, "%s", peer_address);
}

struct transport_config node_config(struct node *node) {
    return (struct transport_config){
        .loop = &loop,
        .self = node->number,
        .secret = node->secret,
        .listen_host = "127.0.0.1",
        .queue_bytes_max = QUEUE_BYTES_MAX,
        .reconnect_min_ms = 10,
        .reconnect_max_ms = 100,
        .callbacks = {node, node_on_frame, node_on_link, node_on_refused},
    };
}

void node_open(struct node *node, uint16_t port) {
    char detail[TRANSPORT_DETAIL_BYTES] = "";
    struct transport_config config = node_config(node);
    config.listen_port = port;
    enum status status = transport_open(&config, &node->transport, detail, sizeof detail);
    if (status != STATUS_OK) fail_msg("%s: %s", status_name(status), detail);
}

static void on_closed(void *context) { ((struct node *)context)->closed = true; }

static bool node_is_closed(const void *context) { return ((const struct node *)context)->closed; }

void node_close(struct node *node) {
    if (node->transport == NULL) return;
    node->closed = false;
    transport_close(node->transport, on_closed, node);
    node->transport = NULL;
    run_until(node_is_closed, node);
}

struct transport_member node_member(const struct node *node) {
    struct transport_member member = {.number = node->number, .host = "127.0.0.1"};
    memcpy(member.key, node->key, KEY_BYTES);
    if (node->transport != NULL) member.port = transport_port(node->transport);
    return member;
}

void node_introduce(struct node *node, size_t count) {
    struct transport_member members[NODES];
    for (size_t index = 0; index < count; index++) members[index] = node_member(&nodes[index]);
    assert_int_equal(transport_set_members(node->transport, members, count), STATUS_OK);
}

struct expected_link {
    const struct node *node;
    uint32_t member;
    bool up;
};

static bool link_is_as_expected(const void *context) {
    const struct expected_link *expected = context;
    return transport_link_up(expected->node->transport, expected->member) == expected->up;
}

void wait_for_link(const struct node *node, uint32_t member, bool up) {
    run_until(link_is_as_expected, &(struct expected_link){node, member, up});
}

bool all_linked(const void *context) {
    size_t count = *(const size_t *)context;
    for (size_t one = 0; one < count; one++) {
        for (uint32_t other = 0; other < count; other++) {
            if (one != other && !transport_link_up(nodes[one].transport, other)) return false;
        }
    }
    return true;
}

void open_linked(size_t count) {
    for (size_t index = 0; index < count; index++) node_open(&nodes[index], 0);
    for (size_t index = 0; index < count; index++) node_introduce(&nodes[index], count);
    run_until(all_linked, &count);
}

int setup(void **state) {
    (void)state;
    memset(nodes, 0, sizeof nodes);
    for (uint32_t number = 0; number < NODES; number++) {
        uint8_t seed[32];
        memset(seed, (int)number + 1, sizeof seed);
        nodes[number].number = number;
        if (crypto_sign_seed_keypair(nodes[number].key, nodes[number].secret, seed) != 0) return -1;
    }
    return uv_loop_init(&loop);
}

int teardown(void **state) {
    (void)state;
    for (size_t index = 0; index < NODES; index++) node_close(&nodes[index]);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

bool has_arrived(const void *context) {
    const struct arrival *arrival = context;
    return arrival->node->frames >= arrival->frames;
}
