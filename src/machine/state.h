/* State: the insides of the machine, shared by the files of this room alone. */
#ifndef MACHINE_STATE_H
#define MACHINE_STATE_H

#include "machine/docket.h"
#include "machine/families.h"
#include "machine/machine.h"
#include "machine/membership.h"
#include "machine/trail.h"
#include "machine/trial.h"
#include "machine/watch.h"

/* One question in memory of its own, with uncommitted items on top. */
struct preview {
    bool is_open;    /* between begin and end */
    bool is_known;   /* the question exists, in the state or by an ask applied here */
    bool is_changed; /* the record is older than the evidence */
    struct question_id id;
    void *region;
    size_t region_bytes;
    struct pool pool;
    struct setting setting;
    struct matter matter;
};

struct machine {
    struct genesis genesis;
    struct hash chain;

    struct membership membership;
    struct pool pool;
    struct setting setting; /* with the height and the time of the last executed block */
    struct docket docket;
    struct families families;
    struct standing *standing;
    struct watch watch;
    struct trial trial;
    enum level levels[MEMBERS_MAX]; /* that each member committed last */
    struct trail trail;
    uint64_t raised_us; /* block time of the newest block at a raised threshold; 0: there was none */
    struct machine_asked asked[MEMBERS_MAX];
    uint64_t alarms;
    struct fixed_tables tables;
    struct merkle_tree members;
    struct machine_member shown[MEMBERS_MAX]; /* what the leaves of `members` say */
    bool is_relisted;                         /* names or keys are others than in the leaves */
    struct hash parameters;                   /* root of the parameters tree */

    uint64_t snapshot_interval; /* blocks between two of them */
    struct record_snapshot snapshot;
    uint64_t challenge_from; /* the first leaf that challenges draw from: the state record of the snapshot's height */
    bool is_unusable;        /* a snapshot that was refused may be half in here */

    struct hash block;                 /* the last executed one */
    uint64_t view;                     /* and its view */
    struct merkle_frontier before_log; /* the log before the last state record */
    struct merkle_frontier log;
    struct merkle_frontier handover_log; /* before the last roster record */
    struct checkpoint checkpoint;
    uint64_t state_index; /* of the last state record in the log */
    uint32_t state_bytes; /* 0 before the first block */
    uint8_t state_record[RECORD_STATE_BYTES_MAX];

    uint32_t *order; /* scratch of order_batches */
    uint8_t
        *scratch; /* SCRATCH_BYTES: the body of the batch that is being executed, then a leaf that is being made */
    struct preview preview;
};

/* A batch, or any leaf that the machine makes. */
#define SCRATCH_BYTES BATCH_BYTES_MAX
_Static_assert(PROOF_BYTES_MAX + RECORD_PROOF_BYTES_EXTRA <= SCRATCH_BYTES, "a proof leaf fits the scratch");
_Static_assert(RECORD_EPOCH_BYTES_MAX <= SCRATCH_BYTES, "a roster fits the scratch");
_Static_assert(RECORD_BELIEF_BYTES_MAX <= SCRATCH_BYTES, "a verdict fits the scratch");

/* Whether `member` may ask one more question, which is not in the docket: as matter_check_ask and
 * families_check_ask. */
enum status machine_check_ask(const struct machine *machine, const struct setting *setting, uint32_t member,
                              const struct item_ask *ask) MUST_USE;

/* levels.c: an item of `member` that says its level, and the same as a question. STATUS_DUPLICATE when it changes
 * nothing. */
enum status levels_check(const struct machine *machine, uint32_t member, enum level level) MUST_USE;
enum status levels_take(struct machine *machine, uint32_t member, enum level level) MUST_USE;
/* All items of the block are executed: the threshold of its height follows from the levels. */
void levels_settle(struct machine *machine);
/* The leaf of the parameters tree, from everything that it names. */
void levels_update_parameters(struct machine *machine);
bool levels_are_enhanced(const struct machine *machine);

/* members.c: makes the leaves of the members tree; brings them up to date with roster and standing. */
void members_list(struct machine *machine);
void members_update(struct machine *machine);

/* epoch.c: the first epoch; one that is under way in what was loaded; and at the beginning of a block the one that the
 * block before decided on. The block must be of the epoch (checked). */
void epoch_init(struct machine *machine);
void epoch_resume(struct machine *machine);
void epoch_begin(struct machine *machine, const struct block *block);

/* machine.c: the end of a block once everything else is settled: the state record is the last leaf, and the checkpoint
 * follows. */
void machine_seal_block(struct machine *machine);

/* snapshot.c: when one is due: the state as it is before machine_seal_block, which the record of the parameters names
 * from now on. */
void machine_commit_snapshot(struct machine *machine);

#endif
