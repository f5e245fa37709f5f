/* Levels: what the members say of their reach, and the threshold that follows (docs/protocol.md 6).
 *
 * Invariant: the threshold in force is a function of the levels in the members' records and of the roster, so whoever
 * sees those records, a verifier too, knows which one it has to be. It is settled after the items of a block and
 * before anything that names it, so all records of one height name the same. */
#include "base/canary.h"
#include "base/check.h"
#include "machine/state.h"

enum status levels_check(const struct machine *machine, uint32_t member, enum level level) {
    return machine->levels[member] == level ? STATUS_DUPLICATE : STATUS_OK;
}

enum status levels_take(struct machine *machine, uint32_t member, enum level level) {
    TRY(levels_check(machine, member, level));
    machine->levels[member] = level;
    return STATUS_OK;
}

/* A vacant place is at no level but the lowest. */
static uint32_t count_apart(const struct machine *machine) {
    uint32_t apart = 0;
    for (uint32_t m = 0; m < machine->genesis.members; m++) apart += level_is_apart(machine->levels[m]);
    return apart;
}

static bool is_raised(const struct machine *machine) {
    return level_raises(machine_heads(machine), machine_roster(machine)->threshold, count_apart(machine));
}

void levels_settle(struct machine *machine) {
    machine->setting.threshold =
        level_threshold(machine_heads(machine), machine_roster(machine)->threshold, count_apart(machine));
    if (CANARY(THRESHOLD_NOT_RAISED)) machine->setting.threshold = machine_roster(machine)->threshold;
    if (is_raised(machine)) machine->raised_us = machine->setting.now_us;
}

void levels_update_parameters(struct machine *machine) {
    uint8_t bytes[RECORD_PARAMETERS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct record_parameters parameters;
    machine_parameters(machine, &parameters);
    record_parameters_put(&writer, &parameters);
    CHECK(writer_status(&writer) == STATUS_OK);
    /* The root of a tree of one leaf is the leaf's hash. */
    merkle_leaf(writer_slice(&writer), &machine->parameters);
}

/* Block time begins with the first batch, so a raised block has a time above 0. */
bool levels_are_enhanced(const struct machine *machine) {
    if (is_raised(machine)) return true;
    return machine->raised_us != 0 && machine->setting.now_us - machine->raised_us < RECOVERY_WINDOW_US;
}

void machine_partition(const struct machine *machine, struct machine_partition *ret_partition) {
    bool raised = is_raised(machine);
    *ret_partition = (struct machine_partition){
        .threshold = machine->setting.threshold,
        .is_raised = raised,
        .is_enhanced = levels_are_enhanced(machine),
        .apart = count_apart(machine),
    };
    if (ret_partition->is_enhanced && !raised)
        ret_partition->enhanced_until_us = machine->raised_us + RECOVERY_WINDOW_US;
}

void machine_parameters(const struct machine *machine, struct record_parameters *ret_parameters) {
    *ret_parameters = (struct record_parameters){
        .threshold = machine->setting.threshold,
        .is_enhanced = levels_are_enhanced(machine),
        .snapshot = machine->snapshot,
    };
}
