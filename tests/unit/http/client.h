/* A small blocking HTTP client for tests: one request a connection, every byte under the test's control. */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
    unsigned code; /* 0: the connection ended without an answer */
    char *text;    /* the whole answer, ended by a NUL */
    char *body;    /* inside of it */
    json_t *json;  /* of the body; NULL when it is none */
};

/* `headers` is "" or lines that each end in CRLF. Content-Length is added when there is a body. */
struct answer client_request(uint16_t port, const char *method, const char *target, const char *headers,
                             const void *body, size_t body_bytes);
/* Sends bytes as they are and reads until the other end closes. */
struct answer client_raw(uint16_t port, const void *bytes, size_t count);
void client_free(struct answer *answer);

/* A connection of one's own. */
int client_connect(uint16_t port);
void client_send(int fd, const void *bytes, size_t count);
struct answer client_read(int fd);

#endif
