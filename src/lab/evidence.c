#include "lab/evidence.h"

#include "base/check.h"

/* ln(0.8 / (0.2 / (k - 1))) for k = 2; more hypotheses would make it larger, which honest members leave out. */
#define LABEL_WORTH INT64_C(1386294361)
#define LABEL_RIGHT 80

/* Labels: twice the worth times the root of 0.8 * 0.2, and the worth times 0.8 - 0.2; for two hypotheses. */
static const struct {
    const char *name;
    int64_t spread;
    int64_t signal;
} rows[EVIDENCE_KINDS] = {
    [EVIDENCE_GAUSSIAN] = {"gaussian", 3 * QUANTA_PER_NAT, 9 * QUANTA_PER_NAT / 2},
    [EVIDENCE_LABELS] = {"labels", LABEL_WORTH / 10 * 8, LABEL_WORTH / 10 * 6},
};

const char *evidence_name(enum evidence_kind kind) {
    CHECK((unsigned)kind < EVIDENCE_KINDS);
    return rows[kind].name;
}

int64_t evidence_spread(enum evidence_kind kind) {
    CHECK((unsigned)kind < EVIDENCE_KINDS);
    return rows[kind].spread;
}

int64_t evidence_signal(enum evidence_kind kind) {
    CHECK((unsigned)kind < EVIDENCE_KINDS);
    return rows[kind].signal;
}

/* Noise with mean 0 and a spread of `spread`: 48 uniform numbers of 16 bits have a spread of 2 * 65536. */
static int64_t noise(struct prng *prng, int64_t spread) {
    int64_t sum = -48 * INT64_C(65535) / 2;
    for (int i = 0; i < 12; i++) {
        uint64_t word = prng_next(prng);
        for (int part = 0; part < 4; part++) sum += (int64_t)(word >> (16 * part) & 65535);
    }
    return sum * (spread / 4096) / 32;
}

static void draw_gaussian(struct prng *prng, uint32_t hypotheses, uint32_t truth, int64_t *ret_loglik) {
    /* The ratio of two has the spread of one times the root of two. */
    const int64_t spread = rows[EVIDENCE_GAUSSIAN].spread / 1000000 * 707107;
    for (uint32_t j = 0; j < hypotheses; j++)
        ret_loglik[j] = noise(prng, spread) + (j == truth ? rows[EVIDENCE_GAUSSIAN].signal : 0);
}

static void draw_label(struct prng *prng, uint32_t hypotheses, uint32_t truth, int64_t *ret_loglik) {
    uint32_t label = truth;
    if (!prng_chance(prng, LABEL_RIGHT, 100))
        label = (truth + 1 + (uint32_t)prng_below(prng, hypotheses - 1)) % hypotheses;
    for (uint32_t j = 0; j < hypotheses; j++) ret_loglik[j] = j == label ? LABEL_WORTH : 0;
}

void evidence_draw(struct prng *prng, enum evidence_kind kind, uint32_t members, uint32_t hypotheses, uint32_t truth,
                   int64_t *ret_loglik) {
    CHECK(hypotheses >= HYPOTHESES_MIN && truth < hypotheses);
    for (uint32_t m = 0; m < members; m++) {
        int64_t *loglik = ret_loglik + (size_t)m * hypotheses;
        if (kind == EVIDENCE_LABELS) {
            draw_label(prng, hypotheses, truth, loglik);
        } else {
            draw_gaussian(prng, hypotheses, truth, loglik);
        }
    }
}
