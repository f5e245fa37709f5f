/* Four members in one process, joined by a network that is a list, with ledgers in memory, on a thread of their own;
 * member 0 has the HTTP server under test. */
#ifndef TEST_HTTP_WORLD_H
#define TEST_HTTP_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "wire/genesis.h"

struct world;

#define WORLD_TOKEN       "correct horse"
#define WORLD_TOKEN_WRITE "battery"
#define WORLD_TOKEN_READ  "staple"

/* Member i has the key of the seed that is i + 1 in every byte, and that of i + WORLD_NEXT_KEY at hand as its next. */
enum { WORLD_NEXT_KEY = 77 };

/* `body_bytes_max` 0: the default. */
struct world *world_start(size_t body_bytes_max);
/* With a limit of requests a second. */
struct world *world_start_limited(uint32_t requests_per_second);
/* With four or five members, and places that are vacant behind theirs. */
struct world *world_start_group(uint32_t members, uint32_t vacant);
/* With a snapshot of the state every so many blocks, of which member 0 keeps the newest. */
struct world *world_start_snapshots(uint64_t every);
void world_stop(struct world *world);
/* The genesis of the group. */
const struct genesis *world_genesis(const struct world *world);
/* While they are forgotten, member 0 has none of its snapshots. */
void world_forget_snapshots(struct world *world, bool is_forgotten);
/* How many chunks were handed out after which the member comes to a newer snapshot, as if it had been made right then:
 * what is asked for next of the old one is gone, once. 0: never. */
void world_lose_chunk(struct world *world, uint32_t chunks);
/* The member says that it keeps blocks from this height on. */
void world_prune(struct world *world, uint32_t from);
uint16_t world_port(const struct world *world);
/* While it is cut, no frame arrives anywhere. */
void world_cut(struct world *world, bool is_cut);
/* While they are silent, blocks are agreed on and executed, but no checkpoint's signature arrives. */
void world_silence_attestations(struct world *world, bool is_silent);
/* While it is held, nothing becomes durable. */
void world_hold_commits(struct world *world, bool is_held);
/* While it is full, what happens is not durable: the member and the others go on, and the server hears of no commit. */
void world_fill_disk(struct world *world, bool is_full);
/* While it is changed, the member's key opens none of its commitments. */
void world_change_key(struct world *world, bool is_changed);
/* What the member answers to the question whether it accepts submissions; STATUS_OK: yes. */
void world_accept(struct world *world, enum status why_not);

/* From now on the first so many of the other members propose what member 0 proposes. */
void world_second(struct world *world, uint32_t members);

#endif
