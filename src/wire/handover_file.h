/* The file of handovers: what leads from the genesis to the members of a later epoch, for whoever was away while they changed.
 * Text, one line for each epoch that ended, from the first on, as in a certificate:
 *     handover <base64> */
#ifndef WIRE_HANDOVER_FILE_H
#define WIRE_HANDOVER_FILE_H

#include "wire/handover.h"

/* Some ten thousand epochs of four members, 160 of 256. */
#define HANDOVER_FILE_BYTES_MAX ((size_t)16 << 20)

/* Takes the next line off `text` and follows it: `roster` becomes that of the next epoch. `scratch` has HANDOVER_BYTES_MAX
 * bytes. STATUS_NOT_FOUND at the end of the text, STATUS_BAD_FORMAT for anything but such a line, STATUS_TOO_LARGE, or what
 * handover_read and handover_verify say. */
enum status handover_file_next(struct slice *text, const struct hash *chain, uint8_t *scratch,
                               struct roster *roster) MUST_USE;
/* Follows the lines from one roster to the next, each proven by the one before, as a light client does. `roster` begins as that
 * of the genesis (roster_of) and ends as the newest; `scratch` has HANDOVER_BYTES_MAX bytes. `ret_lines` counts the lines
 * that were good. STATUS_BAD_FORMAT for anything but such lines, STATUS_TOO_LARGE, or what handover_read and handover_verify
 * say; `roster` is scratch when it fails. */
enum status handover_file_follow(struct slice text, const struct hash *chain, uint8_t *scratch, struct roster *roster,
                                 uint64_t *ret_lines) MUST_USE;
/* Writes its line. */
void handover_file_put(struct writer *writer, struct slice handover);

#endif
