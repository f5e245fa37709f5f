#include "crypto/merkle.h"

#include "base/check.h"
#include "base/num.h"
#include "crypto/sha256.h"

/* RFC 9162, section 2.1.1: different first bytes, so that no entry can pass for a node. */
enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01 };

void merkle_leaf(struct slice entry, struct hash *ret_hash) {
    static const uint8_t prefix = LEAF_PREFIX;
    struct sha256 sha256;
    sha256_begin(&sha256);
    sha256_add(&sha256, &prefix, sizeof prefix);
    sha256_add(&sha256, entry.data, entry.bytes);
    sha256_end(&sha256, ret_hash);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret_hash) {
    uint8_t message[1 + 2 * HASH_BYTES];
    message[0] = NODE_PREFIX;
    memcpy(message + 1, left->bytes, HASH_BYTES);
    memcpy(message + 1 + HASH_BYTES, right->bytes, HASH_BYTES);
    sha256_of(slice_of(message, sizeof message), ret_hash);
}

static void empty_root(struct hash *ret_root) { sha256_of(slice_of(NULL, 0), ret_root); }

/* The growing tree. */

void merkle_frontier_init(struct merkle_frontier *frontier) { *frontier = (struct merkle_frontier){.count = 0}; }

uint32_t merkle_append_nodes(struct merkle_frontier *frontier, const struct hash *leaf_hash,
                             struct hash ret_nodes[MERKLE_LEVELS_MAX]) {
    CHECK(frontier->count < UINT64_MAX);
    /* As adding one to `count` in binary: a peak at every trailing one bit is merged and carried on. */
    uint32_t level = 0;
    ret_nodes[0] = *leaf_hash;
    while (frontier->count >> level & 1) {
        merkle_node(&frontier->peaks[level], &ret_nodes[level], &ret_nodes[level + 1]);
        level++;
    }
    frontier->peaks[level] = ret_nodes[level];
    frontier->count++;
    return level + 1;
}

void merkle_append(struct merkle_frontier *frontier, const struct hash *leaf_hash) {
    struct hash nodes[MERKLE_LEVELS_MAX];
    (void)merkle_append_nodes(frontier, leaf_hash, nodes);
}

void merkle_frontier_root(const struct merkle_frontier *frontier, struct hash *ret_root) {
    if (frontier->count == 0) {
        empty_root(ret_root);
        return;
    }
    uint32_t level = (uint32_t)__builtin_ctzll(frontier->count);
    struct hash root = frontier->peaks[level];
    for (level++; level < MERKLE_LEVELS_MAX; level++) {
        if (frontier->count >> level & 1) merkle_node(&frontier->peaks[level], &root, &root);
    }
    *ret_root = root;
}

/* Checking proofs. Both checks climb from a node to the root, as RFC 9162 has it: `node` is the index of the node
 * reached, `last` that of the last node of its level. */

struct climb {
    uint64_t node;
    uint64_t last;
};

static void step_up(struct climb *climb) {
    climb->node >>= 1;
    climb->last >>= 1;
}

/* Whether the next proof hash stands to the left of the node; when the node is a left one and the last of its level,
 * first climbs to where it has a left sibling. */
static bool sibling_is_left(struct climb *climb) {
    if (climb->node % 2 == 1) return true;
    if (climb->node != climb->last) return false;
    while (climb->node % 2 == 0 && climb->node != 0) step_up(climb);
    return true;
}

enum status merkle_inclusion_check(const struct hash *leaf_hash, uint64_t index, uint64_t size,
                                   const struct hash *proof, size_t proof_count, const struct hash *root) {
    if (index >= size) return STATUS_BAD_PROOF;
    struct climb climb = {index, size - 1};
    struct hash node = *leaf_hash;
    for (size_t i = 0; i < proof_count; i++) {
        if (climb.last == 0) return STATUS_BAD_PROOF;
        if (sibling_is_left(&climb))
            merkle_node(&proof[i], &node, &node);
        else
            merkle_node(&node, &proof[i], &node);
        step_up(&climb);
    }
    return climb.last == 0 && hash_equal(&node, root) ? STATUS_OK : STATUS_BAD_PROOF;
}

/* The general case, 0 < old_size < new_size: both roots are rebuilt from one node that both trees have. It is the
 * first proof hash, or the old root itself when that is a complete node. */
static enum status growth_check(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                                const struct hash *new_root, const struct hash *proof, size_t proof_count) {
    bool old_is_complete = (old_size & (old_size - 1)) == 0;
    if (!old_is_complete && proof_count == 0) return STATUS_BAD_PROOF;
    size_t at = old_is_complete ? 0 : 1;
    struct hash old_node = old_is_complete ? *old_root : proof[0];
    struct hash new_node = old_node;
    struct climb climb = {old_size - 1, new_size - 1};
    while (climb.node % 2 == 1) step_up(&climb);
    for (; at < proof_count; at++) {
        if (climb.last == 0) return STATUS_BAD_PROOF;
        if (sibling_is_left(&climb)) {
            merkle_node(&proof[at], &old_node, &old_node);
            merkle_node(&proof[at], &new_node, &new_node);
        } else {
            merkle_node(&new_node, &proof[at], &new_node);
        }
        step_up(&climb);
    }
    bool led_to_both = climb.last == 0 && hash_equal(&old_node, old_root) && hash_equal(&new_node, new_root);
    return led_to_both ? STATUS_OK : STATUS_BAD_PROOF;
}

enum status merkle_consistency_check(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                                     const struct hash *new_root, const struct hash *proof, size_t proof_count) {
    if (old_size > new_size) return STATUS_BAD_PROOF;
    if (old_size > 0 && old_size < new_size) {
        return growth_check(old_size, old_root, new_size, new_root, proof, proof_count);
    }
    if (proof_count != 0) return STATUS_BAD_PROOF;
    struct hash expected = *new_root;
    if (old_size == 0) empty_root(&expected);
    if (!hash_equal(old_root, &expected)) return STATUS_BAD_PROOF;
    return old_size < new_size || hash_equal(old_root, new_root) ? STATUS_OK : STATUS_BAD_PROOF;
}

/* Making proofs. */

struct source {
    merkle_read *read;
    void *context;
    uint64_t size; /* leaves of the whole tree */
};

/* The root over leaves begin .. end - 1, which must be a subtree of the RFC's splits: then it is the fold of one
 * complete node for each bit of its size, the largest leftmost. */
static enum status subtree_root(const struct source *source, uint64_t begin, uint64_t end, struct hash *ret_root) {
    uint64_t rest = end - begin;
    struct hash root;
    bool is_first = true;
    while (rest > 0) {
        uint32_t level = (uint32_t)__builtin_ctzll(rest);
        rest &= rest - 1;
        struct hash node;
        TRY(source->read(source->context, level, (begin + rest) >> level, &node));
        if (is_first)
            root = node;
        else
            merkle_node(&node, &root, &root);
        is_first = false;
    }
    CHECK(!is_first);
    *ret_root = root;
    return STATUS_OK;
}

struct path {
    struct hash hashes[MERKLE_PROOF_MAX];
    size_t count;
};

/* Adds the sibling of every node on the way from node `index` of `level` up to the root. The last node of a level has
 * none when it is a left one; a right sibling may be cut short by the end of the tree. */
static enum status add_siblings(const struct source *source, uint32_t level, uint64_t index, struct path *path) {
    uint64_t last = (source->size - 1) >> level;
    for (; last > 0; level++, index >>= 1, last >>= 1) {
        uint64_t sibling = index ^ 1;
        if (sibling > last) continue;
        uint64_t begin = sibling << level;
        uint64_t end = begin + num_min_u64(source->size - begin, UINT64_C(1) << level);
        CHECK(path->count < MERKLE_PROOF_MAX);
        TRY(subtree_root(source, begin, end, &path->hashes[path->count]));
        path->count++;
    }
    return STATUS_OK;
}

static void hand_out(const struct path *path, struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) {
    for (size_t i = 0; i < path->count; i++) ret_proof[i] = path->hashes[i];
    *ret_count = path->count;
}

enum status merkle_inclusion_make(uint64_t index, uint64_t size, merkle_read *read, void *context,
                                  struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) {
    if (index >= size) return STATUS_BAD_VALUE;
    struct source source = {read, context, size};
    struct path path = {.count = 0};
    TRY(add_siblings(&source, 0, index, &path));
    hand_out(&path, ret_proof, ret_count);
    return STATUS_OK;
}

enum status merkle_consistency_make(uint64_t old_size, uint64_t new_size, merkle_read *read, void *context,
                                    struct hash ret_proof[MERKLE_PROOF_MAX], size_t *ret_count) {
    if (old_size > new_size) return STATUS_BAD_VALUE;
    struct source source = {read, context, new_size};
    struct path path = {.count = 0};
    if (old_size > 0 && old_size < new_size) {
        /* The last complete node of the old tree is where both trees meet; as the old root it needs no sending. */
        uint32_t level = (uint32_t)__builtin_ctzll(old_size);
        uint64_t index = (old_size - 1) >> level;
        if (index > 0) {
            TRY(read(context, level, index, &path.hashes[0]));
            path.count = 1;
        }
        TRY(add_siblings(&source, level, index, &path));
    }
    hand_out(&path, ret_proof, ret_count);
    return STATUS_OK;
}

enum status merkle_root_of_size(uint64_t size, merkle_read *read, void *context, struct hash *ret_root) {
    if (size == 0) {
        empty_root(ret_root);
        return STATUS_OK;
    }
    struct source source = {read, context, size};
    return subtree_root(&source, 0, size, ret_root);
}
