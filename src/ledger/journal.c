/* The journal is an array of entries; an entry is applied once when it is written and again by every replay. The state is what makes
 * reads quick: batches by hash, leaves and nodes, heights, and what is still wanted of votes, certificates and candidate blocks. */
#include "ledger/journal.h"

#include <stdlib.h>

#include "base/check.h"

static void *grow(void *array, size_t count, size_t *capacity, size_t bytes) {
    if (count < *capacity) return array;
    *capacity = *capacity > 0 ? 2 * *capacity : 16;
    void *grown = realloc(array, *capacity * bytes);
    CHECK(grown != NULL);
    return grown;
}

static void list_add(struct list *list, size_t position) {
    CHECK(position < UINT32_MAX);
    list->entries = grow(list->entries, list->count, &list->capacity, sizeof *list->entries);
    list->entries[list->count++] = (uint32_t)position;
}

struct blob *journal_blob(struct slice bytes) {
    struct blob *blob = malloc(sizeof *blob + bytes.bytes);
    CHECK(blob != NULL);
    blob->owners = 1;
    blob->bytes = bytes.bytes;
    if (bytes.bytes > 0) memcpy(blob->data, bytes.data, bytes.bytes);
    return blob;
}

static void entry_give(struct entry *entry) {
    for (size_t i = 0; i < ENTRY_BLOBS; i++) {
        struct blob *blob = entry->blobs[i];
        if (blob != NULL && --blob->owners == 0) free(blob);
    }
}

static struct entry entry_share(const struct entry *entry) {
    for (size_t i = 0; i < ENTRY_BLOBS; i++) {
        if (entry->blobs[i] != NULL) entry->blobs[i]->owners += 1;
    }
    return *entry;
}

static void state_give(struct state *state) {
    struct list *lists[] = {&state->leaves, &state->heights, &state->votes, &state->certificates,
                            &state->blocks, &state->proofs,  &state->epochs};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) free(lists[i]->entries);
    for (size_t i = 0; i < MEMBERS_MAX; i++) free(state->lanes[i].entries);
    for (size_t i = 0; i < MERKLE_LEVELS_MAX; i++) free(state->nodes[i]);
    free(state->batches);
}

static uint32_t bucket_of(const struct hash *hash) { return (uint32_t)hash->bytes[0] << 8 | hash->bytes[1]; }

struct batch_slot *journal_batch(struct memory_ledger *ledger, const struct hash *hash) {
    uint32_t next = ledger->state.buckets[bucket_of(hash)];
    while (next != 0) {
        struct batch_slot *slot = &ledger->state.batches[next - 1];
        if (hash_equal(&ledger->journal[slot->entry].hash, hash)) return slot;
        next = slot->next;
    }
    return NULL;
}

/* --- Applying entries. Nothing here fails: what must not be written was refused before. --- */

static void apply_batch(struct memory_ledger *ledger, size_t position) {
    struct state *state = &ledger->state;
    uint32_t *bucket = &state->buckets[bucket_of(&ledger->journal[position].hash)];
    state->batches = grow(state->batches, state->batches_count, &state->batches_capacity, sizeof *state->batches);
    state->batches[state->batches_count] = (struct batch_slot){(uint32_t)position, *bucket, 0};
    *bucket = (uint32_t)++state->batches_count;
}

static void apply_leaf(struct memory_ledger *ledger, size_t position) {
    struct state *state = &ledger->state;
    struct hash nodes[MERKLE_LEVELS_MAX];
    uint64_t index = state->frontier.count;
    uint32_t levels = merkle_append_nodes(&state->frontier, &ledger->journal[position].hash, nodes);
    for (uint32_t level = 0; level < levels; level++) {
        size_t at = (size_t)(index >> level);
        state->nodes[level] = grow(state->nodes[level], at, &state->nodes_capacity[level], sizeof(struct hash));
        state->nodes[level][at] = nodes[level];
    }
    list_add(&state->leaves, position);
    state->height_begun = index > 0;
}

static void apply_executed(struct memory_ledger *ledger, size_t position) {
    const struct entry *entry = &ledger->journal[position];
    struct batch_slot *slot = journal_batch(ledger, &entry->hash);
    CHECK(slot != NULL);
    slot->height = entry->number;
    list_add(&ledger->state.lanes[entry->member], (size_t)(slot - ledger->state.batches));
    ledger->state.height_begun = true;
}

static bool at_or_below(const struct entry *entry, uint64_t epoch, uint64_t view) {
    return entry->epoch < epoch || (entry->epoch == epoch && entry->number <= view);
}

static void apply_height(struct memory_ledger *ledger, size_t position) {
    struct state *state = &ledger->state;
    struct list *lists[] = {&state->votes, &state->certificates, &state->blocks};
    struct block block;
    struct hash hash;
    enum status status = block_read(journal_bytes(ledger->journal[position].blobs[0]), &ledger->chain, &block, &hash);
    CHECK(status == STATUS_OK);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t kept = 0;
        for (size_t j = 0; j < lists[i]->count; j++) {
            uint32_t entry = lists[i]->entries[j];
            if (!at_or_below(&ledger->journal[entry], block.epoch, block.view)) lists[i]->entries[kept++] = entry;
        }
        lists[i]->count = kept;
    }
    list_add(&state->heights, position);
    state->height_begun = false;
}

static void apply(struct memory_ledger *ledger, size_t position) {
    struct state *state = &ledger->state;
    switch (ledger->journal[position].kind) {
    case ENTRY_BATCH: apply_batch(ledger, position); break;
    case ENTRY_VOTE: list_add(&state->votes, position); break;
    case ENTRY_CERTIFICATE: list_add(&state->certificates, position); break;
    case ENTRY_BLOCK: list_add(&state->blocks, position); break;
    case ENTRY_LEAF: apply_leaf(ledger, position); break;
    case ENTRY_EXECUTED: apply_executed(ledger, position); break;
    case ENTRY_HEIGHT: apply_height(ledger, position); break;
    case ENTRY_CERTIFIED:
        state->has_certified = true;
        state->certified = (uint32_t)position;
        break;
    case ENTRY_PROOF: list_add(&state->proofs, position); break;
    case ENTRY_EPOCH: list_add(&state->epochs, position); break;
    }
}

static void replay(struct memory_ledger *ledger) {
    state_give(&ledger->state);
    memset(&ledger->state, 0, sizeof ledger->state);
    merkle_frontier_init(&ledger->state.frontier);
    for (size_t i = 0; i < ledger->count; i++) apply(ledger, i);
}

void journal_append(struct memory_ledger *ledger, struct entry entry) {
    ledger->journal = grow(ledger->journal, ledger->count, &ledger->capacity, sizeof *ledger->journal);
    ledger->journal[ledger->count] = entry;
    apply(ledger, ledger->count++);
}

const struct entry *journal_height(const struct memory_ledger *ledger, uint64_t height) {
    if (height == 0 || height > ledger->state.heights.count) return NULL;
    return &ledger->journal[ledger->state.heights.entries[height - 1]];
}

/* --- Opening, closing, commits and crashes --- */

struct memory_ledger *memory_ledger_open(const struct hash *chain) {
    struct memory_ledger *ledger = calloc(1, sizeof *ledger);
    CHECK(ledger != NULL);
    ledger->chain = *chain;
    merkle_frontier_init(&ledger->state.frontier);
    return ledger;
}

void memory_ledger_close(struct memory_ledger *ledger) {
    if (ledger == NULL) return;
    for (size_t i = 0; i < ledger->count; i++) entry_give(&ledger->journal[i]);
    state_give(&ledger->state);
    free(ledger->journal);
    free(ledger);
}

static void cut_back(struct memory_ledger *ledger) {
    if (ledger->count == ledger->durable) return;
    for (size_t i = ledger->durable; i < ledger->count; i++) entry_give(&ledger->journal[i]);
    ledger->count = ledger->durable;
    replay(ledger);
}

enum status memory_ledger_commit(struct memory_ledger *ledger) {
    if (ledger->failure != STATUS_OK) {
        cut_back(ledger);
        return ledger->failure;
    }
    CHECK(!ledger->state.height_begun);
    if (ledger->full_commits > 0) {
        ledger->full_commits--;
        return STATUS_DISK_FULL;
    }
    ledger->durable = ledger->count;
    return STATUS_OK;
}

void memory_ledger_crash(struct memory_ledger *ledger) {
    cut_back(ledger);
    ledger->failure = STATUS_OK;
    ledger->full_commits = 0;
}

struct memory_ledger *memory_ledger_clone(const struct memory_ledger *ledger) {
    struct memory_ledger *copy = memory_ledger_open(&ledger->chain);
    for (size_t i = 0; i < ledger->durable; i++) journal_append(copy, entry_share(&ledger->journal[i]));
    copy->durable = copy->count;
    return copy;
}

void memory_ledger_fill(struct memory_ledger *ledger, uint32_t commits) { ledger->full_commits = commits; }

void memory_ledger_fail(struct memory_ledger *ledger, enum status status) {
    if (ledger->failure == STATUS_OK) ledger->failure = status;
}
