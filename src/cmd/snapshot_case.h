/* A snapshot with its certificate, judged from a genesis: what `credimus snapshot save`, `verify` and `restore` share
 * (docs/protocol.md 9). The certificate comes first, and says how long the rest is: no more than that is ever held. */
#ifndef CMD_SNAPSHOT_CASE_H
#define CMD_SNAPSHOT_CASE_H

#include "cmd/command.h"
#include "verifier/snapshot.h"
#include "wire/snapshot_file.h"

/* Begins as zeros, with the genesis. About 1 MiB: hold it on the heap. */
struct snapshot_case {
    struct genesis genesis;
    struct verify_result result; /* of the certificate */
    struct snapshot_head head;   /* of the whole, once it was judged */
    uint8_t *file;               /* the snapshot file (wire/snapshot_file.h), malloc'ed */
    size_t file_bytes;
    size_t snapshot_at;
    uint8_t scratch[CERTIFICATE_BYTES_MAX];
};

static inline struct slice snapshot_case_bytes(const struct snapshot_case *judged) {
    return slice_of(judged->file + judged->snapshot_at, judged->file_bytes - judged->snapshot_at);
}

/* Judges the certificate and makes room for the file with it in front; what was there before is freed. `what` is called
 * by that name when it is refused. COMMAND_DONE, or what to return after the reason was said. */
int snapshot_case_certify(const struct invocation *invocation, const char *what, struct slice certificate,
                          struct snapshot_case *judged);
/* Judges the snapshot's bytes, which are all there. As above. */
int snapshot_case_judge(const struct invocation *invocation, const char *what, struct snapshot_case *judged);
/* Reads a snapshot file and judges all of it. As above. */
int snapshot_case_read(const struct invocation *invocation, const char *path, struct snapshot_case *judged);
void snapshot_case_free(struct snapshot_case *judged);

#endif
