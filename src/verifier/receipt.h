/* Receipts: one member's word that an entry is in the log, in the form of RFC 9942 (COSE Receipts), for tools that know
 * neither certificates nor this project. What a quorum says is a certificate (wire/certificate.h); a receipt is smaller, and
 * counts as much as the one member that signed it.
 *
 *     18([ << {1: -8, 4: h'mmmm', 15: {1: "credimus/<chain id in hex>"}, 395: 1} >>,
 *          {396: {-1: [ << [size, index, [hash ...]] >> ]}}, null, signature ])
 *
 * 395 is the kind of tree, 1 for RFC 9162 with SHA-256; 396 are its proofs, -1 of inclusion; 15 are CWT claims (RFC 9597),
 * 1 the issuer. What is signed is the Sig_structure with an empty external_aad, as RFC 9942 has it, and the root over `size`
 * leaves as the payload; the payload is detached, so nobody can verify a receipt without working out the root.
 *
 * No other object of a member's key signs these bytes: the Sig_structure of a batch header has an external_aad of 32 bytes and
 * no issuer, and neither votes nor checkpoints begin as a Sig_structure does (docs/formats.md). */
#ifndef VERIFIER_RECEIPT_H
#define VERIFIER_RECEIPT_H

#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/merkle.h"

struct receipt {
    uint32_t member; /* who signs, below MEMBERS_MAX */
    uint64_t size;   /* leaves under the signed root */
    uint64_t index;  /* of the entry, below `size` */
    uint32_t proof_count;
    struct hash proof[MERKLE_PROOF_MAX];
};

/* The longest proof: 64 hashes with their heads; the rest is below 320 bytes. */
#define RECEIPT_BYTES_MAX (MERKLE_PROOF_MAX * 34 + 320)

/* Signs the root over the first `size` leaves and encodes the receipt. The caller answers for it that the proof leads to
 * that root, and that there are at least two leaves: RFC 9942 has no empty path. */
void receipt_sign(const struct receipt *receipt, const struct hash *root, const struct hash *chain,
                  const uint8_t secret[SECRET_BYTES], struct writer *ret_bytes);

/* Decodes strictly: what receipt_sign would not have written is refused. Nothing is verified but the form and the chain:
 * STATUS_WRONG_CHAIN. `ret_signature` is borrowed from `bytes`. */
enum status receipt_read(struct slice bytes, const struct hash *chain, struct receipt *ret_receipt,
                         const uint8_t **ret_signature) MUST_USE;

/* STATUS_OK when the owner of `key` signed a root that `entry`, the bytes of a leaf, is under. STATUS_BAD_SIGNATURE: it did
 * not, or the entry is another one; which of them can't be told apart, since the root is nowhere but in the signature.
 * STATUS_BAD_PROOF: the path has a length that no leaf of that place has. Whose key `key` is, the caller finds by
 * `ret_receipt->member`, which is written whenever the form is right. */
enum status receipt_verify(struct slice bytes, struct slice entry, const struct hash *chain,
                           const uint8_t key[KEY_BYTES], struct receipt *ret_receipt) MUST_USE;

#endif
