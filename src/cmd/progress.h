/* A progress bar on standard error, when that is a terminal; nothing at all when it is not. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    const char *what;
    size_t base;  /* done before the step that reports now */
    size_t total; /* of all steps */
    int shown;    /* thousandths on the screen; -1: nothing yet */
    bool visible;
};

struct progress progress_begin(const char *what, size_t total);
/* `done` of the step that runs now; redraws when it would look different. */
void progress_at(struct progress *progress, size_t done);
/* The step is over, `bytes` of it. */
void progress_step(struct progress *progress, size_t bytes);
/* Wipes the bar off the screen. */
void progress_end(struct progress *progress);

#endif
