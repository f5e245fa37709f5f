/* The disk of a simulated member: a ledger in memory that can lose what was not committed. The simulator is handed one by whoever may
 * include the ledger room (floor 8 and the tests), because rooms on one floor do not know each other. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "replica/replica.h"

struct sim_disk {
    void *(*open)(const struct hash *chain);
    void (*close)(void *disk);
    /* Fills the ledger's ports; context, send and event are the simulator's. */
    void (*fill)(struct replica_ports *ports);
    enum status (*commit)(void *disk);
    /* Drops what was not committed, and forgets failures. */
    void (*crash)(void *disk);
    /* A copy of what is durable. */
    void *(*clone)(const void *disk);
    /* From now on commits fail with `status`, until a crash. */
    void (*fail)(void *disk, enum status status);
    /* Feeds everything kept to replica_restore_*. */
    enum status (*restore)(void *disk, struct replica *replica);
    /* As restore, but one bit of one thing that is fed is flipped; `dice` chooses which. STATUS_NOT_FOUND, and nothing restored, when
     * nothing is kept. `ret_what` names the thing; static text. */
    enum status (*restore_flipped)(void *disk, struct replica *replica, uint64_t dice, const char **ret_what);
    /* A leaf of the log, borrowed until the next read. */
    enum status (*read_leaf)(void *disk, uint64_t index, struct slice *ret_bytes);
    /* A complete node of the log's tree: a merkle_read of crypto/merkle.h. */
    enum status (*read_node)(void *disk, uint32_t level, uint64_t index, struct hash *ret_hash);
};

#endif
