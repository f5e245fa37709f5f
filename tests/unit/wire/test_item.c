/* Tests of wire/item.h. The pinned body, question id and root were made by an independent implementation. */
#include "wire/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "crypto/merkle.h"
#include "sample.h"

#define QUESTION_HEX "ee9f6cfa5fe3219233a52e3f516458a4"
#define ROOT_HEX     "c5ceb7d8b87a19c23cc5332b1e07dbac90bce30843134c83452d3e0699189296"
#define BODY_HEX                                                                                                     \
    "898d016c497320697420c3bc6265723f8263796573626e6f01823a2950962c3a2950962c1a77359400001ab2d05e00021a03"           \
    "938700005820bf9fca96cefefdae1dab12aff1dbdbe566c307699394fe6a48246113a3afe98d656269726473860250ee9f6c"           \
    "fa5fe3219233a52e3f516458a4656f62732d31811a59682f0058207777777777777777777777777777777777777777777777"           \
    "7777777777777777771b00060a24181e4002860250ee9f6cfa5fe3219233a52e3f516458a4656f62732d32822000f6008303"           \
    "50ee9f6cfa5fe3219233a52e3f516458a4656f62732d31820450ee9f6cfa5fe3219233a52e3f516458a48305184058206666"           \
    "666666666666666666666666666666666666666666666666666666666666820602840850ee9f6cfa5fe3219233a52e3f5164"           \
    "58a458205555555555555555555555555555555555555555555555555555555555555555018209656269726473"

#define ADD_HEX       "8707030105686e6577636f6d657258208a875fff1eb38451577acd5afee405456568dd7c89e090863a0557bc7af49f17f6"
#define REMOVE_HEX    "8707030202f6f6f6"
#define KEY_HEX       "8707030301f65820ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22cf6"
#define THRESHOLD_HEX "8707030400f6f6820405"

enum { ITEMS = 9 };

static struct slice pinned_body(uint8_t *buffer) {
    assert_int_equal(bytes_from_hex(slice_of_text(BODY_HEX), buffer, sizeof BODY_HEX / 2), STATUS_OK);
    return slice_of(buffer, sizeof BODY_HEX / 2);
}

static void valid_ask(struct item *ret_item) {
    *ret_item = (struct item){.kind = ITEM_ASK,
                              .ask = {.title = slice_of_text("Is it \xc3\xbc"
                                                             "ber?"),
                                      .hypotheses_count = 2,
                                      .hypotheses = {slice_of_text("yes"), slice_of_text("no")},
                                      .mode = MODE_POOL,
                                      .prior = {-693147181, -693147181},
                                      .cap = 2000000000,
                                      .decide_at = 3000000000,
                                      .min_margin = 2,
                                      .window_us = 60000000,
                                      .family = slice_of_text("birds")}};
    uint8_t salt[COMMITMENT_SALT_BYTES];
    memset(salt, 0x55, sizeof salt);
    commitment_of(salt, 1, &ret_item->ask.commitment);
}

static void valid_tell(struct item *ret_item) {
    *ret_item = (struct item){
        .kind = ITEM_TELL,
        .tell = {.observation = slice_of_text("obs-2"), .loglik_count = 2, .loglik = {-1, 0}},
    };
    assert_int_equal(bytes_from_hex(slice_of_text(QUESTION_HEX), ret_item->tell.question.bytes, QUESTION_ID_BYTES),
                     STATUS_OK);
}

static enum status rewrite(void *context, struct slice bytes, struct writer *ret_again) {
    (void)context;
    struct reader reader = reader_of(bytes);
    struct item item;
    struct slice own;
    TRY(item_take(&reader, &item, &own));
    TRY(reader_end(&reader));
    assert_true(slice_equal(own, bytes));
    item_put(ret_again, &item);
    return STATUS_OK;
}

static void items_put_then_the_pinned_body_and_id(void **state) {
    (void)state;
    uint8_t expected[sizeof BODY_HEX / 2];
    uint8_t buffer[1024];
    struct slice body = pinned_body(expected);
    struct item item;
    struct question_id id;
    struct writer writer = writer_of(buffer, sizeof buffer);
    cbor_put_array(&writer, ITEMS);
    valid_ask(&item);
    item_put(&writer, &item);
    item_question_id(3, slice_of(buffer + 1, writer.bytes - 1), &id);
    valid_tell(&item);
    assert_true(question_id_equal(&id, &item.tell.question));
    item.tell.observation = slice_of_text("obs-1");
    item.tell.loglik_count = 1;
    item.tell.loglik[0] = 1500000000;
    item.tell.has_content = true;
    item.tell.content = sample_hash_of(0x77);
    item.tell.observed_us = 1700000000000002;
    item_put(&writer, &item);
    valid_tell(&item);
    item_put(&writer, &item);
    item = (struct item){.kind = ITEM_RETRACT, .retract = {id, slice_of_text("obs-1")}};
    item_put(&writer, &item);
    item = (struct item){.kind = ITEM_CLOSE, .close = {id}};
    item_put(&writer, &item);
    item = (struct item){.kind = ITEM_ANSWER, .answer = {64, sample_hash_of(0x66)}};
    item_put(&writer, &item);
    item = (struct item){.kind = ITEM_LEVEL, .level = LEVEL_MAJOR};
    item_put(&writer, &item);
    item = (struct item){.kind = ITEM_REVEAL, .reveal = {.question = id, .hypothesis = 1}};
    memset(item.reveal.salt, 0x55, COMMITMENT_SALT_BYTES);
    item_put(&writer, &item);
    item = (struct item){.kind = ITEM_CLOSE_FAMILY, .close_family = {slice_of_text("birds")}};
    item_put(&writer, &item);
    assert_true(slice_equal(writer_slice(&writer), body));
}

static void body_checked_then_the_pinned_root(void **state) {
    (void)state;
    uint8_t buffer[sizeof BODY_HEX / 2];
    struct slice body = pinned_body(buffer);
    struct hash expected;
    struct hash root;
    assert_int_equal(bytes_from_hex(slice_of_text(ROOT_HEX), expected.bytes, HASH_BYTES), STATUS_OK);
    assert_int_equal(items_check(body, ITEMS, &root), STATUS_OK);
    assert_true(hash_equal(&root, &expected));
}

static void body_of_nothing_then_the_root_of_nothing(void **state) {
    (void)state;
    static const uint8_t sha256_of_nothing[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14};
    struct hash root;
    assert_int_equal(items_check(slice_of("\x80", 1), 0, &root), STATUS_OK);
    assert_memory_equal(root.bytes, sha256_of_nothing, sizeof sha256_of_nothing);
    assert_int_equal(items_check(slice_of("", 0), 0, &root), STATUS_TRUNCATED);
    assert_int_equal(items_check(slice_of("\x80\x00", 2), 0, &root), STATUS_TRAILING_BYTES);
}

static void body_with_another_count_or_length_then_refused(void **state) {
    (void)state;
    uint8_t buffer[sizeof BODY_HEX / 2 + 1] = {0};
    struct slice body = pinned_body(buffer);
    struct hash root;
    assert_int_equal(items_check(body, ITEMS - 1, &root), STATUS_BAD_VALUE);
    assert_int_equal(items_check(body, ITEMS + 1, &root), STATUS_BAD_VALUE);
    assert_int_equal(items_check(body, BATCH_ITEMS_MAX + 1, &root), STATUS_TOO_MANY);
    assert_int_equal(items_check(slice_of(buffer, body.bytes + 1), ITEMS, &root), STATUS_TRAILING_BYTES);
    for (size_t cut = 0; cut < body.bytes; cut++)
        assert_int_not_equal(items_check(slice_of(buffer, cut), ITEMS, &root), STATUS_OK);
    assert_int_equal(items_check(slice_of(buffer, (size_t)BATCH_BYTES_MAX + 1), ITEMS, &root), STATUS_TOO_LARGE);
}

static void body_walked_then_each_item_and_the_end(void **state) {
    (void)state;
    static const enum item_kind kinds[] = {ITEM_ASK,    ITEM_TELL,  ITEM_TELL,   ITEM_RETRACT,     ITEM_CLOSE,
                                           ITEM_ANSWER, ITEM_LEVEL, ITEM_REVEAL, ITEM_CLOSE_FAMILY};
    uint8_t buffer[sizeof BODY_HEX / 2 + 1] = {0};
    struct slice body = pinned_body(buffer);
    struct item_cursor cursor;
    struct item item;
    struct slice bytes;
    size_t total = 1;
    assert_int_equal(items_open(body, ITEMS, &cursor), STATUS_OK);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(items_next(&cursor, &item, &bytes), STATUS_OK);
        assert_int_equal(item.kind, kinds[i]);
        total += bytes.bytes;
    }
    assert_int_equal(total, body.bytes);
    assert_int_equal(items_next(&cursor, &item, NULL), STATUS_NOT_FOUND);
    assert_int_equal(items_open(slice_of(buffer, body.bytes + 1), ITEMS, &cursor), STATUS_OK);
    for (size_t i = 0; i < ITEMS; i++) assert_int_equal(items_next(&cursor, &item, NULL), STATUS_OK);
    assert_int_equal(items_next(&cursor, &item, NULL), STATUS_TRAILING_BYTES);
}

static void logliks_within_the_item_limit_then_valid(void **state) {
    (void)state;
    struct item item;
    valid_tell(&item);
    item.tell.loglik[0] = -ITEM_LIMIT_QUANTA;
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.tell.loglik[0] = INT64_MAX;
    item.tell.loglik[1] = INT64_MAX - ITEM_LIMIT_QUANTA;
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.tell.loglik[0] = INT64_MIN;
    item.tell.loglik[1] = INT64_MIN + ITEM_LIMIT_QUANTA;
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.tell.loglik_count = 1;
    item.tell.loglik[0] = ITEM_LIMIT_QUANTA;
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.tell.loglik[0] = -ITEM_LIMIT_QUANTA;
    assert_int_equal(item_valid(&item), STATUS_OK);
}

static void logliks_beyond_the_item_limit_then_refused(void **state) {
    (void)state;
    static const int64_t pairs[][2] = {{-ITEM_LIMIT_QUANTA - 1, 0}, {1, -ITEM_LIMIT_QUANTA}, {INT64_MIN, INT64_MAX},
                                       {INT64_MAX, INT64_MIN},      {INT64_MIN, 0},          {-1, INT64_MAX}};
    static const int64_t ratios[] = {ITEM_LIMIT_QUANTA + 1, -ITEM_LIMIT_QUANTA - 1, INT64_MAX, INT64_MIN};
    struct item item;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        valid_tell(&item);
        memcpy(item.tell.loglik, pairs[i], sizeof pairs[i]);
        assert_int_equal(item_valid(&item), STATUS_OVER_ITEM_LIMIT);
    }
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        valid_tell(&item);
        item.tell.loglik_count = 1;
        item.tell.loglik[0] = ratios[i];
        assert_int_equal(item_valid(&item), STATUS_OVER_ITEM_LIMIT);
    }
}

static void texts_that_can_be_shown_then_valid(void **state) {
    (void)state;
    static const char *const texts[] = {" ", "~", "\xc2\xa0", "\xc3\xbf", "\xe2\x80\xa8", "\xf4\x8f\xbf\xbf"};
    struct item item;
    valid_tell(&item);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        item.tell.observation = slice_of_text(texts[i]);
        assert_int_equal(item_valid(&item), STATUS_OK);
    }
}

static void texts_that_steer_or_are_no_utf8_then_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",         "a\x01",          "\x1f",      "tab\t",    "line\n",
                                        "\x7f",     "\xc2\x80",       "x\xc2\x9f", "\xc2",     "\xff",
                                        "\xc0\xaf", "\xed\xa0\x80",   "\xc2\x85",  "\xe2\x82", "\xf4\x90\x80",
                                        "\x80\xc2", "\xc3\xbc\x1b[2J"};
    struct item item;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        valid_tell(&item);
        item.tell.observation = slice_of_text(texts[i]);
        assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
        valid_ask(&item);
        item.ask.hypotheses[1] = slice_of_text(texts[i]);
        assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
    }
    valid_tell(&item);
    item.tell.observation = slice_of("a\0b", 3);
    assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
}

static void text_lengths_at_the_limit_then_valid_and_beyond_refused(void **state) {
    (void)state;
    uint8_t text[TITLE_BYTES_MAX + 1];
    struct item item;
    memset(text, 'x', sizeof text);
    valid_ask(&item);
    item.ask.title = slice_of(text, TITLE_BYTES_MAX);
    item.ask.hypotheses[0] = slice_of(text, HYPOTHESIS_BYTES_MAX);
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.ask.title = slice_of(text, TITLE_BYTES_MAX + 1);
    assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
    valid_ask(&item);
    item.ask.hypotheses[0] = slice_of(text, HYPOTHESIS_BYTES_MAX + 1);
    assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
    item = (struct item){.kind = ITEM_RETRACT, .retract.observation = slice_of(text, OBSERVATION_BYTES_MAX)};
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.retract.observation = slice_of(text, OBSERVATION_BYTES_MAX + 1);
    assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
    valid_tell(&item);
    item.tell.observation = slice_of(text, OBSERVATION_BYTES_MAX);
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.tell.observation = slice_of(text, OBSERVATION_BYTES_MAX + 1);
    assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
}

#define ASK(change, expected)                                                                                        \
    do {                                                                                                             \
        valid_ask(&item);                                                                                            \
        change;                                                                                                      \
        assert_int_equal(item_valid(&item), expected);                                                               \
    } while (0)

static void ask_at_its_limits_then_valid_and_beyond_refused(void **state) {
    (void)state;
    struct item item;
    ASK(item.ask.mode = MODE_PANEL, STATUS_OK);
    ASK(item.ask.mode = (enum question_mode)2, STATUS_BAD_VALUE);
    ASK(item.ask.prior[0] = PARAMETER_LIMIT_QUANTA, STATUS_OK);
    ASK(item.ask.prior[0] = PARAMETER_LIMIT_QUANTA + 1, STATUS_BAD_VALUE);
    ASK(item.ask.prior[1] = -PARAMETER_LIMIT_QUANTA, STATUS_OK);
    ASK(item.ask.prior[1] = INT64_MIN, STATUS_BAD_VALUE);
    ASK(item.ask.cap = 1, STATUS_OK);
    ASK(item.ask.cap = 0, STATUS_BAD_VALUE);
    ASK(item.ask.cap = PARAMETER_LIMIT_QUANTA, STATUS_OK);
    ASK(item.ask.cap = PARAMETER_LIMIT_QUANTA + 1, STATUS_BAD_VALUE);
    ASK(item.ask.decide_at = 1, STATUS_OK);
    ASK(item.ask.decide_at = 0, STATUS_BAD_VALUE);
    ASK(item.ask.decide_at = PARAMETER_LIMIT_QUANTA, STATUS_OK);
    ASK(item.ask.decide_at = PARAMETER_LIMIT_QUANTA + 1, STATUS_BAD_VALUE);
    ASK(item.ask.rho_thousandths = 1000, STATUS_OK);
    ASK(item.ask.rho_thousandths = 1001, STATUS_BAD_VALUE);
    ASK(item.ask.min_margin = MEMBERS_MAX, STATUS_OK);
    ASK(item.ask.min_margin = MEMBERS_MAX + 1, STATUS_BAD_VALUE);
    ASK(item.ask.window_us = 1, STATUS_OK);
    ASK(item.ask.window_us = 0, STATUS_BAD_VALUE);
    ASK(item.ask.deadline_us = UINT64_MAX, STATUS_OK);
    ASK(item.ask.hypotheses_count = 1, STATUS_BAD_VALUE);
    ASK(item.ask.hypotheses_count = HYPOTHESES_MAX + 1, STATUS_TOO_MANY);
    ASK(item.ask.hypotheses[1] = item.ask.hypotheses[0], STATUS_DUPLICATE);
    ASK(item.ask.family = slice_of(NULL, 0), STATUS_OK);
    ASK(item.ask.family = slice_of_text("a\x1b"), STATUS_BAD_FORMAT);
}

static void reveal_at_its_limits_then_valid_and_beyond_refused(void **state) {
    (void)state;
    struct item item = {.kind = ITEM_REVEAL, .reveal = {.hypothesis = HYPOTHESES_MAX - 1}};
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.reveal.hypothesis = OPENING_ORDINARY;
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.reveal.hypothesis = HYPOTHESES_MAX;
    assert_int_equal(item_valid(&item), STATUS_BAD_VALUE);
    item = (struct item){.kind = ITEM_CLOSE_FAMILY, .close_family = {slice_of(NULL, 0)}};
    assert_int_equal(item_valid(&item), STATUS_BAD_FORMAT);
}

static void level_at_its_limit_then_taken_and_beyond_refused(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[4];
        size_t length;
        enum status status;
    } rows[] = {
        {{0x82, 0x06, 0x00}, 3, STATUS_OK},        {{0x82, 0x06, 0x03}, 3, STATUS_OK},
        {{0x82, 0x06, 0x04}, 3, STATUS_BAD_VALUE}, {{0x82, 0x06, 0x18, 0x18}, 4, STATUS_BAD_VALUE},
        {{0x82, 0x06, 0x20}, 3, STATUS_BAD_TYPE},  {{0x83, 0x06, 0x01, 0x01}, 4, STATUS_BAD_VALUE},
        {{0x81, 0x06}, 2, STATUS_BAD_VALUE},       {{0x82, 0x06}, 2, STATUS_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reader reader = reader_of(slice_of(rows[i].bytes, rows[i].length));
        struct item item;
        assert_int_equal(item_take(&reader, &item, NULL), rows[i].status);
        if (rows[i].status == STATUS_OK) assert_int_equal(item.level, rows[i].bytes[2]);
    }
    struct item item = {.kind = ITEM_LEVEL, .level = LEVEL_SEVERE};
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.level = (enum level)LEVELS;
    assert_int_equal(item_valid(&item), STATUS_BAD_VALUE);
}

static struct item valid_reconfigure(enum change change) {
    struct item item = {.kind = ITEM_RECONFIGURE, .reconfigure = {.epoch = 3, .change = change}};
    uint8_t secret[SECRET_BYTES];
    switch (change) {
    case CHANGE_ADD:
        item.reconfigure.member = 5;
        item.reconfigure.name = slice_of_text("newcomer");
        sample_key(5, secret, item.reconfigure.key);
        break;
    case CHANGE_REMOVE: item.reconfigure.member = 2; break;
    case CHANGE_KEY:
        item.reconfigure.member = 1;
        sample_key(6, secret, item.reconfigure.key);
        break;
    case CHANGE_THRESHOLD: item.reconfigure.threshold = (struct threshold){4, 5}; break;
    }
    return item;
}

static void reconfigures_put_then_the_pinned_bytes_and_strict(void **state) {
    (void)state;
    static const struct {
        enum change change;
        const char *hex;
    } rows[] = {
        {CHANGE_ADD, ADD_HEX}, {CHANGE_REMOVE, REMOVE_HEX}, {CHANGE_KEY, KEY_HEX}, {CHANGE_THRESHOLD, THRESHOLD_HEX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t buffer[256];
        uint8_t expected[256];
        size_t bytes = strlen(rows[i].hex) / 2;
        struct writer writer = writer_of(buffer, sizeof buffer);
        struct item item = valid_reconfigure(rows[i].change);
        item_put(&writer, &item);
        assert_int_equal(bytes_from_hex(slice_of_text(rows[i].hex), expected, bytes), STATUS_OK);
        assert_true(slice_equal(writer_slice(&writer), slice_of(expected, bytes)));
        sample_check_strict(writer_slice(&writer), rewrite, NULL);
    }
}

#define RECONFIGURE(of, change_made, expected)                                                                       \
    do {                                                                                                             \
        struct item item = valid_reconfigure(of);                                                                    \
        struct reconfigure *r = &item.reconfigure;                                                                   \
        change_made;                                                                                                 \
        assert_int_equal(item_valid(&item), expected);                                                               \
    } while (0)

static void reconfigure_with_other_fields_than_its_change_needs_then_refused(void **state) {
    (void)state;
    RECONFIGURE(CHANGE_ADD, (void)r, STATUS_OK);
    RECONFIGURE(CHANGE_ADD, r->member = MEMBERS_MAX - 1, STATUS_OK);
    RECONFIGURE(CHANGE_ADD, r->member = MEMBERS_MAX, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_ADD, r->name = slice_of(NULL, 0), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_ADD, r->name = slice_of_text("two words"), STATUS_BAD_FORMAT);
    RECONFIGURE(CHANGE_ADD, r->name = slice_of_text("a\x1b"), STATUS_BAD_FORMAT);
    RECONFIGURE(CHANGE_ADD, memset(r->key, 0, KEY_BYTES), STATUS_BAD_KEY);
    RECONFIGURE(CHANGE_ADD, memset(r->key, 0xff, KEY_BYTES), STATUS_BAD_KEY);
    RECONFIGURE(CHANGE_ADD, r->threshold = THRESHOLD_DEFAULT, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_REMOVE, r->name = slice_of_text("a"), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_REMOVE, r->key[0] = 1, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_REMOVE, r->threshold.denominator = 1, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_KEY, r->name = slice_of_text("a"), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_KEY, memset(r->key, 0, KEY_BYTES), STATUS_BAD_KEY);
    RECONFIGURE(CHANGE_THRESHOLD, r->member = 1, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->key[0] = 1, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->threshold = ((struct threshold){2, 3}), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->threshold = ((struct threshold){5, 4}), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->threshold = ((struct threshold){0, 0}), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->threshold = ((struct threshold){1001, 1001}), STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->threshold = ((struct threshold){667, 1000}), STATUS_OK);
    RECONFIGURE(CHANGE_THRESHOLD, r->change = (enum change)0, STATUS_BAD_VALUE);
    RECONFIGURE(CHANGE_THRESHOLD, r->change = (enum change)5, STATUS_BAD_VALUE);
    char name[MEMBER_NAME_BYTES_MAX + 1];
    memset(name, 'n', sizeof name);
    RECONFIGURE(CHANGE_ADD, r->name = slice_of(name, sizeof name - 1), STATUS_OK);
    RECONFIGURE(CHANGE_ADD, r->name = slice_of(name, sizeof name), STATUS_BAD_FORMAT);
}

static void counts_of_logliks_beyond_their_limits_then_refused(void **state) {
    (void)state;
    struct item item;
    valid_tell(&item);
    item.tell.loglik_count = HYPOTHESES_MAX;
    assert_int_equal(item_valid(&item), STATUS_OK);
    item.tell.loglik_count = HYPOTHESES_MAX + 1;
    assert_int_equal(item_valid(&item), STATUS_TOO_MANY);
    item.tell.loglik_count = 0;
    assert_int_equal(item_valid(&item), STATUS_WRONG_HYPOTHESES);
}

static void unknown_kind_then_refused(void **state) {
    (void)state;
    struct item item = {.kind = (enum item_kind)10};
    struct slice bytes;
    assert_int_equal(item_valid(&item), STATUS_BAD_VALUE);
    for (uint8_t kind = 0; kind < 24; kind++) {
        uint8_t encoded[19] = {0x82, kind, 0x50};
        struct reader reader = reader_of(slice_of(encoded, sizeof encoded));
        /* Two fields, the second of 16 bytes: that is a close, and a level or a close_family but for its type. */
        bool is_other_type = kind == ITEM_LEVEL || kind == ITEM_CLOSE_FAMILY;
        enum status expected = kind == ITEM_CLOSE ? STATUS_OK : is_other_type ? STATUS_BAD_TYPE : STATUS_BAD_VALUE;
        assert_int_equal(item_take(&reader, &item, &bytes), expected);
    }
}

static void refused_item_then_reader_untouched(void **state) {
    (void)state;
    uint8_t encoded[19] = {0x82, ITEM_RETRACT, 0x50};
    struct reader reader = reader_of(slice_of(encoded, sizeof encoded));
    struct item item = {.kind = ITEM_TELL};
    assert_int_equal(item_take(&reader, &item, NULL), STATUS_BAD_VALUE);
    assert_ptr_equal(reader.data, encoded);
    assert_int_equal(reader.bytes, sizeof encoded);
    assert_int_equal(item.kind, ITEM_TELL);
}

static void largest_ask_then_it_fits_an_item(void **state) {
    (void)state;
    static uint8_t texts[HYPOTHESES_MAX][HYPOTHESIS_BYTES_MAX];
    static uint8_t title[TITLE_BYTES_MAX];
    static uint8_t buffer[ITEM_BYTES_MAX];
    struct item item;
    valid_ask(&item);
    memset(title, 'x', sizeof title);
    item.ask.title = slice_of(title, sizeof title);
    item.ask.hypotheses_count = HYPOTHESES_MAX;
    for (size_t i = 0; i < HYPOTHESES_MAX; i++) {
        memset(texts[i], (int)('0' + i), sizeof texts[i]);
        item.ask.hypotheses[i] = slice_of(texts[i], sizeof texts[i]);
        item.ask.prior[i] = -PARAMETER_LIMIT_QUANTA;
    }
    struct writer writer = writer_of(buffer, sizeof buffer);
    item_put(&writer, &item);
    assert_int_equal(writer_status(&writer), STATUS_OK);
}

static void random_item_then_strict(void **state) {
    (void)state;
    static struct sample_texts texts;
    struct prng prng = sample_prng();
    for (int round = 0; round < 300; round++) {
        uint8_t buffer[ITEM_BYTES_MAX];
        struct item item;
        struct writer writer = writer_of(buffer, sizeof buffer);
        sample_item(&prng, &texts, &item);
        item_put(&writer, &item);
        if (writer.bytes < 600) sample_check_strict(writer_slice(&writer), rewrite, NULL);
        sample_require_strict(writer_slice(&writer), rewrite, NULL);
    }
}

/* The body of a batch is accepted when its items are, and its root is the one that they have one by one. */
static void random_body_then_the_root_of_its_items(void **state) {
    (void)state;
    static struct sample_texts texts;
    static uint8_t buffer[64 * ITEM_BYTES_MAX];
    struct prng prng = sample_prng();
    for (int round = 0; round < 20; round++) {
        uint32_t count = (uint32_t)prng_below(&prng, 60);
        struct writer writer = writer_of(buffer, sizeof buffer);
        struct merkle_frontier frontier;
        struct hash expected;
        struct hash root;
        merkle_frontier_init(&frontier);
        cbor_put_array(&writer, count);
        for (uint32_t i = 0; i < count; i++) {
            struct item item;
            size_t begin = writer.bytes;
            sample_item(&prng, &texts, &item);
            item_put(&writer, &item);
            merkle_leaf(slice_of(buffer + begin, writer.bytes - begin), &expected);
            merkle_append(&frontier, &expected);
        }
        merkle_frontier_root(&frontier, &expected);
        assert_int_equal(items_check(writer_slice(&writer), count, &root), STATUS_OK);
        assert_true(hash_equal(&root, &expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_put_then_the_pinned_body_and_id),
        cmocka_unit_test(body_checked_then_the_pinned_root),
        cmocka_unit_test(body_of_nothing_then_the_root_of_nothing),
        cmocka_unit_test(body_with_another_count_or_length_then_refused),
        cmocka_unit_test(body_walked_then_each_item_and_the_end),
        cmocka_unit_test(logliks_within_the_item_limit_then_valid),
        cmocka_unit_test(logliks_beyond_the_item_limit_then_refused),
        cmocka_unit_test(texts_that_can_be_shown_then_valid),
        cmocka_unit_test(texts_that_steer_or_are_no_utf8_then_refused),
        cmocka_unit_test(text_lengths_at_the_limit_then_valid_and_beyond_refused),
        cmocka_unit_test(ask_at_its_limits_then_valid_and_beyond_refused),
        cmocka_unit_test(reveal_at_its_limits_then_valid_and_beyond_refused),
        cmocka_unit_test(level_at_its_limit_then_taken_and_beyond_refused),
        cmocka_unit_test(reconfigures_put_then_the_pinned_bytes_and_strict),
        cmocka_unit_test(reconfigure_with_other_fields_than_its_change_needs_then_refused),
        cmocka_unit_test(counts_of_logliks_beyond_their_limits_then_refused),
        cmocka_unit_test(unknown_kind_then_refused),
        cmocka_unit_test(refused_item_then_reader_untouched),
        cmocka_unit_test(largest_ask_then_it_fits_an_item),
        cmocka_unit_test(random_item_then_strict),
        cmocka_unit_test(random_body_then_the_root_of_its_items),
    };
    return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
