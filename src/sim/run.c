/* One whole life of a world, and the search for the shortest schedule of faults that ends one badly. */
#include <stdlib.h>

#include "base/check.h"
#include "sim/world.h"

#define STEP_US UINT64_C(1000000)
/* What a well group takes at most, and the longest view timer for each liar that may lead in between: liars in a row, who show everybody
 * another block, cost one each. */
#define SETTLE_US       UINT64_C(60000000)
#define LONGEST_VIEW_US UINT64_C(20000000)

bool sim_run(const struct sim_config *config, const struct sim_disk *disk, struct sim_report *ret_report) {
    struct sim *sim = sim_open(config, disk);
    bool good = sim->report.violation == NULL;
    while (good && sim->now_us < config->run_us && (config->heights == 0 || sim->finals_count < config->heights))
        good = sim_run_until(sim, sim->now_us + STEP_US);
    good = good && sim_settle(sim, SETTLE_US + sim->liars * LONGEST_VIEW_US) && sim_idle(sim);
    sim_report(sim, ret_report);
    sim_close(sim);
    return good;
}

/* --- shrinking --- */

struct shrink {
    struct sim_config config;
    const struct sim_disk *disk;
    const char *violation;
    uint32_t runs;
};

/* Whether the schedule without [from, to) ends as badly; then it becomes the schedule. */
static bool leave_out(struct shrink *shrink, struct sim_fault *faults, uint32_t *which, uint32_t *count,
                      uint32_t from, uint32_t to) {
    struct sim_fault *rest = calloc(*count + 1, sizeof *rest);
    struct sim_report report;
    CHECK(rest != NULL);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        if (i < from || i >= to) rest[kept++] = faults[i];
    }
    shrink->config.schedule = rest;
    shrink->config.schedule_count = kept;
    shrink->runs--;
    bool bad = !sim_run(&shrink->config, shrink->disk, &report) && report.violation == shrink->violation;
    free(rest);
    if (!bad) return false;
    for (uint32_t i = to; i < *count; i++) {
        faults[i - (to - from)] = faults[i];
        which[i - (to - from)] = which[i];
    }
    *count = kept;
    return true;
}

uint32_t sim_shrink(const struct sim_config *config, const struct sim_disk *disk, const char *violation,
                    struct sim_fault *faults, uint32_t *which, uint32_t count, uint32_t runs) {
    struct shrink shrink = {*config, disk, violation, runs};
    shrink.config.trace = NULL;
    for (uint32_t i = 0; i < count; i++) which[i] = i;
    for (uint32_t piece = (count + 1) / 2; piece > 0 && count > 0; piece /= 2) {
        for (uint32_t from = 0; from < count && shrink.runs > 0;) {
            uint32_t to = from + piece < count ? from + piece : count;
            if (!leave_out(&shrink, faults, which, &count, from, to)) from = to;
        }
    }
    return count;
}
