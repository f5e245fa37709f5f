/* The ports over the journal: what must not be written is refused here, with the rules of the SQLite ledger (persist.c); what can be
 * read is looked up in the journal's state. */
#include "ledger/memory.h"

#include "base/check.h"
#include "ledger/journal.h"

/* --- Writes --- */

void memory_ledger_persist_batch(void *context, const struct header *header, const struct hash *hash,
                                 struct slice header_bytes, struct slice body, struct slice contents) {
    static const uint8_t NO_CONTENTS[] = {0x80}; /* the empty CBOR array */
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK || journal_batch(ledger, hash) != NULL) return;
    if (contents.bytes == 0) contents = slice_of(NO_CONTENTS, sizeof NO_CONTENTS);
    journal_append(ledger,
                   (struct entry){.kind = ENTRY_BATCH,
                                  .number = header->seq,
                                  .member = header->member,
                                  .hash = *hash,
                                  .blobs = {journal_blob(header_bytes), journal_blob(body), journal_blob(contents)}});
}

/* The entry of this epoch, view and kind, or NULL. */
static const struct entry *find_view(const struct memory_ledger *ledger, const struct list *list, uint64_t epoch,
                                     uint64_t view, uint64_t kind) {
    for (size_t i = 0; i < list->count; i++) {
        const struct entry *entry = &ledger->journal[list->entries[i]];
        if (entry->epoch == epoch && entry->number == view && entry->member == kind) return entry;
    }
    return NULL;
}

void memory_ledger_persist_vote(void *context, const struct vote *vote) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    const struct entry *kept = find_view(ledger, &ledger->state.votes, vote->epoch, vote->view, (uint64_t)vote->kind);
    if (kept != NULL) {
        if (!hash_equal(&kept->hash, &vote->block)) memory_ledger_fail(ledger, STATUS_CONFLICT);
        return;
    }
    journal_append(ledger, (struct entry){.kind = ENTRY_VOTE,
                                          .epoch = vote->epoch,
                                          .number = vote->view,
                                          .member = (uint64_t)vote->kind,
                                          .hash = vote->block,
                                          .blobs = {journal_blob(slice_of(vote, sizeof *vote))}});
}

void memory_ledger_persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    struct vote_certificate votes;
    struct reader reader = reader_of(certificate);
    enum status status = vote_certificate_take(&reader, &votes);
    if (status == STATUS_OK && (votes.view != view || votes.kind != kind)) status = STATUS_CONFLICT;
    if (status != STATUS_OK) {
        memory_ledger_fail(ledger, status);
        return;
    }
    if (find_view(ledger, &ledger->state.certificates, votes.epoch, view, (uint64_t)kind) != NULL) return;
    journal_append(ledger, (struct entry){.kind = ENTRY_CERTIFICATE,
                                          .epoch = votes.epoch,
                                          .number = view,
                                          .member = (uint64_t)kind,
                                          .blobs = {journal_blob(certificate)}});
}

static bool holds_block(const struct memory_ledger *ledger, const struct hash *hash) {
    const struct list *list = &ledger->state.blocks;
    for (size_t i = 0; i < list->count; i++) {
        if (hash_equal(&ledger->journal[list->entries[i]].hash, hash)) return true;
    }
    return false;
}

void memory_ledger_persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK || holds_block(ledger, hash)) return;
    struct block fields;
    struct hash found;
    enum status status = block_read(block, &ledger->chain, &fields, &found);
    if (status == STATUS_OK && (fields.view != view || !hash_equal(&found, hash))) status = STATUS_CONFLICT;
    if (status != STATUS_OK) {
        memory_ledger_fail(ledger, status);
        return;
    }
    journal_append(ledger, (struct entry){.kind = ENTRY_BLOCK,
                                          .epoch = fields.epoch,
                                          .number = view,
                                          .hash = *hash,
                                          .blobs = {journal_blob(block)}});
}

void memory_ledger_persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    uint64_t count = ledger->state.frontier.count;
    if (index == count) {
        journal_append(ledger,
                       (struct entry){.kind = ENTRY_LEAF, .hash = *leaf_hash, .blobs = {journal_blob(bytes)}});
    } else if (index > count || !hash_equal(&ledger->state.nodes[0][index], leaf_hash)) {
        memory_ledger_fail(ledger, STATUS_CONFLICT);
    }
}

static uint64_t seq_at(const struct memory_ledger *ledger, const struct list *lane, size_t position) {
    return ledger->journal[ledger->state.batches[lane->entries[position]].entry].number;
}

/* A lane goes on without a gap, but for one that began again under another key (docs/protocol.md 8). */
static bool follows_in_lane(const struct memory_ledger *ledger, uint64_t member, uint64_t seq) {
    const struct list *lane = &ledger->state.lanes[member];
    uint64_t last = lane->count == 0 ? 0 : seq_at(ledger, lane, lane->count - 1);
    return seq == last + 1 || (seq > last && seq_is_first(seq));
}

void memory_ledger_persist_executed(void *context, const struct hash *batch, uint64_t height) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    const struct batch_slot *slot = journal_batch(ledger, batch);
    if (slot == NULL) {
        memory_ledger_fail(ledger, STATUS_MISSING);
        return;
    }
    if (slot->height == height) return;
    const struct entry *kept = &ledger->journal[slot->entry];
    bool fits = slot->height == 0 && height == ledger->state.heights.count + 1 && kept->member < MEMBERS_MAX &&
                follows_in_lane(ledger, kept->member, kept->number);
    if (!fits) {
        memory_ledger_fail(ledger, STATUS_CONFLICT);
        return;
    }
    journal_append(ledger,
                   (struct entry){.kind = ENTRY_EXECUTED, .number = height, .member = kept->member, .hash = *batch});
}

/* The log as kept here must be the log that the checkpoint speaks of, and the block must be that of the hash. */
static bool height_fits(const struct memory_ledger *ledger, uint64_t height, const struct hash *block_hash,
                        struct slice bytes, const struct checkpoint *checkpoint) {
    struct block block;
    struct hash hash, root;
    if (block_read(bytes, &ledger->chain, &block, &hash) != STATUS_OK) return false;
    merkle_frontier_root(&ledger->state.frontier, &root);
    return height == ledger->state.heights.count + 1 && hash_equal(&hash, block_hash) &&
           checkpoint->height == height && checkpoint->size == ledger->state.frontier.count &&
           hash_equal(&root, &checkpoint->root);
}

void memory_ledger_persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                                  struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    const struct entry *kept = journal_height(ledger, height);
    bool fits = kept != NULL ? hash_equal(&kept->hash, block_hash)
                             : height_fits(ledger, height, block_hash, block, checkpoint);
    if (!fits) memory_ledger_fail(ledger, STATUS_CONFLICT);
    if (!fits || kept != NULL) return;
    journal_append(ledger, (struct entry){.kind = ENTRY_HEIGHT,
                                          .number = height,
                                          .member = time_us,
                                          .hash = *block_hash,
                                          .checkpoint = *checkpoint,
                                          .blobs = {journal_blob(block), journal_blob(finalization)}});
}

void memory_ledger_persist_certified(void *context, const struct checkpoint *checkpoint,
                                     const struct checkpoint_signature *signatures, uint32_t count) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    if (ledger->state.has_certified) {
        const struct entry *kept = &ledger->journal[ledger->state.certified];
        if (kept->checkpoint.height > checkpoint->height) return;
        if (kept->checkpoint.height == checkpoint->height && kept->number >= count) return;
    }
    journal_append(ledger, (struct entry){.kind = ENTRY_CERTIFIED,
                                          .number = count,
                                          .checkpoint = *checkpoint,
                                          .blobs = {journal_blob(slice_of(signatures, count * sizeof *signatures))}});
}

void memory_ledger_persist_proof(void *context, uint32_t member, struct slice proof) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK) return;
    const struct list *list = &ledger->state.proofs;
    size_t same_member = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct entry *entry = &ledger->journal[list->entries[i]];
        if (entry->member != member) continue;
        if (slice_equal(journal_bytes(entry->blobs[0]), proof) || ++same_member == PROOFS_PER_MEMBER_MAX) return;
    }
    journal_append(ledger, (struct entry){.kind = ENTRY_PROOF, .member = member, .blobs = {journal_blob(proof)}});
}

static const struct entry *find_epoch(const struct memory_ledger *ledger, uint64_t epoch, uint32_t position) {
    const struct list *list = &ledger->state.epochs;
    for (size_t i = 0; i < list->count; i++) {
        const struct entry *entry = &ledger->journal[list->entries[i]];
        if (entry->epoch == epoch && entry->number == position) return entry;
    }
    return NULL;
}

void memory_ledger_persist_epoch(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                                 struct slice finalization) {
    struct memory_ledger *ledger = context;
    if (ledger->failure != STATUS_OK || find_epoch(ledger, epoch, position) != NULL) return;
    journal_append(ledger, (struct entry){.kind = ENTRY_EPOCH,
                                          .epoch = epoch,
                                          .number = position,
                                          .blobs = {journal_blob(bytes), journal_blob(finalization)}});
}

/* --- Reads --- */

enum status memory_ledger_read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                                     struct slice *ret_body, struct slice *ret_contents) {
    struct memory_ledger *ledger = context;
    const struct batch_slot *slot = journal_batch(ledger, hash);
    if (slot == NULL) return STATUS_NOT_FOUND;
    const struct entry *entry = &ledger->journal[slot->entry];
    *ret_header = journal_bytes(entry->blobs[0]);
    *ret_body = journal_bytes(entry->blobs[1]);
    *ret_contents = journal_bytes(entry->blobs[2]);
    return STATUS_OK;
}

enum status memory_ledger_read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    struct memory_ledger *ledger = context;
    if (member >= MEMBERS_MAX) return STATUS_NOT_FOUND;
    const struct list *lane = &ledger->state.lanes[member];
    size_t low = 0, high = lane->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (seq_at(ledger, lane, middle) < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == lane->count || seq_at(ledger, lane, low) != seq) return STATUS_NOT_FOUND;
    *ret_hash = ledger->journal[ledger->state.batches[lane->entries[low]].entry].hash;
    return STATUS_OK;
}

enum status memory_ledger_read_height(void *context, uint64_t height, struct slice *ret_block,
                                      struct slice *ret_finalization) {
    const struct entry *entry = journal_height(context, height);
    if (entry == NULL) return STATUS_NOT_FOUND;
    *ret_block = journal_bytes(entry->blobs[0]);
    *ret_finalization = journal_bytes(entry->blobs[1]);
    return STATUS_OK;
}

enum status memory_ledger_read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                                     struct slice *ret_finalization) {
    const struct entry *entry = find_epoch(context, epoch, position);
    if (entry == NULL) return STATUS_NOT_FOUND;
    *ret_bytes = journal_bytes(entry->blobs[0]);
    *ret_finalization = journal_bytes(entry->blobs[1]);
    return STATUS_OK;
}

uint64_t memory_ledger_leaves(const struct memory_ledger *ledger) { return ledger->state.frontier.count; }

enum status memory_ledger_read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    struct memory_ledger *ledger = context;
    if (index >= ledger->state.leaves.count) return STATUS_NOT_FOUND;
    *ret_bytes = journal_bytes(ledger->journal[ledger->state.leaves.entries[index]].blobs[0]);
    return STATUS_OK;
}

enum status memory_ledger_read_node(void *context, uint32_t level, uint64_t index, struct hash *ret_hash) {
    struct memory_ledger *ledger = context;
    if (level >= MERKLE_LEVELS_MAX || index >= ledger->state.frontier.count >> level) return STATUS_NOT_FOUND;
    *ret_hash = ledger->state.nodes[level][index];
    return STATUS_OK;
}

uint64_t memory_ledger_height(const struct memory_ledger *ledger) { return ledger->state.heights.count; }

/* --- The visit --- */

static enum status visit_heights(const struct memory_ledger *ledger, const struct ledger_visitor *visitor) {
    for (uint64_t height = 1; height <= ledger->state.heights.count; height++) {
        const struct entry *entry = journal_height(ledger, height);
        TRY(visitor->height(visitor->context, height, journal_bytes(entry->blobs[0]), journal_bytes(entry->blobs[1]),
                            &entry->checkpoint));
    }
    return STATUS_OK;
}

static enum status visit_batches(const struct memory_ledger *ledger, const struct ledger_visitor *visitor) {
    for (size_t i = 0; i < ledger->state.batches_count; i++) {
        const struct batch_slot *slot = &ledger->state.batches[i];
        struct blob *const *blobs = ledger->journal[slot->entry].blobs;
        if (slot->height != 0) continue;
        TRY(visitor->batch(visitor->context, journal_bytes(blobs[0]), journal_bytes(blobs[1]),
                           journal_bytes(blobs[2])));
    }
    return STATUS_OK;
}

static enum status visit_vote(const struct ledger_visitor *visitor, struct slice bytes) {
    struct vote vote;
    memcpy(&vote, bytes.data, sizeof vote);
    return visitor->vote(visitor->context, &vote);
}

static bool comes_before(const struct entry *a, const struct entry *b) {
    if (a->epoch != b->epoch) return a->epoch < b->epoch;
    return a->number != b->number ? a->number < b->number : a->member < b->member;
}

/* By epoch and view (proofs: by member); entries of the same place stay in the order of their arrival. These lists are short and
 * nearly sorted: what arrives last is of the newest view, as a rule. */
static void list_sort(const struct memory_ledger *ledger, struct list *list) {
    for (size_t i = 1; i < list->count; i++) {
        uint32_t entry = list->entries[i];
        size_t at = i;
        for (; at > 0 && comes_before(&ledger->journal[entry], &ledger->journal[list->entries[at - 1]]); at--)
            list->entries[at] = list->entries[at - 1];
        list->entries[at] = entry;
    }
}

/* `take` is one of the visitor's functions over plain bytes. */
static enum status visit_bytes(const struct memory_ledger *ledger, const struct list *list, void *context,
                               enum status (*take)(void *context, struct slice bytes)) {
    for (size_t i = 0; take != NULL && i < list->count; i++)
        TRY(take(context, journal_bytes(ledger->journal[list->entries[i]].blobs[0])));
    return STATUS_OK;
}

static enum status visit_certified(const struct memory_ledger *ledger, const struct ledger_visitor *visitor) {
    const struct entry *entry = &ledger->journal[ledger->state.certified];
    struct checkpoint_signature signatures[MEMBERS_MAX];
    CHECK(entry->blobs[0]->bytes <= sizeof signatures);
    memcpy(signatures, entry->blobs[0]->data, entry->blobs[0]->bytes);
    return visitor->certified(visitor->context, &entry->checkpoint, signatures, (uint32_t)entry->number);
}

enum status memory_ledger_visit(struct memory_ledger *ledger, const struct ledger_visitor *visitor) {
    struct state *state = &ledger->state;
    struct list *lists[] = {&state->votes, &state->certificates, &state->blocks, &state->proofs};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) list_sort(ledger, lists[i]);
    if (visitor->height != NULL) TRY(visit_heights(ledger, visitor));
    if (visitor->batch != NULL) TRY(visit_batches(ledger, visitor));
    for (size_t i = 0; visitor->block != NULL && i < state->blocks.count; i++) {
        const struct entry *entry = &ledger->journal[state->blocks.entries[i]];
        TRY(visitor->block(visitor->context, &entry->hash, journal_bytes(entry->blobs[0])));
    }
    TRY(visit_bytes(ledger, &state->certificates, visitor->context, visitor->certificate));
    for (size_t i = 0; visitor->vote != NULL && i < state->votes.count; i++)
        TRY(visit_vote(visitor, journal_bytes(ledger->journal[state->votes.entries[i]].blobs[0])));
    if (visitor->certified != NULL && state->has_certified) TRY(visit_certified(ledger, visitor));
    return visit_bytes(ledger, &state->proofs, visitor->context, visitor->proof);
}
