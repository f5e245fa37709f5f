/* Files of sharing platforms as evidence: what `import` does with STIX and MISP. The file is read and weighed as a whole
 * (src/exchange), each subject finds its question, and only then there are lines to send.
 *
 * Invariant: whatever is refused has told nothing. Questions are asked only once the whole file was found good. */
#ifndef CMD_CONVERT_H
#define CMD_CONVERT_H

#include "cmd/client.h"
#include "cmd/upload.h"
#include "exchange/tokens.h"

/* More than this at once is rather a mistake than a wish. */
enum { CONVERT_ASKS_MAX = 256 };

struct convert {
    const struct invocation *invocation;
    struct client *client;
    const char *file;
    bool is_misp;         /* else STIX */
    const char *model;    /* its file; NULL: the default model */
    const char *question; /* for everything in the file; NULL: by subject */
    bool asks;            /* asks about subjects without a question */
    bool skips;           /* passes over subjects without a question */
    bool is_dry;          /* only says what it would ask */
    const char *mode;     /* of questions that it asks, and the share that is the same to all members */
    const char *rho;
};

/* What became of the file. */
struct converted {
    uint32_t reports;   /* in the file */
    uint32_t ignored;   /* objects that say nothing here */
    uint32_t skipped;   /* reports without a question */
    uint32_t questions; /* that the rest is about */
    uint32_t asked;     /* of these, new ones; with `is_dry`: would be */
};

/* Fills `ret_upload`, upload_free's in any case. COMMAND_DONE, or what to return after the reason was said. */
int convert_file(const struct convert *convert, struct upload *ret_upload, struct converted *ret_converted);

/* Says where and why a file is refused. Returns COMMAND_REFUSED. */
int convert_refuse(const struct invocation *invocation, const char *file, enum status status,
                   const struct blame *blame);

#endif
