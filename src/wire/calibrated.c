/* Calibrated: encode and decode. Invariant, as everywhere in this room: what is read would be written to the very same
 * bytes. */
#include "wire/calibrated.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "wire/field.h"

enum { CALIBRATION_FIELDS = 12, SKILL_FIELDS = 4, CALIBRATED_FIELDS = 5, FULL = 4096 };

static bool skill_valid(const struct record_skill *skill, uint32_t members) {
    return skill->group < members && skill->skill >= -64 * FULL && skill->skill <= FULL;
}

static enum status calibration_valid(const struct record_calibration *calibration) {
    const struct record_calibration *c = calibration;
    if (!field_text_valid(c->family, FAMILY_BYTES_MAX)) return STATUS_BAD_FORMAT;
    if (c->labels < HYPOTHESES_MIN || c->labels > HYPOTHESES_MAX) return STATUS_BAD_VALUE;
    if (c->decided > c->questions || c->canaries > c->questions) return STATUS_BAD_VALUE;
    if (c->members > MEMBERS_MAX || (!c->rivalled && c->margin != 0)) return STATUS_BAD_VALUE;
    for (uint32_t m = 0; m < c->members; m++)
        if (!skill_valid(&c->skills[m], c->members)) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

static void put_skill(struct writer *writer, const struct record_skill *skill) {
    cbor_put_array(writer, SKILL_FIELDS);
    cbor_put_uint(writer, skill->reports);
    cbor_put_int(writer, skill->skill);
    cbor_put_uint(writer, skill->group);
    cbor_put_uint(writer, skill->discounted ? 1 : 0);
}

void record_calibration_put(struct writer *writer, const struct record_calibration *calibration) {
    CHECK(calibration_valid(calibration) == STATUS_OK);
    field_put_kind(writer, CALIBRATION_FIELDS, RECORD_CALIBRATION);
    cbor_put_text(writer, calibration->family);
    cbor_put_uint(writer, calibration->labels);
    cbor_put_uint(writer, calibration->questions);
    cbor_put_uint(writer, calibration->answers);
    cbor_put_uint(writer, calibration->decided);
    cbor_put_uint(writer, calibration->canaries);
    cbor_put_array(writer, 2);
    cbor_put_uint(writer, calibration->leak ? 1 : 0);
    cbor_put_uint(writer, calibration->alarm ? 1 : 0);
    if (calibration->rivalled) {
        cbor_put_int(writer, calibration->margin);
    } else {
        cbor_put_null(writer);
    }
    cbor_put_array(writer, calibration->members);
    for (uint32_t m = 0; m < calibration->members; m++) put_skill(writer, &calibration->skills[m]);
    field_put_hash(writer, &calibration->results);
    cbor_put_uint(writer, calibration->height);
}

static enum status take_flag(struct reader *reader, bool *ret_flag) {
    uint32_t flag;
    TRY(field_take_u32(reader, 1, &flag));
    *ret_flag = flag == 1;
    return STATUS_OK;
}

static enum status take_skill(struct reader *reader, struct record_skill *ret_skill) {
    int64_t skill;
    TRY(cbor_take_array_exactly(reader, SKILL_FIELDS));
    TRY(field_take_u32(reader, UINT32_MAX, &ret_skill->reports));
    TRY(cbor_take_int(reader, &skill));
    if (skill < INT32_MIN || skill > INT32_MAX) return STATUS_BAD_VALUE;
    ret_skill->skill = (int32_t)skill;
    TRY(field_take_u32(reader, MEMBERS_MAX - 1, &ret_skill->group));
    return take_flag(reader, &ret_skill->discounted);
}

static enum status take_margin(struct reader *reader, struct record_calibration *ret_calibration) {
    ret_calibration->margin = 0;
    ret_calibration->rivalled = !cbor_next_is_null(reader);
    if (!ret_calibration->rivalled) return cbor_take_null(reader);
    return cbor_take_int(reader, &ret_calibration->margin);
}

static enum status take_counts(struct reader *reader, struct record_calibration *ret_calibration) {
    TRY(field_take_text(reader, &ret_calibration->family));
    TRY(field_take_u32(reader, HYPOTHESES_MAX, &ret_calibration->labels));
    TRY(field_take_u32(reader, UINT32_MAX, &ret_calibration->questions));
    TRY(cbor_take_uint(reader, &ret_calibration->answers));
    TRY(field_take_u32(reader, UINT32_MAX, &ret_calibration->decided));
    TRY(field_take_u32(reader, UINT32_MAX, &ret_calibration->canaries));
    TRY(cbor_take_array_exactly(reader, 2));
    TRY(take_flag(reader, &ret_calibration->leak));
    TRY(take_flag(reader, &ret_calibration->alarm));
    return take_margin(reader, ret_calibration);
}

enum status record_calibration_read(struct slice bytes, struct record_calibration *ret_calibration) {
    if (bytes.bytes > RECORD_CALIBRATION_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    struct record_calibration calibration = {.members = 0};
    TRY(field_take_kind(&reader, CALIBRATION_FIELDS, RECORD_CALIBRATION));
    TRY(take_counts(&reader, &calibration));
    TRY(field_take_count(&reader, MEMBERS_MAX, &calibration.members));
    for (uint32_t m = 0; m < calibration.members; m++) TRY(take_skill(&reader, &calibration.skills[m]));
    TRY(cbor_take_hash(&reader, &calibration.results));
    TRY(cbor_take_uint(&reader, &calibration.height));
    TRY(reader_end(&reader));
    TRY(calibration_valid(&calibration));
    *ret_calibration = calibration;
    return STATUS_OK;
}

static bool calibrated_valid(const struct record_calibrated *calibrated) {
    if (calibrated->labels < HYPOTHESES_MIN || calibrated->labels > HYPOTHESES_MAX) return false;
    if (calibrated->label >= calibrated->labels) return false;
    for (uint32_t j = 0; j < calibrated->labels; j++)
        if (calibrated->posterior[j] > FULL) return false;
    return true;
}

void record_calibrated_put(struct writer *writer, const struct record_calibrated *calibrated) {
    CHECK(calibrated_valid(calibrated));
    field_put_kind(writer, CALIBRATED_FIELDS, RECORD_CALIBRATED);
    cbor_put_bytes(writer, slice_of(calibrated->question.bytes, QUESTION_ID_BYTES));
    cbor_put_uint(writer, calibrated->label);
    cbor_put_uint(writer, calibrated->decided ? 1 : 0);
    cbor_put_array(writer, calibrated->labels);
    for (uint32_t j = 0; j < calibrated->labels; j++) cbor_put_uint(writer, calibrated->posterior[j]);
}

enum status record_calibrated_read(struct slice bytes, struct record_calibrated *ret_calibrated) {
    struct reader reader = reader_of(bytes);
    struct record_calibrated calibrated = {.labels = 0};
    TRY(field_take_kind(&reader, CALIBRATED_FIELDS, RECORD_CALIBRATED));
    TRY(cbor_take_bytes_exactly(&reader, calibrated.question.bytes, QUESTION_ID_BYTES));
    TRY(field_take_u32(&reader, HYPOTHESES_MAX - 1, &calibrated.label));
    TRY(take_flag(&reader, &calibrated.decided));
    TRY(field_take_count(&reader, HYPOTHESES_MAX, &calibrated.labels));
    for (uint32_t j = 0; j < calibrated.labels; j++) TRY(field_take_u32(&reader, FULL, &calibrated.posterior[j]));
    TRY(reader_end(&reader));
    if (!calibrated_valid(&calibrated)) return STATUS_BAD_VALUE;
    *ret_calibrated = calibrated;
    return STATUS_OK;
}
