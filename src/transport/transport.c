#include "transport/transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/num.h"
#include "transport/listener.h"
#include "transport/peers.h"
#include "transport/state.h"

/* Twice of it still fits any integer here; nobody waits an hour for a neighbour. */
#define RECONNECT_LIMIT_MS UINT64_C(3600000)

void transport_tell_frame(struct transport *transport, uint32_t from, struct slice frame) {
    const struct transport_callbacks *callbacks = &transport->callbacks;
    if (!transport->closing && callbacks->on_frame != NULL) callbacks->on_frame(callbacks->context, from, frame);
}

void transport_tell_link(struct transport *transport, uint32_t member, bool up) {
    const struct transport_callbacks *callbacks = &transport->callbacks;
    if (!transport->closing && callbacks->on_link != NULL) callbacks->on_link(callbacks->context, member, up);
}

void transport_tell_refused(struct transport *transport, const char *peer_address, enum status why) {
    const struct transport_callbacks *callbacks = &transport->callbacks;
    if (!transport->closing && callbacks->on_refused != NULL) {
        callbacks->on_refused(callbacks->context, peer_address, why);
    }
}

void transport_release(struct transport *transport) {
    CHECK(transport->parts > 0);
    transport->parts -= 1;
    if (transport->parts > 0) return;
    CHECK(transport->closing);
    void (*closed)(void *) = transport->closed;
    void *context = transport->closed_context;
    tls_close(&transport->tls);
    peers_free(transport);
    free(transport);
    if (closed != NULL) closed(context);
}

static void transport_on_closed(uv_handle_t *handle) { transport_release(handle->data); }

/* The last moment before the loop waits: whatever the callbacks of this turn have queued leaves together. */
static void transport_on_turn_end(uv_prepare_t *flusher) {
    struct transport *transport = flusher->data;
    if (transport->unaccepted && !transport->closing) listener_accept(transport);
    if (transport->unflushed) transport_flush(transport);
}

static enum status transport_check_config(const struct transport_config *config, char *ret_detail,
                                          size_t detail_bytes) {
    const char *wrong = NULL;
    if (config->loop == NULL || config->secret == NULL) wrong = "a loop and a secret are needed";
    if (config->self >= MEMBERS_MAX) wrong = "this member's number is too large";
    if (config->queue_bytes_max != 0 && config->queue_bytes_max < FRAME_BYTES_MAX + FRAME_PREFIX_BYTES) {
        wrong = "the queue of a peer must have room for one largest frame";
    }
    if (wrong == NULL) return STATUS_OK;
    (void)snprintf(ret_detail, detail_bytes, "%s", wrong);
    return STATUS_BAD_VALUE;
}

static void transport_configure(struct transport *transport, const struct transport_config *config) {
    transport->loop = config->loop;
    transport->self = config->self;
    peers_init(transport);
    memcpy(transport->key, config->secret + SECRET_BYTES - KEY_BYTES, KEY_BYTES);
    transport->callbacks = config->callbacks;
    transport->queue_bytes_max = config->queue_bytes_max != 0 ? config->queue_bytes_max : TRANSPORT_QUEUE_BYTES;
    uint64_t min_ms = config->reconnect_min_ms != 0 ? config->reconnect_min_ms : TRANSPORT_RECONNECT_MIN_MS;
    uint64_t max_ms = config->reconnect_max_ms != 0 ? config->reconnect_max_ms : TRANSPORT_RECONNECT_MAX_MS;
    transport->reconnect_max_ms = num_min_u64(max_ms, RECONNECT_LIMIT_MS);
    transport->reconnect_min_ms = num_min_u64(min_ms, transport->reconnect_max_ms);
}

static void transport_open_handles(struct transport *transport) {
    transport->listener.data = transport->flusher.data = transport;
    CHECK(uv_tcp_init(transport->loop, &transport->listener) == 0);
    CHECK(uv_prepare_init(transport->loop, &transport->flusher) == 0);
    CHECK(uv_prepare_start(&transport->flusher, transport_on_turn_end) == 0);
    /* It serves the others: alone it is no reason for the loop to go on. */
    uv_unref((uv_handle_t *)&transport->flusher);
    transport->parts = 2;
}

/* What needs no loop. On failure the caller frees. */
static enum status transport_prepare(struct transport *transport, const struct transport_config *config,
                                     char *ret_detail, size_t detail_bytes) {
    transport_configure(transport, config);
    enum status status = tls_open(&transport->tls, config->secret, config->spare_secret, link_judge_key);
    if (status != STATUS_OK) {
        const char *what = status == STATUS_BAD_KEY ? "the halves of a secret do not match" : "OpenSSL refuses";
        (void)snprintf(ret_detail, detail_bytes, "%s", what);
        return status;
    }
    TRY(peers_check(config->self, transport->key, config->members, config->members_count, ret_detail, detail_bytes));
    enum status set = peers_set(transport, config->members, config->members_count);
    if (set != STATUS_OK) (void)snprintf(ret_detail, detail_bytes, "no memory");
    return set;
}

enum status transport_open(const struct transport_config *config, struct transport **ret_transport, char *ret_detail,
                           size_t detail_bytes) {
    TRY(transport_check_config(config, ret_detail, detail_bytes));
    struct transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL) {
        (void)snprintf(ret_detail, detail_bytes, "no memory");
        return STATUS_IO;
    }
    enum status status = transport_prepare(transport, config, ret_detail, detail_bytes);
    if (status != STATUS_OK) {
        tls_close(&transport->tls);
        peers_free(transport);
        free(transport);
        return status;
    }
    transport_open_handles(transport);
    status = listener_open(transport, config->listen_host, config->listen_port, ret_detail, detail_bytes);
    if (status != STATUS_OK) {
        transport_close(transport, NULL, NULL);
        return status;
    }
    peers_dial(transport);
    *ret_transport = transport;
    return STATUS_OK;
}

uint16_t transport_port(const struct transport *transport) {
    struct sockaddr_storage name;
    int name_bytes = sizeof name;
    if (uv_tcp_getsockname(&transport->listener, (struct sockaddr *)&name, &name_bytes) != 0) return 0;
    bool is_ip6 = name.ss_family == AF_INET6;
    return ntohs(is_ip6 ? ((struct sockaddr_in6 *)&name)->sin6_port : ((struct sockaddr_in *)&name)->sin_port);
}

enum status transport_set_members(struct transport *transport, const struct transport_member *members,
                                  size_t members_count) {
    TRY(peers_check(transport->self, transport->key, members, members_count, NULL, 0));
    TRY(peers_set(transport, members, members_count));
    peers_dial(transport);
    return STATUS_OK;
}

enum status transport_set_identity(struct transport *transport, const uint8_t *secret, const uint8_t *spare) {
    TRY(tls_set_identities(&transport->tls, secret, spare));
    memcpy(transport->key, secret + SECRET_BYTES - KEY_BYTES, KEY_BYTES);
    transport->identity = TLS_OWN;
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) transport->peers[number].identity = TLS_OWN;
    return STATUS_OK;
}

static enum status transport_queue(struct transport *transport, struct peer *peer, enum transport_haste haste,
                                   struct slice frame) {
    if (frame.bytes == 0) return STATUS_BAD_VALUE;
    if (frame.bytes > FRAME_BYTES_MAX) return STATUS_TOO_LARGE;
    if (peer->link == NULL) return STATUS_UNAVAILABLE;
    if (haste == TRANSPORT_URGENT) return queue_put(&peer->link->urgent, frame, TRANSPORT_URGENT_BYTES);
    return queue_put(&peer->link->bulk, frame, transport->queue_bytes_max);
}

enum status transport_send(struct transport *transport, uint32_t member, enum transport_haste haste,
                           struct slice frame) {
    struct peer *peer = peers_find(transport, member);
    if (peer == NULL) return STATUS_UNKNOWN_MEMBER;
    enum status status = transport_queue(transport, peer, haste, frame);
    if (status != STATUS_OK) {
        peer->stats.frames_dropped += 1;
        return status;
    }
    peer->stats.frames_out += 1;
    peer->stats.bytes_out += frame.bytes;
    transport->unflushed = true;
    return STATUS_OK;
}

void transport_flush(struct transport *transport) {
    transport->unflushed = false;
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        struct link *link = transport->peers[number].link;
        if (link != NULL && link_queued_bytes(link) > 0) link_flush(link);
    }
}

bool transport_link_up(const struct transport *transport, uint32_t member) {
    return member < MEMBERS_MAX && transport->peers[member].link != NULL;
}

enum status transport_stats(const struct transport *transport, uint32_t member, struct transport_stats *ret_stats) {
    if (member >= MEMBERS_MAX || !transport->peers[member].known) return STATUS_UNKNOWN_MEMBER;
    const struct peer *peer = &transport->peers[member];
    *ret_stats = peer->stats;
    ret_stats->queued_bytes = peer->link != NULL ? link_waiting_bytes(peer->link) : 0;
    return STATUS_OK;
}

void transport_close(struct transport *transport, void (*closed)(void *context), void *context) {
    CHECK(!transport->closing);
    transport->closing = true;
    transport->closed = closed;
    transport->closed_context = context;
    transport_flush(transport);
    peers_close(transport);
    listener_end_all(transport);
    uv_close((uv_handle_t *)&transport->listener, transport_on_closed);
    uv_close((uv_handle_t *)&transport->flusher, transport_on_closed);
}
