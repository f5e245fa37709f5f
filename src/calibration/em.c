#include "calibration/em.h"

#include <string.h>

#include "base/check.h"
#include "calibration/pieces.h"

const struct em_stage EM_HOT[] = {{28, 12, 6}, {14, 6, 6}, {7, 3, 6}, {2, 1, 12}, {0, 0, 0}};
const struct em_stage EM_END[] = {{2, 1, 6}, {0, 0, 0}};
const struct em_stage EM_COLD[] = {{2, 1, 30}, {0, 0, 0}};
const struct em_stage EM_LOW[] = {{7, 3, 6}, {2, 1, 14}, {0, 0, 0}};

struct em em_take(struct arena *arena, const struct answers *answers, const struct fixed_tables *tables) {
    struct em em = {.answers = answers, .tables = tables};
    em.count = PIECES(arena, em.count, (size_t)answers->rows * answers->labels);
    em.evidence = PIECES(arena, em.evidence, (size_t)answers->rows * answers->labels);
    return em;
}

static void clear_counts(struct em *em) {
    memset(em->count, 0, (size_t)em->answers->rows * em->answers->labels * sizeof *em->count);
    memset(em->total, 0, sizeof em->total);
}

/* `labels` is an argument, here and below, so that the compiler can unroll the loops for two. */
static inline __attribute__((always_inline)) void count_question(struct em *em, uint32_t question,
                                                                 const uint16_t *share, uint32_t labels) {
    const struct answers *answers = em->answers;
    for (uint32_t right = 0; right < labels; right++) em->total[right] += share[right];
    for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
        uint32_t *count = em->count + (size_t)answers->row[i] * labels;
        for (uint32_t right = 0; right < labels; right++) count[right] += share[right];
    }
}

void em_count(struct em *em, const uint16_t *belief) {
    uint32_t labels = em->answers->labels;
    clear_counts(em);
    for (uint32_t question = 0; question < em->answers->questions; question++)
        count_question(em, question, belief + (size_t)question * labels, labels);
}

static void weigh_member(struct em *em, uint32_t member, uint32_t right, uint32_t wrong) {
    uint32_t labels = em->answers->labels;
    const uint32_t *count = em->count + (size_t)member * labels * labels;
    int32_t *evidence = em->evidence + (size_t)member * labels * labels;
    for (uint32_t c = 0; c < labels; c++) {
        uint64_t column = right + (uint64_t)(labels - 1) * wrong;
        for (uint32_t l = 0; l < labels; l++) column += count[l * labels + c];
        int32_t whole = fixed_log2(em->tables, column);
        for (uint32_t l = 0; l < labels; l++)
            evidence[l * labels + c] =
                fixed_log2(em->tables, count[l * labels + c] + (uint64_t)(l == c ? right : wrong)) - whole;
    }
}

void em_weigh(struct em *em, uint32_t right, uint32_t wrong) {
    CHECK(em->answers->labels >= HYPOTHESES_MIN);
    uint32_t each_wrong = wrong * FIXED_ONE / (em->answers->labels - 1);
    for (uint32_t member = 0; member < em->answers->members; member++)
        weigh_member(em, member, right * FIXED_ONE, each_wrong);
}

void em_prior(const struct em *em, int64_t *ret_prior) {
    for (uint32_t label = 0; label < em->answers->labels; label++)
        ret_prior[label] = (int64_t)fixed_log2(em->tables, em->total[label] + FIXED_ONE) * FIXED_ONE;
}

void em_vote(const struct answers *answers, const uint16_t *weight, const bool *counted, uint16_t *ret_belief) {
    uint32_t labels = answers->labels;
    for (uint32_t question = 0; question < answers->questions; question++) {
        uint32_t votes[HYPOTHESES_MAX] = {0};
        uint32_t all = 0;
        for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
            uint32_t row = answers->row[i];
            if (counted != NULL && !counted[answers->row_member[row]]) continue;
            votes[answers->row_label[row]] += weight[i];
            all += weight[i];
        }
        for (uint32_t label = 0; label < labels; label++)
            *ret_belief++ = (uint16_t)(all > 0 ? (uint64_t)votes[label] * FIXED_ONE / all : FIXED_ONE / labels);
    }
}

/* A score begins below 2^29 and gains at most 256 * 2^12 * 2^18 = 2^38. */
static inline __attribute__((always_inline)) bool infer_question(struct em *em, const uint16_t *weight,
                                                                 const int64_t *prior, uint32_t question,
                                                                 uint16_t *share, uint32_t labels) {
    const struct answers *answers = em->answers;
    int64_t score[HYPOTHESES_MAX];
    uint16_t next[HYPOTHESES_MAX];
    for (uint32_t c = 0; c < labels; c++) score[c] = prior[c];
    for (uint32_t i = answers->begin[question]; i < answers->begin[question + 1]; i++) {
        const int32_t *evidence = em->evidence + (size_t)answers->row[i] * labels;
        for (uint32_t c = 0; c < labels; c++) score[c] += (int64_t)weight[i] * evidence[c];
    }
    for (uint32_t c = 0; c < labels; c++) score[c] = fixed_shift(score[c]);
    fixed_softmax(em->tables, score, labels, next);
    bool changed = memcmp(share, next, labels * sizeof *share) != 0;
    memcpy(share, next, labels * sizeof *share);
    return changed;
}

/* One round over all questions. The evidence is that of the belief before; the counts become those of the belief after,
 * question by question, so that a round reads the log once. */
static inline __attribute__((always_inline)) bool round_of(struct em *em, const uint16_t *weight, uint16_t *belief,
                                                           uint32_t labels) {
    bool changed = false;
    int64_t prior[HYPOTHESES_MAX];
    em_prior(em, prior);
    clear_counts(em);
    for (uint32_t question = 0; question < em->answers->questions; question++, belief += labels) {
        changed |= infer_question(em, weight, prior, question, belief, labels);
        count_question(em, question, belief, labels);
    }
    return changed;
}

static bool run_round(struct em *em, const uint16_t *weight, uint16_t *belief) {
    if (em->answers->labels == 2) return round_of(em, weight, belief, 2);
    return round_of(em, weight, belief, em->answers->labels);
}

void em_run(struct em *em, const uint16_t *weight, const struct em_stage *schedule, uint16_t *belief) {
    em_count(em, belief);
    for (const struct em_stage *stage = schedule; stage->rounds > 0; stage++) {
        bool changed = true;
        for (uint32_t i = 0; i < stage->rounds && changed; i++) {
            em_weigh(em, stage->right, stage->wrong);
            changed = run_round(em, weight, belief);
        }
    }
}
