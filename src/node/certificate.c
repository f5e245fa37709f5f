/* Certificate files (docs/formats.md): the belief, where it stands in the log or in the state, and the signed checkpoint.
 *
 * A verdict is a leaf of the log, so any later certificate covers it. The belief of an open question is a leaf of the state, and a verifier
 * takes only the state of the certified height itself: so it is caught at every height for a while after it was asked for, and the file is
 * made when one of them is certified. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "node/state.h"

/* Pieces of a certificate are put behind each other into node->pieces. */
struct pieces {
    struct writer writer;
};

static struct slice piece(struct pieces *pieces, struct slice bytes) {
    size_t at = pieces->writer.bytes;
    writer_put(&pieces->writer, bytes.data, bytes.bytes);
    return slice_of(pieces->writer.data + at, bytes.bytes);
}

static enum status add_leaf(struct node *node, struct pieces *pieces, uint64_t index, uint64_t size,
                            struct slice *ret_bytes, struct hash *ret_proof, uint32_t *ret_proof_count) {
    struct slice bytes;
    size_t count;
    TRY(ledger_read_leaf(node->ledger, index, &bytes));
    *ret_bytes = piece(pieces, bytes);
    TRY(merkle_inclusion_make(index, size, ledger_read_node, node->ledger, ret_proof, &count));
    *ret_proof_count = (uint32_t)count;
    return STATUS_OK;
}

static void add_members(struct node *node, struct pieces *pieces, struct certificate *certificate) {
    const struct machine *machine = replica_machine(node->replica);
    certificate->members = machine_members(machine);
    for (uint32_t m = 0; m < certificate->members; m++) {
        uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
        struct writer writer = writer_of(bytes, sizeof bytes);
        machine_member_record(machine, m, &writer);
        CHECK(writer_status(&writer) == STATUS_OK);
        certificate->member_records[m] = piece(pieces, writer_slice(&writer));
    }
}

static void add_capture(struct pieces *pieces, const struct capture *c, struct certificate *certificate) {
    certificate->belief = piece(pieces, slice_of(c->record, c->bytes));
    certificate->index = c->question;
    certificate->questions = c->questions;
    certificate->proof_count = c->proof_count;
    memcpy(certificate->proof, c->proof, c->proof_count * sizeof *c->proof);
}

/* Makes the file around the certificate that the replica has now; `capture` is of that very height, or NULL for a verdict at `leaf`. */
static enum status make(struct node *node, const struct capture *capture, uint64_t leaf, struct slice *ret_file) {
    static struct certificate certificate;
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    struct pieces pieces = {writer_of(node->pieces, CERTIFICATE_BYTES_MAX)};
    memset(&certificate, 0, sizeof certificate);
    if (replica_certified(node->replica, &checkpoint, signatures, &count) != STATUS_OK) return STATUS_NOT_FINAL;
    if (capture != NULL) {
        add_capture(&pieces, capture, &certificate);
    } else {
        if (leaf >= checkpoint.size) return STATUS_NOT_FINAL;
        certificate.index = leaf;
        TRY(add_leaf(node, &pieces, leaf, checkpoint.size, &certificate.belief, certificate.proof,
                     &certificate.proof_count));
    }
    /* The state record is the last leaf of its block. */
    certificate.state_index = checkpoint.size - 1;
    TRY(add_leaf(node, &pieces, certificate.state_index, checkpoint.size, &certificate.state, certificate.state_proof,
                 &certificate.state_proof_count));
    add_members(node, &pieces, &certificate);
    size_t note_at = pieces.writer.bytes;
    checkpoint_note_put(&pieces.writer, &checkpoint, &node->config->chain, &node->config->genesis, signatures, count);
    certificate.note = slice_of(pieces.writer.data + note_at, pieces.writer.bytes - note_at);
    TRY(writer_status(&pieces.writer));
    struct writer file = writer_of(node->certificate, CERTIFICATE_BYTES_MAX);
    certificate_put(&file, &certificate);
    TRY(writer_status(&file));
    *ret_file = writer_slice(&file);
    return STATUS_OK;
}

static enum status take_capture(struct node *node, uint64_t question, struct capture **ret_capture) {
    struct capture *c = &node->captures[node->captures_next++ % CAPTURES_MAX];
    struct machine *machine = replica_machine(node->replica);
    struct writer writer = writer_of(c->record, sizeof c->record);
    size_t proof_count;
    c->height = 0;
    TRY(machine_question_proof(machine, question, &writer, c->proof, &proof_count, &c->questions));
    TRY(writer_status(&writer));
    c->question = question;
    c->height = machine_height(machine);
    c->proof_count = (uint32_t)proof_count;
    c->bytes = writer.bytes;
    *ret_capture = c;
    return STATUS_OK;
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
        struct capture *ignored;
        if (!node->wanted[i].used || node->wanted[i].until_height < height) continue;
        if (take_capture(node, node->wanted[i].question, &ignored) != STATUS_OK) node->wanted[i].used = false;
    }
}

/* A height was certified: what was caught at it becomes a file. */
void node_certificate_certified(struct node *node, uint64_t height) {
    for (uint32_t i = 0; i < CAPTURES_MAX; i++) {
        struct capture *c = &node->captures[i];
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
    if (machine_verdict_index(machine, question, &leaf) == STATUS_OK) return make(node, NULL, leaf, ret_file);
    replica_status(node->replica, &status);
    struct capture *c;
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

void node_certificate_free(struct node *node) {
    for (uint32_t i = 0; i < WANTED_MAX; i++) free(node->wanted[i].file);
}
