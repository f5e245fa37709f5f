/* Each frame type has its own way to be changed (any_*); what frame_put would stop the process for is mended before. */
#include "replica_mutate.h"

#include "wire/proof.h"

/* Nested objects that are written again; reset for each frame. */
static uint8_t scratch[1 << 20];
static size_t scratch_used;

static struct writer scratch_writer(void) { return writer_of(scratch + scratch_used, sizeof scratch - scratch_used); }

static struct slice scratch_keep(const struct writer *writer) {
    require(writer_status(writer) == STATUS_OK);
    scratch_used += writer->bytes;
    return writer_slice(writer);
}

static const uint8_t *secret_of(const struct mutation *m, uint32_t member) {
    bool has = member == LIAR || (m->any_key && member < WORLD_MEMBERS && member != VICTIM);
    return has ? m->world->secrets[member] : NULL;
}

/* --- values --- */

static uint64_t number(struct dice *dice, uint64_t old) {
    uint32_t way = dice_u8(dice);
    switch (way % 8) {
    case 0: return old + 1;
    case 1: return old - 1;
    case 2: return way / 8;
    case 3: return old + way / 8;
    case 4: return old ^ UINT64_C(1) << way / 8;
    case 5: return UINT64_C(1) << (way / 8 + 32);
    case 6: return UINT64_MAX - way / 8;
    default: return INT64_MAX;
    }
}

static void any_hash(const struct mutation *m, struct hash *hash) {
    uint32_t way = dice_u8(m->dice), which = dice_u8(m->dice);
    if (way % 4 == 0 && m->stage->blocks_count > 0) {
        *hash = m->stage->blocks[which % m->stage->blocks_count].hash;
    } else if (way % 4 == 1 && m->stage->tips_count > 0) {
        *hash = m->stage->tips[which % m->stage->tips_count].hash;
    } else if (way % 4 == 2) {
        hash->bytes[which % HASH_BYTES] ^= (uint8_t)(1 + way / 4);
    } else {
        *hash = way / 4 % 2 ? m->world->chain : (struct hash){{0}};
    }
}

static void any_tip(const struct mutation *m, struct tip *tip) {
    uint32_t way = dice_u8(m->dice);
    if (way % 4 == 0) tip->member = (uint32_t)(way / 4 % 8 < 7 ? way / 4 % 5 : 255);
    if (way % 4 == 1) tip->seq = number(m->dice, tip->seq);
    if (way % 4 == 2) any_hash(m, &tip->hash);
    if (way % 4 == 3 && m->stage->tips_count > 0) *tip = m->stage->tips[dice_u8(m->dice) % m->stage->tips_count];
}

/* Leaves out what may not stand in a list of tips. */
static void tips_mend(struct tip *tips, uint32_t *count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        bool fits =
            tips[i].member < MEMBERS_MAX && tips[i].seq > 0 && (kept == 0 || tips[i].member > tips[kept - 1].member);
        if (fits) tips[kept++] = tips[i];
    }
    *count = kept;
}

static void any_of_tips(const struct mutation *m, struct tip *tips, uint32_t *count) {
    uint32_t at = dice_u8(m->dice) % 6;
    if (at >= *count && *count < 5) {
        tips[*count] = (struct tip){.member = *count, .seq = 1};
        at = (*count)++;
    }
    if (at < *count) any_tip(m, &tips[at]);
    tips_mend(tips, count);
}

/* --- signed objects --- */

static void sign_vote(const struct mutation *m, struct vote *vote) {
    const uint8_t *secret = secret_of(m, vote->member);
    if (vote->view == 0) vote->view = 1;
    if (vote->kind < VOTE_NOTARIZE || vote->kind > VOTE_FINALIZE) vote->kind = VOTE_NULLIFY;
    if (vote->kind == VOTE_NULLIFY) vote->block = (struct hash){{0}};
    if (vote->kind != VOTE_NULLIFY && hash_is_zero(&vote->block)) vote->block = m->world->chain;
    if (secret != NULL) vote_sign(vote, &m->world->chain, secret);
}

static void any_vote(const struct mutation *m, struct vote *vote) {
    uint32_t way = dice_u8(m->dice);
    if (way % 6 == 0) vote->epoch = number(m->dice, vote->epoch);
    if (way % 6 == 1) vote->view = number(m->dice, vote->view);
    if (way % 6 == 2) vote->kind = (enum vote_kind)(1 + way / 6 % 3);
    if (way % 6 == 3) any_hash(m, &vote->block);
    if (way % 6 == 4) vote->member = way / 6 % 5;
    if (way % 6 == 5) vote->signature[way / 6] ^= 1;
    if (way % 6 != 5) sign_vote(m, vote);
}

static void sign_certificate(const struct mutation *m, struct vote_certificate *certificate) {
    struct vote vote = {certificate->epoch, certificate->view, certificate->kind, certificate->block, 0, {0}};
    for (uint32_t i = 0; i < certificate->count; i++) {
        vote.member = certificate->votes[i].member;
        memcpy(vote.signature, certificate->votes[i].signature, SIGNATURE_BYTES);
        sign_vote(m, &vote);
        memcpy(certificate->votes[i].signature, vote.signature, SIGNATURE_BYTES);
    }
    certificate->view = vote.view;
    certificate->kind = vote.kind;
    certificate->block = vote.block;
}

static struct slice any_certificate(const struct mutation *m, struct slice bytes) {
    static struct vote_certificate certificate;
    uint32_t way = dice_u8(m->dice);
    if (way % 2 == 0 && m->stage->certificates_count > 0)
        bytes = m->stage->certificates[dice_u8(m->dice) % m->stage->certificates_count];
    struct reader reader = reader_of(bytes);
    if (way % 4 == 0 || vote_certificate_take(&reader, &certificate) != STATUS_OK) return bytes;
    way /= 4;
    if (way % 8 == 0) certificate.epoch = number(m->dice, certificate.epoch);
    if (way % 8 == 1) certificate.view = number(m->dice, certificate.view);
    if (way % 8 == 2) certificate.kind = (enum vote_kind)(1 + dice_u8(m->dice) % 3);
    if (way % 8 == 3) any_hash(m, &certificate.block);
    if (way % 8 == 4 && certificate.count > 1) certificate.count--;
    if (way % 8 == 5) certificate.votes[0].signature[dice_u8(m->dice) % SIGNATURE_BYTES] ^= 1;
    if (way % 8 == 6) certificate.votes[certificate.count - 1].member = dice_u8(m->dice) | LIAR;
    if (way % 8 != 5) sign_certificate(m, &certificate);
    struct writer writer = scratch_writer();
    vote_certificate_put(&writer, &certificate);
    return scratch_keep(&writer);
}

static struct slice any_proof(const struct mutation *m);

/* Changes a block and has its leader sign it, when that one is the liar. */
static struct slice any_block(const struct mutation *m, struct slice bytes, uint8_t *signature) {
    static struct block block;
    struct hash hash;
    if (block_read(bytes, &m->world->chain, &block, &hash) != STATUS_OK) return bytes;
    uint32_t way = dice_u8(m->dice);
    if (way % 8 == 0) block.epoch = number(m->dice, block.epoch);
    if (way % 8 == 1) block.view = number(m->dice, block.view) | 1;
    if (way % 8 == 2) block.height = number(m->dice, block.height);
    if (way % 8 == 3) any_hash(m, &block.parent);
    if (way % 8 == 4) block.entries_count = 0;
    if (way % 8 == 5) any_of_tips(m, block.entries, &block.entries_count);
    if (way % 8 == 6) block.view = (block.view & ~UINT64_C(3)) + LIAR;
    if (way % 8 == 7 && block.proofs_count < BLOCK_PROOFS_MAX) block.proofs[block.proofs_count++] = any_proof(m);
    if (block.height == 0) block.height = 1;
    struct writer writer = scratch_writer();
    block_put(&writer, &block, &m->world->chain);
    bytes = scratch_keep(&writer);
    if (signature == NULL || block_read(bytes, &m->world->chain, &block, &hash) != STATUS_OK) return bytes;
    struct vote vote = {
        block.epoch, block.view, VOTE_NOTARIZE, hash, (uint32_t)((block.view + block.epoch) % WORLD_MEMBERS), {0}};
    if (secret_of(m, vote.member) == NULL) return bytes;
    sign_vote(m, &vote);
    memcpy(signature, vote.signature, SIGNATURE_BYTES);
    return bytes;
}

static struct slice put_vote(const struct mutation *m, struct vote *vote) {
    struct writer writer = scratch_writer();
    sign_vote(m, vote);
    vote_put(&writer, vote);
    return scratch_keep(&writer);
}

static struct slice put_header(const struct mutation *m, struct header *header) {
    struct writer writer = scratch_writer();
    struct hash hash;
    const uint8_t *secret = secret_of(m, header->member);
    if (header->seq == 0) header->seq = 1;
    if (header->seq == 1) header->prev = (struct hash){{0}};
    if (header->seq > 1 && hash_is_zero(&header->prev)) header->prev = m->world->chain;
    tips_mend(header->deps, &header->deps_count);
    for (uint32_t i = 0; i < header->deps_count; i++) {
        if (header->deps[i].member == header->member) header->deps_count = i;
    }
    header_sign(header, &m->world->chain, secret != NULL ? secret : m->world->secrets[LIAR], &writer, &hash);
    return scratch_keep(&writer);
}

static struct slice any_proof(const struct mutation *m) {
    uint32_t way = dice_u8(m->dice);
    struct slice a, b;
    if (way % 2 == 0) {
        struct vote vote = {
            .view = 1 + way / 2 % 16, .kind = VOTE_NOTARIZE, .block = m->world->chain, .member = LIAR};
        a = put_vote(m, &vote);
        any_vote(m, &vote);
        b = put_vote(m, &vote);
    } else {
        static struct header header;
        header = (struct header){.member = LIAR, .seq = 1 + way / 2 % 8, .wall_us = way, .bytes = 1};
        a = put_header(m, &header);
        header.wall_us += dice_u8(m->dice);
        b = put_header(m, &header);
    }
    struct writer writer = scratch_writer();
    proof_put(&writer, way % 2 == 0 ? PROOF_VOTE : PROOF_FORK, a, b);
    return scratch_keep(&writer);
}

/* A body of up to two items, and what the header says of it. */
static struct slice any_body(const struct mutation *m, struct header *header) {
    struct writer writer = scratch_writer();
    uint32_t count = dice_u8(m->dice) % 3;
    writer_put_u8(&writer, (uint8_t)(0x80 + count));
    for (uint32_t i = 0; i < count; i++) world_item(dice_u16(m->dice), &writer);
    header->count = count;
    header->bytes = (uint32_t)writer.bytes;
    require(items_check(writer_slice(&writer), count, &header->root) == STATUS_OK);
    return scratch_keep(&writer);
}

static void any_batch(const struct mutation *m, struct frame *frame) {
    static struct header header;
    struct hash hash;
    if (header_read(frame->batch.header, &m->world->chain, &header, &hash) != STATUS_OK) return;
    uint32_t way = dice_u8(m->dice);
    if (way % 8 == 0) header.member = way / 8 % 5;
    if (way % 8 == 1) header.seq = number(m->dice, header.seq);
    if (way % 8 == 2) header.wall_us = number(m->dice, header.wall_us);
    if (way % 8 == 3) any_hash(m, &header.prev);
    if (way % 8 == 4) any_of_tips(m, header.deps, &header.deps_count);
    if (way % 8 == 5) any_hash(m, &header.root);
    if (way % 8 == 6) frame->batch.body = any_body(m, &header);
    if (way % 8 == 7) {
        struct writer writer = scratch_writer();
        static const uint8_t content[] = "content";
        frame_contents_put(&writer, 1);
        frame_content_put(&writer, way / 8, slice_of(content, sizeof content));
        frame->batch.contents = scratch_keep(&writer);
        return;
    }
    frame->batch.header = put_header(m, &header);
}

static void any_proposal(const struct mutation *m, struct frame *frame) {
    uint32_t way = dice_u8(m->dice), *count = &frame->proposal.nullifications_count;
    if (way % 4 == 0) frame->proposal.block = any_block(m, frame->proposal.block, frame->proposal.signature);
    if (way % 4 == 1) frame->proposal.parent = any_certificate(m, frame->proposal.parent);
    if (way % 4 == 2 && *count < PROPOSAL_NULLIFICATIONS_MAX) {
        struct slice added = any_certificate(m, frame->proposal.parent);
        if (added.bytes > 0) frame->proposal.nullifications[(*count)++] = added;
    }
    if (way % 4 == 3 && *count > 0) (*count)--;
}

static void any_attestation(const struct mutation *m, struct frame *frame) {
    struct checkpoint *checkpoint = &frame->attestation.checkpoint;
    uint32_t way = dice_u8(m->dice);
    if (way % 6 == 0) checkpoint->size = number(m->dice, checkpoint->size);
    if (way % 6 == 1) any_hash(m, &checkpoint->root);
    if (way % 6 == 2) checkpoint->height = number(m->dice, checkpoint->height);
    if (way % 6 == 3) checkpoint->epoch = number(m->dice, checkpoint->epoch);
    if (way % 6 == 4) checkpoint->threshold = (struct threshold){9, 10};
    checkpoint_sign(checkpoint, &m->world->chain, m->world->secrets[LIAR], frame->attestation.signature);
}

static void any_range(const struct mutation *m, struct frame *frame) {
    uint32_t way = dice_u8(m->dice), at = dice_u8(m->dice) % frame->range.count;
    if (way % 4 == 0 && frame->range.count > 1) frame->range.count--;
    if (way % 4 == 1) frame->range.blocks[at] = any_block(m, frame->range.blocks[at], NULL);
    if (way % 4 == 2) frame->range.finalization = any_certificate(m, frame->range.finalization);
    if (way % 4 == 3) {
        struct slice first = frame->range.blocks[0];
        frame->range.blocks[0] = frame->range.blocks[at];
        frame->range.blocks[at] = first;
    }
}

static void any_recovered(const struct mutation *m, struct frame *frame) {
    struct tip *tip = &frame->recovered.tip;
    uint32_t way = dice_u8(m->dice);
    if (way % 3 == 0) any_tip(m, tip);
    if (way % 3 == 1) frame->recovered.view = number(m->dice, frame->recovered.view);
    if (way % 3 == 2) frame->recovered.signed_view = number(m->dice, frame->recovered.signed_view);
    if (tip->member >= MEMBERS_MAX) tip->member = VICTIM;
    if (hash_is_zero(&tip->hash)) tip->seq = 0;
    if (tip->seq == 0) tip->hash = (struct hash){{0}};
}

static void any_small(const struct mutation *m, struct frame *frame) {
    struct dice *dice = m->dice;
    uint32_t way = dice_u8(dice);
    switch (frame->type) {
    case FRAME_HELLO:
        if (way % 2 == 0) frame->hello.height = number(dice, frame->hello.height);
        if (way % 2 == 1) frame->hello.member = way / 2 % 5;
        break;
    case FRAME_HEARTBEAT:
        if (way % 3 == 0) frame->heartbeat.view = number(dice, frame->heartbeat.view);
        if (way % 3 == 1) frame->heartbeat.height = number(dice, frame->heartbeat.height);
        if (way % 3 == 2) frame->heartbeat.certified = number(dice, frame->heartbeat.certified);
        break;
    case FRAME_FETCH_BATCH: {
        uint32_t one = 1;
        any_tip(m, &frame->fetch_batch);
        tips_mend(&frame->fetch_batch, &one);
        if (one == 0) frame->fetch_batch = (struct tip){.seq = 1};
        break;
    }
    case FRAME_FETCH_BLOCK: any_hash(m, &frame->fetch_block); break;
    case FRAME_FETCH_RANGE: frame->fetch_range = number(dice, frame->fetch_range); break;
    case FRAME_FETCH_VIEWS:
        frame->fetch_views.from = number(dice, frame->fetch_views.from);
        if (way % 2 == 0) frame->fetch_views.to = number(dice, frame->fetch_views.to);
        if (frame->fetch_views.to < frame->fetch_views.from) frame->fetch_views.to = frame->fetch_views.from;
        break;
    default: frame->recover.nonce = number(dice, frame->recover.nonce); break;
    }
}

static void any_change(const struct mutation *m, struct frame *frame) {
    switch (frame->type) {
    case FRAME_BATCH: any_batch(m, frame); break;
    case FRAME_ACK: any_of_tips(m, frame->ack.tips, &frame->ack.count); break;
    case FRAME_PROPOSAL: any_proposal(m, frame); break;
    case FRAME_VOTE: any_vote(m, &frame->vote); break;
    case FRAME_CERTIFICATE: frame->certificate = any_certificate(m, frame->certificate); break;
    case FRAME_ATTESTATION: any_attestation(m, frame); break;
    case FRAME_BLOCK: frame->block = any_block(m, frame->block, NULL); break;
    case FRAME_RANGE: any_range(m, frame); break;
    case FRAME_RECOVERED: any_recovered(m, frame); break;
    case FRAME_PROOF: frame->proof = any_proof(m); break;
    default: any_small(m, frame); break;
    }
}

void mutate_frame(const struct mutation *m, struct slice bytes, struct writer *ret_bytes) {
    static struct frame frame;
    scratch_used = 0;
    if (frame_read(bytes, &frame) != STATUS_OK) {
        writer_put(ret_bytes, bytes.data, bytes.bytes);
        return;
    }
    uint32_t changes = 1 + dice_u8(m->dice) % 3;
    for (uint32_t i = 0; i < changes; i++) any_change(m, &frame);
    frame_put(ret_bytes, &frame);
}

void mutate_bytes(struct dice *dice, struct writer *bytes) {
    uint32_t changes = 1 + dice_u8(dice) % 4;
    for (uint32_t i = 0; i < changes && bytes->bytes > 0; i++) {
        size_t at = dice_u16(dice) % bytes->bytes;
        uint32_t way = dice_u8(dice);
        if (way < 128) bytes->data[at] = (uint8_t)dice_u8(dice);
        if (way >= 128 && way < 224) bytes->data[at] ^= (uint8_t)(1u << way % 8);
        if (way >= 224) bytes->bytes = at;
    }
}

/* --- the liar's own --- */

static void craft_batch(const struct mutation *m, uint64_t wall_us, struct frame *frame) {
    static struct header header;
    header = (struct header){.member = LIAR, .wall_us = wall_us};
    uint32_t way = dice_u8(m->dice);
    const struct tip *base = NULL;
    for (uint32_t i = 0; i < m->stage->tips_count; i++) {
        const struct tip *tip = &m->stage->tips[i];
        if (tip->member == LIAR && (base == NULL || tip->seq > base->seq || (way & 1 && tip->seq == way / 8)))
            base = tip;
    }
    header.seq = base == NULL ? 1 : base->seq + 1;
    if (base != NULL) header.prev = base->hash;
    if (way & 2) any_of_tips(m, header.deps, &header.deps_count);
    if (way & 4) any_of_tips(m, header.deps, &header.deps_count);
    frame->type = FRAME_BATCH;
    frame->batch.contents = slice_of(NULL, 0);
    frame->batch.body = any_body(m, &header);
    frame->batch.header = put_header(m, &header);
}

/* The certificate of this kind for a view, or for a block when `block` is not NULL. */
static struct slice find_certificate(const struct mutation *m, enum vote_kind kind, uint64_t view,
                                     const struct hash *block) {
    static struct vote_certificate certificate;
    for (uint32_t i = 0; i < m->stage->certificates_count; i++) {
        struct reader reader = reader_of(m->stage->certificates[i]);
        if (vote_certificate_take(&reader, &certificate) != STATUS_OK || certificate.kind != kind) continue;
        if (block != NULL ? hash_equal(block, &certificate.block) : view == certificate.view)
            return m->stage->certificates[i];
    }
    return slice_of(NULL, 0);
}

/* An own block on top of one that exists, in one of the liar's next views, with all proofs that there are. */
static void craft_proposal(const struct mutation *m, struct frame *frame) {
    static struct block block;
    struct hash hash;
    uint32_t way = dice_u8(m->dice), which = dice_u8(m->dice);
    struct world_block parent = {.hash = m->world->chain};
    if (which < m->stage->blocks_count) parent = m->stage->blocks[which];
    block = (struct block){.parent = parent.hash, .height = parent.height + 1};
    block.view = (parent.view / WORLD_MEMBERS) * WORLD_MEMBERS + LIAR;
    if (block.view <= parent.view) block.view += WORLD_MEMBERS;
    block.view += (uint64_t)(way & 3) * WORLD_MEMBERS;
    for (uint32_t i = 0; i < way / 4 % 4; i++) any_of_tips(m, block.entries, &block.entries_count);
    if (way & 64) block.proofs[block.proofs_count++] = any_proof(m);
    struct writer writer = scratch_writer();
    block_put(&writer, &block, &m->world->chain);
    *frame = (struct frame){.type = FRAME_PROPOSAL};
    frame->proposal.block = scratch_keep(&writer);
    frame->proposal.parent = find_certificate(m, VOTE_NOTARIZE, 0, &parent.hash);
    for (uint64_t view = parent.view + 1; view < block.view; view++) {
        struct slice nullification = find_certificate(m, VOTE_NULLIFY, view, NULL);
        if (nullification.bytes > 0)
            frame->proposal.nullifications[frame->proposal.nullifications_count++] = nullification;
    }
    if (block_read(frame->proposal.block, &m->world->chain, &block, &hash) != STATUS_OK) return;
    struct vote vote = {0, block.view, VOTE_NOTARIZE, hash, LIAR, {0}};
    sign_vote(m, &vote);
    memcpy(frame->proposal.signature, vote.signature, SIGNATURE_BYTES);
}

static void craft_vote(const struct mutation *m, struct frame *frame) {
    uint32_t way = dice_u8(m->dice), which = dice_u8(m->dice);
    struct vote vote = {.kind = (enum vote_kind)(1 + way % 3), .view = which, .member = LIAR};
    if (which < m->stage->blocks_count) {
        vote.view = m->stage->blocks[which].view;
        vote.block = m->stage->blocks[which].hash;
    }
    if (m->any_key) vote.member = 1 + way / 4 % 3;
    sign_vote(m, &vote);
    frame->type = FRAME_VOTE;
    frame->vote = vote;
}

void craft_frame(const struct mutation *m, uint64_t wall_us, struct writer *ret_bytes) {
    static struct frame frame;
    scratch_used = 0;
    uint32_t way = dice_u8(m->dice) % 8;
    if (way < 3) {
        craft_vote(m, &frame);
    } else if (way < 5) {
        craft_batch(m, wall_us, &frame);
    } else if (way < 7) {
        craft_proposal(m, &frame);
    } else {
        frame.type = FRAME_PROOF;
        frame.proof = any_proof(m);
    }
    frame_put(ret_bytes, &frame);
}
