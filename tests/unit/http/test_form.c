/* What clients write, turned into items: each acceptance beside its refusals. */
#include "http/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "belief/question.h"
#include "crypto/sha256.h"

#define ID "00112233445566778899aabbccddeeff"
/* A tell with everything but its values. */
#define TELL       "{\"question\":\"" ID "\",\"observation\":\"o\","
#define ASK_FIELDS "\"title\":\"t\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\""
#define ASK        "{" ASK_FIELDS

static uint8_t text[256 * 1024];
static uint8_t scratch[CONTENT_BYTES_MAX];
static struct draft draft;
static struct refusal refusal;

static enum status take(form_take form, const char *written) {
    size_t bytes = strlen(written);
    assert_true(bytes <= sizeof text);
    memcpy(text, written, bytes);
    draft = (struct draft){.scratch = scratch};
    refusal = (struct refusal){0};
    struct json json = json_of(text, bytes);
    enum status status = form(&json, &draft, &refusal);
    if (status == STATUS_OK) assert_int_equal(item_valid(&draft.item), STATUS_OK);
    if (status != STATUS_OK) assert_int_equal(refusal.status, status);
    return status;
}

static void refuse(form_take form, const char *written, enum status expected, const char *detail) {
    enum status status = take(form, written);
    if (status != expected) print_error("%s: %s\n", written, status_name(status));
    assert_int_equal(status, expected);
    if (strstr(refusal.detail, detail) == NULL) print_error("%s: %s\n", written, refusal.detail);
    assert_non_null(strstr(refusal.detail, detail));
}

static void tell_with_a_ratio_then_its_item(void **state) {
    (void)state;
    struct question_id id;
    assert_int_equal(take(form_take_tell, TELL "\"llr\":-0.25,\"observed_at\":\"2023-11-14T22:13:20Z\"}"), STATUS_OK);
    assert_int_equal(form_read_question(slice_of_text(ID), &id), STATUS_OK);
    const struct item_tell *tell = &draft.item.tell;
    assert_int_equal(draft.item.kind, ITEM_TELL);
    assert_true(question_id_equal(&tell->question, &id));
    assert_true(slice_equal(tell->observation, slice_of_text("o")));
    assert_int_equal(tell->loglik_count, 1);
    assert_true(tell->loglik[0] == -250000000);
    assert_false(tell->has_content);
    assert_true(tell->observed_us == 1700000000000000);
}

static void tell_with_likelihoods_or_a_probability_then_its_item(void **state) {
    (void)state;
    assert_int_equal(take(form_take_tell, TELL "\"loglik\":[-1.5,\"-0.000000001\",0]}"), STATUS_OK);
    assert_int_equal(draft.item.tell.loglik_count, 3);
    assert_true(draft.item.tell.loglik[0] == -1500000000 && draft.item.tell.loglik[1] == -1);
    assert_int_equal(take(form_take_tell, TELL "\"probability\":0.99}"), STATUS_OK);
    assert_int_equal(draft.item.tell.loglik_count, 1);
    assert_true(draft.item.tell.loglik[0] == 4595119850);
}

static void tell_with_content_then_its_hash(void **state) {
    (void)state;
    struct hash hash;
    sha256_of(slice_of_text("h\xc3\xa9!"), &hash);
    assert_int_equal(take(form_take_tell, TELL "\"llr\":1,\"content\":\"h\\u00e9!\"}"), STATUS_OK);
    assert_true(draft.item.tell.has_content && hash_equal(&draft.item.tell.content, &hash));
    assert_true(slice_equal(draft.content, slice_of_text("h\xc3\xa9!")));
    assert_int_equal(take(form_take_tell, TELL "\"llr\":1,\"content_base64\":\"aMOpIQ==\"}"), STATUS_OK);
    assert_true(draft.item.tell.has_content && hash_equal(&draft.item.tell.content, &hash));
    assert_true(slice_equal(draft.content, slice_of_text("h\xc3\xa9!")));
}

static void tell_with_numbers_against_the_rules_then_refused(void **state) {
    (void)state;
    refuse(form_take_tell, TELL "\"llr\":0.0000000000001}", STATUS_TOO_FINE,
           "llr: carries more precision than 1e-9 nat");
    refuse(form_take_tell, TELL "\"loglik\":[0,1e-10]}", STATUS_TOO_FINE, "loglik");
    refuse(form_take_tell, TELL "\"llr\":50.000000001}", STATUS_OVER_ITEM_LIMIT, "50 nats");
    refuse(form_take_tell, TELL "\"loglik\":[-25,25.1]}", STATUS_OVER_ITEM_LIMIT, "50 nats");
    refuse(form_take_tell, TELL "\"probability\":1e-30}", STATUS_OVER_ITEM_LIMIT, "50 nats");
    refuse(form_take_tell, TELL "\"llr\":NaN}", STATUS_NOT_A_NUMBER, "llr: not a number");
    refuse(form_take_tell, TELL "\"llr\":\"abc\"}", STATUS_NOT_A_NUMBER, "llr");
    refuse(form_take_tell, TELL "\"llr\":true}", STATUS_BAD_TYPE, "llr");
    refuse(form_take_tell, TELL "\"llr\":1e30}", STATUS_OVERFLOW, "llr");
    refuse(form_take_tell, TELL "\"probability\":1}", STATUS_BAD_VALUE, "probability");
    refuse(form_take_tell, TELL "\"loglik\":[1]}", STATUS_WRONG_HYPOTHESES, "loglik");
    assert_int_equal(take(form_take_tell, TELL "\"llr\":50}"), STATUS_OK);
    assert_int_equal(take(form_take_tell, TELL "\"loglik\":[-25,25]}"), STATUS_OK);
}

static void tell_of_another_shape_then_refused(void **state) {
    (void)state;
    refuse(form_take_tell, TELL "\"llr\":1,\"loglik\":[0,0]}", STATUS_DUPLICATE, "only one of llr");
    refuse(form_take_tell, TELL "\"llr\":1,\"llr\":1}", STATUS_DUPLICATE, "llr: the field is there twice");
    refuse(form_take_tell, "{\"question\":\"" ID "\",\"observation\":\"o\"}", STATUS_MISSING, "one of llr");
    refuse(form_take_tell, "{\"question\":\"" ID "\",\"llr\":1}", STATUS_MISSING, "observation");
    refuse(form_take_tell, "{\"observation\":\"o\",\"llr\":1}", STATUS_MISSING, "question");
    refuse(form_take_tell, "{\"question\":\"0011\",\"observation\":\"o\",\"llr\":1}", STATUS_BAD_FORMAT, "question");
    refuse(form_take_tell, TELL "\"llr\":1,\"weight\":1}", STATUS_BAD_VALUE, "weight: there is no such field");
    refuse(form_take_tell, TELL "\"llr\":1", STATUS_BAD_FORMAT, "not JSON");
    refuse(form_take_tell, TELL "\"llr\":1,\"observed_at\":\"soon\"}", STATUS_BAD_FORMAT, "observed_at");
    refuse(form_take_tell, "{\"question\":\"" ID "\",\"observation\":\"\",\"llr\":1}", STATUS_BAD_FORMAT,
           "observation");
    refuse(form_take_tell, "{\"question\":\"" ID "\",\"observation\":\"a\\nb\",\"llr\":1}", STATUS_BAD_FORMAT,
           "observation");
    refuse(form_take_tell, "{\"question\":\"" ID "\",\"observation\":\"\xff\",\"llr\":1}", STATUS_BAD_FORMAT,
           "observation");
}

/* Writes `before`, `count` letters and `after`. */
static const char *with_letters(const char *before, size_t count, const char *after) {
    static char written[2048];
    size_t at = strlen(before);
    assert_true(at + count + strlen(after) < sizeof written);
    memcpy(written, before, at);
    memset(written + at, 'x', count);
    strcpy(written + at + count, after);
    return written;
}

static void text_beyond_its_limit_then_too_large(void **state) {
    (void)state;
    const char *told = "{\"question\":\"" ID "\",\"observation\":\"";
    assert_int_equal(take(form_take_tell, with_letters(told, OBSERVATION_BYTES_MAX, "\",\"llr\":1}")), STATUS_OK);
    refuse(form_take_tell, with_letters(told, OBSERVATION_BYTES_MAX + 1, "\",\"llr\":1}"), STATUS_TOO_LARGE,
           "observation");
    assert_int_equal(take(form_take_retract, with_letters(told, OBSERVATION_BYTES_MAX, "\"}")), STATUS_OK);
    refuse(form_take_retract, with_letters(told, OBSERVATION_BYTES_MAX + 1, "\"}"), STATUS_TOO_LARGE, "observation");
    const char *titled = "\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}";
    assert_int_equal(take(form_take_ask, with_letters("{\"title\":\"", TITLE_BYTES_MAX, titled)), STATUS_OK);
    refuse(form_take_ask, with_letters("{\"title\":\"", TITLE_BYTES_MAX + 1, titled), STATUS_TOO_LARGE, "title");
    const char *asked = "{\"title\":\"t\",\"mode\":\"pool\",\"hypotheses\":[\"a\",\"";
    assert_int_equal(take(form_take_ask, with_letters(asked, HYPOTHESIS_BYTES_MAX, "\"]}")), STATUS_OK);
    refuse(form_take_ask, with_letters(asked, HYPOTHESIS_BYTES_MAX + 1, "\"]}"), STATUS_TOO_LARGE, "hypotheses");
}

static void content_that_is_empty_or_twice_or_no_base64_then_refused(void **state) {
    (void)state;
    refuse(form_take_tell, TELL "\"llr\":1,\"content\":\"\"}", STATUS_BAD_VALUE, "content");
    refuse(form_take_tell, TELL "\"llr\":1,\"content\":\"a\",\"content_base64\":\"YQ==\"}", STATUS_DUPLICATE,
           "only one of content");
    refuse(form_take_tell, TELL "\"llr\":1,\"content_base64\":\"YQ\"}", STATUS_BAD_FORMAT, "content_base64");
    refuse(form_take_tell, TELL "\"llr\":1,\"content_base64\":\"\"}", STATUS_BAD_VALUE, "content_base64");
}

/* TELL with content of `bytes` letters. */
static enum status take_content_of(const char *name, size_t bytes, char letter) {
    static char written[256 * 1024];
    int head = snprintf(written, sizeof written, TELL "\"llr\":1,\"%s\":\"", name);
    memset(written + head, letter, bytes);
    memcpy(written + (size_t)head + bytes, "\"}", 3);
    return take(form_take_tell, written);
}

static void content_at_and_above_its_limit_then_accepted_and_refused(void **state) {
    (void)state;
    assert_int_equal(take_content_of("content", CONTENT_BYTES_MAX, 'x'), STATUS_OK);
    assert_int_equal(take_content_of("content", CONTENT_BYTES_MAX + 1, 'x'), STATUS_TOO_LARGE);
    /* four letters a three bytes: the largest multiple of three at or below the limit, and the first above */
    assert_int_equal(take_content_of("content_base64", (size_t)CONTENT_BYTES_MAX / 3 * 4, 'A'), STATUS_OK);
    assert_int_equal(take_content_of("content_base64", ((size_t)CONTENT_BYTES_MAX / 3 + 1) * 4, 'A'),
                     STATUS_TOO_LARGE);
}

static void retract_and_close_then_their_items(void **state) {
    (void)state;
    assert_int_equal(take(form_take_retract, "{\"question\":\"" ID "\",\"observation\":\"o\"}"), STATUS_OK);
    assert_int_equal(draft.item.kind, ITEM_RETRACT);
    assert_true(slice_equal(draft.item.retract.observation, slice_of_text("o")));
    assert_int_equal(take(form_take_close, "{\"question\":\"" ID "\"}"), STATUS_OK);
    assert_int_equal(draft.item.kind, ITEM_CLOSE);
    assert_int_equal(draft.item.close.question.bytes[15], 0xff);
    refuse(form_take_retract, "{\"question\":\"" ID "\"}", STATUS_MISSING, "observation");
    refuse(form_take_retract, "{\"question\":\"" ID "\",\"observation\":\"\"}", STATUS_BAD_FORMAT, "observation");
    refuse(form_take_close, "{}", STATUS_MISSING, "question");
    refuse(form_take_close, "{\"question\":5}", STATUS_BAD_TYPE, "question");
}

static void ask_with_the_least_then_the_defaults(void **state) {
    (void)state;
    assert_int_equal(take(form_take_ask, ASK "}"), STATUS_OK);
    const struct item_ask *ask = &draft.item.ask;
    assert_int_equal(ask->hypotheses_count, 2);
    assert_int_equal(ask->mode, MODE_POOL);
    assert_true(ask->prior[0] == 0 && ask->prior[1] == 0);
    assert_true(ask->cap == QUESTION_CAP_DEFAULT && ask->decide_at == QUESTION_DECIDE_AT_DEFAULT);
    assert_true(ask->window_us == QUESTION_WINDOW_DEFAULT_US && ask->deadline_us == 0);
    assert_true(ask->min_margin == 0 && ask->rho_thousandths == 0);
}

static void ask_with_everything_then_its_item(void **state) {
    (void)state;
    assert_int_equal(take(form_take_ask,
                          "{\"title\":\"Is it \\\"raining\\\"?\",\"hypotheses\":[\"yes\",\"no\",\"snow\"],"
                          "\"mode\":\"panel\",\"prior\":[0.25,0.5,0.25],\"cap\":1.5,\"rho\":0.125,"
                          "\"decide_at\":3,\"min_margin\":2,\"window\":0.5,\"deadline\":86400}"),
                     STATUS_OK);
    const struct item_ask *ask = &draft.item.ask;
    assert_true(slice_equal(ask->title, slice_of_text("Is it \"raining\"?")));
    assert_true(slice_equal(ask->hypotheses[2], slice_of_text("snow")));
    assert_int_equal(ask->mode, MODE_PANEL);
    assert_true(ask->prior[0] == -693147181 && ask->prior[1] == 0 && ask->prior[2] == -693147181);
    assert_true(ask->cap == 1500000000 && ask->rho_thousandths == 125 && ask->decide_at == 3000000000);
    assert_true(ask->min_margin == 2 && ask->window_us == 500000 && ask->deadline_us == UINT64_C(86400000000));
    assert_int_equal(take(form_take_ask, ASK ",\"prior_quanta\":[-5,7]}"), STATUS_OK);
    assert_true(draft.item.ask.prior[0] == -5 && draft.item.ask.prior[1] == 7);
}

static void ask_against_the_rules_then_refused(void **state) {
    (void)state;
    refuse(form_take_ask, "{\"title\":\"t\",\"hypotheses\":[\"a\",\"b\"]}", STATUS_MISSING, "mode");
    refuse(form_take_ask, "{\"title\":\"t\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"sum\"}", STATUS_BAD_VALUE,
           "mode");
    refuse(form_take_ask, "{\"title\":\"t\",\"hypotheses\":[\"a\"],\"mode\":\"pool\"}", STATUS_WRONG_HYPOTHESES,
           "hypotheses");
    refuse(form_take_ask, "{\"title\":\"t\",\"hypotheses\":[\"a\",\"a\"],\"mode\":\"pool\"}", STATUS_DUPLICATE,
           "hypotheses");
    refuse(form_take_ask, "{\"title\":\"\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}", STATUS_BAD_FORMAT,
           "title");
    refuse(form_take_ask, "{\"title\":\"\\u001b[2J\",\"hypotheses\":[\"a\",\"b\"],\"mode\":\"pool\"}",
           STATUS_BAD_FORMAT, "title");
    refuse(form_take_ask, ASK ",\"prior\":[0.5,0.25,0.25]}", STATUS_WRONG_HYPOTHESES, "prior");
    refuse(form_take_ask, ASK ",\"prior\":[0.5,0.5],\"prior_quanta\":[0,0]}", STATUS_DUPLICATE, "prior");
    refuse(form_take_ask, ASK ",\"prior\":[0.9,0.9]}", STATUS_BAD_VALUE, "prior");
    refuse(form_take_ask, ASK ",\"prior_quanta\":[0.5,0]}", STATUS_TOO_FINE, "prior_quanta");
    refuse(form_take_ask, ASK ",\"prior_quanta\":[1e18,0]}", STATUS_BAD_VALUE, "");
    refuse(form_take_ask, ASK ",\"cap\":0}", STATUS_BAD_VALUE, "cap");
    refuse(form_take_ask, ASK ",\"cap\":1e-10}", STATUS_TOO_FINE, "cap");
    refuse(form_take_ask, ASK ",\"cap\":50000.1}", STATUS_BAD_VALUE, "cap");
    refuse(form_take_ask, ASK ",\"rho\":1.1}", STATUS_BAD_VALUE, "rho");
    refuse(form_take_ask, ASK ",\"rho\":0.0001}", STATUS_BAD_VALUE, "rho");
    refuse(form_take_ask, ASK ",\"decide_at\":-1}", STATUS_BAD_VALUE, "decide_at");
    refuse(form_take_ask, ASK ",\"min_margin\":257}", STATUS_BAD_VALUE, "min_margin");
    refuse(form_take_ask, ASK ",\"min_margin\":0.5}", STATUS_BAD_VALUE, "min_margin");
    refuse(form_take_ask, ASK ",\"window\":0}", STATUS_BAD_VALUE, "window");
    refuse(form_take_ask, ASK ",\"deadline\":-1}", STATUS_BAD_VALUE, "deadline");
    refuse(form_take_ask, ASK ",\"deadline\":1e300}", STATUS_OVERFLOW, "deadline");
}

static void ask_with_65_hypotheses_then_refused(void **state) {
    (void)state;
    char written[2048] = "{\"title\":\"t\",\"mode\":\"pool\",\"hypotheses\":[";
    for (int i = 0; i <= HYPOTHESES_MAX; i++) {
        char hypothesis[16];
        (void)snprintf(hypothesis, sizeof hypothesis, "%s\"h%d\"", i > 0 ? "," : "", i);
        strcat(written, hypothesis);
    }
    strcat(written, "]}");
    refuse(form_take_ask, written, STATUS_TOO_MANY, "hypotheses");
}

/* --- lists --- */

#define CLOSE "{\"question\":\"" ID "\"}"

/* How many are read until the list ends, or why it stops. */
static uint64_t read_list(const char *written, bool is_lines, enum status *ret_status, struct form_list *ret_list) {
    size_t bytes = strlen(written);
    memcpy(text, written, bytes);
    *ret_list = form_list_of(text, bytes, form_take_close, is_lines);
    uint64_t count = 0;
    for (;;) {
        *ret_status = form_list_next(ret_list, &draft, &refusal);
        if (*ret_status != STATUS_OK) return count;
        count++;
    }
}

static void expect_list(const char *written, bool is_lines, uint64_t count) {
    struct form_list list;
    enum status status;
    assert_true(read_list(written, is_lines, &status, &list) == count);
    assert_int_equal(status, STATUS_NOT_FOUND);
}

static void refuse_list(const char *written, bool is_lines, uint64_t count, uint64_t line) {
    struct form_list list;
    enum status status;
    assert_true(read_list(written, is_lines, &status, &list) == count);
    assert_int_not_equal(status, STATUS_NOT_FOUND);
    assert_int_equal(refusal.status, status);
    assert_true(list.line == line);
    assert_true(list.index == count);
}

static void objects_in_any_kind_of_list_then_all_of_them(void **state) {
    (void)state;
    expect_list("", false, 0);
    expect_list(" \n", true, 0);
    expect_list("[]", false, 0);
    expect_list(CLOSE, false, 1);
    expect_list("[" CLOSE "]\n", false, 1);
    expect_list("[" CLOSE ",\n" CLOSE "]", false, 2);
    expect_list(CLOSE "\n\n" CLOSE "\r\n" CLOSE, true, 3);
    expect_list(CLOSE " " CLOSE CLOSE, false, 3);
}

static void list_with_a_bad_object_then_its_line_and_index(void **state) {
    (void)state;
    refuse_list(CLOSE "\n{\"question\":1}\n" CLOSE, true, 1, 2);
    refuse_list(CLOSE "\n\n\n{\"quest\n", true, 1, 4);
    refuse_list("garbage\n", true, 0, 1);
    refuse_list(CLOSE " " CLOSE, true, 1, 1);
    refuse_list(CLOSE "\n{\n\"question\":\"" ID "\"}\n", true, 1, 2);
    refuse_list("[" CLOSE "]", true, 0, 1);
    refuse_list("[" CLOSE ",\n\n" CLOSE ",\n5]", false, 2, 4);
    refuse_list("[" CLOSE CLOSE "]", false, 1, 1);
    refuse_list("[" CLOSE ","
                "]",
                false, 1, 1);
    refuse_list("[" CLOSE "]\n" CLOSE, false, 1, 2);
    refuse_list("[" CLOSE, false, 1, 1);
    refuse_list("[[" CLOSE "]]", false, 0, 1);
}

static void line_with_escaped_line_breaks_then_lines_are_counted_right(void **state) {
    (void)state;
    static const char written[] = "{\"question\":\"\\n\\n\"}\n";
    refuse_list(written, true, 0, 1);
    refuse_list(CLOSE "\n{\"a\\n\\n\":1}\n", true, 1, 2);
}

static void ask_with_a_canary_then_which_hypothesis_it_names(void **state) {
    (void)state;
    static const struct hash zeros;
    assert_int_equal(take(form_take_ask, ASK "}"), STATUS_OK);
    assert_true(draft.opening == OPENING_ORDINARY);
    assert_int_equal(take(form_take_ask, ASK ",\"canary\":\"a\"}"), STATUS_OK);
    assert_int_equal(draft.opening, 0);
    /* The order of the fields does not matter. */
    assert_int_equal(take(form_take_ask, "{\"canary\":\"b\"," ASK_FIELDS "}"), STATUS_OK);
    assert_int_equal(draft.opening, 1);
    assert_true(hash_equal(&draft.item.ask.commitment, &zeros));
    refuse(form_take_ask, ASK ",\"canary\":\"c\"}", STATUS_BAD_VALUE, "canary");
    refuse(form_take_ask, ASK ",\"canary\":\"\"}", STATUS_BAD_VALUE, "canary");
    refuse(form_take_ask, ASK ",\"canary\":\"A\"}", STATUS_BAD_VALUE, "canary");
    refuse(form_take_ask, ASK ",\"canary\":0}", STATUS_BAD_TYPE, "canary");
    refuse(form_take_ask, ASK ",\"canary\":\"a\",\"canary\":\"b\"}", STATUS_DUPLICATE, "canary");
}

static void ask_into_a_family_then_its_name(void **state) {
    (void)state;
    static const char too_long[] = "0123456789012345678901234567890123456789012345678901234567890123x";
    char body[256];
    assert_int_equal(take(form_take_ask, ASK "}"), STATUS_OK);
    assert_int_equal(draft.item.ask.family.bytes, 0);
    assert_int_equal(take(form_take_ask, ASK ",\"family\":\"birds\"}"), STATUS_OK);
    assert_true(slice_equal(draft.item.ask.family, slice_of_text("birds")));
    (void)snprintf(body, sizeof body, ASK ",\"family\":\"%s\"}", too_long + 1);
    assert_int_equal(take(form_take_ask, body), STATUS_OK);
    (void)snprintf(body, sizeof body, ASK ",\"family\":\"%s\"}", too_long);
    refuse(form_take_ask, body, STATUS_TOO_LARGE, "family");
    refuse(form_take_ask, ASK ",\"family\":\"\"}", STATUS_BAD_VALUE, "family");
    refuse(form_take_ask, ASK ",\"family\":\"a\\nb\"}", STATUS_BAD_FORMAT, "family");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tell_with_a_ratio_then_its_item),
        cmocka_unit_test(tell_with_likelihoods_or_a_probability_then_its_item),
        cmocka_unit_test(tell_with_content_then_its_hash),
        cmocka_unit_test(tell_with_numbers_against_the_rules_then_refused),
        cmocka_unit_test(tell_of_another_shape_then_refused),
        cmocka_unit_test(text_beyond_its_limit_then_too_large),
        cmocka_unit_test(content_that_is_empty_or_twice_or_no_base64_then_refused),
        cmocka_unit_test(content_at_and_above_its_limit_then_accepted_and_refused),
        cmocka_unit_test(retract_and_close_then_their_items),
        cmocka_unit_test(ask_with_the_least_then_the_defaults),
        cmocka_unit_test(ask_with_everything_then_its_item),
        cmocka_unit_test(ask_against_the_rules_then_refused),
        cmocka_unit_test(ask_with_65_hypotheses_then_refused),
        cmocka_unit_test(objects_in_any_kind_of_list_then_all_of_them),
        cmocka_unit_test(list_with_a_bad_object_then_its_line_and_index),
        cmocka_unit_test(line_with_escaped_line_breaks_then_lines_are_counted_right),
        cmocka_unit_test(ask_with_a_canary_then_which_hypothesis_it_names),
        cmocka_unit_test(ask_into_a_family_then_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
