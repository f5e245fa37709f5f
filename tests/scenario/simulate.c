/* The simulator alone, with a memory of signatures (signature_memo.c): the same command as `credimus sim`, for sweeps and scenario tests. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/options.h"

const struct command *const commands[] = {&command_sim, NULL};

int main(int count, char **arguments) {
    struct invocation invocation;
    char error[OPTIONS_ERROR_BYTES];
    if (options_parse(&command_sim, count - 1, arguments + 1, &invocation, error) != STATUS_OK)
        return command_misuse(&invocation, "%s", error);
    if (!invocation.help) return command_sim.run(&invocation);
    options_print_help(stdout, &command_sim);
    return COMMAND_DONE;
}
