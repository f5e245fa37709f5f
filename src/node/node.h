/* The node: one running member. Joins replica, ledger, transport and http in one libuv loop (docs/ARCHITECTURE.md).
 *
 * A turn of the loop: everything that arrived is handed to the replica, which writes to the open transaction of the ledger and leaves its
 * frames in the outbox; before the loop waits again the ledger is committed once for all of it, and only then the frames leave and the
 * clients are answered. That is the ordering contract of replica/ports.h, with group commit for free. When the disk is full the member
 * stands still, serves reads and waits for room (node/turn.h). */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include <stdbool.h>

/* Runs the member of this directory in the foreground until SIGINT or SIGTERM. `recover`: its ledger may be older than what it signed,
 * so it asks the others before it signs again. Says on standard error what happens. Returns the exit status: 0, or 1 when it could not
 * start or had to stop. */
int node_run(const char *member_dir, bool recover);

#endif
