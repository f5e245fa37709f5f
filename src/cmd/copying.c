/* Copying a ledger for people (cmd/copying.h). */
#include "cmd/copying.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/interrupt.h"
#include "cmd/progress.h"
#include "node/directory.h"

struct running {
    const struct copying *copying;
    struct progress progress;
    bool has_progress;
};

static bool on_copied(void *context, uint64_t done_bytes, uint64_t total_bytes) {
    struct running *running = context;
    if (!running->has_progress) {
        running->progress = progress_begin("copying", total_bytes);
        running->has_progress = true;
    }
    running->progress.total = total_bytes;
    progress_at(&running->progress, done_bytes);
    return !interrupt_seen();
}

static enum status on_ready(void *context) {
    const struct copying *copying = ((struct running *)context)->copying;
    return copying->ready == NULL ? STATUS_OK : copying->ready(copying->ready_context);
}

int copying_run(struct copying *copying, struct ledger_copied *ret_copied) {
    char detail[1024] = "";
    struct running running = {.copying = copying};
    interrupt_catch();
    copying->copy.context = &running;
    copying->copy.copied = on_copied;
    copying->copy.ready = on_ready;
    enum status status = ledger_copy(&copying->copy, ret_copied, detail, sizeof detail);
    if (running.has_progress) progress_end(&running.progress);
    if (status == STATUS_OK) return COMMAND_DONE;
    return command_refuse(copying->invocation, status_name(status), "%s: %s", copying->what,
                          detail[0] != '\0' ? detail : status_text(status));
}

/* Of a ledger, and of what SQLite keeps beside it. */
static const char *const SUFFIXES[] = {"", "-wal", "-shm", "-journal"};
enum { SUFFIXES_COUNT = sizeof SUFFIXES / sizeof SUFFIXES[0] };

int copying_refuse_leftovers(const struct invocation *invocation, const char *ledger_path) {
    char path[CONFIG_PATH_BYTES + 16];
    struct stat found;
    for (size_t i = 0; i < SUFFIXES_COUNT; i++) {
        (void)snprintf(path, sizeof path, "%s%s", ledger_path, SUFFIXES[i]);
        if (lstat(path, &found) == 0)
            return command_refuse(invocation, status_name(STATUS_CONFLICT),
                                  "%s is there already, and a ledger is never replaced; move it and what begins like "
                                  "it away first",
                                  path);
    }
    return COMMAND_DONE;
}

void copying_remove_leftovers(const char *ledger_path) {
    char path[CONFIG_PATH_BYTES + 16];
    for (size_t i = 0; i < SUFFIXES_COUNT; i++) {
        (void)snprintf(path, sizeof path, "%s%s", ledger_path, SUFFIXES[i]);
        (void)unlink(path);
    }
}

int copying_hold(const struct invocation *invocation, const char *directory, struct node_config *ret_config,
                 int *ret_hold) {
    struct config_detail detail;
    enum status status = node_config_load_public(directory, ret_config, &detail);
    if (status == STATUS_OK) status = directory_hold(ret_config->directory, ret_hold, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return COMMAND_DONE;
}
