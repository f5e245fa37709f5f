/* Reads: what the state says, without changing it. */
#include "base/check.h"
#include "machine/machine.h"
#include "machine/state.h"

uint64_t machine_height(const struct machine *machine) { return machine->setting.height; }

uint64_t machine_time_us(const struct machine *machine) { return machine->setting.now_us; }

uint32_t machine_members(const struct machine *machine) { return machine->genesis.members; }

const struct hash *machine_chain(const struct machine *machine) { return &machine->chain; }

const struct genesis *machine_genesis(const struct machine *machine) { return &machine->genesis; }

void machine_checkpoint(const struct machine *machine, struct checkpoint *ret_checkpoint) {
    *ret_checkpoint = machine->checkpoint;
}

uint32_t machine_weight(const struct machine *machine, uint32_t member) {
    CHECK(member < machine->genesis.members);
    return machine->weights[member];
}

enum status machine_state_record(const struct machine *machine, struct slice *ret_bytes, uint64_t *ret_index) {
    if (machine->state_bytes == 0) return STATUS_NOT_FOUND;
    *ret_bytes = slice_of(machine->state_record, machine->state_bytes);
    *ret_index = machine->state_index;
    return STATUS_OK;
}

void machine_member_record(const struct machine *machine, uint32_t member, struct writer *ret_bytes) {
    struct record_member record = {.number = member, .weight = machine_weight(machine, member)};
    record.name = slice_of_text(machine->genesis.member_names[member]);
    memcpy(record.key, machine->genesis.keys[member], KEY_BYTES);
    record_member_put(ret_bytes, &record);
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
