/* Reads: what the state says, without changing it. */
#include "base/check.h"
#include "machine/machine.h"
#include "machine/state.h"

uint64_t machine_height(const struct machine *machine) { return machine->setting.height; }

uint64_t machine_time_us(const struct machine *machine) { return machine->setting.now_us; }

uint32_t machine_members(const struct machine *machine) { return machine->genesis.members; }

const struct hash *machine_chain(const struct machine *machine) { return &machine->chain; }

const struct genesis *machine_genesis(const struct machine *machine) { return &machine->genesis; }

const struct roster *machine_roster(const struct machine *machine) { return &machine->membership.roster; }

const struct roster *machine_next_roster(const struct machine *machine) {
    return machine->membership.is_decided ? &machine->membership.next : NULL;
}

const struct merkle_frontier *machine_handover_log(const struct machine *machine) { return &machine->handover_log; }

uint32_t machine_heads(const struct machine *machine) { return roster_heads(&machine->membership.roster); }

enum status machine_proposal(const struct machine *machine, uint32_t member, struct reconfigure *ret_change) {
    if (!roster_has(&machine->membership.roster, member)) return STATUS_UNKNOWN_MEMBER;
    return membership_proposal(&machine->membership, member, ret_change);
}

void machine_checkpoint(const struct machine *machine, struct checkpoint *ret_checkpoint) {
    *ret_checkpoint = machine->checkpoint;
}

uint32_t machine_weight(const struct machine *machine, uint32_t member) {
    CHECK(member < machine->genesis.members);
    return standing_weight(machine->standing, member);
}

void machine_standing(const struct machine *machine, uint32_t member, struct standing_member *ret_standing) {
    CHECK(member < machine->genesis.members);
    standing_member(machine->standing, member, ret_standing);
}

enum status machine_challenge(const struct machine *machine, uint32_t member, uint64_t *ret_height,
                              struct hash *ret_digest) {
    if (!roster_has(&machine->membership.roster, member)) return STATUS_UNKNOWN_MEMBER;
    return trial_owed(&machine->trial, member, ret_height, ret_digest);
}

void machine_asked(const struct machine *machine, uint32_t member, struct machine_asked *ret_asked) {
    CHECK(member < machine->genesis.members);
    *ret_asked = machine->asked[member];
}

void machine_counts(const struct machine *machine, struct machine_counts *ret_counts) {
    const uint64_t *outcomes = machine->trial.outcomes;
    *ret_counts = (struct machine_counts){
        .alarms = machine->alarms,
        .answers_right = outcomes[CHALLENGE_RIGHT],
        .answers_wrong = outcomes[CHALLENGE_WRONG],
        .answers_missing = outcomes[CHALLENGE_MISSING],
    };
}

uint32_t machine_families_count(const struct machine *machine) { return machine->families.count; }

enum status machine_find_family(const struct machine *machine, struct slice name, uint32_t *ret_index) {
    uint32_t number = families_find(&machine->families, name);
    if (number == FAMILIES_NONE) return STATUS_UNKNOWN_FAMILY;
    *ret_index = number;
    return STATUS_OK;
}

enum status machine_family_at(const struct machine *machine, uint32_t index, struct machine_family *ret_family) {
    if (index >= machine->families.count) return STATUS_UNKNOWN_FAMILY;
    const struct family *family = &machine->families.families[index];
    *ret_family = (struct machine_family){
        .name = slice_of(family->name, family->name_bytes),
        .owner = family->owner,
        .hypotheses = family->hypotheses,
        .questions = family->questions,
        .leaf = family->is_closed ? family->leaf : 0,
        .record = slice_of(family->record, family->record_bytes),
    };
    return STATUS_OK;
}

bool machine_family_next(const struct machine *machine, uint32_t family, uint32_t place, uint32_t *question,
                         struct record_calibrated *ret_result) {
    CHECK(family < machine->families.count);
    const struct family *of = &machine->families.families[family];
    uint32_t next = *question == FAMILIES_NONE ? of->first : machine->docket.matters[*question].next_of_family;
    if (next == FAMILIES_NONE) return false;
    if (of->is_closed) families_result(of, &machine->docket, place, next, ret_result);
    *question = next;
    return true;
}

enum status machine_state_record(const struct machine *machine, struct slice *ret_bytes, uint64_t *ret_index) {
    if (machine->state_bytes == 0) return STATUS_NOT_FOUND;
    *ret_bytes = slice_of(machine->state_record, machine->state_bytes);
    *ret_index = machine->state_index;
    return STATUS_OK;
}

uint64_t machine_next_due_us(const struct machine *machine) { return due_next_us(&machine->docket.due); }

uint64_t machine_questions_count(const struct machine *machine) { return machine->docket.count; }

enum status machine_find_question(const struct machine *machine, const struct question_id *id, uint64_t *ret_index) {
    uint32_t index;
    if (!docket_find(&machine->docket, id, &index)) return STATUS_UNKNOWN_QUESTION;
    *ret_index = index;
    return STATUS_OK;
}

enum status machine_belief_at(const struct machine *machine, uint64_t index, struct record_belief *ret_belief) {
    if (index >= machine->docket.count) return STATUS_UNKNOWN_QUESTION;
    matter_belief(&machine->docket.matters[index], ret_belief);
    return STATUS_OK;
}

enum status machine_question_proof(const struct machine *machine, uint64_t index, struct writer *ret_record,
                                   struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_proof_count,
                                   uint64_t *ret_questions) {
    if (index >= machine->docket.count) return STATUS_UNKNOWN_QUESTION;
    const struct matter *matter = &machine->docket.matters[index];
    struct writer record = *ret_record;
    writer_put(&record, matter->record, matter->record_bytes);
    TRY(writer_status(&record));
    TRY(merkle_tree_inclusion(&machine->docket.tree, index, ret_proof, ret_proof_count));
    *ret_record = record;
    *ret_questions = merkle_tree_count(&machine->docket.tree);
    return STATUS_OK;
}

enum status machine_verdict_index(const struct machine *machine, uint64_t question, uint64_t *ret_leaf) {
    if (question >= machine->docket.count) return STATUS_UNKNOWN_QUESTION;
    if (machine->docket.matters[question].verdict == 0) return STATUS_NOT_FOUND;
    *ret_leaf = machine->docket.matters[question].verdict;
    return STATUS_OK;
}
