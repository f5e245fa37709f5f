/* Copying a ledger for people (cmd/copying.h). */
#include "cmd/copying.h"

#include <stdio.h>
#include <sys/stat.h>

#include "cmd/interrupt.h"
#include "cmd/progress.h"
#include "node/config.h"

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

int copying_refuse_leftovers(const struct invocation *invocation, const char *ledger_path) {
    static const char *const SUFFIXES[] = {"", "-wal", "-shm", "-journal"};
    char path[CONFIG_PATH_BYTES + 16];
    struct stat found;
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", ledger_path, SUFFIXES[i]);
        if (lstat(path, &found) == 0)
            return command_refuse(invocation, status_name(STATUS_CONFLICT),
                                  "%s is there already, and a ledger is never replaced; move it and what begins like "
                                  "it away first",
                                  path);
    }
    return COMMAND_DONE;
}
