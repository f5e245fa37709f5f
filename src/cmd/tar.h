/* A tar archive in memory (POSIX.1-1988 ustar), for what a command collects. Files only, of mode 0600, below one folder.
 */
#ifndef CMD_TAR_H
#define CMD_TAR_H

#include <stdint.h>

#include "base/bytes.h"

struct tar {
    uint8_t *data; /* malloc'ed */
    size_t bytes;
    size_t capacity;
};

/* A name has at most this many characters, folders in it included. */
enum { TAR_NAME_CHARACTERS = 99 };

/* `name` is relative. `time_s` is the file's time since 1970. */
void tar_add(struct tar *tar, const char *name, uint64_t time_s, struct slice bytes);
/* After the last file. */
void tar_end(struct tar *tar);
/* Frees and empties. */
void tar_free(struct tar *tar);

#endif
