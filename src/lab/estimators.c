#include "lab/estimators.h"

#include <stdlib.h>

#include "base/check.h"
#include "belief/huber.h"

static double mean_between(const int64_t *values, uint32_t from, uint32_t to) {
    int128 sum = 0;
    for (uint32_t i = from; i < to; i++) sum += values[i];
    return (double)sum / (double)(to - from);
}

static double mean(const int64_t *values, uint32_t count, int64_t cap) {
    (void)cap;
    return mean_between(values, 0, count);
}

static double median(const int64_t *values, uint32_t count, int64_t cap) {
    (void)cap;
    return mean_between(values, (count - 1) / 2, count / 2 + 1);
}

static double trimmed(const int64_t *values, uint32_t count, int64_t cap) {
    (void)cap;
    return mean_between(values, count / 4, count - count / 4);
}

static double huber(const int64_t *values, uint32_t count, int64_t cap) {
    struct huber_point points[MEMBERS_MAX];
    uint32_t weights[MEMBERS_MAX];
    struct ratio location;
    for (uint32_t i = 0; i < count; i++) weights[i] = HUBER_WEIGHT_ONE;
    huber_location(values, weights, count, cap, points, &location);
    return (double)location.numerator / (double)location.denominator;
}

static const struct {
    const char *name;
    double (*location)(const int64_t *sorted, uint32_t count, int64_t cap);
} rows[ESTIMATORS] = {
    [ESTIMATOR_MEAN] = {"plain sum", mean},           [ESTIMATOR_MEDIAN] = {"median", median},
    [ESTIMATOR_TRIMMED] = {"trimmed mean", trimmed},  [ESTIMATOR_HUBER] = {"huber", huber},
    [ESTIMATOR_MACHINE] = {"huber + standing", NULL},
};

const char *estimator_name(enum estimator estimator) {
    CHECK((unsigned)estimator < ESTIMATORS);
    return rows[estimator].name;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

double estimator_location(enum estimator estimator, int64_t *values, uint32_t count, int64_t cap) {
    CHECK((unsigned)estimator < ESTIMATOR_MACHINE && count >= 1 && count <= MEMBERS_MAX);
    qsort(values, count, sizeof *values, by_value);
    return rows[estimator].location(values, count, cap);
}
