/* Making certificate files (docs/protocol.md 5, docs/formats.md).
 *
 * Invariant: every part is of the certified height: the state record is its last leaf, and the members' records are those that it names. */
#include "replica/certificate.h"

#include "base/check.h"

/* Copies behind what is already there; whether all of it had room is looked at once, at the end. */
static struct slice piece(struct writer *pieces, struct slice bytes) {
    size_t at = pieces->bytes;
    writer_put(pieces, bytes.data, bytes.bytes);
    return slice_of(pieces->data + at, bytes.bytes);
}

static enum status add_leaf(const struct certificate_log *log, struct writer *pieces, uint64_t index, uint64_t size,
                            struct slice *ret_bytes, struct hash *ret_proof, uint32_t *ret_proof_count) {
    struct slice bytes;
    size_t count;
    TRY(log->read_leaf(log->context, index, &bytes));
    *ret_bytes = piece(pieces, bytes);
    TRY(merkle_inclusion_make(index, size, log->read_node, log->context, ret_proof, &count));
    *ret_proof_count = (uint32_t)count;
    return writer_status(pieces);
}

/* The record in the state of the certified height, which names its root. */
static enum status add_parameters(const struct replica *replica, struct writer *pieces,
                                  struct certificate *certificate) {
    uint8_t bytes[RECORD_PARAMETERS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct record_state state;
    struct hash hash;
    if (replica_certified_parameters(replica)->threshold.denominator == 0) return STATUS_NOT_FINAL;
    record_parameters_put(&writer, replica_certified_parameters(replica));
    CHECK(writer_status(&writer) == STATUS_OK);
    certificate->parameters = piece(pieces, writer_slice(&writer));
    merkle_leaf(writer_slice(&writer), &hash);
    TRY(record_state_read(certificate->state, &state));
    return hash_equal(&hash, &state.parameters) ? STATUS_OK : STATUS_NOT_FINAL;
}

/* The records in the state of the certified height, which names their root. */
static enum status add_members(const struct replica *replica, const struct roster *roster, struct writer *pieces,
                               struct certificate *certificate) {
    struct merkle_frontier frontier;
    struct record_state state;
    struct hash hash;
    const struct machine_member *standing = replica_certified_standing(replica);
    merkle_frontier_init(&frontier);
    certificate->members = roster->members;
    for (uint32_t m = 0; m < certificate->members; m++) {
        uint8_t bytes[RECORD_MEMBER_BYTES_MAX];
        struct writer writer = writer_of(bytes, sizeof bytes);
        machine_record_member(roster, m, &standing[m], &writer);
        CHECK(writer_status(&writer) == STATUS_OK);
        certificate->member_records[m] = piece(pieces, writer_slice(&writer));
        merkle_leaf(writer_slice(&writer), &hash);
        merkle_append(&frontier, &hash);
    }
    merkle_frontier_root(&frontier, &hash);
    TRY(record_state_read(certificate->state, &state));
    return hash_equal(&hash, &state.members) ? STATUS_OK : STATUS_NOT_FINAL;
}

static enum status add_belief(const struct certificate_log *log, struct writer *pieces,
                              const struct certificate_capture *capture, uint64_t leaf,
                              const struct checkpoint *checkpoint, struct certificate *certificate) {
    if (capture == NULL) {
        if (leaf >= checkpoint->size) return STATUS_NOT_FINAL;
        certificate->index = leaf;
        return add_leaf(log, pieces, leaf, checkpoint->size, &certificate->belief, certificate->proof,
                        &certificate->proof_count);
    }
    if (capture->height != checkpoint->height) return STATUS_NOT_FINAL;
    certificate->belief = piece(pieces, slice_of(capture->record, capture->bytes));
    certificate->index = capture->question;
    certificate->questions = capture->questions;
    certificate->proof_count = capture->proof_count;
    memcpy(certificate->proof, capture->proof, capture->proof_count * sizeof *capture->proof);
    return STATUS_OK;
}

enum status replica_capture(struct replica *replica, uint64_t question, struct certificate_capture *ret_capture) {
    struct machine *machine = replica_machine(replica);
    struct certificate_capture *c = ret_capture;
    struct writer writer = writer_of(c->record, sizeof c->record);
    size_t proof_count;
    c->height = 0;
    TRY(machine_question_proof(machine, question, &writer, c->proof, &proof_count, &c->questions));
    TRY(writer_status(&writer));
    c->question = question;
    c->proof_count = (uint32_t)proof_count;
    c->bytes = writer.bytes;
    c->height = machine_height(machine);
    return STATUS_OK;
}

/* Of every epoch that ended before that of the checkpoint. The newest may not have enough signatures yet. */
static enum status add_handovers(struct replica *replica, struct writer *pieces, uint64_t epoch,
                                 struct certificate *certificate) {
    if (epoch > CERTIFICATE_HANDOVERS_MAX) return STATUS_TOO_MANY;
    for (uint64_t ended = 0; ended < epoch; ended++) {
        struct slice bytes;
        if (replica_handover(replica, ended, &bytes) != STATUS_OK) return STATUS_NOT_FINAL;
        certificate->handovers[certificate->handovers_count++] = piece(pieces, bytes);
    }
    return writer_status(pieces);
}

/* Everything but the subject, around the newest certified height. */
static enum status add_rest(struct replica *replica, const struct certificate_log *log,
                            const struct checkpoint *checkpoint, const struct checkpoint_signature *signatures,
                            uint32_t count, struct writer *pieces, struct certificate *certificate) {
    const struct roster *roster = replica_certified_roster(replica);
    if (roster == NULL) return STATUS_NOT_FINAL;
    certificate->state_index = checkpoint->size - 1;
    TRY(add_leaf(log, pieces, certificate->state_index, checkpoint->size, &certificate->state,
                 certificate->state_proof, &certificate->state_proof_count));
    TRY(add_parameters(replica, pieces, certificate));
    TRY(add_members(replica, roster, pieces, certificate));
    TRY(add_handovers(replica, pieces, checkpoint->epoch, certificate));
    size_t note_at = pieces->bytes;
    checkpoint_note_put(pieces, checkpoint, machine_chain(replica_machine(replica)), roster, signatures, count);
    certificate->note = slice_of(pieces->data + note_at, pieces->bytes - note_at);
    return writer_status(pieces);
}

enum status replica_certificate(struct replica *replica, const struct certificate_log *log,
                                const struct certificate_capture *capture, uint64_t leaf, struct writer *pieces,
                                struct writer *ret_file) {
    struct certificate certificate = {0};
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    if (replica_certified(replica, &checkpoint, signatures, &count) != STATUS_OK) return STATUS_NOT_FINAL;
    const struct roster *roster = replica_certified_roster(replica);
    if (roster == NULL) return STATUS_NOT_FINAL;
    TRY(add_belief(log, pieces, capture, leaf, &checkpoint, &certificate));
    TRY(add_rest(replica, log, &checkpoint, signatures, count, pieces, &certificate));
    certificate_put(ret_file, &certificate);
    return writer_status(ret_file);
}

enum status replica_state_certificate(struct replica *replica, const struct certificate_log *log,
                                      struct writer *pieces, struct writer *ret_file) {
    struct certificate certificate = {0};
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    if (replica_certified(replica, &checkpoint, signatures, &count) != STATUS_OK) return STATUS_NOT_FINAL;
    TRY(add_rest(replica, log, &checkpoint, signatures, count, pieces, &certificate));
    certificate.belief = certificate.parameters;
    certificate_put(ret_file, &certificate);
    return writer_status(ret_file);
}
