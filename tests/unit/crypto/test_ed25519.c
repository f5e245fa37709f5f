/* Ed25519 against RFC 8032, and its verdicts on the signatures on which implementations are known to differ. The
 * verdicts are pinned: another library version that gave another one could split a cluster. */
#include "crypto/ed25519.h"

#include "vectors.h"

struct signature_case {
    uint8_t key[KEY_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    uint8_t buffer[1024];
    struct slice message;
};

static void load_case(const json_t *object, struct signature_case *ret_case) {
    assert_int_equal(vectors_bytes(vectors_text(object, "key"), ret_case->key, KEY_BYTES).bytes, KEY_BYTES);
    assert_int_equal(vectors_bytes(vectors_text(object, "signature"), ret_case->signature, SIGNATURE_BYTES).bytes,
                     SIGNATURE_BYTES);
    ret_case->message = vectors_bytes(vectors_text(object, "message"), ret_case->buffer, sizeof ret_case->buffer);
}

static void rfc_8032_seed_then_published_key_and_signature(void **state) {
    (void)state;
    json_t *file = vectors_load("ed25519/rfc8032.json");
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(file, "cases"), i, object) {
        struct signature_case published;
        uint8_t seed[ED25519_SEED_BYTES], secret[SECRET_BYTES], key[KEY_BYTES], signature[SIGNATURE_BYTES];
        load_case(object, &published);
        vectors_bytes(vectors_text(object, "seed"), seed, sizeof seed);
        ed25519_from_seed(seed, secret, key);
        assert_memory_equal(key, published.key, KEY_BYTES);
        assert_memory_equal(secret, seed, ED25519_SEED_BYTES);
        assert_memory_equal(secret + ED25519_SEED_BYTES, key, KEY_BYTES);
        ed25519_sign(secret, published.message, signature);
        assert_memory_equal(signature, published.signature, SIGNATURE_BYTES);
        assert_int_equal(ed25519_verify(key, published.message, signature), STATUS_OK);
        assert_int_equal(ed25519_key_check(key), STATUS_OK);
    }
    assert_int_equal(i, 5);
    json_decref(file);
}

static void any_bit_of_signature_key_or_message_flipped_then_refused(void **state) {
    (void)state;
    uint8_t seed[ED25519_SEED_BYTES] = {1}, secret[SECRET_BYTES], key[KEY_BYTES], signature[SIGNATURE_BYTES];
    uint8_t text[3] = {'a', 'b', 'c'};
    struct slice message = slice_of(text, sizeof text);
    ed25519_from_seed(seed, secret, key);
    ed25519_sign(secret, message, signature);
    struct {
        uint8_t *bytes;
        size_t count;
    } parts[] = {{key, sizeof key}, {signature, sizeof signature}, {text, sizeof text}};
    for (size_t part = 0; part < 3; part++) {
        for (size_t bit = 0; bit < 8 * parts[part].count; bit++) {
            parts[part].bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            assert_int_equal(ed25519_verify(key, message, signature), STATUS_BAD_SIGNATURE);
            parts[part].bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
    assert_int_equal(ed25519_verify(key, message, signature), STATUS_OK);
    assert_int_equal(ed25519_verify(key, slice_of(text, 2), signature), STATUS_BAD_SIGNATURE);
}

static void s_plus_the_group_order_then_refused(void **state) {
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    uint8_t seed[ED25519_SEED_BYTES] = {2}, secret[SECRET_BYTES], key[KEY_BYTES], signature[SIGNATURE_BYTES];
    ed25519_from_seed(seed, secret, key);
    ed25519_sign(secret, slice_of_text("once"), signature);
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_int_equal(ed25519_verify(key, slice_of_text("once"), signature), STATUS_BAD_SIGNATURE);
}

static void speccheck_cases_then_the_published_verdicts(void **state) {
    (void)state;
    json_t *file = vectors_load("ed25519/speccheck.json");
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(file, "cases"), i, object) {
        struct signature_case disputed;
        load_case(object, &disputed);
        enum status expected = json_is_true(json_object_get(object, "accepted")) ? STATUS_OK : STATUS_BAD_SIGNATURE;
        assert_int_equal(ed25519_verify(disputed.key, disputed.message, disputed.signature), expected);
    }
    assert_int_equal(i, 12);
    json_decref(file);
}

static bool number_in(const json_t *numbers, uint64_t number) {
    size_t i;
    json_t *listed;
    json_array_foreach(numbers, i, listed) {
        if ((uint64_t)json_integer_value(listed) == number) return true;
    }
    return false;
}

/* The 914 combinations of points of small and of mixed order, in canonical and other encodings. Those accepted are
 * the ones where neither point is of small order and the cofactorless equation holds; all of them but one still need
 * a key that key_check keeps out of every member table. */
static void cctv_cases_then_the_pinned_verdicts(void **state) {
    (void)state;
    json_t *file = vectors_load("ed25519/cctv.json");
    const json_t *accepted = json_object_get(file, "accepted");
    size_t i, valid = 0, valid_with_a_usable_key = 0;
    json_t *object;
    json_array_foreach(json_object_get(file, "cases"), i, object) {
        uint8_t key[KEY_BYTES], signature[SIGNATURE_BYTES];
        vectors_bytes(vectors_text(object, "key"), key, sizeof key);
        vectors_bytes(vectors_text(object, "signature"), signature, sizeof signature);
        enum status status = ed25519_verify(key, slice_of_text(vectors_text(object, "message")), signature);
        bool expected = number_in(accepted, vectors_number(object, "number"));
        assert_int_equal(status, expected ? STATUS_OK : STATUS_BAD_SIGNATURE);
        valid += status == STATUS_OK;
        valid_with_a_usable_key += status == STATUS_OK && ed25519_key_check(key) == STATUS_OK;
    }
    assert_int_equal(i, 914);
    assert_int_equal(valid, 43);
    assert_int_equal(valid_with_a_usable_key, 1);
    json_decref(file);
}

/* All encodings of points of small order, the canonical and the others. */
static const char *const small_order_keys[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

/* Of mixed order (a torsion component beside the prime-order one), not canonical, and not on the curve. */
static const char *const other_bad_keys[] = {
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000",
};

static void unusable_key_then_refused(void **state) {
    (void)state;
    uint8_t key[KEY_BYTES];
    for (size_t i = 0; i < sizeof small_order_keys / sizeof small_order_keys[0]; i++) {
        vectors_bytes(small_order_keys[i], key, sizeof key);
        assert_int_equal(ed25519_key_check(key), STATUS_BAD_KEY);
    }
    for (size_t i = 0; i < sizeof other_bad_keys / sizeof other_bad_keys[0]; i++) {
        vectors_bytes(other_bad_keys[i], key, sizeof key);
        assert_int_equal(ed25519_key_check(key), STATUS_BAD_KEY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_8032_seed_then_published_key_and_signature),
        cmocka_unit_test(any_bit_of_signature_key_or_message_flipped_then_refused),
        cmocka_unit_test(s_plus_the_group_order_then_refused),
        cmocka_unit_test(speccheck_cases_then_the_published_verdicts),
        cmocka_unit_test(cctv_cases_then_the_pinned_verdicts),
        cmocka_unit_test(unusable_key_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
