/* HTTP: the JSON API of one member, its metrics and health, on the caller's libuv loop (docs/ARCHITECTURE.md).
 *
 * Everything runs on the loop's thread: libmicrohttpd is driven through its epoll descriptor, requests read the
 * replica directly, and a request that waits for something (an acknowledgement, a certificate) is suspended until
 * http_committed or http_on_event brings the news. Nothing here blocks.
 *
 * Invariants: a submission is answered only once it is as safe as its `ack` asks, at least durable in the own lane;
 * whatever a client sends is answered by a status code and, when it is refused, by problem details (RFC 9457), changes
 * nothing then, and costs bounded memory (HTTP_WAITING_MAX suspended requests, a budget for all bodies together).
 *
 *     POST /v1/questions            ask; ?ack=local|available|committed|final, default committed
 *     POST /v1/evidence             tell: one object, an array, or lines; ?ack= default local; ?atomic=true|false
 *     POST /v1/retract              as evidence
 *     POST /v1/close                as evidence
 *     POST /v1/questions/ID/reveal  opens what the question hides; no body; ?ack= default committed
 *     POST /v1/families/NAME/close  closes a family and calibrates it; no body; ?ack= default committed
 *     POST /v1/proposals            another member, key or threshold (http/proposal.h); ?ack= default committed
 *     GET  /v1/questions            ?cursor=&limit=
 *     GET  /v1/questions/ID         ?read=local|committed|final, default committed
 *     GET  /v1/questions/ID/evidence   ?cursor=&limit= by member, in the order of its lane
 *     GET  /v1/families             ?cursor=&limit=
 *     GET  /v1/families/NAME        ?cursor=&limit= of its questions
 *     GET  /v1/members              ?cursor=&limit=
 *     GET  /v1/proposals            who proposes what in this epoch
 *     GET  /v1/handovers/EPOCH      what ended an epoch, for light clients (wire/handover.h)
 *     GET  /v1/lanes                ?cursor=&limit= of batches of each lane
 *     GET  /v1/certificates         ?cursor=&limit= newest first
 *     GET  /v1/certificates/ID      of a question
 *     GET  /v1/certificates/families/NAME
 *     GET  /v1/snapshot             the certificate of the state that names the newest snapshot
 *     GET  /v1/snapshot/HEIGHT/CHUNK  a chunk of it (http/snapshots.h)
 *     GET  /v1/receipts/...         COSE Receipts (http/receipts.h)
 *     GET  /v1/status
 *     GET  /v1/proofs               ?cursor=&limit= misbehaviour: the signed statements that prove it
 *     GET  /v1/proofs/ID            one of them as a file
 *     GET  /v1/events               ?types=&question= server-sent events (http/events.h)
 *     GET  /v1/problems/NAME        what a kind of refusal means
 *     GET  /metrics /healthz /readyz
 *
 * web/openapi.yaml says all of it in full; a test holds the two together. NAME is percent-encoded (RFC 3986). Nothing
 * that is answered, counted or logged tells a canary from an ordinary question before it is revealed.
 *
 * What was said before in the same words is said already: it is answered as the first time, with "duplicate": true. All
 * or nothing (atomic) means that every item of a request is new, or a repetition of that kind.
 *
 * Writes need "Authorization: Bearer TOKEN" with a token for writing or for administration, reveals, proposals and the
 * closing of families the latter; reads that do not come from this machine need any token, but for the two of health. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "replica/replica.h"

/* A body, when the configuration says 0. */
#define HTTP_BODY_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* All bodies that are held at one time, in units of the largest one. */
#define HTTP_BODIES_MAX 8
/* Streams of events that are open at one time; fewer when the system allows fewer files. */
#define HTTP_STREAMS_MAX 10000
/* Connections that are no streams. */
#define HTTP_CONNECTIONS_MAX 2048
/* Files that are left to the rest of the process. */
#define HTTP_FILES_SPARED 512
/* Suspended requests: fewer than connections, so that health and status are answered even then. */
#define HTTP_WAITING_MAX 1024
/* How long a read waits for a certificate, and a write for the acknowledgement it asked for. */
#define HTTP_READ_WAIT_MS  2000
#define HTTP_WRITE_WAIT_MS 30000
/* A connection that says nothing for so long is closed. */
#define HTTP_IDLE_S 30
/* Enough for every message that http_open writes. */
#define HTTP_DETAIL_BYTES 256

struct http;

/* What the disk of the member leaves it to do. */
enum http_disk {
    HTTP_DISK_ROOM,
    HTTP_DISK_LOW,  /* no submissions are taken, everything else goes on */
    HTTP_DISK_FULL, /* what happened last is not durable and waits for room: only reads go on */
};

/* An entry of the log that somebody wants a receipt of: the verdict of a question, or the header of a batch. */
struct http_entry {
    bool is_batch;
    struct question_id question;
    uint32_t member;
    uint64_t seq;
};

/* What the member's ledger has of the past. */
struct http_kept {
    uint64_t from;     /* the first height whose block and batches are kept */
    uint64_t snapshot; /* the height of the newest snapshot that is kept; 0: none */
};

/* What the server asks of the member that it belongs to. Called on the loop, only while a request is handled; none of
 * them may call back into this room (http_on_event by way of the replica excepted). */
struct http_backend {
    void *context;
    struct replica *(*replica)(void *context);
    void (*now)(void *context, struct replica_time *ret_now);
    /* Items were taken by replica_submit: the owner runs replica_flush and commits the ledger at the end of this turn
     * of the loop, then calls http_committed. */
    void (*submitted)(void *context);
    /* False: no submissions now; `ret_why` says why (DISK_FULL: 507, everything else: 503). */
    bool (*accepting)(void *context, enum status *ret_why);
    /* For status and metrics; NULL: always room. */
    enum http_disk (*disk)(void *context);
    /* What an ask of this member carries to hide `hypothesis`, the true one of a canary or OPENING_ORDINARY; the same
     * for the same question. */
    void (*commit)(void *context, const struct item_ask *ask, uint32_t hypothesis, struct hash *ret_commitment);
    /* What the commitment of a question hides. STATUS_WRONG_OPENING: it was not made with this member's key. The salt
     * is a secret until it is submitted. */
    enum status (*open)(void *context, const struct record_belief *belief, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
                        uint32_t *ret_hypothesis);
    /* The certificate file of a family, by its index; as below. */
    enum status (*certificate_family)(void *context, uint32_t family, struct slice *ret_file);
    /* The certificate file of a question, by its index in the order of creation. `ret_file` is borrowed until the
     * next call. STATUS_NOT_FINAL: no certificate covers it yet. */
    enum status (*certificate)(void *context, uint64_t question, struct slice *ret_file);
    /* A receipt (docs/receipts.md) and the entry that it is about; both are borrowed until the next call. NULL: this
     * member makes none. STATUS_TOO_EARLY: the question has no verdict. STATUS_NOT_FOUND: no such batch is executed.
     * STATUS_NOT_FINAL: no certified checkpoint covers it yet. */
    enum status (*receipt)(void *context, const struct http_entry *entry, struct slice *ret_receipt,
                           struct slice *ret_entry);
    /* The certificate file about the state alone (docs/formats.md), while it names a snapshot that is kept; as above.
     * NULL: this member keeps none. STATUS_NOT_FOUND: there is no such snapshot. STATUS_NOT_FINAL: no certificate can be
     * made now. */
    enum status (*snapshot)(void *context, struct slice *ret_file);
    /* Chunk `index` of the kept snapshot of that height; borrowed until the next call. NULL as above.
     * STATUS_NOT_FOUND: it is not kept, or has no such chunk. */
    enum status (*snapshot_chunk)(void *context, uint64_t height, uint64_t index, struct slice *ret_chunk);
    /* For the status; NULL: everything from height 1 on is kept, and no snapshot. */
    void (*kept)(void *context, struct http_kept *ret_kept);
};

struct http_config {
    uv_loop_t *loop;                    /* outlives the server */
    const char *host;                   /* numeric or a name; NULL: 127.0.0.1 */
    uint16_t port;                      /* 0: any free one, see http_port */
    const char *token;                  /* of administration, which includes writing; not empty; copied */
    const char *token_write;            /* for writing; NULL: there is none */
    const char *token_read;             /* for reading from elsewhere; NULL: there is none */
    const struct http_backend *backend; /* copied */
    size_t body_bytes_max;              /* 0: HTTP_BODY_BYTES_MAX */
    uint32_t
        requests_per_second; /* of one address, in bursts of twice that; 0: 5000, and no limit for this machine */
};

/* Listens. On failure nothing listens, and `ret_detail` (`detail_bytes`, always ended by a NUL; may be NULL with 0)
 * names the cause in words.
 *   BAD_VALUE    a NULL or an empty token     UNAVAILABLE  address in use, not of this machine, not to be resolved
 *   IO           anything else that the system or libmicrohttpd refuses */
enum status http_open(const struct http_config *config, struct http **ret_http, char *ret_detail,
                      size_t detail_bytes) MUST_USE;

/* From now on the tokens and `requests_per_second` of `config` count; the rest of it is not looked at. Requests that were
 * let in before are answered. STATUS_BAD_VALUE as http_open: then nothing changes. */
enum status http_reconfigure(struct http *http, const struct http_config *config) MUST_USE;

/* The port it listens on. */
uint16_t http_port(const struct http *http);

/* Answers what still waits with 503, ends every connection and frees everything over the next turns of the loop; then
 * calls `closed` (may be NULL). The server must not be used after this call. Not from inside a backend function. */
void http_close(struct http *http, void (*closed)(void *context), void *context);

/* Every event of the replica goes through here; borrowed for the time of the call. Answers are sent later, by
 * http_committed or at the end of the turn of the loop. */
void http_on_event(struct http *http, const struct replica_event *event);

/* The ledger was committed, with all that the replica knows: own batches up to `own_seq` are durable, never fewer than
 * before, and so is its newest certificate. What is called final goes by the certificate of the last commit, whatever
 * the replica says. */
void http_committed(struct http *http, uint64_t own_seq);

#endif
