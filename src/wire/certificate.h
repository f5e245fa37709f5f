/* Certificate file (*.cert): everything that an offline verifier needs besides the genesis (docs/formats.md). Text,
 * strict, one encoding; every value is base64 unless it is a decimal number:
 *
 *     credimus/certificate/1
 *     belief <base64 of the record>                       a verdict or calibration record (log leaf) or a question
 *                                                         record (state leaf); or, for a snapshot, the parameters
 *                                                         record once more
 *     index <n>                                           in the log, or in the questions tree (question)
 *     proof <base64 hash>                                 one line per hash, zero or more: inclusion in that tree
 *     questions <n>                                       only for a question record: the size of the questions tree
 *     state <base64 of the state record>
 *     state-index <n>
 *     state-proof <base64 hash>                           zero or more
 *     parameters <base64 of the parameters record>
 *     member <base64 of the member record>                one per place, in order
 *     handover <base64>                                   one per epoch that ended before, in order (wire/handover.h)
 *
 *     <the checkpoint as a signed note, to the end of the file>
 */
#ifndef WIRE_CERTIFICATE_H
#define WIRE_CERTIFICATE_H

#include "crypto/merkle.h"
#include "wire/handover.h"

/* Epochs that may have ended before the one of the certificate. */
enum { CERTIFICATE_HANDOVERS_MAX = 256 };

struct certificate {
    struct slice belief;
    uint64_t index;
    uint32_t proof_count;
    struct hash proof[MERKLE_PROOF_MAX];
    uint64_t questions; /* 0 for a verdict */
    struct slice state;
    uint64_t state_index;
    uint32_t state_proof_count;
    struct hash state_proof[MERKLE_PROOF_MAX];
    struct slice parameters;
    uint32_t members;
    struct slice member_records[MEMBERS_MAX];
    uint32_t handovers_count;
    struct slice handovers[CERTIFICATE_HANDOVERS_MAX];
    struct slice note;
};

#define CERTIFICATE_BYTES_MAX (1024u * 1024)

void certificate_put(struct writer *writer, const struct certificate *certificate);
/* Form only; verifier/ judges. Decoded records are put into `scratch` (capacity at least the length of `bytes`) and
 * borrowed from there, the note from `bytes`. */
enum status certificate_read(struct slice bytes, uint8_t *scratch, size_t scratch_bytes,
                             struct certificate *ret_certificate) MUST_USE;

#endif
