#include "belief/table.h"

#include <string.h>

#include "base/check.h"
#include "base/num.h"

enum { CHUNK_ENTRIES = 16, SLOTS_FIRST = 16, CHUNKS_FIRST = 4, PIECE_BYTES_MAX = 1 << 26 };

void *holder_take(struct holder holder, size_t bytes) {
    if (bytes == 0 || bytes > PIECE_BYTES_MAX) return NULL;
    void *piece = pool_take(holder.pool, bytes);
    if (piece != NULL) *holder.charge += pool_rounded(bytes);
    return piece;
}

void holder_give(struct holder holder, void *piece, size_t bytes) {
    if (piece == NULL) return;
    *holder.charge -= pool_rounded(bytes);
    pool_give(holder.pool, piece, bytes);
}

void table_init(struct table *table, size_t entry_bytes) {
    CHECK(entry_bytes >= sizeof(struct entry) && entry_bytes % 8 == 0);
    *table = (struct table){.entry_bytes = entry_bytes};
}

static uint32_t chunk_count(const struct table *table) { return (table->count + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES; }

void table_free(struct table *table, struct holder holder) {
    size_t entry_bytes = table->entry_bytes;
    for (uint32_t i = 0; i < table->chunk_capacity; i++)
        holder_give(holder, table->chunks[i], CHUNK_ENTRIES * entry_bytes);
    holder_give(holder, table->chunks, table->chunk_capacity * sizeof *table->chunks);
    holder_give(holder, table->slots, table->slot_count * sizeof *table->slots);
    table_init(table, entry_bytes);
}

static enum status clone_chunks(const struct table *table, struct holder holder, struct table *copy) {
    for (uint32_t i = 0; i < table->chunk_capacity; i++) {
        size_t bytes = CHUNK_ENTRIES * table->entry_bytes;
        if (table->chunks[i] == NULL) continue;
        copy->chunks[i] = holder_take(holder, bytes);
        if (copy->chunks[i] == NULL) return STATUS_STATE_FULL;
        memcpy(copy->chunks[i], table->chunks[i], bytes);
    }
    return STATUS_OK;
}

enum status table_clone(const struct table *table, struct holder holder, struct table *copy) {
    table_init(copy, table->entry_bytes);
    if (table->chunk_capacity > 0) {
        copy->chunks = holder_take(holder, table->chunk_capacity * sizeof *copy->chunks);
        if (copy->chunks != NULL) copy->chunk_capacity = table->chunk_capacity;
    }
    if (table->slot_count > 0) {
        copy->slots = holder_take(holder, table->slot_count * sizeof *copy->slots);
        if (copy->slots != NULL) copy->slot_count = table->slot_count;
    }
    bool full = copy->chunk_capacity < table->chunk_capacity || copy->slot_count < table->slot_count;
    if (full || clone_chunks(table, holder, copy) != STATUS_OK) {
        table_free(copy, holder);
        return STATUS_STATE_FULL;
    }
    if (table->slot_count > 0) memcpy(copy->slots, table->slots, table->slot_count * sizeof *copy->slots);
    copy->count = table->count;
    return STATUS_OK;
}

/* Mixes the whole key into 32 bits: the multiply-and-fold of wyhash. The order of the bytes in a word differs between
 * machines; only the layout of the index depends on it. */
static uint32_t key_hash(const struct hash *observation, uint32_t member) {
    uint64_t words[HASH_BYTES / sizeof(uint64_t)];
    uint64_t mixed = UINT64_C(0x9e3779b97f4a7c15) ^ member;
    memcpy(words, observation->bytes, HASH_BYTES);
    for (size_t i = 0; i < HASH_BYTES / sizeof(uint64_t); i++) {
        uint128 product = (uint128)(words[i] ^ mixed) * UINT64_C(0xa0761d6478bd642f);
        mixed = (uint64_t)product ^ (uint64_t)(product >> 64) ^ (mixed << 1);
    }
    return (uint32_t)(mixed ^ (mixed >> 32));
}

struct entry *table_entry(const struct table *table, uint32_t number) {
    CHECK(number < table->count);
    uint8_t *chunk = table->chunks[number / CHUNK_ENTRIES];
    return (struct entry *)(void *)(chunk + (number % CHUNK_ENTRIES) * table->entry_bytes);
}

uint32_t table_find(const struct table *table, const struct hash *observation, uint32_t member) {
    if (table->slot_count == 0) return TABLE_NONE;
    uint32_t hash = key_hash(observation, member);
    uint32_t mask = table->slot_count - 1;
    for (uint32_t at = hash & mask; table->slots[at] != 0; at = (at + 1) & mask) {
        if ((uint32_t)(table->slots[at] >> 32) != hash) continue;
        uint32_t number = (uint32_t)table->slots[at] - 1;
        const struct entry *entry = table_entry(table, number);
        if (entry->member == member && hash_equal(&entry->observation, observation)) return number;
    }
    return TABLE_NONE;
}

static void put_slot(uint64_t *slots, uint32_t mask, uint64_t slot) {
    uint32_t at = (uint32_t)(slot >> 32) & mask;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = slot;
}

static enum status grow_slots(struct table *table, struct holder holder) {
    uint32_t wider = table->slot_count == 0 ? SLOTS_FIRST : table->slot_count * 2;
    uint64_t *slots = holder_take(holder, wider * sizeof *slots);
    if (slots == NULL) return STATUS_STATE_FULL;
    for (uint32_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i] != 0) put_slot(slots, wider - 1, table->slots[i]);
    }
    holder_give(holder, table->slots, table->slot_count * sizeof *table->slots);
    table->slots = slots;
    table->slot_count = wider;
    return STATUS_OK;
}

static enum status grow_chunks(struct table *table, struct holder holder) {
    uint32_t wider = table->chunk_capacity == 0 ? CHUNKS_FIRST : table->chunk_capacity * 2;
    uint8_t **chunks = holder_take(holder, wider * sizeof *chunks);
    if (chunks == NULL) return STATUS_STATE_FULL;
    if (table->chunk_capacity > 0) memcpy(chunks, table->chunks, table->chunk_capacity * sizeof *chunks);
    holder_give(holder, table->chunks, table->chunk_capacity * sizeof *chunks);
    table->chunks = chunks;
    table->chunk_capacity = wider;
    return STATUS_OK;
}

enum status table_reserve(struct table *table, struct holder holder) {
    if ((uint64_t)(table->count + 1) * 4 > (uint64_t)table->slot_count * 3) TRY(grow_slots(table, holder));
    if (table->count < chunk_count(table) * CHUNK_ENTRIES) return STATUS_OK;
    uint32_t chunk = table->count / CHUNK_ENTRIES;
    if (chunk == table->chunk_capacity) TRY(grow_chunks(table, holder));
    if (table->chunks[chunk] != NULL) return STATUS_OK;
    table->chunks[chunk] = holder_take(holder, CHUNK_ENTRIES * table->entry_bytes);
    return table->chunks[chunk] == NULL ? STATUS_STATE_FULL : STATUS_OK;
}

uint32_t table_add(struct table *table, const struct hash *observation, uint32_t member) {
    CHECK((uint64_t)(table->count + 1) * 4 <= (uint64_t)table->slot_count * 3);
    uint32_t number = table->count++;
    struct entry *entry = table_entry(table, number);
    entry->observation = *observation;
    entry->member = member;
    uint64_t hash = key_hash(observation, member);
    put_slot(table->slots, table->slot_count - 1, hash << 32 | (number + 1));
    return number;
}
