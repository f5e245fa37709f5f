/* credimus restore: puts a backup into a member's directory that has no ledger. The backup may be older than what the member signed, so it is
 * put there together with the marks of amnesia (node/directory.h): at its next start the member asks the others before it votes,
 * and its lane stays closed. Whatever is wrong is found before anything is changed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/copying.h"
#include "cmd/describe.h"
#include "node/config.h"
#include "node/directory.h"

struct restoring {
    const struct invocation *invocation;
    struct node_config config;
    struct config_detail detail;
    uint32_t marks; /* left by this */
};

static enum status leave_marks(void *context) {
    struct restoring *restoring = context;
    return directory_mark_restored(restoring->config.directory, &restoring->marks, &restoring->detail);
}

static void print(const struct restoring *restoring, const struct ledger_copied *copied) {
    const struct invocation *invocation = restoring->invocation;
    const char *name = restoring->config.genesis.member_names[restoring->config.member];
    if (!invocation->json) {
        (void)printf("%s: the ledger of %s at height %" PRIu64 ", %" PRIu64
                     " bytes, all checked. When it starts it asks the others what it signed since, then votes again; "
                     "its lane stays closed: it takes no evidence under this key\n",
                     restoring->config.ledger_path, name, copied->height, copied->bytes);
        return;
    }
    json_t *json = json_pack("{s:s, s:s, s:I, s:I}", "file", restoring->config.ledger_path, "name", name, "height",
                             (json_int_t)copied->height, "bytes", (json_int_t)copied->bytes);
    CHECK(json != NULL);
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(json);
}

static int copy_in(struct restoring *restoring) {
    struct ledger_copied copied;
    struct copying copying = {.invocation = restoring->invocation,
                              .what = restoring->invocation->arguments[0],
                              .copy = {.source = restoring->invocation->arguments[0],
                                       .path = restoring->config.ledger_path,
                                       .chain = &restoring->config.chain,
                                       .member = restoring->config.member},
                              .ready = leave_marks,
                              .ready_context = restoring};
    int code = copying_run(&copying, &copied);
    if (code == COMMAND_DONE) {
        print(restoring, &copied);
    } else {
        directory_unmark(restoring->config.directory, restoring->marks);
    }
    return code;
}

static int run_on(struct restoring *restoring) {
    const struct invocation *invocation = restoring->invocation;
    int hold = -1;
    int code = copying_hold(invocation, invocation->arguments[1], &restoring->config, &hold);
    if (code != COMMAND_DONE) return code;
    code = copying_refuse_leftovers(invocation, restoring->config.ledger_path);
    if (code == COMMAND_DONE) code = copy_in(restoring);
    directory_release(hold);
    return code;
}

static int run(const struct invocation *invocation) {
    struct restoring *restoring = calloc(1, sizeof *restoring);
    CHECK(restoring != NULL);
    restoring->invocation = invocation;
    int code = run_on(restoring);
    free(restoring);
    return code;
}

const struct command command_restore = {
    .name = "restore",
    .arguments = "FILE MEMBER_DIR",
    .help = "Put a backup into the directory of a member that has no ledger",
    .more = "The backup has to be whole, of this group and of this member; it is checked row by row before anything "
            "changes. The\n"
            "member may have signed more than the backup knows. So at its next start it asks the others first, then "
            "votes\n"
            "again, and takes no evidence any more: nobody can tell which places of its lane are signed.",
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
