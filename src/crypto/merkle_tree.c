#include "crypto/merkle_tree.h"

#include "base/check.h"
#include "base/num.h"

/* Level l has room for capacity >> l complete nodes and follows level l - 1. */
static uint64_t level_start(uint64_t capacity, uint32_t level) {
    uint64_t start = 0;
    for (uint32_t below = 0; below < level; below++) start += capacity >> below;
    return start;
}

size_t merkle_tree_bytes(uint64_t capacity) {
    /* All levels together stay below twice the leaves. */
    uint64_t nodes, bytes;
    if (!num_mul_u64(capacity, 2, &nodes) || !num_mul_u64(nodes, HASH_BYTES, &bytes)) return SIZE_MAX;
    return (size_t)(level_start(capacity, MERKLE_LEVELS_MAX) * HASH_BYTES);
}

void merkle_tree_init(struct merkle_tree *tree, void *memory, uint64_t capacity) {
    CHECK(memory != NULL || capacity == 0);
    CHECK(merkle_tree_bytes(capacity) != SIZE_MAX);
    *tree = (struct merkle_tree){memory, capacity, 0};
}

/* Hashes every ancestor of the leaf at `index` that is complete: whose two children are. */
static void update_ancestors(struct merkle_tree *tree, uint64_t index) {
    struct hash *level = tree->nodes;
    uint64_t width = tree->capacity;
    for (uint64_t complete = tree->count; (index | 1) < complete; complete >>= 1) {
        const struct hash *left = &level[index & ~UINT64_C(1)];
        index >>= 1;
        level += width;
        width >>= 1;
        merkle_node(left, left + 1, &level[index]);
    }
}

enum status merkle_tree_append(struct merkle_tree *tree, const struct hash *leaf_hash) {
    if (tree->count == tree->capacity) return STATUS_STATE_FULL;
    tree->nodes[tree->count] = *leaf_hash;
    tree->count++;
    update_ancestors(tree, tree->count - 1);
    return STATUS_OK;
}

void merkle_tree_set(struct merkle_tree *tree, uint64_t index, const struct hash *leaf_hash) {
    CHECK(index < tree->count);
    tree->nodes[index] = *leaf_hash;
    update_ancestors(tree, index);
}

uint64_t merkle_tree_count(const struct merkle_tree *tree) { return tree->count; }

static enum status read_node(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) {
    const struct merkle_tree *tree = context;
    CHECK(level < MERKLE_LEVELS_MAX && index < tree->count >> level);
    *ret_hash = tree->nodes[level_start(tree->capacity, level) + index];
    return STATUS_OK;
}

void merkle_tree_root(const struct merkle_tree *tree, struct hash *ret_root) {
    struct merkle_tree view = *tree;
    CHECK(merkle_root_of_size(view.count, read_node, &view, ret_root) == STATUS_OK);
}

enum status merkle_tree_inclusion(const struct merkle_tree *tree, uint64_t index,
                                  struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) {
    struct merkle_tree view = *tree;
    return merkle_inclusion_make(index, view.count, read_node, &view, ret_proof, ret_count);
}
