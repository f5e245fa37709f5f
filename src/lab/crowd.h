/* Crowd: real answers of real people, with some of them replaced by liars who all tell one story, judged by the
 * machine's calibration (docs/belief.md, "Calibration") and beside it by the plain panel, the majority and Dawid-Skene.
 *
 * Liars answer wrongly on 90 % of the tasks, the same tasks and the same wrong labels, and rightly on the rest: what a
 * coalition with one story does to stay believable. They answer just what the people whose places they take
 * answered. */
#ifndef LAB_CROWD_H
#define LAB_CROWD_H

#include <stdbool.h>

#include "base/limits.h"
#include "base/status.h"

/* No answer. */
#define CROWD_SILENT UINT8_MAX

/* Borrowed; lives longer than the runs. */
struct crowd {
    uint32_t people; /* MEMBERS_MIN .. MEMBERS_MAX */
    uint32_t tasks;
    uint32_t labels;       /* k */
    const uint8_t *answer; /* answer[task * people + person]: below k, or CROWD_SILENT */
    const uint8_t *truth;  /* truth[task] */
};

enum crowd_method {
    CROWD_CALIBRATED, /* the family's verdicts */
    CROWD_PANEL,      /* the verdicts of its questions one by one, before anything was learnt */
    CROWD_MAJORITY,
    CROWD_DAWID_SKENE,
    CROWD_METHODS,
};
const char *crowd_method_name(enum crowd_method method);

/* Of one run, over the tasks that were no canaries. */
struct crowd_score {
    uint32_t tasks;
    uint32_t right;
    uint32_t decided; /* majority and Dawid-Skene decide everything */
    uint32_t decided_right;
};

struct crowd_setting {
    uint32_t percent;  /* of people replaced by liars, 0 .. 49 */
    uint32_t canaries; /* percent of tasks whose truth the asker knows, 0 .. 100 */
    uint64_t seed;
};

/* Whether the crowd can be a family of the machine: whether all questions fit one, and every task has a quorum of
 * answers. If not, crowd_run calls the calibration alone, and there are no panel verdicts. */
bool crowd_fits_family(const struct crowd *crowd);

/* One run. STATUS_TOO_LARGE: more answers than the calibration takes. */
enum status crowd_run(const struct crowd *crowd, const struct crowd_setting *setting,
                      struct crowd_score ret_scores[CROWD_METHODS]) MUST_USE;

/* dawid_skene.c: the labels that the EM of Dawid & Skene (1979) ends with after 100 rounds, begun with the shares of
 * votes; plain, in floating point. */
void dawid_skene(const struct crowd *crowd, uint8_t *ret_label);

#endif
