/* COSE_Sign1 (RFC 9052 section 4.2) in the one form that batch headers have:
 *
 *     18([ << {1: -8, 4: h'mmmm'} >>, {}, payload, signature ])
 *
 * that is EdDSA (RFC 9053 section 2.2) with the member's number as the key id, two bytes, big-endian.
 *
 * This file builds and takes apart bytes only; who signs and verifies hands the signature in and out.
 *
 * Invariant: the protected header is a function of the member's number, nothing is unprotected, and the encoding is
 * canonical, so that member, payload and signature determine every byte. */
#ifndef CODEC_COSE_H
#define CODEC_COSE_H

#include <stdint.h>

#include "base/bytes.h"

enum {
    COSE_MEMBER_MAX = 0xffff, /* what two bytes of key id can say */
    /* What cose_sign1_put writes beside the payload, at most: tag 1, array 1, protected header 8, unprotected 1,
     * head of the payload 9, signature 66. */
    COSE_SIGN1_OVERHEAD_BYTES = 86,
    /* What cose_sign1_put_to_be_signed writes beside payload and external_aad, at most: array 1, context 11,
     * protected header 8, two heads 18. */
    COSE_TO_BE_SIGNED_OVERHEAD_BYTES = 38,
};

/* All pointers are borrowed from what was read. */
struct cose_sign1 {
    uint32_t member;
    struct slice protected_header; /* the content of the byte string */
    struct slice payload;
    const uint8_t *signature; /* SIGNATURE_BYTES */
};

/* Reads `data` as one whole COSE_Sign1; does not verify it. Statuses of codec/cbor.h, and STATUS_BAD_VALUE for
 * another algorithm, header parameters other than these two, anything unprotected, or a key id or signature of
 * another length. */
enum status cose_sign1_read(struct slice data, struct cose_sign1 *ret_object) MUST_USE;

/* `member` is at most COSE_MEMBER_MAX. */
void cose_sign1_put(struct writer *writer, uint32_t member, struct slice payload,
                    const uint8_t signature[SIGNATURE_BYTES]);

/* The Sig_structure (RFC 9052 section 4.4) ["Signature1", protected, external_aad, payload]: the bytes that are
 * signed. `external_aad` binds the signature to where it counts: the chain. */
void cose_sign1_put_to_be_signed(struct writer *writer, uint32_t member, struct slice payload,
                                 struct slice external_aad);

#endif
