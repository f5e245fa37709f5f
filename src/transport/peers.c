#include "transport/peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "transport/dialer.h"
#include "transport/listener.h"
#include "transport/state.h"

static enum status peers_check_one(uint32_t self, const uint8_t self_key[KEY_BYTES],
                                   const struct transport_member *members, size_t index) {
    const struct transport_member *member = &members[index];
    if (member->number >= MEMBERS_MAX) return STATUS_BAD_VALUE;
    bool is_self = member->number == self;
    bool has_self_key = memcmp(member->key, self_key, KEY_BYTES) == 0;
    if (is_self && !has_self_key) return STATUS_BAD_KEY;
    if (!is_self && has_self_key) return STATUS_DUPLICATE;
    for (size_t other = 0; other < index; other++) {
        if (members[other].number == member->number) return STATUS_DUPLICATE;
        if (memcmp(members[other].key, member->key, KEY_BYTES) == 0) return STATUS_DUPLICATE;
    }
    return STATUS_OK;
}

enum status peers_check(uint32_t self, const uint8_t self_key[KEY_BYTES], const struct transport_member *members,
                        size_t members_count, char *ret_detail, size_t detail_bytes) {
    if (members_count > MEMBERS_MAX || (members_count > 0 && members == NULL)) {
        (void)snprintf(ret_detail, detail_bytes, "there can be %d members at most", MEMBERS_MAX);
        return STATUS_BAD_VALUE;
    }
    for (size_t index = 0; index < members_count; index++) {
        enum status status = peers_check_one(self, self_key, members, index);
        if (status == STATUS_OK) continue;
        const char *what = status == STATUS_BAD_VALUE ? "its number is too large"
                           : status == STATUS_BAD_KEY ? "the secret is not the one of its key"
                                                      : "another one has the same number or key";
        (void)snprintf(ret_detail, detail_bytes, "member %u: %s", (unsigned int)members[index].number, what);
        return status;
    }
    return STATUS_OK;
}

struct peer *peers_find(struct transport *transport, uint32_t number) {
    if (number >= MEMBERS_MAX || !transport->peers[number].known) return NULL;
    return &transport->peers[number];
}

/* Ends what the member is linked by, or claimed by. */
static void peers_disconnect(struct peer *peer) {
    peer->stale = false;
    if (peer->link != NULL) link_end(peer->link, STATUS_OK);
    if (peer->attempt != NULL) link_end(peer->attempt, STATUS_OK);
    listener_end_claims(peer);
}

void peers_init(struct transport *transport) {
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        transport->peers[number].transport = transport;
        transport->peers[number].number = number;
    }
}

/* The next dial of a new or changed member is at once, and its waits begin from the shortest. */
static void peers_set_one(struct peer *peer, const struct transport_member *member, char *host) {
    bool known_key = peer->known && memcmp(peer->key, member->key, KEY_BYTES) == 0;
    if (peer->known && !known_key) peer->stale = true;
    free(peer->host);
    peer->host = host;
    peer->port = member->port;
    memcpy(peer->key, member->key, KEY_BYTES);
    peer->known = true;
    peer->backoff_ms = peer->transport->reconnect_min_ms;
}

static bool peers_copy_hosts(const struct transport_member *members, size_t members_count, char **ret_hosts) {
    for (size_t index = 0; index < members_count; index++) {
        if (members[index].host == NULL) continue;
        ret_hosts[index] = strdup(members[index].host);
        if (ret_hosts[index] == NULL) return false;
    }
    return true;
}

static bool peers_listed(const struct transport_member *members, size_t members_count, uint32_t number) {
    for (size_t index = 0; index < members_count; index++) {
        if (members[index].number == number) return true;
    }
    return false;
}

/* Takes the list in, without any callback: what must end as a consequence is only marked. */
static void peers_apply(struct transport *transport, const struct transport_member *members, size_t members_count,
                        char *const *hosts) {
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        struct peer *peer = &transport->peers[number];
        if (!peer->known || peers_listed(members, members_count, number)) continue;
        peer->known = false;
        peer->stale = true;
        dialer_stop(peer);
    }
    transport->members_count = 0;
    for (size_t index = 0; index < members_count; index++) {
        if (members[index].number == transport->self) {
            free(hosts[index]);
            continue;
        }
        peers_set_one(&transport->peers[members[index].number], &members[index], hosts[index]);
        transport->members_count += 1;
    }
}

enum status peers_set(struct transport *transport, const struct transport_member *members, size_t members_count) {
    char *hosts[MEMBERS_MAX] = {NULL};
    if (!peers_copy_hosts(members, members_count, hosts)) {
        for (size_t index = 0; index < members_count; index++) free(hosts[index]);
        return STATUS_IO;
    }
    peers_apply(transport, members, members_count, hosts);
    /* The callbacks may set the members again, or close: the table is whole by now. */
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        if (transport->peers[number].stale) peers_disconnect(&transport->peers[number]);
    }
    return STATUS_OK;
}

void peers_dial(struct transport *transport) {
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        if (transport->peers[number].known) dialer_dial(&transport->peers[number]);
    }
}

void peers_close(struct transport *transport) {
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        struct peer *peer = &transport->peers[number];
        peers_disconnect(peer);
        dialer_close(peer);
    }
}

void peers_free(struct transport *transport) {
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) free(transport->peers[number].host);
}

/* An accepted connection says who it is by its key alone. */
static enum status peers_judge_accepted(struct link *link, const uint8_t *key) {
    struct transport *transport = link->transport;
    if (memcmp(transport->key, key, KEY_BYTES) == 0) return STATUS_NOT_ALLOWED;
    for (uint32_t number = 0; number < MEMBERS_MAX; number++) {
        struct peer *peer = &transport->peers[number];
        if (!peer->known || memcmp(peer->key, key, KEY_BYTES) != 0) continue;
        if (number > transport->self) return STATUS_NOT_ALLOWED;
        link->peer = peer;
        return STATUS_OK;
    }
    return STATUS_UNKNOWN_MEMBER;
}

enum status peers_judge_key(struct link *link, const uint8_t *key) {
    if (key == NULL) return STATUS_BAD_KEY;
    if (!link->dialled) return peers_judge_accepted(link, key);
    return memcmp(link->peer->key, key, KEY_BYTES) == 0 ? STATUS_OK : STATUS_CONFLICT;
}

void peers_on_link_up(struct link *link) {
    struct peer *peer = link->peer;
    if (peer->link != NULL) link_end(peer->link, STATUS_OK);
    /* The callback that told of the old link's end may have ended this one too. */
    if (link->state != LINK_UP) return;
    if (peer->attempt == link) peer->attempt = NULL;
    CHECK(peer->link == NULL);
    peer->link = link;
    peer->up_at_ms = uv_now(link->transport->loop);
    peer->stats.links += 1;
    transport_tell_link(link->transport, peer->number, true);
}

void peers_on_link_end(struct link *link, enum link_state before) {
    struct peer *peer = link->peer;
    if (peer == NULL) return;
    if (before == LINK_HANDSHAKING || before == LINK_GREETING) peer->stats.handshake_failures += 1;
    if (peer->attempt == link) peer->attempt = NULL;
    bool was_up = peer->link == link;
    if (was_up) {
        peer->link = NULL;
        peer->stats.bytes_lost += link_waiting_bytes(link);
    }
    if (link->dialled) dialer_schedule(peer, was_up);
    if (was_up) transport_tell_link(link->transport, peer->number, false);
}
