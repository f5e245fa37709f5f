/* Handovers: encode, decode, verify. Invariant: the shape of the tree follows from its size alone, so a root that comes
 * out right binds the two leaves to the two last places of the log. */
#include "wire/handover.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "wire/field.h"

enum { HANDOVER_FIELDS = 6, CHECKPOINT_FIELDS = 6, LEAVES = 2 };

static void log_put(struct writer *writer, const struct merkle_frontier *log) {
    cbor_put_array(writer, (uint64_t)__builtin_popcountll(log->count));
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if (log->count >> level & 1) field_put_hash(writer, &log->peaks[level]);
    }
}

void handover_put(struct writer *writer, const struct handover *handover) {
    CHECK(handover->checkpoint.size == handover->log.count + LEAVES);
    CHECK(handover->count >= 1 && handover->count <= MEMBERS_MAX);
    field_put_kind(writer, HANDOVER_FIELDS, RECORD_HANDOVER);
    cbor_put_array(writer, CHECKPOINT_FIELDS);
    checkpoint_fields_put(writer, &handover->checkpoint);
    cbor_put_array(writer, handover->count);
    for (uint32_t i = 0; i < handover->count; i++) {
        cbor_put_array(writer, 2);
        cbor_put_uint(writer, handover->signatures[i].member);
        cbor_put_bytes(writer, slice_of(handover->signatures[i].signature, SIGNATURE_BYTES));
    }
    log_put(writer, &handover->log);
    cbor_put_bytes(writer, handover->roster);
    cbor_put_bytes(writer, handover->state);
}

static enum status checkpoint_take(struct reader *reader, struct checkpoint *ret_checkpoint) {
    TRY(cbor_take_array_exactly(reader, CHECKPOINT_FIELDS));
    TRY(checkpoint_fields_take(reader, ret_checkpoint));
    return ret_checkpoint->size > LEAVES && ret_checkpoint->height > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status signatures_take(struct reader *reader, struct handover *ret_handover) {
    TRY(field_take_count(reader, MEMBERS_MAX, &ret_handover->count));
    if (ret_handover->count == 0) return STATUS_BAD_VALUE;
    for (uint32_t i = 0; i < ret_handover->count; i++) {
        struct checkpoint_signature *signature = &ret_handover->signatures[i];
        TRY(cbor_take_array_exactly(reader, 2));
        TRY(field_take_u32(reader, MEMBERS_MAX - 1, &signature->member));
        TRY(cbor_take_bytes_exactly(reader, signature->signature, SIGNATURE_BYTES));
        if (i > 0 && signature->member <= ret_handover->signatures[i - 1].member) return STATUS_NOT_CANONICAL;
    }
    return STATUS_OK;
}

static enum status log_take(struct reader *reader, uint64_t count, struct merkle_frontier *ret_log) {
    merkle_frontier_init(ret_log);
    ret_log->count = count;
    TRY(cbor_take_array_exactly(reader, (uint64_t)__builtin_popcountll(count)));
    for (uint32_t level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if (count >> level & 1) TRY(cbor_take_hash(reader, &ret_log->peaks[level]));
    }
    return STATUS_OK;
}

enum status handover_read(struct slice bytes, struct handover *ret_handover) {
    if (bytes.bytes > HANDOVER_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    TRY(field_take_kind(&reader, HANDOVER_FIELDS, RECORD_HANDOVER));
    TRY(checkpoint_take(&reader, &ret_handover->checkpoint));
    TRY(signatures_take(&reader, ret_handover));
    TRY(log_take(&reader, ret_handover->checkpoint.size - LEAVES, &ret_handover->log));
    TRY(field_take_blob(&reader, RECORD_EPOCH_BYTES_MAX, &ret_handover->roster));
    TRY(field_take_blob(&reader, RECORD_STATE_BYTES_MAX, &ret_handover->state));
    return reader_end(&reader);
}

/* Verifying. */

static enum status check_signatures(const struct handover *handover, const struct hash *chain,
                                    const struct roster *roster) {
    struct member_set signers = {0};
    for (uint32_t i = 0; i < handover->count; i++) {
        uint32_t member = handover->signatures[i].member;
        if (!roster_has(roster, member)) return STATUS_UNKNOWN_MEMBER;
        if (!member_set_add(&signers, member)) return STATUS_DUPLICATE;
        TRY(checkpoint_verify(&handover->checkpoint, chain, roster->keys[member], handover->signatures[i].signature));
    }
    return member_set_quorum(&signers, roster_heads(roster), roster->threshold) ? STATUS_OK : STATUS_BELOW_THRESHOLD;
}

static enum status check_leaves(const struct handover *handover) {
    struct merkle_frontier log = handover->log;
    struct hash hash;
    merkle_leaf(handover->roster, &hash);
    merkle_append(&log, &hash);
    merkle_leaf(handover->state, &hash);
    merkle_append(&log, &hash);
    merkle_frontier_root(&log, &hash);
    return hash_equal(&hash, &handover->checkpoint.root) ? STATUS_OK : STATUS_BAD_PROOF;
}

enum status handover_verify(const struct handover *handover, const struct hash *chain, const struct roster *roster,
                            struct roster *ret_next) {
    struct record_state state;
    struct roster next;
    if (handover->checkpoint.epoch != roster->epoch) return STATUS_WRONG_EPOCH;
    if (handover->checkpoint.height <= roster->height) return STATUS_CONFLICT;
    TRY(check_signatures(handover, chain, roster));
    TRY(check_leaves(handover));
    TRY(record_state_read(handover->state, &state));
    TRY(roster_read(handover->roster, &next));
    bool fits = state.height == handover->checkpoint.height && next.height == state.height &&
                next.epoch == roster->epoch + 1 && next.members == roster->members;
    if (!fits) return STATUS_CONFLICT;
    *ret_next = next;
    return STATUS_OK;
}
