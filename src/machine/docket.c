#include "machine/docket.h"

#include "base/check.h"
#include "crypto/merkle.h"

/* Every byte that a matter takes in these tables is covered by its charge; slots are at most four to a matter. */
_Static_assert(sizeof(struct matter) + 2 * HASH_BYTES + 16 + 16 + 1 <= MATTER_CHARGE, "the charge covers the tables");

/* At least two slots to a matter, so probes stay short. */
static uint32_t slots_of(uint32_t capacity) {
    uint32_t slots = 2;
    while (slots < 2 * capacity) slots *= 2;
    return slots;
}

size_t docket_bytes(uint32_t capacity) {
    CHECK(capacity >= 1 && capacity <= QUESTIONS_MAX);
    return arena_rounded(capacity * sizeof(struct matter)) + arena_rounded(slots_of(capacity) * sizeof(uint32_t)) +
           arena_rounded(due_bytes(capacity)) + arena_rounded(marks_bytes(capacity)) +
           arena_rounded(merkle_tree_bytes(capacity));
}

void docket_init(struct docket *docket, struct arena *arena, uint32_t capacity) {
    docket->matters = arena_need(arena, capacity * sizeof(struct matter));
    docket->count = 0;
    docket->capacity = capacity;
    docket->slots = arena_need(arena, slots_of(capacity) * sizeof(uint32_t));
    docket->slot_mask = slots_of(capacity) - 1;
    due_init(&docket->due, arena_need(arena, due_bytes(capacity)), capacity);
    marks_init(&docket->touched, arena_need(arena, marks_bytes(capacity)), capacity);
    merkle_tree_init(&docket->tree, arena_need(arena, merkle_tree_bytes(capacity)), capacity);
}

/* An id is a piece of a hash: any four bytes of it are as good as another hash of it. */
static uint32_t first_slot(const struct docket *docket, const struct question_id *id) {
    uint32_t word;
    memcpy(&word, id->bytes, sizeof word);
    return word & docket->slot_mask;
}

/* The slot of the question, or the empty one where it would go. */
static uint32_t slot_of(const struct docket *docket, const struct question_id *id) {
    uint32_t at = first_slot(docket, id);
    while (docket->slots[at] != 0 && !question_id_equal(&docket->matters[docket->slots[at] - 1].id, id))
        at = (at + 1) & docket->slot_mask;
    return at;
}

bool docket_find(const struct docket *docket, const struct question_id *id, uint32_t *ret_index) {
    uint32_t found = docket->slots[slot_of(docket, id)];
    if (found == 0) return false;
    *ret_index = found - 1;
    return true;
}

static void record_leaf(const struct matter *matter, struct hash *ret_hash) {
    merkle_leaf(slice_of(matter->record, matter->record_bytes), ret_hash);
}

void docket_add(struct docket *docket, const struct matter *matter) {
    struct hash leaf;
    uint32_t slot = slot_of(docket, &matter->id);
    CHECK(!docket_is_full(docket) && docket->slots[slot] == 0);
    uint32_t index = docket->count++;
    docket->matters[index] = *matter;
    docket->slots[slot] = index + 1;
    record_leaf(matter, &leaf);
    CHECK(merkle_tree_append(&docket->tree, &leaf) == STATUS_OK);
    marks_set(&docket->touched, index);
}

void docket_touch_due(struct docket *docket, uint64_t now_us) {
    uint32_t index;
    while (due_take(&docket->due, now_us, &index)) marks_set(&docket->touched, index);
}

void docket_update(struct docket *docket, uint32_t index) {
    CHECK(index < docket->count);
    const struct matter *matter = &docket->matters[index];
    struct hash leaf;
    record_leaf(matter, &leaf);
    merkle_tree_set(&docket->tree, index, &leaf);
    due_set(&docket->due, index, matter_next_due_us(matter));
}
