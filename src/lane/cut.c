/* Consistent cuts (Mattern 1989; docs/protocol.md 3): building the largest one and checking a proposed one.
 *
 * A cut is consistent when every dep of every batch in it is itself in it, with that very hash, or names a sealed
 * lane. */
#include "lane/cut.h"

#include "base/check.h"
#include "base/num.h"
#include "lane/lane.h"

void cut_init(struct cut *cut, uint32_t members) {
    CHECK(members <= MEMBERS_MAX);
    cut->members = members;
    member_set_clear(&cut->sealed);
    memset(cut->tips, 0, members * sizeof cut->tips[0]);
}

void cut_copy(struct cut *to, const struct cut *from) {
    to->members = from->members;
    to->sealed = from->sealed;
    memcpy(to->tips, from->tips, from->members * sizeof from->tips[0]);
}

void cut_apply(struct cut *cut, const struct block *block, const struct member_set *seals) {
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        CHECK(entry->member < cut->members);
        CHECK(entry->seq > cut->tips[entry->member].seq);
        cut->tips[entry->member] = (struct cut_tip){entry->seq, entry->hash};
    }
    member_set_union(&cut->sealed, seals);
}

uint64_t lane_share_bytes(uint32_t members) { return num_max_u64(BATCH_BYTES_MAX, BLOCK_BYTES_MAX / members); }

/* A cut under construction: per lane the batch at its end, NULL when the lane does not move. */
struct ends {
    const struct batch *batch[MEMBERS_MAX];
};

/* Whether batch (member, seq, hash) is inside the cut that extends `parent` by `ends`. */
static bool includes(const struct lanes *lanes, const struct cut *parent, const struct ends *ends,
                     const struct tip *dep) {
    uint64_t from = parent->tips[dep->member].seq;
    if (dep->seq > from) {
        const struct batch *end = ends->batch[dep->member];
        if (end == NULL || dep->seq > end->seq) return false;
        const struct batch *b = lane_ancestor(end, dep->seq);
        return b != NULL && b->seq == dep->seq && hash_equal(&b->hash, &dep->hash);
    }
    if (dep->seq == from) return hash_equal(&parent->tips[dep->member].hash, &dep->hash);
    /* Below the parent's cut: in its version when the parent's tip descends from it. */
    const struct batch *tip = lanes_find(lanes, dep->member, from, &parent->tips[dep->member].hash);
    const struct batch *b = tip != NULL ? lane_ancestor(tip, dep->seq) : NULL;
    if (b != NULL) return b->seq == dep->seq && hash_equal(&b->hash, &dep->hash);
    return lanes_holds(lanes, dep->member, dep->seq, &dep->hash);
}

/* The first dep of `batch` that the cut does not include, or NULL. */
static const struct tip *first_open_dep(const struct lanes *lanes, const struct cut *parent, const struct ends *ends,
                                        const struct batch *batch) {
    for (uint32_t i = 0; i < batch->deps_count; i++) {
        const struct tip *dep = &batch->deps[i];
        if (member_set_has(&parent->sealed, dep->member)) continue;
        if (!includes(lanes, parent, ends, dep)) return dep;
    }
    return NULL;
}

/* Whether the version ending in `batch` extends the parent's cut, and the bytes that it would add. */
static bool extends(const struct batch *batch, const struct cut_tip *from, uint64_t *ret_bytes) {
    uint64_t bytes = 0;
    for (; batch->seq > from->seq + 1; batch = batch->parent) {
        bytes += batch->bytes;
        if (batch->parent == NULL) return false; /* below the base: the parent's cut is behind, nothing to extend */
    }
    if (batch->seq != from->seq + 1 || !hash_equal(&batch->prev, &from->hash)) return false;
    *ret_bytes = bytes + batch->bytes;
    return true;
}

/* The newest batch of this lane that extends the parent's cut within the lane's share and what is left of the block.
 */
static const struct batch *farthest(const struct lanes *lanes, const struct cut *parent, uint32_t member,
                                    uint64_t budget) {
    const struct batch *batch = lanes->lanes[member].tip;
    uint64_t bytes;
    while (batch != NULL && batch->seq > parent->tips[member].seq) {
        if (!extends(batch, &parent->tips[member], &bytes)) return NULL;
        if (bytes <= budget) return batch;
        batch = batch->parent;
    }
    return NULL;
}

uint32_t lanes_build_cut(const struct lanes *lanes, const struct cut *parent, const struct member_set *skip,
                         struct tip ret_entries[MEMBERS_MAX]) {
    struct ends ends = {0};
    uint64_t share = lane_share_bytes(lanes->members);
    uint64_t room = BLOCK_BYTES_MAX;
    for (uint32_t i = 0; i < lanes->members; i++) {
        if (member_set_has(&parent->sealed, i) || lanes->lanes[i].forked) continue;
        if (skip != NULL && member_set_has(skip, i)) continue;
        ends.batch[i] = farthest(lanes, parent, i, num_min_u64(share, room));
        uint64_t bytes = 0;
        if (ends.batch[i] != NULL && extends(ends.batch[i], &parent->tips[i], &bytes)) room -= bytes;
    }
    /* Walk back whatever has an open dep until nothing moves: ends only shrink, so this ends after at most all
     * batches. */
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < lanes->members; i++) {
            const struct batch *b = ends.batch[i];
            const struct batch *keep = b;
            for (; b != NULL && b->seq > parent->tips[i].seq; b = b->parent) {
                if (first_open_dep(lanes, parent, &ends, b) != NULL) {
                    keep = b->seq == parent->tips[i].seq + 1 ? NULL : b->parent;
                }
            }
            if (keep != ends.batch[i]) {
                ends.batch[i] = keep;
                moved = true;
            }
        }
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < lanes->members; i++) {
        if (ends.batch[i] == NULL) continue;
        ret_entries[count++] = (struct tip){i, ends.batch[i]->seq, ends.batch[i]->hash};
    }
    return count;
}

static enum status check_entry(const struct lanes *lanes, const struct cut *parent, const struct tip *entry,
                               struct ends *ends, uint64_t *room, struct tip *ret_missing) {
    if (entry->member >= lanes->members) return STATUS_UNKNOWN_MEMBER;
    if (member_set_has(&parent->sealed, entry->member)) return STATUS_FORKED;
    if (entry->seq <= parent->tips[entry->member].seq) return STATUS_STALE;
    const struct batch *batch = lanes_find(lanes, entry->member, entry->seq, &entry->hash);
    if (batch == NULL) {
        *ret_missing = *entry;
        return STATUS_MISSING;
    }
    uint64_t bytes;
    if (!extends(batch, &parent->tips[entry->member], &bytes)) return STATUS_NOT_LINKED;
    if (bytes > lane_share_bytes(lanes->members) || bytes > *room) return STATUS_TOO_LARGE;
    *room -= bytes;
    ends->batch[entry->member] = batch;
    return STATUS_OK;
}

enum status lanes_check_cut(const struct lanes *lanes, const struct cut *parent, const struct member_set *seals,
                            const struct block *block, struct tip *ret_missing) {
    struct ends ends = {0};
    uint64_t room = BLOCK_BYTES_MAX;
    for (uint32_t i = 0; i < block->entries_count; i++) {
        if (member_set_has(seals, block->entries[i].member)) return STATUS_FORKED;
        TRY(check_entry(lanes, parent, &block->entries[i], &ends, &room, ret_missing));
    }
    for (uint32_t i = 0; i < block->entries_count; i++) {
        uint32_t member = block->entries[i].member;
        const struct batch *b = ends.batch[member];
        for (; b != NULL && b->seq > parent->tips[member].seq; b = b->parent) {
            if (first_open_dep(lanes, parent, &ends, b) != NULL) return STATUS_INCONSISTENT_CUT;
        }
    }
    return STATUS_OK;
}

void lanes_each_included(const struct lanes *lanes, const struct cut *parent, const struct block *block,
                         lanes_visit *visit, void *context) {
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        const struct batch *end = lanes_find(lanes, entry->member, entry->seq, &entry->hash);
        CHECK(end != NULL);
        for (uint64_t seq = parent->tips[entry->member].seq + 1; seq <= end->seq; seq++)
            visit(context, lane_ancestor(end, seq));
    }
}
