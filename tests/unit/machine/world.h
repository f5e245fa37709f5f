/* World: batches made by a script, and machines that execute them and keep what they hand out. For the tests of this room. */
#ifndef WORLD_H
#define WORLD_H

#include "base/prng.h"
#include "machine/machine.h"

/* The script: every batch ever made, in the order of making. Shared by the machines of a test. */
struct made {
    struct machine_batch batch;
    struct tip deps[16];
    uint8_t header[96];
    size_t header_bytes;
    uint8_t *body;
    size_t body_bytes;
};

struct book {
    struct made *made;
    size_t count;
    size_t capacity;
    uint64_t seq[MEMBERS_MAX];
    struct hash tip[MEMBERS_MAX];
    /* The batch that is being filled. */
    uint8_t *items;
    size_t items_bytes;
    uint32_t items_count;
};

/* Before a block is written: when it is the first one of an epoch, lanes whose key is new begin again. */
void book_turn(struct book *book, const struct machine *machine);
struct book *book_new(void);
void book_free(struct book *book);
/* Adds an item to the batch that is being filled. */
void book_item(struct book *book, const struct item *item);
/* The same, also for an ask: returns the id of the question, whose batch `member` has to seal. */
struct question_id book_item_of(struct book *book, uint32_t member, const struct item *item);
/* Ends the batch: the next of the lane of `member`, with deps on the newest batches of the members in `deps`. */
void book_seal(struct book *book, uint32_t member, uint64_t wall_us, uint32_t deps_count, const uint32_t *deps);

struct refusal {
    uint32_t member;
    uint64_t seq;
    uint32_t item;
    enum status why;
};

struct leaf {
    struct hash hash;
    uint8_t *bytes;
    size_t bytes_count;
};

/* One machine and all that came out of it. */
struct world {
    struct genesis genesis;
    struct machine *machine;
    void *memory;
    size_t memory_bytes;
    const struct book *book;
    struct leaf *leaves; /* those of the log from first_leaf on */
    uint64_t interval;   /* of snapshots; 0: the one of the machine */
    uint64_t first_leaf; /* 0, unless the machine was loaded from a snapshot */
    size_t leaves_count;
    size_t leaves_capacity;
    struct refusal *refusals;
    size_t refusals_count;
    size_t refusals_capacity;
    uint64_t changed; /* reports of changed beliefs */
    struct checkpoint checkpoint;
};

void world_genesis(uint32_t members, uint64_t state_bytes, struct genesis *ret_genesis);
struct world *world_new(const struct genesis *genesis, const struct book *book);
/* A machine that commits to a snapshot every so many blocks. */
struct world *world_new_with_interval(const struct genesis *genesis, const struct book *book, uint64_t interval);
/* A fresh one, loaded from a snapshot; what machine_load says of it in `ret_status`, and only when that is STATUS_OK the
 * rest. Leaves that a challenge may ask for and that are older than the snapshot come from `source`: there are none when
 * the state commits to this very snapshot. */
struct world *world_load(const struct world *source, struct slice snapshot, enum status *ret_status);
/* The snapshot of its height: malloc'ed bytes. */
struct slice world_save(const struct world *world);
void world_free(struct world *world);
/* Executes the batches [from, to) of the book as one block, in an order that `prng` shuffles (NULL: as they were made). */
void world_block(struct world *world, size_t from, size_t to, struct prng *prng);
/* The same with a block of proofs. */
void world_block_with_proofs(struct world *world, size_t from, size_t to, const struct slice *proofs, uint32_t count);
/* The status with which the newest item was refused; STATUS_OK when none of the last block was. */
enum status world_last_refusal(const struct world *world);
/* Checks that leaf `index` is in the log under the root of the last checkpoint, by a proof made from the leaves handed out. */
void world_check_included(const struct world *world, uint64_t index);
/* Number of leaves of this record kind; `ret_index` (may be NULL) is the last of them. */
size_t world_count_leaves(const struct world *world, enum record_kind kind, uint64_t *ret_index);
void world_state(const struct world *world, struct record_state *ret_state);

/* Items with the defaults that most tests want: one third of n for the margin, cap 2 nats, decided at 99 %. */
struct item make_ask(const char *title, uint32_t hypotheses, enum question_mode mode);
struct item make_tell(struct question_id question, const char *observation, int64_t ratio);
struct item make_retract(struct question_id question, const char *observation);
struct item make_close(struct question_id question);

#endif
