/* Snapshots (docs/protocol.md 9): GET /v1/snapshot, the certificate of a state that names one, and
 * GET /v1/snapshot/HEIGHT/CHUNK, its bytes. Both are made by the backend, which has the ledger; what they are worth is
 * for whoever fetches them to verify (verifier/snapshot.h). */
#ifndef HTTP_SNAPSHOTS_H
#define HTTP_SNAPSHOTS_H

#include "base/bytes.h"
#include "http/refusal.h"

/* What the path behind /v1/snapshot/ asks for. */
struct snapshots_wanted {
    uint64_t height; /* at least 1 */
    uint64_t index;
};

/* Reads all of `key`; the refusal says what a path looks like. STATUS_BAD_FORMAT. */
enum status snapshots_read(struct slice key, struct snapshots_wanted *ret_wanted,
                           struct refusal *ret_refusal) MUST_USE;

#endif
