/* Tests of codec/cose.h: the bytes are written out by hand from RFC 9052. */
#include "codec/cose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "codec/cbor.h"

#define SIGNATURE_HEX                                                                                                \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                                               \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
/* tag 18, array of 4, h'{1: -8, 4: h'0102'}', {}, 'hello', the signature */
#define OBJECT_HEX                                                                                                   \
    "d284"                                                                                                           \
    "47a20127"                                                                                                       \
    "04420102"                                                                                                       \
    "a0"                                                                                                             \
    "4568656c6c6f"                                                                                                   \
    "5840" SIGNATURE_HEX

enum { BUFFER_BYTES = 512 };

static struct slice from_hex(const char *hex, uint8_t buffer[BUFFER_BYTES]) {
    size_t bytes = strlen(hex) / 2;
    assert_true(bytes <= BUFFER_BYTES);
    assert_int_equal(bytes_from_hex(slice_of_text(hex), buffer, bytes), STATUS_OK);
    return slice_of(buffer, bytes);
}

static void assert_hex(const struct writer *writer, const char *hex) {
    char text[2 * BUFFER_BYTES + 1];
    assert_int_equal(writer_status(writer), STATUS_OK);
    bytes_to_hex(writer->data, writer->bytes, text);
    assert_string_equal(text, hex);
}

static void object_put_then_the_bytes_of_rfc_9052(void **state) {
    (void)state;
    uint8_t signature[BUFFER_BYTES], buffer[BUFFER_BYTES];
    from_hex(SIGNATURE_HEX, signature);
    struct writer writer = writer_of(buffer, sizeof buffer);
    cose_sign1_put(&writer, 0x0102, slice_of_text("hello"), signature);
    assert_hex(&writer, OBJECT_HEX);
    assert_int_equal(cbor_check(writer_slice(&writer)), STATUS_OK);
}

static void to_be_signed_put_then_the_sig_structure_of_rfc_9052(void **state) {
    (void)state;
    uint8_t buffer[BUFFER_BYTES];
    struct writer writer = writer_of(buffer, sizeof buffer);
    cose_sign1_put_to_be_signed(&writer, 0x0102, slice_of_text("hello"), slice_of_text("chain"));
    assert_hex(&writer, "84"
                        "6a5369676e617475726531"
                        "47a2012704420102"
                        "45636861696e"
                        "4568656c6c6f");
}

static void bounds_then_enough_for_the_largest_heads(void **state) {
    (void)state;
    uint8_t small[BUFFER_BYTES], signature[SIGNATURE_BYTES] = {0};
    struct writer writer = writer_of(small, sizeof small);
    cose_sign1_put(&writer, COSE_MEMBER_MAX, slice_of(NULL, 0), signature);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(writer.bytes, COSE_SIGN1_OVERHEAD_BYTES - (CBOR_HEAD_BYTES_MAX - 1));
    writer = writer_of(small, sizeof small);
    cose_sign1_put_to_be_signed(&writer, COSE_MEMBER_MAX, slice_of(NULL, 0), slice_of(NULL, 0));
    assert_int_equal(writer.bytes, COSE_TO_BE_SIGNED_OVERHEAD_BYTES - 2 * (CBOR_HEAD_BYTES_MAX - 1));
}

static void object_read_then_its_parts(void **state) {
    (void)state;
    uint8_t buffer[BUFFER_BYTES], signature[BUFFER_BYTES];
    struct cose_sign1 object;
    assert_int_equal(cose_sign1_read(from_hex(OBJECT_HEX, buffer), &object), STATUS_OK);
    from_hex(SIGNATURE_HEX, signature);
    assert_int_equal(object.member, 0x0102);
    assert_true(slice_equal(object.payload, slice_of_text("hello")));
    assert_true(slice_equal(object.protected_header, slice_of("\xa2\x01\x27\x04\x42\x01\x02", 7)));
    assert_memory_equal(object.signature, signature, SIGNATURE_BYTES);
}

static const struct {
    const char *what, *hex;
    enum status status;
} refusals[] = {
    {"empty", "", STATUS_TRUNCATED},
    {"without a tag", "8447a2012704420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"tag 98", "d8628447a2012704420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"tag 18 in two bytes", "d8128447a2012704420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_NOT_CANONICAL},
    {"tag twice", "d2d28447a2012704420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"array of 3", "d28347a2012704420102a04568656c6c6f", STATUS_BAD_VALUE},
    {"array of 5", "d28547a2012704420102a04568656c6c6f5840" SIGNATURE_HEX "00", STATUS_BAD_VALUE},
    {"indefinite array", "d29f47a2012704420102a04568656c6c6f5840" SIGNATURE_HEX "ff", STATUS_NOT_CANONICAL},
    {"protected is a map", "d284a2012704420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"protected is empty", "d28440a04568656c6c6f5840" SIGNATURE_HEX, STATUS_TRUNCATED},
    {"no key id", "d28443a10127a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"algorithm -7", "d28447a2012604420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"algorithm 8", "d28447a2010804420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"long algorithm", "d28448a201380704420102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_NOT_CANONICAL},
    {"key id of 1 byte", "d28446a20127044101a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"key id of 3 bytes", "d28448a201270443000102a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"key id is a number", "d28445a201270402a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"keys swapped", "d28447a2044201020127a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"a third parameter", "d28449a301270442010205f6a04568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"more in protected", "d28448a201270442010200a04568656c6c6f5840" SIGNATURE_HEX, STATUS_TRAILING_BYTES},
    {"something unprotected", "d28447a2012704420102a104f64568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_VALUE},
    {"unprotected is an array", "d28447a2012704420102804568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"detached payload", "d28447a2012704420102a0f65840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"payload is text", "d28447a2012704420102a06568656c6c6f5840" SIGNATURE_HEX, STATUS_BAD_TYPE},
    {"long payload length", "d28447a2012704420102a0580568656c6c6f5840" SIGNATURE_HEX, STATUS_NOT_CANONICAL},
    {"short signature", "d28447a2012704420102a04568656c6c6f43010203", STATUS_BAD_VALUE},
    {"long signature", "d28447a2012704420102a04568656c6c6f5841" SIGNATURE_HEX "00", STATUS_BAD_VALUE},
    {"more after it", OBJECT_HEX "00", STATUS_TRAILING_BYTES},
};

static void object_of_another_form_then_refused_by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        uint8_t buffer[BUFFER_BYTES];
        struct cose_sign1 object, before;
        memset(&object, 0x5a, sizeof object);
        before = object;
        enum status status = cose_sign1_read(from_hex(refusals[i].hex, buffer), &object);
        if (status != refusals[i].status) fail_msg("%s: %s", refusals[i].what, status_name(status));
        assert_memory_equal(&object, &before, sizeof object);
    }
}

static void object_cut_anywhere_then_refused(void **state) {
    (void)state;
    uint8_t buffer[BUFFER_BYTES];
    struct slice whole = from_hex(OBJECT_HEX, buffer);
    for (size_t bytes = 0; bytes < whole.bytes; bytes++) {
        uint8_t *exact = malloc(bytes + 1);
        struct cose_sign1 object;
        assert_non_null(exact);
        memcpy(exact, whole.data, bytes);
        assert_int_equal(cose_sign1_read(slice_of(exact, bytes), &object), STATUS_TRUNCATED);
        free(exact);
    }
}

static void random_change_then_refused_or_written_again_the_same(void **state) {
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    for (int round = 0; round < 100000; round++) {
        uint8_t buffer[BUFFER_BYTES], again[BUFFER_BYTES];
        struct slice whole = from_hex(OBJECT_HEX, buffer);
        buffer[prng_below(&prng, prng_chance(&prng, 1, 2) ? 20 : whole.bytes)] = (uint8_t)prng_next(&prng);
        struct cose_sign1 object;
        if (cose_sign1_read(whole, &object) != STATUS_OK) continue;
        struct writer writer = writer_of(again, sizeof again);
        cose_sign1_put(&writer, object.member, object.payload, object.signature);
        assert_true(slice_equal(writer_slice(&writer), whole));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_put_then_the_bytes_of_rfc_9052),
        cmocka_unit_test(to_be_signed_put_then_the_sig_structure_of_rfc_9052),
        cmocka_unit_test(bounds_then_enough_for_the_largest_heads),
        cmocka_unit_test(object_read_then_its_parts),
        cmocka_unit_test(object_of_another_form_then_refused_by_name),
        cmocka_unit_test(object_cut_anywhere_then_refused),
        cmocka_unit_test(random_change_then_refused_or_written_again_the_same),
    };
    return cmocka_run_group_tests_name("cose", tests, NULL, NULL);
}
