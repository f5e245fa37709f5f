#include "transport/link.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/check.h"
#include "transport/listener.h"
#include "transport/peers.h"
#include "transport/state.h"

/* The protocol's heartbeats notice a silent peer first; these only make the system give a dead connection up. */
#define KEEPALIVE_SECONDS 15
#define UNACKNOWLEDGED_MS 30000
/* After a cut the system tries again ever more rarely, and so long after the heal nobody would hear the other. This
 * bounds that pause, where the system can (Linux 6.15; the C library need not know of it). */
#define RETRY_MS 1000
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif
#define GREETING_BYTES FRAME_PREFIX_BYTES

static const uint8_t greeting[GREETING_BYTES];

static void link_on_deadline(uv_timer_t *timer) {
    struct link *link = timer->data;
    link_end(link, link->state == LINK_CONNECTING ? STATUS_OK : STATUS_UNAVAILABLE);
}

struct link *link_new(struct transport *transport, struct peer *peer) {
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) return NULL;
    link->transport = transport;
    link->peer = peer;
    link->dialled = peer != NULL;
    link->tcp.data = link->deadline.data = link->connect.data = link->resolve.data = link->write.data = link;
    CHECK(uv_tcp_init(transport->loop, &link->tcp) == 0);
    CHECK(uv_timer_init(transport->loop, &link->deadline) == 0);
    CHECK(uv_timer_start(&link->deadline, link_on_deadline, HANDSHAKE_TIMEOUT_MS, 0) == 0);
    link->parts = 2;
    transport->parts += 1;
    return link;
}

void link_release(struct link *link) {
    link->parts -= 1;
    if (link->parts > 0) return;
    struct transport *transport = link->transport;
    SSL_free(link->session);
    pipe_clear(&link->pipe);
    queue_clear(&link->urgent);
    queue_clear(&link->bulk);
    frames_clear(&link->frames);
    free(link->writing);
    free(link);
    transport_release(transport);
}

static void link_on_closed(uv_handle_t *handle) { link_release(handle->data); }

enum status link_break_status(const struct link *link) {
    bool proving = link->state == LINK_HANDSHAKING || link->state == LINK_GREETING;
    return proving ? STATUS_TRUNCATED : STATUS_OK;
}

/* The last words, as far as the system takes them at once: an alert that says what was wrong, or the orderly end. */
static void link_say_goodbye(struct link *link, enum status why) {
    if (link->session == NULL || link->writing != NULL) return;
    if (link->state == LINK_UP && why == STATUS_OK) {
        ERR_clear_error();
        (void)SSL_shutdown(link->session);
    }
    if (link->pipe.output_bytes == 0) return;
    uv_buf_t words = uv_buf_init((char *)link->pipe.output, (unsigned int)link->pipe.output_bytes);
    (void)uv_try_write((uv_stream_t *)&link->tcp, &words, 1);
}

/* Where the next connection like this one takes its identity from. */
static enum tls_identity *link_next_identity(const struct link *link) {
    return link->dialled ? &link->peer->identity : &link->transport->identity;
}

/* The other end may know this member by its other key. A stranger can bring that about as well, at the cost of one more
 * attempt of a member: what is shown is public, and what the other end has to prove does not change. */
static void link_change_identity(const struct link *link, enum link_state before, enum status why) {
    bool proving = before == LINK_HANDSHAKING || before == LINK_GREETING;
    bool refused = why == STATUS_NOT_ALLOWED || (why == STATUS_TRUNCATED && link->dialled);
    if (!proving || !refused || link->verdict != STATUS_OK || !tls_has_spare(&link->transport->tls)) return;
    *link_next_identity(link) = link->identity == TLS_OWN ? TLS_SPARE : TLS_OWN;
}

void link_end(struct link *link, enum status why) {
    if (link->state == LINK_ENDED) return;
    link_say_goodbye(link, why);
    enum link_state before = link->state;
    link->state = LINK_ENDED;
    link_change_identity(link, before, why);
    if (!link->dialled && before != LINK_UP) listener_forget(link);
    uv_close((uv_handle_t *)&link->tcp, link_on_closed);
    uv_close((uv_handle_t *)&link->deadline, link_on_closed);
    /* Fails when there is no look-up or it cannot be stopped any more; its callback then finds the link ended. */
    if (before == LINK_CONNECTING && link->parts > 2) (void)uv_cancel((uv_req_t *)&link->resolve);
    peers_on_link_end(link, before);
    if (why != STATUS_OK) transport_tell_refused(link->transport, link->address, why);
}

static void link_note_address(struct link *link) {
    struct sockaddr_storage name;
    int name_bytes = sizeof name;
    char host[INET6_ADDRSTRLEN] = "unknown";
    unsigned int port = 0;
    if (uv_tcp_getpeername(&link->tcp, (struct sockaddr *)&name, &name_bytes) == 0) {
        const struct sockaddr_in *ip4 = (const struct sockaddr_in *)&name;
        const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)&name;
        bool is_ip6 = name.ss_family == AF_INET6;
        (void)(is_ip6 ? uv_ip6_name(ip6, host, sizeof host) : uv_ip4_name(ip4, host, sizeof host));
        port = ntohs(is_ip6 ? ip6->sin6_port : ip4->sin_port);
    }
    (void)snprintf(link->address, sizeof link->address, "%s %u", host, port);
}

/* None of these is needed for correctness, so a system that refuses one is none the worse. */
static void link_set_options(struct link *link) {
    (void)uv_tcp_nodelay(&link->tcp, 1);
    (void)uv_tcp_keepalive(&link->tcp, 1, KEEPALIVE_SECONDS);
#ifdef TCP_USER_TIMEOUT
    uv_os_fd_t socket;
    unsigned int timeout_ms = UNACKNOWLEDGED_MS;
    int retry_ms = RETRY_MS;
    if (uv_fileno((const uv_handle_t *)&link->tcp, &socket) == 0) {
        (void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
        (void)setsockopt(socket, IPPROTO_TCP, TCP_RTO_MAX_MS, &retry_ms, sizeof retry_ms);
    }
#endif
}

enum status link_judge_key(void *session_context, const uint8_t *key) {
    struct link *link = session_context;
    link->verdict = peers_judge_key(link, key);
    return link->verdict;
}

/* Why TLS broke off: what we found wrong ourselves comes before what the other end told us. */
static enum status link_failure_status(const struct link *link) {
    if (link->verdict != STATUS_OK) return link->verdict;
    if (tls_peer_refused()) return link->state == LINK_UP ? STATUS_OK : STATUS_NOT_ALLOWED;
    return STATUS_BAD_FORMAT;
}

/* After a call of OpenSSL that did not succeed: it wants more bytes, or the link is over. */
static void link_on_stall(struct link *link, int result) {
    int error = SSL_get_error(link->session, result);
    if (error == SSL_ERROR_WANT_READ) return;
    link_end(link, error == SSL_ERROR_ZERO_RETURN ? link_break_status(link) : link_failure_status(link));
}

static void link_come_up(struct link *link) {
    link->state = LINK_UP;
    (void)uv_timer_stop(&link->deadline);
    if (!link->dialled) listener_forget(link);
    peers_on_link_up(link);
}

static void link_on_proved(struct link *link) {
    CHECK(link->peer != NULL);
    if (!tls_speaks_credimus(link->session)) {
        link_end(link, STATUS_BAD_FORMAT);
        return;
    }
    if (link->dialled) {
        link->state = LINK_GREETING;
        return;
    }
    ERR_clear_error();
    if (SSL_write(link->session, greeting, GREETING_BYTES) != GREETING_BYTES) {
        link_end(link, STATUS_BAD_FORMAT);
        return;
    }
    link_come_up(link);
}

static void link_handshake(struct link *link) {
    ERR_clear_error();
    int result = SSL_do_handshake(link->session);
    if (result == 1) {
        link_on_proved(link);
    } else {
        link_on_stall(link, result);
    }
}

static void link_take_greeting(struct link *link) {
    uint8_t received[GREETING_BYTES];
    while (link->greeting_bytes < GREETING_BYTES) {
        ERR_clear_error();
        int result = SSL_read(link->session, received, (int)(GREETING_BYTES - link->greeting_bytes));
        if (result <= 0) {
            link_on_stall(link, result);
            return;
        }
        if (memcmp(received, greeting, (size_t)result) != 0) {
            link_end(link, STATUS_BAD_VALUE);
            return;
        }
        link->greeting_bytes += (size_t)result;
    }
    link_come_up(link);
}

static void link_deliver(struct link *link) {
    enum status status = STATUS_OK;
    while (link->state == LINK_UP) {
        struct slice frame;
        status = frames_next(&link->frames, &frame);
        if (status != STATUS_OK) break;
        link->peer->stats.frames_in += 1;
        link->peer->stats.bytes_in += frame.bytes;
        transport_tell_frame(link->transport, link->peer->number, frame);
    }
    if (status != STATUS_OK && status != STATUS_MISSING) link_end(link, status);
}

static void link_receive(struct link *link) {
    while (link->state == LINK_UP) {
        uint8_t *room;
        size_t room_bytes;
        if (frames_reserve(&link->frames, &room, &room_bytes) != STATUS_OK) {
            link_end(link, STATUS_OK);
            return;
        }
        ERR_clear_error();
        int result = SSL_read(link->session, room, (int)room_bytes);
        if (result <= 0) {
            link_on_stall(link, result);
            return;
        }
        frames_commit(&link->frames, (size_t)result);
        link_deliver(link);
    }
}

static void link_advance(struct link *link) {
    if (link->state == LINK_HANDSHAKING) link_handshake(link);
    if (link->state == LINK_GREETING) link_take_greeting(link);
    if (link->state == LINK_UP) link_receive(link);
    link_push(link);
}

static void link_on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room) {
    (void)suggested;
    struct link *link = handle->data;
    *ret_room = uv_buf_init((char *)link->transport->input, (unsigned int)INPUT_BYTES);
}

static void link_on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *room) {
    struct link *link = stream->data;
    if (bytes == 0 || link->state == LINK_ENDED) return;
    if (bytes < 0) {
        link_end(link, link_break_status(link));
        return;
    }
    if (link->state == LINK_HANDSHAKING) {
        link->unproved_bytes += (size_t)bytes;
        if (link->unproved_bytes > UNPROVED_BYTES_MAX) {
            link_end(link, STATUS_TOO_MANY);
            return;
        }
    }
    link->pipe.input = slice_of(room->base, (size_t)bytes);
    link_advance(link);
    link->pipe.input = slice_of(NULL, 0);
}

void link_begin(struct link *link) {
    CHECK(link->state == LINK_CONNECTING);
    link_note_address(link);
    link_set_options(link);
    link->identity = *link_next_identity(link);
    link->session = tls_session(&link->transport->tls, link->identity, &link->pipe, link->dialled, link);
    if (link->session == NULL || uv_read_start((uv_stream_t *)&link->tcp, link_on_room, link_on_read) != 0) {
        link_end(link, STATUS_OK);
        return;
    }
    link->state = LINK_HANDSHAKING;
    link_advance(link);
}
