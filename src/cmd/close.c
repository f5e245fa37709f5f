/* credimus close: ends a question of this member's, decided or not. */
#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"

enum { OPTION_ACK };

static const struct option_spec options[] = {
    {"ack", "HOW", "answer when it is local, available, committed (default) or final", 0},
    {0},
};

static int run(const struct invocation *invocation) {
    return evidence_say(invocation, "close", OPTION_ACK, json_object());
}

const struct command command_close = {
    .name = "close",
    .arguments = "MEMBER_DIR QUESTION",
    .help = "End a question that this member asked, decided or not",
    .more = "What it hides can be revealed then (credimus reveal). A whole family: credimus family NAME --close.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
