/* Sensor models: what they may say, and what a report is worth by them. Expected log-likelihoods are from Python's
 * decimal: ln(a / b), rounded to 1e-9, times n / (1 + (n - 1) * rho), rounded again. */
#include "exchange/model.h"

#include "text_source.h"

static struct tokens tokens;
static struct model model;
static struct reports reports;

static enum status read_text(const char *text) {
    struct text_source source;
    tokens_of(&tokens, &source, slice_of_text(text), 7);
    return model_read(&tokens, &model);
}

static struct report report_of(enum report_kind kind, const char *source, uint64_t count, uint64_t before,
                               uint32_t confidence) {
    struct report report = {.kind = kind, .count = count, .before = before, .confidence = confidence};
    assert_int_equal(reports_keep(&reports, slice_of_text(source), &report.source), STATUS_OK);
    return report;
}

static int64_t llr_of(enum report_kind kind, const char *source, uint64_t count, uint64_t before,
                      uint32_t confidence) {
    int64_t quanta[HYPOTHESES_MAX];
    uint32_t hypotheses;
    struct report report = report_of(kind, source, count, before, confidence);
    assert_int_equal(model_weigh(&model, &reports, &report, quanta, &hypotheses), STATUS_OK);
    assert_int_equal(hypotheses, 1);
    return quanta[0];
}

static int tear_down(void **state) {
    (void)state;
    reports_free(&reports);
    return 0;
}

static void default_rows_are_the_logarithms_of_their_ratios(void **state) {
    static const struct {
        enum report_kind kind;
        int64_t quanta;
    } rows[] = {
        {REPORT_PUBLISHED, 1386294361},
        {REPORT_REVOKED, -1386294361},
        {REPORT_SEEN, 693147181},
        {REPORT_NOT_SEEN, 0},
        {REPORT_FALSE_POSITIVE, -2079441542},
        {REPORT_EXPIRED, 0},
        {REPORT_STRONGLY_DISAGREE, -1791759469},
        {REPORT_DISAGREE, -693147181},
        {REPORT_NEUTRAL, 0},
        {REPORT_AGREE, 693147181},
        {REPORT_STRONGLY_AGREE, 1791759469},
    };
    (void)state;
    model_default(&model);
    assert_int_equal(sizeof rows / sizeof rows[0], REPORT_KINDS_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(llr_of(rows[i].kind, "anybody", 1, 0, CONFIDENCE_FULL) == rows[i].quanta);
}

static void default_rows_of_a_channel_stay_within_one(void **state) {
    (void)state;
    model_default(&model);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        for (unsigned h = 0; h < 2; h++) {
            uint64_t sum = 0;
            for (unsigned kind = 0; kind < REPORT_KINDS_COUNT; kind++) {
                if (report_kind_channel((enum report_kind)kind) == channel) sum += model.table.probability[kind][h];
            }
            assert_true(sum <= MODEL_ONE);
        }
    }
}

static void repetition_is_worth_less_and_less_and_never_more_than_the_cap(void **state) {
    int64_t sum = 0;
    (void)state;
    model_default(&model);
    assert_true(llr_of(REPORT_SEEN, "s", 2, 0, 100) == 924196241);   /* ln 2 * 2 / 1.5 */
    assert_true(llr_of(REPORT_SEEN, "s", 12, 0, 100) == 1279656334); /* ln 2 * 12 / 6.5 */
    assert_true(llr_of(REPORT_SEEN, "s", REPORT_COUNT_MAX, 0, 100) == 1386294361);
    for (uint64_t i = 0; i < 1000; i++) {
        int64_t one = llr_of(REPORT_SEEN, "s", 1, i, 100);
        assert_true(one >= 0 && (i == 0 || one <= 693147181 / 2));
        sum += one;
    }
    assert_true(sum == llr_of(REPORT_SEEN, "s", 1000, 0, 100));
    assert_true(sum < 2 * INT64_C(693147181));
}

static void confidence_moves_a_report_towards_saying_nothing(void **state) {
    (void)state;
    model_default(&model);
    /* 0.85 * 0.4 + 0.15 * 0.25 against 0.85 * 0.1 + 0.15 * 0.25. */
    assert_true(llr_of(REPORT_PUBLISHED, "s", 1, 0, 85) == 1125459539);
    assert_true(llr_of(REPORT_PUBLISHED, "s", 1, 0, 0) == 0);
    int64_t last = 0;
    for (uint32_t confidence = 1; confidence <= 100; confidence++) {
        int64_t now = llr_of(REPORT_FALSE_POSITIVE, "s", 1, 0, confidence);
        assert_true(now < last);
        last = now;
    }
}

static void source_has_its_own_rows_and_the_rest_from_all(void **state) {
    (void)state;
    assert_int_equal(read_text("{\"credimus_model\": 1, \"hypotheses\": [\"yes\", \"no\"], \"repeat\": \"0.25\","
                               "\"reports\": {\"seen\": [\"0.5\", 0.25], \"agree\": [1e-1, 0.2]},"
                               "\"sources\": {\"s\": {\"reports\": {\"seen\": [0.9, 0.1]}, \"repeat\": 1}},"
                               "\"questions\": {\"x\": \"00112233445566778899AABBCCDDEEFF\"}}"),
                     STATUS_OK);
    assert_true(llr_of(REPORT_SEEN, "other", 1, 0, 100) == 693147181);
    assert_true(llr_of(REPORT_SEEN, "s", 1, 0, 100) == 2197224577);
    assert_true(llr_of(REPORT_SEEN, "s", 1, 1, 100) == 0); /* repeat 1: the second says nothing new */
    assert_true(llr_of(REPORT_AGREE, "s", 1, 0, 100) == -693147181);
    assert_string_equal(model_question_of(&model, slice_of_text("x")), "00112233445566778899aabbccddeeff");
    assert_null(model_question_of(&model, slice_of_text("y")));
}

static void three_hypotheses_give_three_numbers_with_zero_for_the_likeliest(void **state) {
    int64_t quanta[HYPOTHESES_MAX];
    uint32_t hypotheses;
    (void)state;
    assert_int_equal(read_text("{\"credimus_model\": 1, \"hypotheses\": [\"a\", \"b\", \"c\"], \"repeat\": 0,"
                               "\"reports\": {\"seen\": [0.1, 0.4, 0.2]}}"),
                     STATUS_OK);
    struct report report = report_of(REPORT_SEEN, "s", 2, 5, 100);
    assert_int_equal(model_weigh(&model, &reports, &report, quanta, &hypotheses), STATUS_OK);
    assert_int_equal(hypotheses, 3);
    assert_true(quanta[0] == 2 * INT64_C(-1386294361) && quanta[1] == 0 && quanta[2] == 2 * INT64_C(-693147181));
}

static void report_without_a_row_or_past_the_item_limit_is_refused(void **state) {
    int64_t quanta[HYPOTHESES_MAX] = {7};
    uint32_t hypotheses = 7;
    (void)state;
    assert_int_equal(read_text("{\"credimus_model\": 1, \"hypotheses\": [\"a\", \"b\"], \"repeat\": 0,"
                               "\"reports\": {\"seen\": [0.9, 0.000000000000000001]}}"),
                     STATUS_OK);
    struct report report = report_of(REPORT_AGREE, "s", 1, 0, 100);
    assert_int_equal(model_weigh(&model, &reports, &report, quanta, &hypotheses), STATUS_NOT_FOUND);
    report = report_of(REPORT_SEEN, "s", 1, 0, 100); /* 41.3 nats */
    assert_int_equal(model_weigh(&model, &reports, &report, quanta, &hypotheses), STATUS_OK);
    quanta[0] = 7;
    report = report_of(REPORT_SEEN, "s", 2, 0, 100);
    assert_int_equal(model_weigh(&model, &reports, &report, quanta, &hypotheses), STATUS_OVER_ITEM_LIMIT);
    report = report_of(REPORT_SEEN, "s", REPORT_COUNT_MAX, UINT64_C(1) << 46, 100);
    assert_int_equal(model_weigh(&model, &reports, &report, quanta, &hypotheses), STATUS_OVER_ITEM_LIMIT);
    assert_int_equal(quanta[0], 7);
}

#define HEAD "{\"credimus_model\": 1, \"hypotheses\": [\"a\", \"b\"], "

static void what_is_no_model_is_refused_with_its_place(void **state) {
    static const struct {
        const char *text;
        enum status status;
        const char *path;
        const char *why;
    } rows[] = {
        {HEAD "\"reports\": {\"seen\": [0, 0.5]}}", STATUS_BAD_VALUE, "reports.seen[0]", "probability of 0"},
        {HEAD "\"reports\": {\"seen\": [0.5, 0e5]}}", STATUS_BAD_VALUE, "reports.seen[1]", "probability of 0"},
        {HEAD "\"reports\": {\"seen\": [0.5, -0.1]}}", STATUS_BAD_VALUE, "reports.seen[1]", "above 0"},
        {HEAD "\"reports\": {\"seen\": [1.1, 0.1]}}", STATUS_BAD_VALUE, "reports.seen[0]", "at most 1"},
        {HEAD "\"reports\": {\"seen\": [0.5, 1e-19]}}", STATUS_TOO_FINE, "reports.seen[1]", "decimal places"},
        {HEAD "\"reports\": {\"seen\": [0.5, 1e400]}}", STATUS_OVERFLOW, "reports.seen[1]", "large"},
        {HEAD "\"reports\": {\"seen\": [0.5, \"x\"]}}", STATUS_NOT_A_NUMBER, "reports.seen[1]", "number"},
        {HEAD "\"reports\": {\"seen\": [0.5, null]}}", STATUS_BAD_TYPE, "reports.seen[1]", "number"},
        {HEAD "\"reports\": {\"seen\": [0.5]}}", STATUS_BAD_TYPE, "reports.seen", "number"},
        {HEAD "\"reports\": {\"seen\": [0.1, 0.1, 0.1]}}", STATUS_TOO_MANY, "reports.seen[2]", "more"},
        {HEAD "\"reports\": {\"seen\": 0.5}}", STATUS_BAD_TYPE, "reports.seen", "list"},
        {HEAD "\"reports\": {\"sighted\": [0.5, 0.5]}}", STATUS_BAD_VALUE, "reports.sighted", "no such kind"},
        {HEAD "\"reports\": {\"seen\": [0.6, 0.1], \"expired\": [0.41, 0.1]}}", STATUS_BAD_VALUE, "reports",
         "more than 1"},
        {HEAD "\"reports\": {\"agree\": [0.1, 0.6], \"neutral\": [0.1, 0.400000000000000001]}}", STATUS_BAD_VALUE,
         "reports", "hypothesis 2"},
        {HEAD "\"reports\": {\"seen\": [0.5, 0.5], \"seen\": [0.5, 0.5]}}", STATUS_DUPLICATE, "reports.seen",
         "twice"},
        {HEAD "\"repeat\": 1.001, \"reports\": {}}", STATUS_BAD_VALUE, "repeat", "0 to 1"},
        {HEAD "\"repeat\": -0.1, \"reports\": {}}", STATUS_BAD_VALUE, "repeat", "0 to 1"},
        {HEAD "\"repeat\": 0.0005, \"reports\": {}}", STATUS_TOO_FINE, "repeat", "decimal places"},
        {HEAD "\"sources\": {}, \"reports\": {}}", STATUS_MISSING, "sources", "before"},
        {HEAD "\"reports\": {}, \"sources\": {\"s\": {\"x\": 1}}}", STATUS_BAD_VALUE, "sources.s.x", "nothing else"},
        {HEAD "\"reports\": {}, \"sources\": {\"s\": {}}, \"repeat\": 1}", STATUS_BAD_VALUE, "repeat", "before"},
        {HEAD "\"reports\": {}, \"sources\": {\"\": {}}}", STATUS_TOO_LARGE, "sources", "1 to"},
        {HEAD "\"reports\": {}, \"questions\": {\"x\": \"12\"}}", STATUS_BAD_FORMAT, "questions.x", "32"},
        {HEAD "\"reports\": {}, \"weights\": 1}", STATUS_BAD_VALUE, "weights", "a model has"},
        {HEAD "\"reports\": {}} x", STATUS_TRAILING_BYTES, "", "after"},
        {HEAD "\"reports\": {}", STATUS_TRUNCATED, "reports", "ends"},
        {"{\"credimus_model\": 2}", STATUS_VERSION, "credimus_model", "version"},
        {"{\"hypotheses\": [\"a\", \"b\"], \"reports\": {}}", STATUS_MISSING, "", "credimus_model"},
        {"{\"credimus_model\": 1, \"hypotheses\": [\"a\", \"b\"]}", STATUS_MISSING, "", "reports"},
        {"{\"credimus_model\": 1, \"reports\": {}}", STATUS_MISSING, "reports", "hypotheses"},
        {"{\"hypotheses\": [\"a\"]}", STATUS_BAD_VALUE, "hypotheses", "two"},
        {"{\"hypotheses\": [\"a\", \"a\"]}", STATUS_DUPLICATE, "hypotheses[1]", "twice"},
        {"{\"hypotheses\": [\"a\", \"\"]}", STATUS_BAD_TYPE, "hypotheses[1]", "text"},
        {"{\"hypotheses\": [\"a\", \"b\\u0007\"]}", STATUS_BAD_TYPE, "hypotheses[1]", "text"},
        {"[]", STATUS_BAD_TYPE, "", "object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum status status = read_text(rows[i].text);
        if (status != rows[i].status || strstr(tokens.blame.text, rows[i].why) == NULL ||
            strcmp(tokens.blame.path, rows[i].path) != 0)
            fail_msg("%s: %s at '%s': %s", rows[i].text, status_name(status), tokens.blame.path, tokens.blame.text);
        assert_int_equal(tokens.blame.line, 1);
    }
}

static void row_that_adds_up_to_just_one_is_taken(void **state) {
    (void)state;
    assert_int_equal(read_text(HEAD "\"reports\": {\"seen\": [0.6, 0.999999999999999999], \"expired\": [0.4, "
                                    "0.000000000000000001]}}"),
                     STATUS_OK);
}

static void example_is_a_model(void **state) {
    struct slice text = file_text(EXAMPLES "/stix/model.json");
    (void)state;
    assert_int_equal(read_text((const char *)text.data), STATUS_OK);
    free((void *)(uintptr_t)text.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(default_rows_are_the_logarithms_of_their_ratios, tear_down),
        cmocka_unit_test(default_rows_of_a_channel_stay_within_one),
        cmocka_unit_test_teardown(repetition_is_worth_less_and_less_and_never_more_than_the_cap, tear_down),
        cmocka_unit_test_teardown(confidence_moves_a_report_towards_saying_nothing, tear_down),
        cmocka_unit_test_teardown(source_has_its_own_rows_and_the_rest_from_all, tear_down),
        cmocka_unit_test_teardown(three_hypotheses_give_three_numbers_with_zero_for_the_likeliest, tear_down),
        cmocka_unit_test_teardown(report_without_a_row_or_past_the_item_limit_is_refused, tear_down),
        cmocka_unit_test(what_is_no_model_is_refused_with_its_place),
        cmocka_unit_test(row_that_adds_up_to_just_one_is_taken),
        cmocka_unit_test(example_is_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
