/* The chain of each lane, its versions and acknowledgements (docs/protocol.md 2). */
#include "lane/lane.h"

#include "base/arena.h"
#include "base/canary.h"
#include "base/check.h"
#include "base/num.h"

/* What one lane may hold beyond its base, all versions together: one whole version, and as much again of forks. A lane
 * that forks more uses up its own room, never another's. */
enum { LANE_HELD_MAX = 2 * LANE_OUTSTANDING_MAX };

/* A batch and its deps are one piece with room for every dep there can be: with one size of pieces and a bound for each
 * lane the pool can't run out. */
static size_t batch_bytes(uint32_t members) { return sizeof(struct batch) + sizeof(struct tip) * members; }

static size_t pool_bytes(uint32_t members) {
    return pool_rounded(batch_bytes(members)) * members * (LANE_HELD_MAX + LANE_OUTSTANDING_MAX);
}

static size_t fixed_bytes(uint32_t members) {
    size_t n = members;
    return arena_rounded(n * sizeof(struct lane)) + arena_rounded(n * n * sizeof(struct cut_tip)) +
           n * (arena_rounded(LANE_HISTORY * sizeof(struct hash)) + 2 * arena_rounded(n * sizeof(uint64_t)) +
                arena_rounded(LANE_OUTSTANDING_MAX * sizeof(struct batch *)));
}

size_t lanes_bytes(uint32_t members) { return fixed_bytes(members) + pool_bytes(members); }

void lanes_init(struct lanes *lanes, void *memory, size_t bytes, uint32_t members, lane_history_read *read,
                void *read_context) {
    CHECK(bytes >= lanes_bytes(members));
    CHECK(members >= 1 && members <= MEMBERS_MAX);
    struct arena arena;
    arena_init(&arena, memory, bytes);
    *lanes = (struct lanes){.members = members, .read = read, .read_context = read_context};
    lanes->lanes = arena_take(&arena, members * sizeof(struct lane));
    lanes->acked = arena_take(&arena, (size_t)members * members * sizeof(struct cut_tip));
    for (uint32_t i = 0; i < members; i++) {
        lanes->lanes[i].frontier = arena_take(&arena, members * sizeof(uint64_t));
        lanes->lanes[i].base_frontier = arena_take(&arena, members * sizeof(uint64_t));
    }
    for (uint32_t i = 0; i < members; i++) {
        lanes->lanes[i].versions = arena_take(&arena, LANE_OUTSTANDING_MAX * sizeof(struct batch *));
        lanes->lanes[i].history = arena_take(&arena, LANE_HISTORY * sizeof(struct hash));
    }
    CHECK(arena.used == fixed_bytes(members));
    pool_init(&lanes->pool, arena.region + arena.used, pool_bytes(members));
}

static struct batch **slot_of(const struct lanes *lanes, uint32_t member, uint64_t seq) {
    return &lanes->lanes[member].versions[seq % LANE_OUTSTANDING_MAX];
}

struct batch *lanes_find(const struct lanes *lanes, uint32_t member, uint64_t seq, const struct hash *hash) {
    const struct lane *lane = &lanes->lanes[member];
    if (seq <= lane->base.seq || seq > lane->base.seq + LANE_OUTSTANDING_MAX) return NULL;
    for (struct batch *batch = *slot_of(lanes, member, seq); batch != NULL; batch = batch->other) {
        if (CANARY(FORK_COMPARED_BY_SEQ) || hash_equal(&batch->hash, hash)) return batch;
    }
    return NULL;
}

/* The hash of the executed batch at `seq` <= base. */
static enum status executed_hash(const struct lanes *lanes, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    const struct lane *lane = &lanes->lanes[member];
    if (seq == 0 || seq > lane->base.seq) return STATUS_NOT_FOUND;
    if (lane->base.seq - seq < LANE_HISTORY && !hash_is_zero(&lane->history[seq % LANE_HISTORY])) {
        *ret_hash = lane->history[seq % LANE_HISTORY];
        return STATUS_OK;
    }
    return lanes->read(lanes->read_context, member, seq, ret_hash);
}

bool lanes_holds(const struct lanes *lanes, uint32_t member, uint64_t seq, const struct hash *hash) {
    if (seq > lanes->lanes[member].base.seq) return lanes_find(lanes, member, seq, hash) != NULL;
    struct hash executed;
    if (executed_hash(lanes, member, seq, &executed) == STATUS_OK) return hash_equal(&executed, hash);
    return seq > 0 && seq <= lanes->lanes[member].forgotten;
}

void lanes_take_up(struct lanes *lanes, uint32_t member, const struct lane_start *start) {
    CHECK(member < lanes->members);
    struct lane *lane = &lanes->lanes[member];
    CHECK(lane->base.seq == 0 && lane->held == 0);
    lane->base = start->base;
    lane->base_wall_us = start->wall_us;
    lane->forgotten = start->base.seq;
    memcpy(lane->base_frontier, start->frontier, lanes->members * sizeof(uint64_t));
    memcpy(lane->frontier, start->frontier, lanes->members * sizeof(uint64_t));
    if (start->sealed) lanes_seal(lanes, member);
}

void lanes_forget(struct lanes *lanes) {
    for (uint32_t m = 0; m < lanes->members; m++) lanes->lanes[m].forgotten = lanes->lanes[m].base.seq;
}

void lanes_remember(struct lanes *lanes, uint32_t member, uint64_t seq, const struct hash *hash) {
    CHECK(member < lanes->members);
    struct lane *lane = &lanes->lanes[member];
    CHECK(seq <= lane->base.seq && lane->base.seq - seq < LANE_HISTORY);
    lane->history[seq % LANE_HISTORY] = *hash;
}

const struct batch *lane_ancestor(const struct batch *batch, uint64_t seq) {
    while (batch != NULL && batch->seq > seq) batch = batch->parent;
    return batch;
}

void lanes_expect(struct lanes *lanes, uint32_t member, const struct hash *hash) {
    lanes->lanes[member].expected = *hash;
}

static void find_rival(const struct lanes *lanes, const struct header *header, const struct hash *hash,
                       struct hash *ret_rival) {
    const struct lane *lane = &lanes->lanes[header->member];
    struct hash executed;
    if (CANARY(FORK_COMPARED_BY_SEQ)) return; /* the same seq, so the same batch */
    if (header->seq <= lane->base.seq) {
        if (executed_hash(lanes, header->member, header->seq, &executed) == STATUS_OK && !hash_equal(&executed, hash))
            *ret_rival = executed;
        return;
    }
    if (header->seq > lane->base.seq + LANE_OUTSTANDING_MAX) return;
    for (const struct batch *b = *slot_of(lanes, header->member, header->seq); b != NULL; b = b->other) {
        if (!hash_equal(&b->hash, hash)) *ret_rival = b->hash;
    }
}

/* Whether the position can be filled at all, before its links are looked at. */
static enum status check_position(const struct lanes *lanes, const struct header *header, const struct hash *hash) {
    const struct lane *lane = &lanes->lanes[header->member];
    if (header->seq <= lane->base.seq)
        return lanes_holds(lanes, header->member, header->seq, hash) ? STATUS_DUPLICATE : STATUS_STALE;
    if (lanes_find(lanes, header->member, header->seq, hash) != NULL) return STATUS_DUPLICATE;
    if (lane->sealed) return STATUS_STALE;
    if (header->seq > lane->base.seq + LANE_OUTSTANDING_MAX) return STATUS_TOO_MANY;
    /* What is final has its own room, so that no number of other versions can keep it out. */
    if (hash_equal(hash, &lane->expected)) return STATUS_OK;
    if (lane->held >= LANE_HELD_MAX) return STATUS_TOO_MANY;
    uint32_t versions = 0;
    for (const struct batch *b = *slot_of(lanes, header->member, header->seq); b != NULL; b = b->other) versions++;
    return versions < LANE_VERSIONS_MAX ? STATUS_OK : STATUS_TOO_MANY;
}

/* Finds the previous batch: NULL with STATUS_OK when that is the base. */
static enum status find_parent(const struct lanes *lanes, const struct header *header, struct batch **ret_parent,
                               struct tip *ret_missing) {
    const struct lane *lane = &lanes->lanes[header->member];
    *ret_parent = NULL;
    if (header->seq == lane->base.seq + 1)
        return hash_equal(&header->prev, &lane->base.hash) ? STATUS_OK : STATUS_NOT_LINKED;
    *ret_parent = lanes_find(lanes, header->member, header->seq - 1, &header->prev);
    if (*ret_parent != NULL) return STATUS_OK;
    *ret_missing = (struct tip){header->member, header->seq - 1, header->prev};
    return STATUS_MISSING;
}

/* The highest seq of `member` that the version ending in `parent` has named so far. */
static uint64_t last_dep(const struct lanes *lanes, uint32_t owner, const struct batch *parent, uint32_t member) {
    const struct lane *lane = &lanes->lanes[owner];
    if (parent == lane->tip) return lane->frontier[member];
    for (; parent != NULL; parent = parent->parent) {
        for (uint32_t i = 0; i < parent->deps_count; i++) {
            if (parent->deps[i].member == member) return parent->deps[i].seq;
        }
    }
    return lane->base_frontier[member];
}

static enum status check_deps(const struct lanes *lanes, const struct header *header, const struct batch *parent,
                              struct tip *ret_missing) {
    for (uint32_t i = 0; i < header->deps_count; i++) {
        const struct tip *dep = &header->deps[i];
        if (dep->member >= lanes->members) return STATUS_UNKNOWN_MEMBER;
        if (dep->seq <= last_dep(lanes, header->member, parent, dep->member)) return STATUS_DEPS_BACKWARDS;
    }
    for (uint32_t i = 0; i < header->deps_count; i++) {
        const struct tip *dep = &header->deps[i];
        if (lanes->lanes[dep->member].sealed) continue; /* a dep on a sealed lane binds nobody */
        if (lanes_holds(lanes, dep->member, dep->seq, &dep->hash)) continue;
        if (lanes_skipped(lanes, dep->member, dep->seq)) continue;
        *ret_missing = *dep;
        return STATUS_MISSING;
    }
    return STATUS_OK;
}

static struct batch *batch_new(struct lanes *lanes, const struct header *header, const struct hash *hash) {
    struct batch *batch = pool_take_raw(&lanes->pool, batch_bytes(lanes->members));
    CHECK(batch != NULL);
    struct tip *deps = (struct tip *)(void *)(batch + 1);
    CHECK(header->deps_count <= lanes->members);
    memcpy(deps, header->deps, header->deps_count * sizeof deps[0]);
    *batch = (struct batch){.hash = *hash,
                            .prev = header->prev,
                            .member = header->member,
                            .seq = header->seq,
                            .wall_us = header->wall_us,
                            .count = header->count,
                            .bytes = header->bytes,
                            .deps_count = header->deps_count,
                            .deps = deps};
    return batch;
}

static void batch_free(struct lanes *lanes, struct batch *batch) {
    pool_give(&lanes->pool, batch, batch_bytes(lanes->members));
}

static void advance_tip(struct lane *lane, struct batch *batch) {
    lane->tip = batch;
    for (uint32_t i = 0; i < batch->deps_count; i++) lane->frontier[batch->deps[i].member] = batch->deps[i].seq;
}

enum status lanes_offer(struct lanes *lanes, const struct header *header, const struct hash *hash, uint64_t wall_us,
                        struct batch **ret_batch, struct tip *ret_missing, struct hash *ret_rival) {
    *ret_rival = (struct hash){0};
    TRY(header_valid(header));
    if (header->member >= lanes->members) return STATUS_UNKNOWN_MEMBER;
    struct lane *lane = &lanes->lanes[header->member];
    find_rival(lanes, header, hash, ret_rival);
    TRY(check_position(lanes, header, hash));
    struct batch *parent;
    TRY(find_parent(lanes, header, &parent, ret_missing));
    uint64_t parent_wall_us = parent != NULL ? parent->wall_us : lane->base_wall_us;
    if (header->wall_us <= parent_wall_us) return STATUS_CLOCK_BACKWARDS;
    TRY(check_deps(lanes, header, parent, ret_missing));
    if (header->wall_us > wall_us && header->wall_us - wall_us > (uint64_t)CLOCK_AHEAD_MAX_US)
        return STATUS_CLOCK_AHEAD;

    struct batch *batch = batch_new(lanes, header, hash);
    struct batch **slot = slot_of(lanes, header->member, header->seq);
    if (*slot != NULL) lane->forked = true;
    batch->parent = parent;
    batch->other = *slot;
    *slot = batch;
    lane->held++;
    if (parent == lane->tip && !lane->forked) advance_tip(lane, batch);
    *ret_batch = batch;
    return STATUS_OK;
}

struct cut_tip lanes_tip(const struct lanes *lanes, uint32_t member) {
    const struct lane *lane = &lanes->lanes[member];
    if (lane->tip == NULL) return lane->base;
    return (struct cut_tip){lane->tip->seq, lane->tip->hash};
}

uint64_t lanes_tip_wall_us(const struct lanes *lanes, uint32_t member) {
    const struct lane *lane = &lanes->lanes[member];
    return lane->tip != NULL ? lane->tip->wall_us : lane->base_wall_us;
}

/* The lane began again and has no batch since: there is nothing to refer to. */
static bool is_only_begun(const struct lane *lane) {
    return lane->tip == NULL && lane->base.seq != 0 && lane->base.seq == seq_base(seq_epoch(lane->base.seq));
}

void lanes_next_header(const struct lanes *lanes, uint32_t self, uint64_t wall_us, struct header *ret_header) {
    const struct lane *own = &lanes->lanes[self];
    struct cut_tip tip = lanes_tip(lanes, self);
    ret_header->member = self;
    ret_header->seq = tip.seq + 1;
    ret_header->prev = tip.hash;
    ret_header->wall_us = num_max_u64(wall_us, lanes_tip_wall_us(lanes, self) + 1);
    ret_header->deps_count = 0;
    for (uint32_t i = 0; i < lanes->members; i++) {
        if (i == self || lanes->lanes[i].forked || lanes->lanes[i].sealed) continue;
        struct cut_tip other = lanes_tip(lanes, i);
        if (other.seq <= own->frontier[i] || is_only_begun(&lanes->lanes[i])) continue;
        ret_header->deps[ret_header->deps_count++] = (struct tip){i, other.seq, other.hash};
    }
}

uint32_t lanes_outstanding(const struct lanes *lanes, uint32_t member) {
    const struct lane *lane = &lanes->lanes[member];
    return lane->tip == NULL ? 0 : (uint32_t)(lane->tip->seq - lane->base.seq);
}

void lanes_fork(struct lanes *lanes, uint32_t member) { lanes->lanes[member].forked = true; }

void lanes_seal(struct lanes *lanes, uint32_t member) {
    lanes->lanes[member].forked = true;
    lanes->lanes[member].sealed = true;
}

bool lanes_skipped(const struct lanes *lanes, uint32_t member, uint64_t seq) {
    struct hash executed;
    if (seq > lanes->lanes[member].base.seq) return false;
    return executed_hash(lanes, member, seq, &executed) == STATUS_NOT_FOUND;
}

void lanes_ack(struct lanes *lanes, uint32_t peer, const struct tip *tip) {
    if (peer >= lanes->members || tip->member >= lanes->members) return;
    struct cut_tip *acked = &lanes->acked[(size_t)peer * lanes->members + tip->member];
    if (tip->seq < acked->seq) return;
    *acked = (struct cut_tip){tip->seq, tip->hash};
}

bool lanes_peer_claims(const struct lanes *lanes, uint32_t peer, uint32_t member, uint64_t seq) {
    return lanes->acked[(size_t)peer * lanes->members + member].seq >= seq;
}

/* Whether an acknowledged tip has the batch `seq` of the own version below it. What was executed is held by many. A
 * tip that is not known yet is believed as long as nothing speaks of a fork. */
static bool ack_covers(const struct lanes *lanes, uint32_t member, const struct cut_tip *acked, uint64_t seq) {
    const struct lane *lane = &lanes->lanes[member];
    if (acked->seq < seq) return false;
    if (seq <= lane->base.seq) return true;
    const struct batch *batch = lanes_find(lanes, member, acked->seq, &acked->hash);
    if (batch == NULL) return !lane->forked && acked->seq > lanes_tip(lanes, member).seq;
    return lane->tip == NULL || seq > lane->tip->seq || lane_ancestor(batch, seq) == lane_ancestor(lane->tip, seq);
}

uint32_t lanes_holders(const struct lanes *lanes, uint32_t self, uint32_t member, uint64_t seq) {
    uint32_t holders = 0;
    for (uint32_t peer = 0; peer < lanes->members; peer++) {
        const struct cut_tip *acked = &lanes->acked[(size_t)peer * lanes->members + member];
        holders += peer == self ? lanes_tip(lanes, member).seq >= seq : ack_covers(lanes, member, acked, seq);
    }
    return holders;
}

/* Whether `batch` descends from the new base (seq, hash), given that its seq is higher. */
static bool descends(const struct batch *batch, const struct cut_tip *base) {
    while (batch->parent != NULL && batch->seq > base->seq + 1) batch = batch->parent;
    return batch->seq == base->seq + 1 && hash_equal(&batch->prev, &base->hash);
}

static void drop_other_versions(struct lanes *lanes, struct lane *lane, uint64_t old_seq,
                                const struct cut_tip *base) {
    /* Descending order, so that a batch is freed before the parent that the walk of `descends` needs. */
    for (uint64_t seq = old_seq + LANE_OUTSTANDING_MAX; seq > base->seq; seq--) {
        struct batch **link = &lane->versions[seq % LANE_OUTSTANDING_MAX];
        while (*link != NULL) {
            struct batch *batch = *link;
            if (batch->seq != seq || descends(batch, base)) {
                link = &batch->other;
                continue;
            }
            *link = batch->other;
            lane->held--;
            batch_free(lanes, batch);
        }
    }
}

static void free_executed(struct lanes *lanes, struct lane *lane, uint64_t old_seq, uint64_t new_seq) {
    for (uint64_t seq = old_seq + 1; seq <= new_seq; seq++) {
        struct batch **slot = &lane->versions[seq % LANE_OUTSTANDING_MAX];
        while (*slot != NULL) {
            struct batch *batch = *slot;
            *slot = batch->other;
            lane->held--;
            batch_free(lanes, batch);
        }
    }
    struct batch *child = lane->versions[(new_seq + 1) % LANE_OUTSTANDING_MAX];
    for (; child != NULL; child = child->other) child->parent = NULL;
}

void lanes_reopen(struct lanes *lanes, uint32_t member, uint64_t seq) {
    struct lane *lane = &lanes->lanes[member];
    CHECK(seq > lane->base.seq);
    free_executed(lanes, lane, lane->base.seq, lane->base.seq + LANE_OUTSTANDING_MAX);
    CHECK(lane->held == 0);
    lane->tip = NULL;
    lane->expected = (struct hash){0};
    lane->forked = lane->sealed = false;
    lane->base.seq = seq;
    memset(lane->history, 0, LANE_HISTORY * sizeof *lane->history);
    /* The place itself holds no batch; it stands for the one that the next batch links to. */
    lane->history[seq % LANE_HISTORY] = lane->base.hash;
    memcpy(lane->frontier, lane->base_frontier, lanes->members * sizeof *lane->frontier);
}

static void remember_executed(struct lane *lane, const struct batch *batch, uint64_t old_seq) {
    for (const struct batch *b = batch; b != NULL && b->seq > old_seq; b = b->parent)
        lane->history[b->seq % LANE_HISTORY] = b->hash;
    for (uint64_t seq = old_seq + 1; seq <= batch->seq; seq++) {
        const struct batch *b = lane_ancestor(batch, seq);
        for (uint32_t i = 0; i < b->deps_count; i++) lane->base_frontier[b->deps[i].member] = b->deps[i].seq;
    }
}

/* The longest version above the base becomes the tip, the one with the smallest hash among equals. */
static void choose_tip(struct lane *lane, uint32_t members) {
    lane->tip = NULL;
    memcpy(lane->frontier, lane->base_frontier, members * sizeof(uint64_t));
    if (lane->held == 0) return;
    for (uint64_t seq = lane->base.seq + LANE_OUTSTANDING_MAX; seq > lane->base.seq && lane->tip == NULL; seq--) {
        for (struct batch *b = lane->versions[seq % LANE_OUTSTANDING_MAX]; b != NULL; b = b->other) {
            if (lane->tip == NULL || hash_compare(&b->hash, &lane->tip->hash) < 0) lane->tip = b;
        }
    }
    for (uint64_t seq = lane->base.seq + 1; lane->tip != NULL && seq <= lane->tip->seq; seq++) {
        const struct batch *b = lane_ancestor(lane->tip, seq);
        for (uint32_t i = 0; i < b->deps_count; i++) lane->frontier[b->deps[i].member] = b->deps[i].seq;
    }
}

static void execute_entry(struct lanes *lanes, const struct tip *entry) {
    struct lane *lane = &lanes->lanes[entry->member];
    struct batch *batch = lanes_find(lanes, entry->member, entry->seq, &entry->hash);
    CHECK(batch != NULL);
    struct batch *tip = lane->tip;
    uint64_t old_seq = lane->base.seq;
    bool tip_stays = tip != NULL && tip->seq >= entry->seq && lane_ancestor(tip, entry->seq) == batch;
    struct cut_tip base = {entry->seq, entry->hash};
    remember_executed(lane, batch, old_seq);
    lane->base_wall_us = batch->wall_us;
    if (lane->forked) drop_other_versions(lanes, lane, old_seq, &base);
    lane->base = base;
    free_executed(lanes, lane, old_seq, base.seq);
    if (!tip_stays) {
        choose_tip(lane, lanes->members);
    } else if (tip->seq == base.seq) {
        lane->tip = NULL;
    }
}

void lanes_execute(struct lanes *lanes, const struct block *block) {
    for (uint32_t i = 0; i < block->entries_count; i++) execute_entry(lanes, &block->entries[i]);
}
