#include "transport/listener.h"

#include <stdio.h>

#include "base/check.h"
#include "transport/state.h"

/* Connections that the system holds for us until the loop comes round. */
#define LISTEN_BACKLOG 128

static void listener_remember(struct link *link) {
    struct transport *transport = link->transport;
    link->older = transport->half_open_newest;
    if (link->older != NULL) {
        link->older->newer = link;
    } else {
        transport->half_open_oldest = link;
    }
    transport->half_open_newest = link;
    transport->half_open += 1;
}

void listener_forget(struct link *link) {
    struct transport *transport = link->transport;
    if (link->older != NULL) {
        link->older->newer = link->newer;
    } else {
        CHECK(transport->half_open_oldest == link);
        transport->half_open_oldest = link->newer;
    }
    if (link->newer != NULL) {
        link->newer->older = link->older;
    } else {
        CHECK(transport->half_open_newest == link);
        transport->half_open_newest = link->older;
    }
    link->older = link->newer = NULL;
    transport->half_open -= 1;
}

void listener_end_all(struct transport *transport) {
    while (transport->half_open_oldest != NULL) link_end(transport->half_open_oldest, STATUS_OK);
}

void listener_end_claims(struct peer *peer) {
    struct link *link = peer->transport->half_open_oldest;
    while (link != NULL) {
        struct link *newer = link->newer;
        if (link->peer == peer) link_end(link, STATUS_OK);
        link = newer;
    }
}

void listener_accept(struct transport *transport) {
    if (transport->half_open >= transport->members_count + HALF_OPEN_SPARE) {
        link_end(transport->half_open_oldest, STATUS_BUSY);
    }
    if (transport->closing) return;
    struct link *link = link_new(transport, NULL);
    /* libuv holds the connection, and listens no further, until it is accepted: without memory now, a later turn. */
    transport->unaccepted = link == NULL;
    if (link == NULL) return;
    listener_remember(link);
    if (uv_accept((uv_stream_t *)&transport->listener, (uv_stream_t *)&link->tcp) != 0) {
        link_end(link, STATUS_OK);
        return;
    }
    link_begin(link);
}

static void listener_on_connection(uv_stream_t *stream, int result) {
    struct transport *transport = stream->data;
    if (result == 0 && !transport->closing) listener_accept(transport);
}

static enum status listener_resolve(struct transport *transport, const char *host, uint16_t port,
                                    struct sockaddr_storage *ret_address) {
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)ret_address) == 0) return STATUS_OK;
    if (uv_ip6_addr(host, port, (struct sockaddr_in6 *)ret_address) == 0) return STATUS_OK;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned int)port);
    uv_getaddrinfo_t request;
    /* Without a callback libuv looks up before it returns; a member that starts has nothing else to do. */
    if (uv_getaddrinfo(transport->loop, &request, NULL, host, service, &hints) != 0) return STATUS_UNAVAILABLE;
    const struct addrinfo *first = request.addrinfo;
    enum status status = STATUS_UNAVAILABLE;
    if (first != NULL && first->ai_addrlen <= sizeof *ret_address) {
        memcpy(ret_address, first->ai_addr, first->ai_addrlen);
        status = STATUS_OK;
    }
    uv_freeaddrinfo(request.addrinfo);
    return status;
}

static enum status listener_explain(int error, const char *host, uint16_t port, char *ret_detail,
                                    size_t detail_bytes) {
    const unsigned int number = port;
    switch (error) {
    case UV_EADDRINUSE:
        (void)snprintf(ret_detail, detail_bytes, "port %u of %s is in use", number, host);
        return STATUS_UNAVAILABLE;
    case UV_EADDRNOTAVAIL:
        (void)snprintf(ret_detail, detail_bytes, "%s is not an address of this machine", host);
        return STATUS_UNAVAILABLE;
    case UV_EACCES:
        (void)snprintf(ret_detail, detail_bytes, "not allowed to listen on port %u of %s", number, host);
        return STATUS_UNAVAILABLE;
    default:
        (void)snprintf(ret_detail, detail_bytes, "cannot listen on port %u of %s: %s", number, host,
                       uv_strerror(error));
        return STATUS_IO;
    }
}

enum status listener_open(struct transport *transport, const char *host, uint16_t port, char *ret_detail,
                          size_t detail_bytes) {
    if (host == NULL) host = "0.0.0.0";
    struct sockaddr_storage address = {0};
    if (listener_resolve(transport, host, port, &address) != STATUS_OK) {
        (void)snprintf(ret_detail, detail_bytes, "%s has no address", host);
        return STATUS_UNAVAILABLE;
    }
    int error = uv_tcp_bind(&transport->listener, (const struct sockaddr *)&address, 0);
    if (error == 0) {
        error = uv_listen((uv_stream_t *)&transport->listener, LISTEN_BACKLOG, listener_on_connection);
    }
    return error == 0 ? STATUS_OK : listener_explain(error, host, port, ret_detail, detail_bytes);
}
