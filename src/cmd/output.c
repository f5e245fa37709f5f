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

/* A link never replaces what is there; a rename would. */
int output_name(const struct invocation *invocation, const char *temporary, const char *path) {
    bool is_named = link(temporary, path) == 0;
    int error = errno;
    (void)unlink(temporary);
    if (is_named && file_sync_name(path) == STATUS_OK) return COMMAND_DONE;
    if (!is_named && error == EEXIST)
        return command_refuse(invocation, status_name(STATUS_CONFLICT),
                              "%s: there is a file already, and it stays as it is; move it away or name another",
                              path);
    if (is_named) {
        error = errno;
        (void)unlink(path);
    }
    return command_refuse(invocation, status_name(STATUS_IO), "%s cannot be named: %s; nothing is left of it", path,
                          strerror(error));
}

int output_keep(const struct invocation *invocation, const char *path, struct slice bytes) {
    char temporary[CONFIG_PATH_BYTES];
    struct config_detail detail;
    if (snprintf(temporary, sizeof temporary, "%s.%ld.part", path, (long)getpid()) >= (int)sizeof temporary)
        return command_misuse(invocation, "the path of the output is too long");
    enum status status = file_create(temporary, 0600, bytes, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return output_name(invocation, temporary, path);
}
