/* Filling the own lane's next batches (docs/protocol.md 2). */
#include "replica/own.h"

#include "base/arena.h"
#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/sha256.h"
#include "wire/frame.h"

/* The array head of the body, and what each content adds: index, length, array head. */
enum { BODY_HEAD_BYTES = 5, CONTENT_EXTRA_BYTES = 11, KEY_SLOTS = 2 * OWN_KEYS_MAX };

size_t own_bytes(void) {
    return arena_rounded(OWN_BYTES_MAX) + arena_rounded(OWN_CONTENT_BYTES_MAX) +
           arena_rounded(OWN_ITEMS_MAX * sizeof(struct own_item)) + arena_rounded(KEY_SLOTS * sizeof(uint64_t));
}

void own_init(struct own *own, void *memory, size_t bytes) {
    CHECK(bytes >= own_bytes());
    struct arena arena;
    arena_init(&arena, memory, bytes);
    *own = (struct own){0};
    own->body = arena_take(&arena, OWN_BYTES_MAX);
    own->contents = arena_take(&arena, OWN_CONTENT_BYTES_MAX);
    own->items = arena_take(&arena, OWN_ITEMS_MAX * sizeof(struct own_item));
    own->keys = arena_take(&arena, KEY_SLOTS * sizeof(uint64_t));
}

/* 64 bits of SHA-256 over kind, question and a name, never 0. A collision (one in 2^44 at a million items)
 * refuses an honest item at this member's own door, nothing more. */
static uint64_t key_of(enum item_kind kind, const struct question_id *question, struct slice observation) {
    struct sha256 sha;
    struct hash hash;
    uint8_t first = (uint8_t)kind;
    sha256_begin(&sha);
    sha256_add(&sha, &first, 1);
    sha256_add(&sha, question->bytes, QUESTION_ID_BYTES);
    if (observation.bytes > 0) sha256_add(&sha, observation.data, observation.bytes);
    sha256_end(&sha, &hash);
    uint64_t key = 0;
    for (int i = 0; i < 8; i++) key = key << 8 | hash.bytes[i];
    return key != 0 ? key : 1;
}

static uint64_t key_of_answer(uint64_t height) {
    const struct question_id nothing = {{0}};
    uint8_t bytes[8];
    struct writer writer = writer_of(bytes, sizeof bytes);
    writer_put_u64(&writer, height);
    return key_of(ITEM_ANSWER, &nothing, writer_slice(&writer));
}

static uint64_t key_of_item(const struct item *item, struct slice bytes) {
    const struct slice none = slice_of(NULL, 0);
    const struct question_id nothing = {{0}};
    switch (item->kind) {
    case ITEM_ASK: return key_of(ITEM_ASK, &nothing, bytes);
    case ITEM_TELL: return key_of(ITEM_TELL, &item->tell.question, item->tell.observation);
    case ITEM_RETRACT: return key_of(ITEM_RETRACT, &item->retract.question, item->retract.observation);
    case ITEM_CLOSE: return key_of(ITEM_CLOSE, &item->close.question, none);
    case ITEM_ANSWER: return key_of_answer(item->answer.height);
    case ITEM_RECONFIGURE: return key_of(ITEM_RECONFIGURE, &nothing, bytes);
    case ITEM_LEVEL: return key_of(ITEM_LEVEL, &nothing, none); /* one at a time, whatever it says */
    case ITEM_REVEAL: return key_of(ITEM_REVEAL, &item->reveal.question, none);
    case ITEM_CLOSE_FAMILY: return key_of(ITEM_CLOSE_FAMILY, &nothing, item->close_family.family);
    }
    CHECK(false); /* items of other kinds do not pass item_take */
    return 0;
}

/* What execution says to the second one. */
static enum status said_twice(enum item_kind kind) {
    switch (kind) {
    case ITEM_ASK: return STATUS_QUESTION_EXISTS;
    case ITEM_TELL: return STATUS_DUPLICATE_OBSERVATION;
    case ITEM_RETRACT: return STATUS_UNKNOWN_OBSERVATION;
    case ITEM_CLOSE: return STATUS_QUESTION_CLOSED;
    case ITEM_ANSWER:
    case ITEM_RECONFIGURE:
    case ITEM_LEVEL: return STATUS_DUPLICATE;
    case ITEM_REVEAL: return STATUS_OPENED;
    case ITEM_CLOSE_FAMILY: return STATUS_FAMILY_CLOSED;
    }
    return STATUS_BAD_VALUE;
}

static uint64_t slot_of(const struct own *own, uint64_t key) {
    uint64_t slot = key % KEY_SLOTS;
    while (own->keys[slot] != 0 && own->keys[slot] != key) slot = (slot + 1) % KEY_SLOTS;
    return slot;
}

static void remember(struct own *own, uint64_t key) {
    uint64_t slot = slot_of(own, key);
    if (own->keys[slot] == key) return;
    CHECK(own->keys_count < OWN_KEYS_MAX);
    own->keys[slot] = key;
    own->keys_count++;
}

/* Backward-shift deletion keeps the table free of gravestones. */
static void forget(struct own *own, uint64_t key) {
    uint64_t hole = slot_of(own, key);
    if (own->keys[hole] != key) return;
    own->keys_count--;
    for (uint64_t at = (hole + 1) % KEY_SLOTS; own->keys[at] != 0; at = (at + 1) % KEY_SLOTS) {
        uint64_t home = own->keys[at] % KEY_SLOTS;
        bool may_move = (at - home + KEY_SLOTS) % KEY_SLOTS >= (at - hole + KEY_SLOTS) % KEY_SLOTS;
        if (!may_move) continue;
        own->keys[hole] = own->keys[at];
        hole = at;
    }
    own->keys[hole] = 0;
}

static bool is_known(const struct own *own, uint64_t key) { return own->keys[slot_of(own, key)] == key; }

bool own_has_told(const struct own *own, const struct question_id *question, struct slice observation) {
    return is_known(own, key_of(ITEM_TELL, question, observation)) &&
           !is_known(own, key_of(ITEM_RETRACT, question, observation));
}

void own_remember(struct own *own, const struct item *item, struct slice bytes) {
    if (own->keys_count < OWN_KEYS_MAX) remember(own, key_of_item(item, bytes));
}

void own_forget(struct own *own, const struct item *item, struct slice bytes) {
    forget(own, key_of_item(item, bytes));
}

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
        content.bytes > OWN_CONTENT_BYTES_MAX - own->content_bytes || own->keys_count >= OWN_KEYS_MAX)
        return STATUS_BUSY;
    struct own_item entry = {
        .bytes = (uint32_t)bytes.bytes, .content_bytes = (uint32_t)content.bytes, .key = key_of_item(item, bytes)};
    if (is_known(own, entry.key)) return said_twice(item->kind);
    remember(own, entry.key);
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
    for (uint32_t i = mark.items; i < own->items_count; i++) forget(own, own->items[i].key);
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

void own_reset(struct own *own) {
    own_clear(own);
    own->keys_count = 0;
    memset(own->keys, 0, KEY_SLOTS * sizeof *own->keys);
}
