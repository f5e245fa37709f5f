/* credimus backup: one file with everything that a member keeps in its ledger, made while the member runs or not (ledger/backup.h). The key
 * and the tokens are not in it: whoever has a backup can read and verify everything, and sign nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/copying.h"
#include "cmd/describe.h"
#include "node/config.h"

static void print(const struct invocation *invocation, const struct ledger_copied *copied) {
    if (!invocation->json) {
        (void)printf("%s: height %" PRIu64 ", %" PRIu64 " bytes; %" PRIu64 " batches, %" PRIu64 " leaves, %" PRIu64
                     " contents, all checked. The key is not in it\n",
                     invocation->arguments[1], copied->height, copied->bytes, copied->checked.batches,
                     copied->checked.leaves, copied->checked.contents);
        return;
    }
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "file", invocation->arguments[1], "height",
                             (json_int_t)copied->height, "bytes", (json_int_t)copied->bytes, "batches",
                             (json_int_t)copied->checked.batches, "leaves", (json_int_t)copied->checked.leaves,
                             "contents", (json_int_t)copied->checked.contents);
    CHECK(json != NULL);
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(json);
}

static int run_on(const struct invocation *invocation, struct node_config *config) {
    struct config_detail detail;
    struct ledger_copied copied;
    struct stat found;
    enum status status = node_config_load_public(invocation->arguments[0], config, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    if (stat(config->ledger_path, &found) != 0)
        return command_refuse(invocation, status_name(STATUS_NOT_FOUND), "%s: there is no ledger",
                              config->ledger_path);
    if (lstat(invocation->arguments[1], &found) == 0)
        return command_refuse(invocation, status_name(STATUS_CONFLICT),
                              "%s: there is a file already, and it stays as it is", invocation->arguments[1]);
    struct copying copying = {.invocation = invocation,
                              .what = config->ledger_path,
                              .copy = {.source = config->ledger_path,
                                       .path = invocation->arguments[1],
                                       .chain = &config->chain,
                                       .member = config->member}};
    int code = copying_run(&copying, &copied);
    if (code == COMMAND_DONE) print(invocation, &copied);
    return code;
}

static int run(const struct invocation *invocation) {
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    int code = run_on(invocation, config);
    free(config);
    return code;
}

const struct command command_backup = {
    .name = "backup",
    .arguments = "MEMBER_DIR FILE",
    .help = "Copy a member's ledger into one file, while it runs or not",
    .more = "The copy is one state of the ledger, checked row by row as by `credimus log --check`, mode 0600. The "
            "member goes\n"
            "on meanwhile; it puts off folding its log, so ledger.db-wal grows until the copy is made. FILE gets its "
            "name when\n"
            "it is whole, and never replaces another. The key and the tokens are not in it: keep a copy of the key "
            "elsewhere.",
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
