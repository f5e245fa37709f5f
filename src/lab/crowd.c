#include "lab/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/prng.h"
#include "calibration/calibration.h"
#include "lab/family.h"
#include "machine/families.h"
#include "quorum/quorum.h"

enum { WRONG_PERCENT = 90 };

static const char *const method_names[CROWD_METHODS] = {
    [CROWD_CALIBRATED] = "calibrated",
    [CROWD_PANEL] = "panel, uncalibrated",
    [CROWD_MAJORITY] = "majority vote",
    [CROWD_DAWID_SKENE] = "Dawid-Skene",
};

const char *crowd_method_name(enum crowd_method method) {
    CHECK((unsigned)method < CROWD_METHODS);
    return method_names[method];
}

bool crowd_fits_family(const struct crowd *crowd) {
    uint64_t answers_max = (uint64_t)crowd->people * crowd->tasks;
    if (answers_max > FAMILY_ANSWERS_MAX || answers_max * crowd->labels > FAMILY_CELLS_MAX) return false;
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        uint32_t answers = 0;
        for (uint32_t p = 0; p < crowd->people; p++)
            answers += crowd->answer[(size_t)t * crowd->people + p] != CROWD_SILENT;
        if (!quorum_met(answers, crowd->people, THRESHOLD_DEFAULT)) return false;
    }
    return true;
}

/* One run's own copy. */
struct stage {
    struct crowd crowd;
    uint8_t *answer;
    bool *is_canary;
    uint8_t *label;
    struct verdict_of_task *calibrated;
    struct verdict_of_task *panel;
};

static void *room(size_t count, size_t bytes) {
    void *piece = calloc(count + 1, bytes);
    CHECK(piece != NULL);
    return piece;
}

static void shuffle(uint32_t *order, uint32_t count, struct prng *prng) {
    for (uint32_t i = 0; i < count; i++) order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)prng_below(prng, i);
        uint32_t swapped = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swapped;
    }
}

static void replace_people(struct stage *stage, uint32_t liars, struct prng *prng) {
    const struct crowd *crowd = &stage->crowd;
    uint32_t order[MEMBERS_MAX] = {0};
    CHECK(crowd->people <= MEMBERS_MAX && liars <= crowd->people);
    shuffle(order, crowd->people, prng);
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        uint32_t off = 1 + (uint32_t)prng_below(prng, crowd->labels - 1);
        uint8_t story = crowd->truth[t];
        if (prng_chance(prng, WRONG_PERCENT, 100)) story = (uint8_t)((story + off) % crowd->labels);
        for (uint32_t i = 0; i < liars; i++) {
            uint8_t *answer = &stage->answer[(size_t)t * crowd->people + order[i]];
            if (*answer != CROWD_SILENT) *answer = story;
        }
    }
}

static void choose_canaries(struct stage *stage, uint32_t percent, struct prng *prng) {
    uint32_t tasks = stage->crowd.tasks;
    uint32_t *order = room(tasks, sizeof *order);
    shuffle(order, tasks, prng);
    uint32_t count = (uint32_t)((uint64_t)tasks * percent / 100);
    for (uint32_t i = 0; i < count; i++) stage->is_canary[order[i]] = true;
    free(order);
}

/* The calibration without a machine around it, for crowds that no family can hold. */
static enum status calibrate_alone(struct stage *stage) {
    const struct crowd *crowd = &stage->crowd;
    struct calibration_label *entries = room((size_t)crowd->tasks * crowd->people, sizeof *entries);
    struct calibration_canary *canaries = room(crowd->tasks, sizeof *canaries);
    struct calibration_input input = {.members = crowd->people,
                                      .labels = crowd->labels,
                                      .questions = crowd->tasks,
                                      .entries = entries,
                                      .canaries = canaries};
    struct calibration_result result;
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        for (uint32_t p = 0; p < crowd->people; p++) {
            uint8_t answer = crowd->answer[(size_t)t * crowd->people + p];
            if (answer != CROWD_SILENT)
                entries[input.entry_count++] = (struct calibration_label){t, (uint16_t)p, answer};
        }
        if (stage->is_canary[t]) canaries[input.canary_count++] = (struct calibration_canary){t, crowd->truth[t]};
    }
    size_t bytes = calibration_bytes(&input);
    void *memory = bytes > 0 ? aligned_alloc(16, (bytes + 15) / 16 * 16) : NULL;
    enum status status = memory != NULL ? calibration_run(memory, bytes, &input, &result) : STATUS_TOO_LARGE;
    for (uint32_t t = 0; status == STATUS_OK && t < crowd->tasks; t++)
        stage->calibrated[t] = (struct verdict_of_task){result.label[t], result.decided[t] == 1};
    free(memory);
    free(entries);
    free(canaries);
    return status;
}

static void vote(const struct crowd *crowd, uint8_t *ret_label) {
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        uint32_t votes[HYPOTHESES_MAX] = {0};
        ret_label[t] = 0;
        for (uint32_t p = 0; p < crowd->people; p++) {
            uint8_t answer = crowd->answer[(size_t)t * crowd->people + p];
            if (answer != CROWD_SILENT) votes[answer]++;
        }
        for (uint32_t j = 1; j < crowd->labels; j++)
            if (votes[j] > votes[ret_label[t]]) ret_label[t] = (uint8_t)j;
    }
}

static void count(const struct stage *stage, uint32_t task, uint8_t label, bool decided, struct crowd_score *score) {
    if (stage->is_canary[task]) return;
    bool right = label == stage->crowd.truth[task];
    score->tasks++;
    score->right += right;
    score->decided += decided;
    score->decided_right += decided && right;
}

static struct crowd_score score_labels(const struct stage *stage) {
    struct crowd_score score = {0};
    for (uint32_t t = 0; t < stage->crowd.tasks; t++) count(stage, t, stage->label[t], true, &score);
    return score;
}

static struct crowd_score score_verdicts(const struct stage *stage, const struct verdict_of_task *verdicts) {
    struct crowd_score score = {0};
    for (uint32_t t = 0; t < stage->crowd.tasks; t++) count(stage, t, verdicts[t].label, verdicts[t].decided, &score);
    return score;
}

static enum status judge(struct stage *stage, struct crowd_score ret_scores[CROWD_METHODS]) {
    memset(ret_scores, 0, CROWD_METHODS * sizeof *ret_scores);
    if (crowd_fits_family(&stage->crowd)) {
        family_run(&stage->crowd, stage->is_canary, stage->calibrated, stage->panel);
        ret_scores[CROWD_PANEL] = score_verdicts(stage, stage->panel);
    } else {
        TRY(calibrate_alone(stage));
    }
    ret_scores[CROWD_CALIBRATED] = score_verdicts(stage, stage->calibrated);
    vote(&stage->crowd, stage->label);
    ret_scores[CROWD_MAJORITY] = score_labels(stage);
    dawid_skene(&stage->crowd, stage->label);
    ret_scores[CROWD_DAWID_SKENE] = score_labels(stage);
    return STATUS_OK;
}

enum status crowd_run(const struct crowd *crowd, const struct crowd_setting *setting,
                      struct crowd_score ret_scores[CROWD_METHODS]) {
    struct stage stage = {.crowd = *crowd};
    struct prng prng = prng_seeded(setting->seed);
    size_t answers = (size_t)crowd->tasks * crowd->people;
    CHECK(setting->percent < 50 && setting->canaries <= 100);
    stage.answer = room(answers, 1);
    stage.is_canary = room(crowd->tasks, sizeof *stage.is_canary);
    stage.label = room(crowd->tasks, 1);
    stage.calibrated = room(crowd->tasks, sizeof *stage.calibrated);
    stage.panel = room(crowd->tasks, sizeof *stage.panel);
    memcpy(stage.answer, crowd->answer, answers);
    stage.crowd.answer = stage.answer;
    replace_people(&stage, crowd->people * setting->percent / 100, &prng);
    choose_canaries(&stage, setting->canaries, &prng);
    enum status status = judge(&stage, ret_scores);
    free(stage.answer);
    free(stage.is_canary);
    free(stage.label);
    free(stage.calibrated);
    free(stage.panel);
    return status;
}
