/* credimus quorum: the table of docs/protocol.md 1 for a group of any size, computed by the code that counts. */
#include <jansson.h>
#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "quorum/quorum.h"

enum { OPTION_THRESHOLD };

static const struct option_spec options[] = {
    {"threshold", "FRACTION", "above 2/3 and at most 1 (default 3/4)", 0},
    {0},
};

static int print_json(uint32_t n, struct threshold threshold) {
    char text[24];
    (void)snprintf(text, sizeof text, "%u/%u", threshold.numerator, threshold.denominator);
    json_t *json = json_pack("{s:i, s:s, s:i, s:i, s:i}", "n", (int)n, "threshold", text, "quorum",
                             (int)quorum_size(n, threshold), "safe", (int)quorum_safe(n, threshold), "live",
                             (int)quorum_live(n, threshold));
    CHECK(json != NULL);
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
    json_decref(json);
    return COMMAND_DONE;
}

static int print_table(uint32_t n, struct threshold threshold) {
    struct threshold raised = threshold_raised(threshold);
    uint32_t quorum = quorum_size(n, threshold);
    uint32_t safe = quorum_safe(n, threshold);
    uint32_t live = quorum_live(n, threshold);
    (void)printf("%u members, threshold t = %u/%u\n\n", n, threshold.numerator, threshold.denominator);
    (void)printf("  quorum                               q  = ceil(n * t)  %4u of %u\n", quorum, n);
    (void)printf("  safe while Byzantine members         f  < 2q - n       %4u at most\n", safe);
    (void)printf("  live while faulty or absent members  f <= n - q        %4u at most\n", live);
    (void)printf("  final while partitioned              t  = %3u/%-4u       %4u of %u\n", raised.numerator,
                 raised.denominator, quorum_size(n, raised), n);
    (void)printf("\n%u %s can stop the group, visibly; it takes %u to make it decide two opposite things.\n",
                 live + 1, live == 0 ? "absent member" : "absent members", safe + 1);
    if (n < MEMBERS_MIN) (void)printf("A group has %u to %u members.\n", MEMBERS_MIN, MEMBERS_MAX);
    return COMMAND_DONE;
}

static int run(const struct invocation *invocation) {
    uint64_t n;
    struct threshold threshold;
    if (options_number(invocation->arguments[0], 1, MEMBERS_MAX, &n) != STATUS_OK) {
        return command_misuse(invocation, "\"%s\" is not a number of members, 1 to %u", invocation->arguments[0],
                              MEMBERS_MAX);
    }
    int code = option_threshold(invocation, OPTION_THRESHOLD, THRESHOLD_DEFAULT, &threshold);
    if (code != COMMAND_DONE) return code;
    return invocation->json ? print_json((uint32_t)n, threshold) : print_table((uint32_t)n, threshold);
}

const struct command command_quorum = {
    .name = "quorum",
    .arguments = "N",
    .help = "How many of N members decide, and how many liars and absences that bears",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
