#include "sample.h"

#include <stdio.h>

#include "base/check.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "wire/frame.h"
#include "wire/item.h"
#include "wire/record.h"

enum { TIME_US = 1700000000 };

void sample_init(struct sample *sample) {
    memset(sample, 0, sizeof *sample);
    struct genesis *genesis = &sample->genesis;
    (void)snprintf(genesis->name, sizeof genesis->name, "sample");
    genesis->created_us = TIME_US;
    genesis->threshold = THRESHOLD_DEFAULT;
    genesis->members = SAMPLE_MEMBERS;
    genesis->state_bytes_max = STATE_BYTES_DEFAULT;
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)(i + 1)};
        ed25519_from_seed(seed, sample->secrets[i], genesis->keys[i]);
        (void)snprintf(genesis->member_names[i], sizeof genesis->member_names[i], "member-%u", i);
    }
    CHECK(genesis_valid(genesis) == STATUS_OK);
    genesis_chain(genesis, &sample->chain);
    sample->parent = sample->chain;
    merkle_frontier_init(&sample->log);
}

struct replica_ports sample_ports(struct ledger *ledger) {
    return (struct replica_ports){
        .context = ledger,
        .persist_batch = ledger_persist_batch,
        .persist_vote = ledger_persist_vote,
        .persist_certificate = ledger_persist_certificate,
        .persist_block = ledger_persist_block,
        .persist_leaf = ledger_persist_leaf,
        .persist_executed = ledger_persist_executed,
        .persist_height = ledger_persist_height,
        .persist_certified = ledger_persist_certified,
        .persist_proof = ledger_persist_proof,
        .persist_epoch = ledger_persist_epoch,
        .read_epoch = ledger_read_epoch,
        .read_batch = ledger_read_batch,
        .read_lane = ledger_read_lane,
        .read_height = ledger_read_height,
        .read_leaf = ledger_read_leaf,
    };
}

struct replica_ports sample_memory_ports(struct memory_ledger *ledger) {
    return (struct replica_ports){
        .context = ledger,
        .persist_batch = memory_ledger_persist_batch,
        .persist_vote = memory_ledger_persist_vote,
        .persist_certificate = memory_ledger_persist_certificate,
        .persist_block = memory_ledger_persist_block,
        .persist_leaf = memory_ledger_persist_leaf,
        .persist_executed = memory_ledger_persist_executed,
        .persist_height = memory_ledger_persist_height,
        .persist_certified = memory_ledger_persist_certified,
        .persist_proof = memory_ledger_persist_proof,
        .persist_epoch = memory_ledger_persist_epoch,
        .read_epoch = memory_ledger_read_epoch,
        .read_batch = memory_ledger_read_batch,
        .read_lane = memory_ledger_read_lane,
        .read_height = memory_ledger_read_height,
        .read_leaf = memory_ledger_read_leaf,
    };
}

static void finish(struct sample_bytes *bytes, const struct writer *writer) {
    CHECK(writer_status(writer) == STATUS_OK);
    bytes->bytes = writer->bytes;
}

static void put_tell(struct writer *writer, uint64_t seq, const char *observation, const struct hash *content) {
    struct item item = {.kind = ITEM_TELL};
    item.tell.question.bytes[0] = (uint8_t)seq;
    item.tell.observation = slice_of_text(observation);
    item.tell.loglik_count = 1;
    item.tell.loglik[0] = (int64_t)seq * 1000;
    item.tell.has_content = content != NULL;
    if (content != NULL) item.tell.content = *content;
    item.tell.observed_us = TIME_US + seq;
    item_put(writer, &item);
}

void sample_batch(struct sample *sample, uint32_t member, struct sample_batch *ret_batch) {
    uint64_t seq = ++sample->seqs[member];
    char content[64];
    (void)snprintf(content, sizeof content, "what member %u saw at %llu", member, (unsigned long long)seq);
    struct hash content_hash;
    sha256_of(slice_of_text(content), &content_hash);
    memset(ret_batch, 0, sizeof *ret_batch);
    struct writer body = writer_of(ret_batch->body.data, SAMPLE_BYTES);
    cbor_put_array(&body, 2);
    put_tell(&body, seq, "first", &content_hash);
    put_tell(&body, seq, "second", NULL);
    finish(&ret_batch->body, &body);
    struct writer contents = writer_of(ret_batch->contents.data, SAMPLE_BYTES);
    frame_contents_put(&contents, 1);
    frame_content_put(&contents, 0, slice_of_text(content));
    finish(&ret_batch->contents, &contents);
    struct header *header = &ret_batch->header;
    header->member = member;
    header->seq = seq;
    header->wall_us = TIME_US + seq;
    header->prev = sample->tips[member];
    header->count = 2;
    header->bytes = (uint32_t)body.bytes;
    CHECK(items_check(sample_slice(&ret_batch->body), 2, &header->root) == STATUS_OK);
    struct writer bytes = writer_of(ret_batch->header_bytes.data, SAMPLE_BYTES);
    header_sign(header, &sample->chain, sample->secrets[member], &bytes, &ret_batch->hash);
    finish(&ret_batch->header_bytes, &bytes);
    sample->tips[member] = ret_batch->hash;
}

void sample_persist_batch(const struct replica_ports *ports, const struct sample_batch *batch) {
    ports->persist_batch(ports->context, &batch->header, &batch->hash, sample_slice(&batch->header_bytes),
                         sample_slice(&batch->body), sample_slice(&batch->contents));
}

static void persist_leaf(struct sample *sample, const struct replica_ports *ports, struct slice bytes) {
    struct hash hash;
    merkle_leaf(bytes, &hash);
    ports->persist_leaf(ports->context, sample->log.count, bytes, &hash);
    merkle_append(&sample->log, &hash);
}

void sample_persist_genesis(struct sample *sample, const struct replica_ports *ports) {
    struct sample_bytes bytes;
    struct writer writer = writer_of(bytes.data, SAMPLE_BYTES);
    genesis_put(&writer, &sample->genesis);
    finish(&bytes, &writer);
    persist_leaf(sample, ports, sample_slice(&bytes));
}

/* The block of the next height in the newest view. */
static struct hash next_block(const struct sample *sample, struct sample_bytes *ret_bytes) {
    struct block block = {.view = sample->view, .height = sample->height + 1, .parent = sample->parent};
    struct writer writer = writer_of(ret_bytes->data, SAMPLE_BYTES);
    block_put(&writer, &block, &sample->chain);
    finish(ret_bytes, &writer);
    struct hash hash;
    sha256_of(sample_slice(ret_bytes), &hash);
    return hash;
}

static void sign_vote(const struct sample *sample, uint32_t member, uint64_t view, enum vote_kind kind,
                      const struct hash *block, struct vote *ret_vote) {
    *ret_vote = (struct vote){.view = view, .kind = kind, .block = *block, .member = member};
    vote_sign(ret_vote, &sample->chain, sample->secrets[member]);
}

void sample_vote(const struct sample *sample, uint64_t view, enum vote_kind kind, const struct hash *block,
                 struct vote *ret_vote) {
    sign_vote(sample, SAMPLE_SELF, view, kind, block, ret_vote);
}

static void certificate_of(const struct sample *sample, enum vote_kind kind, const struct hash *block,
                           struct sample_bytes *ret_bytes) {
    struct vote_certificate certificate = {.view = sample->view, .kind = kind, .block = *block, .count = 3};
    for (uint32_t i = 0; i < certificate.count; i++) {
        struct vote vote;
        sign_vote(sample, i, sample->view, kind, block, &vote);
        certificate.votes[i].member = i;
        memcpy(certificate.votes[i].signature, vote.signature, SIGNATURE_BYTES);
    }
    struct writer writer = writer_of(ret_bytes->data, SAMPLE_BYTES);
    vote_certificate_put(&writer, &certificate);
    finish(ret_bytes, &writer);
}

uint64_t sample_persist_view(struct sample *sample, const struct replica_ports *ports) {
    sample->view += 1;
    struct sample_bytes block, certificate;
    struct hash hash = next_block(sample, &block);
    struct vote vote;
    sample_vote(sample, sample->view, VOTE_NOTARIZE, &hash, &vote);
    certificate_of(sample, VOTE_NOTARIZE, &hash, &certificate);
    ports->persist_block(ports->context, &hash, sample->view, sample_slice(&block));
    ports->persist_vote(ports->context, &vote);
    ports->persist_certificate(ports->context, sample->view, VOTE_NOTARIZE, sample_slice(&certificate));
    return sample->view;
}

void sample_persist_leaves(struct sample *sample, const struct replica_ports *ports,
                           const struct sample_batch *batches, size_t count) {
    for (size_t i = 0; i < count; i++) {
        persist_leaf(sample, ports, sample_slice(&batches[i].header_bytes));
        ports->persist_executed(ports->context, &batches[i].hash, sample->height + 1);
    }
}

void sample_persist_height(struct sample *sample, const struct replica_ports *ports,
                           const struct sample_batch *batches, size_t count, bool finalized) {
    struct sample_bytes block, certificate = {.bytes = 0}, record;
    struct hash hash = next_block(sample, &block);
    if (finalized) certificate_of(sample, VOTE_FINALIZE, &hash, &certificate);
    sample_persist_leaves(sample, ports, batches, count);
    sample->height += 1;
    uint64_t time_us = TIME_US + sample->height;
    struct record_state state = {.height = sample->height, .block = hash, .time_us = time_us};
    struct writer writer = writer_of(record.data, SAMPLE_BYTES);
    record_state_put(&writer, &state);
    finish(&record, &writer);
    persist_leaf(sample, ports, sample_slice(&record));
    sample->checkpoint = (struct checkpoint){
        .size = sample->log.count, .height = sample->height, .threshold = sample->genesis.threshold};
    merkle_frontier_root(&sample->log, &sample->checkpoint.root);
    ports->persist_height(ports->context, sample->height, &hash, sample_slice(&block), sample_slice(&certificate),
                          time_us, &sample->checkpoint);
    sample->parent = hash;
}

void sample_persist_certified(const struct sample *sample, const struct replica_ports *ports, uint32_t count) {
    struct checkpoint_signature signatures[SAMPLE_MEMBERS];
    for (uint32_t i = 0; i < count; i++) {
        signatures[i].member = i;
        checkpoint_sign(&sample->checkpoint, &sample->chain, sample->secrets[i], signatures[i].signature);
    }
    ports->persist_certified(ports->context, &sample->checkpoint, signatures, count);
}

void sample_persist_proof(const struct sample *sample, const struct replica_ports *ports, uint32_t member,
                          uint64_t seq) {
    struct sample_bytes sides[2], proof;
    struct header header = {.member = member, .seq = seq, .count = 0, .bytes = 1};
    if (seq > 1) header.prev.bytes[0] = 1;
    for (uint64_t i = 0; i < 2; i++) {
        struct hash hash;
        struct writer writer = writer_of(sides[i].data, SAMPLE_BYTES);
        header.wall_us = TIME_US + i;
        header_sign(&header, &sample->chain, sample->secrets[member], &writer, &hash);
        finish(&sides[i], &writer);
    }
    struct writer writer = writer_of(proof.data, SAMPLE_BYTES);
    proof_put(&writer, PROOF_FORK, sample_slice(&sides[0]), sample_slice(&sides[1]));
    finish(&proof, &writer);
    ports->persist_proof(ports->context, member, sample_slice(&proof));
}

static void fold(struct sample_digest *digest, const char *what, const void *data, size_t bytes) {
    struct sha256 sha256;
    sha256_begin(&sha256);
    sha256_add(&sha256, digest->hash.bytes, HASH_BYTES);
    sha256_add(&sha256, what, strlen(what));
    sha256_add(&sha256, data, bytes);
    sha256_end(&sha256, &digest->hash);
}

static void fold_checkpoint(struct sample_digest *digest, const struct checkpoint *checkpoint) {
    uint64_t numbers[] = {checkpoint->height, checkpoint->size, checkpoint->epoch, checkpoint->threshold.numerator,
                          checkpoint->threshold.denominator};
    fold(digest, "numbers", numbers, sizeof numbers);
    fold(digest, "root", checkpoint->root.bytes, HASH_BYTES);
}

static enum status take_height(void *context, uint64_t height, struct slice block, struct slice finalization,
                               const struct checkpoint *checkpoint) {
    struct sample_digest *digest = context;
    digest->heights += 1;
    CHECK(digest->heights == height && digest->batches == 0);
    fold(digest, "height", block.data, block.bytes);
    fold(digest, "finalization", finalization.data, finalization.bytes);
    fold_checkpoint(digest, checkpoint);
    return STATUS_OK;
}

static enum status take_batch(void *context, struct slice header, struct slice body, struct slice contents) {
    struct sample_digest *digest = context;
    digest->batches += 1;
    fold(digest, "header", header.data, header.bytes);
    fold(digest, "body", body.data, body.bytes);
    fold(digest, "contents", contents.data, contents.bytes);
    return STATUS_OK;
}

static enum status take_block(void *context, const struct hash *hash, struct slice block) {
    struct sample_digest *digest = context;
    digest->blocks += 1;
    fold(digest, "hash", hash->bytes, HASH_BYTES);
    fold(digest, "block", block.data, block.bytes);
    return STATUS_OK;
}

static enum status take_certificate(void *context, struct slice certificate) {
    struct sample_digest *digest = context;
    digest->certificates += 1;
    fold(digest, "certificate", certificate.data, certificate.bytes);
    return STATUS_OK;
}

static enum status take_vote(void *context, const struct vote *vote) {
    struct sample_digest *digest = context;
    uint8_t bytes[VOTE_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    vote_put(&writer, vote);
    digest->votes += 1;
    fold(digest, "vote", bytes, writer.bytes);
    return STATUS_OK;
}

static enum status take_certified(void *context, const struct checkpoint *checkpoint,
                                  const struct checkpoint_signature *signatures, uint32_t count) {
    struct sample_digest *digest = context;
    digest->certified += 1;
    fold_checkpoint(digest, checkpoint);
    for (uint32_t i = 0; i < count; i++) {
        fold(digest, "signer", &signatures[i].member, sizeof signatures[i].member);
        fold(digest, "signature", signatures[i].signature, SIGNATURE_BYTES);
    }
    return STATUS_OK;
}

static enum status take_proof(void *context, struct slice proof) {
    struct sample_digest *digest = context;
    digest->proofs += 1;
    fold(digest, "proof", proof.data, proof.bytes);
    return STATUS_OK;
}

struct ledger_visitor sample_visitor(struct sample_digest *digest) {
    memset(digest, 0, sizeof *digest);
    return (struct ledger_visitor){digest,           take_height, take_batch,     take_block,
                                   take_certificate, take_vote,   take_certified, take_proof};
}
