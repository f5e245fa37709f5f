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

/* A field of an answer's JSON: "(none)", or -1, when it is not there or something else. */
const char *text_of(const json_t *json, const char *name);
json_int_t number_of(const json_t *json, const char *name);
/* Fails the test, and shows the answer, unless it has this code. */
void expect_code(const struct answer *answer, unsigned code);

/* A connection of one's own. */
int client_connect(uint16_t port);
void client_send(int fd, const void *bytes, size_t count);
struct answer client_read(int fd);

#endif
