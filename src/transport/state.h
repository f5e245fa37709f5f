/* State: what the files of this room share: the transport, and its table of peers by member number. A peer is another
 * member as this one reaches it; its link, when it has one, has proved itself. */
#ifndef TRANSPORT_STATE_H
#define TRANSPORT_STATE_H

#include "transport/link.h"
#include "transport/tls.h"
#include "transport/transport.h"

/* Connections accepted and not proved yet, beyond one a member: strangers and the slow. The oldest gives way. */
#define HALF_OPEN_SPARE 16
/* One read of a socket; shared by all links, since what is read is consumed before the next read. */
#define INPUT_BYTES ((size_t)256 * 1024)

struct peer {
    struct transport *transport;
    uint32_t number;
    bool known; /* a member now */
    bool stale; /* what it is linked by belongs to an older list of members */
    uint8_t key[KEY_BYTES];
    char *host; /* owned; NULL: not reachable */
    uint16_t port;
    struct link *link;          /* up, or NULL */
    struct link *attempt;       /* being dialled, or NULL */
    uint64_t up_at_ms;          /* when the link came up, by the loop's clock */
    uint64_t backoff_ms;        /* before the next dial but one */
    unsigned int dials;         /* a name's addresses are tried in turn */
    enum tls_identity identity; /* to be shown with the next dial */
    uv_timer_t redial;
    bool redial_ready; /* the timer has been handed to libuv */
    struct transport_stats stats;
};

struct transport {
    uv_loop_t *loop;
    uint32_t self;
    uint8_t key[KEY_BYTES];
    size_t queue_bytes_max;
    uint64_t reconnect_min_ms;
    uint64_t reconnect_max_ms;
    struct transport_callbacks callbacks;
    struct tls tls;
    enum tls_identity identity; /* to be shown to the next who dials */
    uv_tcp_t listener;
    uv_prepare_t flusher;
    bool unaccepted; /* a connection waits for memory */
    bool unflushed;  /* something was queued since the last flush */
    size_t parts;    /* handles and links that libuv still knows; the last one frees the transport */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
    struct link *half_open_oldest;
    struct link *half_open_newest;
    size_t half_open;
    size_t members_count; /* other members */
    uint8_t input[INPUT_BYTES];
    struct peer peers[MEMBERS_MAX];
};

/* One of the parts is gone. May free the transport. */
void transport_release(struct transport *transport);

/* The callbacks, unless the transport is closing. */
void transport_tell_frame(struct transport *transport, uint32_t from, struct slice frame);
void transport_tell_link(struct transport *transport, uint32_t member, bool up);
void transport_tell_refused(struct transport *transport, const char *peer_address, enum status why);

#endif
