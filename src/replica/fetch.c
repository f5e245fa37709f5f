/* Asking for what is missing, and answering (docs/protocol.md 3, 9).
 *
 * Invariant: what one member can make this one ask for is bounded, and takes no room from what others need. For each
 * lane there is a row of places: one for each of the next FETCH_WINDOW positions, and one for each lane whose batches
 * refer to this lane by a hash, and for final and for proposed blocks. Each is asked of one member after another with
 * growing pauses; what nobody has falls out and comes back when somebody names it again. */
#include "base/check.h"
#include "base/num.h"
#include "codec/cbor.h"
#include "replica/state.h"

/* Wants by hash begin behind the window: one of each member's lane, then final blocks, then proposals. */
enum { WANT_KINDS = 2, WANT_TURNS = 2 };

uint32_t replica_want_row(uint32_t members) { return FETCH_WINDOW + members + WANT_KINDS; }

static struct want *row_of(const struct replica *r, uint32_t member) {
    return r->wants + (size_t)member * replica_want_row(r->members);
}

static struct want *place_of(const struct replica *r, const struct tip *tip, uint32_t why) {
    struct want *row = row_of(r, tip->member);
    if (why == WANTED_BY_ACK) return &row[tip->seq % FETCH_WINDOW];
    if (why < r->members) return &row[FETCH_WINDOW + why];
    return &row[FETCH_WINDOW + r->members + (why - WANTED_BY_FINAL)];
}

static void drop_want(struct replica *r, struct want *want) {
    r->wants_by_lane[want->tip.member]--;
    *want = (struct want){0};
}

void replica_drop_wants(struct replica *r, uint32_t member) {
    struct want *row = row_of(r, member);
    for (uint32_t i = 0; i < replica_want_row(r->members); i++) {
        if (row[i].tip.seq != 0) drop_want(r, &row[i]);
    }
}

static bool same_tip(const struct tip *a, const struct tip *b) {
    return a->seq == b->seq && a->member == b->member && hash_equal(&a->hash, &b->hash);
}

static struct want *find_want(struct replica *r, const struct tip *tip) {
    struct want *want = row_of(r, tip->member);
    for (uint32_t left = r->wants_by_lane[tip->member]; left > 0; want++) {
        if (want->tip.seq == 0) continue;
        if (same_tip(&want->tip, tip)) return want;
        left--;
    }
    return NULL;
}

/* Whether it is here: held, executed, or on hold until something else comes. */
static bool have(const struct replica *r, const struct tip *tip) {
    bool held = hash_is_zero(&tip->hash) ? lanes_tip(&r->lanes, tip->member).seq >= tip->seq
                                         : lanes_holds(&r->lanes, tip->member, tip->seq, &tip->hash);
    return held || replica_holds_back(r, tip);
}

void replica_want(struct replica *r, const struct tip *tip, uint32_t why, uint64_t delay_us) {
    if (tip->member >= r->members || tip->seq == 0 || have(r, tip)) return;
    uint64_t due_us = r->now.mono_us + delay_us;
    struct want *want = find_want(r, tip);
    if (want == NULL) {
        want = place_of(r, tip, why);
        /* The one before had its turns, or this one waits for its own; a place of the window has no other owner. */
        if (want->tip.seq != 0 && want->attempts < WANT_TURNS && why != WANTED_BY_ACK) return;
        if (want->tip.seq != 0) drop_want(r, want);
        *want = (struct want){.tip = *tip, .due_us = due_us, .asked = tip->member};
        r->wants_by_lane[tip->member]++;
    } else if (want->attempts == 0) {
        want->due_us = num_min_u64(want->due_us, due_us);
    }
    r->wants_due_us = num_min_u64(r->wants_due_us, want->due_us);
}

/* The next batches of a lane by their place. A forked lane has no such thing as the next one: its versions are asked
 * for by hash. */
void replica_want_lane(struct replica *r, uint32_t member, uint64_t seq, uint64_t delay_us) {
    if (r->lanes.lanes[member].forked || r->lanes.lanes[member].sealed) return;
    uint64_t tip = lanes_tip(&r->lanes, member).seq;
    for (uint64_t next = tip + 1; next <= seq && next <= tip + FETCH_WINDOW; next++)
        replica_want(r, &(struct tip){.member = member, .seq = next}, WANTED_BY_ACK, delay_us);
}

/* A final block includes `entry`, which is not held. The versions of a forked lane have no next one by place, so its ancestors are
 * asked for by hash, from the entry down to what is held: one goal at a time. What a goal brings need not be kept for that; each round
 * ends with one more ancestor accepted, so however much room liars' versions take, the final one arrives. */
void replica_want_final(struct replica *r, const struct tip *entry) {
    struct tip *goal = &r->goals[entry->member];
    bool done =
        goal->seq == 0 || goal->seq > entry->seq || lanes_holds(&r->lanes, goal->member, goal->seq, &goal->hash);
    if (done) *goal = *entry;
    for (const struct held *held; (held = replica_held(r, goal)) != NULL;)
        *goal = (struct tip){goal->member, held->header->seq - 1, held->header->prev};
    lanes_expect(&r->lanes, goal->member, &goal->hash);
    replica_want(r, goal, WANTED_BY_FINAL, 0);
}

/* A batch was offered: when it is the goal and can't be accepted yet, its parent is the next goal. */
void replica_goal_came(struct replica *r, const struct header *header, const struct hash *hash, enum status offered) {
    struct tip *goal = &r->goals[header->member];
    if (goal->seq != header->seq || !hash_equal(&goal->hash, hash)) return;
    if (offered == STATUS_OK) *goal = (struct tip){0};
    if (offered == STATUS_MISSING && header->seq > 1)
        *goal = (struct tip){header->member, header->seq - 1, header->prev};
}

void replica_want_up_to(struct replica *r, const struct tip *tip, uint32_t why, uint64_t delay_us) {
    if (tip->member >= r->members || tip->seq == 0) return;
    replica_want(r, tip, why, delay_us);
    replica_want_lane(r, tip->member, tip->seq - 1, delay_us);
}

void replica_got(struct replica *r, const struct tip *tip) {
    struct tip any = {.member = tip->member, .seq = tip->seq};
    for (int i = 0; i < 2; i++) {
        struct want *want = find_want(r, i == 0 ? tip : &any);
        if (want != NULL) drop_want(r, want);
    }
}

/* The next one to ask: somebody who claims to hold it, going round; the owner when nobody does. */
static uint32_t whom_to_ask(const struct replica *r, const struct want *want) {
    for (uint32_t i = 1; i <= r->members; i++) {
        uint32_t peer = (want->asked + i) % r->members;
        if (peer == r->self || !r->known[peer].link_up) continue;
        if (lanes_peer_claims(&r->lanes, peer, want->tip.member, want->tip.seq)) return peer;
    }
    return want->tip.member;
}

static void ask(struct replica *r, struct want *want) {
    uint32_t peer = whom_to_ask(r, want);
    want->asked = peer;
    want->attempts++;
    want->due_us = r->now.mono_us + r->delta_us * num_min_u64(want->attempts, 8);
    if (peer == r->self) return;
    r->counters.fetches++;
    r->out->type = FRAME_FETCH_BATCH;
    r->out->fetch_batch = want->tip;
    replica_send_frame(r, peer, r->out);
}

static void fetch_due(struct replica *r, struct want *want) {
    if (r->now.mono_us >= want->due_us) {
        if (have(r, &want->tip) || want->attempts >= WANT_ATTEMPTS_MAX) {
            drop_want(r, want);
            return;
        }
        ask(r, want);
    }
    r->wants_due_us = num_min_u64(r->wants_due_us, want->due_us);
}

/* Asks for all that is due, and finds out when the next one is. */
void replica_fetch_tick(struct replica *r) {
    if (r->now.mono_us < r->wants_due_us) return;
    r->wants_due_us = UINT64_MAX;
    for (uint32_t m = 0; m < r->members; m++) {
        struct want *want = row_of(r, m);
        for (uint32_t left = r->wants_by_lane[m]; left > 0; want++) {
            if (want->tip.seq == 0) continue;
            fetch_due(r, want);
            left--;
        }
    }
}

/* --- answering --- */

static enum status hash_of_own_version(struct replica *r, const struct tip *tip, struct hash *ret_hash) {
    const struct lane *lane = &r->lanes.lanes[tip->member];
    if (tip->seq <= lane->base.seq) return r->ports.read_lane(r->ports.context, tip->member, tip->seq, ret_hash);
    if (lane->tip == NULL || tip->seq > lane->tip->seq) return STATUS_NOT_FOUND;
    *ret_hash = lane_ancestor(lane->tip, tip->seq)->hash;
    return STATUS_OK;
}

enum status replica_on_fetch_batch(struct replica *r, uint32_t from, const struct tip *tip) {
    if (tip->member >= r->members) return STATUS_UNKNOWN_MEMBER;
    struct hash hash = tip->hash;
    if (hash_is_zero(&hash)) TRY(hash_of_own_version(r, tip, &hash));
    r->out->type = FRAME_BATCH;
    TRY(r->ports.read_batch(r->ports.context, &hash, &r->out->batch.header, &r->out->batch.body,
                            &r->out->batch.contents));
    replica_send_frame(r, from, r->out);
    return STATUS_OK;
}

/* --- ranges of finalized blocks --- */

/* The final blocks of one epoch from a height on, for a member that is in that epoch yet: the executed ones, and behind
 * the last one of the epoch the void ones up to the one that has the finalization. */
struct chain_walk {
    struct replica *replica;
    bool is_begun;
    uint64_t epoch; /* of the first */
    uint64_t end;   /* the last height of the epoch, once it was met */
};

/* The epoch of a block that the ledger holds. */
static uint64_t epoch_of(struct replica *r, struct slice block) {
    struct hash hash;
    enum status read = block_read(block, &r->chain, r->block, &hash);
    CHECK(read == STATUS_OK);
    return r->block->epoch;
}

/* The block that stood at this height in the epoch of the first one that is read. */
static enum status read_chain(struct chain_walk *walk, uint64_t height, struct slice *ret_block,
                              struct slice *ret_finalization) {
    struct replica *r = walk->replica;
    if (walk->end == 0) {
        enum status read = r->ports.read_height(r->ports.context, height, ret_block, ret_finalization);
        if (!walk->is_begun) TRY(read);
        uint64_t epoch = read == STATUS_OK ? epoch_of(r, *ret_block) : r->roster.epoch;
        if (!walk->is_begun) walk->epoch = epoch;
        walk->is_begun = true;
        if (epoch == walk->epoch) return read;
        /* The next epoch may have no block yet. */
        walk->end = height - 1;
    }
    return r->ports.read_epoch(r->ports.context, walk->epoch, (uint32_t)(height - walk->end), ret_block,
                               ret_finalization);
}

/* A range ends with the last of its blocks that has a finalization of its own; what follows that one is left out. The
 * blocks are copied behind each other into the scratch, because a read is only good until the next one; the
 * finalization has the end of it. */
static uint32_t join_range(struct replica *r, uint64_t height, struct slice *ret_blocks,
                           struct slice *ret_finalization) {
    struct chain_walk walk = {.replica = r};
    size_t capacity = FRAME_BYTES_MAX - 2 * VOTE_CERTIFICATE_BYTES_MAX;
    size_t used = 0;
    uint32_t count = 0, proven = 0;
    for (; count < RANGE_BLOCKS_MAX; count++) {
        struct slice block, finalization;
        if (read_chain(&walk, height + count, &block, &finalization) != STATUS_OK) break;
        size_t needed = block.bytes + CBOR_HEAD_BYTES_MAX;
        if (needed > capacity - used || finalization.bytes > VOTE_CERTIFICATE_BYTES_MAX) break;
        memcpy(r->scratch + used, block.data, block.bytes);
        ret_blocks[count] = slice_of(r->scratch + used, block.bytes);
        used += needed;
        if (finalization.bytes == 0) continue;
        memcpy(r->scratch + capacity, finalization.data, finalization.bytes);
        *ret_finalization = slice_of(r->scratch + capacity, finalization.bytes);
        proven = count + 1;
    }
    return proven;
}

enum status replica_send_range(struct replica *r, uint32_t to, uint64_t height) {
    if (height == 0 || height > machine_height(r->machine)) return STATUS_NOT_FOUND;
    r->out->type = FRAME_RANGE;
    r->out->range.count = join_range(r, height, r->out->range.blocks, &r->out->range.finalization);
    if (r->out->range.count == 0) return STATUS_NOT_FOUND;
    replica_send_frame(r, to, r->out);
    return STATUS_OK;
}

/* The first height from `height` on that has a finalization of its own, which is sent; 0 when there is none. A view of the window at most
 * for each height, or nobody could have finalized it. */
static uint64_t send_next_finalization(struct chain_walk *walk, uint32_t to, uint64_t height) {
    struct replica *r = walk->replica;
    for (uint64_t h = height; h < height + VIEWS_UNFINALIZED_MAX; h++) {
        struct slice block, finalization;
        if (read_chain(walk, h, &block, &finalization) != STATUS_OK) return 0;
        if (finalization.bytes == 0) continue;
        r->out->type = FRAME_CERTIFICATE;
        r->out->certificate = finalization;
        replica_send_frame(r, to, r->out);
        return h;
    }
    return 0;
}

/* One finalization that covers more than a range carries: first that certificate, then its blocks one by one from the last down. With the
 * certificate the receiver's agreement asks for the last block, and with each block for its parent, so that each is asked for before it
 * comes, and nothing is taken that the certificate does not lead to. */
static enum status send_long_chain(struct replica *r, uint32_t to, uint64_t height) {
    struct chain_walk walk = {.replica = r};
    uint64_t last = send_next_finalization(&walk, to, height);
    if (last == 0) return STATUS_NOT_FOUND;
    for (uint64_t h = last; h >= height; h--) {
        struct slice block, finalization;
        if (h <= walk.end) walk.end = 0; /* executed blocks again */
        TRY(read_chain(&walk, h, &block, &finalization));
        r->out->type = FRAME_BLOCK;
        r->out->block = block;
        replica_send_frame(r, to, r->out);
    }
    return STATUS_OK;
}

enum status replica_on_fetch_range(struct replica *r, uint32_t from, uint64_t height) {
    if (height == 0 || height > machine_height(r->machine)) return STATUS_NOT_FOUND;
    enum status sent = replica_send_range(r, from, height);
    return sent == STATUS_NOT_FOUND ? send_long_chain(r, from, height) : sent;
}

/* A few heights are mostly on their way already. More of them, or no progress for a while, is being behind. */
enum { FAR_BEHIND_HEIGHTS = 8, BEHIND_DELTAS = 2, RANGE_DELTAS = 4 };

static bool is_behind(struct replica *r, uint64_t highest) {
    uint64_t final = agreement_final_height(r->agreement);
    if (highest <= final) return false;
    if (r->range_behind_us == 0 || r->range_height != final) {
        r->range_height = final;
        r->range_behind_us = r->now.mono_us;
    }
    return highest - final >= FAR_BEHIND_HEIGHTS ||
           r->now.mono_us >= r->range_behind_us + BEHIND_DELTAS * r->delta_us;
}

/* Asks one member for the next range: one at a time, going round among those who claim to be ahead, so that nobody
 * can stop this by claiming and not answering. Not while much waits for execution already. */
void replica_ask_range(struct replica *r) {
    uint64_t final = agreement_final_height(r->agreement), highest = 0;
    if (r->queue_count >= EXECUTION_BACKLOG_MAX) return;
    if (r->range_asked_us != 0 && r->now.mono_us < r->range_asked_us + RANGE_DELTAS * r->delta_us) return;
    for (uint32_t m = 0; m < r->members; m++) highest = num_max_u64(highest, r->known[m].height);
    if (!is_behind(r, highest)) return;
    for (uint32_t i = 1; i <= r->members; i++) {
        uint32_t peer = (r->range_peer + i) % r->members;
        if (peer == r->self || r->known[peer].height <= final || !r->known[peer].link_up) continue;
        r->range_peer = peer;
        r->range_asked_us = r->now.mono_us;
        r->out->type = FRAME_FETCH_RANGE;
        r->out->fetch_range = final + 1;
        replica_send_frame(r, peer, r->out);
        return;
    }
}

/* Whoever brought us on is asked again next. */
void replica_got_range(struct replica *r, uint32_t from) {
    r->range_asked_us = 0;
    r->range_peer = (from + r->members - 1) % r->members;
}
