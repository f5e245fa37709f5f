/* Tests of codec/cbor.h: the vectors of RFC 8949 Appendix A, every form that is refused, and random values and
 * mutations against an oracle. */
#include "codec/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/prng.h"
#include "cbor_oracle.h"

enum { BUFFER_BYTES = 1024 };

/* Bytes from hex, in exactly as much memory as they need, so that a sanitizer sees a read past the end. */
struct sample {
    uint8_t *data;
    struct slice bytes;
};

static struct sample sample_of(const char *hex) {
    size_t bytes = strlen(hex) / 2;
    uint8_t *data = malloc(bytes + (bytes == 0));
    assert_non_null(data);
    assert_int_equal(bytes_from_hex(slice_of_text(hex), data, bytes), STATUS_OK);
    return (struct sample){data, slice_of(data, bytes)};
}

static void assert_written(const struct writer *writer, const char *hex) {
    char text[2 * BUFFER_BYTES + 1];
    assert_int_equal(writer_status(writer), STATUS_OK);
    bytes_to_hex(writer->data, writer->bytes, text);
    assert_string_equal(text, hex);
}

static void assert_check(const char *hex, enum status expected) {
    struct sample sample = sample_of(hex);
    enum status found = cbor_check(sample.bytes);
    if (found != expected) fail_msg("%s: %s, not %s", hex, status_name(found), status_name(expected));
    assert_true((found == STATUS_OK) == cbor_oracle_canonical(sample.data, sample.bytes.bytes));
    free(sample.data);
}

/* Appendix A */

static const struct {
    uint64_t value;
    const char *hex;
} unsigned_vectors[] = {
    {0, "00"},
    {1, "01"},
    {10, "0a"},
    {23, "17"},
    {24, "1818"},
    {25, "1819"},
    {100, "1864"},
    {255, "18ff"},
    {256, "190100"},
    {1000, "1903e8"},
    {65535, "19ffff"},
    {65536, "1a00010000"},
    {1000000, "1a000f4240"},
    {4294967295, "1affffffff"},
    {4294967296, "1b0000000100000000"},
    {1000000000000, "1b000000e8d4a51000"},
    {UINT64_MAX, "1bffffffffffffffff"},
};

static const struct {
    int64_t value;
    const char *hex;
} signed_vectors[] = {
    {0, "00"},
    {-1, "20"},
    {-10, "29"},
    {-24, "37"},
    {-25, "3818"},
    {-100, "3863"},
    {-1000, "3903e7"},
    {-4294967297, "3b0000000100000000"},
    {INT64_MAX, "1b7fffffffffffffff"},
    {INT64_MIN, "3b7fffffffffffffff"},
};

static void unsigned_vectors_then_the_same_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof unsigned_vectors / sizeof unsigned_vectors[0]; i++) {
        uint8_t buffer[BUFFER_BYTES];
        struct writer writer = writer_of(buffer, sizeof buffer);
        cbor_put_uint(&writer, unsigned_vectors[i].value);
        assert_written(&writer, unsigned_vectors[i].hex);
        struct sample sample = sample_of(unsigned_vectors[i].hex);
        struct reader reader = reader_of(sample.bytes);
        uint64_t value = 77;
        assert_int_equal(cbor_take_uint(&reader, &value), STATUS_OK);
        assert_true(value == unsigned_vectors[i].value);
        assert_int_equal(reader_end(&reader), STATUS_OK);
        free(sample.data);
    }
}

static void signed_vectors_then_the_same_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof signed_vectors / sizeof signed_vectors[0]; i++) {
        uint8_t buffer[BUFFER_BYTES];
        struct writer writer = writer_of(buffer, sizeof buffer);
        cbor_put_int(&writer, signed_vectors[i].value);
        assert_written(&writer, signed_vectors[i].hex);
        struct sample sample = sample_of(signed_vectors[i].hex);
        struct reader reader = reader_of(sample.bytes);
        int64_t value = 77;
        assert_int_equal(cbor_take_int(&reader, &value), STATUS_OK);
        assert_true(value == signed_vectors[i].value);
        assert_int_equal(reader_end(&reader), STATUS_OK);
        free(sample.data);
    }
}

static void appendix_vectors_of_the_subset_then_accepted(void **state) {
    (void)state;
    static const char *const vectors[] = {
        "3bffffffffffffffff",
        "40",
        "4401020304",
        "60",
        "6161",
        "6449455446",
        "62225c",
        "62c3bc",
        "63e6b0b4",
        "64f0908591",
        "80",
        "83010203",
        "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "826161a161626163",
        "a56161614161626142616361436164614461656145",
        "f6",
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) assert_check(vectors[i], STATUS_OK);
}

static void appendix_vectors_outside_the_subset_then_refused(void **state) {
    (void)state;
    static const char *const wrong_type[] = {
        "f90000",
        "f98000",
        "f93c00",
        "fb3ff199999999999a",
        "f97bff",
        "fa47c35000",
        "f97c00",
        "f97e00",
        "f4",
        "f5",
        "f7",
        "f0",
        "f8ff",
        "c11a514b67b0",
        "d74401020304",
        "d818456449455446",
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        "c074323031332d30332d32315432303a30343a30305a",
        "c249010000000000000000",
        "c349010000000000000000",
    };
    static const char *const indefinite[] = {
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "83018202039f0405ff",
        "83019f0203ff820405",
        "bf61610161629f0203ffff",
        "bf6346756ef563416d7421ff",
        "826161bf61626163ff",
        "5fff",
        "7fff",
        "bfff",
    };
    for (size_t i = 0; i < sizeof wrong_type / sizeof wrong_type[0]; i++)
        assert_check(wrong_type[i], STATUS_BAD_TYPE);
    for (size_t i = 0; i < sizeof indefinite / sizeof indefinite[0]; i++)
        assert_check(indefinite[i], STATUS_NOT_CANONICAL);
}

/* Forms that are refused, as whole items. */

static const struct {
    const char *hex;
    enum status status;
} refusals[] = {
    /* Integers, lengths, counts and tags of every width with a shorter form, on both sides of each boundary. */
    {"1800", STATUS_NOT_CANONICAL},
    {"1817", STATUS_NOT_CANONICAL},
    {"190018", STATUS_NOT_CANONICAL},
    {"1900ff", STATUS_NOT_CANONICAL},
    {"1a0000ffff", STATUS_NOT_CANONICAL},
    {"1b00000000ffffffff", STATUS_NOT_CANONICAL},
    {"1b0000000000000000", STATUS_NOT_CANONICAL},
    {"3817", STATUS_NOT_CANONICAL},
    {"3900ff", STATUS_NOT_CANONICAL},
    {"3a0000ffff", STATUS_NOT_CANONICAL},
    {"3b00000000ffffffff", STATUS_NOT_CANONICAL},
    {"580161", STATUS_NOT_CANONICAL},
    {"59000161", STATUS_NOT_CANONICAL},
    {"5a0000000161", STATUS_NOT_CANONICAL},
    {"5b000000000000000161", STATUS_NOT_CANONICAL},
    {"780161", STATUS_NOT_CANONICAL},
    {"79000161", STATUS_NOT_CANONICAL},
    {"980101", STATUS_NOT_CANONICAL},
    {"9a0000000101", STATUS_NOT_CANONICAL},
    {"b8010101", STATUS_NOT_CANONICAL},
    {"bb00000000000000010101", STATUS_NOT_CANONICAL},
    {"d81200", STATUS_NOT_CANONICAL},
    {"d9001200", STATUS_NOT_CANONICAL},
    {"81190017", STATUS_NOT_CANONICAL},
    /* Reserved heads. */
    {"1c", STATUS_NOT_CANONICAL},
    {"1d", STATUS_NOT_CANONICAL},
    {"1e", STATUS_NOT_CANONICAL},
    {"1f", STATUS_NOT_CANONICAL},
    {"3f", STATUS_NOT_CANONICAL},
    {"5c", STATUS_NOT_CANONICAL},
    {"7e", STATUS_NOT_CANONICAL},
    {"9d", STATUS_NOT_CANONICAL},
    {"bc", STATUS_NOT_CANONICAL},
    {"df00", STATUS_NOT_CANONICAL},
    {"ff", STATUS_BAD_TYPE},
    {"fc", STATUS_BAD_TYPE},
    {"f818", STATUS_BAD_TYPE},
    {"f816", STATUS_BAD_TYPE}, /* null in two bytes */
    /* Keys out of order or twice; order is of encoded bytes, so 10 before 100 before -1 before "a". */
    {"a202000100", STATUS_NOT_CANONICAL},
    {"a201000100", STATUS_NOT_CANONICAL},
    {"a218640a0a00", STATUS_NOT_CANONICAL},
    {"a220000100", STATUS_NOT_CANONICAL},
    {"a2616200616100", STATUS_NOT_CANONICAL},
    {"a262616100616200", STATUS_NOT_CANONICAL},
    {"a3010002000200", STATUS_NOT_CANONICAL},
    {"a201a20201010200", STATUS_NOT_CANONICAL},
    {"a1a20200010000", STATUS_NOT_CANONICAL},
    {"a281020081010000", STATUS_NOT_CANONICAL},
    /* Text. */
    {"61ff", STATUS_BAD_FORMAT},
    {"62c080", STATUS_BAD_FORMAT},
    {"63eda080", STATUS_BAD_FORMAT},
    {"64f4908080", STATUS_BAD_FORMAT},
    {"61c3", STATUS_BAD_FORMAT},
    /* Short. */
    {"", STATUS_TRUNCATED},
    {"18", STATUS_TRUNCATED},
    {"1901", STATUS_TRUNCATED},
    {"1a000100", STATUS_TRUNCATED},
    {"1b00000001000000", STATUS_TRUNCATED},
    {"41", STATUS_TRUNCATED},
    {"6261", STATUS_TRUNCATED},
    {"81", STATUS_TRUNCATED},
    {"8201", STATUS_TRUNCATED},
    {"a1", STATUS_TRUNCATED},
    {"a101", STATUS_TRUNCATED},
    {"a20100", STATUS_TRUNCATED},
    {"d2", STATUS_TRUNCATED},
    {"828101", STATUS_TRUNCATED},
    /* Counts and lengths that the input can't hold. */
    {"5bffffffffffffffff00", STATUS_TRUNCATED},
    {"5b7fffffffffffffff00", STATUS_TRUNCATED},
    {"7bffffffffffffffff00", STATUS_TRUNCATED},
    {"9bffffffffffffffff00", STATUS_TRUNCATED},
    {"9b800000000000000000", STATUS_TRUNCATED},
    {"9affffffff00", STATUS_TRUNCATED},
    {"bbffffffffffffffff0000", STATUS_TRUNCATED},
    {"bb80000000000000000000", STATUS_TRUNCATED},
    {"bb80000000000000010000", STATUS_TRUNCATED},
    /* More than one item. */
    {"0000", STATUS_TRAILING_BYTES},
    {"8000", STATUS_TRAILING_BYTES},
    {"8101ff", STATUS_TRAILING_BYTES},
    {"a0a0", STATUS_TRAILING_BYTES},
    {"f6f6", STATUS_TRAILING_BYTES},
};

static void forms_not_canonical_then_refused_by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        assert_check(refusals[i].hex, refusals[i].status);
}

static void keys_in_order_then_accepted(void **state) {
    (void)state;
    assert_check("a40a001864002000616100", STATUS_OK); /* 10, 100, -1, "a" */
    assert_check("a20100190100f6", STATUS_OK);         /* 1, 256 */
    assert_check("a2400041000a", STATUS_OK);           /* h'', h'00' */
    assert_check("a28101008102f6", STATUS_OK);         /* [1], [2] */
    assert_check("a1a10200f6", STATUS_OK);             /* a map as a key */
}

static void tag_of_cose_then_accepted(void **state) {
    (void)state;
    assert_check("d200", STATUS_OK);
    assert_check("d28443a10127a04568656c6c6f40", STATUS_OK);
    assert_check("d100", STATUS_BAD_TYPE);
    assert_check("d300", STATUS_BAD_TYPE);
}

static void nesting_to_the_limit_then_accepted_and_past_it_refused(void **state) {
    (void)state;
    static const struct {
        const char *open, *close;
    } levels[] = {{"81", "00"}, {"81", "80"}, {"81", "a0"}, {"a100", "00"}, {"d2", "00"}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        bool leaf_is_a_level = strcmp(levels[i].close, "00") != 0;
        for (int depth = CBOR_DEPTH_MAX - 1; depth <= CBOR_DEPTH_MAX + 1; depth++) {
            char hex[128] = "";
            for (int at = leaf_is_a_level; at < depth; at++) strcat(hex, levels[i].open);
            strcat(hex, levels[i].close);
            assert_check(hex, depth <= CBOR_DEPTH_MAX ? STATUS_OK : STATUS_TOO_DEEP);
        }
    }
}

static void nesting_of_a_megabyte_then_refused_at_once(void **state) {
    (void)state;
    size_t bytes = 1u << 20;
    uint8_t *data = malloc(bytes);
    assert_non_null(data);
    static const uint8_t openers[] = {0x81, 0xa1, 0xd2};
    for (size_t i = 0; i < sizeof openers; i++) {
        memset(data, openers[i], bytes);
        assert_int_equal(cbor_check(slice_of(data, bytes)), STATUS_TOO_DEEP);
    }
    free(data);
}

static void many_items_then_walked_without_nesting(void **state) {
    (void)state;
    enum { COUNT = 70000 };
    uint8_t *data = malloc(COUNT + CBOR_HEAD_BYTES_MAX);
    assert_non_null(data);
    struct writer writer = writer_of(data, COUNT + CBOR_HEAD_BYTES_MAX);
    cbor_put_array(&writer, COUNT);
    for (size_t i = 0; i < COUNT; i++) cbor_put_array(&writer, 0);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(cbor_check(writer_slice(&writer)), STATUS_OK);
    assert_int_equal(cbor_check(slice_of(data, writer.bytes - 1)), STATUS_TRUNCATED);
    free(data);
}

/* Single takes: what each refuses, and that a refusal changes nothing. */

enum take { UINT, INT, UINT_MAX_1000, BYTES, EXACTLY_3, HASH, TEXT, ARRAY, ARRAY_OF_2, MAP, TAG, NULL_, RAW };

/* Everything that a take can write to. */
struct outputs {
    uint64_t number;
    int64_t integer;
    struct slice slice;
    uint8_t three[3];
    struct hash hash;
};

static enum status take(enum take which, struct reader *reader, struct outputs *outputs) {
    switch (which) {
    case UINT: return cbor_take_uint(reader, &outputs->number);
    case INT: return cbor_take_int(reader, &outputs->integer);
    case UINT_MAX_1000: return cbor_take_uint_max(reader, 1000, &outputs->number);
    case BYTES: return cbor_take_bytes(reader, &outputs->slice);
    case EXACTLY_3: return cbor_take_bytes_exactly(reader, outputs->three, sizeof outputs->three);
    case HASH: return cbor_take_hash(reader, &outputs->hash);
    case TEXT: return cbor_take_text(reader, &outputs->slice);
    case ARRAY: return cbor_take_array(reader, &outputs->number);
    case ARRAY_OF_2: return cbor_take_array_exactly(reader, 2);
    case MAP: return cbor_take_map(reader, &outputs->number);
    case TAG: return cbor_take_tag(reader, 18);
    case NULL_: return cbor_take_null(reader);
    default: return cbor_take_raw(reader, &outputs->slice);
    }
}

#define HASH_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct {
    enum take take;
    const char *hex;
    enum status status;
} takes[] = {
    {UINT, "1903e8", STATUS_OK},
    {UINT, "20", STATUS_BAD_TYPE},
    {UINT, "40", STATUS_BAD_TYPE},
    {UINT, "f6", STATUS_BAD_TYPE},
    {UINT, "f97c00", STATUS_BAD_TYPE},
    {UINT, "1817", STATUS_NOT_CANONICAL},
    {UINT, "18170000000000000000", STATUS_NOT_CANONICAL},
    {UINT, "1900ff00000000000000", STATUS_NOT_CANONICAL},
    {UINT, "1a0000ffff0000000000", STATUS_NOT_CANONICAL},
    {UINT, "1b00000000ffffffff00", STATUS_NOT_CANONICAL},
    {UINT, "1c000000000000000000", STATUS_NOT_CANONICAL},
    {UINT, "1b00000001000000", STATUS_TRUNCATED},
    {UINT, "", STATUS_TRUNCATED},
    {INT, "3863", STATUS_OK},
    {INT, "1b8000000000000000", STATUS_OVERFLOW},
    {INT, "3b8000000000000000", STATUS_OVERFLOW},
    {INT, "3bffffffffffffffff", STATUS_OVERFLOW},
    {INT, "3817", STATUS_NOT_CANONICAL},
    {INT, "38", STATUS_TRUNCATED},
    {INT, "", STATUS_TRUNCATED},
    {INT, "61", STATUS_BAD_TYPE},
    {UINT_MAX_1000, "1903e8", STATUS_OK},
    {UINT_MAX_1000, "1903e9", STATUS_BAD_VALUE},
    {UINT_MAX_1000, "20", STATUS_BAD_TYPE},
    {BYTES, "40", STATUS_OK},
    {BYTES, "43010203", STATUS_OK},
    {BYTES, "430102", STATUS_TRUNCATED},
    {BYTES, "5bffffffffffffffff", STATUS_TRUNCATED},
    {BYTES, "63010203", STATUS_BAD_TYPE},
    {BYTES, "5f4101ff", STATUS_NOT_CANONICAL},
    {BYTES, "5803010203", STATUS_NOT_CANONICAL},
    {EXACTLY_3, "43010203", STATUS_OK},
    {EXACTLY_3, "420102", STATUS_BAD_VALUE},
    {EXACTLY_3, "4401020304", STATUS_BAD_VALUE},
    {EXACTLY_3, "430102", STATUS_TRUNCATED},
    {EXACTLY_3, "5803010203", STATUS_NOT_CANONICAL},
    {HASH, "5820" HASH_HEX, STATUS_OK},
    {HASH, "581f" HASH_HEX, STATUS_BAD_VALUE},
    {HASH, "5821" HASH_HEX "20", STATUS_BAD_VALUE},
    {HASH, "590020" HASH_HEX, STATUS_NOT_CANONICAL},
    {HASH, "7820" HASH_HEX, STATUS_BAD_TYPE},
    {HASH, "582000", STATUS_TRUNCATED},
    {HASH, "5820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e", STATUS_TRUNCATED},
    {HASH, "58", STATUS_TRUNCATED},
    {TEXT, "6449455446", STATUS_OK},
    {TEXT, "4449455446", STATUS_BAD_TYPE},
    {TEXT, "61ff", STATUS_BAD_FORMAT},
    {TEXT, "6261", STATUS_TRUNCATED},
    {TEXT, "7fff", STATUS_NOT_CANONICAL},
    {ARRAY, "80", STATUS_OK},
    {ARRAY, "820102", STATUS_OK},
    {ARRAY, "8201", STATUS_TRUNCATED},
    {ARRAY, "9bffffffffffffffff00", STATUS_TRUNCATED},
    {ARRAY, "a0", STATUS_BAD_TYPE},
    {ARRAY, "9f00ff", STATUS_NOT_CANONICAL},
    {ARRAY_OF_2, "820102", STATUS_OK},
    {ARRAY_OF_2, "83010203", STATUS_BAD_VALUE},
    {ARRAY_OF_2, "8101", STATUS_BAD_VALUE},
    {ARRAY_OF_2, "8201", STATUS_TRUNCATED},
    {ARRAY_OF_2, "98020102", STATUS_NOT_CANONICAL},
    {MAP, "a0", STATUS_OK},
    {MAP, "a10102", STATUS_OK},
    {MAP, "a101", STATUS_TRUNCATED},
    {MAP, "bb80000000000000000102", STATUS_TRUNCATED},
    {MAP, "80", STATUS_BAD_TYPE},
    {MAP, "bfff", STATUS_NOT_CANONICAL},
    {TAG, "d200", STATUS_OK},
    {TAG, "d100", STATUS_BAD_TYPE},
    {TAG, "d86200", STATUS_BAD_TYPE},
    {TAG, "d81100", STATUS_NOT_CANONICAL},
    {TAG, "8400", STATUS_BAD_TYPE},
    {TAG, "", STATUS_TRUNCATED},
    {NULL_, "f6", STATUS_OK},
    {NULL_, "f5", STATUS_BAD_TYPE},
    {NULL_, "f7", STATUS_BAD_TYPE},
    {NULL_, "00", STATUS_BAD_TYPE},
    {NULL_, "", STATUS_TRUNCATED},
    {RAW, "8201a10203", STATUS_OK},
    {RAW, "8201a102", STATUS_TRUNCATED},
    {RAW, "8201f5", STATUS_BAD_TYPE},
    {RAW, "82011800", STATUS_NOT_CANONICAL},
    {RAW, "8261ff00", STATUS_BAD_FORMAT},
};

static void take_then_its_status_and_a_refusal_changes_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        struct sample sample = sample_of(takes[i].hex);
        struct reader reader = reader_of(sample.bytes);
        struct outputs outputs, before;
        memset(&outputs, 0x5a, sizeof outputs);
        before = outputs;
        enum status found = take(takes[i].take, &reader, &outputs);
        if (found != takes[i].status) fail_msg("take %zu, %s: %s", i, takes[i].hex, status_name(found));
        if (found != STATUS_OK) {
            assert_memory_equal(&outputs, &before, sizeof outputs);
            assert_ptr_equal(reader.data, sample.data);
            assert_int_equal(reader.bytes, sample.bytes.bytes);
        }
        free(sample.data);
    }
}

static void takes_in_sequence_then_every_value_is_read(void **state) {
    (void)state;
    uint8_t buffer[BUFFER_BYTES];
    struct writer writer = writer_of(buffer, sizeof buffer);
    struct hash hash = {{1, 2, 3}}, hash_read;
    cbor_put_tag(&writer, 18);
    cbor_put_array(&writer, 6);
    cbor_put_uint(&writer, 70000);
    cbor_put_int(&writer, -70000);
    cbor_put_bytes(&writer, slice_of(hash.bytes, HASH_BYTES));
    cbor_put_text(&writer, slice_of_text("\xc3\xa8 sera"));
    cbor_put_map(&writer, 1);
    cbor_put_uint(&writer, 1);
    cbor_put_null(&writer);
    cbor_put_bytes(&writer, slice_of("abc", 3));
    assert_int_equal(cbor_check(writer_slice(&writer)), STATUS_OK);

    struct reader reader = reader_of(writer_slice(&writer));
    uint64_t number;
    int64_t integer;
    struct slice text, raw;
    uint8_t three[3];
    assert_int_equal(cbor_take_tag(&reader, 18), STATUS_OK);
    assert_int_equal(cbor_take_array_exactly(&reader, 6), STATUS_OK);
    assert_int_equal(cbor_take_uint(&reader, &number), STATUS_OK);
    assert_true(number == 70000);
    assert_int_equal(cbor_take_int(&reader, &integer), STATUS_OK);
    assert_true(integer == -70000);
    assert_int_equal(cbor_take_hash(&reader, &hash_read), STATUS_OK);
    assert_true(hash_equal(&hash, &hash_read));
    assert_int_equal(cbor_take_text(&reader, &text), STATUS_OK);
    assert_true(slice_equal(text, slice_of_text("\xc3\xa8 sera")));
    assert_false(cbor_next_is_null(&reader));
    assert_int_equal(cbor_take_raw(&reader, &raw), STATUS_OK);
    assert_true(slice_equal(raw, slice_of("\xa1\x01\xf6", 3)));
    assert_int_equal(cbor_take_bytes_exactly(&reader, three, sizeof three), STATUS_OK);
    assert_memory_equal(three, "abc", 3);
    assert_int_equal(reader_end(&reader), STATUS_OK);
    assert_false(cbor_next_is_null(&reader));
}

static void writer_without_room_then_overflowed_and_nothing_past_it(void **state) {
    (void)state;
    for (size_t capacity = 0; capacity < 12; capacity++) {
        uint8_t buffer[16];
        memset(buffer, 0xee, sizeof buffer);
        struct writer writer = writer_of(buffer, capacity);
        cbor_put_uint(&writer, UINT64_MAX);
        cbor_put_uint(&writer, 1);
        cbor_put_uint(&writer, 24);
        assert_int_equal(writer_status(&writer), STATUS_NO_SPACE);
        for (size_t i = capacity; i < sizeof buffer; i++) assert_int_equal(buffer[i], 0xee);
    }
    uint8_t buffer[8];
    struct writer writer = writer_of(buffer, sizeof buffer);
    cbor_put_bytes(&writer, slice_of("123456789", 9));
    cbor_put_uint(&writer, 1);
    cbor_put_uint(&writer, 24);
    assert_int_equal(writer_status(&writer), STATUS_NO_SPACE);
    assert_int_equal(writer.bytes, 1); /* the head that still fitted */
}

/* Random values */

static void put_random(struct prng *prng, struct writer *writer, int depth);

/* Integers near the boundaries of the widths are as likely as any. */
static uint64_t random_argument(struct prng *prng) {
    uint64_t value = prng_next(prng) >> prng_below(prng, 64);
    static const uint64_t edges[] = {23,        24,        255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32,
                                     INT64_MAX, UINT64_MAX};
    return prng_chance(prng, 1, 3) ? edges[prng_below(prng, sizeof edges / sizeof edges[0])] : value;
}

static void put_random_string(struct prng *prng, struct writer *writer, bool is_text) {
    uint8_t content[300];
    size_t bytes = (size_t)prng_below(prng, prng_chance(prng, 1, 8) ? sizeof content : 8);
    for (size_t i = 0; i < bytes; i++) content[i] = (uint8_t)prng_below(prng, is_text ? 128 : 256);
    if (is_text) {
        if (bytes >= 3 && prng_chance(prng, 1, 2)) memcpy(content, "\xe2\x80\x94", 3);
        cbor_put_text(writer, slice_of(content, bytes));
    } else {
        cbor_put_bytes(writer, slice_of(content, bytes));
    }
}

struct key {
    uint8_t data[64];
    size_t bytes;
};

static int key_compare(const void *a, const void *b) {
    const struct key *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->bytes < y->bytes ? x->bytes : y->bytes);
    return order != 0 ? order : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static struct key random_key(struct prng *prng) {
    struct key key = {{0}, 0};
    struct writer writer = writer_of(key.data, sizeof key.data);
    if (prng_chance(prng, 2, 3)) {
        cbor_put_int(&writer, prng_between(prng, -300, 300));
    } else {
        uint8_t text[40];
        memset(text, 'a' + (int)prng_below(prng, 3), sizeof text);
        cbor_put_text(&writer, slice_of(text, (size_t)prng_below(prng, sizeof text)));
    }
    key.bytes = writer.bytes;
    return key;
}

static void put_random_map(struct prng *prng, struct writer *writer, int depth) {
    struct key keys[6];
    size_t count = (size_t)prng_below(prng, 7), unique = 0;
    for (size_t i = 0; i < count; i++) keys[i] = random_key(prng);
    qsort(keys, count, sizeof keys[0], key_compare);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || key_compare(&keys[unique - 1], &keys[i]) != 0) keys[unique++] = keys[i];
    }
    cbor_put_map(writer, unique);
    for (size_t i = 0; i < unique; i++) {
        writer_put(writer, keys[i].data, keys[i].bytes);
        put_random(prng, writer, depth + 1);
    }
}

static void put_random_array(struct prng *prng, struct writer *writer, int depth) {
    uint64_t count = prng_below(prng, 5);
    cbor_put_array(writer, count);
    for (uint64_t i = 0; i < count; i++) put_random(prng, writer, depth + 1);
}

static void put_random(struct prng *prng, struct writer *writer, int depth) {
    switch (prng_below(prng, depth < CBOR_DEPTH_MAX ? 8 : 5)) {
    case 0: cbor_put_uint(writer, random_argument(prng)); break;
    case 1: cbor_put_int(writer, (int64_t)random_argument(prng)); break;
    case 2: put_random_string(prng, writer, false); break;
    case 3: put_random_string(prng, writer, true); break;
    case 4: cbor_put_null(writer); break;
    case 5: put_random_map(prng, writer, depth); break;
    case 6:
        cbor_put_tag(writer, 18);
        put_random(prng, writer, depth + 1);
        break;
    default: put_random_array(prng, writer, depth); break;
    }
}

/* Decodes an item with the takes and encodes it with the puts. */
static enum status copy_item(struct reader *reader, struct writer *writer) {
    uint64_t number;
    int64_t integer;
    struct slice content;
    switch (reader->bytes == 0 ? 8 : reader->data[0] >> 5) {
    case CBOR_UINT: TRY(cbor_take_uint(reader, &number)); return cbor_put_uint(writer, number), STATUS_OK;
    case CBOR_NEGATIVE: TRY(cbor_take_int(reader, &integer)); return cbor_put_int(writer, integer), STATUS_OK;
    case CBOR_BYTES: TRY(cbor_take_bytes(reader, &content)); return cbor_put_bytes(writer, content), STATUS_OK;
    case CBOR_TEXT: TRY(cbor_take_text(reader, &content)); return cbor_put_text(writer, content), STATUS_OK;
    case CBOR_ARRAY:
        TRY(cbor_take_array(reader, &number));
        cbor_put_array(writer, number);
        break;
    case CBOR_MAP:
        TRY(cbor_take_map(reader, &number));
        cbor_put_map(writer, number);
        number *= 2;
        break;
    case CBOR_TAG:
        TRY(cbor_take_tag(reader, 18));
        cbor_put_tag(writer, 18);
        number = 1;
        break;
    default: TRY(cbor_take_null(reader)); return cbor_put_null(writer), STATUS_OK;
    }
    for (uint64_t i = 0; i < number; i++) TRY(copy_item(reader, writer));
    return STATUS_OK;
}

static uint64_t seed_of_run(void) {
    const char *text = getenv("SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)seed);
    return seed;
}

enum { VALUE_BYTES_MAX = 1 << 16 };

static void random_value_then_encode_decode_encode_is_identical(void **state) {
    (void)state;
    static uint8_t first[VALUE_BYTES_MAX], second[VALUE_BYTES_MAX];
    struct prng prng = prng_seeded(seed_of_run());
    for (int round = 0; round < 20000; round++) {
        struct writer writer = writer_of(first, sizeof first);
        put_random(&prng, &writer, 0);
        if (writer_status(&writer) != STATUS_OK) continue;
        assert_int_equal(cbor_check(writer_slice(&writer)), STATUS_OK);
        assert_true(cbor_oracle_canonical(first, writer.bytes));
        struct writer again = writer_of(second, sizeof second);
        struct reader reader = reader_of(writer_slice(&writer));
        assert_int_equal(copy_item(&reader, &again), STATUS_OK);
        assert_int_equal(reader_end(&reader), STATUS_OK);
        assert_true(slice_equal(writer_slice(&writer), writer_slice(&again)));
    }
}

static void mutate(struct prng *prng, uint8_t *data, size_t *bytes) {
    for (uint64_t change = 1 + prng_below(prng, 3); change > 0 && *bytes > 0; change--) {
        size_t at = (size_t)prng_below(prng, *bytes);
        switch (prng_below(prng, 4)) {
        case 0: data[at] = (uint8_t)prng_next(prng); break;
        case 1: data[at] ^= (uint8_t)(1u << prng_below(prng, 8)); break;
        case 2: memmove(data + at, data + at + 1, --*bytes - at); break;
        default: data[at] = (uint8_t)(data[at] + 1); break;
        }
    }
}

static void random_mutation_then_accepted_exactly_when_the_oracle_encodes_the_same(void **state) {
    (void)state;
    static uint8_t buffer[VALUE_BYTES_MAX];
    struct prng prng = prng_seeded(seed_of_run());
    int accepted = 0;
    int refused = 0;
    for (int round = 0; round < 100000; round++) {
        struct writer writer = writer_of(buffer, sizeof buffer);
        put_random(&prng, &writer, 3);
        mutate(&prng, buffer, &writer.bytes);
        uint8_t *exact = malloc(writer.bytes + 1);
        assert_non_null(exact);
        memcpy(exact, buffer, writer.bytes);
        bool good = cbor_check(slice_of(exact, writer.bytes)) == STATUS_OK;
        assert_true(good == cbor_oracle_canonical(exact, writer.bytes));
        accepted += good;
        refused += !good;
        free(exact);
    }
    assert_true(accepted > 1000);
    assert_true(refused > 1000);
}

static void every_short_input_then_agrees_with_the_oracle(void **state) {
    (void)state;
    static const uint8_t third[] = {0x00, 0x01, 0x17, 0x18, 0x40, 0x60, 0x7f, 0x80, 0xa0, 0xbf, 0xf6, 0xff};
    for (uint32_t bits = 0; bits < 65536 * sizeof third; bits++) {
        uint8_t data[3] = {(uint8_t)(bits >> 8), (uint8_t)bits, third[bits >> 16]};
        for (size_t bytes = 1; bytes <= 3; bytes++) {
            bool good = cbor_check(slice_of(data, bytes)) == STATUS_OK;
            if (good != cbor_oracle_canonical(data, bytes)) fail_msg("round %u, %zu bytes", bits, bytes);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_vectors_then_the_same_both_ways),
        cmocka_unit_test(signed_vectors_then_the_same_both_ways),
        cmocka_unit_test(appendix_vectors_of_the_subset_then_accepted),
        cmocka_unit_test(appendix_vectors_outside_the_subset_then_refused),
        cmocka_unit_test(forms_not_canonical_then_refused_by_name),
        cmocka_unit_test(keys_in_order_then_accepted),
        cmocka_unit_test(tag_of_cose_then_accepted),
        cmocka_unit_test(nesting_to_the_limit_then_accepted_and_past_it_refused),
        cmocka_unit_test(nesting_of_a_megabyte_then_refused_at_once),
        cmocka_unit_test(many_items_then_walked_without_nesting),
        cmocka_unit_test(take_then_its_status_and_a_refusal_changes_nothing),
        cmocka_unit_test(takes_in_sequence_then_every_value_is_read),
        cmocka_unit_test(writer_without_room_then_overflowed_and_nothing_past_it),
        cmocka_unit_test(random_value_then_encode_decode_encode_is_identical),
        cmocka_unit_test(random_mutation_then_accepted_exactly_when_the_oracle_encodes_the_same),
        cmocka_unit_test(every_short_input_then_agrees_with_the_oracle),
    };
    return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
