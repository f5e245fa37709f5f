/* Taking a member's secrets out of what is handed to others.
 *
 * Nothing that a bundle collects ought to have them; this is the second lock, for a log or a file that somebody wrote
 * one into. Every form in which a secret is likely to be written is found: its bytes, hex in either case, base64 in
 * both alphabets, and the text of the file that it came from. */
#ifndef CMD_REDACT_H
#define CMD_REDACT_H

#include "base/bytes.h"

enum { REDACT_SECRETS_MAX = 16, REDACT_SECRET_BYTES_MAX = 64, REDACT_SECRET_BYTES_MIN = 16 };

struct redact {
    uint32_t count;
    struct {
        uint8_t data[REDACT_SECRET_BYTES_MAX];
        size_t bytes;
    } secrets[REDACT_SECRETS_MAX];
};

/* REDACT_SECRET_BYTES_MIN to REDACT_SECRET_BYTES_MAX bytes: a shorter one would be found everywhere. */
void redact_add(struct redact *redact, struct slice secret);
/* Writes 'x' over every form of every secret, in place. Returns how many places. */
uint64_t redact_clean(const struct redact *redact, uint8_t *data, size_t bytes);
void redact_wipe(struct redact *redact);

#endif
