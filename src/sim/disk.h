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
    /* Drops what was not committed. */
    void (*crash)(void *disk);
    /* A copy of what is durable. */
    void *(*clone)(const void *disk);
    void (*fail)(void *disk, enum status status);
    /* Feeds everything kept to replica_restore_*. */
    enum status (*restore)(void *disk, struct replica *replica);
};

#endif
