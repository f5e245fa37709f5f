/* Snapshot files: the lines before the certificate. Invariant: snapshot_file_read accepts exactly what snapshot_file_put
 * writes, with as many bytes behind it as it says. */
#include "wire/snapshot_file.h"

#include "base/check.h"
#include "base/num.h"
#include "wire/line.h"

#define FIRST_LINE "credimus/snapshot-file/1"

/* The words, the spaces and newlines, and two numbers of 64 bits. */
_Static_assert(sizeof FIRST_LINE + sizeof "certificate " + sizeof "snapshot " + 1 + 2 * 20 <=
                   SNAPSHOT_FILE_LINES_BYTES_MAX,
               "the lines fit");

void snapshot_file_put(struct writer *writer, struct slice certificate, uint64_t snapshot_bytes) {
    CHECK(certificate.bytes > 0 && certificate.bytes <= CERTIFICATE_BYTES_MAX && snapshot_bytes > 0);
    writer_put_text(writer, FIRST_LINE "\n");
    line_put_decimal(writer, "certificate", certificate.bytes);
    line_put_decimal(writer, "snapshot", snapshot_bytes);
    writer_put_u8(writer, '\n');
    writer_put(writer, certificate.data, certificate.bytes);
}

static enum status take_lines(struct slice *rest, uint64_t *ret_certificate, uint64_t *ret_snapshot) {
    struct slice line;
    TRY(line_take(rest, &line));
    if (!slice_equal(line, slice_of_text(FIRST_LINE))) return STATUS_VERSION;
    TRY(line_take_decimal(rest, "certificate", ret_certificate));
    TRY(line_take_decimal(rest, "snapshot", ret_snapshot));
    TRY(line_take(rest, &line));
    if (line.bytes > 0) return STATUS_BAD_FORMAT;
    if (*ret_certificate == 0 || *ret_snapshot == 0) return STATUS_BAD_VALUE;
    return *ret_certificate <= CERTIFICATE_BYTES_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status snapshot_file_read(struct slice beginning, uint64_t file_bytes, struct snapshot_file *ret_file) {
    struct slice lines = slice_of(beginning.data, num_min_size(beginning.bytes, SNAPSHOT_FILE_LINES_BYTES_MAX));
    struct slice rest = lines;
    uint64_t certificate_bytes, snapshot_bytes, end;
    TRY(take_lines(&rest, &certificate_bytes, &snapshot_bytes));
    uint64_t certificate_at = lines.bytes - rest.bytes;
    uint64_t snapshot_at = certificate_at + certificate_bytes;
    if (!num_add_u64(snapshot_at, snapshot_bytes, &end)) return STATUS_OVERFLOW;
    if (file_bytes < end || beginning.bytes < snapshot_at) return STATUS_TRUNCATED;
    if (file_bytes > end) return STATUS_TRAILING_BYTES;
    *ret_file = (struct snapshot_file){.certificate = slice_of(beginning.data + certificate_at, certificate_bytes),
                                       .snapshot_at = snapshot_at,
                                       .snapshot_bytes = snapshot_bytes};
    return STATUS_OK;
}
