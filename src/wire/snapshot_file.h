/* Snapshot file (*.snap): a snapshot and what vouches for it, as people carry it around (docs/formats.md). Strict, one
 * encoding:
 *
 *     credimus/snapshot-file/1
 *     certificate <decimal bytes>
 *     snapshot <decimal bytes>
 *
 *     <the certificate file (wire/certificate.h)><the snapshot, to the end of the file>
 *
 * Its beginning is enough to judge the certificate, and that says how long the rest has to be: so whoever reads a file
 * never holds more of it than a quorum has signed. */
#ifndef WIRE_SNAPSHOT_FILE_H
#define WIRE_SNAPSHOT_FILE_H

#include "wire/certificate.h"

/* The lines before the certificate, with the largest numbers. */
#define SNAPSHOT_FILE_LINES_BYTES_MAX 96
/* So much of the beginning of a file has all of its certificate. */
#define SNAPSHOT_FILE_BEGINNING_BYTES (SNAPSHOT_FILE_LINES_BYTES_MAX + CERTIFICATE_BYTES_MAX)

struct snapshot_file {
    struct slice certificate; /* 1 .. CERTIFICATE_BYTES_MAX bytes */
    uint64_t snapshot_at;     /* where the snapshot begins in the file */
    uint64_t snapshot_bytes;  /* at least 1 */
};

/* All before the snapshot. */
void snapshot_file_put(struct writer *writer, struct slice certificate, uint64_t snapshot_bytes);
/* Takes a file of `file_bytes` apart by its `beginning`: all of it, or at least SNAPSHOT_FILE_BEGINNING_BYTES, from which
 * the certificate is borrowed. STATUS_VERSION when it is no such file, STATUS_BAD_FORMAT, STATUS_OVERFLOW, STATUS_BAD_VALUE
 * for a length of 0, STATUS_TOO_LARGE for a certificate beyond its limit, STATUS_TRUNCATED, STATUS_TRAILING_BYTES. What is
 * in certificate and snapshot is not looked at. */
enum status snapshot_file_read(struct slice beginning, uint64_t file_bytes, struct snapshot_file *ret_file) MUST_USE;

#endif
