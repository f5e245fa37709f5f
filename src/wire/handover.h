/* Handover: what leads a light client from one epoch to the next (docs/protocol.md 8): the checkpoint of the last block
 * of an epoch, signed by q(base) members of its roster, and the two last leaves of that log, which are the record of
 * the next roster and the state record, with the complete subtrees to their left that the root is made of.
 *     [21, [height, size, root, epoch, numerator, denominator], [[member, signature] ...], [hash ...],
 *      roster record, state record] */
#ifndef WIRE_HANDOVER_H
#define WIRE_HANDOVER_H

#include "crypto/merkle.h"
#include "wire/checkpoint.h"
#include "wire/record.h"
#include "wire/roster.h"

struct handover {
    struct checkpoint checkpoint;
    uint32_t count; /* signatures, by member ascending */
    struct checkpoint_signature signatures[MEMBERS_MAX];
    struct merkle_frontier log; /* before the two leaves */
    struct slice roster;        /* borrowed */
    struct slice state;         /* borrowed */
};

#define HANDOVER_BYTES_MAX                                                                                           \
    (MEMBERS_MAX * 80 + MERKLE_LEVELS_MAX * 40 + RECORD_EPOCH_BYTES_MAX + RECORD_STATE_BYTES_MAX + 256)

void handover_put(struct writer *writer, const struct handover *handover);
/* Strict, form only; slices are borrowed from `bytes`. `ret_handover` is scratch when it fails. */
enum status handover_read(struct slice bytes, struct handover *ret_handover) MUST_USE;
/* Whether it ends the epoch of `roster`, by its own rules: STATUS_WRONG_EPOCH, STATUS_UNKNOWN_MEMBER, STATUS_BAD_SIGNATURE,
 * STATUS_BELOW_THRESHOLD (its base threshold, by heads), STATUS_BAD_PROOF (the leaves do not lead to the root),
 * STATUS_CONFLICT (they speak of another height), or what roster_read says. On STATUS_OK `ret_next` is the roster of
 * the next epoch; it may be where `roster` is. */
enum status handover_verify(const struct handover *handover, const struct hash *chain, const struct roster *roster,
                            struct roster *ret_next) MUST_USE;

#endif
