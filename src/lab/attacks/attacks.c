/* The table of attacks, and the tools that they share (lab/attacks/attack.h). */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "lab/attacks/attack.h"

extern const struct attack attack_gross_lie, attack_sign_flip, attack_bias_1, attack_bias_half, attack_drip_finer,
    attack_drip_quantum, attack_little, attack_product_tenth, attack_product_1, attack_product_5, attack_mimic,
    attack_copycat, attack_sleeper, attack_on_off, attack_slander, attack_flood, attack_omission, attack_late,
    attack_timing, attack_split, attack_canary, attack_challenge, attack_idle;

static const struct attack *const attacks[] = {
    &attack_gross_lie,    &attack_sign_flip, &attack_bias_1,        &attack_bias_half, &attack_drip_finer,
    &attack_drip_quantum, &attack_little,    &attack_product_tenth, &attack_product_1, &attack_product_5,
    &attack_mimic,        &attack_copycat,   &attack_sleeper,       &attack_on_off,    &attack_slander,
    &attack_flood,        &attack_omission,  &attack_late,          &attack_timing,    &attack_split,
    &attack_canary,       &attack_challenge, &attack_idle,
};
enum { ATTACKS = sizeof attacks / sizeof *attacks };

const struct attack *attack_at(uint32_t index) { return index < ATTACKS ? attacks[index] : NULL; }

const struct attack *attack_find(const char *name) {
    for (uint32_t i = 0; i < ATTACKS; i++) {
        if (strcmp(attacks[i]->name, name) == 0) return attacks[i];
    }
    return NULL;
}

void attack_push(const struct scene *scene, double spreads, struct report *report) {
    int64_t half = (int64_t)(spreads * scene->spread / 2);
    report->loglik[scene->truth] -= half;
    report->loglik[scene->rival] += half;
}

void attack_take_mean(const struct scene *scene, struct report *report) {
    for (uint32_t j = 0; j < scene->hypotheses; j++) report->loglik[j] = (int64_t)scene->mean[j];
}

void attack_take(const struct scene *scene, uint32_t member, struct report *report) {
    const int64_t *theirs = scene->honest + (size_t)member * scene->hypotheses;
    memcpy(report->loglik, theirs, scene->hypotheses * sizeof *theirs);
}

double attack_honest_spread(const struct scene *scene) {
    double mean = scene->mean[scene->truth] - scene->mean[scene->rival];
    double squares = 0;
    for (uint32_t m = 0; m < scene->members; m++) {
        const int64_t *told = scene->honest + (size_t)m * scene->hypotheses;
        double off = (double)(told[scene->truth] - told[scene->rival]) - mean;
        if (!scene->is_liar[m]) squares += off * off;
    }
    return sqrt(squares / (scene->members - scene->liars));
}
