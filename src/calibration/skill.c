#include "calibration/skill.h"

#include "base/check.h"

static int32_t skill_of_member(const uint32_t *count, uint32_t labels) {
    uint64_t all = 0;
    int64_t recalls = 0;
    CHECK(labels >= HYPOTHESES_MIN);
    for (uint32_t i = 0; i < labels * labels; i++) all += count[i];
    if (all == 0) all = 1;
    for (uint32_t c = 0; c < labels; c++) {
        uint64_t said = 0;
        uint64_t right = 0;
        for (uint32_t i = 0; i < labels; i++) said += count[c * labels + i];
        for (uint32_t l = 0; l < labels; l++) right += count[l * labels + c];
        uint64_t by_chance = 2 * FIXED_ONE * said / all;
        recalls += (int64_t)((count[c * labels + c] + by_chance) * FIXED_ONE / (right + 2 * (uint64_t)FIXED_ONE));
    }
    return (int32_t)fixed_divide(recalls - FIXED_ONE, labels - 1);
}

void skill_of(const struct em *em, int32_t *ret_skill) {
    uint32_t labels = em->answers->labels;
    for (uint32_t member = 0; member < em->answers->members; member++)
        ret_skill[member] = skill_of_member(em->count + (size_t)member * labels * labels, labels);
}

int32_t skill_head(int32_t skill) {
    return (int32_t)fixed_clamp(fixed_divide((int64_t)skill * FIXED_ONE, SKILL_HEAD), -FIXED_ONE, FIXED_ONE);
}

static bool is_head(const struct answers *answers, uint32_t member) {
    return answers->reports[member] >= SKILL_REPORTS_MIN;
}

struct heads skill_count(const struct answers *answers, const int32_t *skill, const uint16_t *voice) {
    int64_t sum = 0;
    int64_t weighted = 0;
    int64_t count = 0;
    int64_t voices = 0;
    struct heads heads = {0};
    for (uint32_t member = 0; member < answers->members; member++) {
        if (!is_head(answers, member)) continue;
        int64_t head = skill_head(skill[member]);
        count++;
        sum += head;
        heads.mass += head < 0 ? -head : head;
        weighted += head * voice[member];
        voices += voice[member];
    }
    heads.plain = (int32_t)fixed_divide(sum, count > 0 ? count : 1);
    heads.by_voice = (int32_t)fixed_divide(weighted, voices > 0 ? voices : 1);
    return heads;
}

void skill_low_half(const struct answers *answers, const int32_t *skill, bool *ret_low) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < answers->members; i++) count += is_head(answers, i);
    for (uint32_t i = 0; i < answers->members; i++) {
        uint32_t below = 0;
        for (uint32_t j = 0; j < answers->members; j++)
            below += is_head(answers, j) && (skill[j] < skill[i] || (skill[j] == skill[i] && j < i));
        ret_low[i] = is_head(answers, i) && below < count / 2;
    }
}
