/* Lanes with made-up headers: the hash of a batch says which one it is, nothing is signed. */
#ifndef TESTS_LANE_LANES_H
#define TESTS_LANE_LANES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lane/lane.h"

enum { WALL_US = 1000000, EXECUTED_MAX = 2000 };

struct desk {
    struct lanes lanes;
    void *memory;
    struct hash executed[8][EXECUTED_MAX]; /* the ledger, for hashes older than the history */
    uint32_t reads;
    struct tip missing;
    struct hash rival;
    struct batch *batch;
};

struct desk *desk_new(uint32_t members);
void desk_free(struct desk *desk);

/* The hash of batch `seq` of a lane; versions of a fork differ in `version`. */
struct hash hash_of(uint32_t member, uint64_t seq, uint32_t version);
struct tip tip_of(uint32_t member, uint64_t seq, uint32_t version);
/* A header whose previous batch is of version `prev_version`. wall_us is WALL_US + seq. */
struct header header_of(uint32_t member, uint64_t seq, uint32_t prev_version);
void header_add_dep(struct header *header, struct tip dep);
enum status desk_offer(struct desk *desk, const struct header *header, uint32_t version);
/* Accepts batch `seq` of version 0, without deps. */
void desk_add(struct desk *desk, uint32_t member, uint64_t seq);
/* Accepts batches first .. last. */
void desk_fill(struct desk *desk, uint32_t member, uint64_t first, uint64_t last);
void desk_execute(struct desk *desk, uint32_t member, uint64_t seq, uint32_t version);

#endif
