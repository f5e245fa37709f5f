/* The life of a running member: start, turns, stop (node/node.h). */
#include "node/node.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "node/commitment.h"
#include "node/directory.h"
#include "node/keys.h"
#include "node/state.h"

/* Evidence is refused below this much room on the disk: votes and blocks must still fit. */
#define DISK_LOW_BYTES     ((uint64_t)64 * 1024 * 1024)
#define DISK_LOOK_EVERY_US UINT64_C(1000000)
/* HTTP takes up to 1088 connections, peers and half-open ones come on top. */
#define DESCRIPTORS_WANTED 4096

static void time_now(void *context, struct replica_time *ret_now) {
    (void)context;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    ret_now->mono_us = uv_hrtime() / 1000;
    ret_now->wall_us = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000;
}

static struct replica_time now_of(struct node *node) {
    struct replica_time now;
    time_now(node, &now);
    return now;
}

/* --- the turn --- */

static void on_timer(uv_timer_t *timer);
static void stop(struct node *node, int exit_status);

static void arm_timer(struct node *node) {
    uint64_t deadline_us = turn_deadline_us(&node->turn);
    uint64_t now_us = uv_hrtime() / 1000;
    if (deadline_us == UINT64_MAX) {
        uv_timer_stop(&node->timer);
        return;
    }
    uint64_t wait_ms = deadline_us <= now_us ? 0 : (deadline_us - now_us + 999) / 1000;
    uv_update_time(&node->loop);
    uv_timer_start(&node->timer, on_timer, wait_ms, 0);
}

static enum status commit(void *context) { return ledger_commit(((struct node *)context)->ledger); }

static void note_certified(struct node *node) {
    struct replica_status status;
    replica_status(node->replica, &status);
    node->certified_height = status.certified_height;
}

/* Lets go what may leave only now. */
static void on_durable(void *context) {
    struct node *node = context;
    struct replica_lane own;
    if (node->roster_moved) node_take_key(node);
    node_release(node);
    note_certified(node);
    replica_lane(node->replica, node->config->member, &own);
    http_committed(node->http, own.tip.seq);
    if (node->forgetful) node_look_for_reminded(node);
}

/* Says what became of the turn, when it is not what was before. */
static void tell_turn(struct node *node, enum turn_state before) {
    const struct turn *turn = &node->turn;
    if (turn->state == before) return;
    switch (turn->state) {
    case TURN_WAITING:
        node_log(
            LOG_ERROR,
            "the ledger can't be written (%s): nothing is sent and no evidence is taken until there is room, reads "
            "go on; tried again every second",
            ledger_error_text(node->ledger));
        break;
    case TURN_OPEN:
        node_log(LOG_INFO,
                 "there is room on the disk again after %" PRIu64 " s: the step that waited is written; %" PRIu64
                 " frames were passed over so far",
                 (uv_hrtime() / 1000 - turn->waiting_since_us) / 1000000, turn->passed_over);
        break;
    case TURN_FAILED:
        node_log(LOG_ERROR, "the ledger can't be written (%s): nothing more is sent, stopping",
                 ledger_error_text(node->ledger));
        stop(node, 1);
        break;
    }
}

static void on_turn(uv_prepare_t *handle) {
    struct node *node = handle->data;
    enum turn_state before = node->turn.state;
    if (node->closing) return;
    turn_end(&node->turn, now_of(node));
    if (node->roster_moved && turn_is_open(&node->turn)) {
        node_follow_roster(node);
        turn_end(&node->turn, now_of(node)); /* links that went down are news for the replica */
    }
    tell_turn(node, before);
    if (!node->closing) arm_timer(node);
}

static void on_timer(uv_timer_t *timer) {
    struct node *node = timer->data;
    enum turn_state before = node->turn.state;
    if (node->closing) return;
    turn_on_tick(&node->turn, now_of(node));
    tell_turn(node, before);
}

/* --- the transport's and http's callbacks --- */

static void on_frame(void *context, uint32_t from, struct slice frame) {
    struct node *node = context;
    if (!node->closing) turn_on_frame(&node->turn, now_of(node), from, frame);
}

static void on_link(void *context, uint32_t member, bool up) {
    struct node *node = context;
    if (node->closing) return;
    node_log(LOG_INFO, "link to %s is %s", node_member_name(node, member), up ? "up" : "down");
    turn_on_link(&node->turn, now_of(node), member, up);
}

/* What the transport's statuses mean for a connection (transport/transport.h); the others speak for themselves. */
static const char *refusal_text(enum status why) {
    switch (why) {
    case STATUS_UNKNOWN_MEMBER: return "its key is not a member's";
    case STATUS_CONFLICT: return "who answers there has another key than the member";
    case STATUS_NOT_ALLOWED: return "the other end refuses this member, or ought not to dial it";
    case STATUS_BAD_FORMAT: return "it does not speak TLS 1.3 as members do";
    case STATUS_TRUNCATED: return "it ended before it had proved who it is";
    case STATUS_UNAVAILABLE: return "it did not prove in time who it is";
    default: return status_text(why);
    }
}

/* Whoever was away while all the others changed their keys finds nobody that it knows. */
static const char *learning_text(const struct node *node, enum status why) {
    if (why != STATUS_UNKNOWN_MEMBER && why != STATUS_CONFLICT) return "";
    for (uint32_t m = 0; m < MEMBERS_MAX; m++)
        if (transport_link_up(node->transport, m)) return "";
    return "; if the members have other keys by now: credimus member learn";
}

static void on_refused(void *context, const char *peer_address, enum status why) {
    /* An attacker may knock as often as it likes; the log gets ten lines a second at most. */
    static uint64_t second, lines;
    const struct node *node = context;
    uint64_t current = uv_hrtime() / 1000000000;
    if (current != second) lines = 0;
    second = current;
    if (lines++ < 10)
        node_log(LOG_WARNING, "refused a connection with %s: %s in epoch %" PRIu64 "%s", peer_address,
                 refusal_text(why), node_link_roster(node)->epoch, learning_text(node, why));
}

static struct replica *backend_replica(void *context) { return ((struct node *)context)->replica; }

static void backend_submitted(void *context) { turn_touched(&((struct node *)context)->turn); }

static enum http_disk backend_disk(void *context) {
    struct node *node = context;
    if (node->turn.state == TURN_WAITING) return HTTP_DISK_FULL;
    uint64_t now_us = uv_hrtime() / 1000;
    if (node->disk_looked_us == 0 || now_us > node->disk_looked_us + DISK_LOOK_EVERY_US) {
        struct statvfs disk;
        node->disk_looked_us = now_us;
        node->disk_low =
            statvfs(node->config->directory, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < DISK_LOW_BYTES;
    }
    return node->disk_low ? HTTP_DISK_LOW : HTTP_DISK_ROOM;
}

static bool backend_accepting(void *context, enum status *ret_why) {
    struct node *node = context;
    bool open = !node->closing && node->turn.state != TURN_FAILED;
    if (open && backend_disk(node) == HTTP_DISK_ROOM) return true;
    *ret_why = open ? STATUS_DISK_FULL : STATUS_UNAVAILABLE;
    return false;
}

/* What the salts of commitments are derived from is the key alone (node/commitment.h). */
static void backend_commit(void *context, const struct item_ask *ask, uint32_t hypothesis, struct hash *ret_hash) {
    const struct commitment_question question = {.title = ask->title,
                                                 .hypotheses_count = ask->hypotheses_count,
                                                 .hypotheses = ask->hypotheses,
                                                 .mode = ask->mode,
                                                 .family = ask->family};
    commitment_make(((struct node *)context)->config->secret, &question, hypothesis, ret_hash);
}

static enum status backend_open(void *context, const struct record_belief *belief,
                                uint8_t ret_salt[COMMITMENT_SALT_BYTES], uint32_t *ret_hypothesis) {
    const struct commitment_question question = {.title = belief->title,
                                                 .hypotheses_count = belief->hypotheses_count,
                                                 .hypotheses = belief->hypotheses,
                                                 .mode = belief->mode,
                                                 .family = belief->family};
    const struct node_config *config = ((struct node *)context)->config;
    enum status status = commitment_open(config->secret, &question, &belief->commitment, ret_salt, ret_hypothesis);
    if (status != STATUS_WRONG_OPENING || !config->has_old_secret) return status;
    /* It may have been made with the key before. */
    return commitment_open(config->old_secret, &question, &belief->commitment, ret_salt, ret_hypothesis);
}

/* --- stopping --- */

static void close_handle(uv_handle_t *handle) {
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void stop(struct node *node, int exit_status) {
    if (node->closing) return;
    node->closing = true;
    node->exit_status = exit_status;
    if (node->http != NULL) http_close(node->http, NULL, NULL);
    if (node->transport != NULL) transport_close(node->transport, NULL, NULL);
    node->http = NULL;
    node->transport = NULL;
    close_handle((uv_handle_t *)&node->timer);
    close_handle((uv_handle_t *)&node->prepare);
    close_handle((uv_handle_t *)&node->interrupted);
    close_handle((uv_handle_t *)&node->terminated);
    node_service_close(node);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct node *node = handle->data;
    node_log(LOG_INFO, "stopping on signal %d", number);
    stop(node, 0);
}

/* --- starting --- */

static enum status open_ledger(struct node *node) {
    char detail[512];
    enum status status = ledger_open(node->config->ledger_path, &node->config->chain, node->config->member,
                                     &node->ledger, detail, sizeof detail);
    if (status != STATUS_OK) node_log(LOG_ERROR, "%s", detail[0] != '\0' ? detail : status_text(status));
    return status;
}

static enum status open_replica(struct node *node) {
    struct replica_config config = {
        .genesis = &node->config->genesis, .self = node->config->member, .secret = node->config->secret};
    if (node->config->has_next_secret) config.next_secret = node->config->next_secret;
    if (node->config->has_old_secret) config.old_secret = node->config->old_secret;
    struct replica_ports ports = node_ports(node);
    node->memory_bytes = replica_bytes(&config);
    node->memory =
        mmap(NULL, node->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (node->memory == MAP_FAILED) {
        node->memory = NULL;
        node_log(LOG_ERROR,
                 "can't reserve %zu GiB of address space (mostly never used): raise the limit (ulimit -v) or lower "
                 "state_bytes_max in the genesis",
                 node->memory_bytes >> 30);
        return STATUS_IO;
    }
    node->replica = replica_init(node->memory, node->memory_bytes, &config, &ports);
    turn_init(&node->turn, node->replica,
              &(struct turn_host){.context = node, .commit = commit, .durable = on_durable});
    enum status status = node_restore(node);
    note_certified(node);
    node->roster_moved = false;
    if (status == STATUS_OK) node_take_key(node);
    if (status == STATUS_OK) return STATUS_OK;
    node_log(
        LOG_ERROR,
        "%s can't be used: %s. 'credimus log --check %s' tells more. To recover, move it away and start again: the "
        "member then asks the others for everything",
        node->config->ledger_path, status_text(status), node->config->directory);
    return status;
}

static enum status open_transport(struct node *node) {
    char host[CONFIG_ADDRESS_BYTES], detail[TRANSPORT_DETAIL_BYTES];
    uint16_t port;
    TRY(config_address_split(node->config->listen, host, &port));
    struct transport_config config = {.loop = &node->loop,
                                      .listen_host = host,
                                      .listen_port = port,
                                      .callbacks = {node, on_frame, on_link, on_refused}};
    node_transport_config(node, &config);
    enum status status = transport_open(&config, &node->transport, detail, sizeof detail);
    if (status != STATUS_OK) node_log(LOG_ERROR, "can't listen for the other members: %s", detail);
    return status;
}

static enum status open_http(struct node *node) {
    char host[CONFIG_ADDRESS_BYTES], detail[HTTP_DETAIL_BYTES];
    uint16_t port;
    TRY(config_address_split(node->config->api, host, &port));
    const struct http_backend backend = {.context = node,
                                         .replica = backend_replica,
                                         .now = time_now,
                                         .submitted = backend_submitted,
                                         .accepting = backend_accepting,
                                         .disk = backend_disk,
                                         .commit = backend_commit,
                                         .open = backend_open,
                                         .certificate = node_certificate,
                                         .certificate_family = node_certificate_family,
                                         .receipt = node_receipt,
                                         .snapshot = node_snapshot,
                                         .snapshot_chunk = node_snapshot_chunk,
                                         .kept = node_kept};
    const struct http_config config = {.loop = &node->loop,
                                       .host = host,
                                       .port = port,
                                       .token = node->config->token,
                                       .token_write = node->config->token_write,
                                       .token_read = node->config->token_read,
                                       .backend = &backend,
                                       .requests_per_second = node->config->requests_per_second};
    enum status status = http_open(&config, &node->http, detail, sizeof detail);
    if (status != STATUS_OK) node_log(LOG_ERROR, "can't serve the API: %s", detail);
    return status;
}

static void open_handles(struct node *node) {
    CHECK(uv_timer_init(&node->loop, &node->timer) == 0);
    CHECK(uv_prepare_init(&node->loop, &node->prepare) == 0);
    CHECK(uv_signal_init(&node->loop, &node->interrupted) == 0);
    CHECK(uv_signal_init(&node->loop, &node->terminated) == 0);
    node->timer.data = node->prepare.data = node->interrupted.data = node->terminated.data = node;
    node_service_open(node);
}

static enum status start(struct node *node, bool recover) {
    enum replica_memory memory;
    TRY(open_ledger(node));
    TRY(open_replica(node));
    TRY(open_transport(node));
    TRY(open_http(node));
    TRY(node_look_for_amnesia(node, recover, &memory));
    /* Last opened, first run: the commit comes before the transport's own flush of the same turn. */
    uv_prepare_start(&node->prepare, on_turn);
    uv_signal_start(&node->interrupted, on_signal, SIGINT);
    uv_signal_start(&node->terminated, on_signal, SIGTERM);
    replica_start(node->replica, now_of(node), memory);
    TRY(node_look_at_replica(node));
    turn_touched(&node->turn);
    node_log(LOG_INFO, "%s (member %" PRIu32 " of %" PRIu32 ") is up: members at %s, API at http://%s",
             node_member_name(node, node->config->member), node->config->member,
             roster_heads(replica_roster(node->replica)), node->config->listen, node->config->api);
    node_tell_membership(node);
    node_service_ready(node);
    return STATUS_OK;
}

static void free_node(struct node *node) {
    ledger_close(node->ledger);
    directory_release(node->hold);
    if (node->memory != NULL) munmap(node->memory, node->memory_bytes);
    free(node->outbox);
    free(node->outbox_data);
    node_certificate_free(node);
    free(node->certificate);
    free(node->pieces);
    if (node->config != NULL) node_config_wipe(node->config);
    free(node->config);
    free(node);
}

/* Clients, members and the ledger's files: the soft limit of a shell is too low for a full house. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_WANTED) return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) node_log(LOG_WARNING, "the limit of open files stays low");
}

int node_run(const char *member_dir, bool recover) {
    raise_descriptor_limit();
    struct node *node = calloc(1, sizeof *node);
    CHECK(node != NULL);
    node->config = calloc(1, sizeof *node->config);
    node->certificate = malloc(CERTIFICATE_BYTES_MAX);
    node->pieces = malloc(CERTIFICATE_BYTES_MAX);
    CHECK(node->config != NULL && node->certificate != NULL && node->pieces != NULL);
    struct config_detail detail;
    node->hold = -1;
    enum status status = node_config_load(member_dir, node->config, &detail);
    if (status == STATUS_OK) status = directory_hold(member_dir, &node->hold, &detail);
    if (status != STATUS_OK) {
        node_log(LOG_ERROR, "%s", detail.text);
        free_node(node);
        return 1;
    }
    CHECK(uv_loop_init(&node->loop) == 0);
    open_handles(node);
    if (start(node, recover) != STATUS_OK) stop(node, 1);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    uv_loop_close(&node->loop);
    int exit_status = node->exit_status;
    free_node(node);
    return exit_status;
}
