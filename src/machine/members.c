/* Members: their records, and the tree over them (docs/formats.md). A record says what a member's word is worth and
 * why; the root of the tree is in the state record, so a certificate vouches for the weights that it was counted with.
 *
 * Invariant: leaf m of the tree is the hash of the record of member m with what the machine shows of it. */
#include "base/check.h"
#include "machine/state.h"

static struct machine_member standing_of(const struct machine *machine, uint32_t member) {
    struct standing_member standing;
    standing_member(machine->standing, member, &standing);
    return (struct machine_member){
        .weight = standing.weight,
        .reputation = standing.reputation,
        .suspicion = standing.suspicion,
        .reason = standing.reason == DETECTORS ? 0 : 1 + (uint32_t)standing.reason,
        .proof = standing.proven ? (uint32_t)standing.proof : 0,
        .level = machine->levels[member],
    };
}

struct machine_member machine_member(const struct machine *machine, uint32_t member) {
    CHECK(member < machine->genesis.members);
    return machine->shown[member];
}

void machine_record_member(const struct roster *roster, uint32_t member, const struct machine_member *of,
                           struct writer *ret_bytes) {
    CHECK(member < roster->members);
    struct record_member record = {
        .number = member,
        .name = slice_of_text(roster->names[member]),
        .weight = of->weight,
        .level = of->level,
        .reputation = of->reputation,
        .suspicion = of->suspicion,
        .reason = of->reason,
        .proof = of->proof,
    };
    memcpy(record.key, roster->keys[member], KEY_BYTES);
    record_member_put(ret_bytes, &record);
}

void machine_member_record(const struct machine *machine, uint32_t member, const struct machine_member *of,
                           struct writer *ret_bytes) {
    machine_record_member(&machine->membership.roster, member, of, ret_bytes);
}

static void leaf_of(const struct machine *machine, uint32_t member, struct hash *ret_leaf) {
    uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    machine_record_member(&machine->membership.roster, member, &machine->shown[member], &writer);
    CHECK(writer_status(&writer) == STATUS_OK);
    merkle_leaf(writer_slice(&writer), ret_leaf);
}

void members_list(struct machine *machine) {
    for (uint32_t m = 0; m < machine->genesis.members; m++) {
        struct hash leaf;
        machine->shown[m] = standing_of(machine, m);
        leaf_of(machine, m, &leaf);
        CHECK(merkle_tree_append(&machine->members, &leaf) == STATUS_OK);
    }
}

void members_update(struct machine *machine) {
    for (uint32_t m = 0; m < machine->genesis.members; m++) {
        struct machine_member shown = standing_of(machine, m);
        struct hash leaf;
        if (!machine->is_relisted && memcmp(&shown, &machine->shown[m], sizeof shown) == 0) continue;
        machine->shown[m] = shown;
        leaf_of(machine, m, &leaf);
        merkle_tree_set(&machine->members, m, &leaf);
    }
    machine->is_relisted = false;
}
