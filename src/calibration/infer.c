/* Infer: the four steps of calibration in order, in memory laid out once. */
#include "calibration/calibration.h"

#include <string.h>

#include "calibration/choice.h"
#include "calibration/copies.h"
#include "calibration/pieces.h"
#include "calibration/temper.h"

/* When global and local discount tell different stories on more than one question in 32, the global one goes first. */
enum { STORIES_APART = 32 };

struct workspace {
    struct fixed_tables *tables;
    struct answers answers;
    struct copies copies;
    struct em em;
    struct temper temper;
    uint32_t *copy_mass; /* [answer], Q12: the local one */
    uint16_t *weight;    /* [answer], Q12: what the discount in use leaves of it */
    uint16_t *voice;     /* [member], Q12: the mean of its weights under the global discount */
    int32_t *skill;      /* [member], Q12 */
    int32_t *first_skill;
    bool *low;                           /* [member] */
    uint16_t *story[CALIBRATION_STARTS]; /* beliefs: [question * labels + label], Q12 */
    uint16_t *belief;
    uint16_t *above;
    uint8_t *label[CALIBRATION_CANDIDATES_MAX]; /* [question], of each candidate */
    uint8_t *decided;
    struct calibration_member *member;
};

/* The order in which candidates come, and so are preferred. */
static uint32_t candidates_of(const struct calibration_input *input) {
    return input->labels == 2 ? CALIBRATION_CANDIDATES_MAX : CALIBRATION_STARTS;
}

static void take_beliefs(struct workspace *work, struct arena *arena, const struct calibration_input *input) {
    size_t shares = (size_t)input->questions * input->labels;
    for (int i = 0; i < CALIBRATION_STARTS; i++) work->story[i] = PIECES(arena, work->story[i], shares);
    work->belief = PIECES(arena, work->belief, shares);
    work->above = PIECES(arena, work->above, shares);
    for (uint32_t i = 0; i < candidates_of(input); i++)
        work->label[i] = PIECES(arena, work->label[i], input->questions);
    work->decided = PIECES(arena, work->decided, input->questions);
}

static void take_members(struct workspace *work, struct arena *arena, uint32_t members) {
    work->voice = PIECES(arena, work->voice, members);
    work->skill = PIECES(arena, work->skill, members);
    work->first_skill = PIECES(arena, work->first_skill, members);
    work->low = PIECES(arena, work->low, members);
    work->member = PIECES(arena, work->member, members);
}

/* `work` must stay where it is: parts of it point at one another. */
static void take_all(struct workspace *work, struct arena *arena, const struct calibration_input *input) {
    work->tables = PIECES(arena, work->tables, 1);
    work->answers = answers_take(arena, input);
    work->copies = copies_take(arena, input->members, input->labels);
    work->em = em_take(arena, &work->answers, work->tables);
    work->temper = temper_take(arena, &work->answers);
    work->copy_mass = PIECES(arena, work->copy_mass, input->entry_count);
    work->weight = PIECES(arena, work->weight, input->entry_count);
    take_members(work, arena, input->members);
    take_beliefs(work, arena, input);
}

size_t calibration_bytes(const struct calibration_input *input) {
    struct workspace work = {0};
    struct arena measure = {0};
    if (answers_check_sizes(input) != STATUS_OK) return 0;
    take_all(&work, &measure, input);
    return measure.used;
}

/* ---- Stories ---- */

/* The mean weight of each member's answers, rounded down. */
static void measure_voices(struct workspace *work) {
    const struct answers *answers = &work->answers;
    for (uint32_t member = 0; member < answers->members; member++) work->voice[member] = 0;
    uint64_t sum[MEMBERS_MAX] = {0};
    for (uint32_t i = 0; i < answers->begin[answers->questions]; i++)
        sum[answers->row_member[answers->row[i]]] += work->weight[i];
    for (uint32_t member = 0; member < answers->members; member++)
        if (answers->reports[member] > 0) work->voice[member] = (uint16_t)(sum[member] / answers->reports[member]);
}

static void weigh_locally(struct workspace *work) {
    for (uint32_t i = 0; i < work->answers.begin[work->answers.questions]; i++)
        work->weight[i] = (uint16_t)(FIXED_ONE * FIXED_ONE / (FIXED_ONE + work->copy_mass[i]));
}

static void tell_story(struct workspace *work, enum calibration_start start, const bool *counted,
                       const struct em_stage *schedule) {
    em_vote(&work->answers, work->weight, counted, work->story[start]);
    em_run(&work->em, work->weight, schedule, work->story[start]);
}

/* Of the four the first alone begins with the global discount, and ends with the local one as all do. */
static void tell_stories(struct workspace *work) {
    uint16_t *global = work->story[CALIBRATION_START_GLOBAL];
    tell_story(work, CALIBRATION_START_GLOBAL, NULL, EM_HOT);
    weigh_locally(work);
    em_run(&work->em, work->weight, EM_END, global);
    skill_of(&work->em, work->skill);
    skill_low_half(&work->answers, work->skill, work->low);
    tell_story(work, CALIBRATION_START_LOCAL, NULL, EM_HOT);
    tell_story(work, CALIBRATION_START_COLD, NULL, EM_COLD);
    tell_story(work, CALIBRATION_START_LOW, work->low, EM_LOW);
}

/* ---- Candidates ---- */

static uint32_t stories_apart(const struct workspace *work) {
    uint32_t labels = work->answers.labels;
    uint32_t apart = 0;
    for (uint32_t question = 0; question < work->answers.questions; question++) {
        size_t at = (size_t)question * labels;
        apart += fixed_first_largest(work->story[CALIBRATION_START_GLOBAL] + at, labels) !=
                 fixed_first_largest(work->story[CALIBRATION_START_LOCAL] + at, labels);
    }
    return apart;
}

static void order_candidates(const struct workspace *work, uint32_t count, struct calibration_candidate *candidates) {
    bool global_first = STORIES_APART * stories_apart(work) > work->answers.questions;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = i % CALIBRATION_STARTS;
        if (!global_first && start <= CALIBRATION_START_LOCAL) start = CALIBRATION_START_LOCAL - start;
        candidates[i] = (struct calibration_candidate){.start = (enum calibration_start)start,
                                                       .mirrored = i >= CALIBRATION_STARTS};
    }
}

/* The candidate's story in work->belief; a mirror image exchanges the two labels. */
static void set_belief(struct workspace *work, const struct calibration_candidate *candidate) {
    size_t shares = (size_t)work->answers.questions * work->answers.labels;
    const uint16_t *story = work->story[candidate->start];
    for (size_t i = 0; i < shares; i++) work->belief[i] = story[candidate->mirrored ? i ^ 1 : i];
}

/* Tempers twice, since the first posterior shows the members in a truer light; heads are counted in between, by the
 * skills of the story as it was told. Leaves the posteriors in the workspace. */
static void assess(struct workspace *work, enum calibration_rule rule, struct canaries canaries,
                   struct calibration_candidate *candidate) {
    set_belief(work, candidate);
    temper_belief(&work->temper, &work->em, work->copy_mass, work->belief, work->above);
    struct heads heads = skill_count(&work->answers, work->temper.skill, work->voice);
    temper_belief(&work->temper, &work->em, work->copy_mass, work->belief, work->above);
    candidate->heads_plain = heads.plain;
    candidate->heads_by_voice = heads.by_voice;
    candidate->heads = (int32_t)fixed_divide((int64_t)heads.plain + heads.by_voice, 2);
    candidate->common_error = work->temper.rho;
    candidate->mass = heads.mass;
    candidate->score =
        choice_score(work->tables, rule, candidate->heads, work->above, work->answers.labels, canaries);
}

static void write_labels(const struct workspace *work, uint8_t *ret_label) {
    uint32_t labels = work->answers.labels;
    for (uint32_t question = 0; question < work->answers.questions; question++)
        ret_label[question] = (uint8_t)fixed_first_largest(work->belief + (size_t)question * labels, labels);
}

/* ---- The result ---- */

static void write_members(struct workspace *work) {
    for (uint32_t i = 0; i < work->answers.members; i++)
        work->member[i] = (struct calibration_member){.skill = work->temper.skill[i],
                                                      .first_skill = work->first_skill[i],
                                                      .reports = work->answers.reports[i],
                                                      .voice = work->voice[i],
                                                      .group = work->copies.group[i],
                                                      .head = work->answers.reports[i] >= SKILL_REPORTS_MIN,
                                                      .discounted = work->copies.discounted[i]};
}

static void choose(struct workspace *work, enum calibration_rule rule, struct canaries canaries,
                   struct calibration_result *result) {
    struct calibration_candidate *candidates = result->candidates;
    for (uint32_t i = 0; i < result->candidate_count; i++) {
        assess(work, rule, canaries, &candidates[i]);
        write_labels(work, work->label[i]);
    }
    result->winner = choice_winner(candidates, result->candidate_count);
    for (uint32_t i = 0; i < result->winner; i++) result->best += candidates[i].kept;
    /* The posteriors of eight candidates would be most of the memory; the winner's are computed again. */
    assess(work, rule, canaries, &candidates[result->winner]);
    result->alarm = choice_overconfident(work->above, work->answers.labels, canaries);
    result->decided_count = choice_decide(&work->answers, work->label, candidates, result->candidate_count,
                                          result->winner, result->alarm, work->decided);
    result->margin = choice_margin(candidates, result->candidate_count, result->winner);
}

static struct calibration_result result_of(const struct workspace *work) {
    return (struct calibration_result){.members = work->answers.members,
                                       .labels = work->answers.labels,
                                       .questions = work->answers.questions,
                                       .decided = work->decided,
                                       .posterior = work->belief,
                                       .posterior_above = work->above,
                                       .member = work->member};
}

enum status calibration_run(void *memory, size_t bytes, const struct calibration_input *input,
                            struct calibration_result *ret_result) {
    struct workspace work = {0};
    struct arena arena;
    TRY(answers_check_sizes(input));
    TRY(answers_check(input));
    if (bytes < calibration_bytes(input)) return STATUS_NO_SPACE;
    arena_init(&arena, memory, bytes);
    take_all(&work, &arena, input);
    fixed_tables_init(work.tables);
    answers_load(&work.answers, input);
    copies_find(&work.copies, &work.answers, work.copy_mass, work.weight);
    measure_voices(&work);
    tell_stories(&work);

    struct canaries canaries = {input->canaries, input->canary_count};
    struct calibration_result result = result_of(&work);
    result.candidate_count = candidates_of(input);
    order_candidates(&work, result.candidate_count, result.candidates);
    em_count(&work.em, work.story[result.candidates[0].start]);
    skill_of(&work.em, work.first_skill);
    result.leak = choice_leaked(&work.answers, work.first_skill, canaries);
    if (result.leak) canaries.count = 0;
    choose(&work, input->rule, canaries, &result);
    result.label = work.label[result.winner];
    write_members(&work);
    *ret_result = result;
    return STATUS_OK;
}

const char *calibration_start_name(enum calibration_start start) {
    static const char *const names[] = {"global", "local", "cold", "low"};
    CHECK((uint32_t)start < CALIBRATION_STARTS);
    return names[start];
}
