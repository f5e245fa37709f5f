/* The own lane's side of the replica: items that are being filled into the next batches, and the keys of own items
 * that are not executed yet, so that one that comes twice is refused at the door (docs/protocol.md 2).
 *
 * Items are appended until the next flush, which seals them into one batch, or several when they pass its limits.
 * Until then any number of them can be taken back (marks): a submission is taken whole or not at all. */
#ifndef REPLICA_OWN_H
#define REPLICA_OWN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "replica/replica.h"
#include "wire/item.h"

/* What one flush can take, over several batches. */
#define OWN_BYTES_MAX         (4u * BATCH_BYTES_MAX)
#define OWN_CONTENT_BYTES_MAX (4u * BATCH_CONTENT_BYTES_MAX)
#define OWN_ITEMS_MAX         (4u * BATCH_ITEMS_MAX)
/* Own items that may be on their way at one time. */
#define OWN_KEYS_MAX (1u << 20)

struct own_item {
    uint32_t bytes; /* of its encoding */
    uint32_t content_bytes;
    uint64_t key;
};

struct own {
    uint8_t *body;
    uint8_t *contents;
    struct own_item *items;
    uint32_t items_count;
    uint32_t bytes;
    uint32_t content_bytes;
    uint32_t contents_count;
    uint32_t batches;    /* batches that the items will make: the last may still grow */
    uint32_t last_items; /* items, bytes and content bytes of that last one */
    uint32_t last_bytes;
    uint32_t last_content_bytes;
    uint64_t *keys; /* open addressing, OWN_KEYS_MAX * 2 slots, 0: free */
    uint32_t keys_count;
};

size_t own_bytes(void);
void own_init(struct own *own, void *memory, size_t bytes);
/* Forgets everything that is on its way. */
void own_reset(struct own *own);
/* Appends an item whose form was checked. `ret_batch` (from 0) and `ret_index`: where it will be. When the same one
 * is on its way, what execution would say to the second: STATUS_DUPLICATE_OBSERVATION, STATUS_UNKNOWN_OBSERVATION (a
 * retract), STATUS_QUESTION_EXISTS, STATUS_QUESTION_CLOSED. STATUS_BUSY when one of the limits above is reached. */
enum status own_append(struct own *own, const struct item *item, struct slice bytes, struct slice content,
                       uint32_t *ret_batch, uint32_t *ret_index) MUST_USE;
/* Whether what this retract takes back is on its way and not taken back yet. */
bool own_has_told(const struct own *own, const struct question_id *question, struct slice observation);
struct replica_mark own_mark(const struct own *own);
void own_rewind(struct own *own, struct replica_mark mark);

/* The first batch of what is filled: encodes its body (an array of items) and its contents array. */
uint32_t own_take_batch(struct own *own, uint32_t *first_item, uint32_t *first_byte, uint32_t *first_content,
                        struct writer *ret_body, struct writer *ret_contents);
/* After all batches were taken. */
void own_clear(struct own *own);

/* Keys of items on their way: remember is for batches that come from elsewhere, forget for executed ones. */
void own_remember(struct own *own, const struct item *item, struct slice bytes);
void own_forget(struct own *own, const struct item *item, struct slice bytes);

#endif
