/* Events: what happens at this member, as server-sent events (the HTML standard, "Server-sent events"), in a ring that
 * every stream reads at its own pace. The oldest are overwritten, whoever reads.
 *
 *     posterior     {"question", "height", "probabilities", "margin"}           a question changed
 *     verdict       {"question", "height", "hypothesis", "margin"}              it closed; null: undecided
 *     certificate   {"height", "threshold", "signers", "provisional"}           provisional: newer heights wait still
 *     partition     {"level", "unreachable", "threshold"}
 *     misbehaviour  {"member", "kind", "proof"}                                 GET /v1/proofs/PROOF
 *     suspicion     {"member", "reputation", "suspicion", "detector"}           either number changed
 *     lane          {"member", "seq"}                                           the lane is executed up to there
 *     epoch         {"epoch", "height", "members", "threshold"}                 another one began, with other members
 *
 * Ids are "<boot>-<n>", n from 1 without gaps in one run of the member. Invariant: what is published is durable. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "http/text.h"
#include "replica/replica.h"

enum event_type {
    TYPE_POSTERIOR,
    TYPE_VERDICT,
    TYPE_CERTIFICATE,
    TYPE_PARTITION,
    TYPE_MISBEHAVIOUR,
    TYPE_SUSPICION,
    TYPE_LANE,
    TYPE_EPOCH,
    EVENT_TYPES
};
#define EVENT_TYPES_ALL ((UINT32_C(1) << EVENT_TYPES) - 1)

/* Minutes of a busy group; 4 MiB at the size of a common one. */
enum { EVENTS_KEPT = 4096, EVENTS_BOOT_BYTES = 17 };

struct event {
    enum event_type type;
    struct question_id question; /* of the first two types */
    struct text text;            /* the whole of what a stream gets */
};

struct events {
    char boot[EVENTS_BOOT_BYTES];
    uint64_t appended;  /* number of the newest; 0: none yet */
    uint64_t published; /* up to this one they may be told */
    struct event ring[EVENTS_KEPT];
    /* As it was told last. */
    struct {
        uint32_t reputation;
        uint32_t suspicion;
        uint64_t seq;
    } seen[MEMBERS_MAX];
};

/* `wall_us` names this run. What the state says now is what was told last. */
void events_init(struct events *events, struct replica *replica, uint64_t wall_us);
/* Something happened: it is in the ring at once, and published later. */
void events_take(struct events *events, struct replica *replica, const struct replica_event *event);
/* All that was taken is durable. True when there is something new. */
bool events_publish(struct events *events);
void events_free(struct events *events);

/* The oldest that is kept; appended + 1 when there is none. */
uint64_t events_oldest(const struct events *events);
/* oldest <= number <= appended. */
const struct event *events_at(const struct events *events, uint64_t number);

/* "posterior,verdict" as a set; STATUS_BAD_VALUE: one of them is no type. */
enum status events_read_types(const char *text, uint32_t *ret_types) MUST_USE;
/* The number in an id of this run; STATUS_NOT_FOUND: of another one, or no id at all. */
enum status events_read_id(const struct events *events, const char *text, uint64_t *ret_number) MUST_USE;

#endif
