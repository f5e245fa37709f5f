#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 60 };

int client_connect(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("client_connect");
        abort();
    }
    return fd;
}

void client_send(int fd, const void *bytes, size_t count) {
    const char *from = bytes;
    while (count > 0) {
        ssize_t sent = send(fd, from, count, MSG_NOSIGNAL);
        if (sent <= 0) return; /* refused early: the answer says why */
        from += sent;
        count -= (size_t)sent;
    }
}

struct answer client_read(int fd) {
    struct answer answer = {0};
    size_t capacity = 1 << 16;
    size_t bytes = 0;
    answer.text = malloc(capacity);
    for (;;) {
        ssize_t got = recv(fd, answer.text + bytes, capacity - bytes - 1, 0);
        if (got <= 0) break;
        bytes += (size_t)got;
        if (capacity - bytes < 4096) answer.text = realloc(answer.text, capacity *= 2);
    }
    (void)close(fd);
    answer.text[bytes] = '\0';
    answer.body = strstr(answer.text, "\r\n\r\n");
    if (answer.body == NULL || sscanf(answer.text, "HTTP/1.1 %u", &answer.code) != 1) return answer;
    answer.body += 4;
    answer.json = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    return answer;
}

struct answer client_raw(uint16_t port, const void *bytes, size_t count) {
    int fd = client_connect(port);
    client_send(fd, bytes, count);
    return client_read(fd);
}

struct answer client_request(uint16_t port, const char *method, const char *target, const char *headers,
                             const void *body, size_t body_bytes) {
    char head[4096];
    char length[64] = "";
    if (body != NULL) (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", body_bytes);
    int bytes = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s%s\r\n",
                         method, target, length, headers);
    int fd = client_connect(port);
    client_send(fd, head, (size_t)bytes);
    if (body != NULL) client_send(fd, body, body_bytes);
    return client_read(fd);
}

void client_free(struct answer *answer) {
    json_decref(answer->json);
    free(answer->text);
    *answer = (struct answer){0};
}

const char *text_of(const json_t *json, const char *name) {
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "(none)";
}

json_int_t number_of(const json_t *json, const char *name) {
    const json_t *number = json_object_get(json, name);
    return json_is_integer(number) ? json_integer_value(number) : -1;
}

void expect_code(const struct answer *answer, unsigned code) {
    if (answer->code != code) print_error("%u: %s\n", answer->code, answer->text);
    assert_int_equal(answer->code, code);
}
