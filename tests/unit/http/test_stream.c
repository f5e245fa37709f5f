/* Streams of events over real sockets: what they say, where they go on, and that no reader holds up the member. */
#include "http/events.h"
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "client.h"
#include "world.h"

#define AUTH "Authorization: Bearer " WORLD_TOKEN "\r\n"

static struct world *world;

static int start(void **state) {
    (void)state;
    world = world_start(0);
    return 0;
}

static int stop(void **state) {
    (void)state;
    world_stop(world);
    return 0;
}

/* --- a reader of events --- */

struct reader_of_events {
    int fd;
    char text[1 << 16]; /* what came and is not looked at yet, without the marks of chunks */
    size_t bytes;
    size_t chunk; /* bytes that are left of the chunk */
    char line[16];
    size_t line_bytes;
};

/* The chunked coding (RFC 9112, section 7.1) taken off, byte by byte. */
static void take_byte(struct reader_of_events *reader, char byte) {
    if (reader->chunk > 0) {
        reader->chunk--;
        assert_true(reader->bytes + 1 < sizeof reader->text);
        reader->text[reader->bytes++] = byte;
        reader->text[reader->bytes] = '\0';
        return;
    }
    if (byte != '\n') {
        assert_true(reader->line_bytes + 1 < sizeof reader->line);
        reader->line[reader->line_bytes++] = byte;
        return;
    }
    reader->line[reader->line_bytes] = '\0';
    reader->chunk = strtoul(reader->line, NULL, 16);
    reader->line_bytes = 0;
}

/* False at the end of the connection. */
static bool read_more(struct reader_of_events *reader) {
    char byte;
    if (recv(reader->fd, &byte, 1, 0) <= 0) return false;
    take_byte(reader, byte);
    return true;
}

static void open_stream(struct reader_of_events *reader, const char *arguments, const char *headers) {
    char request[512];
    char head[4096];
    size_t bytes = 0;
    *reader = (struct reader_of_events){.fd = client_connect(world_port(world))};
    int length = snprintf(request, sizeof request, "GET /v1/events%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                          arguments, headers);
    client_send(reader->fd, request, (size_t)length);
    while (bytes < 4 || memcmp(head + bytes - 4, "\r\n\r\n", 4) != 0) {
        assert_true(bytes + 1 < sizeof head);
        assert_int_equal(recv(reader->fd, head + bytes, 1, 0), 1);
        bytes++;
    }
    head[bytes] = '\0';
    assert_non_null(strstr(head, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(head, "Content-Type: text/event-stream"));
}

struct told_event {
    char id[64];
    char type[32];
    json_t *data;
};

/* The next one; comments and what is none are stepped over. */
static void next_event(struct reader_of_events *reader, struct told_event *ret_event) {
    for (;;) {
        char *end = reader->bytes > 0 ? strstr(reader->text, "\n\n") : NULL;
        if (end == NULL) {
            assert_true(read_more(reader));
            continue;
        }
        char *data = strstr(reader->text, "data: ");
        *ret_event = (struct told_event){0};
        bool is_event = data != NULL && data < end;
        if (is_event) {
            const char *id = strstr(reader->text, "id: ");
            const char *type = strstr(reader->text, "event: ");
            assert_true(id != NULL && id < end && type != NULL && type < end);
            assert_int_equal(sscanf(id, "id: %63[^\n]", ret_event->id), 1);
            assert_int_equal(sscanf(type, "event: %31[^\n]", ret_event->type), 1);
            ret_event->data = json_loadb(data + 6, (size_t)(end - data - 6), JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(ret_event->data);
        }
        size_t used = (size_t)(end + 2 - reader->text);
        reader->bytes -= used;
        memmove(reader->text, end + 2, reader->bytes + 1);
        if (is_event) return;
    }
}

static void forget(struct told_event *event) { json_decref(event->data); }

/* Until one of this type came. */
static void wait_for(struct reader_of_events *reader, const char *type, struct told_event *ret_event) {
    for (;;) {
        next_event(reader, ret_event);
        if (strcmp(ret_event->type, type) == 0) return;
        forget(ret_event);
    }
}

static unsigned long long number_in(const char *id) {
    const char *hyphen = strchr(id, '-');
    assert_non_null(hyphen);
    return strtoull(hyphen + 1, NULL, 10);
}

/* --- what happens meanwhile --- */

static struct answer post(const char *target, const char *body) {
    return client_request(world_port(world), "POST", target, AUTH, body, strlen(body));
}

static void ask(const char *title, char ret_id[40]) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"title\":\"%s\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}", title);
    struct answer answer = post("/v1/questions?ack=final", body);
    assert_int_equal(answer.code, 201);
    (void)snprintf(ret_id, 40, "%s", text_of(answer.json, "question"));
    client_free(&answer);
}

static void tell(const char *id, unsigned number) {
    char body[256];
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\",\"observation\":\"o%u\",\"llr\":0.25}", id, number);
    struct answer answer = post("/v1/evidence?ack=committed", body);
    assert_int_equal(answer.code, 200);
    client_free(&answer);
}

static void close_question(const char *id) {
    char body[128];
    (void)snprintf(body, sizeof body, "{\"question\":\"%s\"}", id);
    struct answer answer = post("/v1/close?ack=committed", body);
    assert_int_equal(answer.code, 200);
    client_free(&answer);
}

/* --- the tests --- */

static void question_told_and_closed_then_events_as_reads_have_it(void **state) {
    (void)state;
    static struct reader_of_events reader;
    struct told_event event;
    char id[40];
    char target[128];
    ask("told", id);
    open_stream(&reader, "?types=posterior,verdict", "");
    tell(id, 1);
    wait_for(&reader, "posterior", &event);
    (void)snprintf(target, sizeof target, "/v1/questions/%s", id);
    struct answer read = client_request(world_port(world), "GET", target, "", NULL, 0);
    assert_string_equal(text_of(event.data, "question"), id);
    assert_true(json_equal(json_object_get(event.data, "probabilities"), json_object_get(read.json, "posterior")));
    assert_true(json_equal(json_object_get(event.data, "margin"), json_object_get(read.json, "flip_margin")));
    assert_true(json_equal(json_object_get(event.data, "height"), json_object_get(read.json, "height")));
    client_free(&read);
    forget(&event);
    close_question(id);
    wait_for(&reader, "verdict", &event);
    assert_string_equal(text_of(event.data, "question"), id);
    assert_true(json_is_null(json_object_get(event.data, "hypothesis")));
    forget(&event);
    (void)close(reader.fd);
}

static void height_executed_then_lanes_and_its_certificate(void **state) {
    (void)state;
    static struct reader_of_events reader;
    struct told_event event;
    char id[40];
    open_stream(&reader, "?types=lane,certificate", "");
    ask("executed", id);
    wait_for(&reader, "lane", &event);
    assert_int_equal(strncmp(text_of(event.data, "member"), "member-", 7), 0);
    assert_true(json_integer_value(json_object_get(event.data, "seq")) > 0);
    forget(&event);
    wait_for(&reader, "certificate", &event);
    assert_true(json_integer_value(json_object_get(event.data, "signers")) >= 3);
    assert_string_equal(text_of(event.data, "threshold"), "3/4");
    assert_true(json_is_boolean(json_object_get(event.data, "provisional")));
    forget(&event);
    (void)close(reader.fd);
}

static void stream_of_one_question_then_nothing_of_another(void **state) {
    (void)state;
    static struct reader_of_events reader;
    struct told_event event;
    char id[40];
    char other[40];
    char arguments[128];
    ask("this one", id);
    ask("another", other);
    (void)snprintf(arguments, sizeof arguments, "?types=posterior&question=%s", id);
    open_stream(&reader, arguments, "");
    for (unsigned i = 0; i < 3; i++) tell(other, i);
    tell(id, 1);
    next_event(&reader, &event);
    assert_string_equal(text_of(event.data, "question"), id);
    forget(&event);
    (void)close(reader.fd);
}

/* Broken off and taken up again: the ids go on without a hole. */
static void stream_resumed_then_what_was_missed_and_in_order(void **state) {
    (void)state;
    static struct reader_of_events reader;
    struct told_event event;
    char id[40];
    char header[128];
    ask("resumed", id);
    open_stream(&reader, "", "");
    tell(id, 0);
    next_event(&reader, &event);
    unsigned long long last = number_in(event.id);
    unsigned posteriors = strcmp(event.type, "posterior") == 0;
    (void)snprintf(header, sizeof header, "Last-Event-ID: %s\r\n", event.id);
    forget(&event);
    (void)close(reader.fd);
    for (unsigned i = 1; i < 4; i++) tell(id, i);
    open_stream(&reader, "", header);
    while (posteriors < 4) {
        next_event(&reader, &event);
        assert_int_equal(number_in(event.id), last + 1);
        last = number_in(event.id);
        posteriors += strcmp(event.type, "posterior") == 0;
        assert_string_not_equal(event.type, "gap");
        forget(&event);
    }
    (void)close(reader.fd);
}

/* Of another run of the member, from the future, or no id at all. */
static void stream_resumed_where_nothing_is_known_then_a_gap(void **state) {
    (void)state;
    static const char *const ids[] = {"1-5", "nonsense", "-", "ffffffffffffffff-1", "\"\\", ""};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        static struct reader_of_events reader;
        struct told_event event;
        char header[128];
        char id[40];
        char title[32];
        (void)snprintf(header, sizeof header, "Last-Event-ID: %s\r\n", ids[i]);
        open_stream(&reader, "?types=posterior", header);
        next_event(&reader, &event);
        assert_string_equal(event.type, "gap");
        assert_true(json_is_string(json_object_get(event.data, "after")));
        unsigned long long number = number_in(event.id);
        assert_int_equal(number_in(text_of(event.data, "next")), number + 1);
        forget(&event);
        (void)snprintf(title, sizeof title, "gap %zu", i);
        ask(title, id);
        next_event(&reader, &event);
        assert_string_equal(event.type, "posterior");
        assert_true(number_in(event.id) > number);
        forget(&event);
        (void)close(reader.fd);
    }
}

static void arguments_that_are_none_then_refused(void **state) {
    (void)state;
    static const char *const targets[] = {"/v1/events?types=", "/v1/events?types=posterior,",
                                          "/v1/events?types=gossip", "/v1/events?question=12", "/v1/events?since=1"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct answer answer = client_request(world_port(world), "GET", targets[i], "", NULL, 0);
        assert_true(answer.code == 400 || answer.code == 422);
        client_free(&answer);
    }
}

/* Questions with so many hypotheses that each event about them is a kilobyte; all are told at once, again and again. */
enum { WIDE_QUESTIONS = 128, WIDE_HYPOTHESES = 64, WIDE_ROUNDS = 400 };

static void ask_wide(unsigned number, char ret_id[40]) {
    char body[2048];
    size_t bytes =
        (size_t)snprintf(body, sizeof body, "{\"title\":\"wide %u\",\"mode\":\"pool\",\"hypotheses\":[", number);
    for (unsigned i = 0; i < WIDE_HYPOTHESES; i++)
        bytes += (size_t)snprintf(body + bytes, sizeof body - bytes, "%s\"h%u\"", i > 0 ? "," : "", i);
    (void)snprintf(body + bytes, sizeof body - bytes, "]}");
    struct answer answer = post("/v1/questions?ack=local", body);
    assert_int_equal(answer.code, 201);
    (void)snprintf(ret_id, 40, "%s", text_of(answer.json, "question"));
    client_free(&answer);
}

static void tell_all(char ids[][40], unsigned round) {
    static char body[WIDE_QUESTIONS * 512];
    size_t bytes = 0;
    for (unsigned i = 0; i < WIDE_QUESTIONS; i++) {
        bytes += (size_t)snprintf(body + bytes, sizeof body - bytes,
                                  "{\"question\":\"%s\",\"observation\":\"r%u\",\"loglik\":[0", ids[i], round);
        for (unsigned h = 1; h < WIDE_HYPOTHESES; h++)
            bytes += (size_t)snprintf(body + bytes, sizeof body - bytes, ",0.00%u", h % 10);
        bytes += (size_t)snprintf(body + bytes, sizeof body - bytes, "]}\n");
    }
    struct answer answer = post("/v1/evidence?ack=committed", body);
    assert_int_equal(answer.code, 200);
    client_free(&answer);
}

static bool is_any_dropped(void) {
    struct answer answer = client_request(world_port(world), "GET", "/metrics", "", NULL, 0);
    bool is_none = strstr(answer.text, "credimus_http_streams_dropped_total 0\n") != NULL;
    client_free(&answer);
    return !is_none;
}

/* So many events that no buffer holds them, and a reader that takes none: the others go on, and it is ended. */
static void stream_not_read_then_it_is_ended_and_others_go_on(void **state) {
    (void)state;
    static struct reader_of_events reader;
    static struct reader_of_events deaf;
    static char ids[WIDE_QUESTIONS][40];
    struct told_event event;
    unsigned round = 0;
    for (unsigned i = 0; i < WIDE_QUESTIONS; i++) ask_wide(i, ids[i]);
    open_stream(&deaf, "", "");
    open_stream(&reader, "?types=certificate", "");
    do {
        tell_all(ids, round++);
    } while (round < WIDE_ROUNDS && !is_any_dropped());
    assert_true(is_any_dropped());
    wait_for(&reader, "certificate", &event);
    forget(&event);
    (void)close(reader.fd);
    (void)close(deaf.fd);
}

/* The server closes with streams that wait. */
static void server_closes_then_streams_end(void **state) {
    (void)state;
    static struct reader_of_events reader;
    open_stream(&reader, "?types=misbehaviour", "");
    while (strstr(reader.text, "retry: ") == NULL) assert_true(read_more(&reader));
    world_stop(world);
    while (read_more(&reader)) continue;
    (void)close(reader.fd);
    world = world_start(0);
}

/* Runs last: the group is another one afterwards. */
static void epoch_ended_then_told_what_the_next_is(void **state) {
    (void)state;
    static struct reader_of_events reader;
    struct told_event event;
    open_stream(&reader, "?types=epoch", "");
    world_second(world, 2);
    struct answer answer = post("/v1/proposals", "{\"change\":\"threshold\",\"threshold\":\"4/5\"}");
    assert_int_equal(answer.code, 200);
    client_free(&answer);
    wait_for(&reader, "epoch", &event);
    assert_int_equal(json_integer_value(json_object_get(event.data, "epoch")), 1);
    assert_true(json_integer_value(json_object_get(event.data, "height")) > 0);
    assert_int_equal(json_integer_value(json_object_get(event.data, "members")), 4);
    assert_string_equal(text_of(event.data, "threshold"), "4/5");
    forget(&event);
    (void)close(reader.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question_told_and_closed_then_events_as_reads_have_it),
        cmocka_unit_test(height_executed_then_lanes_and_its_certificate),
        cmocka_unit_test(stream_of_one_question_then_nothing_of_another),
        cmocka_unit_test(stream_resumed_then_what_was_missed_and_in_order),
        cmocka_unit_test(stream_resumed_where_nothing_is_known_then_a_gap),
        cmocka_unit_test(arguments_that_are_none_then_refused),
        cmocka_unit_test(stream_not_read_then_it_is_ended_and_others_go_on),
        cmocka_unit_test(server_closes_then_streams_end),
        cmocka_unit_test(epoch_ended_then_told_what_the_next_is),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
