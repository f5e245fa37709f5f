/* The budget, from the inside: what is charged is what is alive, and never more than the budget. */
#include "machine/matter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

static uint32_t weights[MEMBERS_MAX];

enum { MATTERS_MAX = 6, REGION_BYTES = 64 << 20 };

struct stage {
    struct pool pool;
    void *region;
    struct setting setting;
    struct matter matters[MATTERS_MAX];
    uint32_t count;
    uint32_t asked; /* those that have a verdict included */
};

static struct fixed_tables tables;

static const char *const names[HYPOTHESES_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static void stage_init(struct stage *stage, uint32_t members, uint64_t budget) {
    *stage = (struct stage){.region = aligned_alloc(16, REGION_BYTES)};
    assert_non_null(stage->region);
    pool_init(&stage->pool, stage->region, REGION_BYTES);
    for (uint32_t m = 0; m < MEMBERS_MAX; m++) weights[m] = 65536;
    stage->setting = (struct setting){
        .pool = &stage->pool,
        .context = {.members = members,
                    .heads = members,
                    .quorum = quorum_size(members, THRESHOLD_DEFAULT),
                    .weights = weights},
        .threshold = THRESHOLD_DEFAULT,
        .now_us = 1,
        .budget = budget,
        .tables = &tables,
    };
}

static void ask(struct stage *stage, struct prng *prng) {
    struct item_ask item = {
        .title = slice_of_text("title"),
        .hypotheses_count = 2 + (uint32_t)prng_below(prng, 7),
        .mode = prng_chance(prng, 1, 2) ? MODE_PANEL : MODE_POOL,
        .cap = 1000,
        .decide_at = PARAMETER_LIMIT_QUANTA,
        .window_us = 1 + prng_below(prng, 30),
    };
    struct question_id id = {{(uint8_t)stage->asked}};
    for (uint32_t i = 0; i < item.hypotheses_count; i++) item.hypotheses[i] = slice_of_text(names[i]);
    if (matter_ask(&stage->setting, 0, &id, &item, &stage->matters[stage->count]) != STATUS_OK) return;
    stage->count++;
    stage->asked++;
}

static void tell(struct stage *stage, struct prng *prng) {
    struct matter *matter = &stage->matters[prng_below(prng, stage->count)];
    struct item item = {.kind = ITEM_TELL};
    char text[32];
    bool is_changed;
    snprintf(text, sizeof text, "%u", (unsigned)prng_below(prng, 400));
    item.tell.observation = slice_of_text(text);
    item.tell.loglik_count = question_parameters(matter->question)->hypotheses;
    for (uint32_t j = 0; j < item.tell.loglik_count; j++) item.tell.loglik[j] = prng_between(prng, -5000, 5000);
    struct machine_origin origin = {.member = (uint32_t)prng_below(prng, stage->setting.context.members)};
    enum status status = matter_apply(&stage->setting, matter, &origin, &item, &is_changed);
    assert_true(status != STATUS_OK || is_changed);
}

/* Settles one matter; a closed one makes room for the next. */
static void settle(struct stage *stage, struct prng *prng) {
    uint32_t which = (uint32_t)prng_below(prng, stage->count);
    struct matter *matter = &stage->matters[which];
    struct record_belief belief;
    matter->is_closing = prng_chance(prng, 1, 4);
    bool closes = matter->is_closing;
    matter_settle(&stage->setting, matter, &belief);
    assert_int_equal(belief.status, closes ? QUESTION_UNDECIDED : QUESTION_OPEN);
    assert_int_equal(matter->question == NULL, closes);
    if (!closes) return;
    /* Its sheet is given back once its commitment can't be opened any more. */
    uint64_t now_us = stage->setting.now_us;
    stage->setting.now_us = matter->opening_until_us;
    if (prng_chance(prng, 1, 2)) {
        matter_rest(&stage->setting, matter, &belief);
        assert_null(matter->sheet);
    }
    stage->setting.now_us = now_us;
    *matter = stage->matters[--stage->count];
}

static void any_evidence_then_the_charge_is_what_is_alive_and_within_budget(void **state) {
    (void)state;
    const uint64_t seed = 31337;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    static const uint32_t sizes[] = {4, 7, 16, 100, 256};
    for (size_t s = 0; s < 5; s++) {
        for (int round = 0; round < 4; round++) {
            struct stage stage;
            stage_init(&stage, sizes[s], UINT64_C(20000) << prng_below(&prng, 6));
            for (int step = 0; step < 1500; step++) {
                if (stage.count < MATTERS_MAX && prng_chance(&prng, 1, 100)) ask(&stage, &prng);
                if (stage.count > 0) tell(&stage, &prng);
                if (stage.count > 0 && prng_chance(&prng, 1, 50)) settle(&stage, &prng);
                stage.setting.now_us += prng_below(&prng, 2);
                assert_true(stage.setting.charged <= stage.setting.budget);
                assert_int_equal(stage.pool.live + stage.asked * MATTER_CHARGE, stage.setting.charged);
            }
            free(stage.region);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_evidence_then_the_charge_is_what_is_alive_and_within_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
