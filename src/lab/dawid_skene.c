/* Dawid & Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm", 1979: the textbook
 * method that the lab measures beside ours. */
#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "lab/crowd.h"

enum { ROUNDS = 100 };
/* Added to every cell of a confusion table, so that no answer is impossible. */
static const double SMALL = 0.01;

struct em {
    const struct crowd *crowd;
    double *belief;    /* belief[task * k + label] */
    double *confusion; /* confusion[(person * k + truth) * k + answer] */
    double prior[HYPOTHESES_MAX];
};

static void normalise(double *values, uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += values[i];
    for (uint32_t i = 0; i < count; i++) values[i] = sum > 0 ? values[i] / sum : 1.0 / count;
}

static void begin(struct em *em) {
    const struct crowd *crowd = em->crowd;
    uint32_t k = crowd->labels;
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        double *belief = em->belief + (size_t)t * k;
        for (uint32_t j = 0; j < k; j++) belief[j] = 0;
        for (uint32_t p = 0; p < crowd->people; p++) {
            uint8_t answer = crowd->answer[(size_t)t * crowd->people + p];
            if (answer != CROWD_SILENT) belief[answer] += 1;
        }
        normalise(belief, k);
    }
}

/* What each answers, given what is believed. */
static void learn(struct em *em) {
    const struct crowd *crowd = em->crowd;
    uint32_t k = crowd->labels;
    for (size_t i = 0; i < (size_t)crowd->people * k * k; i++) em->confusion[i] = SMALL;
    for (uint32_t j = 0; j < k; j++) em->prior[j] = SMALL;
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        const double *belief = em->belief + (size_t)t * k;
        for (uint32_t j = 0; j < k; j++) em->prior[j] += belief[j];
        for (uint32_t p = 0; p < crowd->people; p++) {
            uint8_t answer = crowd->answer[(size_t)t * crowd->people + p];
            if (answer == CROWD_SILENT) continue;
            for (uint32_t j = 0; j < k; j++) em->confusion[((size_t)p * k + j) * k + answer] += belief[j];
        }
    }
    normalise(em->prior, k);
    for (size_t row = 0; row < (size_t)crowd->people * k; row++) normalise(em->confusion + row * k, k);
}

/* What is believed, given what each answers. */
static void believe(struct em *em) {
    const struct crowd *crowd = em->crowd;
    uint32_t k = crowd->labels;
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        double *belief = em->belief + (size_t)t * k;
        double most = -INFINITY;
        for (uint32_t j = 0; j < k; j++) {
            belief[j] = log(em->prior[j]);
            for (uint32_t p = 0; p < crowd->people; p++) {
                uint8_t answer = crowd->answer[(size_t)t * crowd->people + p];
                if (answer != CROWD_SILENT) belief[j] += log(em->confusion[((size_t)p * k + j) * k + answer]);
            }
            most = fmax(most, belief[j]);
        }
        for (uint32_t j = 0; j < k; j++) belief[j] = exp(belief[j] - most);
        normalise(belief, k);
    }
}

void dawid_skene(const struct crowd *crowd, uint8_t *ret_label) {
    uint32_t k = crowd->labels;
    struct em em = {.crowd = crowd,
                    .belief = malloc((size_t)crowd->tasks * k * sizeof(double)),
                    .confusion = malloc((size_t)crowd->people * k * k * sizeof(double))};
    CHECK(em.belief != NULL && em.confusion != NULL);
    begin(&em);
    for (int round = 0; round < ROUNDS; round++) {
        learn(&em);
        believe(&em);
    }
    for (uint32_t t = 0; t < crowd->tasks; t++) {
        const double *belief = em.belief + (size_t)t * k;
        ret_label[t] = 0;
        for (uint32_t j = 1; j < k; j++)
            if (belief[j] > belief[ret_label[t]]) ret_label[t] = (uint8_t)j;
    }
    free(em.belief);
    free(em.confusion);
}
