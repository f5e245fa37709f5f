/* What this member has said (http/told.h). Two hashes of 64 bits stand for an item: one for what it is about, one for
 * all that it says. Who finds two items with the same pair confuses its own member about them, and nobody else. */
#include "http/told.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "crypto/sha256.h"

_Static_assert(BATCH_ITEMS_MAX <= 1 << 16, "an index fits the low bits of a place");

enum { SLOTS_FIRST = 1024 };

static uint64_t first_bytes(const struct hash *hash) {
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) number = number << 8 | hash->bytes[i];
    return number != 0 ? number : 1;
}

static uint64_t key_of(enum item_kind kind, const struct question_id *question, struct slice observation) {
    struct sha256 sha;
    struct hash hash;
    uint8_t first = (uint8_t)kind;
    sha256_begin(&sha);
    sha256_add(&sha, &first, 1);
    sha256_add(&sha, question->bytes, QUESTION_ID_BYTES);
    if (observation.bytes > 0) sha256_add(&sha, observation.data, observation.bytes);
    sha256_end(&sha, &hash);
    return first_bytes(&hash);
}

/* A member proposes one thing at a time in an epoch. */
static uint64_t key_of_epoch(uint64_t epoch) {
    static const struct question_id nothing;
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(epoch >> (8 * i));
    return key_of(ITEM_RECONFIGURE, &nothing, slice_of(bytes, sizeof bytes));
}

/* 0: of a kind that is not remembered. */
static uint64_t key_of_item(const struct item *item) {
    switch (item->kind) {
    case ITEM_TELL: return key_of(ITEM_TELL, &item->tell.question, item->tell.observation);
    case ITEM_RETRACT: return key_of(ITEM_RETRACT, &item->retract.question, item->retract.observation);
    case ITEM_CLOSE: return key_of(ITEM_CLOSE, &item->close.question, slice_of(NULL, 0));
    case ITEM_RECONFIGURE: return key_of_epoch(item->reconfigure.epoch);
    case ITEM_ASK:
    case ITEM_ANSWER:
    case ITEM_LEVEL:
    case ITEM_REVEAL:
    case ITEM_CLOSE_FAMILY: return 0;
    }
    return 0;
}

static uint64_t digest_of(struct slice bytes) {
    struct hash hash;
    sha256_of(bytes, &hash);
    return first_bytes(&hash);
}

static uint64_t pack(struct told_place place) { return place.seq << 16 | place.index; }

/* Tables. */

static struct told_entry *entry_of(const struct told_table *table, uint64_t key) {
    size_t slot = key & (table->slots - 1);
    while (table->entries[slot].key != 0 && table->entries[slot].key != key) slot = (slot + 1) & (table->slots - 1);
    return &table->entries[slot];
}

static const struct told_entry *find(const struct told_table *table, uint64_t key) {
    if (table->slots == 0) return NULL;
    const struct told_entry *entry = entry_of(table, key);
    return entry->key == key ? entry : NULL;
}

/* False when memory runs out: then nothing more is remembered. */
static bool make_room(struct told_table *table) {
    if (table->count < table->slots / 2) return true;
    struct told_table wider = {.slots = table->slots == 0 ? SLOTS_FIRST : 2 * table->slots};
    wider.entries = calloc(wider.slots, sizeof *wider.entries);
    if (wider.entries == NULL) return false;
    for (size_t i = 0; i < table->slots; i++)
        if (table->entries[i].key != 0) *entry_of(&wider, table->entries[i].key) = table->entries[i];
    wider.count = table->count;
    free(table->entries);
    *table = wider;
    return true;
}

/* Backward-shift deletion keeps the table free of gravestones. */
static void erase(struct told_table *table, uint64_t key) {
    if (find(table, key) == NULL) return;
    size_t mask = table->slots - 1;
    size_t hole = (size_t)(entry_of(table, key) - table->entries);
    table->count--;
    for (size_t at = (hole + 1) & mask; table->entries[at].key != 0; at = (at + 1) & mask) {
        size_t home = table->entries[at].key & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        table->entries[hole] = table->entries[at];
        hole = at;
    }
    table->entries[hole].key = 0;
}

static void grow_old(struct told *told) {
    free(told->old.entries);
    told->old = told->young;
    told->young = (struct told_table){0};
}

static void note(struct told *told, uint64_t key) {
    if (told->journal_count == told->journal_capacity) {
        size_t capacity = told->journal_capacity == 0 ? 64 : 2 * told->journal_capacity;
        uint64_t *journal = realloc(told->journal, capacity * sizeof *journal);
        CHECK(journal != NULL);
        told->journal = journal;
        told->journal_capacity = capacity;
    }
    told->journal[told->journal_count++] = key;
}

void told_add(struct told *told, const struct item *item, struct slice bytes, struct told_place place) {
    uint64_t key = key_of_item(item);
    if (key == 0 || !make_room(&told->young)) return;
    struct told_entry *entry = entry_of(&told->young, key);
    /* What stands later in the lane was taken because what stood before was refused. */
    if (entry->key == key && entry->place >= pack(place)) return;
    told->young.count += entry->key == 0;
    *entry = (struct told_entry){key, digest_of(bytes), pack(place)};
    note(told, key);
}

void told_mark(struct told *told) {
    told->journal_count = 0;
    if (told->young.count >= TOLD_GENERATION) grow_old(told);
}

void told_rewind(struct told *told) {
    for (size_t i = 0; i < told->journal_count; i++) erase(&told->young, told->journal[i]);
    told->journal_count = 0;
}

static size_t refused_slot(uint64_t place) {
    return (size_t)(place * UINT64_C(0x9e3779b97f4a7c15) >> 40) % TOLD_REFUSED_SLOTS;
}

void told_refused(struct told *told, struct told_place place) {
    told->refused[refused_slot(pack(place))] = pack(place);
}

static const struct told_entry *look_up(const struct told *told, uint64_t key) {
    const struct told_entry *young = key != 0 ? find(&told->young, key) : NULL;
    const struct told_entry *old = key != 0 ? find(&told->old, key) : NULL;
    const struct told_entry *entry = young != NULL && (old == NULL || young->place > old->place) ? young : old;
    if (entry == NULL || told->refused[refused_slot(entry->place)] == entry->place) return NULL;
    return entry;
}

static bool is_retracted(const struct told *told, const struct item *item) {
    return item->kind == ITEM_TELL &&
           look_up(told, key_of(ITEM_RETRACT, &item->tell.question, item->tell.observation)) != NULL;
}

enum told_answer told_find(const struct told *told, const struct item *item, struct slice bytes,
                           struct told_place *ret_place) {
    const struct told_entry *entry = look_up(told, key_of_item(item));
    if (entry == NULL) return TOLD_UNKNOWN;
    *ret_place = (struct told_place){entry->place >> 16, (uint32_t)(entry->place & 0xffff)};
    if (entry->digest != digest_of(bytes)) return TOLD_OTHERWISE;
    return is_retracted(told, item) ? TOLD_RETRACTED : TOLD_SAME;
}

void told_free(struct told *told) {
    free(told->young.entries);
    free(told->old.entries);
    free(told->journal);
    *told = (struct told){0};
}
