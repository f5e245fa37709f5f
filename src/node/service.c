/* The member as a service: what its manager hears of it, and the signal to read the configuration again
 * (docs/operations.md).
 *
 * Invariant: the manager hears that the member is alive only from the loop itself, so a loop that hangs is restarted;
 * a member that waits for room on the disk or for its quorum turns, and is left alone. */
#include <inttypes.h>
#include <signal.h>

#include "base/check.h"
#include "node/state.h"

/* How often the manager hears of height and level, when it does not watch more closely. */
enum { TELL_EVERY_MS = 5000 };

static void tell_status(struct node *node) {
    struct replica_status status;
    struct replica_reach reach;
    uint32_t links = 0;
    uint32_t others = roster_heads(replica_roster(node->replica));
    replica_status(node->replica, &status);
    replica_reach(node->replica, &reach);
    if (roster_has(replica_roster(node->replica), node->config->member)) others--;
    for (uint32_t m = 0; m < node->config->genesis.members; m++) {
        if (m != node->config->member) links += transport_link_up(node->transport, m);
    }
    notify_status("%s: height %" PRIu64 ", certified %" PRIu64 ", %s, %" PRIu32 " of %" PRIu32 " links up%s%s",
                  node_member_name(node, node->config->member), status.checkpoint.height, status.certified_height,
                  level_name(reach.level), links, others, status.recovering ? ", recovering" : "",
                  turn_is_open(&node->turn) ? "" : ", waiting for the disk");
}

static void on_tell(uv_timer_t *timer) {
    struct node *node = timer->data;
    if (node->closing) return;
    notify_alive();
    tell_status(node);
}

static void on_hangup(uv_signal_t *handle, int number) {
    struct node *node = handle->data;
    (void)number;
    if (node->closing) return;
    notify_reloading();
    node_reload(node);
    notify_ready();
    tell_status(node);
}

void node_service_open(struct node *node) {
    CHECK(uv_signal_init(&node->loop, &node->hangup) == 0);
    CHECK(uv_timer_init(&node->loop, &node->tell) == 0);
    node->hangup.data = node->tell.data = node;
    /* One that comes while the ledger is read waits for the loop. */
    CHECK(uv_signal_start(&node->hangup, on_hangup, SIGHUP) == 0);
    log_configure(node->config->log_level, node->config->log_format);
}

void node_service_ready(struct node *node) {
    uint64_t every_ms = TELL_EVERY_MS;
    uint64_t watchdog_us = notify_watchdog_us();
    if (!notify_wanted()) return;
    /* Twice as often as it must be, as sd_watchdog_enabled(3) advises. */
    if (watchdog_us != 0 && watchdog_us / 2000 < every_ms) every_ms = watchdog_us / 2000;
    if (every_ms == 0) every_ms = 1;
    CHECK(uv_timer_start(&node->tell, on_tell, every_ms, every_ms) == 0);
    notify_ready();
    tell_status(node);
}

void node_service_close(struct node *node) {
    notify_stopping();
    uv_close((uv_handle_t *)&node->hangup, NULL);
    uv_close((uv_handle_t *)&node->tell, NULL);
}
