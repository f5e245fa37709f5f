/* Items: encode, decode, check (docs/formats.md; the rules of belief.md 1 that need no state).
 *
 * Invariant: items_check accepts a body only when every item is valid and would be encoded to the very same bytes. It
 * is the hot path of a member: one pass, an item on the stack, a leaf hash and an append each. */
#include "wire/item.h"

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "crypto/merkle.h"
#include "crypto/sha256.h"
#include "wire/field.h"

enum {
    ASK_FIELDS = 13,
    TELL_FIELDS = 6,
    RETRACT_FIELDS = 3,
    CLOSE_FIELDS = 2,
    ANSWER_FIELDS = 3,
    LEVEL_FIELDS = 2,
    RECONFIGURE_FIELDS = 7,
    REVEAL_FIELDS = 4,
    CLOSE_FAMILY_FIELDS = 2,
};

static const uint8_t fields_by_kind[] = {
    [ITEM_ASK] = ASK_FIELDS,
    [ITEM_TELL] = TELL_FIELDS,
    [ITEM_RETRACT] = RETRACT_FIELDS,
    [ITEM_CLOSE] = CLOSE_FIELDS,
    [ITEM_ANSWER] = ANSWER_FIELDS,
    [ITEM_LEVEL] = LEVEL_FIELDS,
    [ITEM_RECONFIGURE] = RECONFIGURE_FIELDS,
    [ITEM_REVEAL] = REVEAL_FIELDS,
    [ITEM_CLOSE_FAMILY] = CLOSE_FAMILY_FIELDS,
};

static bool within(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

/* Validity. */

static enum status hypotheses_valid(const struct item_ask *ask) {
    if (ask->hypotheses_count < HYPOTHESES_MIN) return STATUS_BAD_VALUE;
    if (ask->hypotheses_count > HYPOTHESES_MAX) return STATUS_TOO_MANY;
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) {
        if (!field_text_valid(ask->hypotheses[i], HYPOTHESIS_BYTES_MAX)) return STATUS_BAD_FORMAT;
        if (!within(ask->prior[i], -PARAMETER_LIMIT_QUANTA, PARAMETER_LIMIT_QUANTA)) return STATUS_BAD_VALUE;
    }
    return field_texts_distinct(ask->hypotheses, ask->hypotheses_count) ? STATUS_OK : STATUS_DUPLICATE;
}

static enum status ask_valid(const struct item_ask *ask) {
    if (!field_text_valid(ask->title, TITLE_BYTES_MAX)) return STATUS_BAD_FORMAT;
    if (ask->family.bytes > 0 && !field_text_valid(ask->family, FAMILY_BYTES_MAX)) return STATUS_BAD_FORMAT;
    TRY(hypotheses_valid(ask));
    if (ask->mode != MODE_PANEL && ask->mode != MODE_POOL) return STATUS_BAD_VALUE;
    if (!within(ask->cap, 1, PARAMETER_LIMIT_QUANTA)) return STATUS_BAD_VALUE;
    if (!within(ask->decide_at, 1, PARAMETER_LIMIT_QUANTA)) return STATUS_BAD_VALUE;
    if (ask->rho_thousandths > 1000 || ask->min_margin > MEMBERS_MAX) return STATUS_BAD_VALUE;
    return ask->window_us >= 1 ? STATUS_OK : STATUS_BAD_VALUE;
}

/* The difference of two int64 always fits a uint64, and unsigned subtraction gives it exactly. */
static enum status logliks_valid(const int64_t *loglik, uint32_t count) {
    if (count == 1)
        return within(loglik[0], -ITEM_LIMIT_QUANTA, ITEM_LIMIT_QUANTA) ? STATUS_OK : STATUS_OVER_ITEM_LIMIT;
    int64_t low = loglik[0];
    int64_t high = loglik[0];
    for (uint32_t i = 1; i < count; i++) {
        if (loglik[i] < low) low = loglik[i];
        if (loglik[i] > high) high = loglik[i];
    }
    return (uint64_t)high - (uint64_t)low <= (uint64_t)ITEM_LIMIT_QUANTA ? STATUS_OK : STATUS_OVER_ITEM_LIMIT;
}

static enum status tell_valid(const struct item_tell *tell) {
    if (!field_text_valid(tell->observation, OBSERVATION_BYTES_MAX)) return STATUS_BAD_FORMAT;
    if (tell->loglik_count == 0) return STATUS_WRONG_HYPOTHESES;
    if (tell->loglik_count > HYPOTHESES_MAX) return STATUS_TOO_MANY;
    return logliks_valid(tell->loglik, tell->loglik_count);
}

static bool opening_valid(uint32_t hypothesis) {
    return hypothesis < HYPOTHESES_MAX || hypothesis == OPENING_ORDINARY;
}

static bool has_key(enum change change) { return change == CHANGE_ADD || change == CHANGE_KEY; }

/* The fields that the change needs, and no others. */
static enum status reconfigure_valid(const struct reconfigure *r) {
    static const uint8_t nothing[KEY_BYTES];
    if (r->change < CHANGE_ADD || r->change > CHANGE_THRESHOLD || r->member >= MEMBERS_MAX) return STATUS_BAD_VALUE;
    if (r->change == CHANGE_THRESHOLD && r->member != 0) return STATUS_BAD_VALUE;
    if ((r->change == CHANGE_ADD) != (r->name.bytes > 0)) return STATUS_BAD_VALUE;
    if (r->change == CHANGE_ADD && !field_name_valid(r->name)) return STATUS_BAD_FORMAT;
    if (!has_key(r->change) && memcmp(r->key, nothing, KEY_BYTES) != 0) return STATUS_BAD_VALUE;
    if (has_key(r->change)) TRY(ed25519_key_check(r->key));
    if (r->change == CHANGE_THRESHOLD) return threshold_check(r->threshold);
    return r->threshold.numerator == 0 && r->threshold.denominator == 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

enum status item_valid(const struct item *item) {
    switch (item->kind) {
    case ITEM_ASK: return ask_valid(&item->ask);
    case ITEM_TELL: return tell_valid(&item->tell);
    case ITEM_RETRACT:
        return field_text_valid(item->retract.observation, OBSERVATION_BYTES_MAX) ? STATUS_OK : STATUS_BAD_FORMAT;
    case ITEM_CLOSE:
    case ITEM_ANSWER: return STATUS_OK;
    case ITEM_LEVEL: return (unsigned)item->level < LEVELS ? STATUS_OK : STATUS_BAD_VALUE;
    case ITEM_RECONFIGURE: return reconfigure_valid(&item->reconfigure);
    case ITEM_REVEAL: return opening_valid(item->reveal.hypothesis) ? STATUS_OK : STATUS_BAD_VALUE;
    case ITEM_CLOSE_FAMILY:
        return field_text_valid(item->close_family.family, FAMILY_BYTES_MAX) ? STATUS_OK : STATUS_BAD_FORMAT;
    }
    return STATUS_BAD_VALUE;
}

/* Encoding. */

static void put_question(struct writer *writer, const struct question_id *question) {
    cbor_put_bytes(writer, slice_of(question->bytes, QUESTION_ID_BYTES));
}

static void put_ints(struct writer *writer, const int64_t *values, uint32_t count) {
    cbor_put_array(writer, count);
    for (uint32_t i = 0; i < count; i++) cbor_put_int(writer, values[i]);
}

static void ask_put(struct writer *writer, const struct item_ask *ask) {
    cbor_put_text(writer, ask->title);
    cbor_put_array(writer, ask->hypotheses_count);
    for (uint32_t i = 0; i < ask->hypotheses_count; i++) cbor_put_text(writer, ask->hypotheses[i]);
    cbor_put_uint(writer, ask->mode);
    put_ints(writer, ask->prior, ask->hypotheses_count);
    cbor_put_int(writer, ask->cap);
    cbor_put_uint(writer, ask->rho_thousandths);
    cbor_put_int(writer, ask->decide_at);
    cbor_put_uint(writer, ask->min_margin);
    cbor_put_uint(writer, ask->window_us);
    cbor_put_uint(writer, ask->deadline_us);
    field_put_hash(writer, &ask->commitment);
    field_put_optional_text(writer, ask->family);
}

static void tell_put(struct writer *writer, const struct item_tell *tell) {
    put_question(writer, &tell->question);
    cbor_put_text(writer, tell->observation);
    put_ints(writer, tell->loglik, tell->loglik_count);
    if (tell->has_content) {
        cbor_put_bytes(writer, slice_of(tell->content.bytes, HASH_BYTES));
    } else {
        cbor_put_null(writer);
    }
    cbor_put_uint(writer, tell->observed_us);
}

static void put_reveal(struct writer *writer, const struct item *item) {
    put_question(writer, &item->reveal.question);
    cbor_put_bytes(writer, slice_of(item->reveal.salt, COMMITMENT_SALT_BYTES));
    if (item->reveal.hypothesis == OPENING_ORDINARY) {
        cbor_put_null(writer);
    } else {
        cbor_put_uint(writer, item->reveal.hypothesis);
    }
}

static void put_reconfigure(struct writer *writer, const struct reconfigure *r) {
    cbor_put_uint(writer, r->epoch);
    cbor_put_uint(writer, r->change);
    cbor_put_uint(writer, r->member);
    field_put_optional_text(writer, r->name);
    if (has_key(r->change)) {
        cbor_put_bytes(writer, slice_of(r->key, KEY_BYTES));
    } else {
        cbor_put_null(writer);
    }
    if (r->change == CHANGE_THRESHOLD) {
        cbor_put_array(writer, 2);
        field_put_threshold(writer, r->threshold);
    } else {
        cbor_put_null(writer);
    }
}

void item_put(struct writer *writer, const struct item *item) {
    CHECK(item_valid(item) == STATUS_OK);
    cbor_put_array(writer, fields_by_kind[item->kind]);
    cbor_put_uint(writer, item->kind);
    switch (item->kind) {
    case ITEM_ASK: ask_put(writer, &item->ask); break;
    case ITEM_TELL: tell_put(writer, &item->tell); break;
    case ITEM_RETRACT:
        put_question(writer, &item->retract.question);
        cbor_put_text(writer, item->retract.observation);
        break;
    case ITEM_CLOSE: put_question(writer, &item->close.question); break;
    case ITEM_ANSWER:
        cbor_put_uint(writer, item->answer.height);
        field_put_hash(writer, &item->answer.digest);
        break;
    case ITEM_LEVEL: cbor_put_uint(writer, item->level); break;
    case ITEM_RECONFIGURE: put_reconfigure(writer, &item->reconfigure); break;
    case ITEM_REVEAL: put_reveal(writer, item); break;
    case ITEM_CLOSE_FAMILY: cbor_put_text(writer, item->close_family.family); break;
    }
}

/* Decoding. The outputs of these are scratch when they fail; item_take hides that from its caller. */

static enum status take_question(struct reader *reader, struct question_id *ret_question) {
    return cbor_take_bytes_exactly(reader, ret_question->bytes, QUESTION_ID_BYTES);
}

static enum status take_ints(struct reader *reader, uint32_t count, int64_t *ret_values) {
    for (uint32_t i = 0; i < count; i++) TRY(cbor_take_int(reader, &ret_values[i]));
    return STATUS_OK;
}

static enum status take_mode(struct reader *reader, enum question_mode *ret_mode) {
    uint32_t mode;
    TRY(field_take_u32(reader, MODE_POOL, &mode));
    *ret_mode = (enum question_mode)mode;
    return STATUS_OK;
}

static enum status ask_take(struct reader *reader, struct item_ask *ret_ask) {
    TRY(field_take_text(reader, &ret_ask->title));
    TRY(field_take_count(reader, HYPOTHESES_MAX, &ret_ask->hypotheses_count));
    for (uint32_t i = 0; i < ret_ask->hypotheses_count; i++) TRY(field_take_text(reader, &ret_ask->hypotheses[i]));
    TRY(take_mode(reader, &ret_ask->mode));
    TRY(cbor_take_array_exactly(reader, ret_ask->hypotheses_count));
    TRY(take_ints(reader, ret_ask->hypotheses_count, ret_ask->prior));
    TRY(cbor_take_int(reader, &ret_ask->cap));
    TRY(field_take_u32(reader, UINT32_MAX, &ret_ask->rho_thousandths));
    TRY(cbor_take_int(reader, &ret_ask->decide_at));
    TRY(field_take_u32(reader, UINT32_MAX, &ret_ask->min_margin));
    TRY(cbor_take_uint(reader, &ret_ask->window_us));
    TRY(cbor_take_uint(reader, &ret_ask->deadline_us));
    TRY(cbor_take_hash(reader, &ret_ask->commitment));
    return field_take_optional_text(reader, &ret_ask->family);
}

static enum status tell_take(struct reader *reader, struct item_tell *ret_tell) {
    TRY(take_question(reader, &ret_tell->question));
    TRY(field_take_text(reader, &ret_tell->observation));
    TRY(field_take_count(reader, HYPOTHESES_MAX, &ret_tell->loglik_count));
    TRY(take_ints(reader, ret_tell->loglik_count, ret_tell->loglik));
    ret_tell->has_content = !cbor_next_is_null(reader);
    if (ret_tell->has_content) {
        TRY(cbor_take_hash(reader, &ret_tell->content));
    } else {
        TRY(cbor_take_null(reader));
        ret_tell->content = (struct hash){{0}};
    }
    return cbor_take_uint(reader, &ret_tell->observed_us);
}

static enum status reveal_take(struct reader *reader, struct item *ret_item) {
    TRY(take_question(reader, &ret_item->reveal.question));
    TRY(cbor_take_bytes_exactly(reader, ret_item->reveal.salt, COMMITMENT_SALT_BYTES));
    ret_item->reveal.hypothesis = OPENING_ORDINARY;
    if (cbor_next_is_null(reader)) return cbor_take_null(reader);
    return field_take_u32(reader, HYPOTHESES_MAX - 1, &ret_item->reveal.hypothesis);
}

static enum status level_take(struct reader *reader, enum level *ret_level) {
    uint32_t level;
    TRY(field_take_u32(reader, LEVELS - 1, &level));
    *ret_level = (enum level)level;
    return STATUS_OK;
}

static enum status reconfigure_take(struct reader *reader, struct reconfigure *ret_reconfigure) {
    uint32_t change;
    *ret_reconfigure = (struct reconfigure){0};
    TRY(cbor_take_uint(reader, &ret_reconfigure->epoch));
    TRY(field_take_u32(reader, CHANGE_THRESHOLD, &change));
    ret_reconfigure->change = (enum change)change;
    TRY(field_take_u32(reader, MEMBERS_MAX - 1, &ret_reconfigure->member));
    TRY(field_take_optional_text(reader, &ret_reconfigure->name));
    if (has_key(ret_reconfigure->change)) {
        TRY(cbor_take_bytes_exactly(reader, ret_reconfigure->key, KEY_BYTES));
    } else {
        TRY(cbor_take_null(reader));
    }
    if (ret_reconfigure->change != CHANGE_THRESHOLD) return cbor_take_null(reader);
    TRY(cbor_take_array_exactly(reader, 2));
    return field_take_threshold(reader, &ret_reconfigure->threshold);
}

static enum status fields_take(struct reader *reader, struct item *ret_item) {
    switch (ret_item->kind) {
    case ITEM_ASK: return ask_take(reader, &ret_item->ask);
    case ITEM_TELL: return tell_take(reader, &ret_item->tell);
    case ITEM_RETRACT:
        TRY(take_question(reader, &ret_item->retract.question));
        return field_take_text(reader, &ret_item->retract.observation);
    case ITEM_CLOSE: return take_question(reader, &ret_item->close.question);
    case ITEM_ANSWER:
        TRY(cbor_take_uint(reader, &ret_item->answer.height));
        return cbor_take_hash(reader, &ret_item->answer.digest);
    case ITEM_LEVEL: return level_take(reader, &ret_item->level);
    case ITEM_RECONFIGURE: return reconfigure_take(reader, &ret_item->reconfigure);
    case ITEM_REVEAL: return reveal_take(reader, ret_item);
    case ITEM_CLOSE_FAMILY: return field_take_text(reader, &ret_item->close_family.family);
    }
    return STATUS_BAD_VALUE;
}

static enum status item_decode(struct reader *reader, struct item *ret_item, struct slice *ret_bytes) {
    struct reader after = *reader;
    uint64_t fields;
    uint32_t kind;
    TRY(cbor_take_array(&after, &fields));
    TRY(field_take_u32(&after, ITEM_CLOSE_FAMILY, &kind));
    if (kind < ITEM_ASK || fields != fields_by_kind[kind]) return STATUS_BAD_VALUE;
    ret_item->kind = (enum item_kind)kind;
    TRY(fields_take(&after, ret_item));
    TRY(item_valid(ret_item));
    *ret_bytes = slice_of(reader->data, (size_t)(after.data - reader->data));
    *reader = after;
    return STATUS_OK;
}

enum status item_take(struct reader *reader, struct item *ret_item, struct slice *ret_bytes) {
    struct item item;
    struct slice bytes;
    TRY(item_decode(reader, &item, &bytes));
    *ret_item = item;
    if (ret_bytes != NULL) *ret_bytes = bytes;
    return STATUS_OK;
}

void item_question_id(uint32_t member, struct slice ask_bytes, struct question_id *ret_id) {
    static const char prefix[] = "credimus/question/1";
    uint8_t bytes[4];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct sha256 sha;
    struct hash hash;
    writer_put_u32(&writer, member);
    sha256_begin(&sha);
    sha256_add(&sha, prefix, sizeof prefix - 1);
    sha256_add(&sha, bytes, sizeof bytes);
    sha256_add(&sha, ask_bytes.data, ask_bytes.bytes);
    sha256_end(&sha, &hash);
    memcpy(ret_id->bytes, hash.bytes, QUESTION_ID_BYTES);
}

void commitment_of(const uint8_t salt[COMMITMENT_SALT_BYTES], uint32_t hypothesis, struct hash *ret_commitment) {
    static const char prefix[] = "credimus/commitment/1";
    uint8_t bytes[sizeof prefix - 1 + COMMITMENT_SALT_BYTES + 4];
    struct writer writer = writer_of(bytes, sizeof bytes);
    writer_put(&writer, prefix, sizeof prefix - 1);
    writer_put(&writer, salt, COMMITMENT_SALT_BYTES);
    writer_put_u32(&writer, hypothesis);
    CHECK(writer_status(&writer) == STATUS_OK);
    sha256_of(writer_slice(&writer), ret_commitment);
}

/* Bodies. */

enum status items_open(struct slice body, uint32_t expected_count, struct item_cursor *ret_cursor) {
    if (body.bytes > BATCH_BYTES_MAX) return STATUS_TOO_LARGE;
    if (expected_count > BATCH_ITEMS_MAX) return STATUS_TOO_MANY;
    struct reader reader = reader_of(body);
    TRY(cbor_take_array_exactly(&reader, expected_count));
    *ret_cursor = (struct item_cursor){reader, expected_count};
    return STATUS_OK;
}

enum status items_next(struct item_cursor *cursor, struct item *ret_item, struct slice *ret_bytes) {
    if (cursor->left == 0) return cursor->reader.bytes == 0 ? STATUS_NOT_FOUND : STATUS_TRAILING_BYTES;
    TRY(item_take(&cursor->reader, ret_item, ret_bytes));
    cursor->left--;
    return STATUS_OK;
}

enum status items_check(struct slice body, uint32_t count, struct hash *ret_root) {
    struct item_cursor cursor;
    struct merkle_frontier frontier;
    TRY(items_open(body, count, &cursor));
    merkle_frontier_init(&frontier);
    for (uint32_t i = 0; i < count; i++) {
        struct item item;
        struct slice bytes;
        struct hash leaf;
        TRY(item_decode(&cursor.reader, &item, &bytes));
        merkle_leaf(bytes, &leaf);
        merkle_append(&frontier, &leaf);
    }
    TRY(reader_end(&cursor.reader));
    merkle_frontier_root(&frontier, ret_root);
    return STATUS_OK;
}
