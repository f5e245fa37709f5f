/* Labels: files of answers and of the truth about them, for `credimus lab` (docs/belief.md, "What the lab measures").
 *
 *     labels.csv   task,worker,label     who answered what; each worker at most once a task
 *     truth.csv    task,label            the right answer to every task that is answered
 *
 * Tasks and workers are texts of 1 to 64 characters; labels are whole numbers. What labels there are is taken from the
 * truth: from the smallest to the largest number in it. Everything is checked before anything is judged; a refusal names
 * file and line. */
#ifndef CMD_LABELS_H
#define CMD_LABELS_H

#include "cmd/command.h"
#include "lab/crowd.h"

enum { LABELS_FILE_BYTES_MAX = 1 << 28, LABELS_TASKS_MAX = 1 << 19, LABELS_NAME_BYTES_MAX = 64 };

struct labels {
    struct crowd crowd;
    uint64_t answers;
    uint8_t *answer; /* owned */
    uint8_t *truth;  /* owned */
};

/* COMMAND_DONE, or what to return after the reason was said; then there is nothing to free. */
int labels_read(const struct invocation *invocation, const char *labels_path, const char *truth_path,
                struct labels *ret_labels);
void labels_free(struct labels *labels);

#endif
