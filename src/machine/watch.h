/* Watch: hears every observation that seals, and tells the detectors what they need to know about it (docs/belief.md,
 * "Detectors"): the location without each reporter, who told after having seen whom, who was silent although its lane
 * moved.
 *
 * Everything follows from the executed batches, so all members hear the same. */
#ifndef MACHINE_WATCH_H
#define MACHINE_WATCH_H

#include "base/arena.h"
#include "base/outlet.h"
#include "belief/huber.h"
#include "belief/question.h"
#include "machine/machine.h"
#include "standing/standing.h"

struct watch {
    struct standing *standing;
    uint32_t members;
    uint32_t family;    /* of the question that is being executed, as the detectors count families */
    uint64_t *seen;     /* seen[member * members + other]: the newest batch of other that member's lane refers to */
    uint64_t *moved_us; /* block time of each lane's newest batch */
    struct huber_steps *steps;
    struct huber_point *points;
    int64_t *without; /* without[report * k + j] */
    struct voice_report *reports;
};

/* What watch_init takes from an arena, bytes. */
size_t watch_bytes(uint32_t members);
/* Nobody has seen anything. The arena must have room (checked) over zeroed memory. */
void watch_init(struct watch *watch, struct arena *arena, struct standing *standing, uint32_t members);
/* A batch is about to be executed, in a block of this time. */
void watch_batch(struct watch *watch, const struct machine_batch *batch, uint64_t now_us);

/* The member is no member any more: what it had seen is no more known. */
void watch_depart(struct watch *watch, uint32_t member);

/* For question_context; the user is the watch. */
bool watch_had_seen(void *user, uint32_t member, uint32_t other, uint64_t seq);
void watch_on_seal(void *user, const struct question_seal *seal);

/* For snapshots (machine/snapshot.c); `now_us` is the time of the state. */
void watch_save(const struct watch *watch, struct outlet *outlet);
enum status watch_load(struct watch *watch, uint64_t now_us, struct reader *reader) MUST_USE;

#endif
