/* The oracle for Merkle trees: the recursive definitions of RFC 9162, section 2.1, word for word, over OpenSSL's
 * one-shot hash. Nothing of the code under test is called. */
#ifndef TESTS_CRYPTO_ORACLE_H
#define TESTS_CRYPTO_ORACLE_H

#include <openssl/evp.h>

#include "vectors.h"

enum { ORACLE_SIZE_MAX = 130 };

static inline struct hash oracle_hash(uint8_t prefix, const void *data, size_t bytes) {
    uint8_t message[1 + 2 * HASH_BYTES + 64];
    struct hash hash;
    assert_true(bytes < sizeof message);
    message[0] = prefix;
    if (bytes > 0) memcpy(message + 1, data, bytes);
    assert_int_equal(EVP_Digest(message, 1 + bytes, hash.bytes, NULL, EVP_sha256(), NULL), 1);
    return hash;
}

static inline struct hash oracle_leaf(const void *entry, size_t bytes) { return oracle_hash(0x00, entry, bytes); }

static inline struct hash oracle_node(struct hash left, struct hash right) {
    uint8_t children[2 * HASH_BYTES];
    memcpy(children, left.bytes, HASH_BYTES);
    memcpy(children + HASH_BYTES, right.bytes, HASH_BYTES);
    return oracle_hash(0x01, children, sizeof children);
}

/* The largest power of two below n; n >= 2. */
static inline size_t oracle_split(size_t n) {
    size_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
}

/* MTH over leaf hashes. Recursion as deep as the tree: at most 8 levels here. */
static inline struct hash oracle_root(const struct hash *leaves, size_t n) {
    if (n == 0) {
        struct hash empty;
        assert_int_equal(EVP_Digest("", 0, empty.bytes, NULL, EVP_sha256(), NULL), 1);
        return empty;
    }
    if (n == 1) return leaves[0];
    size_t k = oracle_split(n);
    return oracle_node(oracle_root(leaves, k), oracle_root(leaves + k, n - k));
}

/* PATH(m, D_n): writes the hashes and returns how many. */
static inline size_t oracle_path(size_t m, const struct hash *leaves, size_t n, struct hash *ret_path) {
    if (n == 1) return 0;
    size_t k = oracle_split(n);
    size_t count = m < k ? oracle_path(m, leaves, k, ret_path) : oracle_path(m - k, leaves + k, n - k, ret_path);
    ret_path[count] = m < k ? oracle_root(leaves + k, n - k) : oracle_root(leaves, k);
    return count + 1;
}

/* SUBPROOF(m, D_n, b); PROOF(m, D_n) is that with b true. */
static inline size_t oracle_subproof(size_t m, const struct hash *leaves, size_t n, bool b, struct hash *ret_proof) {
    if (m == n) {
        if (b) return 0;
        ret_proof[0] = oracle_root(leaves, n);
        return 1;
    }
    size_t k = oracle_split(n);
    size_t count = m <= k ? oracle_subproof(m, leaves, k, b, ret_proof)
                          : oracle_subproof(m - k, leaves + k, n - k, false, ret_proof);
    ret_proof[count] = m <= k ? oracle_root(leaves + k, n - k) : oracle_root(leaves, k);
    return count + 1;
}

#define assert_hash_equal(a, b) assert_memory_equal((a).bytes, (b).bytes, HASH_BYTES)

static inline void assert_hashes_equal(const struct hash *a, size_t a_count, const struct hash *b, size_t b_count) {
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) assert_hash_equal(a[i], b[i]);
}

#endif
