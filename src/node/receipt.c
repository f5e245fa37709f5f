/* Receipts (docs/receipts.md): this member's word that an entry is in the log, about the newest certified checkpoint.
 *
 * Invariant: only a root that a quorum has certified and the own ledger holds is signed, so that a receipt never says what a
 * certificate would not say, and signing on demand gives nobody a signature over anything else. */
#include "verifier/receipt.h"

#include "base/check.h"
#include "node/state.h"

/* The leaves of a height begin where those of the one before end; leaf 0 is the genesis, of no height. */
static enum status leaves_of(struct node *node, uint64_t height, uint64_t *ret_first, uint64_t *ret_end) {
    struct checkpoint checkpoint;
    uint64_t time_us;
    *ret_first = 1;
    if (height > 1) {
        TRY(ledger_read_checkpoint(node->ledger, height - 1, &checkpoint, &time_us));
        *ret_first = checkpoint.size;
    }
    TRY(ledger_read_checkpoint(node->ledger, height, &checkpoint, &time_us));
    *ret_end = checkpoint.size;
    return STATUS_OK;
}

/* The leaf that the header of an executed batch became. */
static enum status find_header(struct node *node, uint32_t member, uint64_t seq, uint64_t *ret_leaf) {
    struct hash batch;
    struct hash wanted;
    struct hash leaf;
    uint64_t height;
    uint64_t end;
    struct slice header;
    struct slice body;
    struct slice contents;
    if (member >= node->config->genesis.members) return STATUS_UNKNOWN_MEMBER;
    TRY(ledger_read_lane(node->ledger, member, seq, &batch));
    TRY(ledger_read_executed(node->ledger, &batch, &height));
    TRY(ledger_read_batch(node->ledger, &batch, &header, &body, &contents));
    merkle_leaf(header, &wanted);
    TRY(leaves_of(node, height, ret_leaf, &end));
    for (; *ret_leaf < end; (*ret_leaf)++) {
        TRY(ledger_read_node(node->ledger, 0, *ret_leaf, &leaf));
        if (hash_equal(&leaf, &wanted)) return STATUS_OK;
    }
    return STATUS_CORRUPT;
}

static enum status find_verdict(struct node *node, const struct question_id *id, uint64_t *ret_leaf) {
    const struct machine *machine = replica_machine(node->replica);
    uint64_t question;
    TRY(machine_find_question(machine, id, &question));
    return machine_verdict_index(machine, question, ret_leaf) == STATUS_OK ? STATUS_OK : STATUS_TOO_EARLY;
}

/* The newest checkpoint that a quorum certified, once it is durable here. */
static enum status newest(const struct node *node, struct checkpoint *ret_checkpoint) {
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    if (replica_certified(node->replica, ret_checkpoint, signatures, &count) != STATUS_OK) return STATUS_NOT_FINAL;
    return ret_checkpoint->height == node->certified_height ? STATUS_OK : STATUS_NOT_FINAL;
}

static enum status sign(struct node *node, const struct checkpoint *checkpoint, uint64_t leaf,
                        struct slice *ret_receipt) {
    struct receipt receipt = {.member = node->config->member, .size = checkpoint->size, .index = leaf};
    struct writer writer = writer_of(node->certificate, CERTIFICATE_BYTES_MAX);
    size_t count;
    TRY(merkle_inclusion_make(leaf, checkpoint->size, ledger_read_node, node->ledger, receipt.proof, &count));
    receipt.proof_count = (uint32_t)count;
    receipt_sign(&receipt, &checkpoint->root, machine_chain(replica_machine(node->replica)), node->config->secret,
                 &writer);
    TRY(writer_status(&writer));
    *ret_receipt = writer_slice(&writer);
    return STATUS_OK;
}

enum status node_receipt(void *context, const struct http_entry *entry, struct slice *ret_receipt,
                         struct slice *ret_entry) {
    struct node *node = context;
    struct checkpoint checkpoint;
    struct slice bytes;
    uint64_t leaf;
    struct replica_status status;
    struct writer writer = writer_of(node->pieces, CERTIFICATE_BYTES_MAX);
    replica_status(node->replica, &status);
    if (!status.is_member) return STATUS_NOT_ALLOWED; /* its word is nobody's */
    TRY(entry->is_batch ? find_header(node, entry->member, entry->seq, &leaf)
                        : find_verdict(node, &entry->question, &leaf));
    TRY(newest(node, &checkpoint));
    if (leaf >= checkpoint.size) return STATUS_NOT_FINAL;
    TRY(ledger_read_leaf(node->ledger, leaf, &bytes));
    writer_put(&writer, bytes.data, bytes.bytes);
    TRY(writer_status(&writer));
    TRY(sign(node, &checkpoint, leaf, ret_receipt));
    *ret_entry = writer_slice(&writer);
    return STATUS_OK;
}
