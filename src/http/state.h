/* The server's own structures; private to this room. */
#ifndef HTTP_STATE_H
#define HTTP_STATE_H

#include <microhttpd.h>

#include "http/form.h"
#include "http/http.h"
#include "http/metrics.h"
#include "http/router.h"

/* What an acknowledgement means, each including the ones before (docs/protocol.md 2). */
enum ack { ACK_NONE, ACK_LOCAL, ACK_AVAILABLE, ACK_COMMITTED, ACK_FINAL };
enum read { READ_LOCAL, READ_COMMITTED, READ_FINAL };

/* Refused items that an answer names one by one; the rest is counted. */
enum { REFUSALS_NAMED = 16 };

/* Where the items of one request went: from (first_seq, first_index) to (seq, index) in the own lane. */
struct submission {
    uint64_t accepted;
    uint64_t first_seq;
    uint64_t seq;
    uint32_t first_index;
    uint32_t index;
    bool is_executed;
    uint64_t height; /* of the block that executed the last of them, when is_executed */
    uint64_t refused_count;
    struct {
        uint64_t seq;
        uint32_t index;
        enum status why;
    } refused[REFUSALS_NAMED];
    struct question_id question; /* of an ask */
    bool existed;                /* the question was there before */
    bool is_cut_short;           /* an item was refused; those before it were kept */
    struct refusal refusal;      /* why, at `line` and `position` */
    uint64_t line;
    uint64_t position;
};

struct request {
    struct http *http;
    struct MHD_Connection *connection;
    enum route_name route;
    struct question_id id;            /* of routes with a question */
    uint8_t family[FAMILY_BYTES_MAX]; /* of routes with a family: its name */
    uint32_t family_bytes;
    enum ack ack;
    enum read read;
    bool is_atomic;
    bool is_lines;
    uint64_t from;
    uint64_t limit;

    uint8_t *body;
    size_t body_bytes;
    size_t body_capacity;
    size_t discarded; /* bytes of a body that is not wanted any more */

    bool is_answered;
    unsigned code;
    const char *type; /* of the answer's content */
    struct text text;

    /* While it waits. */
    bool is_waiting;
    bool is_late; /* the time is up: it must be answered now */
    uint64_t deadline_ms;
    struct request *next;
    struct request *previous;
    struct submission submission;
};

struct http {
    uv_loop_t *loop;
    struct http_backend backend;
    struct hash token; /* its SHA-256: comparing hashes tells nothing about lengths */
    size_t body_bytes_max;
    uint16_t port;
    uint32_t self;

    struct MHD_Daemon *daemon;
    uv_poll_t poll;       /* libmicrohttpd's epoll descriptor */
    uv_timer_t timer;     /* its next timeout */
    uv_timer_t deadlines; /* runs while anything waits */
    uv_prepare_t prepare; /* end of a turn of the loop: news are handed out */
    unsigned handles;     /* of the loop, not closed yet */
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;

    /* News since the last answers went out. */
    bool has_news;
    bool has_certified; /* and it is durable */
    uint64_t durable_seq;
    uint64_t certified_height; /* durable */
    uint64_t available_seq;
    uint64_t executed_seq;
    uint64_t executed_height;

    struct request *waiting;
    uint32_t waiting_count;
    size_t bodies_bytes; /* capacity of all bodies */
    struct metrics_http metrics;
    uint8_t content[CONTENT_BYTES_MAX]; /* decoded content of the item that is being read */
};

struct replica *http_replica(const struct http *http);
enum http_disk http_disk(const struct http *http);
struct replica_time http_now(const struct http *http);
/* Drives libmicrohttpd; not from inside one of its callbacks. */
void http_pump(struct http *http);

/* answer.c: each request is answered once. */
void answer_text(struct request *request, unsigned code, const char *type, struct text *text);
void answer_json(struct request *request, unsigned code, struct text *text);
void answer_refusal(struct request *request, const struct refusal *refusal);
void answer_status(struct request *request, enum status status, const char *what);
enum MHD_Result answer_send(struct request *request);

/* arguments.c: everything about a request but its body. Answers it when it is refused. */
void arguments_read(struct request *request, const char *method, const char *path);

/* reads.c, writes.c: answer the request, or let it wait. Called again with is_late set, or when news came. */
void reads_handle(struct request *request);
void writes_handle(struct request *request);
/* The news are looked at; answers the request when it has what it waits for, or is late. */
void writes_resume(struct request *request);

/* waiting.c */
/* False when it is late or too many wait already: then it must be answered now. */
bool waiting_add(struct request *request, uint64_t wait_ms);
void waiting_remove(struct request *request);
/* Hands out the news; true when an answer became ready. */
bool waiting_settle(struct http *http);
/* Makes all of them late and answers them: the server closes. */
void waiting_end(struct http *http);

#endif
