/* Family: the answers of a crowd as a family of questions in the machine, from the ask to the calibration record. */
#ifndef LAB_FAMILY_H
#define LAB_FAMILY_H

#include <stdbool.h>

#include "lab/crowd.h"

struct verdict_of_task {
    uint8_t label;
    bool decided;
};

/* `is_canary`: one a task. The two results have one entry a task. The crowd must fit a family (checked). */
void family_run(const struct crowd *crowd, const bool *is_canary, struct verdict_of_task *ret_calibrated,
                struct verdict_of_task *ret_panel);

#endif
