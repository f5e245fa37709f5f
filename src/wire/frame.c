/* Frames: the messages between members, one encoder and one decoder a type, in a table (formats in frame.h).
 *
 * Invariant: frame_read accepts exactly what frame_put writes; nested encodings are bounded here and judged by their
 * own readers. */
#include "wire/frame.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "wire/field.h"
#include "wire/handover.h"

static void put_signature(struct writer *writer, const uint8_t signature[SIGNATURE_BYTES]) {
    cbor_put_bytes(writer, slice_of(signature, SIGNATURE_BYTES));
}

static void put_blob(struct writer *writer, struct slice blob, size_t max) {
    CHECK(blob.bytes >= 1 && blob.bytes <= max);
    cbor_put_bytes(writer, blob);
}

/* 1 hello */

static void hello_put(struct writer *writer, const struct frame *frame) {
    CHECK(frame->hello.member < MEMBERS_MAX);
    field_put_hash(writer, &frame->hello.chain);
    cbor_put_uint(writer, frame->hello.member);
    cbor_put_uint(writer, frame->hello.height);
}

static enum status hello_take(struct reader *reader, struct frame *ret_frame) {
    TRY(cbor_take_hash(reader, &ret_frame->hello.chain));
    TRY(field_take_u32(reader, MEMBERS_MAX - 1, &ret_frame->hello.member));
    return cbor_take_uint(reader, &ret_frame->hello.height);
}

/* 2 batch */

enum { CONTENTS_NONE = 0x80 }; /* the encoding of an empty array */

enum status frame_contents_open(struct slice contents, struct frame_contents *ret_contents) {
    struct reader reader = reader_of(contents);
    uint32_t count;
    TRY(field_take_count(&reader, BATCH_ITEMS_MAX, &count));
    *ret_contents = (struct frame_contents){reader, count, 0};
    return STATUS_OK;
}

enum status frame_contents_next(struct frame_contents *contents, uint32_t *ret_index, struct slice *ret_content) {
    if (contents->left == 0) return contents->reader.bytes == 0 ? STATUS_NOT_FOUND : STATUS_TRAILING_BYTES;
    struct reader after = contents->reader;
    uint32_t index;
    struct slice content;
    TRY(cbor_take_array_exactly(&after, 2));
    TRY(field_take_u32(&after, BATCH_ITEMS_MAX - 1, &index));
    TRY(cbor_take_bytes(&after, &content));
    if (index < contents->least_index) return STATUS_NOT_CANONICAL;
    if (content.bytes > CONTENT_BYTES_MAX) return STATUS_TOO_LARGE;
    *contents = (struct frame_contents){after, contents->left - 1, index + 1};
    *ret_index = index;
    *ret_content = content;
    return STATUS_OK;
}

void frame_contents_put(struct writer *writer, uint32_t count) {
    CHECK(count <= BATCH_ITEMS_MAX);
    cbor_put_array(writer, count);
}

void frame_content_put(struct writer *writer, uint32_t index, struct slice content) {
    CHECK(index < BATCH_ITEMS_MAX && content.bytes <= CONTENT_BYTES_MAX);
    cbor_put_array(writer, 2);
    cbor_put_uint(writer, index);
    cbor_put_bytes(writer, content);
}

/* Walks over the array, and hands out its whole encoding. */
static enum status contents_take(struct reader *reader, struct slice *ret_contents) {
    struct frame_contents contents;
    size_t total = 0;
    TRY(frame_contents_open(slice_of(reader->data, reader->bytes), &contents));
    while (contents.left > 0) {
        uint32_t index;
        struct slice content;
        TRY(frame_contents_next(&contents, &index, &content));
        total += content.bytes;
        if (total > BATCH_CONTENT_BYTES_MAX) return STATUS_TOO_LARGE;
    }
    return reader_take(reader, (size_t)(contents.reader.data - reader->data), ret_contents);
}

static void batch_put(struct writer *writer, const struct frame *frame) {
    put_blob(writer, frame->batch.header, HEADER_BYTES_MAX);
    put_blob(writer, frame->batch.body, BATCH_BYTES_MAX);
    if (frame->batch.contents.bytes == 0) {
        writer_put_u8(writer, CONTENTS_NONE);
    } else {
        writer_put(writer, frame->batch.contents.data, frame->batch.contents.bytes);
    }
}

static enum status batch_take(struct reader *reader, struct frame *ret_frame) {
    TRY(field_take_blob(reader, HEADER_BYTES_MAX, &ret_frame->batch.header));
    TRY(field_take_blob(reader, BATCH_BYTES_MAX, &ret_frame->batch.body));
    return contents_take(reader, &ret_frame->batch.contents);
}

/* 3 ack */

static void ack_put(struct writer *writer, const struct frame *frame) {
    CHECK(field_tips_valid(frame->ack.tips, frame->ack.count));
    field_put_tips(writer, frame->ack.tips, frame->ack.count);
}

static enum status ack_take(struct reader *reader, struct frame *ret_frame) {
    return field_take_tips(reader, ret_frame->ack.tips, &ret_frame->ack.count);
}

/* 4 heartbeat */

static void heartbeat_put(struct writer *writer, const struct frame *frame) {
    cbor_put_uint(writer, frame->heartbeat.view);
    cbor_put_uint(writer, frame->heartbeat.height);
    cbor_put_uint(writer, frame->heartbeat.certified);
}

static enum status heartbeat_take(struct reader *reader, struct frame *ret_frame) {
    TRY(cbor_take_uint(reader, &ret_frame->heartbeat.view));
    TRY(cbor_take_uint(reader, &ret_frame->heartbeat.height));
    return cbor_take_uint(reader, &ret_frame->heartbeat.certified);
}

/* 5 proposal */

static void proposal_put(struct writer *writer, const struct frame *frame) {
    put_blob(writer, frame->proposal.block, BLOCK_BYTES_ENCODED_MAX);
    put_signature(writer, frame->proposal.signature);
    if (frame->proposal.parent.bytes == 0) {
        cbor_put_null(writer);
    } else {
        put_blob(writer, frame->proposal.parent, VOTE_CERTIFICATE_BYTES_MAX);
    }
    CHECK(frame->proposal.nullifications_count <= PROPOSAL_NULLIFICATIONS_MAX);
    cbor_put_array(writer, frame->proposal.nullifications_count);
    for (uint32_t i = 0; i < frame->proposal.nullifications_count; i++)
        put_blob(writer, frame->proposal.nullifications[i], VOTE_CERTIFICATE_BYTES_MAX);
}

static enum status parent_take(struct reader *reader, struct slice *ret_parent) {
    if (!cbor_next_is_null(reader)) return field_take_blob(reader, VOTE_CERTIFICATE_BYTES_MAX, ret_parent);
    *ret_parent = slice_of(NULL, 0);
    return cbor_take_null(reader);
}

static enum status proposal_take(struct reader *reader, struct frame *ret_frame) {
    TRY(field_take_blob(reader, BLOCK_BYTES_ENCODED_MAX, &ret_frame->proposal.block));
    TRY(cbor_take_bytes_exactly(reader, ret_frame->proposal.signature, SIGNATURE_BYTES));
    TRY(parent_take(reader, &ret_frame->proposal.parent));
    TRY(field_take_count(reader, PROPOSAL_NULLIFICATIONS_MAX, &ret_frame->proposal.nullifications_count));
    for (uint32_t i = 0; i < ret_frame->proposal.nullifications_count; i++)
        TRY(field_take_blob(reader, VOTE_CERTIFICATE_BYTES_MAX, &ret_frame->proposal.nullifications[i]));
    return STATUS_OK;
}

/* 6 vote, 7 certificate */

static void vote_frame_put(struct writer *writer, const struct frame *frame) { vote_put(writer, &frame->vote); }

static enum status vote_frame_take(struct reader *reader, struct frame *ret_frame) {
    return vote_take(reader, &ret_frame->vote);
}

static void certificate_frame_put(struct writer *writer, const struct frame *frame) {
    put_blob(writer, frame->certificate, VOTE_CERTIFICATE_BYTES_MAX);
}

static enum status certificate_frame_take(struct reader *reader, struct frame *ret_frame) {
    return field_take_blob(reader, VOTE_CERTIFICATE_BYTES_MAX, &ret_frame->certificate);
}

/* 8 attestation */

static void attestation_put(struct writer *writer, const struct frame *frame) {
    checkpoint_fields_put(writer, &frame->attestation.checkpoint);
    put_signature(writer, frame->attestation.signature);
}

static enum status attestation_take(struct reader *reader, struct frame *ret_frame) {
    TRY(checkpoint_fields_take(reader, &ret_frame->attestation.checkpoint));
    return cbor_take_bytes_exactly(reader, ret_frame->attestation.signature, SIGNATURE_BYTES);
}

/* 9 fetch batch, 10 fetch block, 11 block */

static void fetch_batch_put(struct writer *writer, const struct frame *frame) {
    CHECK(field_tips_valid(&frame->fetch_batch, 1));
    field_put_tip(writer, &frame->fetch_batch);
}

static enum status fetch_batch_take(struct reader *reader, struct frame *ret_frame) {
    TRY(field_take_tip(reader, &ret_frame->fetch_batch));
    return field_tips_valid(&ret_frame->fetch_batch, 1) ? STATUS_OK : STATUS_BAD_VALUE;
}

static void fetch_block_put(struct writer *writer, const struct frame *frame) {
    field_put_hash(writer, &frame->fetch_block);
}

static enum status fetch_block_take(struct reader *reader, struct frame *ret_frame) {
    return cbor_take_hash(reader, &ret_frame->fetch_block);
}

static void block_frame_put(struct writer *writer, const struct frame *frame) {
    put_blob(writer, frame->block, BLOCK_BYTES_ENCODED_MAX);
}

static enum status block_frame_take(struct reader *reader, struct frame *ret_frame) {
    return field_take_blob(reader, BLOCK_BYTES_ENCODED_MAX, &ret_frame->block);
}

/* 12 fetch range, 13 range */

static void fetch_range_put(struct writer *writer, const struct frame *frame) {
    cbor_put_uint(writer, frame->fetch_range);
}

static enum status fetch_range_take(struct reader *reader, struct frame *ret_frame) {
    return cbor_take_uint(reader, &ret_frame->fetch_range);
}

static void range_put(struct writer *writer, const struct frame *frame) {
    CHECK(frame->range.count >= 1 && frame->range.count <= RANGE_BLOCKS_MAX);
    cbor_put_array(writer, frame->range.count);
    for (uint32_t i = 0; i < frame->range.count; i++)
        put_blob(writer, frame->range.blocks[i], BLOCK_BYTES_ENCODED_MAX);
    put_blob(writer, frame->range.finalization, VOTE_CERTIFICATE_BYTES_MAX);
}

static enum status range_take(struct reader *reader, struct frame *ret_frame) {
    TRY(field_take_count(reader, RANGE_BLOCKS_MAX, &ret_frame->range.count));
    if (ret_frame->range.count == 0) return STATUS_BAD_VALUE;
    for (uint32_t i = 0; i < ret_frame->range.count; i++)
        TRY(field_take_blob(reader, BLOCK_BYTES_ENCODED_MAX, &ret_frame->range.blocks[i]));
    return field_take_blob(reader, VOTE_CERTIFICATE_BYTES_MAX, &ret_frame->range.finalization);
}

/* 14 fetch views */

static void fetch_views_put(struct writer *writer, const struct frame *frame) {
    CHECK(frame->fetch_views.from <= frame->fetch_views.to);
    cbor_put_uint(writer, frame->fetch_views.from);
    cbor_put_uint(writer, frame->fetch_views.to);
}

static enum status fetch_views_take(struct reader *reader, struct frame *ret_frame) {
    TRY(cbor_take_uint(reader, &ret_frame->fetch_views.from));
    TRY(cbor_take_uint(reader, &ret_frame->fetch_views.to));
    return ret_frame->fetch_views.from <= ret_frame->fetch_views.to ? STATUS_OK : STATUS_BAD_VALUE;
}

/* 15 recover, 16 recovered */

static void recover_put(struct writer *writer, const struct frame *frame) {
    cbor_put_uint(writer, frame->recover.nonce);
}

static enum status recover_take(struct reader *reader, struct frame *ret_frame) {
    return cbor_take_uint(reader, &ret_frame->recover.nonce);
}

/* A lane that nothing is held of has a tip without seq and hash. */
static bool recovered_tip_valid(const struct tip *tip) {
    return tip->member < MEMBERS_MAX && (tip->seq == 0) == hash_is_zero(&tip->hash);
}

static void recovered_put(struct writer *writer, const struct frame *frame) {
    CHECK(recovered_tip_valid(&frame->recovered.tip));
    cbor_put_uint(writer, frame->recovered.nonce);
    cbor_put_array(writer, 3);
    field_put_tip(writer, &frame->recovered.tip);
    cbor_put_uint(writer, frame->recovered.epoch);
    cbor_put_uint(writer, frame->recovered.view);
    cbor_put_uint(writer, frame->recovered.signed_view);
}

static enum status recovered_take(struct reader *reader, struct frame *ret_frame) {
    TRY(cbor_take_uint(reader, &ret_frame->recovered.nonce));
    TRY(cbor_take_array_exactly(reader, 3));
    TRY(field_take_tip(reader, &ret_frame->recovered.tip));
    if (!recovered_tip_valid(&ret_frame->recovered.tip)) return STATUS_BAD_VALUE;
    TRY(cbor_take_uint(reader, &ret_frame->recovered.epoch));
    TRY(cbor_take_uint(reader, &ret_frame->recovered.view));
    return cbor_take_uint(reader, &ret_frame->recovered.signed_view);
}

/* 17 proof */

static void proof_frame_put(struct writer *writer, const struct frame *frame) {
    put_blob(writer, frame->proof, PROOF_BYTES_MAX);
}

static enum status proof_frame_take(struct reader *reader, struct frame *ret_frame) {
    return field_take_blob(reader, PROOF_BYTES_MAX, &ret_frame->proof);
}

/* 18 fetch handover, 19 handover */

static void fetch_handover_put(struct writer *writer, const struct frame *frame) {
    cbor_put_uint(writer, frame->fetch_handover);
}

static enum status fetch_handover_take(struct reader *reader, struct frame *ret_frame) {
    return cbor_take_uint(reader, &ret_frame->fetch_handover);
}

static void handover_frame_put(struct writer *writer, const struct frame *frame) {
    put_blob(writer, frame->handover, HANDOVER_BYTES_MAX);
}

static enum status handover_frame_take(struct reader *reader, struct frame *ret_frame) {
    return field_take_blob(reader, HANDOVER_BYTES_MAX, &ret_frame->handover);
}

/* `fields` counts the type itself. */
static const struct codec {
    uint32_t fields;
    void (*put)(struct writer *writer, const struct frame *frame);
    enum status (*take)(struct reader *reader, struct frame *ret_frame);
} codecs[FRAME_TYPE_COUNT] = {
    [FRAME_HELLO] = {4, hello_put, hello_take},
    [FRAME_BATCH] = {4, batch_put, batch_take},
    [FRAME_ACK] = {2, ack_put, ack_take},
    [FRAME_HEARTBEAT] = {4, heartbeat_put, heartbeat_take},
    [FRAME_PROPOSAL] = {5, proposal_put, proposal_take},
    [FRAME_VOTE] = {2, vote_frame_put, vote_frame_take},
    [FRAME_CERTIFICATE] = {2, certificate_frame_put, certificate_frame_take},
    [FRAME_ATTESTATION] = {8, attestation_put, attestation_take},
    [FRAME_FETCH_BATCH] = {4, fetch_batch_put, fetch_batch_take},
    [FRAME_FETCH_BLOCK] = {2, fetch_block_put, fetch_block_take},
    [FRAME_BLOCK] = {2, block_frame_put, block_frame_take},
    [FRAME_FETCH_RANGE] = {2, fetch_range_put, fetch_range_take},
    [FRAME_RANGE] = {3, range_put, range_take},
    [FRAME_FETCH_VIEWS] = {3, fetch_views_put, fetch_views_take},
    [FRAME_RECOVER] = {2, recover_put, recover_take},
    [FRAME_RECOVERED] = {6, recovered_put, recovered_take},
    [FRAME_PROOF] = {2, proof_frame_put, proof_frame_take},
    [FRAME_FETCH_HANDOVER] = {2, fetch_handover_put, fetch_handover_take},
    [FRAME_HANDOVER] = {2, handover_frame_put, handover_frame_take},
};

void frame_put(struct writer *writer, const struct frame *frame) {
    CHECK(frame->type >= FRAME_HELLO && frame->type < FRAME_TYPE_COUNT);
    const struct codec *codec = &codecs[frame->type];
    cbor_put_array(writer, codec->fields);
    cbor_put_uint(writer, frame->type);
    codec->put(writer, frame);
}

enum frame_type frame_type_of(struct slice frame) {
    struct reader reader = reader_of(frame);
    uint64_t fields = 0, type = 0;
    CHECK(cbor_take_array(&reader, &fields) == STATUS_OK && cbor_take_uint(&reader, &type) == STATUS_OK);
    CHECK(type >= FRAME_HELLO && type < FRAME_TYPE_COUNT);
    return (enum frame_type)type;
}

enum status frame_read(struct slice bytes, struct frame *ret_frame) {
    if (bytes.bytes > FRAME_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    uint64_t fields;
    uint32_t type;
    TRY(cbor_take_array(&reader, &fields));
    TRY(field_take_u32(&reader, FRAME_TYPE_COUNT - 1, &type));
    if (type < FRAME_HELLO || fields != codecs[type].fields) return STATUS_BAD_VALUE;
    ret_frame->type = (enum frame_type)type;
    TRY(codecs[type].take(&reader, ret_frame));
    return reader_end(&reader);
}
