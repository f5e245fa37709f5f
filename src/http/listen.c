/* Listening. The name is resolved once, while the member starts. */
#include "http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static uint16_t port_of(const struct sockaddr_storage *address) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->ss_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    memcpy(&v4, address, sizeof v4);
    return ntohs(v4.sin_port);
}

/* 0, or what errno says. */
static int listen_at(const struct addrinfo *info, int *ret_socket, uint16_t *ret_port) {
    int on = 1;
    struct sockaddr_storage bound = {0};
    socklen_t bytes = sizeof bound;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)&bound, &bytes) == 0) {
        *ret_socket = fd;
        *ret_port = port_of(&bound);
        return 0;
    }
    int error = errno;
    (void)close(fd);
    return error;
}

enum status listen_open(const char *host, uint16_t port, int *ret_socket, uint16_t *ret_port, char *ret_detail,
                        size_t detail_bytes) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    int failure = getaddrinfo(host, service, &hints, &found);
    if (failure != 0) {
        (void)snprintf(ret_detail, detail_bytes, "%s cannot be resolved: %s", host, gai_strerror(failure));
        return STATUS_UNAVAILABLE;
    }
    int error = listen_at(found, ret_socket, ret_port);
    freeaddrinfo(found);
    if (error == 0) return STATUS_OK;
    if (error == EADDRINUSE) {
        (void)snprintf(ret_detail, detail_bytes, "port %u of %s is in use", port, host);
    } else {
        (void)snprintf(ret_detail, detail_bytes, "cannot listen on port %u of %s: %s", port, host, strerror(error));
    }
    return error == EADDRINUSE || error == EADDRNOTAVAIL || error == EACCES ? STATUS_UNAVAILABLE : STATUS_IO;
}
