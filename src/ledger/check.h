/* The offline check of a ledger file (`credimus log --check`): SQLite keeps no checksums of its pages, so every row
 * is checked by the hash or the signature that it carries, down to the genesis in leaf 0 and the chain id that it
 * must hash to.
 *
 * - batch: the header's hash, its signature, the columns that repeat its fields, the items' Merkle root; the hash of
 * each content, by the item that names it (erased contents are no fault);
 * - leaf, node: the hash of each leaf and of every complete node;
 * - height: the block's hash, its link to the parent, its finalization, its state record, and the root over the
 * leaves it covers;
 * - block, vote, certificate, certified, proof: hashes and signatures.
 *
 * Signatures are judged by the keys of the genesis. */
#ifndef LEDGER_CHECK_H
#define LEDGER_CHECK_H

#include "base/bytes.h"

/* One finding: the table, the row (its rowid, index, height or view) and what is wrong. The texts are valid during
 * the call. */
typedef void ledger_finding(void *context, const char *table, int64_t row, const char *what);

struct ledger_checked {
    uint64_t batches;
    uint64_t contents;
    uint64_t leaves;
    uint64_t heights;
    uint64_t others; /* candidate blocks, votes, certificates, proofs */
    uint64_t findings;
};

/* Reads the whole file and changes nothing. `chain` may be NULL: then the ledger's own is taken. STATUS_OK without
 * findings, STATUS_CORRUPT with any; each is handed to `finding` (which may be NULL). STATUS_NOT_FOUND: no such file.
 * STATUS_LOCKED: a running member has it. STATUS_WRONG_CHAIN, STATUS_BAD_FORMAT, STATUS_VERSION, STATUS_IO. `ret_checked` is filled in
 * whenever STATUS_OK or STATUS_CORRUPT is returned. */
enum status ledger_check(const char *path, const struct hash *chain, ledger_finding *finding, void *context,
                         struct ledger_checked *ret_checked) MUST_USE;

#endif
