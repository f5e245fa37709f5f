/* Matter: one question with what the machine keeps about it, and what the four kinds of items do to it
 * (docs/protocol.md 5, docs/belief.md 1, 3). Used on the agreed state and on previews alike: a setting says which.
 *
 * Invariants: a refused item changes neither the evidence nor the numbers. A question takes evidence until its
 * deadline or its verdict, whichever comes first; after the verdict its evidence is given back and its record stays.
 * The budget of the state is counted in bytes that follow from the evidence alone, so all members refuse the same
 * item for want of room. */
#ifndef MACHINE_MATTER_H
#define MACHINE_MATTER_H

#include "base/outlet.h"
#include "belief/question.h"
#include "calibration/fixed.h"
#include "machine/machine.h"
#include "wire/item.h"
#include "wire/record.h"

/* What a question is charged for ever, for its places in the tables and trees of the machine; its record comes on
 * top. */
#define MATTER_CHARGE 320u

struct matter {
    struct question_id id;
    uint32_t asker;
    bool is_orphan;            /* who asked it is no member any more; who is at the place now is another one */
    bool is_closing;           /* its asker closed it in the block that is being executed */
    struct question *question; /* NULL once it has a verdict */
    uint8_t *record;           /* its encoded question record; texts are borrowed from here */
    uint32_t record_bytes;
    uint32_t record_capacity;
    uint64_t verdict; /* index of the verdict in the log; 0 while it is open, for leaf 0 is the genesis */

    struct hash commitment;
    uint32_t opening;         /* OPENING_NONE, OPENING_ORDINARY, or of a canary the true hypothesis */
    bool is_spoilt;           /* opened while evidence was still taken: it counts for nobody */
    uint32_t family;          /* MATTER_ALONE: of none */
    uint32_t next_of_family;  /* the question that was asked next in it */
    bool is_wanted_by_family; /* its family is open and will want the labels */
    uint8_t *sheet;           /* what members said, from the verdict on; NULL when nobody will ask any more */
    uint32_t sheet_bytes;
    uint64_t opening_until_us; /* block time after which a commitment is not opened any more */
};

/* Of no family. */
#define MATTER_ALONE UINT32_MAX
/* How long after the verdict a commitment can be opened: a week of block time. What members said is kept for so long,
 * for every question, because nobody may know which ones are canaries. */
#define OPENING_WINDOW_US (UINT64_C(7) * 24 * 3600 * 1000000)

/* In what surroundings items are executed. */
struct setting {
    struct pool *pool; /* of questions and records */
    struct question_context context;
    struct threshold threshold; /* in force */
    uint64_t now_us;            /* time of the block */
    uint64_t height;
    uint64_t budget;             /* bytes that all matters together may be charged */
    uint64_t charged;            /* bytes that they are charged */
    struct fixed_tables *tables; /* zeros until somebody needs them */
};

/* Whether such a question could be asked now: STATUS_BAD_VALUE, STATUS_STATE_FULL. */
enum status matter_check_ask(const struct setting *setting, const struct item_ask *ask) MUST_USE;
/* As matter_check_ask, and creates the matter. */
enum status matter_ask(struct setting *setting, uint32_t member, const struct question_id *id,
                       const struct item_ask *ask, struct matter *ret_matter) MUST_USE;

/* The question that a tell, a retract, a close or a reveal is about. Borrowed from the item. */
const struct question_id *matter_of_item(const struct item *item);

/* Whether this tell, retract, close or reveal of `member` would be refused now: STATUS_QUESTION_CLOSED,
 * STATUS_WRONG_HYPOTHESES, STATUS_NOT_ALLOWED, STATUS_STATE_FULL, and what question_check_tell and
 * question_check_retract say; of a reveal STATUS_NOT_ALLOWED, STATUS_TOO_EARLY, STATUS_OPENED, STATUS_EXPIRED,
 * STATUS_WRONG_OPENING. */
enum status matter_check(const struct setting *setting, const struct matter *matter, uint32_t member,
                         const struct item *item) MUST_USE;
/* Executes it, with the same refusals at the time of the block. `ret_changed` says whether the belief may have
 * changed, which a refused item too can cause: windows that ended in the meantime are sealed first. It is always
 * set. */
enum status matter_apply(struct setting *setting, struct matter *matter, const struct machine_origin *origin,
                         const struct item *item, bool *ret_changed) MUST_USE;

/* The end of a block for a question that it touched: seals what is due, evaluates, gives the verdict when there is
 * one (the status is no longer QUESTION_OPEN; the evidence is given back), writes the record. Texts of `ret_belief`
 * belong to the matter. */
void matter_settle(struct setting *setting, struct matter *matter, struct record_belief *ret_belief);
/* The same for a question that has its verdict: forgets what members said once nobody will ask any more. */
void matter_rest(struct setting *setting, struct matter *matter, struct record_belief *ret_belief);
/* Its family is closed and will not ask any more. */
void matter_leave_family(struct matter *matter, struct setting *setting);
/* The block time at which something happens by itself; UINT64_MAX: never. */
uint64_t matter_next_due_us(const struct matter *matter);

/* The member is no member any more: whatever it told counts no more unless a sealed observation holds it, in labels
 * neither, and what it asked is not opened any more. The belief may have changed. */
void matter_depart(struct matter *matter, uint32_t members, uint32_t member);

/* The belief as the record has it. Texts belong to the matter. */
void matter_belief(const struct matter *matter, struct record_belief *ret_belief);

/* For snapshots (machine/snapshot.c), between blocks: everything that later calls depend on. What follows from the rest
 * is made again. */
void matter_save(const struct matter *matter, uint32_t members, struct outlet *outlet);
/* Into the setting's pool and with its charge. `ret_ask`, whose texts belong to the matter, is what its family has to
 * know of it; the matter is of none yet. `leaves` is the size of the log. */
enum status matter_load(struct setting *setting, uint64_t leaves, struct reader *reader, struct matter *ret_matter,
                        struct item_ask *ret_ask) MUST_USE;

/* A copy in the setting's pool, which must have room for it (checked): texts, numbers and evidence. */
void matter_clone(const struct matter *matter, struct setting *setting, struct matter *ret_copy);

#endif
