/* A Little Is Enough (Baruch, Baruch & Goldberg 2019): all liars tell the honest mean moved by z spreads, with the
 * largest z for which enough honest members are further out that the liars and they make a majority. */
#include <math.h>

#include "lab/attacks/attack.h"

/* The quantile of the normal distribution (Abramowitz & Stegun 26.2.23), error below 5e-4. */
static double normal_quantile(double p) {
    double tail = p > 0.5 ? 1 - p : p;
    double t = sqrt(-2 * log(tail));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    return p > 0.5 ? z : -z;
}

/* Never inside out: without enough liars for a majority the smallest step is told. */
static double largest_z(const struct scene *scene) {
    double honest = scene->members - scene->liars;
    double supporters = floor((double)scene->members / 2 + 1) - scene->liars;
    double z = normal_quantile(fmin(0.999, fmax(0.5, (honest - supporters) / honest)));
    return fmax(0.1, z);
}

static void tell(const struct attack *attack, const struct scene *scene, uint32_t liar, struct prng *dice,
                 struct report *report) {
    (void)attack;
    (void)liar;
    (void)dice;
    attack_take_mean(scene, report);
    attack_push(scene, largest_z(scene) * attack_honest_spread(scene) / scene->spread, report);
}

const struct attack attack_little = {.name = "little",
                                     .text =
                                         "A Little Is Enough: the mean, moved as far as hides in the honest spread",
                                     .tell = tell};
