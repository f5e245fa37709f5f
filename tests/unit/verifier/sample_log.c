#include "sample_log.h"

#include "wire/roster.h"

#include <stdlib.h>

#include "../wire/sample.h"
#include "crypto/sha256.h"
#include "wire/calibrated.h"

enum { LEAVES_MAX = 8 };

static void require(bool condition) {
    if (!condition) abort();
}

/* A tree as its leaf hashes. */
struct leaves {
    uint32_t count;
    struct hash hashes[LEAVES_MAX];
};

static void add_leaf(struct leaves *leaves, struct slice entry) {
    struct sha256 sha256;
    require(leaves->count < LEAVES_MAX);
    sha256_begin(&sha256);
    sha256_add(&sha256, "\0", 1);
    sha256_add(&sha256, entry.data, entry.bytes);
    sha256_end(&sha256, &leaves->hashes[leaves->count++]);
}

static uint32_t split_of(uint32_t count) {
    uint32_t split = 1;
    while (2 * split < count) split *= 2;
    return split;
}

/* Recursion ends after as many steps as LEAVES_MAX has bits. */
static struct hash root_of(const struct hash *hashes, uint32_t count) {
    if (count == 1) return hashes[0];
    struct sha256 sha256;
    struct hash left = root_of(hashes, split_of(count));
    struct hash right = root_of(hashes + split_of(count), count - split_of(count));
    sha256_begin(&sha256);
    sha256_add(&sha256, "\1", 1);
    sha256_add(&sha256, left.bytes, HASH_BYTES);
    sha256_add(&sha256, right.bytes, HASH_BYTES);
    sha256_end(&sha256, &left);
    return left;
}

static uint32_t path_of(const struct hash *hashes, uint32_t count, uint32_t index, struct hash *ret_path) {
    if (count == 1) return 0;
    uint32_t split = split_of(count);
    bool is_left = index < split;
    uint32_t used = is_left ? path_of(hashes, split, index, ret_path)
                            : path_of(hashes + split, count - split, index - split, ret_path);
    ret_path[used] = is_left ? root_of(hashes + split, count - split) : root_of(hashes, split);
    return used + 1;
}

struct sample_log sample_log_good(void) {
    return (struct sample_log){.base = {3, 4},
                               .checkpoint = {3, 4},
                               .parameters = {3, 4},
                               .signers = 0x7,
                               .weights = {65536, 65536, 65536, 65536},
                               .reputations = {65536, 65536, 65536, 65536},
                               .calibration_members = SAMPLE_MEMBERS,
                               .decided = true,
                               .flip_margin = 2,
                               .belief_height = SAMPLE_HEIGHT - 1,
                               .state_height = SAMPLE_HEIGHT};
}

void sample_log_genesis(const struct sample_log *log, struct genesis *ret_genesis) {
    sample_genesis(SAMPLE_MEMBERS, ret_genesis);
    ret_genesis->threshold = log->base;
}

/* Everything that is signed or hashed, in memory of its own. */
struct built {
    struct genesis genesis;
    struct hash chain;
    uint8_t belief[512];
    uint8_t other_belief[512];
    uint8_t state[RECORD_STATE_BYTES_MAX];
    uint8_t parameters[RECORD_PARAMETERS_BYTES_MAX];
    uint8_t members[SAMPLE_MEMBERS][RECORD_MEMBER_BYTES_MAX];
    uint8_t note[2048];
    struct leaves log;
    struct leaves questions;
    struct leaves member_leaves;
    struct certificate certificate;
};

static struct slice put_belief(const struct sample_log *log, const char *title, uint8_t *buffer, size_t capacity) {
    struct record_belief belief = {.title = slice_of_text(title),
                                   .hypotheses_count = 2,
                                   .hypotheses = {slice_of_text("yes"), slice_of_text("no")},
                                   .mode = MODE_POOL,
                                   .status = log->decided ? QUESTION_DECIDED : QUESTION_OPEN,
                                   .top = log->top,
                                   .contributors = 4,
                                   .items = 12,
                                   .flip_margin = log->flip_margin,
                                   .margin_exact = true,
                                   .live = {1, 1000000000, 5000000000},
                                   .safe = {1, 1000000000, 5000000000},
                                   .threshold = log->parameters,
                                   .height = log->belief_height};
    belief.log_odds[1 - log->top] = -3000000000;
    struct writer writer = writer_of(buffer, capacity);
    record_belief_put(&writer, log->question != log->wrong_kind ? RECORD_QUESTION : RECORD_VERDICT, &belief);
    require(!writer.overflowed);
    return writer_slice(&writer);
}

static struct slice put_calibration(const struct sample_log *log, const char *family, uint8_t *buffer,
                                    size_t capacity) {
    struct record_calibration calibration = {.family = slice_of_text(family),
                                             .labels = 2,
                                             .questions = 108,
                                             .answers = 400,
                                             .decided = 99,
                                             .canaries = 11,
                                             .rivalled = true,
                                             .margin = 6000,
                                             .members = log->calibration_members,
                                             .results = sample_hash_of(0x17),
                                             .height = log->belief_height};
    for (uint32_t m = 0; m < log->calibration_members; m++)
        calibration.skills[m] = (struct record_skill){.reports = 100, .skill = 3000 - 1500 * (int32_t)m, .group = m};
    struct writer writer = writer_of(buffer, capacity);
    record_calibration_put(&writer, &calibration);
    require(!writer.overflowed);
    return writer_slice(&writer);
}

static struct slice put_subject(const struct sample_log *log, const char *text, uint8_t *buffer, size_t capacity) {
    return log->calibration ? put_calibration(log, text, buffer, capacity) : put_belief(log, text, buffer, capacity);
}

static struct slice put_member(const struct sample_log *log, const struct built *built, uint32_t at, uint32_t weight,
                               enum level level, uint8_t *buffer) {
    enum sample_member wrong = at == 1 ? log->wrong_member : MEMBER_RIGHT;
    uint32_t named = wrong == MEMBER_WRONG_NAME || wrong == MEMBER_OF_2 ? 2 : at;
    uint32_t keyed = wrong == MEMBER_WRONG_KEY || wrong == MEMBER_OF_2 ? 2 : at;
    struct record_member member = {.number = wrong == MEMBER_WRONG_NUMBER || wrong == MEMBER_OF_2 ? 2 : at,
                                   .name = slice_of_text(built->genesis.member_names[named]),
                                   .weight = weight,
                                   .level = level,
                                   .reputation = log->reputations[at],
                                   .suspicion = log->suspicions[at],
                                   .reason = log->suspicions[at] > 0 ? 1 : 0,
                                   .proof = log->proofs[at]};
    memcpy(member.key, built->genesis.keys[keyed], KEY_BYTES);
    struct writer writer = writer_of(buffer, RECORD_MEMBER_BYTES_MAX);
    record_member_put(&writer, &member);
    require(!writer.overflowed);
    return writer_slice(&writer);
}

static void build_members(const struct sample_log *log, struct built *built) {
    struct certificate *to = &built->certificate;
    to->members = log->member_missing ? SAMPLE_MEMBERS - 1 : SAMPLE_MEMBERS;
    for (uint32_t i = 0; i < to->members; i++) {
        add_leaf(&built->member_leaves,
                 put_member(log, built, i, log->weights[i], log->levels[i], built->members[i]));
        uint32_t weight = log->file_weight_forged && i == 0 ? log->weights[0] / 2 : log->weights[i];
        enum level level = log->file_level_forged && i == 0 ? LEVEL_CONNECTED : log->levels[i];
        to->member_records[i] = put_member(log, built, i, weight, level, built->members[i]);
    }
}

static void build_state(const struct sample_log *log, struct built *built) {
    uint8_t buffer[RECORD_PARAMETERS_BYTES_MAX];
    struct leaves parameters = {0};
    struct writer writer = writer_of(buffer, sizeof buffer);
    struct record_parameters record = {log->parameters, log->is_enhanced, log->snapshot};
    record_parameters_put(&writer, &record);
    add_leaf(&parameters, writer_slice(&writer));
    if (log->file_parameters_forged) record.threshold = log->checkpoint;
    writer = writer_of(built->parameters, sizeof built->parameters);
    record_parameters_put(&writer, &record);
    built->certificate.parameters = writer_slice(&writer);
    struct record_state state = {.height = log->state_height,
                                 .block = sample_hash_of(0x42),
                                 .time_us = 1700000001000000,
                                 .questions = root_of(built->questions.hashes, built->questions.count),
                                 .members = root_of(built->member_leaves.hashes, built->member_leaves.count),
                                 .parameters = parameters.hashes[0]};
    writer = writer_of(built->state, sizeof built->state);
    record_state_put(&writer, &state);
    built->certificate.state = writer_slice(&writer);
}

/* Genesis, two headers, the verdict when it is one, the state record. */
static void build_log(const struct sample_log *log, struct built *built) {
    uint8_t genesis[GENESIS_BYTES_MAX];
    struct writer writer = writer_of(genesis, sizeof genesis);
    struct certificate *to = &built->certificate;
    genesis_put(&writer, &built->genesis);
    add_leaf(&built->log, writer_slice(&writer));
    add_leaf(&built->log, slice_of_text("the first header"));
    add_leaf(&built->log, slice_of_text("the second header"));
    if (!log->question) {
        to->index = built->log.count;
        add_leaf(&built->log, to->belief);
    }
    to->state_index = built->log.count;
    add_leaf(&built->log, to->state);
    if (log->leaf_after_state) add_leaf(&built->log, slice_of_text("a third header"));
    to->state_proof_count = path_of(built->log.hashes, built->log.count, (uint32_t)to->state_index, to->state_proof);
    const struct leaves *tree = log->question ? &built->questions : &built->log;
    to->proof_count = path_of(tree->hashes, tree->count, (uint32_t)to->index, to->proof);
    to->questions = log->question ? tree->count : 0;
}

static void build_note(const struct sample_log *log, struct built *built) {
    struct checkpoint checkpoint = {.size = built->log.count,
                                    .root = root_of(built->log.hashes, built->log.count),
                                    .height = SAMPLE_HEIGHT,
                                    .epoch = log->epoch,
                                    .threshold = log->checkpoint};
    struct checkpoint_signature signatures[SAMPLE_MEMBERS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) {
        uint8_t secret[SECRET_BYTES];
        uint8_t key[KEY_BYTES];
        if ((log->signers >> i & 1) == 0) continue;
        sample_key(i, secret, key);
        signatures[count].member = i;
        checkpoint_sign(&checkpoint, &built->chain, secret, signatures[count++].signature);
    }
    struct writer writer = writer_of(built->note, sizeof built->note);
    struct roster roster;
    roster_of(&built->genesis, &roster);
    checkpoint_note_put(&writer, &checkpoint, &built->chain, &roster, signatures, count);
    require(!writer.overflowed);
    built->certificate.note = writer_slice(&writer);
}

void sample_log_certify(const struct sample_log *log, struct writer *ret_file) {
    struct built *built = calloc(1, sizeof *built);
    require(built != NULL);
    sample_log_genesis(log, &built->genesis);
    genesis_chain(&built->genesis, &built->chain);
    built->certificate.belief = put_subject(log, "Is it so?", built->belief, sizeof built->belief);
    add_leaf(&built->questions, slice_of_text("another question"));
    built->certificate.index = built->questions.count;
    add_leaf(&built->questions, built->certificate.belief);
    add_leaf(&built->questions, slice_of_text("a third question"));
    build_members(log, built);
    build_state(log, built);
    build_log(log, built);
    build_note(log, built);
    if (log->other_question_in_file)
        built->certificate.belief = put_subject(log, "Is it not?", built->other_belief, sizeof built->other_belief);
    if (log->state_alone) {
        built->certificate.belief = built->certificate.parameters;
        built->certificate.index = 0;
        built->certificate.proof_count = 0;
    }
    certificate_put(ret_file, &built->certificate);
    free(built);
}
