/* Beliefs as JSON, and how firm they are said to be. */
#include "http/render.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct record_belief sample(void) {
    struct record_belief belief = {.title = slice_of_text("Is \"x\" so?"),
                                   .hypotheses_count = 2,
                                   .hypotheses = {slice_of_text("no"), slice_of_text("yes")},
                                   .mode = MODE_POOL,
                                   .status = QUESTION_DECIDED,
                                   .top = 1,
                                   .log_odds = {-4595119850, 0},
                                   .contributors = 3,
                                   .items = 12,
                                   .flip_margin = 2,
                                   .live = {1, -5, 9007199254740993},
                                   .safe = {1, INT64_MIN, INT64_MAX},
                                   .threshold = {3, 4},
                                   .height = 7,
                                   .opening = OPENING_ORDINARY};
    for (unsigned i = 0; i < QUESTION_ID_BYTES; i++) belief.question.bytes[i] = (uint8_t)i;
    return belief;
}

static void expect(const struct record_belief *belief, enum finality finality, const char *expected) {
    struct text text = {0};
    render_belief(&text, belief, finality);
    assert_false(text.failed);
    if (!slice_equal(slice_of(text.data, text.bytes), slice_of_text(expected)))
        print_error("%.*s\n", (int)text.bytes, text.data);
    assert_true(slice_equal(slice_of(text.data, text.bytes), slice_of_text(expected)));
    text_free(&text);
}

static void decided_belief_then_all_its_fields(void **state) {
    (void)state;
    struct record_belief belief = sample();
    expect(
        &belief, FINALITY_FINAL,
        "{\"question\": \"000102030405060708090a0b0c0d0e0f\", \"title\": \"Is \\\"x\\\" so?\", \"mode\": \"pool\", "
        "\"hypotheses\": [\"no\", \"yes\"], \"status\": \"decided\", \"outcome\": \"yes\", \"family\": null, "
        "\"opening\": \"ordinary\", \"canary\": null, \"finality\": \"final\", "
        "\"posterior\": [0.010000000001332443, 0.9899999999986676], \"log_odds_quanta\": [-4595119850, 0], "
        "\"flip_margin\": 2, \"intervals\": {\"live\": {\"members\": 1, \"low\": -5, \"high\": 9007199254740993}, "
        "\"safe\": {\"members\": 1, \"low\": null, \"high\": null}}, \"contributors\": 3, \"items\": 12, "
        "\"height\": 7, \"threshold\": \"3/4\"}");
}

static void open_belief_then_no_outcome(void **state) {
    (void)state;
    struct record_belief belief = sample();
    struct text text = {0};
    belief.status = QUESTION_OPEN;
    belief.mode = MODE_PANEL;
    render_belief(&text, &belief, FINALITY_LOCAL);
    text_put(&text, "", 1);
    assert_non_null(strstr(text.data, "\"mode\": \"panel\""));
    assert_non_null(strstr(text.data, "\"status\": \"open\", \"outcome\": null, \"family\": null"));
    assert_non_null(strstr(text.data, "\"canary\": null, \"finality\": \"local\""));
    text_free(&text);
}

static void opening_and_family_then_what_became_of_the_commitment(void **state) {
    (void)state;
    static const struct {
        uint32_t opening;
        const char *expected;
    } cases[] = {
        {OPENING_NONE, "\"family\": \"birds\", \"opening\": \"not opened\", \"canary\": null, "},
        {OPENING_ORDINARY, "\"family\": \"birds\", \"opening\": \"ordinary\", \"canary\": null, "},
        {0, "\"family\": \"birds\", \"opening\": \"canary\", \"canary\": \"no\", "},
        {1, "\"family\": \"birds\", \"opening\": \"canary\", \"canary\": \"yes\", "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record_belief belief = sample();
        struct text text = {0};
        belief.opening = cases[i].opening;
        belief.family = slice_of_text("birds");
        render_belief(&text, &belief, FINALITY_FINAL);
        text_put(&text, "", 1);
        assert_non_null(strstr(text.data, cases[i].expected));
        text_free(&text);
    }
}

static void posterior_then_it_adds_up_to_one(void **state) {
    (void)state;
    struct record_belief belief = sample();
    double posterior[HYPOTHESES_MAX];
    belief.hypotheses_count = HYPOTHESES_MAX;
    for (uint32_t i = 0; i < HYPOTHESES_MAX; i++) {
        belief.log_odds[i] = i == 5 ? 0 : -(int64_t)(UINT64_C(1) << (i % 63));
    }
    belief.top = 5;
    render_posterior(&belief, posterior);
    double sum = 0;
    for (uint32_t i = 0; i < HYPOTHESES_MAX; i++) {
        assert_true(isfinite(posterior[i]) && posterior[i] >= 0 && posterior[i] <= posterior[5]);
        sum += posterior[i];
    }
    assert_true(fabs(sum - 1) < 1e-12);
}

static void belief_without_and_with_certificate_then_its_finality(void **state) {
    (void)state;
    struct record_belief belief = sample();
    assert_int_equal(render_finality(&belief, false, 6), FINALITY_PROVISIONAL);
    assert_int_equal(render_finality(&belief, false, 7), FINALITY_FINAL);
    assert_int_equal(render_finality(&belief, true, 7), FINALITY_LOCAL);
    belief.status = QUESTION_UNDECIDED;
    assert_int_equal(render_finality(&belief, false, 6), FINALITY_PROVISIONAL);
    belief.status = QUESTION_OPEN;
    assert_int_equal(render_finality(&belief, false, 6), FINALITY_COMMITTED);
    assert_int_equal(render_finality(&belief, false, 8), FINALITY_FINAL);
}

static void doubles_then_the_shortest_text_that_reads_back(void **state) {
    (void)state;
    static const double values[] = {0, 1, 0.1, 1.0 / 3, 0.30000000000000004, 1e-300, 5e-324, 0.9899999999986514};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct text text = {0};
        text_put_double(&text, values[i]);
        text_put(&text, "", 1);
        assert_true(strtod(text.data, NULL) == values[i]);
        text_free(&text);
    }
    struct text text = {0};
    text_put_double(&text, 0.1);
    assert_true(slice_equal(slice_of(text.data, text.bytes), slice_of_text("0.1")));
    text_free(&text);
}

static void text_past_its_limit_then_failed_and_nothing_more(void **state) {
    (void)state;
    static char block[1024 * 1024];
    struct text text = {0};
    for (size_t i = 0; i < TEXT_BYTES_MAX / sizeof block; i++) text_put(&text, block, sizeof block);
    assert_false(text.failed);
    text_put(&text, block, 1);
    assert_true(text.failed);
    assert_true(text.bytes == TEXT_BYTES_MAX);
    text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided_belief_then_all_its_fields),
        cmocka_unit_test(open_belief_then_no_outcome),
        cmocka_unit_test(opening_and_family_then_what_became_of_the_commitment),
        cmocka_unit_test(posterior_then_it_adds_up_to_one),
        cmocka_unit_test(belief_without_and_with_certificate_then_its_finality),
        cmocka_unit_test(doubles_then_the_shortest_text_that_reads_back),
        cmocka_unit_test(text_past_its_limit_then_failed_and_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
