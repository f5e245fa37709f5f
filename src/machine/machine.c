/* Execution of a block (docs/protocol.md 5). The order of leaves is the format of the log: the headers of the batches
 * in the order of execution, the proofs of the block, the verdicts in the order in which their questions were asked,
 * the calibrations of the families that closed, the alarms of the detectors, one state record.
 *
 * Invariants: whatever depends on the belief happens once a block, at its end, question after question in the order
 * of creation; so how evidence is spread over the batches of a block has no influence on it. The log grows by at
 * least one leaf a block. */
#include "machine/machine.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "machine/order.h"
#include "machine/sheet.h"
#include "machine/state.h"
#include "wire/proof.h"

/* The log. */

static uint64_t append_leaf(struct machine *machine, const struct machine_ports *ports, struct slice bytes) {
    struct hash hash;
    uint64_t index = machine->log.count;
    merkle_leaf(bytes, &hash);
    merkle_append(&machine->log, &hash);
    ports->leaf(ports->context, index, bytes, &hash);
    return index;
}

/* Whoever is proven to have lied weighs nothing from the next block on. A quorum judged the proof with the block. */
static void count_proof(struct machine *machine, struct slice bytes) {
    struct proof proof;
    if (proof_read(bytes, &machine->chain, &proof) != STATUS_OK) return;
    if (!membership_convicts(&machine->membership, &proof)) return;
    if (proof.kind == PROOF_FORK) trail_seal(&machine->trail, proof.member);
    standing_on_proof(machine->standing, proof.member,
                      proof.kind == PROOF_FORK ? STANDING_PROOF_FORK : STANDING_PROOF_VOTE);
}

static void append_proofs(struct machine *machine, const struct block *block, const struct machine_ports *ports) {
    for (uint32_t i = 0; i < block->proofs_count; i++) {
        count_proof(machine, block->proofs[i]);
        struct writer writer = writer_of(machine->scratch, SCRATCH_BYTES);
        record_proof_put(&writer, block->proofs[i]);
        CHECK(writer_status(&writer) == STATUS_OK);
        append_leaf(machine, ports, writer_slice(&writer));
    }
}

/* Items. */

enum status machine_check_ask(const struct machine *machine, const struct setting *setting, uint32_t member,
                              const struct item_ask *ask) {
    if (docket_is_full(&machine->docket)) return STATUS_STATE_FULL;
    if (ask->family.bytes > 0) TRY(families_check_ask(&machine->families, member, ask));
    struct setting with_family = *setting;
    with_family.charged += families_charge(&machine->families, ask);
    return matter_check_ask(&with_family, ask);
}

/* Families have detectors of their own as far as there are any; the first is for questions without a family. */
static uint32_t detectors_of(const struct matter *matter) {
    return matter->family == MATTER_ALONE ? 0 : 1 + matter->family % (STANDING_FAMILIES_MAX - 1);
}

static enum status execute_ask(struct machine *machine, uint32_t member, const struct item_ask *ask,
                               struct slice bytes) {
    struct question_id id;
    struct matter matter;
    uint32_t index;
    item_question_id(member, bytes, &id);
    if (docket_find(&machine->docket, &id, &index)) return STATUS_QUESTION_EXISTS;
    TRY(machine_check_ask(machine, &machine->setting, member, ask));
    uint64_t charge = families_charge(&machine->families, ask);
    TRY(matter_ask(&machine->setting, member, &id, ask, &matter));
    docket_add(&machine->docket, &matter);
    machine->setting.charged += charge;
    if (ask->family.bytes > 0)
        families_add(&machine->families, &machine->docket, machine->docket.count - 1, member, ask);
    return STATUS_OK;
}

/* A canary was opened: everybody who had told about it is scored. */
static void score_canary(struct machine *machine, const struct matter *matter) {
    struct record_belief belief;
    if (matter->sheet == NULL || matter->opening == OPENING_ORDINARY) return;
    matter_belief(matter, &belief);
    for (uint32_t m = 0; m < machine->genesis.members; m++) {
        uint32_t probability[HYPOTHESES_MAX];
        if (m == matter->asker || sheet_label(matter->sheet, m) == SHEET_SILENT) continue;
        sheet_probabilities(matter->sheet, machine->genesis.members, belief.hypotheses_count, m, probability);
        standing_on_canary(machine->standing, m, canary_gain(probability, belief.hypotheses_count, matter->opening));
    }
}

static enum status execute_reveal(struct machine *machine, const struct machine_origin *origin, struct matter *matter,
                                  const struct item *item) {
    bool is_changed;
    enum status status = matter_apply(&machine->setting, matter, origin, item, &is_changed);
    /* The ask and the opening are both signed by the asker, and one of them is a lie. */
    if (status == STATUS_WRONG_OPENING) standing_on_proof(machine->standing, origin->member, STANDING_PROOF_REVEAL);
    if (status == STATUS_OK) {
        machine->asked[matter->asker].opened++;
        score_canary(machine, matter);
    }
    return status;
}

static enum status execute_about_question(struct machine *machine, const struct machine_origin *origin,
                                          const struct item *item) {
    uint32_t index;
    bool is_changed = true;
    if (!docket_find(&machine->docket, matter_of_item(item), &index)) return STATUS_UNKNOWN_QUESTION;
    struct matter *matter = &machine->docket.matters[index];
    machine->watch.family = detectors_of(matter);
    enum status status = item->kind == ITEM_REVEAL
                             ? execute_reveal(machine, origin, matter, item)
                             : matter_apply(&machine->setting, matter, origin, item, &is_changed);
    if (is_changed) marks_set(&machine->docket.touched, index);
    return status;
}

static enum status execute_item(struct machine *machine, const struct machine_origin *origin, const struct item *item,
                                struct slice bytes) {
    if (!roster_has(&machine->membership.roster, origin->member)) return STATUS_UNKNOWN_MEMBER;
    switch (item->kind) {
    case ITEM_ASK: return execute_ask(machine, origin->member, &item->ask, bytes);
    case ITEM_ANSWER:
        return trial_answer(&machine->trial, machine->standing, machine->setting.height, origin->member,
                            item->answer.height, &item->answer.digest);
    case ITEM_LEVEL: return levels_take(machine, origin->member, item->level);
    case ITEM_RECONFIGURE:
        return membership_propose(&machine->membership, origin->member, &item->reconfigure, machine->setting.height);
    case ITEM_CLOSE_FAMILY:
        return families_close(&machine->families, &machine->docket, origin->member, item->close_family.family);
    case ITEM_TELL:
    case ITEM_RETRACT:
    case ITEM_CLOSE:
    case ITEM_REVEAL: break;
    }
    return execute_about_question(machine, origin, item);
}

enum status machine_check_item(const struct machine *machine, uint32_t member, const struct item *item,
                               struct slice item_bytes) {
    struct question_id id;
    uint32_t index;
    if (!roster_has(membership_coming(&machine->membership), member)) return STATUS_UNKNOWN_MEMBER;
    if (item->kind == ITEM_ASK) {
        item_question_id(member, item_bytes, &id);
        if (docket_find(&machine->docket, &id, &index)) return STATUS_QUESTION_EXISTS;
        return machine_check_ask(machine, &machine->setting, member, &item->ask);
    }
    if (item->kind == ITEM_ANSWER)
        return trial_check(&machine->trial, machine->setting.height, member, item->answer.height);
    if (item->kind == ITEM_LEVEL) return levels_check(machine, member, item->level);
    if (item->kind == ITEM_RECONFIGURE) return membership_check(&machine->membership, member, &item->reconfigure);
    if (item->kind == ITEM_CLOSE_FAMILY)
        return families_check_close(&machine->families, member, item->close_family.family);
    if (!docket_find(&machine->docket, matter_of_item(item), &index)) return STATUS_UNKNOWN_QUESTION;
    return matter_check(&machine->setting, &machine->docket.matters[index], member, item);
}

/* Batches. */

/* The body is one of a batch that was checked when it came in: its array says how many items there are. */
static struct item_cursor open_body(struct slice body) {
    struct reader reader = reader_of(body);
    struct item_cursor cursor;
    uint64_t count;
    CHECK(cbor_take_array(&reader, &count) == STATUS_OK && count <= BATCH_ITEMS_MAX);
    CHECK(items_open(body, (uint32_t)count, &cursor) == STATUS_OK);
    return cursor;
}

static void execute_body(struct machine *machine, const struct machine_batch *batch, struct slice body,
                         const struct machine_ports *ports) {
    struct item_cursor cursor = open_body(body);
    struct machine_origin origin = {batch->member, batch->seq, batch->wall_us};
    struct item item;
    struct slice bytes;
    enum status next = items_next(&cursor, &item, &bytes);
    for (uint32_t i = 0; next == STATUS_OK; i++) {
        enum status status = execute_item(machine, &origin, &item, bytes);
        if (status != STATUS_OK && ports->refused != NULL)
            ports->refused(ports->context, batch->member, batch->seq, i, status);
        next = items_next(&cursor, &item, &bytes);
    }
    CHECK(next == STATUS_NOT_FOUND);
}

static void execute_batch(struct machine *machine, const struct machine_batch *batch,
                          const struct machine_ports *ports) {
    struct slice header, body;
    CHECK(batch->member < machine->genesis.members);
    CHECK(ports->read_batch(ports->context, &batch->hash, &header, &body) == STATUS_OK);
    CHECK(body.bytes <= SCRATCH_BYTES);
    /* What was read may be gone once another port is called. */
    memcpy(machine->scratch, body.data, body.bytes);
    if (roster_has(&machine->membership.roster, batch->member)) {
        watch_batch(&machine->watch, batch, machine->setting.now_us);
        trial_lane_moved(&machine->trial, batch->member);
    }
    trail_batch(&machine->trail, batch);
    append_leaf(machine, ports, header);
    execute_body(machine, batch, slice_of(machine->scratch, body.bytes), ports);
}

/* The time of the block, from batches in the order of execution: the last one of a lane is the block's entry. A block
 * that moves no lane has no clock of its own. */
static uint64_t block_time_us(const struct machine *machine, const struct block *block,
                              const struct machine_batch *batches, size_t count) {
    const struct machine_batch *last[MEMBERS_MAX] = {NULL};
    struct order_clock clocks[MEMBERS_MAX];
    uint64_t time_us;
    for (size_t i = 0; i < count; i++) last[batches[i].member] = &batches[i];
    for (uint32_t e = 0; e < block->entries_count; e++) {
        uint32_t member = block->entries[e].member;
        CHECK(member < machine->genesis.members && last[member] != NULL);
        CHECK(hash_equal(&last[member]->hash, &block->entries[e].hash));
        clocks[e] = (struct order_clock){last[member]->wall_us, machine_weight(machine, member)};
    }
    if (!order_median(clocks, block->entries_count, &time_us)) return machine->setting.now_us;
    return num_max_u64(time_us, machine->setting.now_us);
}

/* The end of a block. */

static void append_verdict(struct machine *machine, struct matter *matter, const struct record_belief *belief,
                           const struct machine_ports *ports) {
    struct writer writer = writer_of(machine->scratch, SCRATCH_BYTES);
    record_belief_put(&writer, RECORD_VERDICT, belief);
    CHECK(writer_status(&writer) == STATUS_OK);
    matter->verdict = append_leaf(machine, ports, writer_slice(&writer));
    if (!matter->is_orphan) machine->asked[matter->asker].closed++;
}

static void settle_questions(struct machine *machine, const struct machine_ports *ports) {
    struct docket *docket = &machine->docket;
    uint32_t index;
    docket_touch_due(docket, machine->setting.now_us);
    while (marks_take(&docket->touched, &index)) {
        struct record_belief belief;
        struct matter *matter = &docket->matters[index];
        machine->watch.family = detectors_of(matter);
        bool was_open = matter->question != NULL;
        if (was_open) {
            matter_settle(&machine->setting, matter, &belief);
        } else {
            matter_rest(&machine->setting, matter, &belief);
        }
        docket_update(docket, index);
        if (was_open && belief.status != QUESTION_OPEN) append_verdict(machine, matter, &belief, ports);
        bool has_changed = belief.height == machine->setting.height;
        if (has_changed && ports->changed != NULL) ports->changed(ports->context, &belief);
    }
}

/* What a family taught is in the log as soon as it is known. */
static void close_families(struct machine *machine, const struct machine_ports *ports) {
    struct families *families = &machine->families;
    if (!families->any_closing) return;
    families->any_closing = false;
    for (uint32_t i = 0; i < families->count; i++) {
        struct record_calibration record;
        if (!families_calibrate(families, i, &machine->docket, &machine->setting, &record)) continue;
        struct writer writer = writer_of(machine->scratch, SCRATCH_BYTES);
        record_calibration_put(&writer, &record);
        CHECK(writer_status(&writer) == STATUS_OK);
        families_keep_record(&families->families[i], machine->setting.pool, writer_slice(&writer));
        families->families[i].leaf = append_leaf(machine, ports, writer_slice(&writer));
    }
}

static void append_alarms(struct machine *machine, const struct machine_ports *ports) {
    struct standing_alarm alarm;
    while (standing_take_alarm(machine->standing, &alarm)) {
        uint8_t bytes[RECORD_SUSPICION_BYTES_MAX];
        struct writer writer = writer_of(bytes, sizeof bytes);
        struct record_suspicion suspicion = {.member = alarm.member,
                                             .detector = 1 + (uint32_t)alarm.detector,
                                             .family = alarm.family,
                                             .ratio = alarm.ratio,
                                             .height = machine->setting.height};
        record_suspicion_put(&writer, &suspicion);
        CHECK(writer_status(&writer) == STATUS_OK);
        append_leaf(machine, ports, writer_slice(&writer));
        machine->alarms++;
    }
}

/* From here on the weights are those of the next block. */
static void settle_members(struct machine *machine, const struct hash *block_hash, uint64_t size,
                           const struct machine_ports *ports) {
    bool is_enhanced = levels_are_enhanced(machine);
    const struct trial_block block = {machine->setting.height, block_hash, machine->challenge_from, size,
                                      is_enhanced};
    trial_end_block(&machine->trial, machine->standing, &block, ports);
    standing_end_block(machine->standing, machine->setting.height, is_enhanced);
    append_alarms(machine, ports);
    members_update(machine);
}

/* Who the members of the next epoch are. */
static void append_roster(struct machine *machine, const struct machine_ports *ports) {
    if (!machine->membership.is_decided) return;
    machine->handover_log = machine->log;
    struct writer writer = writer_of(machine->scratch, SCRATCH_BYTES);
    roster_put(&writer, &machine->membership.next);
    CHECK(writer_status(&writer) == STATUS_OK);
    append_leaf(machine, ports, writer_slice(&writer));
}

/* The state record is the last leaf that the block adds. */
static void seal_log(struct machine *machine) {
    struct record_state state = {
        .height = machine->setting.height,
        .block = machine->block,
        .time_us = machine->setting.now_us,
        .parameters = machine->parameters,
    };
    struct writer writer = writer_of(machine->state_record, sizeof machine->state_record);
    struct hash leaf;
    merkle_tree_root(&machine->docket.tree, &state.questions);
    merkle_tree_root(&machine->members, &state.members);
    record_state_put(&writer, &state);
    CHECK(writer_status(&writer) == STATUS_OK);
    machine->state_bytes = (uint32_t)writer.bytes;
    machine->state_index = machine->log.count;
    merkle_leaf(writer_slice(&writer), &leaf);
    machine->before_log = machine->log;
    merkle_append(&machine->log, &leaf);
}

static void take_checkpoint(struct machine *machine) {
    machine->checkpoint = (struct checkpoint){
        .size = machine->log.count,
        .height = machine->setting.height,
        .epoch = machine->membership.roster.epoch,
        .threshold = machine->setting.threshold,
    };
    merkle_frontier_root(&machine->log, &machine->checkpoint.root);
}

void machine_seal_block(struct machine *machine) {
    levels_update_parameters(machine);
    seal_log(machine);
    take_checkpoint(machine);
}

static void hand_out_state(const struct machine *machine, const struct machine_ports *ports) {
    struct slice record = slice_of(machine->state_record, machine->state_bytes);
    struct hash leaf;
    merkle_leaf(record, &leaf);
    ports->leaf(ports->context, machine->state_index, record, &leaf);
}

void machine_execute(struct machine *machine, const struct block *block, const struct hash *block_hash,
                     struct machine_batch *batches, size_t batches_count, const struct machine_ports *ports,
                     struct checkpoint *ret_checkpoint) {
    CHECK(!machine->preview.is_open && !machine->is_unusable);
    CHECK(block->height == machine->setting.height + 1);
    epoch_begin(machine, block);
    CHECK(batches_count <= order_batches_max(machine->genesis.members));
    order_batches(batches, batches_count, machine->order);
    machine->setting.now_us = block_time_us(machine, block, batches, batches_count);
    machine->setting.height = block->height;
    machine->view = block->view;
    machine->block = *block_hash;
    uint64_t size = machine->log.count;
    for (size_t i = 0; i < batches_count; i++) execute_batch(machine, &batches[i], ports);
    append_proofs(machine, block, ports);
    levels_settle(machine);
    settle_questions(machine, ports);
    close_families(machine, ports);
    settle_members(machine, block_hash, size, ports);
    append_roster(machine, ports);
    machine_commit_snapshot(machine);
    machine_seal_block(machine);
    hand_out_state(machine, ports);
    *ret_checkpoint = machine->checkpoint;
}
