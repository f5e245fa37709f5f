/* Output files: written whole or not at all. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "base/bytes.h"
#include "cmd/command.h"

/* Writes under another name first, so that the file is whole at any moment, and an old one stays when this fails. COMMAND_DONE, or what to
 * return after the reason was said. */
int output_write(const struct invocation *invocation, const char *path, struct slice bytes);

#endif
