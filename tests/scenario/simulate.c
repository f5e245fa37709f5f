/* The simulator alone, with a memory of signatures (signature_memo.c): the same command as `credimus sim`, for sweeps and scenario tests. */
#include <malloc.h>
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/options.h"

const struct command *const commands[] = {&command_sim, NULL};

/* What a world gives back is kept for the next one, also what is large: asking the system again costs a fault for each page. */
static void keep_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 25);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 1 << 24);
}

int main(int count, char **arguments) {
    keep_memory();
    struct invocation invocation;
    char error[OPTIONS_ERROR_BYTES];
    if (options_parse(&command_sim, count - 1, arguments + 1, &invocation, error) != STATUS_OK)
        return command_misuse(&invocation, "%s", error);
    if (!invocation.help) return command_sim.run(&invocation);
    options_print_help(stdout, &command_sim);
    return COMMAND_DONE;
}
