/* Tests of verifier/receipt.h: receipts over trees of every small size, and every byte of one changed. */
#include "verifier/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/ed25519.h"

enum { LEAVES_MAX = 20 };

struct made {
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct hash chain;
    struct hash root;
    struct receipt receipt;
    uint8_t entry[3];
    uint8_t buffer[RECEIPT_BYTES_MAX];
    struct slice bytes;
};

static void entry_of(uint64_t index, uint8_t ret_entry[3]) {
    ret_entry[0] = 'e';
    ret_entry[1] = (uint8_t)(index >> 8);
    ret_entry[2] = (uint8_t)index;
}

/* The plainest definition of RFC 9162, section 2.1.1. */
static void root_of(uint64_t first, uint64_t count, struct hash *ret_root) {
    uint8_t entry[3];
    struct hash left;
    struct hash right;
    if (count == 1) {
        entry_of(first, entry);
        merkle_leaf(slice_of(entry, sizeof entry), ret_root);
        return;
    }
    uint64_t k = 1;
    while (2 * k < count) k *= 2;
    root_of(first, k, &left);
    root_of(first + k, count - k, &right);
    merkle_node(&left, &right, ret_root);
}

/* Section 2.1.3.1. */
static void path_of(uint64_t index, uint64_t first, uint64_t count, struct receipt *receipt) {
    if (count == 1) return;
    uint64_t k = 1;
    while (2 * k < count) k *= 2;
    if (index < k) {
        path_of(index, first, k, receipt);
        root_of(first + k, count - k, &receipt->proof[receipt->proof_count++]);
    } else {
        path_of(index - k, first + k, count - k, receipt);
        root_of(first, k, &receipt->proof[receipt->proof_count++]);
    }
}

static void make(struct made *made, uint64_t size, uint64_t index) {
    static const uint8_t seed[ED25519_SEED_BYTES] = {7};
    ed25519_from_seed(seed, made->secret, made->key);
    memset(made->chain.bytes, 0xc4, HASH_BYTES);
    made->receipt = (struct receipt){.member = 258 % MEMBERS_MAX, .size = size, .index = index};
    path_of(index, 0, size, &made->receipt);
    root_of(0, size, &made->root);
    entry_of(index, made->entry);
    struct writer writer = writer_of(made->buffer, sizeof made->buffer);
    receipt_sign(&made->receipt, &made->root, &made->chain, made->secret, &writer);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    made->bytes = writer_slice(&writer);
}

static enum status verify(const struct made *made, struct receipt *ret_receipt) {
    return receipt_verify(made->bytes, slice_of(made->entry, sizeof made->entry), &made->chain, made->key,
                          ret_receipt);
}

static void every_leaf_of_every_small_tree_then_verified(void **state) {
    (void)state;
    static struct made made;
    struct receipt read;
    for (uint64_t size = 2; size <= LEAVES_MAX; size++) {
        for (uint64_t index = 0; index < size; index++) {
            make(&made, size, index);
            assert_int_equal(verify(&made, &read), STATUS_OK);
            assert_int_equal(read.size, size);
            assert_int_equal(read.index, index);
            assert_int_equal(read.member, 2);
            made.entry[2] ^= 1;
            assert_int_equal(verify(&made, &read), STATUS_BAD_SIGNATURE);
        }
    }
}

/* A receipt that differs anywhere is none. The one exception is the size, which RFC 9942 leaves unsigned: two trees may have a
 * leaf in the same place with the same path to it, and then only the root tells them apart. */
static void any_byte_changed_then_refused(void **state) {
    (void)state;
    static struct made made;
    struct receipt read;
    make(&made, 11, 6);
    for (size_t i = 0; i < made.bytes.bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            made.buffer[i] ^= (uint8_t)(1u << bit);
            enum status status = verify(&made, &read);
            if (status == STATUS_OK && (read.index != 6 || read.size == 11)) fail_msg("byte %zu, bit %u", i, bit);
            made.buffer[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_int_equal(verify(&made, &read), STATUS_OK);
    for (size_t bytes = 0; bytes < made.bytes.bytes; bytes++) {
        struct made cut = made;
        cut.bytes = slice_of(cut.buffer, bytes);
        assert_int_not_equal(verify(&cut, &read), STATUS_OK);
    }
}

static void another_chain_key_or_length_of_the_path_then_refused(void **state) {
    (void)state;
    static struct made made;
    struct receipt read;
    make(&made, 9, 4);
    made.chain.bytes[31] ^= 1;
    assert_int_equal(verify(&made, &read), STATUS_WRONG_CHAIN);
    made.chain.bytes[31] ^= 1;
    made.key[0] ^= 1;
    assert_int_equal(verify(&made, &read), STATUS_BAD_SIGNATURE);
    for (uint32_t count = 1; count < 8; count++) {
        make(&made, 9, 4);
        uint32_t right = made.receipt.proof_count;
        made.receipt.proof_count = count;
        struct writer writer = writer_of(made.buffer, sizeof made.buffer);
        receipt_sign(&made.receipt, &made.root, &made.chain, made.secret, &writer);
        made.bytes = writer_slice(&writer);
        assert_int_equal(verify(&made, &read), count == right ? STATUS_OK : STATUS_BAD_PROOF);
    }
}

/* The form, spelt out once by hand: tag, protected header, proof, detached payload. */
static void small_receipt_then_these_bytes(void **state) {
    (void)state;
    static struct made made;
    make(&made, 2, 0);
    static const uint8_t begin[] = {0xd2, 0x84, 0x58, 0x59, 0xa4, 0x01, 0x27, 0x04, 0x42, 0x00,
                                    0x02, 0x0f, 0xa1, 0x01, 0x78, 0x49, 'c',  'r',  'e',  'd',
                                    'i',  'm',  'u',  's',  '/',  'c',  '4',  'c',  '4'};
    static const uint8_t middle[] = {'c',  '4',  0x19, 0x01, 0x8b, 0x01, 0xa1, 0x19, 0x01, 0x8c, 0xa1,
                                     0x20, 0x81, 0x58, 0x26, 0x83, 0x02, 0x00, 0x81, 0x58, 0x20};
    enum { HEADER = 4, HEADER_BYTES = 0x59, MIDDLE_AT = HEADER + HEADER_BYTES - 6 };
    assert_memory_equal(made.bytes.data, begin, sizeof begin);
    assert_memory_equal(made.bytes.data + MIDDLE_AT, middle, sizeof middle);
    const uint8_t *after = made.bytes.data + MIDDLE_AT + sizeof middle + HASH_BYTES;
    assert_int_equal(after[0], 0xf6);
    assert_int_equal(after[1], 0x58);
    assert_int_equal(after[2], SIGNATURE_BYTES);
    assert_ptr_equal(after + 3 + SIGNATURE_BYTES, made.bytes.data + made.bytes.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_leaf_of_every_small_tree_then_verified),
        cmocka_unit_test(any_byte_changed_then_refused),
        cmocka_unit_test(another_chain_key_or_length_of_the_path_then_refused),
        cmocka_unit_test(small_receipt_then_these_bytes),
    };
    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
