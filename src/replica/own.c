/* Filling the own lane's next batches (docs/protocol.md 2). */
#include "replica/own.h"

#include "base/arena.h"
#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/sha256.h"
#include "wire/frame.h"

/* The array head of the body, and what each content adds: index, length, array head. */
enum { BODY_HEAD_BYTES = 5, CONTENT_EXTRA_BYTES = 11, TELL_SLOTS = 2 * OWN_TELLS_MAX };

size_t own_bytes(void) {
    return arena_rounded(OWN_BYTES_MAX) + arena_rounded(OWN_CONTENT_BYTES_MAX) +
           arena_rounded(OWN_ITEMS_MAX * sizeof(struct own_item)) + arena_rounded(TELL_SLOTS * sizeof(uint64_t));
}

void own_init(struct own *own, void *memory, size_t bytes) {
    CHECK(bytes >= own_bytes());
    struct arena arena;
    arena_init(&arena, memory, bytes);
    *own = (struct own){0};
    own->body = arena_take(&arena, OWN_BYTES_MAX);
    own->contents = arena_take(&arena, OWN_CONTENT_BYTES_MAX);
    own->items = arena_take(&arena, OWN_ITEMS_MAX * sizeof(struct own_item));
    own->tells = arena_take(&arena, TELL_SLOTS * sizeof(uint64_t));
}

/* 64 bits of SHA-256 over question and observation, never 0. A collision (one in 2^44 at a million tells) refuses an honest item at this
 * member's own door, nothing more. */
static uint64_t key_of(const struct item_tell *tell) {
    struct sha256 sha;
    struct hash hash;
    sha256_begin(&sha);
    sha256_add(&sha, tell->question.bytes, QUESTION_ID_BYTES);
    sha256_add(&sha, tell->observation.data, tell->observation.bytes);
    sha256_end(&sha, &hash);
    uint64_t key = 0;
    for (int i = 0; i < 8; i++) key = key << 8 | hash.bytes[i];
    return key != 0 ? key : 1;
}

static uint64_t slot_of(const struct own *own, uint64_t key) {
    uint64_t slot = key % TELL_SLOTS;
    while (own->tells[slot] != 0 && own->tells[slot] != key) slot = (slot + 1) % TELL_SLOTS;
    return slot;
}

static void remember(struct own *own, uint64_t key) {
    uint64_t slot = slot_of(own, key);
    if (own->tells[slot] == key) return;
    CHECK(own->tells_count < OWN_TELLS_MAX);
    own->tells[slot] = key;
    own->tells_count++;
}

/* Backward-shift deletion keeps the table free of gravestones. */
static void forget(struct own *own, uint64_t key) {
    uint64_t hole = slot_of(own, key);
    if (own->tells[hole] != key) return;
    own->tells_count--;
    for (uint64_t at = (hole + 1) % TELL_SLOTS; own->tells[at] != 0; at = (at + 1) % TELL_SLOTS) {
        uint64_t home = own->tells[at] % TELL_SLOTS;
        bool may_move = (at - home + TELL_SLOTS) % TELL_SLOTS >= (at - hole + TELL_SLOTS) % TELL_SLOTS;
        if (!may_move) continue;
        own->tells[hole] = own->tells[at];
        hole = at;
    }
    own->tells[hole] = 0;
}

void own_remember_tell(struct own *own, const struct item_tell *tell) {
    if (own->tells_count < OWN_TELLS_MAX) remember(own, key_of(tell));
}

void own_forget_tell(struct own *own, const struct item_tell *tell) { forget(own, key_of(tell)); }

/* Whether the item still fits the batch that was begun last. */
static bool fits_last(const struct own *own, size_t bytes, size_t content_bytes) {
    return own->batches > 0 && own->last_items < BATCH_ITEMS_MAX &&
           own->last_bytes + bytes + BODY_HEAD_BYTES <= BATCH_BYTES_MAX &&
           own->last_content_bytes + content_bytes + BODY_HEAD_BYTES <= BATCH_CONTENT_BYTES_MAX;
}

static void count_in(struct own *own, const struct own_item *item) {
    size_t content_bytes = item->content_bytes > 0 ? item->content_bytes + CONTENT_EXTRA_BYTES : 0;
    if (!fits_last(own, item->bytes, content_bytes)) {
        own->batches++;
        own->last_items = own->last_bytes = own->last_content_bytes = 0;
    }
    own->last_items++;
    own->last_bytes += item->bytes;
    own->last_content_bytes += (uint32_t)content_bytes;
}

enum status own_append(struct own *own, const struct item *item, struct slice bytes, struct slice content,
                       uint32_t *ret_batch, uint32_t *ret_index) {
    if (own->items_count == OWN_ITEMS_MAX || bytes.bytes > OWN_BYTES_MAX - own->bytes ||
        content.bytes > OWN_CONTENT_BYTES_MAX - own->content_bytes || own->tells_count >= OWN_TELLS_MAX)
        return STATUS_BUSY;
    struct own_item entry = {.bytes = (uint32_t)bytes.bytes, .content_bytes = (uint32_t)content.bytes};
    if (item->kind == ITEM_TELL) {
        entry.tell = true;
        entry.key = key_of(&item->tell);
        if (own->tells[slot_of(own, entry.key)] == entry.key) return STATUS_DUPLICATE_OBSERVATION;
        remember(own, entry.key);
    }
    memcpy(own->body + own->bytes, bytes.data, bytes.bytes);
    if (content.bytes > 0) memcpy(own->contents + own->content_bytes, content.data, content.bytes);
    own->bytes += entry.bytes;
    own->content_bytes += entry.content_bytes;
    own->contents_count += content.bytes > 0;
    own->items[own->items_count++] = entry;
    count_in(own, &entry);
    *ret_batch = own->batches - 1;
    *ret_index = own->last_items - 1;
    return STATUS_OK;
}

struct replica_mark own_mark(const struct own *own) {
    return (struct replica_mark){own->items_count, own->bytes, own->contents_count, own->content_bytes};
}

void own_rewind(struct own *own, struct replica_mark mark) {
    CHECK(mark.items <= own->items_count);
    for (uint32_t i = mark.items; i < own->items_count; i++) {
        if (own->items[i].tell) forget(own, own->items[i].key);
    }
    own->items_count = mark.items;
    own->bytes = mark.bytes;
    own->contents_count = mark.contents;
    own->content_bytes = mark.content_bytes;
    own->batches = own->last_items = own->last_bytes = own->last_content_bytes = 0;
    for (uint32_t i = 0; i < own->items_count; i++) count_in(own, &own->items[i]);
}

/* How many items from `first` on make the next batch, by the same rule as count_in. */
static uint32_t items_of_batch(const struct own *own, uint32_t first, uint32_t *ret_contents) {
    struct own counter = {0};
    uint32_t count = 0;
    *ret_contents = 0;
    for (uint32_t i = first; i < own->items_count; i++) {
        count_in(&counter, &own->items[i]);
        if (counter.batches > 1) break;
        count++;
        *ret_contents += own->items[i].content_bytes > 0;
    }
    return count;
}

uint32_t own_take_batch(struct own *own, uint32_t *first_item, uint32_t *first_byte, uint32_t *first_content,
                        struct writer *ret_body, struct writer *ret_contents) {
    uint32_t contents_count;
    uint32_t count = items_of_batch(own, *first_item, &contents_count);
    cbor_put_array(ret_body, count);
    frame_contents_put(ret_contents, contents_count);
    for (uint32_t i = 0; i < count; i++) {
        const struct own_item *item = &own->items[*first_item + i];
        writer_put(ret_body, own->body + *first_byte, item->bytes);
        *first_byte += item->bytes;
        if (item->content_bytes == 0) continue;
        frame_content_put(ret_contents, i, slice_of(own->contents + *first_content, item->content_bytes));
        *first_content += item->content_bytes;
    }
    *first_item += count;
    return count;
}

void own_clear(struct own *own) {
    own->items_count = own->bytes = own->contents_count = own->content_bytes = 0;
    own->batches = own->last_items = own->last_bytes = own->last_content_bytes = 0;
}
