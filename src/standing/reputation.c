#include "standing/reputation.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/num.h"

/* The prior: eight good answers that never fade. */
#define PRIOR (UINT64_C(8) << 16)
/* An epoch forgets one part in this many. */
#define FORGETTING 64

static uint64_t saturated(uint64_t count, uint64_t added) {
    return num_min_u64(num_min_u64(count, REPUTATION_COUNT_MAX) + num_min_u64(added, REPUTATION_COUNT_MAX),
                       REPUTATION_COUNT_MAX);
}

void reputation_add(struct reputation *reputation, uint64_t good, uint64_t bad) {
    reputation->good = saturated(reputation->good, good);
    reputation->bad = saturated(reputation->bad, bad);
}

void reputation_add_canary(struct reputation *reputation, int32_t gain) {
    CHECK(gain >= -STANDING_ONE && gain <= STANDING_ONE);
    /* The two halves add up to one event whatever the gain; an odd one favours good by half a bit. */
    uint64_t bad = (uint64_t)(STANDING_ONE - gain) / 2;
    reputation_add(reputation, (uint64_t)STANDING_ONE - bad, bad);
}

static uint64_t faded(uint64_t count) { return count * (FORGETTING - 1) / FORGETTING; }

void reputation_epoch(struct reputation *reputation) {
    reputation->a = saturated(faded(reputation->a), reputation->good);
    reputation->b = saturated(faded(reputation->b), reputation->bad);
    reputation->good = 0;
    reputation->bad = 0;
}

uint32_t reputation_value(const struct reputation *reputation) {
    uint64_t good = reputation->a + PRIOR;
    return (uint32_t)((good << 16) / (good + reputation->b));
}

OUTLET_COVERS(struct reputation, 4 * sizeof(uint64_t));

void reputation_save(const struct reputation *reputation, struct outlet *outlet) {
    const uint64_t counts[] = {reputation->a, reputation->b, reputation->good, reputation->bad};
    outlet_put_u64s(outlet, counts, 4);
}

enum status reputation_load(struct reputation *reputation, struct reader *reader) {
    uint64_t counts[4];
    TRY(reader_u64s(reader, REPUTATION_COUNT_MAX, counts, 4));
    *reputation = (struct reputation){counts[0], counts[1], counts[2], counts[3]};
    return STATUS_OK;
}

int32_t canary_gain(const uint32_t *probability, uint32_t hypotheses, uint32_t truth) {
    CHECK(hypotheses >= HYPOTHESES_MIN && hypotheses <= HYPOTHESES_MAX && truth < hypotheses);
    uint64_t sum = 0;
    uint64_t squares = 0; /* 32 fractional bits */
    for (uint32_t j = 0; j < hypotheses; j++) {
        CHECK(probability[j] <= (uint32_t)STANDING_ONE);
        int64_t error = (int64_t)probability[j] - (j == truth ? STANDING_ONE : 0);
        squares += (uint64_t)(error * error);
        sum += probability[j];
    }
    CHECK(sum <= (uint64_t)STANDING_ONE + hypotheses);
    int64_t gain = STANDING_ONE - (int64_t)((squares + (UINT64_C(1) << 15)) >> 16);
    return gain < -STANDING_ONE ? -STANDING_ONE : (int32_t)gain;
}
