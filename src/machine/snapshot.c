/* Snapshots: the state as bytes, and back (docs/protocol.md 9; docs/formats.md has the layout).
 *
 * A snapshot is of the state of a height before its state record, for that one names the snapshot: it can't be in it.
 * Everything that the record needs is there, so loading ends by making it (machine_seal_block), as execution does.
 *
 * Invariant: two machines with equal snapshots give equal roots for ever after. So everything is in it that any later
 * execution looks at; and nothing else, for what is made again from the rest can't contradict it. Nothing in it depends
 * on memory: no pointers, no capacities, no order of a hash table. */
#include "wire/snapshot.h"

#include "base/check.h"
#include "machine/state.h"

OUTLET_COVERS(struct setting, sizeof(struct question_context) + 56);
OUTLET_COVERS(struct docket, 32 + sizeof(struct due) + sizeof(struct marks) + sizeof(struct merkle_tree));
OUTLET_COVERS(struct machine_asked, 16);
OUTLET_COVERS(struct machine, sizeof(struct genesis) + sizeof(struct membership) + sizeof(struct pool) +
                                  sizeof(struct setting) + sizeof(struct docket) + sizeof(struct families) +
                                  sizeof(struct watch) + sizeof(struct trial) + MEMBERS_MAX * sizeof(enum level) +
                                  sizeof(struct trail) + MEMBERS_MAX * sizeof(struct machine_asked) +
                                  sizeof(struct fixed_tables) + sizeof(struct merkle_tree) +
                                  MEMBERS_MAX * sizeof(struct machine_member) + sizeof(struct record_snapshot) +
                                  3 * sizeof(struct merkle_frontier) + sizeof(struct checkpoint) +
                                  RECORD_STATE_BYTES_MAX + sizeof(struct preview) + 192);

/* Saving. */

/* Whether the state of this height commits to its own snapshot. */
static bool commits(const struct machine *machine) { return machine->snapshot.height == machine->setting.height; }

/* Whether it has to: the first block of each interval that ends no epoch. The one that does waits for the next, so that
 * no snapshot stands between two epochs. */
static bool is_due(const struct machine *machine) {
    uint64_t interval = machine->snapshot_interval;
    return machine->setting.height / interval > machine->snapshot.height / interval &&
           !machine->membership.is_decided;
}

static const struct merkle_frontier *log_of(const struct machine *machine, bool is_sealed) {
    return is_sealed ? &machine->before_log : &machine->log;
}

static void save_head(const struct machine *machine, bool is_sealed, struct outlet *outlet) {
    const struct snapshot_head head = {
        .chain = machine->chain,
        .height = machine->setting.height,
        .epoch = machine->membership.roster.epoch,
        .view = machine->view,
        .block = machine->block,
        .time_us = machine->setting.now_us,
        .log = *log_of(machine, is_sealed),
    };
    snapshot_head_put(outlet, &head);
}

/* The newest one, unless that is this. */
static void save_previous(const struct machine *machine, struct outlet *outlet) {
    outlet_put_u64(outlet, machine->snapshot.height);
    if (commits(machine) || machine->snapshot.height == 0) return;
    outlet_put_u64(outlet, machine->snapshot.bytes);
    outlet_put_hash(outlet, &machine->snapshot.root);
    outlet_put_u64(outlet, machine->challenge_from);
}

static void save_levels(const struct machine *machine, struct outlet *outlet) {
    outlet_put_u64(outlet, machine->alarms);
    outlet_put_u64(outlet, machine->raised_us);
    for (uint32_t m = 0; m < machine->genesis.members; m++) outlet_put_u8(outlet, (uint8_t)machine->levels[m]);
}

static void save_docket(const struct docket *docket, uint32_t members, struct outlet *outlet) {
    outlet_put_u32(outlet, docket->count);
    for (uint32_t i = 0; i < docket->count; i++) matter_save(&docket->matters[i], members, outlet);
}

/* `is_sealed`: the state record is in the log already. */
static void save(const struct machine *machine, bool is_sealed, struct outlet *outlet) {
    CHECK(machine->setting.height > 0 && !machine->is_unusable);
    save_head(machine, is_sealed, outlet);
    save_previous(machine, outlet);
    membership_save(&machine->membership, machine->scratch + SNAPSHOT_CHUNK_BYTES, outlet);
    save_levels(machine, outlet);
    trail_save(&machine->trail, outlet);
    standing_save(machine->standing, outlet);
    watch_save(&machine->watch, outlet);
    trial_save(&machine->trial, machine->genesis.members, outlet);
    save_docket(&machine->docket, machine->genesis.members, outlet);
    families_save(&machine->families, outlet);
}

_Static_assert(SNAPSHOT_CHUNK_BYTES + MEMBERSHIP_SCRATCH_BYTES <= SCRATCH_BYTES,
               "a chunk and a record fit the scratch");

void machine_save(const struct machine *machine, outlet_piece *chunk, void *context) {
    struct outlet outlet;
    outlet_open(&outlet, machine->scratch, SNAPSHOT_CHUNK_BYTES, chunk, context);
    save(machine, true, &outlet);
    outlet_close(&outlet);
}

uint64_t machine_snapshot_bytes(const struct machine *machine) {
    struct outlet outlet;
    outlet_open(&outlet, machine->scratch, SNAPSHOT_CHUNK_BYTES, NULL, NULL);
    save(machine, true, &outlet);
    return outlet.bytes;
}

static void commit_to(struct machine *machine, const struct record_snapshot *record) {
    machine->snapshot = *record;
    machine->challenge_from = machine->log.count;
}

void machine_commit_snapshot(struct machine *machine) {
    struct snapshot_hasher hasher;
    struct outlet outlet;
    if (!is_due(machine)) return;
    machine->snapshot = (struct record_snapshot){.height = machine->setting.height};
    snapshot_hasher_init(&hasher);
    outlet_open(&outlet, machine->scratch, SNAPSHOT_CHUNK_BYTES, snapshot_hash_chunk, &hasher);
    save(machine, false, &outlet);
    outlet_close(&outlet);
    struct record_snapshot record = snapshot_hasher_record(&hasher, machine->setting.height);
    commit_to(machine, &record);
}

/* Loading. */

static enum status load_head(struct machine *machine, struct reader *reader, uint64_t *ret_epoch) {
    struct snapshot_head head;
    TRY(snapshot_head_take(reader, &machine->chain, &head));
    machine->setting.height = head.height;
    machine->setting.now_us = head.time_us;
    *ret_epoch = head.epoch;
    machine->view = head.view;
    machine->block = head.block;
    machine->log = head.log;
    return STATUS_OK;
}

static enum status load_previous(struct machine *machine, struct reader *reader) {
    struct record_snapshot *snapshot = &machine->snapshot;
    TRY(reader_u64_to(reader, machine->setting.height, &snapshot->height));
    if (is_due(machine)) return STATUS_BAD_VALUE;
    if (commits(machine) || snapshot->height == 0) return STATUS_OK;
    TRY(reader_u64(reader, &snapshot->bytes));
    TRY(reader_hash(reader, &snapshot->root));
    TRY(reader_u64_to(reader, machine->log.count - 1, &machine->challenge_from));
    return snapshot->bytes > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status load_levels(struct machine *machine, struct reader *reader) {
    TRY(reader_u64(reader, &machine->alarms));
    TRY(reader_u64_to(reader, machine->setting.now_us, &machine->raised_us));
    for (uint32_t m = 0; m < machine->genesis.members; m++) {
        uint8_t level;
        TRY(reader_u8(reader, &level));
        if (level >= LEVELS) return STATUS_BAD_VALUE;
        machine->levels[m] = (enum level)level;
    }
    levels_settle(machine);
    return STATUS_OK;
}

/* Adds the question as its ask did, so that its family comes about again with it. */
static enum status load_matter(struct machine *machine, struct reader *reader) {
    struct docket *docket = &machine->docket;
    struct matter matter;
    struct item_ask ask;
    uint32_t index;
    TRY(matter_load(&machine->setting, machine->log.count, reader, &matter, &ask));
    if (docket_find(docket, &matter.id, &index)) return STATUS_DUPLICATE;
    if (ask.family.bytes > 0) TRY(families_check_ask(&machine->families, matter.asker, &ask));
    machine->setting.charged += families_charge(&machine->families, &ask);
    docket_add(docket, &matter);
    if (ask.family.bytes > 0) families_add(&machine->families, docket, docket->count - 1, matter.asker, &ask);
    if (matter.is_orphan) return STATUS_OK;
    machine->asked[matter.asker].closed += matter.question == NULL;
    machine->asked[matter.asker].opened += matter.opening != OPENING_NONE;
    return STATUS_OK;
}

static enum status load_docket(struct machine *machine, struct reader *reader) {
    uint32_t count;
    TRY(reader_u32_to(reader, machine->docket.capacity, &count));
    for (uint32_t i = 0; i < count; i++) TRY(load_matter(machine, reader));
    return STATUS_OK;
}

/* What waits for what depends on which families are closed. */
static enum status settle_docket(struct machine *machine) {
    struct docket *docket = &machine->docket;
    uint32_t index;
    while (marks_take(&docket->touched, &index)) {
        struct matter *matter = &docket->matters[index];
        if (matter->family != MATTER_ALONE) {
            bool is_closed = machine->families.families[matter->family].is_closed;
            if (is_closed && matter->question != NULL) return STATUS_CONFLICT;
            matter->is_wanted_by_family = !is_closed;
        }
        docket_update(docket, index);
    }
    return STATUS_OK;
}

static enum status load_parts(struct machine *machine, struct reader *reader) {
    uint32_t members = machine->genesis.members;
    uint64_t epoch;
    TRY(load_head(machine, reader, &epoch));
    TRY(load_previous(machine, reader));
    TRY(membership_load(&machine->membership, epoch, reader));
    epoch_resume(machine);
    TRY(load_levels(machine, reader));
    TRY(trail_load(&machine->trail, reader, epoch));
    TRY(standing_load(machine->standing, reader, machine->setting.height, levels_are_enhanced(machine),
                      &machine->membership.roster.absent));
    TRY(watch_load(&machine->watch, machine->setting.now_us, reader));
    TRY(trial_load(&machine->trial, members, machine->setting.height, reader));
    TRY(load_docket(machine, reader));
    TRY(families_load(&machine->families, &machine->docket, &machine->pool, machine->log.count, reader));
    TRY(reader_end(reader));
    return settle_docket(machine);
}

/* What is saved again has to be what was loaded: then nothing was read that means nothing. Hashes it on the way. */
struct comparison {
    struct slice rest;
    bool differs;
    struct snapshot_hasher hasher;
};

static void compare(void *context, struct slice chunk) {
    struct comparison *comparison = context;
    struct slice *rest = &comparison->rest;
    bool is_equal = rest->bytes >= chunk.bytes && memcmp(rest->data, chunk.data, chunk.bytes) == 0;
    comparison->differs = comparison->differs || !is_equal;
    if (comparison->differs) return;
    *rest = slice_of(rest->data + chunk.bytes, rest->bytes - chunk.bytes);
    snapshot_hash_chunk(&comparison->hasher, chunk);
}

static enum status save_again(const struct machine *machine, struct slice bytes, struct record_snapshot *ret_record) {
    struct comparison comparison = {.rest = bytes};
    struct outlet outlet;
    snapshot_hasher_init(&comparison.hasher);
    outlet_open(&outlet, machine->scratch, SNAPSHOT_CHUNK_BYTES, compare, &comparison);
    save(machine, false, &outlet);
    outlet_close(&outlet);
    if (comparison.differs || comparison.rest.bytes > 0) return STATUS_NOT_CANONICAL;
    *ret_record = snapshot_hasher_record(&comparison.hasher, machine->setting.height);
    return STATUS_OK;
}

static enum status load(struct machine *machine, struct slice bytes) {
    struct reader reader = reader_of(bytes);
    struct record_snapshot record;
    TRY(load_parts(machine, &reader));
    machine->is_relisted = true;
    members_update(machine);
    TRY(save_again(machine, bytes, &record));
    if (commits(machine)) commit_to(machine, &record);
    machine_seal_block(machine);
    return STATUS_OK;
}

enum status machine_load(struct machine *machine, struct slice bytes) {
    CHECK(machine->setting.height == 0 && machine->log.count == 1 && !machine->is_unusable);
    enum status status = load(machine, bytes);
    machine->is_unusable = status != STATUS_OK;
    return status;
}

/* Reads. */

void machine_snapshot_every(struct machine *machine, uint64_t blocks) {
    CHECK(machine->setting.height == 0 && blocks > 0);
    machine->snapshot_interval = blocks;
}

void machine_snapshot(const struct machine *machine, struct record_snapshot *ret_snapshot) {
    *ret_snapshot = machine->snapshot;
}

const struct merkle_frontier *machine_log_before(const struct machine *machine) { return &machine->before_log; }

uint64_t machine_challenge_from(const struct machine *machine) { return machine->challenge_from; }

void machine_block(const struct machine *machine, struct hash *ret_block, uint64_t *ret_view) {
    *ret_block = machine->block;
    *ret_view = machine->view;
}

void machine_lane(const struct machine *machine, uint32_t member, struct machine_lane *ret_lane) {
    CHECK(member < machine->genesis.members);
    const struct trail_lane *lane = &machine->trail.lanes[member];
    struct machine_lane found = {.seq = lane->seq, .wall_us = lane->wall_us, .is_sealed = lane->is_sealed};
    if (lane->seq > 0) CHECK(trail_hash(&machine->trail, member, lane->seq, &found.hash) == STATUS_OK);
    *ret_lane = found;
}

uint64_t machine_lane_seen(const struct machine *machine, uint32_t member, uint32_t other) {
    CHECK(member < machine->genesis.members && other < machine->genesis.members);
    return machine->watch.seen[(size_t)member * machine->genesis.members + other];
}

enum status machine_lane_hash(const struct machine *machine, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    return trail_hash(&machine->trail, member, seq, ret_hash);
}
