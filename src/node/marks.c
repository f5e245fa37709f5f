/* Marks: files by which a member tells itself, at its next start, what its ledger can't (docs/operations.md).
 *
 * Two of them are about a key, which they hold in hex: with another key nothing can have been forgotten. Invariant: a mark
 * is on the disk before anything is signed because of which it is needed; one that can't be read counts. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/directory.h"
#include "node/keys.h"
#include "node/state.h"

enum { MARK_BYTES_MAX = 256 };

static void remove_mark(struct node *node, const char *name) {
    char path[CONFIG_PATH_BYTES];
    if (config_path(node->config->directory, name, path, sizeof path) == STATUS_OK) (void)unlink(path);
}

static bool mark_exists(struct node *node, const char *name) {
    char path[CONFIG_PATH_BYTES];
    struct stat found;
    return config_path(node->config->directory, name, path, sizeof path) == STATUS_OK && stat(path, &found) == 0;
}

/* Whether the mark holds a key, and another one than this member's. */
static bool is_about_another_key(struct node *node, const char *name) {
    char path[CONFIG_PATH_BYTES];
    char text[MARK_BYTES_MAX];
    uint8_t key[KEY_BYTES];
    struct config_detail detail;
    size_t bytes;
    if (config_path(node->config->directory, name, path, sizeof path) != STATUS_OK) return false;
    if (file_read(path, false, text, sizeof text, &bytes, &detail) != STATUS_OK) return false;
    if (bytes > 0 && text[bytes - 1] == '\n') bytes--;
    if (bytes_from_hex(slice_of(text, bytes), key, KEY_BYTES) != STATUS_OK) return false;
    return memcmp(key, node_own_key(node), KEY_BYTES) != 0;
}

static bool key_mark_exists(struct node *node, const char *name) {
    if (!is_about_another_key(node, name)) return mark_exists(node, name);
    node_log(LOG_INFO, "the mark %s is about a key that is no longer this member's: it is removed", name);
    remove_mark(node, name);
    return false;
}

static enum status leave_mark(struct node *node, const char *name, const char *text) {
    char path[CONFIG_PATH_BYTES];
    struct config_detail detail;
    TRY(config_path(node->config->directory, name, path, sizeof path));
    enum status status = file_create(path, 0600, slice_of_text(text), &detail);
    if (status == STATUS_CONFLICT) return STATUS_OK;
    if (status != STATUS_OK) node_log(LOG_ERROR, "%s", detail.text);
    return status;
}

static enum status leave_key_mark(struct node *node, const char *name) {
    char text[2 * KEY_BYTES + 2];
    (void)key_mark_exists(node, name); /* one of another key makes room */
    bytes_to_hex(node_own_key(node), KEY_BYTES, text);
    memcpy(text + sizeof text - 2, "\n", 2);
    return leave_mark(node, name, text);
}

static enum status leave_amnesia_marks(struct node *node) {
    TRY(leave_key_mark(node, LANE_CLOSED_FILE));
    if (!node->forgetful) return STATUS_OK;
    node_log(LOG_WARNING, "the ledger may be older than what was signed: asking the others before signing anything");
    return leave_key_mark(node, FORGETFUL_FILE);
}

enum status node_look_for_amnesia(struct node *node, bool recover, enum replica_memory *ret_memory) {
    bool lost = ledger_is_new(node->ledger) && mark_exists(node, STARTED_FILE);
    bool lane_closed = key_mark_exists(node, LANE_CLOSED_FILE);
    node->forgetful = key_mark_exists(node, FORGETFUL_FILE) || recover || lost;
    TRY(leave_mark(node, STARTED_FILE, "this member has signed; its ledger must not be lost\n"));
    *ret_memory = node->forgetful ? MEMORY_LOST : lane_closed ? MEMORY_LANE_LOST : MEMORY_WHOLE;
    return *ret_memory == MEMORY_WHOLE ? STATUS_OK : leave_amnesia_marks(node);
}

enum status node_look_at_replica(struct node *node) {
    struct replica_status status;
    replica_status(node->replica, &status);
    if (!status.lane_closed) return STATUS_OK;
    node_log(LOG_WARNING, "%s", status_text(STATUS_LANE_CLOSED));
    node->forgetful = status.forgetful;
    return leave_amnesia_marks(node);
}

void node_look_for_reminded(struct node *node) {
    struct replica_status status;
    replica_status(node->replica, &status);
    if (status.forgetful) return;
    node->forgetful = false;
    remove_mark(node, FORGETFUL_FILE);
    node_log(LOG_INFO, "the others told what was signed; this member votes again");
}

void node_lane_follow(struct node *node) {
    struct replica_status status;
    replica_status(node->replica, &status);
    if (status.lane_closed || !mark_exists(node, LANE_CLOSED_FILE)) return;
    remove_mark(node, LANE_CLOSED_FILE);
    node_log(LOG_INFO, "the lane of this member is open again, under its new key");
}
