#include "cmd/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/keys.h"

int output_write(const struct invocation *invocation, const char *path, struct slice bytes) {
    char temporary[CONFIG_PATH_BYTES];
    struct config_detail detail;
    if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof temporary) {
        return command_misuse(invocation, "the path of the output is too long");
    }
    enum status status = file_create(temporary, 0644, bytes, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    if (rename(temporary, path) == 0) return COMMAND_DONE;
    int error = errno;
    (void)unlink(temporary);
    return command_refuse(invocation, status_name(STATUS_IO), "%s cannot be replaced: %s", path, strerror(error));
}
