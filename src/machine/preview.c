/* Preview: what the belief about one question would be if the uncommitted items that a member holds were executed
 * now, at the time of the last block (docs/protocol.md 6, reads that say `local`).
 *
 * Invariant: everything that a preview writes is in its own pool or its own copies, so the state stays what was
 * agreed on. */
#include "base/check.h"
#include "machine/state.h"

static void copy_from_state(struct machine *machine, uint32_t index) {
    struct preview *preview = &machine->preview;
    matter_clone(&machine->docket.matters[index], &preview->setting, &preview->matter);
    preview->is_known = true;
}

void machine_preview_begin(struct machine *machine, const struct question_id *id) {
    struct preview *preview = &machine->preview;
    uint32_t index;
    CHECK(!preview->is_open && !machine->is_unusable);
    preview->is_open = true;
    preview->is_known = false;
    preview->is_changed = false;
    preview->id = *id;
    pool_init(&preview->pool, preview->region, preview->region_bytes);
    preview->setting = machine->setting;
    preview->setting.pool = &preview->pool;
    /* What may never be agreed on is nothing for the detectors. */
    preview->setting.context.on_seal = NULL;
    preview->setting.context.had_seen = NULL;
    if (docket_find(&machine->docket, id, &index)) copy_from_state(machine, index);
}

static void apply_ask(struct machine *machine, uint32_t member, const struct item_ask *ask, struct slice bytes) {
    struct preview *preview = &machine->preview;
    struct question_id id;
    item_question_id(member, bytes, &id);
    if (preview->is_known || !question_id_equal(&id, &preview->id)) return;
    if (machine_check_ask(machine, &preview->setting, member, ask) != STATUS_OK) return;
    if (matter_ask(&preview->setting, member, &id, ask, &preview->matter) != STATUS_OK) return;
    preview->is_known = true;
    preview->is_changed = true;
}

static bool is_about_question(enum item_kind kind) {
    return kind == ITEM_TELL || kind == ITEM_RETRACT || kind == ITEM_CLOSE || kind == ITEM_REVEAL;
}

void machine_preview_apply(struct machine *machine, const struct machine_origin *origin, const struct item *item,
                           struct slice item_bytes) {
    struct preview *preview = &machine->preview;
    bool is_changed;
    CHECK(preview->is_open);
    if (!roster_has(&machine->membership.roster, origin->member)) return;
    if (item->kind == ITEM_ASK) {
        apply_ask(machine, origin->member, &item->ask, item_bytes);
        return;
    }
    if (!is_about_question(item->kind)) return;
    if (!preview->is_known || !question_id_equal(matter_of_item(item), &preview->id)) return;
    enum status status = matter_apply(&preview->setting, &preview->matter, origin, item, &is_changed);
    if (status == STATUS_OK || is_changed) preview->is_changed = true;
}

/* A question with its verdict changes only by the opening of its commitment. */
static void settle(struct preview *preview, struct record_belief *ret_belief) {
    if (preview->matter.question == NULL) {
        matter_rest(&preview->setting, &preview->matter, ret_belief);
    } else {
        matter_settle(&preview->setting, &preview->matter, ret_belief);
    }
}

enum status machine_preview_end(struct machine *machine, struct record_belief *ret_belief) {
    struct preview *preview = &machine->preview;
    CHECK(preview->is_open);
    preview->is_open = false;
    if (!preview->is_known) return STATUS_UNKNOWN_QUESTION;
    if (preview->is_changed) {
        settle(preview, ret_belief);
    } else {
        matter_belief(&preview->matter, ret_belief);
    }
    return STATUS_OK;
}
