/* Trial: the honesty challenge that is under way (docs/protocol.md 7).
 *
 * After a block whose height is a multiple of the interval, every member owes an answer: proof that it holds the log
 * and computes what the protocol says. All expected answers are computed here at once, from the leaves themselves; so
 * an answer is judged by one comparison, whoever gives it. */
#ifndef MACHINE_TRIAL_H
#define MACHINE_TRIAL_H

#include "base/outlet.h"
#include "machine/machine.h"
#include "standing/standing.h"

/* Blocks between two challenges, and blocks in which an answer counts; the same under enhanced monitoring
 * (docs/protocol.md 6). */
#define CHALLENGE_INTERVAL          64
#define CHALLENGE_WINDOW            32
#define CHALLENGE_INTERVAL_ENHANCED 16
#define CHALLENGE_WINDOW_ENHANCED   8

_Static_assert(CHALLENGE_WINDOW < CHALLENGE_INTERVAL, "one challenge at a time");
_Static_assert(CHALLENGE_WINDOW_ENHANCED < CHALLENGE_INTERVAL_ENHANCED, "one challenge at a time");

struct trial {
    uint64_t height; /* of the block that challenged; 0: nothing is under way */
    uint64_t until;  /* the last height at which an answer counts */
    uint64_t answered[MEMBERS_MAX / 64];
    uint64_t moved[MEMBERS_MAX / 64]; /* lanes of which anything was executed since the challenge */
    struct hash expected[MEMBERS_MAX];
    uint64_t outcomes[CHALLENGE_MISSING + 1]; /* of all trials so far, over all members */
};

/* What a member owes now: STATUS_NOT_FOUND when nothing, or no more. */
enum status trial_owed(const struct trial *trial, uint32_t member, uint64_t *ret_height,
                       struct hash *ret_digest) MUST_USE;
/* Whether an answer of `member` would be taken in the block after `height`: STATUS_EXPIRED when that challenge is not
 * under way, STATUS_DUPLICATE when it has answered. */
enum status trial_check(const struct trial *trial, uint64_t height, uint32_t member, uint64_t challenge) MUST_USE;
/* Takes the answer, right or wrong, with the same refusals. */
enum status trial_answer(struct trial *trial, struct standing *standing, uint64_t height, uint32_t member,
                         uint64_t challenge, const struct hash *digest) MUST_USE;
/* A batch of `member` is executed. */
void trial_lane_moved(struct trial *trial, uint32_t member);
/* Who is at this place, or was, owes nothing to the challenge that is under way. */
void trial_excuse(struct trial *trial, uint32_t member);
/* The block that has just been executed. */
struct trial_block {
    uint64_t height;
    const struct hash *beacon; /* its hash */
    uint64_t from;             /* the first leaf that may be asked for */
    uint64_t size;             /* leaves before its own; above `from` */
    bool is_enhanced;          /* challenges come more often, and have less time */
};
/* The end of a block: ends what is over, begins what begins. A challenge that is still under way when another would
 * begin goes on to its end instead. */
void trial_end_block(struct trial *trial, struct standing *standing, const struct trial_block *block,
                     const struct machine_ports *ports);

/* For snapshots (machine/snapshot.c); `height` is that of the state. Of a trial that is over only the outcomes are left. */
void trial_save(const struct trial *trial, uint32_t members, struct outlet *outlet);
enum status trial_load(struct trial *trial, uint32_t members, uint64_t height, struct reader *reader) MUST_USE;

#endif
