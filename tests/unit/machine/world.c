#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

/* The book. */

struct book *book_new(void) {
    struct book *book = calloc(1, sizeof *book);
    assert_non_null(book);
    book->items = malloc(BATCH_BYTES_MAX);
    assert_non_null(book->items);
    return book;
}

void book_free(struct book *book) {
    for (size_t i = 0; i < book->count; i++) free(book->made[i].body);
    free(book->made);
    free(book->items);
    free(book);
}

struct question_id book_item_of(struct book *book, uint32_t member, const struct item *item) {
    struct writer writer = writer_of(book->items + book->items_bytes, BATCH_BYTES_MAX - 8 - book->items_bytes);
    struct question_id id = {{0}};
    item_put(&writer, item);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    if (item->kind == ITEM_ASK) item_question_id(member, writer_slice(&writer), &id);
    book->items_bytes += writer.bytes;
    book->items_count++;
    return id;
}

void book_item(struct book *book, const struct item *item) {
    assert_int_not_equal(item->kind, ITEM_ASK);
    book_item_of(book, 0, item);
}

static void fill_header(struct made *made) {
    struct writer writer = writer_of(made->header, sizeof made->header);
    struct hash body;
    sha256_of(slice_of(made->body, made->body_bytes), &body);
    writer_put_text(&writer, "header");
    writer_put_u32(&writer, made->batch.member);
    writer_put_u64(&writer, made->batch.seq);
    writer_put_u64(&writer, made->batch.wall_us);
    writer_put(&writer, body.bytes, HASH_BYTES);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    made->header_bytes = writer.bytes;
    sha256_of(slice_of(made->header, made->header_bytes), &made->batch.hash);
}

void book_turn(struct book *book, const struct machine *machine) {
    const struct roster *before = machine_roster(machine), *after = machine_next_roster(machine);
    for (uint32_t m = 0; after != NULL && m < after->members; m++)
        if (roster_has(after, m) && memcmp(after->keys[m], before->keys[m], KEY_BYTES) != 0)
            book->seq[m] = seq_base(after->epoch);
}

void book_seal(struct book *book, uint32_t member, uint64_t wall_us, uint32_t deps_count, const uint32_t *deps) {
    if (book->count == book->capacity) {
        book->capacity = book->capacity == 0 ? 64 : 2 * book->capacity;
        book->made = realloc(book->made, book->capacity * sizeof *book->made);
        assert_non_null(book->made);
    }
    struct made *made = &book->made[book->count++];
    *made = (struct made){.batch = {.member = member, .seq = ++book->seq[member], .wall_us = wall_us}};
    made->body = malloc(book->items_bytes + 8);
    assert_non_null(made->body);
    struct writer writer = writer_of(made->body, book->items_bytes + 8);
    cbor_put_array(&writer, book->items_count);
    writer_put(&writer, book->items, book->items_bytes);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    made->body_bytes = writer.bytes;
    assert_true(deps_count <= 16);
    for (uint32_t i = 0; i < deps_count; i++)
        made->deps[i] = (struct tip){deps[i], book->seq[deps[i]], book->tip[deps[i]]};
    made->batch.deps_count = deps_count;
    fill_header(made);
    book->tip[member] = made->batch.hash;
    book->items_bytes = 0;
    book->items_count = 0;
}

/* The world. */

void world_genesis(uint32_t members, uint64_t state_bytes, struct genesis *ret_genesis) {
    memset(ret_genesis, 0, sizeof *ret_genesis);
    snprintf(ret_genesis->name, sizeof ret_genesis->name, "world");
    ret_genesis->created_us = 1;
    ret_genesis->threshold = THRESHOLD_DEFAULT;
    ret_genesis->members = members;
    ret_genesis->state_bytes_max = state_bytes;
    for (uint32_t m = 0; m < members; m++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)m, 7};
        uint8_t secret[SECRET_BYTES];
        snprintf(ret_genesis->member_names[m], sizeof ret_genesis->member_names[m], "member-%u", m);
        ed25519_from_seed(seed, secret, ret_genesis->keys[m]);
    }
    assert_int_equal(genesis_valid(ret_genesis), STATUS_OK);
}

struct world *world_new(const struct genesis *genesis, const struct book *book) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->genesis = *genesis;
    world->book = book;
    world->memory_bytes = machine_bytes(genesis);
    world->memory =
        mmap(NULL, world->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(world->memory != MAP_FAILED);
    world->machine = machine_init(world->memory, world->memory_bytes, genesis);
    machine_checkpoint(world->machine, &world->checkpoint);
    return world;
}

struct world *world_new_with_interval(const struct genesis *genesis, const struct book *book, uint64_t interval) {
    struct world *world = world_new(genesis, book);
    world->interval = interval;
    machine_snapshot_every(world->machine, interval);
    return world;
}

static void drop_leaves(struct world *world) {
    for (size_t i = 0; i < world->leaves_count; i++) free(world->leaves[i].bytes);
    free(world->leaves);
}

void world_free(struct world *world) {
    munmap(world->memory, world->memory_bytes);
    drop_leaves(world);
    free(world->refusals);
    free(world);
}

static enum status read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body) {
    const struct world *world = context;
    for (size_t i = world->book->count; i-- > 0;) {
        const struct made *made = &world->book->made[i];
        if (!hash_equal(&made->batch.hash, hash)) continue;
        *ret_header = slice_of(made->header, made->header_bytes);
        *ret_body = slice_of(made->body, made->body_bytes);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static void keep_bytes(struct world *world, struct slice bytes, const struct hash *hash) {
    if (world->leaves_count == world->leaves_capacity) {
        world->leaves_capacity = world->leaves_capacity == 0 ? 64 : 2 * world->leaves_capacity;
        world->leaves = realloc(world->leaves, world->leaves_capacity * sizeof *world->leaves);
        assert_non_null(world->leaves);
    }
    struct leaf *leaf = &world->leaves[world->leaves_count++];
    leaf->hash = *hash;
    leaf->bytes = malloc(bytes.bytes);
    leaf->bytes_count = bytes.bytes;
    assert_non_null(leaf->bytes);
    memcpy(leaf->bytes, bytes.data, bytes.bytes);
}

static void keep_genesis(struct world *world) {
    static uint8_t bytes[GENESIS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash hash;
    genesis_put(&writer, &world->genesis);
    merkle_leaf(writer_slice(&writer), &hash);
    keep_bytes(world, writer_slice(&writer), &hash);
}

static void keep_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    struct world *world = context;
    struct hash hash;
    if (world->leaves_count == 0 && world->first_leaf == 0) keep_genesis(world);
    merkle_leaf(bytes, &hash);
    assert_memory_equal(hash.bytes, leaf_hash->bytes, HASH_BYTES);
    assert_int_equal(index, world->first_leaf + world->leaves_count);
    keep_bytes(world, bytes, leaf_hash);
}

static void keep_refusal(void *context, uint32_t member, uint64_t seq, uint32_t item, enum status why) {
    struct world *world = context;
    if (world->refusals_count == world->refusals_capacity) {
        world->refusals_capacity = world->refusals_capacity == 0 ? 64 : 2 * world->refusals_capacity;
        world->refusals = realloc(world->refusals, world->refusals_capacity * sizeof *world->refusals);
        assert_non_null(world->refusals);
    }
    world->refusals[world->refusals_count++] = (struct refusal){member, seq, item, why};
}

static void count_changed(void *context, const struct record_belief *belief) {
    struct world *world = context;
    assert_true(belief->hypotheses_count >= HYPOTHESES_MIN);
    assert_int_equal(belief->height, machine_height(world->machine));
    world->changed++;
}

struct world *world_load(const struct world *source, struct slice snapshot, enum status *ret_status) {
    struct world *world = world_new_with_interval(&source->genesis, source->book, source->interval);
    struct slice record;
    struct hash leaf;
    uint64_t index;
    *ret_status = machine_load(world->machine, snapshot);
    if (*ret_status != STATUS_OK) return world;
    machine_checkpoint(world->machine, &world->checkpoint);
    assert_int_equal(machine_state_record(world->machine, &record, &index), STATUS_OK);
    assert_int_equal(machine_log_before(world->machine)->count, index);
    world->first_leaf = machine_challenge_from(world->machine);
    for (uint64_t i = world->first_leaf; i < index; i++) {
        const struct leaf *old = &source->leaves[i - source->first_leaf];
        keep_bytes(world, slice_of(old->bytes, old->bytes_count), &old->hash);
    }
    merkle_leaf(record, &leaf);
    keep_bytes(world, record, &leaf);
    return world;
}

static void append_chunk(void *context, struct slice chunk) {
    struct writer *writer = context;
    assert_true(writer->bytes % SNAPSHOT_CHUNK_BYTES == 0 && chunk.bytes <= SNAPSHOT_CHUNK_BYTES);
    writer_put(writer, chunk.data, chunk.bytes);
}

struct slice world_save(const struct world *world) {
    uint64_t bytes = machine_snapshot_bytes(world->machine);
    struct writer writer = writer_of(malloc(bytes), bytes);
    assert_non_null(writer.data);
    machine_save(world->machine, append_chunk, &writer);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(writer.bytes, bytes);
    return writer_slice(&writer);
}

/* The cut that the batches make: the newest of each lane, members ascending. */
static void fill_entries(const struct book *book, size_t from, size_t to, struct block *block) {
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) {
        const struct machine_batch *last = NULL;
        for (size_t i = from; i < to; i++) {
            if (book->made[i].batch.member == m) last = &book->made[i].batch;
        }
        if (last != NULL) block->entries[block->entries_count++] = (struct tip){m, last->seq, last->hash};
    }
}

static enum status read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    const struct world *world = context;
    if (index < world->first_leaf || index - world->first_leaf >= world->leaves_count) return STATUS_NOT_FOUND;
    const struct leaf *leaf = &world->leaves[index - world->first_leaf];
    *ret_bytes = slice_of(leaf->bytes, leaf->bytes_count);
    return STATUS_OK;
}

static void run(struct world *world, size_t from, size_t to, struct prng *prng, const struct slice *proofs,
                uint32_t proofs_count) {
    size_t count = to - from;
    struct machine_batch *batches = calloc(count + 1, sizeof *batches);
    const struct roster *next = machine_next_roster(world->machine);
    struct block block = {
        .view = 1, .height = machine_height(world->machine) + 1, .epoch = world->checkpoint.epoch + (next != NULL)};
    struct hash block_hash = {{(uint8_t)block.height, 0xb1}};
    struct machine_ports ports = {world, read_batch, keep_leaf, read_leaf, keep_refusal, count_changed};
    assert_non_null(batches);
    for (size_t i = 0; i < count; i++) {
        batches[i] = world->book->made[from + i].batch;
        batches[i].deps = world->book->made[from + i].deps;
    }
    for (size_t i = count; prng != NULL && i > 1; i--) {
        size_t other = (size_t)prng_below(prng, i);
        struct machine_batch swapped = batches[i - 1];
        batches[i - 1] = batches[other];
        batches[other] = swapped;
    }
    fill_entries(world->book, from, to, &block);
    block.proofs_count = proofs_count;
    for (uint32_t i = 0; i < proofs_count; i++) block.proofs[i] = proofs[i];
    world->refusals_count = 0;
    machine_execute(world->machine, &block, &block_hash, batches, count, &ports, &world->checkpoint);
    free(batches);
}

void world_block(struct world *world, size_t from, size_t to, struct prng *prng) {
    run(world, from, to, prng, NULL, 0);
}

void world_block_with_proofs(struct world *world, size_t from, size_t to, const struct slice *proofs,
                             uint32_t count) {
    run(world, from, to, NULL, proofs, count);
}

enum status world_last_refusal(const struct world *world) {
    return world->refusals_count == 0 ? STATUS_OK : world->refusals[world->refusals_count - 1].why;
}

/* Root over the leaves [from, to), straight from the definition of RFC 9162: an oracle for the log. */
static struct hash root_of(const struct world *world, uint64_t from, uint64_t to) {
    if (to - from == 1) return world->leaves[from].hash;
    uint64_t split = 1;
    while (2 * split < to - from) split *= 2;
    struct hash left = root_of(world, from, from + split);
    struct hash right = root_of(world, from + split, to);
    merkle_node(&left, &right, &left);
    return left;
}

static enum status read_node(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) {
    const struct world *world = context;
    *ret_hash = root_of(world, index << level, (index + 1) << level);
    return STATUS_OK;
}

void world_check_included(const struct world *world, uint64_t index) {
    struct hash proof[MERKLE_PROOF_MAX];
    size_t count;
    struct world view = *world;
    assert_int_equal(world->checkpoint.size, world->leaves_count);
    assert_int_equal(merkle_inclusion_make(index, world->leaves_count, read_node, &view, proof, &count), STATUS_OK);
    assert_int_equal(merkle_inclusion_check(&world->leaves[index].hash, index, world->checkpoint.size, proof, count,
                                            &world->checkpoint.root),
                     STATUS_OK);
}

/* A record is an array of fewer than 24 items that begins with its kind. */
size_t world_count_leaves(const struct world *world, enum record_kind kind, uint64_t *ret_index) {
    size_t count = 0;
    for (size_t i = 0; i < world->leaves_count; i++) {
        const struct leaf *leaf = &world->leaves[i];
        if (leaf->bytes_count < 2 || leaf->bytes[0] >> 5 != CBOR_ARRAY || leaf->bytes[1] != kind) continue;
        if (ret_index != NULL) *ret_index = i;
        count++;
    }
    return count;
}

void world_state(const struct world *world, struct record_state *ret_state) {
    struct slice bytes;
    uint64_t index;
    assert_int_equal(machine_state_record(world->machine, &bytes, &index), STATUS_OK);
    assert_int_equal(index + 1, world->leaves_count);
    assert_true(slice_equal(bytes, slice_of(world->leaves[index].bytes, world->leaves[index].bytes_count)));
    assert_int_equal(record_state_read(bytes, ret_state), STATUS_OK);
}

/* Items. */

struct item make_ask(const char *title, uint32_t hypotheses, enum question_mode mode) {
    static char names[HYPOTHESES_MAX][16];
    struct item item = {.kind = ITEM_ASK};
    item.ask.title = slice_of_text(title);
    item.ask.hypotheses_count = hypotheses;
    for (uint32_t i = 0; i < hypotheses; i++) {
        snprintf(names[i], sizeof names[i], "h%u", i);
        item.ask.hypotheses[i] = slice_of_text(names[i]);
    }
    item.ask.mode = mode;
    item.ask.cap = QUESTION_CAP_DEFAULT;
    item.ask.decide_at = QUESTION_DECIDE_AT_DEFAULT;
    item.ask.window_us = 1000;
    return item;
}

struct item make_tell(struct question_id question, const char *observation, int64_t ratio) {
    struct item item = {.kind = ITEM_TELL};
    item.tell.question = question;
    item.tell.observation = slice_of_text(observation);
    item.tell.loglik_count = 1;
    item.tell.loglik[0] = ratio;
    return item;
}

struct item make_retract(struct question_id question, const char *observation) {
    struct item item = {.kind = ITEM_RETRACT};
    item.retract.question = question;
    item.retract.observation = slice_of_text(observation);
    return item;
}

struct item make_close(struct question_id question) {
    struct item item = {.kind = ITEM_CLOSE};
    item.close.question = question;
    return item;
}
