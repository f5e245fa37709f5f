/* The memory ledger as the disk of a simulated member: floor 8 joins the two rooms. */
#ifndef CMD_MEMORY_DISK_H
#define CMD_MEMORY_DISK_H

#include "sim/disk.h"

/* Static storage. */
const struct sim_disk *memory_disk(void);

#endif
