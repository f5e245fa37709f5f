/* Certificate files: write and take apart (docs/formats.md). Form only; verifier/ judges.
 *
 * Invariant: certificate_read accepts exactly the bytes that certificate_put writes. */
#include "wire/certificate.h"

#include "base/check.h"
#include "codec/base64.h"
#include "wire/line.h"

#define FIRST_LINE "credimus/certificate/1"

static void put_proof(struct writer *writer, const char *word, const struct hash *proof, uint32_t count) {
    CHECK(count <= MERKLE_PROOF_MAX);
    for (uint32_t i = 0; i < count; i++) line_put_base64(writer, word, slice_of(proof[i].bytes, HASH_BYTES));
}

void certificate_put(struct writer *writer, const struct certificate *certificate) {
    CHECK(certificate->handovers_count <= CERTIFICATE_HANDOVERS_MAX);
    CHECK(certificate->members >= 1 && certificate->members <= MEMBERS_MAX && certificate->note.bytes > 0);
    writer_put_text(writer, FIRST_LINE "\n");
    line_put_base64(writer, "belief", certificate->belief);
    line_put_decimal(writer, "index", certificate->index);
    put_proof(writer, "proof", certificate->proof, certificate->proof_count);
    if (certificate->questions > 0) line_put_decimal(writer, "questions", certificate->questions);
    line_put_base64(writer, "state", certificate->state);
    line_put_decimal(writer, "state-index", certificate->state_index);
    put_proof(writer, "state-proof", certificate->state_proof, certificate->state_proof_count);
    line_put_base64(writer, "parameters", certificate->parameters);
    for (uint32_t i = 0; i < certificate->members; i++)
        line_put_base64(writer, "member", certificate->member_records[i]);
    for (uint32_t i = 0; i < certificate->handovers_count; i++)
        line_put_base64(writer, "handover", certificate->handovers[i]);
    writer_put_u8(writer, '\n');
    writer_put(writer, certificate->note.data, certificate->note.bytes);
}

/* Takes a line with the base64 of a record of at most `max` bytes; the record goes to the end of `scratch`. */
static enum status take_record(struct slice *rest, const char *word, size_t max, struct writer *scratch,
                               struct slice *ret_record) {
    struct slice text;
    size_t bytes;
    uint8_t *record = scratch->data + scratch->bytes;
    TRY(line_take_value(rest, word, &text));
    if (text.bytes == 0) return STATUS_BAD_FORMAT;
    if (text.bytes > base64_encoded_bytes(max)) return STATUS_TOO_LARGE;
    TRY(base64_decode(text, record, scratch->capacity - scratch->bytes, &bytes));
    scratch->bytes += bytes;
    *ret_record = slice_of(record, bytes);
    return STATUS_OK;
}

static enum status take_proof(struct slice *rest, const char *word, struct hash *ret_proof, uint32_t *ret_count) {
    uint32_t count = 0;
    while (line_next_is(*rest, word)) {
        if (count == MERKLE_PROOF_MAX) return STATUS_TOO_MANY;
        TRY(line_take_hash(rest, word, &ret_proof[count]));
        count++;
    }
    *ret_count = count;
    return STATUS_OK;
}

/* 0 says that there is no such tree, by there being no such line. */
static enum status take_questions(struct slice *rest, uint64_t *ret_questions) {
    *ret_questions = 0;
    if (!line_next_is(*rest, "questions")) return STATUS_OK;
    TRY(line_take_decimal(rest, "questions", ret_questions));
    return *ret_questions > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

static enum status take_members(struct slice *rest, struct writer *scratch, struct certificate *ret_certificate) {
    uint32_t count = 0;
    while (line_next_is(*rest, "member")) {
        if (count == MEMBERS_MAX) return STATUS_TOO_MANY;
        struct slice *record = &ret_certificate->member_records[count];
        TRY(take_record(rest, "member", RECORD_MEMBER_BYTES_MAX, scratch, record));
        count++;
    }
    ret_certificate->members = count;
    return count > 0 ? STATUS_OK : STATUS_BAD_FORMAT;
}

static enum status take_handovers(struct slice *rest, struct writer *scratch, struct certificate *ret_certificate) {
    uint32_t count = 0;
    while (line_next_is(*rest, "handover")) {
        if (count == CERTIFICATE_HANDOVERS_MAX) return STATUS_TOO_MANY;
        TRY(take_record(rest, "handover", HANDOVER_BYTES_MAX, scratch, &ret_certificate->handovers[count]));
        count++;
    }
    ret_certificate->handovers_count = count;
    return STATUS_OK;
}

static enum status take_parts(struct slice *rest, struct writer *scratch, struct certificate *ret_certificate) {
    struct certificate *to = ret_certificate;
    TRY(take_record(rest, "belief", RECORD_BELIEF_BYTES_MAX, scratch, &to->belief));
    TRY(line_take_decimal(rest, "index", &to->index));
    TRY(take_proof(rest, "proof", to->proof, &to->proof_count));
    TRY(take_questions(rest, &to->questions));
    TRY(take_record(rest, "state", RECORD_STATE_BYTES_MAX, scratch, &to->state));
    TRY(line_take_decimal(rest, "state-index", &to->state_index));
    TRY(take_proof(rest, "state-proof", to->state_proof, &to->state_proof_count));
    TRY(take_record(rest, "parameters", RECORD_PARAMETERS_BYTES_MAX, scratch, &to->parameters));
    TRY(take_members(rest, scratch, to));
    return take_handovers(rest, scratch, to);
}

enum status certificate_read(struct slice bytes, uint8_t *scratch, size_t scratch_bytes,
                             struct certificate *ret_certificate) {
    if (bytes.bytes > CERTIFICATE_BYTES_MAX) return STATUS_TOO_LARGE;
    if (scratch_bytes < bytes.bytes) return STATUS_NO_SPACE;
    struct writer records = writer_of(scratch, scratch_bytes);
    struct certificate certificate;
    struct slice rest = bytes;
    struct slice line;
    TRY(line_take(&rest, &line));
    if (!slice_equal(line, slice_of_text(FIRST_LINE))) return STATUS_VERSION;
    TRY(take_parts(&rest, &records, &certificate));
    TRY(line_take(&rest, &line));
    if (line.bytes > 0 || rest.bytes == 0) return STATUS_BAD_FORMAT;
    certificate.note = rest;
    *ret_certificate = certificate;
    return STATUS_OK;
}
