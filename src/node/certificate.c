/* Certificate files (docs/formats.md): the belief, where it stands in the log or in the state, and the signed checkpoint.
 *
 * A verdict is a leaf of the log, so any later certificate covers it; so is the calibration of a family. The belief of an open question is a leaf of the state, and a verifier
 * takes only the state of the certified height itself: so it is caught at every height for a while after it was asked for, and the file is
 * made when one of them is certified.
 *
 * Readers get none that a step made which is not durable yet: an own signature would leave before what it signs is kept. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "node/state.h"

/* What a file is made from, and in. */
struct making {
    struct certificate_log log;
    struct writer pieces;
    struct writer file;
};

static struct making making_of(struct node *node) {
    return (struct making){.log = {node->ledger, ledger_read_leaf, ledger_read_node},
                           .pieces = writer_of(node->pieces, CERTIFICATE_BYTES_MAX),
                           .file = writer_of(node->certificate, CERTIFICATE_BYTES_MAX)};
}

static enum status make(struct node *node, const struct certificate_capture *capture, uint64_t leaf,
                        struct slice *ret_file) {
    struct making making = making_of(node);
    TRY(replica_certificate(node->replica, &making.log, capture, leaf, &making.pieces, &making.file));
    *ret_file = writer_slice(&making.file);
    return STATUS_OK;
}

static enum status take_capture(struct node *node, uint64_t question, struct certificate_capture **ret_capture) {
    *ret_capture = &node->captures[node->captures_next++ % CAPTURES_MAX];
    return replica_capture(node->replica, question, *ret_capture);
}

static struct wanted *wanted_of(struct node *node, uint64_t question) {
    for (uint32_t i = 0; i < WANTED_MAX; i++) {
        if (node->wanted[i].used && node->wanted[i].question == question) return &node->wanted[i];
    }
    struct wanted *wanted = &node->wanted[node->wanted_next++ % WANTED_MAX];
    free(wanted->file);
    *wanted = (struct wanted){.used = true, .question = question};
    return wanted;
}

/* A height was executed: the wanted beliefs are caught as they stand in its state. */
void node_certificate_executed(struct node *node) {
    uint64_t height = machine_height(replica_machine(node->replica));
    for (uint32_t i = 0; i < WANTED_MAX; i++) {
        struct certificate_capture *ignored;
        if (!node->wanted[i].used || node->wanted[i].until_height < height) continue;
        if (take_capture(node, node->wanted[i].question, &ignored) != STATUS_OK) node->wanted[i].used = false;
    }
}

/* A height was certified: what was caught at it becomes a file. */
void node_certificate_certified(struct node *node, uint64_t height) {
    for (uint32_t i = 0; i < CAPTURES_MAX; i++) {
        struct certificate_capture *c = &node->captures[i];
        struct slice file;
        if (height == 0 || c->height != height || make(node, c, 0, &file) != STATUS_OK) continue;
        struct wanted *wanted = wanted_of(node, c->question);
        uint8_t *copy = realloc(wanted->file, file.bytes);
        CHECK(copy != NULL);
        memcpy(copy, file.data, file.bytes);
        wanted->file = copy;
        wanted->file_bytes = file.bytes;
        wanted->file_height = height;
    }
}

enum status node_certificate(void *context, uint64_t question, struct slice *ret_file) {
    struct node *node = context;
    const struct machine *machine = replica_machine(node->replica);
    struct record_belief belief;
    struct replica_status status;
    uint64_t leaf;
    TRY(machine_belief_at(machine, question, &belief));
    replica_status(node->replica, &status);
    if (status.certified_height != node->certified_height) return STATUS_NOT_FINAL;
    if (machine_verdict_index(machine, question, &leaf) == STATUS_OK) return make(node, NULL, leaf, ret_file);
    struct certificate_capture *c;
    if (status.certified_height == machine_height(machine) && status.certified_height > 0) {
        TRY(take_capture(node, question, &c));
        return make(node, c, 0, ret_file);
    }
    struct wanted *wanted = wanted_of(node, question);
    if (wanted->file_height != 0 && wanted->file_height == status.certified_height) {
        *ret_file = slice_of(wanted->file, wanted->file_bytes);
        return STATUS_OK;
    }
    wanted->until_height = machine_height(machine) + WANTED_HEIGHTS;
    TRY(take_capture(node, question, &c));
    return STATUS_NOT_FINAL;
}

enum status node_certificate_family(void *context, uint32_t family, struct slice *ret_file) {
    struct node *node = context;
    struct machine_family closed;
    struct replica_status status;
    TRY(machine_family_at(replica_machine(node->replica), family, &closed));
    replica_status(node->replica, &status);
    if (closed.record.bytes == 0 || status.certified_height != node->certified_height) return STATUS_NOT_FINAL;
    return make(node, NULL, closed.leaf, ret_file);
}

/* --- snapshots (docs/protocol.md 9) --- */

static enum status make_state(struct node *node, struct slice *ret_file) {
    struct making making = making_of(node);
    TRY(replica_state_certificate(node->replica, &making.log, &making.pieces, &making.file));
    *ret_file = writer_slice(&making.file);
    return STATUS_OK;
}

/* Whether the ledger has the snapshot that the state names. STATUS_NOT_FOUND. */
static enum status look_for_snapshot(struct node *node, const struct record_snapshot *named) {
    struct record_snapshot kept;
    if (named->height == 0) return STATUS_NOT_FOUND;
    TRY(ledger_find_snapshot(node->ledger, named->height, &kept));
    return record_snapshot_equal(&kept, named) ? STATUS_OK : STATUS_NOT_FOUND;
}

/* The newest state may name a snapshot that the certified one does not name yet. */
enum status node_snapshot(void *context, struct slice *ret_file) {
    struct node *node = context;
    struct record_snapshot newest;
    struct replica_status status;
    struct slice file;
    machine_snapshot(replica_machine(node->replica), &newest);
    if (newest.height == 0) return STATUS_NOT_FOUND;
    replica_status(node->replica, &status);
    if (status.certified_height != node->certified_height) return STATUS_NOT_FINAL;
    TRY(make_state(node, &file));
    TRY(look_for_snapshot(node, &replica_certified_parameters(node->replica)->snapshot));
    *ret_file = file;
    return STATUS_OK;
}

enum status node_snapshot_chunk(void *context, uint64_t height, uint64_t index, struct slice *ret_chunk) {
    return ledger_read_snapshot(((struct node *)context)->ledger, height, index, ret_chunk);
}

void node_kept(void *context, struct http_kept *ret_kept) {
    struct node *node = context;
    struct record_snapshot newest = {.height = 0};
    *ret_kept = (struct http_kept){.from = ledger_base(node->ledger)};
    if (ledger_find_snapshot(node->ledger, INT64_MAX, &newest) == STATUS_OK) ret_kept->snapshot = newest.height;
}

void node_certificate_free(struct node *node) {
    for (uint32_t i = 0; i < WANTED_MAX; i++) free(node->wanted[i].file);
}
