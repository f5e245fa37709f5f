/* A progress bar (cmd/progress.h). */
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/screen.h"

enum { COLUMNS = 30 };

struct progress progress_begin(const char *what, size_t total) {
    return (struct progress){what, 0, total, -1, total > 0 && isatty(STDERR_FILENO)};
}

void progress_at(struct progress *progress, size_t done) {
    char bar[SCREEN_BAR_BYTES];
    if (!progress->visible) return;
    double share = (double)(progress->base + done) / (double)progress->total;
    int thousandths = (int)(share * 1000);
    if (thousandths == progress->shown) return;
    progress->shown = thousandths;
    screen_bar(share, COLUMNS, bar);
    (void)fprintf(stderr, "\r%s %s %5.1f %%", progress->what, bar, share > 1 ? 100.0 : share * 100);
    (void)fflush(stderr);
}

void progress_step(struct progress *progress, size_t bytes) {
    progress->base += bytes;
    progress_at(progress, 0);
}

void progress_end(struct progress *progress) {
    if (progress->visible && progress->shown >= 0) (void)fputs("\r\x1b[K", stderr);
    progress->visible = false;
}
