/* Output files: written whole or not at all. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "base/bytes.h"
#include "cmd/command.h"

/* Writes under another name first, so that the file is whole at any moment, and an old one stays when this fails. COMMAND_DONE, or what to
 * return after the reason was said. */
int output_write(const struct invocation *invocation, const char *path, struct slice bytes);

/* As output_write, but never replaces a file, and only its owner may read it: mode 0600, durable on COMMAND_DONE. */
int output_keep(const struct invocation *invocation, const char *path, struct slice bytes);
/* Gives a whole and durable file its name, which nothing has yet; then, or when that fails, the file's temporary name is
 * gone. As above. */
int output_name(const struct invocation *invocation, const char *temporary, const char *path);

#endif
