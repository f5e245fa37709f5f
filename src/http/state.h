/* The server's own structures; private to this room. */
#ifndef HTTP_STATE_H
#define HTTP_STATE_H

#include <microhttpd.h>

#include "http/cursor.h"
#include "http/events.h"
#include "http/form.h"
#include "http/guard.h"
#include "http/http.h"
#include "http/metrics.h"
#include "http/page.h"
#include "http/receipts.h"
#include "http/router.h"
#include "http/snapshots.h"
#include "http/told.h"

/* What an acknowledgement means, each including the ones before (docs/protocol.md 2). */
enum ack { ACK_NONE, ACK_LOCAL, ACK_AVAILABLE, ACK_COMMITTED, ACK_FINAL };
enum read { READ_LOCAL, READ_COMMITTED, READ_FINAL };

/* Refused items that an answer names one by one; the rest is counted. */
enum { REFUSALS_NAMED = 16 };

/* "..." around 32 hex digits, NUL included. */
enum { ANSWER_TAG_HASH_BYTES = 16, ANSWER_TAG_BYTES = 2 * ANSWER_TAG_HASH_BYTES + 3 };
/* Batches of each lane that one answer shows at most. */
enum { HISTORY_BATCHES_MAX = 64 };
/* Answers about questions that are kept ready made. */
enum { CACHE_SLOTS = 1024 };

/* Where the items of one request went: from (first_seq, first_index) to (seq, index) in the own lane. */
struct submission {
    uint64_t accepted;
    uint64_t duplicates; /* said before, word for word */
    bool is_placed;      /* there is at least one of either, and so the places below */
    uint64_t first_seq;
    uint64_t seq;
    uint32_t first_index;
    uint32_t index;
    bool is_void; /* the lane began again with another key before they were executed */
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
    bool is_routed;      /* `route` and what belongs to it are filled in */
    uint32_t member;     /* of routes with a proof: against whom, */
    uint32_t proof;      /* and which one */
    enum status problem; /* of routes with a kind of problem */
    uint64_t epoch;      /* of routes with an epoch */
    /* Of routes with a file of the page. */
    const struct page_file *page_file;
    struct receipts_wanted receipt; /* of the route of receipts */
    struct snapshots_wanted chunk;  /* of the route of chunks */
    enum ack ack;
    enum read read;
    bool is_atomic;
    bool is_lines;
    struct cursor from;
    uint64_t limit;
    uint32_t types; /* of events that are wanted: a set of enum event_type */
    bool is_of_question;
    char instance[REFUSAL_INSTANCE_BYTES]; /* the path, for problems */

    uint8_t *body;
    size_t body_bytes;
    size_t body_capacity;
    size_t discarded; /* bytes of a body that is not wanted any more */

    bool is_answered;
    unsigned code;
    bool is_temporary; /* refused for now only: the answer says when to come again */
    const char *type;  /* of the answer's content */
    struct text text;
    char tag[ANSWER_TAG_BYTES]; /* of the answer; empty: none */
    struct MHD_Response *ready; /* instead of the text: an answer that is kept, or a stream's */
    struct stream *stream;      /* NULL but for events */
    struct link *link;          /* the connection it came on */

    /* While it waits. */
    bool is_waiting;
    bool is_late; /* the time is up: it must be answered now */
    uint64_t deadline_ms;
    struct request *next;
    struct request *previous;
    struct submission submission;
};

/* All that listen to events. */
struct streams {
    struct stream *first;
    struct stream *awake; /* the next to be woken in this round; NULL: no round is under way */
    bool is_behind;       /* something was published since the round began */
    uint32_t count;
    uint32_t most;
};

/* Certificates since the start, by their checkpoints. */
enum { CERTIFIED_KEPT = 256 };
struct certified {
    uint64_t count; /* ever; the newest is at (count - 1) modulo CERTIFIED_KEPT */
    struct {
        struct checkpoint checkpoint;
        uint32_t signers;
    } ring[CERTIFIED_KEPT];
};

struct http {
    uv_loop_t *loop;
    struct http_backend backend;
    struct hash tokens[ROLE_ADMIN + 1]; /* their SHA-256: comparing hashes tells nothing about lengths */
    bool has_token[ROLE_ADMIN + 1];
    size_t body_bytes_max;
    uint16_t port;
    uint32_t self;

    struct MHD_Daemon *daemon;
    uv_poll_t poll;       /* libmicrohttpd's epoll descriptor */
    uv_timer_t timer;     /* its next timeout */
    uv_timer_t deadlines; /* runs while anything waits */
    uv_timer_t pulse;     /* what is done little by little: waking streams, ending idle connections, reading back */
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
    /* Batches of the own lane that another key made void: what they said is said again, in batches up to `until`. */
    struct {
        uint64_t first;
        uint64_t last;
        uint64_t until; /* UINT64_MAX: not known yet */
    } again;

    struct request *waiting;
    uint32_t waiting_count;
    size_t bodies_bytes; /* capacity of all bodies */
    struct metrics_http metrics;
    struct guard guard;
    uint64_t swept_ms;
    struct events events;
    struct streams streams;
    struct told told;
    struct recall {
        uint64_t seq;  /* of the batch that is read */
        uint64_t last; /* the newest one of the time before */
        uint8_t *body; /* its items; NULL between batches */
        struct item_cursor cursor;
        uint32_t index;
    } recall;
    struct certified certified; /* those of this run, for lists */
    struct cached {
        struct question_id id;
        uint64_t height;
        uint64_t certified_height;
        struct MHD_Response *response; /* NULL: the slot is free */
        char tag[ANSWER_TAG_BYTES];
    } cache[CACHE_SLOTS];
    struct header header;               /* of a batch that is looked at */
    uint8_t content[CONTENT_BYTES_MAX]; /* decoded content of the item that is being read */
};

struct replica *http_replica(const struct http *http);
enum http_disk http_disk(const struct http *http);
struct http_kept http_kept(const struct http *http);
struct replica_time http_now(const struct http *http);
/* Drives libmicrohttpd; not from inside one of its callbacks. */
void http_pump(struct http *http);
/* There is something to be done in portions. */
void http_hurry(struct http *http);

/* answer.c: each request is answered once. */
void answer_text(struct request *request, unsigned code, const char *type, struct text *text);
void answer_json(struct request *request, unsigned code, struct text *text);
/* Takes the problem that the text holds (refusal_open). */
void answer_problem(struct request *request, const struct refusal *refusal, struct text *text);
/* A response that stays its owner's, with its tag or "". */
void answer_ready(struct request *request, struct MHD_Response *response, const char *tag);
/* Made from the text, which is taken over; NULL when memory runs out. */
struct MHD_Response *answer_response(struct text *text, const char *type, const char *tag);
void answer_tag(struct slice text, char ret_tag[ANSWER_TAG_BYTES]);
void answer_refusal(struct request *request, const struct refusal *refusal);
void answer_status(struct request *request, enum status status, const char *what);
enum MHD_Result answer_send(struct request *request);

/* arguments.c: everything about a request but its body. Answers it when it is refused. */
void arguments_read(struct request *request, const char *method, const char *path);

/* reads.c, writes.c: answer the request, or let it wait. Called again with is_late set, or when news came. */
void reads_handle(struct request *request);
/* certificates.c, history.c, problems.c, proofs.c, stream.c: the reads of their resources. */
void certificates_handle_question(struct request *request);
void certificates_handle_family(struct request *request);
void certificates_handle_list(struct request *request);
/* Says why there is no certificate. */
void certificates_answer_failed(struct request *request, enum status status);
/* The replica has a newer certificate. */
void certificates_note(struct http *http);
void history_handle_evidence(struct request *request);
void history_handle_lanes(struct request *request);
void problems_handle(struct request *request);
void page_handle(struct request *request);
void page_handle_file(struct request *request);
void page_handle_genesis(struct request *request);

/* proposals.c */
/* The change that the body asks for. */
enum status proposals_draft(struct request *request, struct draft *draft, struct refusal *ret_refusal) MUST_USE;
void proposals_handle_list(struct request *request);
void proposals_handle_handover(struct request *request);
/* Whether too few have signed the handover of the epoch that ended last, without which nothing can be certified. */
bool proposals_lack_handover(struct http *http, uint64_t *ret_epoch);

/* The first seq of the next key's stretch of the lane. */
static inline uint64_t http_next_stretch(uint64_t seq) { return seq_base(seq_epoch(seq) + 1) + 1; }

/* receipts.c, snapshots.c */
void receipts_handle(struct request *request);
void snapshots_handle_certificate(struct request *request);
void snapshots_handle_chunk(struct request *request);
void proofs_handle_list(struct request *request);
void proofs_handle_one(struct request *request);
void stream_handle(struct request *request);

/* stream.c */
/* What was taken is durable now: streams are woken soon. */
void stream_publish(struct http *http);
/* Wakes a portion of them; true when the daemon has to run. */
bool stream_settle(struct http *http);
/* When the next portion is due; UINT64_MAX: none is. */
uint64_t stream_patience_ms(const struct http *http);
void stream_sweep(struct http *http, uint64_t now_ms);
/* The server closes: all of them end. */
void stream_end_all(struct http *http);
/* The request is over. */
void stream_free(struct request *request);
void writes_handle(struct request *request);
/* The news are looked at; answers the request when it has what it waits for, or is late. */
void writes_resume(struct request *request);

/* cache.c: the answer about a question as it is committed, made once a height. */
/* NULL: it has to be made. */
struct cached *cache_find(struct http *http, const struct question_id *id);
/* Takes the text over; false when there is no memory for it. */
bool cache_answer(struct request *request, struct text *text);
void cache_free(struct http *http);

/* recall.c: reads back what this member has said before it was started, a little at a time. */
void recall_start(struct http *http);
/* True while there is more. */
bool recall_step(struct http *http);
bool recall_is_whole(const struct http *http);
void recall_free(struct http *http);

/* waiting.c */
/* False when it is late or too many wait already: then it must be answered now. */
bool waiting_add(struct request *request, uint64_t wait_ms);
void waiting_remove(struct request *request);
/* Hands out the news; true when an answer became ready. */
bool waiting_settle(struct http *http);
/* Makes all of them late and answers them: the server closes. */
void waiting_end(struct http *http);

#endif
