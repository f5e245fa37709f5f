/* Link: one TCP connection with TLS on it, from the first packet to the last.
 *
 *   connecting -> handshaking -> greeting (the dialler only) -> up -> ended
 *
 * and from every state to ended. No frame is taken from, or for, a link that is not up, and a link is up only when
 * the key of its peer has been compared and proved. An ended link lives on until libuv has let go of it. */
#ifndef TRANSPORT_LINK_H
#define TRANSPORT_LINK_H

#include <uv.h>

#include "transport/frames.h"
#include "transport/pipe.h"
#include "transport/queue.h"
#include "transport/tls.h"

struct peer;
struct transport;

/* From the first packet, name look-up included, to the proof of both keys. */
#define HANDSHAKE_TIMEOUT_MS 5000
/* What a stranger may send before it has proved itself: a handshake takes about 1 KiB. */
#define UNPROVED_BYTES_MAX ((size_t)32 * 1024)

enum { LINK_ADDRESS_BYTES = 64 };

enum link_state { LINK_CONNECTING, LINK_HANDSHAKING, LINK_GREETING, LINK_UP, LINK_ENDED };

struct link {
    struct transport *transport;
    struct peer *peer; /* dialled, or claimed by an accepted connection; NULL before it claims one */
    enum link_state state;
    bool dialled;        /* by this member */
    enum status verdict; /* on the peer's key, when it was refused */
    enum tls_identity identity;
    size_t parts;          /* what libuv still knows of it; the last one frees the link */
    size_t unproved_bytes; /* received during the handshake */
    size_t greeting_bytes; /* of the greeting, received */
    uv_tcp_t tcp;
    uv_timer_t deadline; /* of the handshake */
    uv_connect_t connect;
    uv_getaddrinfo_t resolve;
    uv_write_t write;
    uint8_t *writing; /* owned; being written by libuv, or NULL */
    size_t writing_bytes;
    SSL *session;
    uint64_t records; /* encrypted under the present key */
    struct pipe pipe;
    struct queue urgent;
    struct queue bulk;
    struct frames frames;
    struct link *older; /* among accepted connections that are not up */
    struct link *newer;
    char address[LINK_ADDRESS_BYTES];
};

/* A link in state connecting, its deadline running; with `peer` a dialled one, with NULL one to accept into. NULL
 * when there is no memory. */
struct link *link_new(struct transport *transport, struct peer *peer);

/* The connection stands: begins the handshake. */
void link_begin(struct link *link);

/* Ends the link. STATUS_OK: in good order, or merely lost; anything else is reported as the reason of a refusal. */
void link_end(struct link *link, enum status why);

/* Why a link that broke off is to be ended: lost when it was up, else refused as truncated. */
enum status link_break_status(const struct link *link);

/* One of its parts is gone. May free the link. */
void link_release(struct link *link);

/* Encrypts and writes what is queued, until the system takes no more. */
void link_flush(struct link *link);

/* Writes what TLS has to say; as much as the system takes at once, the rest by libuv. */
void link_push(struct link *link);

/* Bytes that wait to be encrypted. */
size_t link_queued_bytes(const struct link *link);

/* Bytes that have not reached the system: queued, or encrypted. */
size_t link_waiting_bytes(const struct link *link);

/* The judge of every session of the transport: `session_context` is a link. */
enum status link_judge_key(void *session_context, const uint8_t *key);

#endif
