/* credimus snapshot verify: judges a snapshot file from the genesis alone; no member needs to run. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "cmd/options.h"
#include "cmd/signers.h"
#include "cmd/snapshot_case.h"
#include "node/config.h"

enum { OPTION_GENESIS };

static const struct option_spec options[] = {
    {"genesis", "FILE", "genesis.json of the group, from somebody you trust", 0},
    {0},
};

struct words {
    char time[CONFIG_TIME_BYTES];
    char root[2 * HASH_BYTES + 1];
};

static struct words words_of(const struct snapshot_case *judged) {
    struct words words;
    config_time_put(judged->head.time_us, words.time);
    bytes_to_hex(judged->result.parameters.snapshot.root.bytes, HASH_BYTES, words.root);
    return words;
}

static void print(const struct snapshot_case *judged) {
    const struct record_snapshot *named = &judged->result.parameters.snapshot;
    const struct words words = words_of(judged);
    (void)printf("OK  a snapshot of height %llu, epoch %llu, %s\n", (unsigned long long)named->height,
                 (unsigned long long)judged->head.epoch, words.time);
    (void)printf("  %llu bytes, root %s\n", (unsigned long long)named->bytes, words.root);
    (void)printf("  certified at the threshold %u/%u:\n", judged->result.checkpoint.threshold.numerator,
                 judged->result.checkpoint.threshold.denominator);
    signers_print(&judged->result);
}

static void print_json(const struct snapshot_case *judged) {
    const struct record_snapshot *named = &judged->result.parameters.snapshot;
    const struct words words = words_of(judged);
    json_t *json = json_pack("{s:b, s:{s:I, s:I, s:s, s:I, s:s}}", "ok", 1, "snapshot", "height",
                             (json_int_t)named->height, "epoch", (json_int_t)judged->head.epoch, "time", words.time,
                             "bytes", (json_int_t)named->bytes, "root", words.root);
    signers_add(json, &judged->result);
    (void)json_dumpf(json, stdout, 0);
    (void)putchar('\n');
    json_decref(json);
}

static int judge(const struct invocation *invocation, struct snapshot_case *judged) {
    struct config_detail detail;
    enum status status = genesis_load(option_text(invocation, OPTION_GENESIS, ""), &judged->genesis, &detail);
    if (status != STATUS_OK) {
        (void)command_refuse(invocation, status_name(status), "%s", detail.text);
        return COMMAND_USAGE;
    }
    int code = snapshot_case_read(invocation, invocation->arguments[0], judged);
    if (code != COMMAND_DONE) return code;
    if (invocation->json) {
        print_json(judged);
    } else {
        print(judged);
    }
    return COMMAND_DONE;
}

static int run(const struct invocation *invocation) {
    if (!option_given(invocation, OPTION_GENESIS)) return command_misuse(invocation, "--genesis FILE is missing");
    struct snapshot_case *judged = calloc(1, sizeof *judged);
    CHECK(judged != NULL);
    int code = judge(invocation, judged);
    snapshot_case_free(judged);
    return code;
}

const struct command command_snapshot_verify = {
    .name = "snapshot verify",
    .arguments = "FILE --genesis FILE",
    .help = "Check a snapshot file offline, from the genesis alone",
    .more = "Exit status 0: enough members of this genesis signed a state that names this very snapshot.\n"
            "1: it does not hold, or can't be read.\n"
            "2: nothing was judged, for the command line or the genesis makes no sense.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
