#include "sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/ed25519.h"

static void require(bool condition, const char *what) {
    if (condition) return;
    (void)fprintf(stderr, "%s\n", what);
    abort();
}

struct prng sample_prng(void) {
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20260214;
    printf("SEED=%" PRIu64 "\n", seed);
    return prng_seeded(seed);
}

void sample_key(uint32_t member, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES]) {
    uint8_t seed[ED25519_SEED_BYTES];
    memset(seed, (uint8_t)(member + 1), sizeof seed);
    ed25519_from_seed(seed, ret_secret, ret_key);
}

void sample_genesis(uint32_t members, struct genesis *ret_genesis) {
    uint8_t secret[SECRET_BYTES];
    *ret_genesis = (struct genesis){.name = "sensors",
                                    .created_us = 1700000000000000,
                                    .threshold = THRESHOLD_DEFAULT,
                                    .members = members,
                                    .state_bytes_max = STATE_BYTES_DEFAULT};
    for (uint32_t i = 0; i < members; i++) {
        (void)snprintf(ret_genesis->member_names[i], sizeof ret_genesis->member_names[i], "member-%" PRIu32, i);
        sample_key(i, secret, ret_genesis->keys[i]);
    }
}

struct hash sample_hash_of(uint8_t byte) {
    struct hash hash;
    memset(hash.bytes, byte, HASH_BYTES);
    return hash;
}

struct keyring sample_keyring(const struct genesis *genesis) {
    return (struct keyring){.keys = genesis->keys, .members = genesis->members};
}

static void random_bytes(struct prng *prng, uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)prng_next(prng);
}

struct hash sample_hash(struct prng *prng) {
    struct hash hash;
    random_bytes(prng, hash.bytes, HASH_BYTES);
    return hash;
}

uint64_t sample_u64(struct prng *prng) {
    static const uint64_t edges[] = {0,         23,        24, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32,
                                     INT64_MAX, UINT64_MAX};
    if (prng_chance(prng, 1, 2)) return edges[prng_below(prng, sizeof edges / sizeof edges[0])];
    return prng_next(prng) >> prng_below(prng, 64);
}

static int64_t sample_quanta(struct prng *prng, int64_t low, int64_t high) {
    uint64_t kind = prng_below(prng, 4);
    return kind == 0 ? low : kind == 1 ? high : prng_between(prng, low, high);
}

struct slice sample_text(struct prng *prng, uint8_t *buffer, size_t max) {
    static const char *const letters[] = {
        "a", "Z", " ", "~", "7", "\xc2\xa0", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x8c\x8d"};
    size_t want = 1 + prng_below(prng, prng_chance(prng, 1, 4) ? max : num_min_size(max, 20));
    size_t bytes = 0;
    while (bytes < want) {
        const char *letter = letters[prng_below(prng, sizeof letters / sizeof letters[0])];
        if (bytes + strlen(letter) > want) letter = "x";
        memcpy(buffer + bytes, letter, strlen(letter));
        bytes += strlen(letter);
    }
    return slice_of(buffer, bytes);
}

uint32_t sample_tips(struct prng *prng, uint32_t most, uint32_t except, struct tip *ret_tips) {
    uint32_t want = (uint32_t)prng_below(prng, (uint64_t)most + 1);
    uint32_t count = 0;
    for (uint32_t member = 0; member < MEMBERS_MAX; member++) {
        if (count == want) break;
        if (member == except || (want - count < MEMBERS_MAX - 1 - member && prng_chance(prng, 1, 2))) continue;
        uint64_t seq = sample_u64(prng);
        ret_tips[count++] = (struct tip){member, seq == 0 ? 1 : seq, sample_hash(prng)};
    }
    return count;
}

void sample_header(struct prng *prng, uint32_t most_deps, struct header *ret_header) {
    *ret_header = (struct header){.member = (uint32_t)prng_below(prng, MEMBERS_MAX),
                                  .seq = sample_u64(prng),
                                  .wall_us = sample_u64(prng),
                                  .root = sample_hash(prng),
                                  .count = (uint32_t)prng_below(prng, BATCH_ITEMS_MAX + 1),
                                  .bytes = (uint32_t)prng_between(prng, 1, BATCH_BYTES_MAX)};
    if (ret_header->seq == 0) ret_header->seq = 1;
    if (ret_header->seq > 1) ret_header->prev = sample_hash(prng);
    ret_header->deps_count = sample_tips(prng, most_deps, ret_header->member, ret_header->deps);
}

static struct question_id sample_question(struct prng *prng) {
    struct question_id question;
    random_bytes(prng, question.bytes, QUESTION_ID_BYTES);
    return question;
}

/* Distinct, by a number in front of each. */
static struct slice sample_hypothesis(struct prng *prng, uint32_t number, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, HYPOTHESIS_BYTES_MAX);
    writer_put_decimal(&writer, number);
    writer_put_u8(&writer, ' ');
    struct slice text = sample_text(prng, buffer + writer.bytes, HYPOTHESIS_BYTES_MAX - writer.bytes);
    return slice_of(buffer, writer.bytes + text.bytes);
}

static uint32_t sample_hypotheses_count(struct prng *prng) {
    uint32_t most = prng_chance(prng, 1, 4) ? HYPOTHESES_MAX : 4;
    return (uint32_t)prng_between(prng, HYPOTHESES_MIN, most);
}

static void sample_ask(struct prng *prng, struct sample_texts *texts, struct item_ask *ret_ask) {
    *ret_ask = (struct item_ask){.title = sample_text(prng, texts->bytes[0], TITLE_BYTES_MAX),
                                 .hypotheses_count = sample_hypotheses_count(prng),
                                 .mode = prng_chance(prng, 1, 2) ? MODE_PANEL : MODE_POOL,
                                 .cap = sample_quanta(prng, 1, PARAMETER_LIMIT_QUANTA),
                                 .rho_thousandths = (uint32_t)prng_below(prng, 1001),
                                 .decide_at = sample_quanta(prng, 1, PARAMETER_LIMIT_QUANTA),
                                 .min_margin = (uint32_t)prng_below(prng, MEMBERS_MAX + 1),
                                 .window_us = 1 + sample_u64(prng) / 2,
                                 .deadline_us = sample_u64(prng),
                                 .commitment = sample_hash(prng)};
    if (prng_chance(prng, 1, 2)) ret_ask->family = sample_text(prng, texts->family, FAMILY_BYTES_MAX);
    for (uint32_t i = 0; i < ret_ask->hypotheses_count; i++) {
        ret_ask->hypotheses[i] = sample_hypothesis(prng, i, texts->bytes[1 + i]);
        ret_ask->prior[i] = sample_quanta(prng, -PARAMETER_LIMIT_QUANTA, PARAMETER_LIMIT_QUANTA);
    }
}

static void sample_tell(struct prng *prng, struct sample_texts *texts, struct item_tell *ret_tell) {
    *ret_tell = (struct item_tell){.question = sample_question(prng),
                                   .observation = sample_text(prng, texts->bytes[0], OBSERVATION_BYTES_MAX),
                                   .loglik_count = (uint32_t)prng_between(prng, 1, HYPOTHESES_MAX),
                                   .has_content = prng_chance(prng, 1, 2),
                                   .observed_us = sample_u64(prng)};
    if (ret_tell->has_content) ret_tell->content = sample_hash(prng);
    int64_t base =
        ret_tell->loglik_count == 1 ? 0 : prng_between(prng, -PARAMETER_LIMIT_QUANTA, PARAMETER_LIMIT_QUANTA);
    for (uint32_t i = 0; i < ret_tell->loglik_count; i++)
        ret_tell->loglik[i] = base + sample_quanta(prng, 0, ITEM_LIMIT_QUANTA);
}

static void sample_reveal(struct prng *prng, struct item *ret_item) {
    bool is_canary = prng_chance(prng, 1, 2);
    ret_item->reveal.question = sample_question(prng);
    random_bytes(prng, ret_item->reveal.salt, COMMITMENT_SALT_BYTES);
    ret_item->reveal.hypothesis = is_canary ? (uint32_t)prng_below(prng, HYPOTHESES_MAX) : OPENING_ORDINARY;
}

static struct threshold sample_threshold(struct prng *prng) {
    static const struct threshold thresholds[] = {{3, 4}, {9, 10}, {1, 1}, {667, 1000}, {1000, 1000}, {6, 8}};
    return thresholds[prng_below(prng, sizeof thresholds / sizeof thresholds[0])];
}

static void sample_reconfigure(struct prng *prng, struct sample_texts *texts, struct reconfigure *ret_reconfigure) {
    uint8_t secret[SECRET_BYTES];
    *ret_reconfigure = (struct reconfigure){.epoch = sample_u64(prng),
                                            .change = (enum change)prng_between(prng, CHANGE_ADD, CHANGE_THRESHOLD)};
    if (ret_reconfigure->change == CHANGE_THRESHOLD) {
        ret_reconfigure->threshold = sample_threshold(prng);
        return;
    }
    ret_reconfigure->member = (uint32_t)prng_below(prng, MEMBERS_MAX);
    if (ret_reconfigure->change != CHANGE_REMOVE)
        sample_key((uint32_t)prng_below(prng, MEMBERS_MAX), secret, ret_reconfigure->key);
    if (ret_reconfigure->change != CHANGE_ADD) return;
    size_t bytes = (size_t)prng_between(prng, 1, MEMBER_NAME_BYTES_MAX);
    memset(texts->bytes[0], 'a' + (int)prng_below(prng, 26), bytes);
    ret_reconfigure->name = slice_of(texts->bytes[0], bytes);
}

void sample_item(struct prng *prng, struct sample_texts *texts, struct item *ret_item) {
    static const enum item_kind kinds[] = {ITEM_ASK,   ITEM_TELL,        ITEM_RETRACT, ITEM_CLOSE,       ITEM_ANSWER,
                                           ITEM_LEVEL, ITEM_RECONFIGURE, ITEM_REVEAL,  ITEM_CLOSE_FAMILY};
    *ret_item = (struct item){.kind = kinds[prng_below(prng, sizeof kinds / sizeof kinds[0])]};
    switch (ret_item->kind) {
    case ITEM_ASK: sample_ask(prng, texts, &ret_item->ask); break;
    case ITEM_TELL: sample_tell(prng, texts, &ret_item->tell); break;
    case ITEM_RETRACT:
        ret_item->retract.question = sample_question(prng);
        ret_item->retract.observation = sample_text(prng, texts->bytes[0], OBSERVATION_BYTES_MAX);
        break;
    case ITEM_CLOSE: ret_item->close.question = sample_question(prng); break;
    case ITEM_ANSWER:
        ret_item->answer.height = sample_u64(prng);
        ret_item->answer.digest = sample_hash(prng);
        break;
    case ITEM_LEVEL: ret_item->level = (enum level)prng_below(prng, LEVELS); break;
    case ITEM_RECONFIGURE: sample_reconfigure(prng, texts, &ret_item->reconfigure); break;
    case ITEM_REVEAL: sample_reveal(prng, ret_item); break;
    case ITEM_CLOSE_FAMILY:
        ret_item->close_family.family = sample_text(prng, texts->bytes[0], FAMILY_BYTES_MAX);
        break;
    }
}

void sample_vote(struct prng *prng, struct vote *ret_vote) {
    uint64_t view = sample_u64(prng);
    *ret_vote = (struct vote){.epoch = sample_u64(prng),
                              .view = view == 0 ? 1 : view,
                              .kind = (enum vote_kind)prng_between(prng, VOTE_NOTARIZE, VOTE_FINALIZE),
                              .member = (uint32_t)prng_below(prng, MEMBERS_MAX)};
    if (ret_vote->kind != VOTE_NULLIFY) ret_vote->block = sample_hash(prng);
    random_bytes(prng, ret_vote->signature, SIGNATURE_BYTES);
}

void sample_certificate(struct prng *prng, uint32_t most, struct vote_certificate *ret_certificate) {
    struct vote vote;
    struct tip tips[MEMBERS_MAX];
    sample_vote(prng, &vote);
    *ret_certificate =
        (struct vote_certificate){.epoch = vote.epoch, .view = vote.view, .kind = vote.kind, .block = vote.block};
    do ret_certificate->count = sample_tips(prng, most, MEMBERS_MAX, tips);
    while (ret_certificate->count == 0);
    for (uint32_t i = 0; i < ret_certificate->count; i++) {
        ret_certificate->votes[i].member = tips[i].member;
        random_bytes(prng, ret_certificate->votes[i].signature, SIGNATURE_BYTES);
    }
}

void sample_block(struct prng *prng, uint32_t most_entries, struct block *ret_block) {
    static const uint8_t proofs[] = "these bytes stand for proofs";
    *ret_block = (struct block){.epoch = sample_u64(prng),
                                .view = 1 + sample_u64(prng) / 2,
                                .height = 1 + sample_u64(prng) / 2,
                                .parent = sample_hash(prng),
                                .proofs_count = (uint32_t)prng_below(prng, BLOCK_PROOFS_MAX + 1)};
    ret_block->entries_count = sample_tips(prng, most_entries, MEMBERS_MAX, ret_block->entries);
    for (uint32_t i = 0; i < ret_block->proofs_count; i++)
        ret_block->proofs[i] = slice_of(proofs, 1 + prng_below(prng, sizeof proofs));
}

void sample_checkpoint(struct prng *prng, struct checkpoint *ret_checkpoint) {
    *ret_checkpoint = (struct checkpoint){.size = sample_u64(prng),
                                          .root = sample_hash(prng),
                                          .height = sample_u64(prng),
                                          .epoch = sample_u64(prng),
                                          .threshold = sample_threshold(prng)};
}

static struct record_interval sample_interval(struct prng *prng) {
    struct record_interval interval = {.members = (uint32_t)prng_below(prng, MEMBERS_MAX + 1)};
    interval.low = sample_quanta(prng, INT64_MIN, 0);
    interval.high = sample_quanta(prng, interval.low, INT64_MAX);
    return interval;
}

void sample_belief(struct prng *prng, struct sample_texts *texts, struct record_belief *ret_belief) {
    *ret_belief = (struct record_belief){.question = sample_question(prng),
                                         .title = sample_text(prng, texts->bytes[0], TITLE_BYTES_MAX),
                                         .hypotheses_count = sample_hypotheses_count(prng),
                                         .mode = prng_chance(prng, 1, 2) ? MODE_PANEL : MODE_POOL,
                                         .status = (enum question_status)prng_below(prng, 3),
                                         .contributors = (uint32_t)prng_below(prng, MEMBERS_MAX + 1),
                                         .items = sample_u64(prng),
                                         .flip_margin = (uint32_t)prng_below(prng, MEMBERS_MAX + 1),
                                         .margin_exact = prng_chance(prng, 1, 2),
                                         .live = sample_interval(prng),
                                         .safe = sample_interval(prng),
                                         .threshold = sample_threshold(prng),
                                         .height = sample_u64(prng)};
    ret_belief->top = (uint32_t)prng_below(prng, ret_belief->hypotheses_count);
    for (uint32_t i = 0; i < ret_belief->hypotheses_count; i++) {
        ret_belief->hypotheses[i] = sample_hypothesis(prng, i, texts->bytes[1 + i]);
        ret_belief->log_odds[i] = i == ret_belief->top ? 0 : sample_quanta(prng, INT64_MIN, 0);
    }
}

static struct slice sample_blob(struct prng *prng) {
    static const uint8_t blob[] = "these bytes stand for a nested encoding";
    return slice_of(blob, 1 + prng_below(prng, sizeof blob));
}

static struct slice sample_contents(struct prng *prng, uint8_t *contents) {
    struct writer writer = writer_of(contents, 256);
    uint32_t count = (uint32_t)prng_below(prng, 5);
    frame_contents_put(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        struct slice content = sample_blob(prng);
        if (prng_chance(prng, 1, 4)) content.bytes = 0;
        frame_content_put(&writer, i * 13107, content);
    }
    return writer_slice(&writer);
}

static void sample_proposal(struct prng *prng, struct frame *ret_frame) {
    ret_frame->proposal.block = sample_blob(prng);
    random_bytes(prng, ret_frame->proposal.signature, SIGNATURE_BYTES);
    if (prng_chance(prng, 1, 2)) ret_frame->proposal.parent = sample_blob(prng);
    ret_frame->proposal.nullifications_count = (uint32_t)prng_below(prng, PROPOSAL_NULLIFICATIONS_MAX + 1);
    for (uint32_t i = 0; i < ret_frame->proposal.nullifications_count; i++)
        ret_frame->proposal.nullifications[i] = sample_blob(prng);
}

static void sample_range(struct prng *prng, struct frame *ret_frame) {
    ret_frame->range.count = 1 + (uint32_t)prng_below(prng, RANGE_BLOCKS_MAX);
    for (uint32_t i = 0; i < ret_frame->range.count; i++) ret_frame->range.blocks[i] = sample_blob(prng);
    ret_frame->range.finalization = sample_blob(prng);
}

static void sample_recovered(struct prng *prng, struct frame *ret_frame) {
    ret_frame->recovered.nonce = sample_u64(prng);
    ret_frame->recovered.tip.member = (uint32_t)prng_below(prng, MEMBERS_MAX);
    if (prng_chance(prng, 1, 2))
        ret_frame->recovered.tip = (struct tip){7, 1 + sample_u64(prng) / 2, sample_hash(prng)};
    ret_frame->recovered.view = sample_u64(prng);
    ret_frame->recovered.signed_view = sample_u64(prng);
}

void sample_frame(struct prng *prng, enum frame_type type, uint8_t *contents, struct frame *ret_frame) {
    struct frame *to = ret_frame;
    memset(to, 0, sizeof *to);
    to->type = type;
    switch (type) {
    case FRAME_HELLO:
        to->hello.chain = sample_hash(prng);
        to->hello.member = (uint32_t)prng_below(prng, MEMBERS_MAX);
        to->hello.height = sample_u64(prng);
        break;
    case FRAME_BATCH:
        to->batch.header = sample_blob(prng);
        to->batch.body = sample_blob(prng);
        to->batch.contents = sample_contents(prng, contents);
        break;
    case FRAME_ACK: to->ack.count = sample_tips(prng, 9, MEMBERS_MAX, to->ack.tips); break;
    case FRAME_HEARTBEAT:
        to->heartbeat.view = sample_u64(prng);
        to->heartbeat.height = sample_u64(prng);
        to->heartbeat.certified = sample_u64(prng);
        break;
    case FRAME_PROPOSAL: sample_proposal(prng, to); break;
    case FRAME_VOTE: sample_vote(prng, &to->vote); break;
    case FRAME_CERTIFICATE: to->certificate = sample_blob(prng); break;
    case FRAME_ATTESTATION:
        sample_checkpoint(prng, &to->attestation.checkpoint);
        random_bytes(prng, to->attestation.signature, SIGNATURE_BYTES);
        break;
    case FRAME_FETCH_BATCH: to->fetch_batch = (struct tip){255, 1 + sample_u64(prng) / 2, sample_hash(prng)}; break;
    case FRAME_FETCH_BLOCK: to->fetch_block = sample_hash(prng); break;
    case FRAME_BLOCK: to->block = sample_blob(prng); break;
    case FRAME_FETCH_RANGE: to->fetch_range = sample_u64(prng); break;
    case FRAME_RANGE: sample_range(prng, to); break;
    case FRAME_FETCH_VIEWS:
        to->fetch_views.from = sample_u64(prng) / 2;
        to->fetch_views.to = to->fetch_views.from + sample_u64(prng) / 2;
        break;
    case FRAME_RECOVER: to->recover.nonce = sample_u64(prng); break;
    case FRAME_RECOVERED: sample_recovered(prng, to); break;
    case FRAME_PROOF: to->proof = sample_blob(prng); break;
    case FRAME_FETCH_HANDOVER: to->fetch_handover = prng_next(prng); break;
    case FRAME_HANDOVER: to->handover = sample_blob(prng); break;
    case FRAME_TYPE_COUNT: break;
    }
}

/* The encoding is copied to memory of just its size, so that a sanitizer sees every byte read beyond its
 * end; the byte before it keeps an empty encoding from being no memory at all. */
static enum status rewrite_copy(struct slice bytes, sample_rewrite *rewrite, void *context, bool *ret_same) {
    uint8_t *copy = malloc(bytes.bytes + 1);
    size_t capacity = bytes.bytes + 1024;
    uint8_t *again = malloc(capacity);
    require(copy != NULL && again != NULL, "no memory");
    if (bytes.bytes > 0) memcpy(copy + 1, bytes.data, bytes.bytes);
    struct writer writer = writer_of(again, capacity);
    enum status status = rewrite(context, slice_of(copy + 1, bytes.bytes), &writer);
    *ret_same = status == STATUS_OK && !writer.overflowed && slice_equal(writer_slice(&writer), bytes);
    free(copy);
    free(again);
    return status;
}

void sample_require_strict(struct slice bytes, sample_rewrite *rewrite, void *context) {
    bool same;
    enum status status = rewrite_copy(bytes, rewrite, context, &same);
    require(status != STATUS_OK || same, "accepted, but not written again the same");
}

void sample_check_strict(struct slice bytes, sample_rewrite *rewrite, void *context) {
    bool same;
    enum status status = rewrite_copy(bytes, rewrite, context, &same);
    require(status == STATUS_OK, status_text(status));
    require(same, "a valid encoding is not written again the same");
    uint8_t *changed = malloc(bytes.bytes + 1);
    require(changed != NULL, "no memory");
    memcpy(changed, bytes.data, bytes.bytes);
    changed[bytes.bytes] = 0;
    require(rewrite_copy(slice_of(changed, bytes.bytes + 1), rewrite, context, &same) != STATUS_OK, "a byte more");
    for (size_t at = 0; at < bytes.bytes; at++) {
        require(rewrite_copy(slice_of(changed, at), rewrite, context, &same) != STATUS_OK, "cut, but accepted");
        for (unsigned bit = 0; bit < 8; bit++) {
            changed[at] ^= (uint8_t)(1u << bit);
            sample_require_strict(slice_of(changed, bytes.bytes), rewrite, context);
            changed[at] ^= (uint8_t)(1u << bit);
        }
    }
    free(changed);
}
