/* Certificate files of a replica (wire/certificate.h): a belief, where it stands in the log or in the state, and the newest
 * signed checkpoint. The daemon hands them out, the simulator verifies them.
 *
 * A verdict is a leaf of the log, so every later certificate covers it. The belief of an open question is a leaf of the state,
 * and a verifier takes only the state of the certified height itself: so it is caught when its height is executed, and the file
 * made when that very height is the newest certified one. */
#ifndef REPLICA_CERTIFICATE_H
#define REPLICA_CERTIFICATE_H

#include "crypto/merkle.h"
#include "replica/replica.h"
#include "wire/certificate.h"

/* The log as a ledger keeps it. Leaves are borrowed until the next read. */
struct certificate_log {
    void *context;
    enum status (*read_leaf)(void *context, uint64_t index, struct slice *ret_bytes);
    merkle_read *read_node;
};

/* The belief of a question as it stands in the state of a height. */
struct certificate_capture {
    uint64_t question; /* by order of creation */
    uint64_t height;   /* 0: nothing is caught */
    uint64_t questions;
    uint32_t proof_count;
    struct hash proof[MERKLE_PROOF_MAX];
    size_t bytes;
    uint8_t record[RECORD_BELIEF_BYTES_MAX];
};

/* Catches the belief in the state of the newest executed height. STATUS_UNKNOWN_QUESTION; then, or with any other failure,
 * the height of `ret_capture` is 0. */
enum status replica_capture(struct replica *replica, uint64_t question,
                            struct certificate_capture *ret_capture) MUST_USE;

/* Makes the file around the newest certificate: of `capture`, or, when that is NULL, of the verdict at `leaf` of the log. `pieces`
 * and `ret_file` have room for CERTIFICATE_BYTES_MAX each; the pieces are scratch. STATUS_NOT_FINAL: nothing is certified yet, or
 * not what is asked for, or the members' records of that height are not remembered. Statuses of the log's reads. */
enum status replica_certificate(struct replica *replica, const struct certificate_log *log,
                                const struct certificate_capture *capture, uint64_t leaf, struct writer *pieces,
                                struct writer *ret_file) MUST_USE;

/* The same about the state alone: what whoever verifies a snapshot needs (verifier/snapshot.h), while the parameters name
 * that snapshot. Room and statuses as above. */
enum status replica_state_certificate(struct replica *replica, const struct certificate_log *log,
                                      struct writer *pieces, struct writer *ret_file) MUST_USE;

#endif
