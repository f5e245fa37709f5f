/* Merkle trees and proofs: the published vectors of Certificate Transparency, then every size, index and pair of
 * sizes up to 40 against the recursive definition, with every proof also broken in every hash. */
#include "crypto/merkle.h"

#include "oracle.h"

enum { SIZES = 41, LEVELS = 8 };

/* The complete nodes of one growing tree, as a ledger keeps them. */
struct store {
    struct hash nodes[LEVELS][ORACLE_SIZE_MAX];
    struct hash leaves[ORACLE_SIZE_MAX];
    struct merkle_frontier frontier;
    size_t reads_left; /* reads that still succeed */
};

static enum status store_read(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) {
    struct store *store = context;
    if (store->reads_left == 0) return STATUS_NOT_FOUND;
    store->reads_left--;
    assert_true(level < LEVELS && index < store->frontier.count >> level);
    *ret_hash = store->nodes[level][index];
    return STATUS_OK;
}

static void store_append(struct store *store, struct hash leaf) {
    struct hash nodes[MERKLE_LEVELS_MAX];
    uint64_t at = store->frontier.count;
    uint32_t levels = merkle_append_nodes(&store->frontier, &leaf, nodes);
    assert_true(levels >= 1 && levels <= LEVELS);
    store->leaves[at] = leaf;
    for (uint32_t level = 0; level < levels; level++) store->nodes[level][at >> level] = nodes[level];
}

static void store_fill(struct store *store, size_t size) {
    memset(store, 0, sizeof *store);
    merkle_frontier_init(&store->frontier);
    store->reads_left = SIZE_MAX;
    for (size_t i = 0; i < size; i++) {
        uint8_t entry[2] = {(uint8_t)i, 0x5a};
        store_append(store, oracle_leaf(entry, sizeof entry));
    }
}

static size_t load_hashes(const json_t *array, struct hash *ret_hashes) {
    size_t i;
    json_t *text;
    json_array_foreach(array, i, text) ret_hashes[i] = vectors_hash(json_string_value(text));
    return i;
}

static void load_published(const json_t *file, struct store *store, struct hash roots[9]) {
    store_fill(store, 0);
    size_t i;
    json_t *leaf;
    json_array_foreach(json_object_get(file, "leaves"), i, leaf) {
        uint8_t buffer[16];
        struct hash hash;
        merkle_leaf(vectors_bytes(json_string_value(leaf), buffer, sizeof buffer), &hash);
        store_append(store, hash);
    }
    assert_int_equal(i, 8);
    assert_int_equal(load_hashes(json_object_get(file, "roots"), roots), 9);
}

static void published_leaves_then_published_roots(void **state) {
    (void)state;
    static struct store store;
    struct hash roots[9], root;
    json_t *file = vectors_load("merkle/certificate_transparency.json");
    load_published(file, &store, roots);
    struct merkle_frontier frontier;
    merkle_frontier_init(&frontier);
    for (size_t size = 0; size <= 8; size++) {
        merkle_frontier_root(&frontier, &root);
        assert_hash_equal(root, roots[size]);
        assert_int_equal(merkle_root_of_size(size, store_read, &store, &root), STATUS_OK);
        assert_hash_equal(root, roots[size]);
        if (size < 8) merkle_append(&frontier, &store.leaves[size]);
    }
    json_decref(file);
}

static void published_inclusion_proofs_then_made_and_accepted(void **state) {
    (void)state;
    static struct store store;
    struct hash roots[9], expected[MERKLE_PROOF_MAX], proof[MERKLE_PROOF_MAX];
    json_t *file = vectors_load("merkle/certificate_transparency.json");
    load_published(file, &store, roots);
    size_t i, count;
    json_t *published;
    json_array_foreach(json_object_get(file, "inclusion"), i, published) {
        uint64_t index = vectors_number(published, "index"), size = vectors_number(published, "size");
        size_t expected_count = load_hashes(json_object_get(published, "proof"), expected);
        assert_int_equal(merkle_inclusion_make(index, size, store_read, &store, proof, &count), STATUS_OK);
        assert_hashes_equal(proof, count, expected, expected_count);
        assert_int_equal(
            merkle_inclusion_check(&store.leaves[index], index, size, expected, expected_count, &roots[size]),
            STATUS_OK);
    }
    assert_int_equal(i, 5);
    json_decref(file);
}

static void published_consistency_proofs_then_made_and_accepted(void **state) {
    (void)state;
    static struct store store;
    struct hash roots[9], expected[MERKLE_PROOF_MAX], proof[MERKLE_PROOF_MAX];
    json_t *file = vectors_load("merkle/certificate_transparency.json");
    load_published(file, &store, roots);
    size_t i, count;
    json_t *published;
    json_array_foreach(json_object_get(file, "consistency"), i, published) {
        uint64_t old_size = vectors_number(published, "old_size"), new_size = vectors_number(published, "new_size");
        size_t expected_count = load_hashes(json_object_get(published, "proof"), expected);
        assert_int_equal(merkle_consistency_make(old_size, new_size, store_read, &store, proof, &count), STATUS_OK);
        assert_hashes_equal(proof, count, expected, expected_count);
        assert_int_equal(merkle_consistency_check(old_size, &roots[old_size], new_size, &roots[new_size], expected,
                                                  expected_count),
                         STATUS_OK);
    }
    assert_int_equal(i, 4);
    json_decref(file);
}

static void leaves_and_nodes_then_as_defined(void **state) {
    (void)state;
    struct hash leaf, node, expected;
    merkle_leaf(slice_of(NULL, 0), &leaf);
    expected = oracle_leaf(NULL, 0);
    assert_hash_equal(leaf, expected);
    merkle_leaf(slice_of_text("entry"), &node);
    expected = oracle_node(leaf, node);
    merkle_node(&leaf, &node, &node);
    assert_hash_equal(node, expected);
}

static void every_size_then_root_and_completed_nodes_as_defined(void **state) {
    (void)state;
    static struct store store;
    store_fill(&store, 0);
    for (size_t size = 0; size < ORACLE_SIZE_MAX; size++) {
        struct hash root, expected = oracle_root(store.leaves, size);
        merkle_frontier_root(&store.frontier, &root);
        assert_hash_equal(root, expected);
        assert_int_equal(merkle_root_of_size(size, store_read, &store, &root), STATUS_OK);
        assert_hash_equal(root, expected);
        uint8_t entry = (uint8_t)size;
        store_append(&store, oracle_leaf(&entry, 1));
    }
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (size_t index = 0; index < store.frontier.count >> level; index++) {
            struct hash expected = oracle_root(store.leaves + (index << level), (size_t)1 << level);
            assert_hash_equal(store.nodes[level][index], expected);
        }
    }
}

static void refuse_broken_inclusion(const struct store *store, uint64_t index, uint64_t size,
                                    struct hash proof[MERKLE_PROOF_MAX], size_t count, const struct hash *root) {
    const struct hash *leaf = &store->leaves[index];
    for (size_t i = 0; i < count; i++) {
        proof[i].bytes[i % HASH_BYTES] ^= 0x10;
        assert_int_equal(merkle_inclusion_check(leaf, index, size, proof, count, root), STATUS_BAD_PROOF);
        proof[i].bytes[i % HASH_BYTES] ^= 0x10;
    }
    if (count > 0) {
        assert_int_equal(merkle_inclusion_check(leaf, index, size, proof, count - 1, root), STATUS_BAD_PROOF);
        assert_int_equal(merkle_inclusion_check(leaf, index, size, proof + 1, count - 1, root), STATUS_BAD_PROOF);
    }
    proof[count] = *root;
    assert_int_equal(merkle_inclusion_check(leaf, index, size, proof, count + 1, root), STATUS_BAD_PROOF);
    for (uint64_t other = 0; other <= size; other++) {
        if (other == index) continue;
        assert_int_equal(merkle_inclusion_check(leaf, other, size, proof, count, root), STATUS_BAD_PROOF);
    }
    struct hash wrong_leaf = *leaf;
    wrong_leaf.bytes[31] ^= 1;
    assert_int_equal(merkle_inclusion_check(&wrong_leaf, index, size, proof, count, root), STATUS_BAD_PROOF);
}

static void every_inclusion_proof_then_as_defined_and_broken_ones_refused(void **state) {
    (void)state;
    static struct store store;
    store_fill(&store, SIZES);
    for (size_t size = 1; size < SIZES; size++) {
        struct hash root = oracle_root(store.leaves, size);
        for (size_t index = 0; index < size; index++) {
            struct hash expected[MERKLE_PROOF_MAX], proof[MERKLE_PROOF_MAX];
            size_t count = 0, expected_count = oracle_path(index, store.leaves, size, expected);
            assert_int_equal(merkle_inclusion_make(index, size, store_read, &store, proof, &count), STATUS_OK);
            assert_hashes_equal(proof, count, expected, expected_count);
            assert_int_equal(merkle_inclusion_check(&store.leaves[index], index, size, proof, count, &root),
                             STATUS_OK);
            refuse_broken_inclusion(&store, index, size, proof, count, &root);
        }
    }
}

static void refuse_broken_consistency(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                                      const struct hash *new_root, struct hash proof[MERKLE_PROOF_MAX],
                                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        proof[i].bytes[i % HASH_BYTES] ^= 0x10;
        assert_int_equal(merkle_consistency_check(old_size, old_root, new_size, new_root, proof, count),
                         STATUS_BAD_PROOF);
        proof[i].bytes[i % HASH_BYTES] ^= 0x10;
    }
    if (count > 0) {
        assert_int_equal(merkle_consistency_check(old_size, old_root, new_size, new_root, proof, count - 1),
                         STATUS_BAD_PROOF);
        assert_int_equal(merkle_consistency_check(old_size, old_root, new_size, new_root, proof + 1, count - 1),
                         STATUS_BAD_PROOF);
    }
    proof[count] = *new_root;
    assert_int_equal(merkle_consistency_check(old_size, old_root, new_size, new_root, proof, count + 1),
                     STATUS_BAD_PROOF);
    struct hash wrong = *old_root;
    wrong.bytes[0] ^= 1;
    assert_int_equal(merkle_consistency_check(old_size, &wrong, new_size, new_root, proof, count), STATUS_BAD_PROOF);
    if (old_size == 0) return; /* The empty tree is consistent with any root. */
    wrong = *new_root;
    wrong.bytes[0] ^= 1;
    assert_int_equal(merkle_consistency_check(old_size, old_root, new_size, &wrong, proof, count), STATUS_BAD_PROOF);
}

static void every_consistency_proof_then_as_defined_and_broken_ones_refused(void **state) {
    (void)state;
    static struct store store;
    store_fill(&store, SIZES);
    for (size_t new_size = 0; new_size < SIZES; new_size++) {
        struct hash new_root = oracle_root(store.leaves, new_size);
        for (size_t old_size = 0; old_size <= new_size; old_size++) {
            struct hash old_root = oracle_root(store.leaves, old_size);
            struct hash expected[MERKLE_PROOF_MAX], proof[MERKLE_PROOF_MAX];
            size_t count = 99, expected_count = 0;
            if (old_size > 0) expected_count = oracle_subproof(old_size, store.leaves, new_size, true, expected);
            assert_int_equal(merkle_consistency_make(old_size, new_size, store_read, &store, proof, &count),
                             STATUS_OK);
            assert_hashes_equal(proof, count, expected, expected_count);
            assert_int_equal(merkle_consistency_check(old_size, &old_root, new_size, &new_root, proof, count),
                             STATUS_OK);
            refuse_broken_consistency(old_size, &old_root, new_size, &new_root, proof, count);
        }
    }
}

static void sizes_or_index_out_of_range_then_refused(void **state) {
    (void)state;
    static struct store store;
    struct hash proof[MERKLE_PROOF_MAX], root;
    size_t count = 7;
    store_fill(&store, 4);
    merkle_frontier_root(&store.frontier, &root);
    assert_int_equal(merkle_inclusion_make(4, 4, store_read, &store, proof, &count), STATUS_BAD_VALUE);
    assert_int_equal(merkle_inclusion_make(0, 0, store_read, &store, proof, &count), STATUS_BAD_VALUE);
    assert_int_equal(merkle_consistency_make(4, 3, store_read, &store, proof, &count), STATUS_BAD_VALUE);
    assert_int_equal(count, 7);
    assert_int_equal(merkle_inclusion_check(&root, 0, 0, NULL, 0, &root), STATUS_BAD_PROOF);
    assert_int_equal(merkle_inclusion_check(&root, 1, 1, NULL, 0, &root), STATUS_BAD_PROOF);
    assert_int_equal(merkle_inclusion_check(&root, 0, 1, NULL, 0, &root), STATUS_OK);
    assert_int_equal(merkle_consistency_check(5, &root, 4, &root, NULL, 0), STATUS_BAD_PROOF);
    assert_int_equal(merkle_consistency_check(4, &root, 4, &root, NULL, 0), STATUS_OK);
    assert_int_equal(merkle_consistency_check(0, &root, 4, &root, NULL, 0), STATUS_BAD_PROOF);
    assert_int_equal(merkle_consistency_check(0, &root, 0, &root, NULL, 0), STATUS_BAD_PROOF);
}

static void proof_hash_of_the_same_level_moved_then_refused(void **state) {
    (void)state;
    static struct store store;
    struct hash proof[MERKLE_PROOF_MAX], root;
    size_t count;
    store_fill(&store, 8);
    merkle_frontier_root(&store.frontier, &root);
    assert_int_equal(merkle_inclusion_make(2, 8, store_read, &store, proof, &count), STATUS_OK);
    assert_int_equal(count, 3);
    struct hash swapped[3] = {proof[1], proof[0], proof[2]};
    assert_int_equal(merkle_inclusion_check(&store.leaves[2], 2, 8, swapped, 3, &root), STATUS_BAD_PROOF);
    /* A node passed off as a leaf of a smaller tree. */
    assert_int_equal(merkle_inclusion_check(&store.nodes[1][1], 1, 4, proof + 1, 2, &root), STATUS_OK);
    assert_int_equal(merkle_inclusion_check(&store.nodes[1][1], 1, 8, proof + 1, 2, &root), STATUS_BAD_PROOF);
}

static void largest_size_then_bounded_and_refused(void **state) {
    (void)state;
    struct hash proof[MERKLE_PROOF_MAX] = {{{0}}}, hash = {{0}};
    for (size_t count = 0; count <= MERKLE_PROOF_MAX; count++) {
        assert_int_equal(merkle_inclusion_check(&hash, 0, UINT64_MAX, proof, count, &hash), STATUS_BAD_PROOF);
        assert_int_equal(merkle_inclusion_check(&hash, UINT64_MAX - 1, UINT64_MAX, proof, count, &hash),
                         STATUS_BAD_PROOF);
        assert_int_equal(merkle_consistency_check(1, &hash, UINT64_MAX, &hash, proof, count), STATUS_BAD_PROOF);
        assert_int_equal(merkle_consistency_check(UINT64_MAX - 1, &hash, UINT64_MAX, &hash, proof, count),
                         STATUS_BAD_PROOF);
    }
}

/* A tree of equal leaves needs no store: all complete nodes of one level are equal. */
static enum status uniform_read(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) {
    (void)index;
    const struct hash *nodes = context;
    assert_true(level < MERKLE_LEVELS_MAX);
    *ret_hash = nodes[level];
    return STATUS_OK;
}

static void proofs_of_the_largest_trees_then_accepted(void **state) {
    (void)state;
    static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 1, (UINT64_C(1) << 63) + 1, UINT64_C(1) << 63,
                                     UINT64_C(0xaaaaaaaaaaaaaaab)};
    struct hash nodes[MERKLE_LEVELS_MAX], root, old_root, proof[MERKLE_PROOF_MAX];
    nodes[0] = oracle_leaf("same", 4);
    for (size_t i = 1; i < MERKLE_LEVELS_MAX; i++) nodes[i] = oracle_node(nodes[i - 1], nodes[i - 1]);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t size = sizes[i];
        size_t count;
        assert_int_equal(merkle_root_of_size(size, uniform_read, nodes, &root), STATUS_OK);
        const uint64_t places[] = {1, 2, 3, size / 2, size / 3, size - 2, size - 1};
        for (size_t j = 0; j < sizeof places / sizeof places[0]; j++) {
            uint64_t place = places[j];
            assert_int_equal(merkle_inclusion_make(place, size, uniform_read, nodes, proof, &count), STATUS_OK);
            assert_true(count <= MERKLE_LEVELS_MAX);
            assert_int_equal(merkle_inclusion_check(&nodes[0], place, size, proof, count, &root), STATUS_OK);
            assert_int_equal(merkle_root_of_size(place, uniform_read, nodes, &old_root), STATUS_OK);
            assert_int_equal(merkle_consistency_make(place, size, uniform_read, nodes, proof, &count), STATUS_OK);
            assert_true(count <= MERKLE_PROOF_MAX);
            assert_int_equal(merkle_consistency_check(place, &old_root, size, &root, proof, count), STATUS_OK);
        }
    }
}

static void read_fails_then_its_status_and_outputs_untouched(void **state) {
    (void)state;
    static struct store store;
    static const struct hash zero;
    store_fill(&store, 23);
    for (size_t reads = 0; reads < 3; reads++) {
        struct hash proof[MERKLE_PROOF_MAX] = {{{0}}}, root = zero;
        size_t count = 7;
        store.reads_left = reads;
        assert_int_equal(merkle_inclusion_make(3, 23, store_read, &store, proof, &count), STATUS_NOT_FOUND);
        store.reads_left = reads;
        assert_int_equal(merkle_consistency_make(7, 23, store_read, &store, proof, &count), STATUS_NOT_FOUND);
        store.reads_left = reads;
        assert_int_equal(merkle_root_of_size(23, store_read, &store, &root), STATUS_NOT_FOUND);
        assert_int_equal(count, 7);
        assert_hash_equal(proof[0], zero);
        assert_hash_equal(root, zero);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_leaves_then_published_roots),
        cmocka_unit_test(published_inclusion_proofs_then_made_and_accepted),
        cmocka_unit_test(published_consistency_proofs_then_made_and_accepted),
        cmocka_unit_test(leaves_and_nodes_then_as_defined),
        cmocka_unit_test(every_size_then_root_and_completed_nodes_as_defined),
        cmocka_unit_test(every_inclusion_proof_then_as_defined_and_broken_ones_refused),
        cmocka_unit_test(every_consistency_proof_then_as_defined_and_broken_ones_refused),
        cmocka_unit_test(sizes_or_index_out_of_range_then_refused),
        cmocka_unit_test(proof_hash_of_the_same_level_moved_then_refused),
        cmocka_unit_test(largest_size_then_bounded_and_refused),
        cmocka_unit_test(proofs_of_the_largest_trees_then_accepted),
        cmocka_unit_test(read_fails_then_its_status_and_outputs_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
