/* Families: label questions that belong together, and what their answers taught about the members when the family
 * closed (docs/belief.md, "Calibration").
 *
 * A family belongs to whoever asked its first question; its questions are panels with one number of hypotheses, which
 * are its labels. When its owner closes it, every question of it closes, each member's label for each question is taken
 * from the sheets, and the calibration is computed: by every member, in the same block, from the same numbers. */
#ifndef MACHINE_FAMILIES_H
#define MACHINE_FAMILIES_H

#include "base/arena.h"
#include "base/outlet.h"
#include "machine/docket.h"
#include "wire/calibrated.h"

/* Families ever opened. */
#define FAMILIES_MAX 4096u
/* Answers in one family, members times questions, and the same times its labels: its calibration runs inside the
 * execution of one block, on every member at once, and must not take so long that views time out. These are half a
 * second. */
#define FAMILY_ANSWERS_MAX (1u << 20)
#define FAMILY_CELLS_MAX   (1u << 22)
/* What a family is charged for ever, besides its questions. */
#define FAMILY_CHARGE 512u

/* No question, or no family. */
#define FAMILIES_NONE UINT32_MAX

struct family {
    char name[FAMILY_BYTES_MAX];
    uint32_t name_bytes;
    uint32_t owner;
    uint32_t hypotheses;
    uint32_t questions;
    uint32_t first; /* question; the next ones are linked in the matters */
    uint32_t last;
    bool is_closing; /* in the block that is being executed */
    bool is_closed;
    uint64_t leaf;    /* of its calibration record in the log, once closed */
    uint8_t *results; /* once closed: label, decided, k posteriors of 2 bytes for each question */
    uint8_t *record;  /* its calibration record */
    uint32_t record_bytes;
};

struct families {
    struct family *families;
    uint32_t count;
    bool any_closing;
    uint32_t members;
    uint32_t answers_max; /* room of the scratch, in labels */
    void *scratch;        /* labels and canaries, then the memory of the calibration */
    size_t scratch_bytes;
};

/* What families_init takes from an arena, bytes, for a docket of this capacity. */
size_t families_bytes(uint32_t members, uint32_t questions_capacity);
/* None. The arena must have room (checked) over zeroed memory. */
void families_init(struct families *families, struct arena *arena, uint32_t members, uint32_t questions_capacity);

/* FAMILIES_NONE when there is none of this name. */
uint32_t families_find(const struct families *families, struct slice name);
/* What a question of the family is charged besides the rest, for its result. */
uint64_t families_charge(const struct families *families, const struct item_ask *ask);
/* Whether `member` may ask this into the family that it names, which may be new: STATUS_WRONG_FAMILY,
 * STATUS_FAMILY_CLOSED, STATUS_NOT_ALLOWED, STATUS_TOO_MANY. */
enum status families_check_ask(const struct families *families, uint32_t member, const struct item_ask *ask) MUST_USE;
/* Adds question `index` of the docket, which was asked by `ask`; returns its family. */
uint32_t families_add(struct families *families, struct docket *docket, uint32_t index, uint32_t member,
                      const struct item_ask *ask);

/* STATUS_UNKNOWN_FAMILY, STATUS_NOT_ALLOWED, STATUS_FAMILY_CLOSED. */
enum status families_check_close(const struct families *families, uint32_t member, struct slice name) MUST_USE;
/* As the check; marks the family, closes its open questions at the end of the block. */
enum status families_close(struct families *families, struct docket *docket, uint32_t member,
                           struct slice name) MUST_USE;
/* The end of the block, after its questions were settled: calibrates family `number` if it is closing, gives back what
 * was kept for that, and fills the record. False when it is not closing. */
bool families_calibrate(struct families *families, uint32_t number, struct docket *docket, struct setting *setting,
                        struct record_calibration *ret_record);
/* Keeps the encoded calibration record of a family that has just been calibrated. */
void families_keep_record(struct family *family, struct pool *pool, struct slice record);
/* The result of the question that stands at `place` of the family, which is closed. */
void families_result(const struct family *family, const struct docket *docket, uint32_t place, uint32_t question,
                     struct record_calibrated *ret_result);

/* For snapshots (machine/snapshot.c), between blocks. Families follow from their questions, in the order in which these
 * were asked; what is saved is what a closed one learnt. Loading comes after all questions are there and have been added
 * (families_add), and takes each result from the record that promises it: STATUS_BAD_HASH when it is another. `leaves`
 * is the size of the log. */
void families_save(const struct families *families, struct outlet *outlet);
enum status families_load(struct families *families, const struct docket *docket, struct pool *pool, uint64_t leaves,
                          struct reader *reader) MUST_USE;

#endif
