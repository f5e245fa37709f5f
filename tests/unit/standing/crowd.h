/* Crowd: panels of made-up members for the tests of detectors. Each test fills in what the members tell; the location
 * without each report is found here by bisection, on purpose not by the code that the product uses. */
#ifndef TESTS_STANDING_CROWD_H
#define TESTS_STANDING_CROWD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/prng.h"
#include "standing/voice.h"

/* One honest spread, and one cap. */
#define SPREAD INT64_C(1000000)

struct crowd {
    uint32_t members;
    uint32_t hypotheses;
    int64_t cap;
    struct prng prng;
    uint64_t panels;
    int64_t y[MEMBERS_MAX][HYPOTHESES_MAX];
    int64_t without[MEMBERS_MAX][HYPOTHESES_MAX];
    bool absent[MEMBERS_MAX];
    int32_t offset[MEMBERS_MAX];
    uint16_t copied[MEMBERS_MAX];
    struct voice_report report[MEMBERS_MAX];
    struct voice voice;
};

static inline struct crowd *crowd_new(uint32_t members, uint32_t hypotheses, int64_t cap, uint64_t seed) {
    struct crowd *crowd = calloc(1, sizeof *crowd);
    const char *given = getenv("SEED");
    if (given != NULL) seed = strtoull(given, NULL, 10);
    print_message("seed %llu\n", (unsigned long long)seed);
    *crowd = (struct crowd){.members = members, .hypotheses = hypotheses, .cap = cap, .prng = prng_seeded(seed)};
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) crowd->copied[i] = VOICE_ORIGINAL;
    return crowd;
}

/* Nearly normal with the given spread: the sum of twelve uniform values. */
static inline int64_t crowd_normal(struct crowd *crowd, int64_t spread) {
    int64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t bits = prng_next(&crowd->prng);
        for (int j = 0; j < 4; j++) sum += (int64_t)(bits >> (16 * j) & 0xffff);
    }
    return (sum - 6 * 65535) * spread / 65536;
}

static inline int64_t crowd_clamp(int64_t value, int64_t cap) {
    return value > cap ? cap : value < -cap ? -cap : value;
}

/* The Huber location of hypothesis h without member `left_out` (or of all, when there is no such member). */
static inline int64_t crowd_location(const struct crowd *crowd, uint32_t h, uint32_t left_out, int64_t start) {
    int64_t low = INT64_MIN / 4, high = INT64_MAX / 4, t = start;
    for (int step = 0; step < 100 && low < high; step++) {
        int64_t sum = 0, inside = 0;
        for (uint32_t i = 0; i < crowd->members; i++) {
            if (crowd->absent[i] || i == left_out) continue;
            int64_t distance = crowd->y[i][h] - t;
            sum += crowd_clamp(distance, crowd->cap);
            inside += distance < crowd->cap && distance > -crowd->cap;
        }
        if (sum >= 0) low = t;
        if (sum <= 0) high = t;
        if (sum == 0) return t;
        int64_t next = inside > 0 ? t + sum / inside : t + (sum > 0 ? crowd->cap : -crowd->cap);
        if (next == t) return t;
        t = next > low && next < high ? next : low + (high - low) / 2;
        if (high - low <= 1) return t;
    }
    return t;
}

/* Makes the voice of what y, absent, offset and copied say. */
static inline const struct voice *crowd_speak(struct crowd *crowd) {
    int64_t best = INT64_MIN;
    uint32_t reports = 0;
    for (uint32_t h = 0; h < crowd->hypotheses; h++) {
        int64_t all = crowd_location(crowd, h, MEMBERS_MAX, 0);
        if (all > best) {
            best = all;
            crowd->voice.top = h;
        }
        for (uint32_t i = 0; i < crowd->members; i++) {
            if (crowd->absent[i]) continue;
            bool mirror = crowd->hypotheses == 2 && h == 1;
            crowd->without[i][h] = mirror ? -crowd->without[i][0] : crowd_location(crowd, h, i, all);
        }
    }
    for (uint32_t i = 0; i < crowd->members; i++) {
        if (crowd->absent[i]) continue;
        crowd->report[reports++] =
            (struct voice_report){(uint16_t)i, crowd->copied[i], crowd->offset[i], crowd->y[i], crowd->without[i]};
    }
    crowd->voice.hypotheses = crowd->hypotheses;
    crowd->voice.cap = crowd->cap;
    crowd->voice.reports = reports;
    crowd->voice.report = crowd->report;
    crowd->panels++;
    return &crowd->voice;
}

/* Sets both values of a member in a question of two hypotheses. */
static inline void crowd_tell(struct crowd *crowd, uint32_t member, int64_t log_odds) {
    crowd->y[member][0] = log_odds;
    crowd->y[member][1] = -log_odds;
}

/* A coin of the panel: which hypothesis is true. */
static inline int64_t crowd_truth(struct crowd *crowd) { return prng_chance(&crowd->prng, 1, 2) ? 1 : -1; }

/* Honest members: the truth weighs one spread, everybody errs by a spread. */
static inline int64_t crowd_honest(struct crowd *crowd) {
    int64_t truth = crowd_truth(crowd);
    for (uint32_t i = 0; i < crowd->members; i++) crowd_tell(crowd, i, truth * SPREAD + crowd_normal(crowd, SPREAD));
    return truth;
}

/* Labels: 2.197 spreads for or against, right with a chance of permille[i] in 1000. */
static inline int64_t crowd_label(struct crowd *crowd, const uint32_t *permille) {
    int64_t truth = crowd_truth(crowd);
    for (uint32_t i = 0; i < crowd->members; i++) {
        bool right = prng_chance(&crowd->prng, permille[i], 1000);
        crowd_tell(crowd, i, (right ? truth : -truth) * (SPREAD * 2197 / 1000));
    }
    return truth;
}

#endif
