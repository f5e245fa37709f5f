/* Copying a ledger for people (cmd/copying.h). */
#include "cmd/copying.h"

#include <signal.h>

#include "cmd/progress.h"

static volatile sig_atomic_t interrupted;

/* The second Ctrl-C ends the process as usual. */
static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

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
    return interrupted == 0;
}

static enum status on_ready(void *context) {
    const struct copying *copying = ((struct running *)context)->copying;
    return copying->ready == NULL ? STATUS_OK : copying->ready(copying->ready_context);
}

int copying_run(struct copying *copying, struct ledger_copied *ret_copied) {
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
    char detail[1024] = "";
    struct running running = {.copying = copying};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++) (void)sigaction(SIGNALS[i], &action, NULL);
    copying->copy.context = &running;
    copying->copy.copied = on_copied;
    copying->copy.ready = on_ready;
    enum status status = ledger_copy(&copying->copy, ret_copied, detail, sizeof detail);
    if (running.has_progress) progress_end(&running.progress);
    if (status == STATUS_OK) return COMMAND_DONE;
    return command_refuse(copying->invocation, status_name(status), "%s: %s", copying->what,
                          detail[0] != '\0' ? detail : status_text(status));
}
