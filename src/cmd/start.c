/* credimus start: runs one member in the foreground until SIGINT or SIGTERM. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "node/node.h"

enum { OPTION_RECOVER };

static const struct option_spec options[] = {
    {"recover", NULL, "the ledger was lost or is an old copy: ask the others before signing anything", 0},
    {0},
};

static int run(const struct invocation *invocation) {
    return node_run(invocation->arguments[0], option_given(invocation, OPTION_RECOVER));
}

const struct command command_start = {
    .name = "start",
    .arguments = "MEMBER_DIR",
    .help = "Run one member in the foreground",
    .more = "It stops on SIGINT or SIGTERM and reads its configuration again on SIGHUP; killed in any other way it "
            "continues\nfrom its ledger when it is started again.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
