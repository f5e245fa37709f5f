/* Estimators: other ways to fuse the same values, beside the machine's, and the machine's without weights. */
#ifndef LAB_ESTIMATORS_H
#define LAB_ESTIMATORS_H

#include <stdint.h>

#include "base/limits.h"

enum estimator {
    ESTIMATOR_MEAN,    /* the plain sum, by the number of members */
    ESTIMATOR_MEDIAN,  /* of an even number the middle of the two */
    ESTIMATOR_TRIMMED, /* the mean without a quarter of the values at either end */
    ESTIMATOR_HUBER,   /* belief/huber.h with equal weights */
    ESTIMATOR_MACHINE, /* the same with standing: what the machine says */
    ESTIMATORS,
};

/* "plain sum", "huber": for tables. Static storage. */
const char *estimator_name(enum estimator estimator);

/* The location of `count` values, 1 .. MEMBERS_MAX, quanta; for every estimator but the machine, whose own word is
 * taken instead. Sorts `values` in place. `cap` is for Huber's, quanta. */
double estimator_location(enum estimator estimator, int64_t *values, uint32_t count, int64_t cap);

#endif
