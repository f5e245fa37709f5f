/* Docket: all questions ever asked, in the order of their creation, and where to find them: by id, by the time they
 * wait for, by whether the block under execution touched them, and by their leaf in the questions tree.
 *
 * Invariant: leaf i of the tree is the hash of the record of matter i, except for matters that are marked as touched.
 */
#ifndef MACHINE_DOCKET_H
#define MACHINE_DOCKET_H

#include "base/arena.h"
#include "crypto/merkle_tree.h"
#include "machine/due.h"
#include "machine/marks.h"
#include "machine/matter.h"

/* Questions ever asked: a million verdicts are years of work, and the index stays within 32 bits and the trees within
 * memory. */
#define QUESTIONS_MAX (1u << 20)

struct docket {
    struct matter *matters;
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* open addressing by id: index plus 1; 0 is empty */
    uint32_t slot_mask;
    struct due due;
    struct marks touched;
    struct merkle_tree tree;
};

/* What docket_init takes from an arena, bytes. `capacity` is 1 .. QUESTIONS_MAX. */
size_t docket_bytes(uint32_t capacity);
/* Empty. The arena must have room (checked) over zeroed memory. */
void docket_init(struct docket *docket, struct arena *arena, uint32_t capacity);

/* False when there is no such question. */
bool docket_find(const struct docket *docket, const struct question_id *id, uint32_t *ret_index);
/* Adds a matter whose id is not there, marked as touched. There must be room (checked): see docket_is_full. */
void docket_add(struct docket *docket, const struct matter *matter);
static inline bool docket_is_full(const struct docket *docket) { return docket->count == docket->capacity; }

/* Marks every matter whose time has come by `now_us`. */
void docket_touch_due(struct docket *docket, uint64_t now_us);
/* After a touched matter was settled: its leaf and the time it waits for. */
void docket_update(struct docket *docket, uint32_t index);

#endif
