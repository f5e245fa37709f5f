/* credimus verify: judges a certificate from the genesis alone; no member needs to run. It is a gate for scripts as well, so
 * its exit status tells a certificate that is no good from a good one that does not say what was asked for. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/decimal.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/signers.h"
#include "node/config.h"
#include "node/keys.h"
#include "verifier/probability.h"
#include "verifier/verify.h"

enum { OPTION_GENESIS, OPTION_EXPECT, OPTION_THRESHOLD, OPTION_MIN_MARGIN, OPTION_MIN_PROBABILITY, OPTION_TITLE };

/* Beside those of every command (cmd/command.h): the certificate holds, but not what was asked for. The numbers are those of
 * credimus_judge (credimus/verify.h). */
enum { VERIFY_UNEXPECTED = 3 };

/* 1 with 12 fractional bits (wire/calibrated.h). */
#define Q12_ONE 4096.0

static const struct option_spec options[] = {
    {"genesis", "FILE", "genesis.json of the group, from somebody you trust", 0},
    {"expect", "HYPOTHESIS", "it must be decided for this one", 0},
    {"threshold", "FRACTION", "so many must have signed, even if fewer would do, like 9/10", 0},
    {"min-margin", "M", "at least so many liars must have been needed to change it", 0},
    {"min-probability", "P", "it must be at least as probable as this decimal, like 0.9", 0},
    {"title", "TEXT", "the question must have just this title: one answer is no answer to another question", 0},
    {0},
};

/* Quanta in a nat, and what is not rounded up to certainty; for what is shown: nothing is decided by these. */
#define NAT       1e9
#define SHOWN_MAX 0.999999

/* Everything large is here, on the heap. */
struct case_file {
    struct genesis genesis;
    struct verify_policy policy;
    struct verify_result result;
    uint8_t file[CERTIFICATE_BYTES_MAX];
    uint8_t scratch[CERTIFICATE_BYTES_MAX];
};

/* Copies a text of the certificate; the verifier has seen to it that there is nothing in it that could do harm. */
static const char *text_of(struct slice text, char *buffer, size_t bytes) {
    (void)snprintf(buffer, bytes, "%.*s", (int)text.bytes, (const char *)text.data);
    return buffer;
}

static const char *standing_of(const struct record_belief *belief) {
    static const char *const names[] = {"open", "decided", "undecided"};
    return names[belief->status];
}

/* Of the leading hypothesis, to be shown; verifier/probability.h is what compares. */
static double shown_probability(const struct record_belief *belief) {
    double sum = 0;
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) sum += exp((double)belief->log_odds[i] / NAT);
    return 1 / sum;
}

static int print_and_free(json_t *json) {
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
    json_decref(json);
    return COMMAND_DONE;
}

static json_t *skills_json(const struct case_file *file) {
    json_t *skills = json_array();
    for (uint32_t m = 0; m < file->result.calibration.members; m++) {
        const struct record_skill *skill = &file->result.calibration.skills[m];
        if (!roster_has(&file->result.roster, m)) continue;
        json_t *json = json_pack("{s:s, s:i, s:f, s:i, s:b}", "name", file->result.roster.names[m], "reports",
                                 (int)skill->reports, "skill", (double)skill->skill / Q12_ONE, "group",
                                 (int)skill->group, "discounted", skill->discounted);
        CHECK(json != NULL && json_array_append_new(skills, json) == 0);
    }
    return skills;
}

static int print_calibration_json(const struct case_file *file) {
    const struct record_calibration *calibration = &file->result.calibration;
    char family[FAMILY_BYTES_MAX + 1];
    char results[2 * HASH_BYTES + 1];
    bytes_to_hex(calibration->results.bytes, HASH_BYTES, results);
    json_t *json = json_pack("{s:b, s:s, s:i, s:i, s:i, s:i, s:b, s:b, s:s, s:o}", "ok", 1, "family",
                             text_of(calibration->family, family, sizeof family), "labels", (int)calibration->labels,
                             "questions", (int)calibration->questions, "decided", (int)calibration->decided,
                             "canaries", (int)calibration->canaries, "leak", calibration->leak, "alarm",
                             calibration->alarm, "results", results, "skills", skills_json(file));
    signers_add(json, &file->result);
    return print_and_free(json);
}

static int print_json(const struct case_file *file) {
    const struct verify_result *result = &file->result;
    const struct record_belief *belief = &result->belief;
    char question[2 * QUESTION_ID_BYTES + 1];
    char title[TITLE_BYTES_MAX + 1];
    char top[HYPOTHESIS_BYTES_MAX + 1];
    bytes_to_hex(belief->question.bytes, QUESTION_ID_BYTES, question);
    const char *name = text_of(belief->hypotheses[belief->top], top, sizeof top);
    json_t *json = json_pack("{s:b, s:s, s:s, s:s, s:s?, s:f, s:i}", "ok", 1, "question", question, "title",
                             text_of(belief->title, title, sizeof title), "status", standing_of(belief), "outcome",
                             belief->status == QUESTION_DECIDED ? name : NULL, "probability",
                             shown_probability(belief), "flip_margin", (int)belief->flip_margin);
    signers_add(json, &file->result);
    return print_and_free(json);
}

static int print_calibration_report(const struct case_file *file) {
    const struct record_calibration *calibration = &file->result.calibration;
    char text[FAMILY_BYTES_MAX + 1];
    char results[2 * HASH_BYTES + 1];
    bytes_to_hex(calibration->results.bytes, HASH_BYTES, results);
    (void)printf("OK  the calibration of the family %s\n", text_of(calibration->family, text, sizeof text));
    (void)printf("  %u of %u questions decided, %u canaries%s%s\n", calibration->decided, calibration->questions,
                 calibration->canaries, calibration->leak ? ", LEAK" : "", calibration->alarm ? ", ALARM" : "");
    (void)printf("  skill:");
    for (uint32_t m = 0; m < calibration->members; m++) {
        if (!roster_has(&file->result.roster, m)) continue;
        (void)printf(" %s %+.2f", file->result.roster.names[m], (double)calibration->skills[m].skill / Q12_ONE);
    }
    (void)printf("\n  labels under the root %s\n", results);
    signers_print(&file->result);
    return COMMAND_DONE;
}

static int print_report(const struct case_file *file) {
    const struct verify_result *result = &file->result;
    const struct record_belief *belief = &result->belief;
    char text[TITLE_BYTES_MAX + 1];
    (void)printf("OK  %s\n", text_of(belief->title, text, sizeof text));
    double probability = shown_probability(belief);
    (void)printf("  %s: %s, probability %s%.6f\n", standing_of(belief),
                 text_of(belief->hypotheses[belief->top], text, sizeof text), probability > SHOWN_MAX ? "above " : "",
                 fmin(probability, SHOWN_MAX));
    (void)printf("  %u of %u members would have had to lie to change this\n", belief->flip_margin,
                 roster_heads(&file->result.roster));
    signers_print(&file->result);
    return COMMAND_DONE;
}

/* A certificate that does not hold, or one that holds and says something else. */
static int refuse(const struct invocation *invocation, enum verify_step step, enum status status) {
    const char *file = invocation->arguments[0];
    if (!verify_step_is_policy(step)) {
        return command_refuse(invocation, status_name(status), "REFUSED %s: it does not hold that %s: %s", file,
                              verify_step_text(step), status_text(status));
    }
    (void)command_refuse(invocation, status_name(status), "NOT AS ASKED %s: the certificate holds, but not that %s",
                         file, verify_step_text(step));
    return VERIFY_UNEXPECTED;
}

/* A title is compared byte by byte: the certificate of one question is no pass for another. */
static int check_title(const struct invocation *invocation, const struct case_file *file) {
    char title[TITLE_BYTES_MAX + 1] = "";
    const char *wanted = option_text(invocation, OPTION_TITLE, NULL);
    if (wanted == NULL) return COMMAND_DONE;
    if (!file->result.is_calibration) (void)text_of(file->result.belief.title, title, sizeof title);
    if (!file->result.is_calibration && strcmp(title, wanted) == 0) return COMMAND_DONE;
    (void)command_refuse(invocation, status_name(STATUS_WRONG_OUTCOME),
                         "NOT AS ASKED %s: the certificate holds, but it is about: %s", invocation->arguments[0],
                         file->result.is_calibration ? "the calibration of a family" : title);
    return VERIFY_UNEXPECTED;
}

static int judge(const struct invocation *invocation, struct case_file *file) {
    struct config_detail detail;
    size_t bytes;
    enum verify_step step;
    enum status status = genesis_load(option_text(invocation, OPTION_GENESIS, ""), &file->genesis, &detail);
    if (status != STATUS_OK) {
        (void)command_refuse(invocation, status_name(status), "%s", detail.text);
        return COMMAND_USAGE;
    }
    status = file_read(invocation->arguments[0], false, file->file, sizeof file->file, &bytes, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    status = verify_certificate(slice_of(file->file, bytes), &file->genesis, &file->policy, file->scratch,
                                sizeof file->scratch, &file->result, &step);
    if (status != STATUS_OK) return refuse(invocation, step, status);
    int code = check_title(invocation, file);
    if (code != COMMAND_DONE) return code;
    if (file->result.is_calibration) {
        return invocation->json ? print_calibration_json(file) : print_calibration_report(file);
    }
    return invocation->json ? print_json(file) : print_report(file);
}

/* Read exactly: what is asked for passes through no binary fraction. */
static int take_probability(const struct invocation *invocation, int64_t *ret_probability) {
    const char *text = option_text(invocation, OPTION_MIN_PROBABILITY, "0");
    enum status status = decimal_parse(slice_of_text(text), PROBABILITY_SCALE, ret_probability);
    if (status == STATUS_OK && *ret_probability >= 0 && *ret_probability <= PROBABILITY_ONE) return COMMAND_DONE;
    return command_misuse(invocation, "--min-probability %s: it must be a decimal of 0 to 1 with at most %d places",
                          text, PROBABILITY_SCALE);
}

static int take_policy(const struct invocation *invocation, struct verify_policy *policy) {
    uint64_t margin;
    policy->has_expect = option_given(invocation, OPTION_EXPECT);
    policy->expect = slice_of_text(option_text(invocation, OPTION_EXPECT, ""));
    policy->has_threshold = option_given(invocation, OPTION_THRESHOLD);
    int code = option_threshold(invocation, OPTION_THRESHOLD, THRESHOLD_DEFAULT, &policy->threshold);
    if (code == COMMAND_DONE) code = option_number(invocation, OPTION_MIN_MARGIN, 0, MEMBERS_MAX, 0, &margin);
    if (code == COMMAND_DONE) code = take_probability(invocation, &policy->min_probability);
    if (code == COMMAND_DONE) policy->min_margin = (uint32_t)margin;
    return code;
}

static int run(const struct invocation *invocation) {
    if (!option_given(invocation, OPTION_GENESIS)) return command_misuse(invocation, "--genesis FILE is missing");
    struct case_file *file = calloc(1, sizeof *file);
    CHECK(file != NULL);
    int code = take_policy(invocation, &file->policy);
    if (code == COMMAND_DONE) code = judge(invocation, file);
    free(file);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .arguments = "FILE.cert --genesis FILE",
    .help = "Check a certificate offline, from the genesis alone",
    .more = "Exit status 0: enough members of this genesis signed a log that has this in it, and it says what was "
            "asked for.\n"
            "1: the certificate does not hold, or can't be read.\n"
            "2: nothing was judged, for the command line or the genesis makes no sense.\n"
            "3: it holds, but does not say what was asked for.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
