/* Epoch: what another roster makes of the state (docs/protocol.md 8).
 *
 * Invariants: n, quorum and base threshold are those of the roster wherever heads are counted. A place that is vacant has
 * no weight and no level, and nothing that was told from there is left where it could be taken for the word of who comes
 * there next. */
#include "base/check.h"
#include "machine/state.h"

/* Heads are counted by the roster; places stay. */
void epoch_resume(struct machine *machine) {
    const struct roster *roster = &machine->membership.roster;
    machine->setting.context.heads = roster_heads(roster);
    machine->setting.context.quorum = quorum_size(roster_heads(roster), roster->threshold);
}

void epoch_init(struct machine *machine) {
    membership_init(&machine->membership, &machine->genesis);
    for (uint32_t m = genesis_heads(&machine->genesis); m < machine->genesis.members; m++)
        standing_vacate(machine->standing, m);
    epoch_resume(machine);
}

static void leave(struct machine *machine, uint32_t member) {
    standing_vacate(machine->standing, member);
    watch_depart(&machine->watch, member);
    trail_seal(&machine->trail, member);
    trial_excuse(&machine->trial, member);
    machine->levels[member] = LEVEL_CONNECTED;
    machine->asked[member] = (struct machine_asked){0};
    for (uint32_t i = 0; i < machine->docket.count; i++)
        matter_depart(&machine->docket.matters[i], machine->genesis.members, member);
}

/* The challenge that is under way is about a time when it was not there. */
static void arrive(struct machine *machine, uint32_t member, uint64_t height) {
    standing_fill(machine->standing, member, height);
    trial_excuse(&machine->trial, member);
}

static void settle_place(struct machine *machine, const struct roster *before, uint32_t member, uint64_t height) {
    const struct roster *after = &machine->membership.roster;
    bool was_there = roster_has(before, member);
    bool is_there = roster_has(after, member);
    if (was_there && !is_there) leave(machine, member);
    if (!was_there && is_there) arrive(machine, member, height);
    bool has_other_key = memcmp(before->keys[member], after->keys[member], KEY_BYTES) != 0;
    if (is_there && has_other_key) trail_reopen(&machine->trail, member, after->epoch);
    if (was_there && is_there && has_other_key) standing_admit(machine->standing, member, height);
}

/* Whatever is undecided is judged anew: n and q are others. */
static void touch_open(struct machine *machine) {
    for (uint32_t i = 0; i < machine->docket.count; i++)
        if (machine->docket.matters[i].question != NULL) marks_set(&machine->docket.touched, i);
}

void epoch_begin(struct machine *machine, const struct block *block) {
    if (machine->membership.is_decided) {
        struct roster before = machine->membership.roster;
        membership_begin(&machine->membership);
        for (uint32_t m = 0; m < machine->genesis.members; m++) settle_place(machine, &before, m, block->height);
        machine->is_relisted = true;
        epoch_resume(machine);
        touch_open(machine);
    }
    CHECK(block->epoch == machine->membership.roster.epoch);
}
