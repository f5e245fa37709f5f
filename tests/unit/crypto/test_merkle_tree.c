/* The updatable tree against the recursive definition, under random appends and sets. */
#include "crypto/merkle_tree.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/prng.h"
#include "oracle.h"

static struct hash random_hash(struct prng *prng) {
    struct hash hash;
    for (size_t i = 0; i < HASH_BYTES; i++) hash.bytes[i] = (uint8_t)prng_next(prng);
    return hash;
}

static void check_against(const struct merkle_tree *tree, const struct hash *leaves, size_t count) {
    struct hash root, expected = oracle_root(leaves, count);
    assert_int_equal(merkle_tree_count(tree), count);
    merkle_tree_root(tree, &root);
    assert_hash_equal(root, expected);
    for (size_t index = 0; index < count; index++) {
        struct hash proof[MERKLE_PROOF_MAX], path[MERKLE_PROOF_MAX];
        size_t proof_count = 0;
        assert_int_equal(merkle_tree_inclusion(tree, index, proof, &proof_count), STATUS_OK);
        assert_hashes_equal(proof, proof_count, path, oracle_path(index, leaves, count, path));
        assert_int_equal(merkle_inclusion_check(&leaves[index], index, count, proof, proof_count, &root), STATUS_OK);
    }
}

static void random_appends_and_sets_then_as_defined(void **state) {
    (void)state;
    uint64_t seed = 41;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    /* Capacities around powers of two: levels then have odd widths. */
    static const uint64_t capacities[] = {1, 2, 3, 7, 8, 9, 31, 33, 40};
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        struct hash leaves[40];
        struct merkle_tree tree;
        size_t bytes = merkle_tree_bytes(capacities[i]), count = 0;
        uint8_t *memory = malloc(bytes + 1);
        assert_non_null(memory);
        memset(memory, 0xee, bytes + 1);
        merkle_tree_init(&tree, memory, capacities[i]);
        for (int step = 0; step < 120; step++) {
            struct hash leaf = random_hash(&prng);
            if (count < capacities[i] && (count == 0 || prng_chance(&prng, 2, 3))) {
                assert_int_equal(merkle_tree_append(&tree, &leaf), STATUS_OK);
                leaves[count++] = leaf;
            } else {
                size_t index = (size_t)prng_below(&prng, count);
                merkle_tree_set(&tree, index, &leaf);
                leaves[index] = leaf;
            }
            check_against(&tree, leaves, count);
        }
        assert_int_equal(memory[bytes], 0xee);
        free(memory);
    }
}

static void nothing_appended_then_the_empty_root(void **state) {
    (void)state;
    struct hash memory[4], root, expected = oracle_root(NULL, 0);
    struct merkle_tree tree;
    assert_true(merkle_tree_bytes(2) <= sizeof memory);
    merkle_tree_init(&tree, memory, 2);
    merkle_tree_root(&tree, &root);
    assert_hash_equal(root, expected);
    merkle_tree_init(&tree, NULL, 0);
    merkle_tree_root(&tree, &root);
    assert_hash_equal(root, expected);
    assert_int_equal(merkle_tree_append(&tree, &root), STATUS_STATE_FULL);
}

static void capacity_used_up_then_refused_and_unchanged(void **state) {
    (void)state;
    struct hash memory[6], leaf = {{1}}, before, after;
    struct merkle_tree tree;
    assert_int_equal(merkle_tree_bytes(3), 4 * sizeof(struct hash));
    merkle_tree_init(&tree, memory, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(merkle_tree_append(&tree, &leaf), STATUS_OK);
    merkle_tree_root(&tree, &before);
    assert_int_equal(merkle_tree_append(&tree, &leaf), STATUS_STATE_FULL);
    merkle_tree_root(&tree, &after);
    assert_hash_equal(before, after);
    assert_int_equal(merkle_tree_count(&tree), 3);
}

static void index_not_in_use_then_no_proof(void **state) {
    (void)state;
    struct hash memory[8], leaf = {{1}}, proof[MERKLE_PROOF_MAX];
    struct merkle_tree tree;
    size_t count = 7;
    merkle_tree_init(&tree, memory, 4);
    assert_int_equal(merkle_tree_inclusion(&tree, 0, proof, &count), STATUS_BAD_VALUE);
    assert_int_equal(merkle_tree_append(&tree, &leaf), STATUS_OK);
    assert_int_equal(merkle_tree_inclusion(&tree, 1, proof, &count), STATUS_BAD_VALUE);
    assert_int_equal(count, 7);
    assert_int_equal(merkle_tree_inclusion(&tree, 0, proof, &count), STATUS_OK);
    assert_int_equal(count, 0);
}

static void capacities_then_bytes_that_hold_them_or_none(void **state) {
    (void)state;
    assert_int_equal(merkle_tree_bytes(0), 0);
    assert_int_equal(merkle_tree_bytes(1), HASH_BYTES);
    assert_int_equal(merkle_tree_bytes(8), 15 * HASH_BYTES);
    assert_true(merkle_tree_bytes(UINT64_MAX) == SIZE_MAX);
    assert_true(merkle_tree_bytes(UINT64_C(1) << 58) == SIZE_MAX);
    assert_true(merkle_tree_bytes(UINT64_C(1) << 57) == ((size_t)2 << 57) * HASH_BYTES - HASH_BYTES);
}

static void huge_capacity_then_only_used_pages_are_touched(void **state) {
    (void)state;
    uint64_t capacity = UINT64_C(1) << 32; /* 256 GiB of address space */
    size_t bytes = merkle_tree_bytes(capacity);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) skip();
    struct merkle_tree tree;
    struct hash leaves[100];
    struct prng prng = prng_seeded(5);
    merkle_tree_init(&tree, memory, capacity);
    for (size_t i = 0; i < 100; i++) {
        leaves[i] = random_hash(&prng);
        assert_int_equal(merkle_tree_append(&tree, &leaves[i]), STATUS_OK);
    }
    check_against(&tree, leaves, 100);
    unsigned char resident[64];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    /* Far from the start of a level nothing is resident. */
    assert_int_equal(mincore((uint8_t *)memory + (bytes / 4 / page) * page, page * sizeof resident, resident), 0);
    for (size_t i = 0; i < sizeof resident; i++) assert_int_equal(resident[i] & 1, 0);
    munmap(memory, bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_appends_and_sets_then_as_defined),
        cmocka_unit_test(nothing_appended_then_the_empty_root),
        cmocka_unit_test(capacity_used_up_then_refused_and_unchanged),
        cmocka_unit_test(index_not_in_use_then_no_proof),
        cmocka_unit_test(capacities_then_bytes_that_hold_them_or_none),
        cmocka_unit_test(huge_capacity_then_only_used_pages_are_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
