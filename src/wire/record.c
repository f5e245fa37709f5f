/* Records: encode and decode the leaves of the log and of the state trees (docs/formats.md).
 *
 * Invariant: the first number of a record names its kind, all kinds differ, and headers carry a tag instead; so no
 * leaf of one kind can be shown as a leaf of another. */
#include "wire/record.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "wire/field.h"

enum {
    BELIEF_FIELDS = 19,
    STATE_FIELDS = 7,
    MEMBER_FIELDS = 10,
    SUSPICION_FIELDS = 6,
    PARAMETERS_FIELDS = 5,
    SNAPSHOT_FIELDS = 3,
    PROOF_RECORD_FIELDS = 2,
    WEIGHT_MAX = 65536,
    RATIO_MAX = 81920, /* five quarters */
};

/* Beliefs. */

static bool interval_valid(const struct record_interval *interval) {
    return interval->members <= MEMBERS_MAX && interval->low <= interval->high;
}

static bool texts_valid(const struct record_belief *belief) {
    if (!field_text_valid(belief->title, TITLE_BYTES_MAX)) return false;
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        if (!field_text_valid(belief->hypotheses[i], HYPOTHESIS_BYTES_MAX)) return false;
    }
    return field_texts_distinct(belief->hypotheses, belief->hypotheses_count);
}

/* The top is the reference: its own log-odds are 0 and nobody's are above. */
static bool log_odds_valid(const struct record_belief *belief) {
    if (belief->top >= belief->hypotheses_count || belief->log_odds[belief->top] != 0) return false;
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        if (belief->log_odds[i] > 0) return false;
    }
    return true;
}

static bool opening_valid(const struct record_belief *belief) {
    bool is_state = belief->opening == OPENING_NONE || belief->opening == OPENING_ORDINARY;
    return is_state || belief->opening < belief->hypotheses_count;
}

static enum status belief_valid(const struct record_belief *belief) {
    if (belief->hypotheses_count < HYPOTHESES_MIN) return STATUS_BAD_VALUE;
    if (belief->hypotheses_count > HYPOTHESES_MAX) return STATUS_TOO_MANY;
    if (!texts_valid(belief)) return STATUS_BAD_FORMAT;
    if (belief->mode > MODE_POOL || belief->status > QUESTION_UNDECIDED) return STATUS_BAD_VALUE;
    if (!log_odds_valid(belief)) return STATUS_BAD_VALUE;
    if (belief->contributors > MEMBERS_MAX || belief->flip_margin > MEMBERS_MAX) return STATUS_BAD_VALUE;
    if (!interval_valid(&belief->live) || !interval_valid(&belief->safe)) return STATUS_BAD_VALUE;
    if (belief->family.bytes > 0 && !field_text_valid(belief->family, FAMILY_BYTES_MAX)) return STATUS_BAD_FORMAT;
    if (!opening_valid(belief)) return STATUS_BAD_VALUE;
    return threshold_check(belief->threshold);
}

static void put_interval(struct writer *writer, const struct record_interval *interval) {
    cbor_put_array(writer, 3);
    cbor_put_uint(writer, interval->members);
    cbor_put_int(writer, interval->low);
    cbor_put_int(writer, interval->high);
}

/* What the question is for: its commitment, how it was opened (null: not yet; -1: ordinary; else the true
 * hypothesis), its family. */
static void put_purpose(struct writer *writer, const struct record_belief *belief) {
    field_put_hash(writer, &belief->commitment);
    if (belief->opening == OPENING_NONE) {
        cbor_put_null(writer);
    } else {
        cbor_put_int(writer, belief->opening == OPENING_ORDINARY ? -1 : (int64_t)belief->opening);
    }
    field_put_optional_text(writer, belief->family);
}

void record_belief_put(struct writer *writer, enum record_kind kind, const struct record_belief *belief) {
    CHECK(kind == RECORD_VERDICT || kind == RECORD_QUESTION);
    CHECK(belief_valid(belief) == STATUS_OK);
    field_put_kind(writer, BELIEF_FIELDS, kind);
    cbor_put_bytes(writer, slice_of(belief->question.bytes, QUESTION_ID_BYTES));
    cbor_put_text(writer, belief->title);
    cbor_put_array(writer, belief->hypotheses_count);
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) cbor_put_text(writer, belief->hypotheses[i]);
    cbor_put_uint(writer, belief->mode);
    cbor_put_uint(writer, belief->status);
    cbor_put_uint(writer, belief->top);
    cbor_put_array(writer, belief->hypotheses_count);
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) cbor_put_int(writer, belief->log_odds[i]);
    cbor_put_uint(writer, belief->contributors);
    cbor_put_uint(writer, belief->items);
    cbor_put_uint(writer, belief->flip_margin);
    cbor_put_uint(writer, belief->margin_exact ? 1 : 0);
    put_interval(writer, &belief->live);
    put_interval(writer, &belief->safe);
    cbor_put_array(writer, 2);
    field_put_threshold(writer, belief->threshold);
    cbor_put_uint(writer, belief->height);
    put_purpose(writer, belief);
}

static enum status take_interval(struct reader *reader, struct record_interval *ret_interval) {
    TRY(cbor_take_array_exactly(reader, 3));
    TRY(field_take_u32(reader, MEMBERS_MAX, &ret_interval->members));
    TRY(cbor_take_int(reader, &ret_interval->low));
    return cbor_take_int(reader, &ret_interval->high);
}

static enum status take_question(struct reader *reader, struct record_belief *ret_belief) {
    TRY(cbor_take_bytes_exactly(reader, ret_belief->question.bytes, QUESTION_ID_BYTES));
    TRY(field_take_text(reader, &ret_belief->title));
    TRY(field_take_count(reader, HYPOTHESES_MAX, &ret_belief->hypotheses_count));
    for (uint32_t i = 0; i < ret_belief->hypotheses_count; i++)
        TRY(field_take_text(reader, &ret_belief->hypotheses[i]));
    uint32_t mode;
    TRY(field_take_u32(reader, MODE_POOL, &mode));
    ret_belief->mode = (enum question_mode)mode;
    return STATUS_OK;
}

static enum status take_outcome(struct reader *reader, struct record_belief *ret_belief) {
    uint32_t status;
    TRY(field_take_u32(reader, QUESTION_UNDECIDED, &status));
    ret_belief->status = (enum question_status)status;
    TRY(field_take_u32(reader, HYPOTHESES_MAX - 1, &ret_belief->top));
    TRY(cbor_take_array_exactly(reader, ret_belief->hypotheses_count));
    for (uint32_t i = 0; i < ret_belief->hypotheses_count; i++) TRY(cbor_take_int(reader, &ret_belief->log_odds[i]));
    return STATUS_OK;
}

static enum status take_certainty(struct reader *reader, struct record_belief *ret_belief) {
    uint32_t margin_exact;
    TRY(field_take_u32(reader, MEMBERS_MAX, &ret_belief->contributors));
    TRY(cbor_take_uint(reader, &ret_belief->items));
    TRY(field_take_u32(reader, MEMBERS_MAX, &ret_belief->flip_margin));
    TRY(field_take_u32(reader, 1, &margin_exact));
    ret_belief->margin_exact = margin_exact == 1;
    TRY(take_interval(reader, &ret_belief->live));
    TRY(take_interval(reader, &ret_belief->safe));
    TRY(cbor_take_array_exactly(reader, 2));
    TRY(field_take_threshold(reader, &ret_belief->threshold));
    return cbor_take_uint(reader, &ret_belief->height);
}

static enum status take_opening(struct reader *reader, uint32_t *ret_opening) {
    int64_t opening;
    *ret_opening = OPENING_NONE;
    if (cbor_next_is_null(reader)) return cbor_take_null(reader);
    TRY(cbor_take_int(reader, &opening));
    if (opening < -1 || opening >= HYPOTHESES_MAX) return STATUS_BAD_VALUE;
    *ret_opening = opening == -1 ? OPENING_ORDINARY : (uint32_t)opening;
    return STATUS_OK;
}

static enum status take_purpose(struct reader *reader, struct record_belief *ret_belief) {
    TRY(cbor_take_hash(reader, &ret_belief->commitment));
    TRY(take_opening(reader, &ret_belief->opening));
    return field_take_optional_text(reader, &ret_belief->family);
}

enum status record_belief_read(struct slice bytes, enum record_kind *ret_kind, struct record_belief *ret_belief) {
    if (bytes.bytes > RECORD_BELIEF_BYTES_MAX) return STATUS_TOO_LARGE;
    struct reader reader = reader_of(bytes);
    struct record_belief belief;
    uint64_t kind;
    TRY(cbor_take_array_exactly(&reader, BELIEF_FIELDS));
    TRY(cbor_take_uint(&reader, &kind));
    if (kind != RECORD_VERDICT && kind != RECORD_QUESTION) return STATUS_BAD_VALUE;
    TRY(take_question(&reader, &belief));
    TRY(take_outcome(&reader, &belief));
    TRY(take_certainty(&reader, &belief));
    TRY(take_purpose(&reader, &belief));
    TRY(reader_end(&reader));
    TRY(belief_valid(&belief));
    *ret_kind = (enum record_kind)kind;
    *ret_belief = belief;
    return STATUS_OK;
}

/* The state of a height. */

void record_state_put(struct writer *writer, const struct record_state *state) {
    field_put_kind(writer, STATE_FIELDS, RECORD_STATE);
    cbor_put_uint(writer, state->height);
    field_put_hash(writer, &state->block);
    cbor_put_uint(writer, state->time_us);
    field_put_hash(writer, &state->questions);
    field_put_hash(writer, &state->members);
    field_put_hash(writer, &state->parameters);
}

enum status record_state_read(struct slice bytes, struct record_state *ret_state) {
    struct reader reader = reader_of(bytes);
    struct record_state state;
    TRY(field_take_kind(&reader, STATE_FIELDS, RECORD_STATE));
    TRY(cbor_take_uint(&reader, &state.height));
    TRY(cbor_take_hash(&reader, &state.block));
    TRY(cbor_take_uint(&reader, &state.time_us));
    TRY(cbor_take_hash(&reader, &state.questions));
    TRY(cbor_take_hash(&reader, &state.members));
    TRY(cbor_take_hash(&reader, &state.parameters));
    TRY(reader_end(&reader));
    *ret_state = state;
    return STATUS_OK;
}

/* Members. */

/* Nobody is there to be at a level, or under suspicion, or to weigh anything; how whoever was there last stood may be
 * seen. */
static bool vacant_valid(const struct record_member *member) {
    static const uint8_t no_key[KEY_BYTES];
    return memcmp(member->key, no_key, KEY_BYTES) == 0 && member->weight == 0 && member->level == LEVEL_CONNECTED &&
           member->suspicion == 0 && member->reason == 0;
}

static enum status member_valid(const struct record_member *member) {
    if (record_member_vacant(member)) {
        if (!vacant_valid(member)) return STATUS_BAD_VALUE;
    } else if (!field_name_valid(member->name)) {
        return STATUS_BAD_FORMAT;
    }
    bool within = member->number < MEMBERS_MAX && member->weight <= WEIGHT_MAX && (unsigned)member->level < LEVELS &&
                  member->reputation <= WEIGHT_MAX && member->suspicion <= WEIGHT_MAX &&
                  member->reason <= RECORD_REASON_MAX && member->proof <= RECORD_REASON_MAX;
    return within ? STATUS_OK : STATUS_BAD_VALUE;
}

void record_member_put(struct writer *writer, const struct record_member *member) {
    CHECK(member_valid(member) == STATUS_OK);
    field_put_kind(writer, MEMBER_FIELDS, RECORD_MEMBER);
    cbor_put_uint(writer, member->number);
    field_put_optional_text(writer, member->name);
    cbor_put_bytes(writer, slice_of(member->key, KEY_BYTES));
    cbor_put_uint(writer, member->weight);
    cbor_put_uint(writer, member->level);
    cbor_put_uint(writer, member->reputation);
    cbor_put_uint(writer, member->suspicion);
    cbor_put_uint(writer, member->reason);
    cbor_put_uint(writer, member->proof);
}

enum status record_member_read(struct slice bytes, struct record_member *ret_member) {
    struct reader reader = reader_of(bytes);
    struct record_member member;
    uint32_t level;
    TRY(field_take_kind(&reader, MEMBER_FIELDS, RECORD_MEMBER));
    TRY(field_take_u32(&reader, MEMBERS_MAX - 1, &member.number));
    TRY(field_take_optional_text(&reader, &member.name));
    TRY(cbor_take_bytes_exactly(&reader, member.key, KEY_BYTES));
    TRY(field_take_u32(&reader, WEIGHT_MAX, &member.weight));
    TRY(field_take_u32(&reader, LEVELS - 1, &level));
    TRY(field_take_u32(&reader, WEIGHT_MAX, &member.reputation));
    TRY(field_take_u32(&reader, WEIGHT_MAX, &member.suspicion));
    TRY(field_take_u32(&reader, RECORD_REASON_MAX, &member.reason));
    TRY(field_take_u32(&reader, RECORD_REASON_MAX, &member.proof));
    TRY(reader_end(&reader));
    member.level = (enum level)level;
    TRY(member_valid(&member));
    *ret_member = member;
    return STATUS_OK;
}

/* Suspicions. */

static bool suspicion_valid(const struct record_suspicion *suspicion) {
    return suspicion->member < MEMBERS_MAX && suspicion->detector <= RECORD_REASON_MAX &&
           suspicion->family < MEMBERS_MAX && suspicion->ratio <= RATIO_MAX;
}

void record_suspicion_put(struct writer *writer, const struct record_suspicion *suspicion) {
    CHECK(suspicion_valid(suspicion));
    field_put_kind(writer, SUSPICION_FIELDS, RECORD_SUSPICION);
    cbor_put_uint(writer, suspicion->member);
    cbor_put_uint(writer, suspicion->detector);
    cbor_put_uint(writer, suspicion->family);
    cbor_put_uint(writer, suspicion->ratio);
    cbor_put_uint(writer, suspicion->height);
}

enum status record_suspicion_read(struct slice bytes, struct record_suspicion *ret_suspicion) {
    struct reader reader = reader_of(bytes);
    struct record_suspicion suspicion;
    TRY(field_take_kind(&reader, SUSPICION_FIELDS, RECORD_SUSPICION));
    TRY(field_take_u32(&reader, MEMBERS_MAX - 1, &suspicion.member));
    TRY(field_take_u32(&reader, RECORD_REASON_MAX, &suspicion.detector));
    TRY(field_take_u32(&reader, MEMBERS_MAX - 1, &suspicion.family));
    TRY(field_take_u32(&reader, RATIO_MAX, &suspicion.ratio));
    TRY(cbor_take_uint(&reader, &suspicion.height));
    TRY(reader_end(&reader));
    *ret_suspicion = suspicion;
    return STATUS_OK;
}

/* Parameters and proofs. */

static void put_snapshot(struct writer *writer, const struct record_snapshot *snapshot) {
    if (snapshot->height == 0) {
        cbor_put_null(writer);
        return;
    }
    cbor_put_array(writer, SNAPSHOT_FIELDS);
    cbor_put_uint(writer, snapshot->height);
    cbor_put_uint(writer, snapshot->bytes);
    field_put_hash(writer, &snapshot->root);
}

static enum status take_snapshot(struct reader *reader, struct record_snapshot *ret_snapshot) {
    *ret_snapshot = (struct record_snapshot){.height = 0};
    if (cbor_next_is_null(reader)) return cbor_take_null(reader);
    TRY(cbor_take_array_exactly(reader, SNAPSHOT_FIELDS));
    TRY(cbor_take_uint(reader, &ret_snapshot->height));
    TRY(cbor_take_uint(reader, &ret_snapshot->bytes));
    TRY(cbor_take_hash(reader, &ret_snapshot->root));
    return ret_snapshot->height > 0 && ret_snapshot->bytes > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

void record_parameters_put(struct writer *writer, const struct record_parameters *parameters) {
    CHECK(parameters->snapshot.height == 0 || parameters->snapshot.bytes > 0);
    field_put_kind(writer, PARAMETERS_FIELDS, RECORD_PARAMETERS);
    field_put_threshold(writer, parameters->threshold);
    cbor_put_uint(writer, parameters->is_enhanced ? 1 : 0);
    put_snapshot(writer, &parameters->snapshot);
}

enum status record_parameters_read(struct slice bytes, struct record_parameters *ret_parameters) {
    struct reader reader = reader_of(bytes);
    struct record_parameters parameters;
    uint32_t is_enhanced;
    TRY(field_take_kind(&reader, PARAMETERS_FIELDS, RECORD_PARAMETERS));
    TRY(field_take_threshold(&reader, &parameters.threshold));
    TRY(field_take_u32(&reader, 1, &is_enhanced));
    parameters.is_enhanced = is_enhanced == 1;
    TRY(take_snapshot(&reader, &parameters.snapshot));
    TRY(reader_end(&reader));
    *ret_parameters = parameters;
    return STATUS_OK;
}

void record_proof_put(struct writer *writer, struct slice proof) {
    field_put_kind(writer, PROOF_RECORD_FIELDS, RECORD_PROOF);
    cbor_put_bytes(writer, proof);
}
