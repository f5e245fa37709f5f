/* Standing: what each member's word is worth, from what everyone can recompute from the log (docs/belief.md,
 * "Weight").
 *
 *     weight = 65536 * reputation * (1 - suspicion) * probation          fixed point, 16 fractional bits
 *
 * - Reputation comes from honesty challenges and canary questions (standing/reputation.h).
 * - Suspicion comes from the detectors, one set for each family of questions: s = 4/5 * clamp((S/h - 1/5) / (4/5), 0, 1)
 *   for the largest share S/h of its threshold that any detector shows. Only the F = floor((n - 1) / 3) most suspicious
 *   members are weighed down, the lowest number first among equals. So even when all of them are honest, liars do not
 *   reach half of the weight; and statistics alone never take more than four fifths from anyone.
 * - A proof (fork, vote, wrong answer, false reveal) takes all weight from the next block on, until the members
 *   reinstate.
 * - A newcomer, or a member with a new key, starts at half weight and earns the rest over 256 blocks.
 *
 * Nothing that one member says of another enters, so slander has no channel; and there is no rule of the kind "too
 * many are suspected, trust all again", which attackers would trip.
 *
 * Members are known by their place, and a place may be vacant: then it counts for nothing, and n is how many are taken.
 *
 * Weights change at standing_end_block only, and where a place is vacated or filled before a block: within a block everybody weighs what the block before has settled. The
 * calls of one block are made in the order of its execution, the same on every member. Everything is integers; a run
 * is a pure function of its calls.
 *
 * Invariants: a weight is at most 65536; with full reputation and no probation it is 0 (a proof) or at least 65536/5;
 * at most F members have a suspicion above 0. */
#ifndef STANDING_STANDING_H
#define STANDING_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/outlet.h"
#include "quorum/tally.h"
#include "standing/reputation.h"
#include "standing/voice.h"

/* Blocks over which a newcomer earns its second half of weight. */
#define STANDING_PROBATION_BLOCKS 256
/* The largest share of a threshold that is shown, 5/4: what lies above could only delay the recovery. */
#define STANDING_RATIO_MAX (STANDING_ONE + STANDING_ONE / 4)

/* What looks at the reports; in the order in which alarms are handed out. */
enum detector {
    DETECTOR_DRIFT,
    DETECTOR_SIGN,
    DETECTOR_COLLUSION,
    DETECTOR_TIMING,
    DETECTOR_COPYING,
    DETECTOR_OMISSION,
    DETECTORS,
};

/* Why a member has no weight at all. */
enum standing_proof {
    STANDING_PROOF_NONE,
    STANDING_PROOF_FORK,   /* two batches at one place of its lane */
    STANDING_PROOF_VOTE,   /* two votes that exclude each other */
    STANDING_PROOF_ANSWER, /* a wrong answer to a challenge */
    STANDING_PROOF_REVEAL, /* a canary revealed otherwise than committed to */
    STANDING_PROOFS,
};

enum challenge_outcome {
    CHALLENGE_RIGHT,
    CHALLENGE_WRONG, /* also a proof */
    CHALLENGE_MISSING,
};

/* "drift", "fork": lower case, stable, for records, JSON and people. Static storage, never NULL. */
const char *detector_name(enum detector detector);
const char *standing_proof_name(enum standing_proof proof);

struct standing;

/* The memory of a group of n <= MEMBERS_MAX members: 0.9 MB for 16, 8 MB for 100, 32 MB for 256. Most of it is address
 * space: a family of questions touches its part with its first panel, and a hypothesis with its first report. */
size_t standing_bytes(uint32_t members);
/* `zeroed_memory` is zeroed, aligned to 16 bytes, of at least standing_bytes(members) (checked), and must outlive the
 * result. No place is vacant, and everybody starts at full weight. */
struct standing *standing_init(void *zeroed_memory, size_t bytes, uint32_t members);
/* Places. */
uint32_t standing_members(const struct standing *standing);

/* A panel observation has sealed. `voice` is borrowed for the call. Reports must be in ascending order of members,
 * numbers and family in range (checked). O(k) a report for drift, O(1) for sign, copying and omission, and O(reports)
 * a report for the detectors of pairs; nothing grows with history. */
void standing_on_panel(struct standing *standing, const struct voice *voice);
void standing_on_challenge(struct standing *standing, uint32_t member, enum challenge_outcome outcome);
/* A canary was revealed: `gain` in [-STANDING_ONE, STANDING_ONE] is what canary_gain (standing/reputation.h) says of
 * the member's report. */
void standing_on_canary(struct standing *standing, uint32_t member, int32_t gain);
/* The first reason is kept. */
void standing_on_proof(struct standing *standing, uint32_t member, enum standing_proof proof);
/* The members have forgiven: the proof is gone, reputation and suspicion stay as they are. */
void standing_reinstate(struct standing *standing, uint32_t member);
/* The member is new, or has a new key, as of the block of this height: its probation begins. What is known of it
 * stays, so a new key washes nothing off. */
void standing_admit(struct standing *standing, uint32_t member, uint64_t height);

/* There is no member at this place any more, as of the block that comes next: no weight, no suspicion, and nothing in
 * the detectors. Reputation and proof stay to be seen. There must be a member, and another one (checked). */
void standing_vacate(struct standing *standing, uint32_t member);
/* A new member is at this vacant place (checked), as of the block of this height: nothing is known of it. Half a member
 * from this block on. */
void standing_fill(struct standing *standing, uint32_t member, uint64_t height);

/* The block of this height is executed: reputation is renewed every STANDING_REPUTATION_INTERVAL blocks, suspicion
 * looked at, and the weights for the next block are made. `enhanced` is the stricter monitoring of a partition: an
 * in-control run length of 10^4 panels instead of 10^6. Alarms of the block before that nobody took are dropped.
 * O(n) and, for each family that had a panel in this block, O(n k). */
void standing_end_block(struct standing *standing, uint64_t height, bool enhanced);

/* Fixed point, 65536 is one full member. */
uint32_t standing_weight(const struct standing *standing, uint32_t member);
/* The same of all members, by number; valid as long as the standing, changed by standing_end_block. */
const uint32_t *standing_weights(const struct standing *standing);

/* As of the last standing_end_block, except for the proof, which shows at once. All fractions have 16 bits. */
struct standing_member {
    uint32_t weight;
    uint32_t reputation;
    uint32_t suspicion;         /* in force: 0 unless among the F most suspicious; at most 4/5 */
    uint32_t ratio;             /* the largest of ratios[] */
    enum detector reason;       /* which one that is; the first among equals; DETECTORS when all are 0 */
    uint32_t family;            /* and in which family of questions */
    uint32_t ratios[DETECTORS]; /* S/h, the largest over families; at most STANDING_RATIO_MAX */
    bool alarmed; /* any detector in any family has crossed its threshold and not come back under half */
    bool proven;
    enum standing_proof proof;
    uint32_t probation_left; /* blocks */
};
void standing_member(const struct standing *standing, uint32_t member, struct standing_member *ret_member);

/* The smallest member of the cluster of colluding pairs that this one is in, in a family of questions; itself when
 * alone. For people only: nothing else depends on it. */
uint32_t standing_cluster(const struct standing *standing, uint32_t member, uint32_t family);

/* For snapshots: everything that follows depends on, as it is after standing_end_block and once its alarms are taken
 * (checked), before anything else of the next block. What follows from the rest, weights above all, is not saved but
 * made again. */
void standing_save(const struct standing *standing, struct outlet *outlet);
/* Into one that was just initialised for as many places, of which `absent` are vacant; `height` and `enhanced` are those
 * of the last standing_end_block. Refuses values that can't have come about: STATUS_TRUNCATED, STATUS_BAD_VALUE, STATUS_CONFLICT (an alarm that the detectors
 * do not show). After a refusal it is fit for nothing. */
enum status standing_load(struct standing *standing, struct reader *reader, uint64_t height, bool enhanced,
                          const struct member_set *absent) MUST_USE;

/* A detector has crossed its threshold: once, and again only after it fell below half of it. */
struct standing_alarm {
    uint32_t member;
    enum detector detector;
    uint32_t family;
    uint32_t ratio; /* STANDING_ONE .. STANDING_RATIO_MAX */
};
/* The next alarm of the block that has just ended, in the order of (member, detector, family); false when there is no
 * other. */
bool standing_take_alarm(struct standing *standing, struct standing_alarm *ret_alarm);

#endif
