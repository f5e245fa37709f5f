#include "transport/dialer.h"

#include <sodium.h>
#include <stdio.h>

#include "base/check.h"
#include "base/num.h"
#include "transport/state.h"

static void dialer_on_connected(uv_connect_t *request, int result) {
    struct link *link = request->data;
    if (link->state == LINK_ENDED) return;
    if (result != 0) {
        link_end(link, STATUS_OK);
        return;
    }
    link_begin(link);
}

static void dialer_connect(struct link *link, const struct sockaddr *address) {
    if (uv_tcp_connect(&link->connect, &link->tcp, address, dialer_on_connected) != 0) link_end(link, STATUS_OK);
}

/* A name may have addresses where nobody listens (both families of one host, say): each dial takes the next one. */
static const struct sockaddr *dialer_choose(const struct addrinfo *addresses, unsigned int dials) {
    unsigned int count = 0;
    for (const struct addrinfo *each = addresses; each != NULL; each = each->ai_next) count += 1;
    CHECK(count > 0);
    const struct addrinfo *chosen = addresses;
    for (unsigned int skip = dials % count; skip > 0; skip--) chosen = chosen->ai_next;
    return chosen->ai_addr;
}

static void dialer_on_resolved(uv_getaddrinfo_t *request, int result, struct addrinfo *addresses) {
    struct link *link = request->data;
    if (link->state != LINK_ENDED && result == 0) dialer_connect(link, dialer_choose(addresses, link->peer->dials));
    if (link->state != LINK_ENDED && result != 0) link_end(link, STATUS_OK);
    uv_freeaddrinfo(addresses);
    link_release(link);
}

static void dialer_resolve(struct link *link) {
    const struct peer *peer = link->peer;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned int)peer->port);
    if (uv_getaddrinfo(peer->transport->loop, &link->resolve, dialer_on_resolved, peer->host, port, &hints) != 0) {
        link_end(link, STATUS_OK);
        return;
    }
    link->parts += 1;
}

void dialer_dial(struct peer *peer) {
    struct transport *transport = peer->transport;
    if (transport->closing || !peer->known || peer->number < transport->self) return;
    if (peer->link != NULL || peer->attempt != NULL || peer->host == NULL || peer->port == 0) return;
    struct link *link = link_new(transport, peer);
    if (link == NULL) {
        dialer_schedule(peer, false);
        return;
    }
    peer->attempt = link;
    peer->dials += 1;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
    if (uv_ip4_addr(peer->host, peer->port, &ip4) == 0) {
        dialer_connect(link, (const struct sockaddr *)&ip4);
    } else if (uv_ip6_addr(peer->host, peer->port, &ip6) == 0) {
        dialer_connect(link, (const struct sockaddr *)&ip6);
    } else {
        dialer_resolve(link);
    }
}

static void dialer_on_redial(uv_timer_t *timer) { dialer_dial(timer->data); }

/* Between three quarters of the wait that is due and the whole of it. */
static uint64_t dialer_next_wait_ms(struct peer *peer) {
    uint64_t whole = peer->backoff_ms;
    uint64_t spread = num_min_u64(whole / 4, UINT32_MAX - 1);
    peer->backoff_ms = num_min_u64(2 * whole, peer->transport->reconnect_max_ms);
    return whole - randombytes_uniform((uint32_t)spread + 1);
}

void dialer_schedule(struct peer *peer, bool was_up) {
    struct transport *transport = peer->transport;
    if (transport->closing || !peer->known || peer->number < transport->self) return;
    bool stable = was_up && uv_now(transport->loop) - peer->up_at_ms >= LINK_STABLE_MS;
    if (stable) peer->backoff_ms = transport->reconnect_min_ms;
    if (!peer->redial_ready) {
        CHECK(uv_timer_init(transport->loop, &peer->redial) == 0);
        peer->redial.data = peer;
        peer->redial_ready = true;
        transport->parts += 1;
    }
    CHECK(uv_timer_start(&peer->redial, dialer_on_redial, dialer_next_wait_ms(peer), 0) == 0);
}

void dialer_stop(struct peer *peer) {
    if (peer->redial_ready) (void)uv_timer_stop(&peer->redial);
}

static void dialer_on_closed(uv_handle_t *handle) {
    const struct peer *peer = handle->data;
    transport_release(peer->transport);
}

void dialer_close(struct peer *peer) {
    if (!peer->redial_ready) return;
    peer->redial_ready = false;
    uv_close((uv_handle_t *)&peer->redial, dialer_on_closed);
}
