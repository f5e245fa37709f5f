#include "cmd/snapshot_case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/num.h"

static int refuse(const struct invocation *invocation, const char *what, enum status status, const char *holds) {
    return command_refuse(
        invocation, status_name(status),
        "REFUSED %s: it does not hold that %s: %s. Get another one, from another member perhaps, and "
        "see that the genesis is that of the group",
        what, holds, status_text(status));
}

/* Room for the file, whose snapshot is as long as the quorum says. */
static int make_room(const struct invocation *invocation, const char *what, struct slice certificate,
                     struct snapshot_case *judged) {
    const struct record_snapshot *named = &judged->result.parameters.snapshot;
    uint64_t bytes;
    bool fits = num_add_u64(named->bytes, SNAPSHOT_FILE_LINES_BYTES_MAX + certificate.bytes, &bytes);
    uint8_t *file = fits && bytes <= PTRDIFF_MAX ? malloc(bytes) : NULL;
    if (file == NULL)
        return command_refuse(invocation, status_name(STATUS_TOO_LARGE),
                              "%s: there is no memory for a snapshot of %llu bytes; use a larger machine", what,
                              (unsigned long long)named->bytes);
    struct writer writer = writer_of(file, bytes);
    snapshot_file_put(&writer, certificate, named->bytes);
    CHECK(writer_status(&writer) == STATUS_OK);
    free(judged->file);
    judged->file = file;
    judged->snapshot_at = writer.bytes;
    judged->file_bytes = writer.bytes + named->bytes;
    return COMMAND_DONE;
}

int snapshot_case_certify(const struct invocation *invocation, const char *what, struct slice certificate,
                          struct snapshot_case *judged) {
    static const struct verify_policy policy = {.is_snapshot = true};
    enum verify_step step;
    if (certificate.bytes == 0 || certificate.bytes > CERTIFICATE_BYTES_MAX)
        return refuse(invocation, what, STATUS_BAD_FORMAT, verify_step_text(VERIFY_FORM));
    enum status status = verify_certificate(certificate, &judged->genesis, &policy, judged->scratch,
                                            sizeof judged->scratch, &judged->result, &step);
    if (status != STATUS_OK) return refuse(invocation, what, status, verify_step_text(step));
    if (judged->result.parameters.snapshot.height == 0)
        return refuse(invocation, what, STATUS_NOT_FOUND, "the certified state names a snapshot");
    return make_room(invocation, what, certificate, judged);
}

int snapshot_case_judge(const struct invocation *invocation, const char *what, struct snapshot_case *judged) {
    enum status status =
        verify_snapshot(&judged->result, &judged->genesis, snapshot_case_bytes(judged), &judged->head);
    if (status == STATUS_OK) return COMMAND_DONE;
    return refuse(invocation, what, status, "the snapshot is the one that the certified state names");
}

/* --- files --- */

/* What is there, at most `bytes`; `ret_bytes` is less at the end of the file only. */
static enum status read_at(int file, uint64_t at, uint8_t *ret_data, size_t bytes, size_t *ret_bytes) {
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = pread(file, ret_data + done, bytes - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return STATUS_IO;
        if (got == 0) break;
        done += (size_t)got;
    }
    *ret_bytes = done;
    return STATUS_OK;
}

static int read_rest(const struct invocation *invocation, const char *path, int file, struct snapshot_case *judged) {
    size_t wanted = judged->file_bytes - judged->snapshot_at, got = 0;
    enum status status = read_at(file, judged->snapshot_at, judged->file + judged->snapshot_at, wanted, &got);
    if (status == STATUS_OK && got < wanted) status = STATUS_TRUNCATED;
    if (status == STATUS_OK) return snapshot_case_judge(invocation, path, judged);
    return command_refuse(invocation, status_name(status), "%s cannot be read to its end: %s", path,
                          status == STATUS_IO ? strerror(errno) : status_text(status));
}

/* The certificate decides before the rest is read. */
static int read_parts(const struct invocation *invocation, const char *path, int file, struct slice beginning,
                      uint64_t file_bytes, struct snapshot_case *judged) {
    struct snapshot_file parts;
    enum status status = snapshot_file_read(beginning, file_bytes, &parts);
    if (status != STATUS_OK)
        return command_refuse(invocation, status_name(status),
                              "REFUSED %s: it is no whole snapshot file: %s. Copy it again, or make another one with "
                              "`credimus snapshot save`",
                              path, status_text(status));
    int code = snapshot_case_certify(invocation, path, parts.certificate, judged);
    if (code != COMMAND_DONE) return code;
    if (parts.snapshot_bytes != judged->result.parameters.snapshot.bytes)
        return refuse(invocation, path, STATUS_CONFLICT, "the snapshot is as long as the certified state says");
    return read_rest(invocation, path, file, judged);
}

static int read_open(const struct invocation *invocation, const char *path, int file, struct snapshot_case *judged) {
    struct stat about;
    size_t bytes = 0;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
        return command_refuse(invocation, status_name(STATUS_IO), "%s is not a regular file", path);
    uint8_t *beginning = malloc(SNAPSHOT_FILE_BEGINNING_BYTES);
    CHECK(beginning != NULL);
    enum status status = read_at(file, 0, beginning, SNAPSHOT_FILE_BEGINNING_BYTES, &bytes);
    int code = status == STATUS_OK
                   ? read_parts(invocation, path, file, slice_of(beginning, bytes), (uint64_t)about.st_size, judged)
                   : command_refuse(invocation, status_name(status), "%s cannot be read: %s", path, strerror(errno));
    free(beginning);
    return code;
}

int snapshot_case_read(const struct invocation *invocation, const char *path, struct snapshot_case *judged) {
    /* Without O_NONBLOCK a named pipe in the place of the file would hold the process up for ever. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return command_refuse(invocation, status_name(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO),
                              "%s cannot be read: %s", path, strerror(errno));
    int code = read_open(invocation, path, file, judged);
    (void)close(file);
    return code;
}

void snapshot_case_free(struct snapshot_case *judged) {
    free(judged->file);
    free(judged);
}
