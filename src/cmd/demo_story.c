/* The story of `credimus demo` (cmd/demo.h): what happens, and why it holds. Figures are those of this run. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "cmd/demo.h"
#include "cmd/output.h"
#include "cmd/testnet.h"
#include "codec/base64.h"
#include "quorum/quorum.h"
#include "wire/item.h"

/* m0 and m1 lie, m0 runs the copy; m0 and m7 are cut off, so that what is left is a quorum with a liar in it. */
enum { LIARS = 2, GUILTY = 0, ASKER = 2, READER = 3, CUT_FIRST = 0, CUT_SECOND = 7, BORNE = 2 };
/* Of texts; a belief record of eight members has a few hundred bytes. */
enum { NAT_BYTES = 16, RECORD_BYTES = 8192 };

#define FIRST_TITLE  "Is login-harbor.example malicious?"
#define SECOND_TITLE "Is 203.0.113.9 part of it?"
#define THIRD_TITLE  "Is 198.51.100.77 its control server?"
#define CERTIFICATE  "verdict.cert"
#define FORGED       "forged.cert"
#define PROOF        "m0.proof"

/* What the honest members see, in nats, by number; the liars' places are not used. */
static const char *const seen_by_all[DEMO_MEMBERS] = {NULL, NULL, "6.1", "5.6", "6.4", "5.9", "6.6", "5.8"};
static const char *const seen_in_the_cut[DEMO_MEMBERS] = {NULL, NULL, "3.1", "2.8", "3.4", "2.9", "3.2", NULL};

/* --- asking and telling --- */

static int ask(struct demo *demo, const char *title, const char *mode, const char *first, const char *second) {
    struct reply reply;
    char margin[NAT_BYTES];
    (void)snprintf(margin, sizeof margin, "%d", BORNE);
    json_t *body = json_pack("{s:s, s:s, s:[s, s], s:s}", "title", title, "mode", mode, "hypotheses", first, second,
                             "min_margin", margin);
    CHECK(body != NULL);
    int code = demo_call(demo, ASKER, "/v1/questions?ack=committed", body, &reply);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(demo->question, sizeof demo->question, "%s", reply_text(reply.json, "question", ""));
    reply_free(&reply);
    return COMMAND_DONE;
}

static json_t *words_of(const struct demo *demo, const char *observation, const char *llr) {
    json_t *body = json_pack("{s:s, s:s, s:s}", "question", demo->question, "observation", observation, "llr", llr);
    CHECK(body != NULL);
    return body;
}

/* As far as the format lets anybody go, and against the truth. */
static void strongest_lie(char ret_text[NAT_BYTES]) {
    (void)snprintf(ret_text, NAT_BYTES, "-%lld", (long long)(ITEM_LIMIT_QUANTA / QUANTA_PER_NAT));
}

static int tell(struct demo *demo, uint32_t member, const char *observation, const char *llr) {
    struct reply reply;
    int code = demo_call(demo, member, "/v1/evidence?ack=committed", words_of(demo, observation, llr), &reply);
    if (code == COMMAND_DONE) reply_free(&reply);
    return code;
}

/* The liars first: nothing shall depend on who is quicker. */
static int tell_all(struct demo *demo, const char *observation, uint32_t first, uint32_t end,
                    const char *const seen[DEMO_MEMBERS]) {
    char lie[NAT_BYTES];
    int code = COMMAND_DONE;
    strongest_lie(lie);
    for (uint32_t i = first; i < end && code == COMMAND_DONE; i++) {
        code = tell(demo, i, observation, i < LIARS ? lie : seen[i]);
    }
    return code;
}

/* What everybody told, as the log has it, and what it would come to if it were simply added up. */
static int print_evidence(struct demo *demo, double *ret_sum) {
    char path[128];
    struct reply reply;
    double sum = 0;
    (void)snprintf(path, sizeof path, "/v1/questions/%s/evidence", demo->question);
    int code = demo_call(demo, READER, path, NULL, &reply);
    if (code != COMMAND_DONE) return code;
    const json_t *list = json_object_get(reply.json, "evidence");
    (void)putchar('\n');
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        double llr = json_number_value(json_object_get(item, "llr"));
        bool lies = reply_whole(item, "member") < LIARS;
        (void)printf("    %s  %+6.1f%s\n", reply_text(item, "name", "?"), llr, lies ? "  (lies)" : "");
        sum += llr;
    }
    reply_free(&reply);
    *ret_sum = sum;
    return COMMAND_DONE;
}

/* --- states to wait for --- */

static json_t *status_of(struct demo *demo, uint32_t member) { return demo_try(demo, member, "/v1/status", NULL); }

static bool is_ready(const struct demo *demo, uint32_t place) {
    char directory[CONFIG_PATH_BYTES];
    demo_directory(demo, place, directory);
    return processes_is_ready(demo->invocation, directory, &demo->chain, place == DEMO_COPY ? GUILTY : place);
}

static bool all_are_ready(struct demo *demo) {
    bool all = true;
    for (uint32_t i = 0; i < DEMO_MEMBERS; i++) all = all && is_ready(demo, i);
    return all;
}

static bool copy_is_ready(struct demo *demo) { return is_ready(demo, DEMO_COPY); }

static bool hears_all(const json_t *status) {
    const json_t *peers = json_object_get(status, "peers");
    bool all =
        json_array_size(peers) == DEMO_MEMBERS - 1 && json_array_size(json_object_get(status, "unreachable")) == 0;
    for (size_t i = 0; i < json_array_size(peers); i++) {
        all = all && json_is_true(json_object_get(json_array_get(peers, i), "link"));
    }
    return all;
}

/* Everybody is linked with everybody, and all stand at one height with one certified root. */
static bool all_are_one(struct demo *demo) {
    bool all = true;
    json_t *first = status_of(demo, 0);
    for (uint32_t i = 0; i < DEMO_MEMBERS && all; i++) {
        json_t *status = status_of(demo, i);
        all = hears_all(status) && reply_whole(status, "height") == reply_whole(first, "height") &&
              reply_whole(status, "final_height") == reply_whole(status, "height") &&
              strcmp(reply_text(status, "root", ""), reply_text(first, "root", "?")) == 0;
        json_decref(status);
    }
    json_decref(first);
    return all;
}

static bool is_final_at(struct demo *demo, uint32_t member) {
    json_t *answer = demo_look_at_question(demo, member, "final");
    bool is_final = strcmp(reply_text(answer, "finality", ""), "final") == 0 &&
                    strcmp(reply_text(answer, "status", ""), "decided") == 0;
    json_decref(answer);
    return is_final;
}

static bool is_final_for_all(struct demo *demo) {
    bool all = true;
    for (uint32_t i = 0; i < DEMO_MEMBERS && all; i++) all = is_final_at(demo, i);
    return all;
}

static bool is_decided(struct demo *demo) {
    json_t *answer = demo_look_at_question(demo, READER, "committed");
    bool decided = strcmp(reply_text(answer, "status", ""), "decided") == 0;
    json_decref(answer);
    return decided;
}

/* The place of the fork among the proofs that a member knows; -1: there is none yet. */
static int fork_known(struct demo *demo, uint32_t member) {
    int found = -1;
    json_t *answer = demo_try(demo, member, "/v1/proofs", NULL);
    const json_t *proofs = json_object_get(answer, "proofs");
    for (size_t i = 0; i < json_array_size(proofs) && found < 0; i++) {
        const json_t *proof = json_array_get(proofs, i);
        bool is_fork = strcmp(reply_text(proof, "kind", ""), "fork") == 0;
        if (is_fork && reply_whole(proof, "member") == GUILTY) found = (int)i;
    }
    json_decref(answer);
    return found;
}

/* The original says one thing, the copy the other, until each honest member has both of one place. */
static bool both_have_spoken(struct demo *demo) {
    char observation[32];
    bool all = true;
    (void)snprintf(observation, sizeof observation, "sighting %u", ++demo->rounds);
    json_decref(demo_try(demo, GUILTY, "/v1/evidence", words_of(demo, observation, "2")));
    json_decref(demo_try(demo, DEMO_COPY, "/v1/evidence", words_of(demo, observation, "-2")));
    for (uint32_t i = GUILTY + 1; i < DEMO_MEMBERS && all; i++) all = fork_known(demo, i) >= 0;
    return all;
}

static json_t *record_of_guilty(struct demo *demo, uint32_t member) {
    json_t *answer = demo_try(demo, member, "/v1/members", NULL);
    json_t *record = json_incref(json_array_get(json_object_get(answer, "members"), GUILTY));
    json_decref(answer);
    return record;
}

static double weight_of_guilty(struct demo *demo, uint32_t member) {
    json_t *record = record_of_guilty(demo, member);
    const json_t *weight = json_object_get(record, "weight");
    double value = json_is_number(weight) ? json_number_value(weight) : -1;
    json_decref(record);
    return value;
}

static bool is_sealed_for_all(struct demo *demo) {
    bool all = true;
    for (uint32_t i = GUILTY + 1; i < DEMO_MEMBERS && all; i++) {
        json_t *status = status_of(demo, i);
        const json_t *lane = json_array_get(json_object_get(status, "lanes"), GUILTY);
        all = json_is_true(json_object_get(lane, "sealed")) && weight_of_guilty(demo, i) == 0;
        json_decref(status);
    }
    return all;
}

static bool is_cut(uint32_t member) { return member == CUT_FIRST || member == CUT_SECOND; }

static bool cut_is_agreed(struct demo *demo) {
    bool all = true;
    for (uint32_t i = 0; i < DEMO_MEMBERS && all; i++) {
        if (is_cut(i)) continue;
        json_t *status = status_of(demo, i);
        all = json_array_size(json_object_get(status, "unreachable")) == 2 &&
              strcmp(reply_text(status, "threshold", "?"), reply_text(status, "base_threshold", "?")) != 0;
        json_decref(status);
    }
    return all;
}

/* --- the chapters --- */

static int group_forms(struct demo *demo) {
    int code = COMMAND_DONE;
    for (uint32_t i = 0; i < DEMO_MEMBERS && code == COMMAND_DONE; i++) code = demo_start(demo, i);
    if (code == COMMAND_DONE) code = demo_wait(demo, "all members run", all_are_ready);
    if (code == COMMAND_DONE) code = demo_wait(demo, "all members are linked", all_are_one);
    if (code != COMMAND_DONE) return code;
    uint32_t n = demo->genesis.members;
    struct threshold t = demo->genesis.threshold;
    demo_say(
        "%u processes, m0 to m%u, each with its own key and ledger in %s. All they share is one genesis file: the "
        "members' keys and the threshold %u/%u. Nobody is in charge.",
        n, n - 1, demo->directory, t.numerator, t.denominator);
    demo_say("A decision takes %u of %u signatures. Any two such quorums share at least %u members, so up to %u "
             "liars can't "
             "make two histories, and up to %u members may be gone and the others still decide.",
             quorum_size(n, t), n, quorum_available(n, t), quorum_safe(n, t), quorum_live(n, t));
    return COMMAND_DONE;
}

static int explain_belief(struct demo *demo, double sum) {
    json_t *answer = demo_look_at_question(demo, READER, "final");
    bool is_true = strcmp(reply_text(answer, "outcome", ""), "malicious") == 0;
    long long margin = reply_whole(answer, "flip_margin");
    json_decref(answer);
    if (!is_true) return demo_fail(demo, "the group was to find the page malicious, and did not");
    if (margin < BORNE) return demo_fail(demo, "the answer was to bear %d more liars, not %lld", BORNE, margin);
    demo_say("Simply added up, the same words come to %+.1f: \"%s\". Here each member's word counts only up to a cap "
             "around "
             "the middle of all, so shouting does not help.",
             sum, sum > 0 ? "malicious" : "benign");
    demo_say(
        "%lld of %u members would have to lie to change this, besides those who do already: nobody can look into "
        "heads, so the answer says how much lying it bears.",
        margin, demo->genesis.members);
    return COMMAND_DONE;
}

static int liars_lie(struct demo *demo) {
    double sum;
    int code = ask(demo, FIRST_TITLE, "panel", "malicious", "benign");
    if (code != COMMAND_DONE) return code;
    demo_say("m%d asks: %s Each tells how much likelier what it saw is if the answer is yes, in nats (1 nat is a "
             "factor e). "
             "m0 and m1 tell the opposite, as strongly as the format allows.",
             ASKER, FIRST_TITLE);
    code = tell_all(demo, "the page as it was found", 0, DEMO_MEMBERS, seen_by_all);
    if (code == COMMAND_DONE) code = demo_wait(demo, "the first verdict is final everywhere", is_final_for_all);
    if (code == COMMAND_DONE) code = print_evidence(demo, &sum);
    if (code == COMMAND_DONE) {
        code = demo_run(demo, 0,
                        (const char *const[DEMO_ARGUMENTS_MAX]){"show", "m3", demo->question, "--read", "final"});
    }
    return code == COMMAND_DONE ? explain_belief(demo, sum) : code;
}

/* The proof is a file that convinces whoever has the genesis. */
static int save_proof(struct demo *demo) {
    char number[16];
    (void)snprintf(number, sizeof number, "%d", fork_known(demo, READER));
    int code = demo_run(demo, 0, (const char *const[DEMO_ARGUMENTS_MAX]){"proof", "save", "m3", number, "-o", PROOF});
    if (code != COMMAND_DONE) return code;
    return demo_run(demo, 0,
                    (const char *const[DEMO_ARGUMENTS_MAX]){"proof", "verify", PROOF, "--genesis", GENESIS_FILE});
}

static int member_forks(struct demo *demo) {
    double before = weight_of_guilty(demo, READER);
    int code = ask(demo, SECOND_TITLE, "pool", "yes", "no");
    if (code != COMMAND_DONE) return code;
    demo_say(
        "m0 starts a second process with the same key. Asked \"%s\", the one says yes and the other no, each under "
        "m0's signature and at the same place of m0's lane.",
        SECOND_TITLE);
    code = demo_start(demo, DEMO_COPY);
    if (code == COMMAND_DONE) code = demo_wait(demo, "the copy of m0 runs", copy_is_ready);
    if (code == COMMAND_DONE) code = demo_wait(demo, "all have the proof against m0", both_have_spoken);
    if (code == COMMAND_DONE) code = demo_wait(demo, "m0's lane is sealed everywhere", is_sealed_for_all);
    if (code == COMMAND_DONE) code = save_proof(demo);
    if (code != COMMAND_DONE) return code;
    demo_say("Two signatures that no honest member makes both of: that is no suspicion, it is a proof, and a block "
             "carries it. "
             "m0's lane is sealed, and its weight went from %g to %g, for every member at the same height.",
             before, weight_of_guilty(demo, READER));
    processes_stop(&demo->processes, DEMO_COPY);
    return demo_wait(demo, "all members are one group again", all_are_one);
}

static int signal_cut(struct demo *demo, int number) {
    for (uint32_t i = 0; i < DEMO_MEMBERS; i++) {
        if (is_cut(i) && kill(demo->processes.ids[i], number) != 0) {
            return demo_fail(demo, "m%u can't get signal %d: %s", i, number, strerror(errno));
        }
    }
    return COMMAND_DONE;
}

static int explain_cut(struct demo *demo) {
    json_t *status = status_of(demo, READER);
    size_t missing = json_array_size(json_object_get(status, "unreachable"));
    demo_say(
        "The others have noticed: level %s, %zu of %u missing. They agree on that in the log, so certificates now "
        "need "
        "%s of the members instead of %s. Order still takes %u signatures, and goes on: a third question, which five "
        "answer as they see it, and m1 lies again.",
        reply_text(status, "level", "?"), missing, demo->genesis.members, reply_text(status, "threshold", "?"),
        reply_text(status, "base_threshold", "?"), quorum_size(demo->genesis.members, demo->genesis.threshold));
    json_decref(status);
    return COMMAND_DONE;
}

/* Asked for a final answer, a member refuses, and says what there is instead. */
static int explain_provisional(struct demo *demo) {
    json_t *answer = demo_look_at_question(demo, READER, "final");
    const json_t *shares = json_object_get(answer, "signed");
    bool is_refused = strcmp(reply_text(answer, "error", ""), "NOT_FINAL") == 0;
    bool is_provisional =
        strcmp(reply_text(json_object_get(answer, "provisional"), "finality", ""), "provisional") == 0;
    long long heads = reply_whole(shares, "heads");
    long long needed = reply_whole(shares, "needed");
    json_decref(answer);
    if (!is_refused || !is_provisional) return demo_fail(demo, "the verdict was to be provisional in the cut");
    int code = demo_run(demo, COMMAND_REFUSED,
                        (const char *const[DEMO_ARGUMENTS_MAX]){"show", "m3", demo->question, "--read", "final"});
    if (code != COMMAND_DONE) return code;
    demo_say("Who can live with a provisional answer has it; who asks for a final one is told that %lld of %lld have "
             "signed "
             "and who is missing. On the other side are too few for any order: there can't be a second history.",
             heads, needed);
    return COMMAND_DONE;
}

static int quarter_is_cut_off(struct demo *demo) {
    demo_say("m%d and m%d fall silent, one liar and one honest member: their processes are stopped, which for the "
             "others is as "
             "good as a cut cable.",
             CUT_FIRST, CUT_SECOND);
    int code = signal_cut(demo, SIGSTOP);
    if (code == COMMAND_DONE) code = demo_wait(demo, "the others agree that two are missing", cut_is_agreed);
    if (code == COMMAND_DONE) code = explain_cut(demo);
    if (code == COMMAND_DONE) code = ask(demo, THIRD_TITLE, "pool", "yes", "no");
    if (code == COMMAND_DONE) code = tell_all(demo, "own logs", CUT_FIRST + 1, CUT_SECOND, seen_in_the_cut);
    if (code == COMMAND_DONE) code = demo_wait(demo, "the cut group has decided", is_decided);
    return code == COMMAND_DONE ? explain_provisional(demo) : code;
}

static double seconds(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int cut_heals(struct demo *demo) {
    int code = signal_cut(demo, SIGCONT);
    double began = seconds();
    if (code == COMMAND_DONE)
        code = demo_wait(demo, "the verdict is final everywhere after the heal", is_final_for_all);
    double took = seconds() - began;
    if (code == COMMAND_DONE) code = demo_wait(demo, "all members have one root after the heal", all_are_one);
    if (code != COMMAND_DONE) return code;
    json_t *status = status_of(demo, READER);
    demo_say(
        "m%d and m%d are back. %.1f s later the verdict is final at all %u members, without any new evidence: they "
        "took the blocks, computed the same state and signed it.",
        CUT_FIRST, CUT_SECOND, took, demo->genesis.members);
    demo_say(
        "All stand at height %lld with the root %.16s: one history. m0 counts there as a head, for it computes as "
        "the others do, but what it tells weighs nothing.",
        reply_whole(status, "height"), reply_text(status, "root", "?"));
    json_decref(status);
    return COMMAND_DONE;
}

/* --- the certificate --- */

static int write_file(struct demo *demo, const char *name, struct slice bytes) {
    char path[CONFIG_PATH_BYTES];
    CHECK(config_path(demo->directory, name, path, sizeof path) == STATUS_OK);
    return output_write(demo->invocation, path, bytes);
}

/* Changes the last digit of the address in the record that the members signed for. False when it is not there. */
static bool forge(struct reply *certificate, char *ret_before, char *ret_after) {
    static const char line[] = "\nbelief ";
    uint8_t record[RECORD_BYTES];
    size_t bytes;
    char *start = strstr(certificate->text, line);
    if (start == NULL) return false;
    start += strlen(line);
    struct slice text = slice_of((const uint8_t *)start, strcspn(start, "\n"));
    if (base64_decode(text, record, sizeof record, &bytes) != STATUS_OK) return false;
    uint8_t *title = memmem(record, bytes, THIRD_TITLE, strlen(THIRD_TITLE));
    if (title == NULL) return false;
    uint8_t *digit = title + strcspn(THIRD_TITLE, "7");
    *ret_before = (char)*digit;
    *digit ^= 1;
    *ret_after = (char)*digit;
    base64_encode(slice_of(record, bytes), start);
    return true;
}

static int judge_certificates(struct demo *demo, const char *before, const char *after) {
    int code = demo_run(
        demo, 0,
        (const char *const[DEMO_ARGUMENTS_MAX]){"verify", CERTIFICATE, "--genesis", GENESIS_FILE, "--expect", "yes"});
    if (code != COMMAND_DONE) return code;
    demo_say("Signatures over one root, and hashes that lead from it to this verdict: whoever trusts the genesis "
             "file needs to "
             "trust nobody else. Now one byte of a copy is changed: %s becomes %s in the title.",
             before, after);
    code = demo_run(demo, COMMAND_REFUSED,
                    (const char *const[DEMO_ARGUMENTS_MAX]){"verify", FORGED, "--genesis", GENESIS_FILE});
    if (code != COMMAND_DONE) return code;
    demo_say("The members signed a root, and no path of hashes leads from it to the changed record.");
    return COMMAND_DONE;
}

static int certificate_is_judged(struct demo *demo) {
    char path[128];
    struct reply reply;
    char before[] = "?";
    char after[] = "?";
    (void)snprintf(path, sizeof path, "/v1/certificates/%s", demo->question);
    int code = demo_call(demo, READER, path, NULL, &reply);
    if (code != COMMAND_DONE) return code;
    size_t bytes = reply.bytes;
    code = write_file(demo, CERTIFICATE, slice_of(reply.text, reply.bytes));
    bool is_forged = code == COMMAND_DONE && forge(&reply, before, after);
    if (is_forged) code = write_file(demo, FORGED, slice_of(reply.text, reply.bytes));
    reply_free(&reply);
    if (code == COMMAND_DONE && !is_forged) code = demo_fail(demo, "the certificate does not have the verdict in it");
    if (code != COMMAND_DONE) return code;
    demo_close_clients(demo);
    if (!demo->is_web) processes_stop_all(&demo->processes);
    demo_say("m%d gave the certificate of the verdict, %zu bytes. %s", READER, bytes,
             demo->is_web ? "To judge it takes the genesis file alone, and no member."
                          : "Then all members were stopped: to judge it takes the genesis file alone.");
    return judge_certificates(demo, before, after);
}

/* As they can be typed where the demo was: with the name by which it was called. */
static void print_commands(const struct demo *demo) {
    const char *us = program_invocation_name;
    const char *directory = demo->directory;
    (void)putchar('\n');
    (void)printf("    %s verify %s/%s --genesis %s/%s\n", us, directory, CERTIFICATE, directory, GENESIS_FILE);
    (void)printf("    %s proof verify %s/%s --genesis %s/%s\n", us, directory, PROOF, directory, GENESIS_FILE);
    if (!demo->is_web) {
        (void)printf("    %s log %s/m1 --check\n", us, directory);
        (void)printf("    %s testnet up %s      # all members again; the page of m1: http://127.0.0.1:%u/\n", us,
                     directory, demo->base_port + TESTNET_API_PORT_OFFSET + 1u);
    }
    (void)printf("    %s show %s/m1\n    %s members %s/m1\n", us, directory, us, directory);
    (void)printf("    %s status %s/m1 --cluster\n", us, directory);
    if (demo->is_web) (void)printf("    kill -STOP $(cat %s/m7/pid)      # -CONT lets it go on\n", directory);
}

static int what_next(struct demo *demo) {
    if (demo->is_kept || demo->is_web) {
        print_commands(demo);
    } else {
        demo_say(
            "Nothing of this is left. `credimus demo --keep DIR` leaves the directory, `credimus demo --web` the "
            "members running, with a page to look at.");
    }
    return COMMAND_DONE;
}

static const struct {
    const char *title;
    int (*tell)(struct demo *demo);
} chapters[] = {
    {"Eight members form a group", group_forms},
    {"Two of them lie", liars_lie},
    {"One of them says two things", member_forks},
    {"A quarter is cut off", quarter_is_cut_off},
    {"The cut heals", cut_heals},
    {"A certificate, and one byte of it", certificate_is_judged},
    {"What to try next", what_next},
};
enum { CHAPTERS = sizeof chapters / sizeof chapters[0] };

int demo_tell(struct demo *demo) {
    int code = COMMAND_DONE;
    for (size_t i = 0; i < CHAPTERS && code == COMMAND_DONE; i++) {
        (void)printf("%s%s%zu. %s%s\n", i > 0 ? "\n" : "", demo->has_colour ? "\033[1m" : "", i + 1,
                     chapters[i].title, demo->has_colour ? "\033[0m" : "");
        (void)fflush(stdout);
        code = chapters[i].tell(demo);
    }
    return code;
}
