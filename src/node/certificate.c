/* Certificate files (docs/formats.md): the belief, where it stands in the log or in the state, and the signed checkpoint.
 *
 * A verdict is a leaf of the log, so any later certificate covers it. The belief of an open question is a leaf of the questions tree at one
 * height: it is captured when it is asked for, and waits until a certificate covers that height. */
#include <string.h>

#include "base/check.h"
#include "node/state.h"

static struct capture *find_capture(struct node *node, uint64_t question, uint64_t belief_height) {
    for (uint32_t i = 0; i < CAPTURES_MAX; i++) {
        struct capture *c = &node->captures[i];
        if (c->used && c->question == question && c->belief_height == belief_height) return c;
    }
    return NULL;
}

/* The newest capture of a belief that has not changed since, else a new one at the height executed last. */
static enum status capture(struct node *node, uint64_t question, struct capture **ret_capture) {
    struct machine *machine = replica_machine(node->replica);
    struct record_belief belief;
    enum status status = machine_belief_at(machine, question, &belief);
    if (status != STATUS_OK) return status;
    *ret_capture = find_capture(node, question, belief.height);
    if (*ret_capture != NULL) return STATUS_OK;
    struct capture *c = &node->captures[node->captures_next++ % CAPTURES_MAX];
    struct writer writer = writer_of(c->record, sizeof c->record);
    size_t proof_count;
    c->used = false;
    status = machine_question_proof(machine, question, &writer, c->proof, &proof_count, &c->questions);
    if (status != STATUS_OK) return status;
    c->used = true;
    c->question = question;
    c->height = machine_height(machine);
    c->belief_height = belief.height;
    c->proof_count = (uint32_t)proof_count;
    c->bytes = writer.bytes;
    *ret_capture = c;
    return STATUS_OK;
}

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

static enum status add_belief(struct node *node, struct pieces *pieces, uint64_t question,
                              const struct checkpoint *checkpoint, struct certificate *certificate,
                              uint64_t *ret_state_height) {
    uint64_t leaf;
    *ret_state_height = checkpoint->height;
    if (machine_verdict_index(replica_machine(node->replica), question, &leaf) == STATUS_OK) {
        if (leaf >= checkpoint->size) return STATUS_NOT_FINAL;
        certificate->index = leaf;
        return add_leaf(node, pieces, leaf, checkpoint->size, &certificate->belief, certificate->proof,
                        &certificate->proof_count);
    }
    struct capture *c;
    TRY(capture(node, question, &c));
    if (c->height > checkpoint->height) return STATUS_NOT_FINAL;
    *ret_state_height = c->height;
    certificate->belief = piece(pieces, slice_of(c->record, c->bytes));
    certificate->index = question;
    certificate->questions = c->questions;
    certificate->proof_count = c->proof_count;
    memcpy(certificate->proof, c->proof, c->proof_count * sizeof *c->proof);
    return STATUS_OK;
}

enum status node_certificate(void *context, uint64_t question, struct slice *ret_file) {
    struct node *node = context;
    static struct certificate certificate;
    struct checkpoint checkpoint, at;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    uint64_t state_height, time_us;
    struct pieces pieces = {writer_of(node->pieces, CERTIFICATE_BYTES_MAX)};
    memset(&certificate, 0, sizeof certificate);
    /* Asked first, so that an unknown question is not taken for one that is not final yet. */
    struct record_belief belief;
    TRY(machine_belief_at(replica_machine(node->replica), question, &belief));
    if (replica_certified(node->replica, &checkpoint, signatures, &count) != STATUS_OK) {
        struct capture *c;
        TRY(capture(node, question, &c));
        return STATUS_NOT_FINAL;
    }
    TRY(add_belief(node, &pieces, question, &checkpoint, &certificate, &state_height));
    TRY(ledger_read_checkpoint(node->ledger, state_height, &at, &time_us));
    /* The state record is the last leaf of its block. */
    certificate.state_index = at.size - 1;
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
