/* Execution of a block (docs/protocol.md 5). The order of leaves is the format of the log: the headers of the batches
 * in the order of execution, the proofs of the block, the verdicts in the order in which their questions were asked,
 * one state record.
 *
 * Invariants: whatever depends on the belief happens once a block, at its end, question after question in the order
 * of creation; so how evidence is spread over the batches of a block has no influence on it. The log grows by at
 * least one leaf a block. */
#include "machine/machine.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "machine/order.h"
#include "machine/state.h"

/* The log. */

static uint64_t append_leaf(struct machine *machine, const struct machine_ports *ports, struct slice bytes) {
    struct hash hash;
    uint64_t index = machine->log.count;
    merkle_leaf(bytes, &hash);
    merkle_append(&machine->log, &hash);
    ports->leaf(ports->context, index, bytes, &hash);
    return index;
}

static void append_proofs(struct machine *machine, const struct block *block, const struct machine_ports *ports) {
    for (uint32_t i = 0; i < block->proofs_count; i++) {
        struct writer writer = writer_of(machine->scratch, SCRATCH_BYTES);
        record_proof_put(&writer, block->proofs[i]);
        CHECK(writer_status(&writer) == STATUS_OK);
        append_leaf(machine, ports, writer_slice(&writer));
    }
}

/* Items. */

enum status machine_check_ask(const struct machine *machine, const struct setting *setting,
                              const struct item_ask *ask) {
    if (docket_is_full(&machine->docket)) return STATUS_STATE_FULL;
    return matter_check_ask(setting, ask);
}

static enum status execute_ask(struct machine *machine, uint32_t member, const struct item_ask *ask,
                               struct slice bytes) {
    struct question_id id;
    struct matter matter;
    uint32_t index;
    item_question_id(bytes, &id);
    if (docket_find(&machine->docket, &id, &index)) return STATUS_QUESTION_EXISTS;
    TRY(machine_check_ask(machine, &machine->setting, ask));
    TRY(matter_ask(&machine->setting, member, &id, ask, &matter));
    docket_add(&machine->docket, &matter);
    return STATUS_OK;
}

static enum status execute_item(struct machine *machine, uint32_t member, const struct item *item,
                                struct slice bytes) {
    uint32_t index;
    bool is_changed;
    if (item->kind == ITEM_ASK) return execute_ask(machine, member, &item->ask, bytes);
    if (!docket_find(&machine->docket, matter_of_item(item), &index)) return STATUS_UNKNOWN_QUESTION;
    struct matter *matter = &machine->docket.matters[index];
    enum status status = matter_apply(&machine->setting, matter, member, item, &is_changed);
    if (is_changed) marks_set(&machine->docket.touched, index);
    return status;
}

enum status machine_check_item(const struct machine *machine, uint32_t member, const struct item *item,
                               struct slice item_bytes) {
    struct question_id id;
    uint32_t index;
    if (member >= machine->genesis.members) return STATUS_UNKNOWN_MEMBER;
    if (item->kind == ITEM_ASK) {
        item_question_id(item_bytes, &id);
        if (docket_find(&machine->docket, &id, &index)) return STATUS_QUESTION_EXISTS;
        return machine_check_ask(machine, &machine->setting, &item->ask);
    }
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
    struct item item;
    struct slice bytes;
    enum status next = items_next(&cursor, &item, &bytes);
    for (uint32_t i = 0; next == STATUS_OK; i++) {
        enum status status = execute_item(machine, batch->member, &item, bytes);
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
        clocks[e] = (struct order_clock){last[member]->wall_us, machine->weights[member]};
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
}

static void settle_questions(struct machine *machine, const struct machine_ports *ports) {
    struct docket *docket = &machine->docket;
    uint32_t index;
    docket_touch_due(docket, machine->setting.now_us);
    while (marks_take(&docket->touched, &index)) {
        struct record_belief belief;
        struct matter *matter = &docket->matters[index];
        matter_settle(&machine->setting, matter, &belief);
        docket_update(docket, index);
        if (belief.status != QUESTION_OPEN) append_verdict(machine, matter, &belief, ports);
        if (ports->changed != NULL) ports->changed(ports->context, &belief);
    }
}

static void append_state(struct machine *machine, const struct hash *block_hash, const struct machine_ports *ports) {
    struct record_state state = {
        .height = machine->setting.height,
        .block = *block_hash,
        .time_us = machine->setting.now_us,
        .parameters = machine->parameters,
    };
    struct writer writer = writer_of(machine->state_record, sizeof machine->state_record);
    merkle_tree_root(&machine->docket.tree, &state.questions);
    merkle_tree_root(&machine->members, &state.members);
    record_state_put(&writer, &state);
    CHECK(writer_status(&writer) == STATUS_OK);
    machine->state_bytes = (uint32_t)writer.bytes;
    machine->state_index = append_leaf(machine, ports, writer_slice(&writer));
}

static void take_checkpoint(struct machine *machine) {
    machine->checkpoint = (struct checkpoint){
        .size = machine->log.count,
        .height = machine->setting.height,
        .epoch = machine->epoch,
        .threshold = machine->setting.threshold,
    };
    merkle_frontier_root(&machine->log, &machine->checkpoint.root);
}

void machine_execute(struct machine *machine, const struct block *block, const struct hash *block_hash,
                     struct machine_batch *batches, size_t batches_count, const struct machine_ports *ports,
                     struct checkpoint *ret_checkpoint) {
    CHECK(!machine->preview.is_open);
    CHECK(block->height == machine->setting.height + 1);
    CHECK(batches_count <= order_batches_max(machine->genesis.members));
    order_batches(batches, batches_count, machine->order);
    machine->setting.now_us = block_time_us(machine, block, batches, batches_count);
    machine->setting.height = block->height;
    machine->epoch = block->epoch;
    for (size_t i = 0; i < batches_count; i++) execute_batch(machine, &batches[i], ports);
    append_proofs(machine, block, ports);
    settle_questions(machine, ports);
    append_state(machine, block_hash, ports);
    take_checkpoint(machine);
    *ret_checkpoint = machine->checkpoint;
}
