/* Membership: proposals, their count, the change of epochs. Invariants: proposals are about the present epoch and made
 * by members of its roster; a change that is decided stays decided; every key of the roster is among the used ones. */
#include "machine/membership.h"

#include "base/check.h"

static bool was_used(const struct membership *membership, const uint8_t key[KEY_BYTES]) {
    for (uint32_t i = 0; i < membership->keys_count; i++)
        if (memcmp(membership->keys[i], key, KEY_BYTES) == 0) return true;
    return false;
}

static void use(struct membership *membership, const uint8_t key[KEY_BYTES]) {
    CHECK(membership->keys_count < KEYS_USED_MAX);
    memcpy(membership->keys[membership->keys_count++], key, KEY_BYTES);
}

void membership_init(struct membership *membership, const struct genesis *genesis) {
    memset(membership, 0, sizeof *membership);
    roster_of(genesis, &membership->roster);
    for (uint32_t m = 0; m < genesis_heads(genesis); m++) use(membership, genesis->keys[m]);
}

const struct roster *membership_coming(const struct membership *membership) {
    return membership->is_decided ? &membership->next : &membership->roster;
}

enum status membership_proposal(const struct membership *membership, uint32_t member,
                                struct reconfigure *ret_change) {
    CHECK(member < membership->roster.members);
    const struct proposal *proposal = &membership->proposals[member];
    if (!proposal->is_made) return STATUS_NOT_FOUND;
    *ret_change = proposal->change;
    ret_change->name = slice_of_text(proposal->name);
    return STATUS_OK;
}

static bool proposes(const struct membership *membership, uint32_t member, const struct reconfigure *change) {
    struct reconfigure proposed;
    if (membership_proposal(membership, member, &proposed) != STATUS_OK) return false;
    return reconfigure_equal(&proposed, change);
}

static bool brings_key(const struct reconfigure *change) {
    return change->change == CHANGE_ADD || change->change == CHANGE_KEY;
}

enum status membership_check(const struct membership *membership, uint32_t member, const struct reconfigure *change) {
    const struct roster *roster = membership_coming(membership);
    if (!roster_has(roster, member)) return STATUS_UNKNOWN_MEMBER;
    TRY(roster_check(roster, change));
    if (brings_key(change)) {
        if (was_used(membership, change->key)) return STATUS_KEY_USED;
        if (membership->keys_count == KEYS_USED_MAX) return STATUS_TOO_MANY;
    }
    return proposes(membership, member, change) ? STATUS_DUPLICATE : STATUS_OK;
}

static void keep(struct proposal *proposal, const struct reconfigure *change) {
    CHECK(change->name.bytes <= MEMBER_NAME_BYTES_MAX);
    *proposal = (struct proposal){.is_made = true, .change = *change};
    if (change->name.bytes > 0) memcpy(proposal->name, change->name.data, change->name.bytes);
    proposal->change.name = (struct slice){0};
}

static uint32_t count_equal(const struct membership *membership, const struct reconfigure *change) {
    uint32_t equal = 0;
    for (uint32_t m = 0; m < membership->roster.members; m++) equal += proposes(membership, m, change);
    return equal;
}

static void decide(struct membership *membership, const struct reconfigure *change, uint64_t height) {
    membership->is_decided = true;
    membership->next = membership->roster;
    roster_apply(&membership->next, change, height);
    if (brings_key(change)) use(membership, change->key);
    if (change->change == CHANGE_ADD) membership->filled[change->member] = membership->next.epoch;
    memset(membership->proposals, 0, sizeof membership->proposals);
}

enum status membership_propose(struct membership *membership, uint32_t member, const struct reconfigure *change,
                               uint64_t height) {
    if (membership->is_decided) return STATUS_WRONG_EPOCH;
    TRY(membership_check(membership, member, change));
    keep(&membership->proposals[member], change);
    const struct roster *roster = &membership->roster;
    if (quorum_met(count_equal(membership, change), roster_heads(roster), roster->threshold))
        decide(membership, change, height);
    return STATUS_OK;
}

void membership_begin(struct membership *membership) {
    CHECK(membership->is_decided);
    membership->roster = membership->next;
    membership->is_decided = false;
}

/* A vote says its epoch; a batch is of the epoch whose lane its seq is in (docs/protocol.md 8). */
static bool is_of_former(const struct membership *membership, const struct proof *proof) {
    uint64_t since = membership->filled[proof->member];
    if (proof->kind == PROOF_FORK) return proof->at <= seq_base(since);
    struct reader reader = reader_of(proof->a);
    struct vote vote;
    return vote_take(&reader, &vote) != STATUS_OK || vote.epoch < since;
}

bool membership_convicts(const struct membership *membership, const struct proof *proof) {
    if (!roster_has(&membership->roster, proof->member)) return false;
    return membership->filled[proof->member] == 0 || !is_of_former(membership, proof);
}

/* Snapshots. */

OUTLET_COVERS(struct proposal, 8 + sizeof(struct reconfigure) + MEMBER_NAME_BYTES_MAX + 8);
OUTLET_COVERS(struct membership, 2 * sizeof(struct roster) + 8 + MEMBERS_MAX * sizeof(struct proposal) +
                                     MEMBERS_MAX * 8 + 8 + KEYS_USED_MAX * KEY_BYTES);

static void save_record(struct slice record, struct outlet *outlet) {
    outlet_put_u32(outlet, (uint32_t)record.bytes);
    outlet_put(outlet, record.data, record.bytes);
}

static enum status take_record(struct reader *reader, struct slice *ret_record) {
    uint32_t bytes;
    TRY(reader_u32_to(reader, MEMBERSHIP_SCRATCH_BYTES, &bytes));
    return reader_take(reader, bytes, ret_record);
}

/* That of the first epoch follows from the genesis. */
static void save_roster(const struct membership *membership, uint8_t *scratch, struct outlet *outlet) {
    if (membership->roster.epoch == 0) return;
    struct writer writer = writer_of(scratch, MEMBERSHIP_SCRATCH_BYTES);
    roster_put(&writer, &membership->roster);
    CHECK(writer_status(&writer) == STATUS_OK);
    save_record(writer_slice(&writer), outlet);
}

/* An empty record: this member proposes nothing. */
static void save_proposal(const struct membership *membership, uint32_t member, uint8_t *scratch,
                          struct outlet *outlet) {
    struct item item = {.kind = ITEM_RECONFIGURE};
    struct writer writer = writer_of(scratch, MEMBERSHIP_SCRATCH_BYTES);
    if (membership_proposal(membership, member, &item.reconfigure) == STATUS_OK) item_put(&writer, &item);
    CHECK(writer_status(&writer) == STATUS_OK);
    save_record(writer_slice(&writer), outlet);
}

void membership_save(const struct membership *membership, uint8_t *scratch, struct outlet *outlet) {
    CHECK(!membership->is_decided);
    uint32_t members = membership->roster.members;
    save_roster(membership, scratch, outlet);
    outlet_put_u64s(outlet, membership->filled, members);
    for (uint32_t m = 0; m < members; m++) save_proposal(membership, m, scratch, outlet);
    outlet_put_u32(outlet, membership->keys_count);
    outlet_put(outlet, membership->keys, (size_t)membership->keys_count * KEY_BYTES);
}

static enum status load_roster(struct membership *membership, uint64_t epoch, struct reader *reader) {
    struct slice record;
    if (epoch == 0) return STATUS_OK;
    uint32_t members = membership->roster.members;
    TRY(take_record(reader, &record));
    TRY(roster_read(record, &membership->roster));
    return membership->roster.epoch == epoch && membership->roster.members == members ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status load_keys(struct membership *membership, struct reader *reader) {
    struct slice keys;
    TRY(reader_u32_to(reader, KEYS_USED_MAX, &membership->keys_count));
    TRY(reader_take(reader, (size_t)membership->keys_count * KEY_BYTES, &keys));
    memcpy(membership->keys, keys.data, keys.bytes);
    for (uint32_t m = 0; m < membership->roster.members; m++)
        if (roster_has(&membership->roster, m) && !was_used(membership, membership->roster.keys[m]))
            return STATUS_CONFLICT;
    return STATUS_OK;
}

static enum status load_proposal(struct membership *membership, uint32_t member, struct reader *reader) {
    struct slice record, bytes;
    struct item item;
    TRY(take_record(reader, &record));
    if (record.bytes == 0) return STATUS_OK;
    struct reader rest = reader_of(record);
    TRY(item_take(&rest, &item, &bytes));
    TRY(reader_end(&rest));
    if (item.kind != ITEM_RECONFIGURE || !roster_has(&membership->roster, member)) return STATUS_BAD_VALUE;
    TRY(roster_check(&membership->roster, &item.reconfigure));
    keep(&membership->proposals[member], &item.reconfigure);
    return STATUS_OK;
}

enum status membership_load(struct membership *membership, uint64_t epoch, struct reader *reader) {
    TRY(load_roster(membership, epoch, reader));
    TRY(reader_u64s(reader, epoch, membership->filled, membership->roster.members));
    for (uint32_t m = 0; m < membership->roster.members; m++) TRY(load_proposal(membership, m, reader));
    return load_keys(membership, reader);
}
