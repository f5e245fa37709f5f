/* Transport: frames between members, over TCP and TLS 1.3, on the caller's libuv loop. No threads of its own; nothing
 * here may be called from another thread than the loop's.
 *
 * Both ends prove themselves with the member's Ed25519 identity key: each presents a self-signed certificate made of
 * it (RFC 8410), and the other end compares the certificate's public key with the member's, byte for byte. Nothing
 * else of a certificate is believed. The link carries no authority of its own: whatever must convince a third party
 * is signed above (protocol section 2 and 4); the transport only says which member a frame came from.
 *
 * One link a pair: the member with the lower number dials, the other accepts. A new accepted connection replaces the
 * old link once its handshake has succeeded, since the dialler may have crashed and come back.
 *
 * The wire, inside TLS: the acceptor begins with four zero bytes, the greeting, which tells the dialler that its own
 * key has been accepted (a TLS 1.3 client learns that no other way); then, in both directions, frames: a 4-byte
 * big-endian length, 1 .. FRAME_BYTES_MAX, and that many bytes. Anything else ends the link.
 *
 * Writing to a connection that the other end has reset raises SIGPIPE; libuv leaves that to the process, which must
 * ignore the signal.
 *
 * Frames are delivered at most once and whole, in the order in which they were sent but for this: urgent ones
 * overtake the others. They may be lost whenever a link goes down: the protocol above resends.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"

/* Bulky bytes that wait for a peer, when the configuration says 0: four of the largest frames. */
#define TRANSPORT_QUEUE_BYTES ((size_t)4 * FRAME_BYTES_MAX)
/* Urgent bytes that wait for a peer: two of the largest frames, of which there are none. It is seconds of votes and certificates of the
 * largest group; a peer that is further behind does not read. */
#define TRANSPORT_URGENT_BYTES     ((size_t)2 * FRAME_BYTES_MAX)
#define TRANSPORT_RECONNECT_MIN_MS 100
#define TRANSPORT_RECONNECT_MAX_MS 5000
/* Enough for every message that transport_open writes. */
#define TRANSPORT_DETAIL_BYTES 256

struct transport;

/* A member as the others reach it. `number` < MEMBERS_MAX. `host` is a numeric address or a name, copied; `port` 0,
 * or `host` NULL, means not reachable: it is never dialled, but may dial. */
struct transport_member {
    uint32_t number;
    uint8_t key[KEY_BYTES];
    const char *host;
    uint16_t port;
};

/* Called on the loop, never from inside transport_send. A callback may call anything of this header, transport_close
 * and transport_set_members included; after transport_close only its own `closed` is called. NULL ones are skipped.
 */
struct transport_callbacks {
    void *context;
    /* One whole frame; its bytes are the transport's and go away when the callback returns. */
    void (*on_frame)(void *context, uint32_t from, struct slice frame);
    /* The link to a member came up (both ends have proved themselves) or went down. Strictly alternating a member; a
     * replaced link says down, then up. */
    void (*on_link)(void *context, uint32_t member, bool up);
    /* A connection was refused or cut off, for a metric and a line of a log. `peer_address` is "address port". Why:
     *   UNKNOWN_MEMBER  a key that no member has             CONFLICT     the dialled member shows another key
     *   BAD_KEY         a certificate of another kind        NOT_ALLOWED  a member that ought not to dial this one,
     *   BAD_FORMAT      not TLS 1.3 as spoken here                        or the other end refuses this one
     *   TRUNCATED       ended before it had proved itself    TOO_MANY     too many bytes before it had
     *   UNAVAILABLE     did not prove itself in time         BUSY         gave way to newer ones: too many at once
     *   TOO_LARGE       a frame above FRAME_BYTES_MAX        BAD_VALUE    a frame of length 0, or no greeting */
    void (*on_refused)(void *context, const char *peer_address, enum status why);
};

struct transport_config {
    uv_loop_t *loop;                        /* outlives the transport */
    uint32_t self;                          /* this member's number */
    const uint8_t *secret;                  /* SECRET_BYTES: seed || public key; not kept, not changed */
    const uint8_t *spare_secret;            /* the same of transport_set_identity's spare; NULL: none */
    const struct transport_member *members; /* copied; this member itself may be among them */
    size_t members_count;                   /* 0 .. MEMBERS_MAX */
    const char *listen_host;                /* numeric or a name; NULL: every IPv4 address of the machine */
    uint16_t listen_port;                   /* 0: any free one, see transport_port */
    size_t queue_bytes_max;                 /* bulky, a peer; 0: TRANSPORT_QUEUE_BYTES; at least one largest frame */
    uint64_t reconnect_min_ms;              /* 0: TRANSPORT_RECONNECT_MIN_MS */
    uint64_t reconnect_max_ms;              /* 0: TRANSPORT_RECONNECT_MAX_MS */
    struct transport_callbacks callbacks;
};

/* Counters of one member since the transport was opened. Bytes are those of frames, without their length prefixes. */
struct transport_stats {
    uint64_t frames_in;
    uint64_t bytes_in;
    uint64_t frames_out; /* taken into the queue */
    uint64_t bytes_out;
    uint64_t frames_dropped;     /* refused by transport_send: queue full or link down */
    uint64_t bytes_lost;         /* waiting when their link went down, prefixes included */
    uint64_t links;              /* times the link came up: all but the first are reconnects */
    uint64_t handshake_failures; /* this member dialled or dialling, without success */
    size_t queued_bytes;         /* waiting now: not encrypted yet, or encrypted and not yet with the system */
};

/* Listens and begins to dial. On failure nothing listens, and `ret_detail` (`detail_bytes`, cut off if need be,
 * always ended by a NUL; may be NULL with 0) names the cause in words ("port 7000 of 0.0.0.0 is in use"); the loop
 * must then run once more before it can be closed, so that it lets go of its handles. BAD_VALUE    a number, count or
 * bound outside its range, a NULL that must not be BAD_KEY      the secret's halves do not match, or it is not this
 * member's DUPLICATE    two members with one number or one key UNAVAILABLE  address in use, not of this machine, not
 * to be resolved IO           anything else the system or OpenSSL refuses */
enum status transport_open(const struct transport_config *config, struct transport **ret_transport, char *ret_detail,
                           size_t detail_bytes) MUST_USE;

/* The port it listens on. */
uint16_t transport_port(const struct transport *transport);

/* Replaces the members (protocol section 8: a new epoch). Links of members that are gone or have another key go down;
 * new ones are dialled; a changed address counts from the next dial. BAD_VALUE, DUPLICATE, BAD_KEY, IO as
 * transport_open: nothing changes. */
enum status transport_set_members(struct transport *transport, const struct transport_member *members,
                                  size_t members_count) MUST_USE;

/* Replaces this member's own key (NULL as spare: none), for connections that begin from now on; links that are up stay.
 * A member whose key changes is known by the old key to whoever is in the epoch before, by the new one to whoever is in
 * the one after: whoever refuses the one key is shown the spare with the next connection, and the other way round.
 * BAD_KEY, IO as transport_open: nothing changes. */
enum status transport_set_identity(struct transport *transport, const uint8_t *secret, const uint8_t *spare) MUST_USE;

/* What a frame waits for. Each has a queue of its own with a bound of its own, a peer. */
enum transport_haste {
    TRANSPORT_URGENT, /* short, and somebody waits for it: it leaves before all bulky ones, at the end of a frame */
    TRANSPORT_BULK,
};

/* Copies a frame into the member's queue; it leaves with the others at the end of this turn of the loop, or at
 * transport_flush.
 *   UNAVAILABLE  the link is down: dropped          BUSY       the queue is full: dropped
 *   BAD_VALUE    an empty frame                     TOO_LARGE  above FRAME_BYTES_MAX
 *   UNKNOWN_MEMBER  no such member, or this one itself */
enum status transport_send(struct transport *transport, uint32_t member, enum transport_haste haste,
                           struct slice frame) MUST_USE;

/* Encrypts and writes what is queued, as far as the system takes it; the rest follows when it does. */
void transport_flush(struct transport *transport);

/* Whether frames can be sent to the member now. */
bool transport_link_up(const struct transport *transport, uint32_t member);

/* UNKNOWN_MEMBER: no such member, or this one itself. */
enum status transport_stats(const struct transport *transport, uint32_t member,
                            struct transport_stats *ret_stats) MUST_USE;

/* Flushes what the system takes at once, ends every link and frees everything, over the next turns of the loop; then
 * calls `closed` (may be NULL). The transport must not be used after this call. */
void transport_close(struct transport *transport, void (*closed)(void *context), void *context);

#endif
