#include "lab/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

/* Address space for the state; only what is used is touched. */
#define STATE_BYTES (UINT64_C(1) << 32)
enum { HEADER_BYTES = 128, BATCH_HEAD_BYTES = 8 };

/* A batch of the block that is being made. */
struct sealed {
    struct machine_batch batch;
    size_t deps;   /* place of its first dep */
    size_t header; /* places in the block's bytes */
    size_t header_bytes;
    size_t body;
    size_t body_bytes;
};

/* Grows as needed, never shrinks. */
struct heap {
    uint8_t *data;
    size_t bytes;
    size_t capacity;
};

struct lane {
    uint64_t seq;
    struct hash tip;
};

struct group {
    uint32_t members;
    struct machine *machine;
    void *memory;
    size_t memory_bytes;
    struct group_ears ears;
    struct lane lanes[MEMBERS_MAX];
    struct checkpoint checkpoint;

    /* The batch that is being filled. */
    struct heap items;
    uint32_t items_count;

    /* The block that is being made. */
    struct heap bytes;
    struct heap batches; /* struct sealed */
    struct heap deps;    /* struct tip */
    struct heap order;   /* struct machine_batch */
    uint32_t last_read;  /* the batch that was read last: the next is usually near */

    struct heap leaves;  /* bytes of all leaves of the log */
    struct heap offsets; /* size_t: where each ends */
    uint64_t items_said;
};

/* Memory. */

static void *heap_add(struct heap *heap, size_t bytes) {
    if (heap->bytes + bytes > heap->capacity) {
        heap->capacity = 2 * (heap->bytes + bytes);
        heap->data = realloc(heap->data, heap->capacity);
        CHECK(heap->data != NULL);
    }
    heap->bytes += bytes;
    return heap->data + heap->bytes - bytes;
}

static struct sealed *sealed_at(const struct group *group, size_t index) {
    return (struct sealed *)(void *)group->batches.data + index;
}

static size_t sealed_count(const struct group *group) { return group->batches.bytes / sizeof(struct sealed); }

/* Beginning and end. */

static void fill_genesis(uint32_t members, struct genesis *ret_genesis) {
    memset(ret_genesis, 0, sizeof *ret_genesis);
    (void)snprintf(ret_genesis->name, sizeof ret_genesis->name, "lab");
    ret_genesis->created_us = 1;
    ret_genesis->threshold = THRESHOLD_DEFAULT;
    ret_genesis->members = members;
    ret_genesis->state_bytes_max = STATE_BYTES;
    for (uint32_t m = 0; m < members; m++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)m, 1};
        uint8_t secret[SECRET_BYTES];
        (void)snprintf(ret_genesis->member_names[m], sizeof ret_genesis->member_names[m], "member-%u", m);
        ed25519_from_seed(seed, secret, ret_genesis->keys[m]);
    }
}

static void keep_leaf(struct group *group, struct slice bytes) {
    memcpy(heap_add(&group->leaves, bytes.bytes), bytes.data, bytes.bytes);
    size_t end = group->leaves.bytes;
    memcpy(heap_add(&group->offsets, sizeof end), &end, sizeof end);
}

struct group *group_new(uint32_t members) {
    struct group *group = calloc(1, sizeof *group);
    struct genesis *genesis = calloc(1, sizeof *genesis);
    uint8_t *bytes = malloc(GENESIS_BYTES_MAX);
    CHECK(group != NULL && genesis != NULL && bytes != NULL && members >= MEMBERS_MIN && members <= MEMBERS_MAX);
    fill_genesis(members, genesis);
    group->members = members;
    group->memory_bytes = machine_bytes(genesis);
    group->memory =
        mmap(NULL, group->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(group->memory != MAP_FAILED);
    group->machine = machine_init(group->memory, group->memory_bytes, genesis);
    struct writer writer = writer_of(bytes, GENESIS_BYTES_MAX);
    genesis_put(&writer, genesis);
    keep_leaf(group, writer_slice(&writer));
    free(bytes);
    free(genesis);
    return group;
}

void group_free(struct group *group) {
    struct heap *heaps[] = {&group->items, &group->bytes,  &group->batches, &group->deps,
                            &group->order, &group->leaves, &group->offsets};
    for (size_t i = 0; i < sizeof heaps / sizeof *heaps; i++) free(heaps[i]->data);
    (void)munmap(group->memory, group->memory_bytes);
    free(group);
}

void group_listen(struct group *group, struct group_ears ears) { group->ears = ears; }
const struct machine *group_machine(const struct group *group) { return group->machine; }
uint64_t group_items(const struct group *group) { return group->items_said; }

/* Batches. */

struct question_id group_say(struct group *group, uint32_t member, const struct item *item) {
    struct question_id id = {{0}};
    size_t before = group->items.bytes;
    struct writer writer = writer_of(heap_add(&group->items, ITEM_BYTES_MAX), ITEM_BYTES_MAX);
    item_put(&writer, item);
    CHECK(writer_status(&writer) == STATUS_OK);
    group->items.bytes = before + writer.bytes;
    if (item->kind == ITEM_ASK) item_question_id(member, writer_slice(&writer), &id);
    group->items_count++;
    group->items_said++;
    return id;
}

/* What stands in the log for the batch: a header without its signature. */
static void fill_header(struct group *group, struct sealed *sealed) {
    struct hash hash;
    sha256_of(slice_of(group->bytes.data + sealed->body, sealed->body_bytes), &hash);
    struct writer writer = writer_of(heap_add(&group->bytes, HEADER_BYTES), HEADER_BYTES);
    writer_put_text(&writer, "header");
    writer_put_u32(&writer, sealed->batch.member);
    writer_put_u64(&writer, sealed->batch.seq);
    writer_put_u64(&writer, sealed->batch.wall_us);
    writer_put(&writer, hash.bytes, HASH_BYTES);
    CHECK(writer_status(&writer) == STATUS_OK);
    sha256_of(writer_slice(&writer), &sealed->batch.hash);
    group->bytes.bytes -= HEADER_BYTES - writer.bytes;
    sealed->header_bytes = writer.bytes;
    sealed->header = group->bytes.bytes - writer.bytes;
}

static uint32_t add_deps(struct group *group, uint32_t member) {
    uint32_t count = 0;
    for (uint32_t m = 0; m < group->members; m++) {
        if (m == member || group->lanes[m].seq == 0) continue;
        struct tip tip = {m, group->lanes[m].seq, group->lanes[m].tip};
        memcpy(heap_add(&group->deps, sizeof tip), &tip, sizeof tip);
        count++;
    }
    return count;
}

void group_seal(struct group *group, uint32_t member, uint64_t wall_us, bool sees_others) {
    struct lane *lane = &group->lanes[member];
    struct sealed sealed = {.batch = {.member = member, .seq = ++lane->seq, .wall_us = wall_us},
                            .body = group->bytes.bytes,
                            .deps = group->deps.bytes / sizeof(struct tip)};
    uint8_t head[BATCH_HEAD_BYTES];
    struct writer writer = writer_of(head, sizeof head);
    cbor_put_array(&writer, group->items_count);
    sealed.body_bytes = writer.bytes + group->items.bytes;
    CHECK(sealed.body_bytes <= BATCH_BYTES_MAX && group->items_count <= BATCH_ITEMS_MAX);
    uint8_t *body = heap_add(&group->bytes, sealed.body_bytes);
    memcpy(body, head, writer.bytes);
    if (group->items.bytes > 0) memcpy(body + writer.bytes, group->items.data, group->items.bytes);
    fill_header(group, &sealed);
    if (sees_others) sealed.batch.deps_count = add_deps(group, member);
    lane->tip = sealed.batch.hash;
    memcpy(heap_add(&group->batches, sizeof sealed), &sealed, sizeof sealed);
    group->items.bytes = 0;
    group->items_count = 0;
}

/* Execution. */

static enum status read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body) {
    struct group *group = context;
    size_t count = sealed_count(group);
    for (size_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)((group->last_read + i) % count);
        const struct sealed *sealed = sealed_at(group, at);
        if (!hash_equal(&sealed->batch.hash, hash)) continue;
        group->last_read = at;
        *ret_header = slice_of(group->bytes.data + sealed->header, sealed->header_bytes);
        *ret_body = slice_of(group->bytes.data + sealed->body, sealed->body_bytes);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static void on_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *hash) {
    struct group *group = context;
    struct record_suspicion suspicion;
    (void)index;
    (void)hash;
    keep_leaf(group, bytes);
    if (group->ears.alarmed != NULL && bytes.bytes <= RECORD_SUSPICION_BYTES_MAX &&
        record_suspicion_read(bytes, &suspicion) == STATUS_OK)
        group->ears.alarmed(group->ears.context, &suspicion);
}

static enum status read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    const struct group *group = context;
    const size_t *ends = (const size_t *)(void *)group->offsets.data;
    if (index >= group->offsets.bytes / sizeof *ends) return STATUS_NOT_FOUND;
    size_t start = index == 0 ? 0 : ends[index - 1];
    *ret_bytes = slice_of(group->leaves.data + start, ends[index] - start);
    return STATUS_OK;
}

/* The item of a batch that was refused, by its place. */
static void on_refused(void *context, uint32_t member, uint64_t seq, uint32_t place, enum status why) {
    struct group *group = context;
    if (group->ears.refused == NULL) return;
    for (size_t i = 0; i < sealed_count(group); i++) {
        const struct sealed *sealed = sealed_at(group, i);
        struct reader reader = reader_of(slice_of(group->bytes.data + sealed->body, sealed->body_bytes));
        uint64_t count;
        struct item item;
        if (sealed->batch.member != member || sealed->batch.seq != seq) continue;
        CHECK(cbor_take_array(&reader, &count) == STATUS_OK && place < count);
        for (uint32_t n = 0; n <= place; n++) CHECK(item_take(&reader, &item, NULL) == STATUS_OK);
        group->ears.refused(group->ears.context, member, &item, why);
        return;
    }
}

/* The cut that the batches make: the newest of each lane that moved, members ascending. */
static void fill_entries(const struct group *group, struct block *block) {
    bool moved[MEMBERS_MAX] = {false};
    for (size_t i = 0; i < sealed_count(group); i++) moved[sealed_at(group, i)->batch.member] = true;
    for (uint32_t m = 0; m < group->members; m++) {
        if (moved[m])
            block->entries[block->entries_count++] = (struct tip){m, group->lanes[m].seq, group->lanes[m].tip};
    }
}

void group_block(struct group *group) {
    static struct block block;
    size_t count = sealed_count(group);
    uint64_t height = machine_height(group->machine) + 1;
    struct hash block_hash;
    struct machine_ports ports = {group, read_batch, on_leaf, read_leaf, on_refused, NULL};
    memset(&block, 0, sizeof block);
    block.view = height;
    block.height = height;
    fill_entries(group, &block);
    sha256_of(slice_of(&height, sizeof height), &block_hash);
    group->order.bytes = 0;
    struct machine_batch *batches = heap_add(&group->order, (count + 1) * sizeof *batches);
    for (size_t i = 0; i < count; i++) {
        batches[i] = sealed_at(group, i)->batch;
        batches[i].deps = (const struct tip *)(void *)group->deps.data + sealed_at(group, i)->deps;
    }
    group->last_read = 0;
    machine_execute(group->machine, &block, &block_hash, batches, count, &ports, &group->checkpoint);
    group->bytes.bytes = 0;
    group->batches.bytes = 0;
    group->deps.bytes = 0;
}
