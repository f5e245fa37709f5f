/* Told: what this member has said through its lane, so that a client that repeats itself is answered as the first time
 * instead of refused. A repetition is known by its bytes: the item as it is encoded, under what makes it one of a kind
 * (kind, question, observation; the epoch of a proposal).
 *
 * Only a help: what was said is in the lane, and who may say what is the replica's to judge. What is not remembered
 * is merely refused as a second one. The newest TOLD_GENERATION items are remembered, and up to as many before them. */
#ifndef HTTP_TOLD_H
#define HTTP_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/item.h"

/* 24 bytes each, twice for the room between them, in two generations: 100 MB at most, and only as they fill up. */
#define TOLD_GENERATION (UINT32_C(1) << 20)
enum { TOLD_REFUSED_SLOTS = 8192 };

/* Where an item stands in the own lane; above 0. */
struct told_place {
    uint64_t seq;
    uint32_t index;
};

enum told_answer {
    TOLD_UNKNOWN,   /* not said, or too long ago */
    TOLD_SAME,      /* word for word */
    TOLD_OTHERWISE, /* in other words */
    TOLD_RETRACTED, /* word for word, and taken back since */
};

struct told_entry {
    uint64_t key; /* 0: free */
    uint64_t digest;
    uint64_t place;
};

struct told_table {
    struct told_entry *entries; /* open addressing */
    size_t slots;               /* a power of two, or 0 */
    uint32_t count;
};

struct told {
    struct told_table young;
    struct told_table old;
    uint64_t *journal; /* keys added since told_mark */
    size_t journal_count;
    size_t journal_capacity;
    uint64_t refused[TOLD_REFUSED_SLOTS]; /* places whose items execution refused; a newer one may displace another */
};

/* An item has its place now. Items of other kinds than tell, retract, close and reconfigure are left alone. */
void told_add(struct told *told, const struct item *item, struct slice bytes, struct told_place place);
/* From here on what is added can be taken back. */
void told_mark(struct told *told);
void told_rewind(struct told *told);
/* Execution refused what stands there: it was not said. */
void told_refused(struct told *told, struct told_place place);
/* `ret_place` is set unless the answer is TOLD_UNKNOWN. */
enum told_answer told_find(const struct told *told, const struct item *item, struct slice bytes,
                           struct told_place *ret_place);
void told_free(struct told *told);

#endif
