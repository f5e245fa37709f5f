/* Consistent cuts (Mattern 1989; docs/protocol.md 3): building the largest one and checking a proposed one.
 *
 * A cut is consistent when every dep of every batch in it is itself in it, with that very hash, or names a sealed
 * lane. */
#include "lane/cut.h"

#include "base/canary.h"
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

void cut_reopen(struct cut *cut, uint32_t member, uint64_t seq) {
    CHECK(member < cut->members && seq > cut->tips[member].seq);
    cut->tips[member].seq = seq;
    member_set_remove(&cut->sealed, member);
}

/* A cut under construction: per lane the batch at its end, NULL when the lane does not move. */
struct ends {
    const struct batch *batch[MEMBERS_MAX];
};

/* Whether `dep` is `end` or an ancestor of it. A lane that has not forked has only one version, so holding is enough;
 * whatever is above the base descends from it. */
static bool version_has(const struct lanes *lanes, const struct batch *end, const struct tip *dep) {
    const struct lane *lane = &lanes->lanes[dep->member];
    if (!lane->forked || dep->seq <= lane->base.seq) return lanes_holds(lanes, dep->member, dep->seq, &dep->hash);
    const struct batch *batch = lane_ancestor(end, dep->seq);
    return batch != NULL && hash_equal(&batch->hash, &dep->hash);
}

/* Whether batch (member, seq, hash) is inside the cut that extends `parent` by `ends`. */
static bool includes(const struct lanes *lanes, const struct cut *parent, const struct ends *ends,
                     const struct tip *dep) {
    const struct cut_tip *from = &parent->tips[dep->member];
    const struct batch *end = ends->batch[dep->member];
    if (dep->seq == from->seq) return hash_equal(&from->hash, &dep->hash);
    if (dep->seq > from->seq) return end != NULL && dep->seq <= end->seq && version_has(lanes, end, dep);
    /* Below the parent's cut: in its version when the parent's tip descends from it. */
    end = lanes_find(lanes, dep->member, from->seq, &from->hash);
    if (end == NULL && from->seq > lanes->lanes[dep->member].base.seq) return false;
    return version_has(lanes, end, dep);
}

/* The first dep of `batch` that the cut does not include, or NULL. */
static const struct tip *first_open_dep(const struct lanes *lanes, const struct cut *parent, const struct ends *ends,
                                        const struct batch *batch) {
    for (uint32_t i = 0; i < batch->deps_count; i++) {
        const struct tip *dep = &batch->deps[i];
        if (member_set_has(&parent->sealed, dep->member)) continue;
        if (lanes_skipped(lanes, dep->member, dep->seq)) continue;
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

/* The lane that chooses first when a block has not room for all: as good as random, from what nobody chose alone, so
 * that no lane waits behind the same others for ever. */
static uint32_t first_to_choose(const struct cut *parent) {
    CHECK(parent->members > 0);
    uint32_t mixed = 0;
    for (uint32_t i = 0; i < parent->members; i++) {
        const uint8_t *hash = parent->tips[i].hash.bytes;
        mixed ^= (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    }
    return mixed % parent->members;
}

/* As far as each lane goes by itself, within its share and the room that is left. */
static void choose_ends(const struct lanes *lanes, const struct cut *parent, const struct member_set *skip,
                        struct ends *ret_ends) {
    uint64_t share = lane_share_bytes(lanes->members);
    uint64_t room = BLOCK_BYTES_MAX;
    uint32_t first = first_to_choose(parent);
    *ret_ends = (struct ends){0};
    for (uint32_t k = 0; k < lanes->members; k++) {
        uint32_t i = (first + k) % lanes->members;
        if (member_set_has(&parent->sealed, i) || lanes->lanes[i].forked) continue;
        if (skip != NULL && member_set_has(skip, i)) continue;
        ret_ends->batch[i] = farthest(lanes, parent, i, num_min_u64(share, room));
        uint64_t bytes = 0;
        if (ret_ends->batch[i] != NULL && extends(ret_ends->batch[i], &parent->tips[i], &bytes)) room -= bytes;
    }
}

/* The end of lane `i` without its first batch that has an open dep, and all after it. */
static const struct batch *without_open_deps(const struct lanes *lanes, const struct cut *parent,
                                             const struct ends *ends, uint32_t i) {
    const struct batch *keep = ends->batch[i];
    for (const struct batch *b = keep; b != NULL && b->seq > parent->tips[i].seq; b = b->parent) {
        if (first_open_dep(lanes, parent, ends, b) == NULL) continue;
        keep = b->seq == parent->tips[i].seq + 1 ? NULL : b->parent;
    }
    return keep;
}

/* Walks back whatever has an open dep until nothing moves. Ends only shrink, so this is over after at most as many
 * rounds as there are batches; what is left is consistent, and the largest such part of what was chosen. */
uint32_t lanes_build_cut(const struct lanes *lanes, const struct cut *parent, const struct member_set *skip,
                         struct tip ret_entries[MEMBERS_MAX]) {
    struct ends ends;
    choose_ends(lanes, parent, skip, &ends);
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < lanes->members; i++) {
            const struct batch *keep = without_open_deps(lanes, parent, &ends, i);
            moved = moved || keep != ends.batch[i];
            ends.batch[i] = keep;
        }
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < lanes->members; i++) {
        if (ends.batch[i] == NULL) continue;
        ret_entries[count++] = (struct tip){i, ends.batch[i]->seq, ends.batch[i]->hash};
    }
    return count;
}

/* Whether everything that the parent's cut includes is held. Without it nothing can be said about deps below that
 * cut, and the block could not be executed. */
static enum status check_parent_held(const struct lanes *lanes, const struct cut *parent, struct tip *ret_missing) {
    for (uint32_t i = 0; i < lanes->members; i++) {
        const struct cut_tip *tip = &parent->tips[i];
        if (tip->seq <= lanes->lanes[i].base.seq || lanes_find(lanes, i, tip->seq, &tip->hash) != NULL) continue;
        *ret_missing = (struct tip){i, tip->seq, tip->hash};
        return STATUS_MISSING;
    }
    return STATUS_OK;
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
    TRY(check_parent_held(lanes, parent, ret_missing));
    for (uint32_t i = 0; i < block->entries_count; i++) {
        if (member_set_has(seals, block->entries[i].member)) return STATUS_FORKED;
        TRY(check_entry(lanes, parent, &block->entries[i], &ends, &room, ret_missing));
    }
    for (uint32_t i = 0; i < block->entries_count; i++) {
        uint32_t member = block->entries[i].member;
        const struct batch *b = ends.batch[member];
        for (; b != NULL && b->seq > parent->tips[member].seq; b = b->parent) {
            if (CANARY(CUT_CONSISTENCY_NOT_CHECKED)) continue;
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
