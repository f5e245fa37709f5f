/* Snapshots and pruning: the snapshot that a state names is kept in the ledger with its height, and what is older than `retain` blocks
 * goes, as far as a certified snapshot makes up for it (docs/protocol.md 9).
 *
 * Invariant: this member starts from its ledger alone, whatever was pruned. */
#include <inttypes.h>

#include "base/num.h"
#include "ledger/snapshot.h"
#include "node/state.h"

/* The newest snapshot is kept, and the one before it for those who are fetching that. */
static void keep_two(struct node *node, uint64_t height) {
    struct record_snapshot before;
    if (ledger_find_snapshot(node->ledger, height - 1, &before) == STATUS_OK)
        ledger_forget_snapshots(node->ledger, before.height);
}

/* What a quorum has not certified yet stays: it may have to be executed again. */
static void prune(struct node *node, uint64_t height) {
    struct replica_status status;
    struct record_snapshot base;
    uint64_t retain = node->config->retain;
    replica_status(node->replica, &status);
    if (height <= retain) return;
    uint64_t most = num_min_u64(height - retain, status.certified_height);
    if (ledger_find_snapshot(node->ledger, most, &base) != STATUS_OK || base.height < ledger_base(node->ledger))
        return;
    ledger_prune(node->ledger, base.height);
    ledger_forget_snapshots(node->ledger, base.height);
    replica_pruned(node->replica);
    node_log(LOG_INFO, "pruned the blocks below height %" PRIu64 " and their batches", base.height);
}

void node_snapshot_executed(struct node *node) {
    const struct machine *machine = replica_machine(node->replica);
    struct record_snapshot record;
    machine_snapshot(machine, &record);
    if (record.height == 0 || record.height != machine_height(machine)) return;
    ledger_persist_snapshot(node->ledger, &record);
    machine_save(machine, ledger_persist_snapshot_chunk, node->ledger);
    node_log(LOG_INFO, "snapshot of height %" PRIu64 ": %" PRIu64 " bytes", record.height, record.bytes);
    if (node->config->retain > 0) {
        prune(node, record.height);
    } else {
        keep_two(node, record.height);
    }
}
