/* credimus retract: takes back what this member told, while the question is open. It stays in the log, as taken back. */
#include "cmd/command.h"
#include "cmd/evidence.h"
#include "cmd/options.h"

enum { OPTION_ACK };

static const struct option_spec options[] = {
    {"ack", "HOW", "answer when it is local, available, committed (default) or final", 0},
    {0},
};

static int run(const struct invocation *invocation) {
    json_t *retract = json_object();
    evidence_set_text(retract, "observation", invocation->arguments[2]);
    return evidence_say(invocation, "retract", OPTION_ACK, retract);
}

const struct command command_retract = {
    .name = "retract",
    .arguments = "MEMBER_DIR QUESTION OBSERVATION",
    .help = "Take back one piece of evidence that this member told",
    .more = "It counts no more, and can't be told again under this name. A question that is decided stays as it is.",
    .options = options,
    .arguments_min = 3,
    .arguments_max = 3,
    .json = true,
    .run = run,
};
