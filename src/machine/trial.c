#include "machine/trial.h"

#include "base/check.h"
#include "belief/huber.h"
#include "standing/challenge.h"

static bool has(const uint64_t *set, uint32_t member) { return (set[member / 64] >> (member % 64) & 1) != 0; }

static bool has_answered(const struct trial *trial, uint32_t member) { return has(trial->answered, member); }

void trial_lane_moved(struct trial *trial, uint32_t member) {
    trial->moved[member / 64] |= UINT64_C(1) << (member % 64);
}

void trial_excuse(struct trial *trial, uint32_t member) {
    trial->answered[member / 64] |= UINT64_C(1) << (member % 64);
}

enum status trial_owed(const struct trial *trial, uint32_t member, uint64_t *ret_height, struct hash *ret_digest) {
    if (trial->height == 0 || has_answered(trial, member)) return STATUS_NOT_FOUND;
    *ret_height = trial->height;
    *ret_digest = trial->expected[member];
    return STATUS_OK;
}

enum status trial_check(const struct trial *trial, uint64_t height, uint32_t member, uint64_t challenge) {
    if (trial->height == 0 || challenge != trial->height) return STATUS_EXPIRED;
    if (height + 1 > trial->until) return STATUS_EXPIRED;
    return has_answered(trial, member) ? STATUS_DUPLICATE : STATUS_OK;
}

static void note(struct trial *trial, struct standing *standing, uint32_t member, enum challenge_outcome outcome) {
    trial->outcomes[outcome]++;
    standing_on_challenge(standing, member, outcome);
}

/* A wrong answer is no accident of the network: whoever holds the log and computes as everyone does can't give one. */
enum status trial_answer(struct trial *trial, struct standing *standing, uint64_t height, uint32_t member,
                         uint64_t challenge, const struct hash *digest) {
    TRY(trial_check(trial, height - 1, member, challenge));
    bool is_right = hash_equal(digest, &trial->expected[member]);
    trial->answered[member / 64] |= UINT64_C(1) << (member % 64);
    note(trial, standing, member, is_right ? CHALLENGE_RIGHT : CHALLENGE_WRONG);
    return STATUS_OK;
}

/* Whoever had something to say in the meantime could have answered. A member that was cut off is not dishonest: if its
 * silence cost reputation, cutting links would silence it for long after the heal. */
static void end_trial(struct trial *trial, struct standing *standing) {
    uint32_t members = standing_members(standing);
    for (uint32_t m = 0; m < members; m++)
        if (!has_answered(trial, m) && has(trial->moved, m)) note(trial, standing, m, CHALLENGE_MISSING);
    trial->height = 0;
}

static void begin_trial(struct trial *trial, uint32_t members, const struct trial_block *block,
                        const struct machine_ports *ports) {
    const struct hash *beacon = block->beacon;
    struct challenge_digest digest;
    int64_t values[CHALLENGE_MEMBERS];
    uint32_t weights[CHALLENGE_MEMBERS];
    struct huber_point points[CHALLENGE_MEMBERS];
    struct ratio location;
    challenge_begin(&digest, beacon);
    for (uint32_t i = 0; i < CHALLENGE_LEAVES; i++) {
        struct slice leaf;
        uint64_t index = block->from + challenge_leaf_index(beacon, block->size - block->from, i);
        CHECK(ports->read_leaf(ports->context, index, &leaf) == STATUS_OK);
        challenge_add_leaf(&digest, leaf);
    }
    challenge_panel(beacon, values, weights);
    huber_location(values, weights, CHALLENGE_MEMBERS, CHALLENGE_CAP, points, &location);
    for (uint32_t m = 0; m < members; m++)
        challenge_finish(&digest, location.numerator, location.denominator, m, &trial->expected[m]);
    memset(trial->answered, 0, sizeof trial->answered);
    memset(trial->moved, 0, sizeof trial->moved);
    trial->height = block->height;
    trial->until = block->height + (block->is_enhanced ? CHALLENGE_WINDOW_ENHANCED : CHALLENGE_WINDOW);
}

void trial_end_block(struct trial *trial, struct standing *standing, const struct trial_block *block,
                     const struct machine_ports *ports) {
    uint64_t interval = block->is_enhanced ? CHALLENGE_INTERVAL_ENHANCED : CHALLENGE_INTERVAL;
    if (trial->height != 0 && block->height >= trial->until) end_trial(trial, standing);
    if (trial->height != 0 || block->height % interval != 0) return;
    begin_trial(trial, standing_members(standing), block, ports);
}

OUTLET_COVERS(struct trial, 16 + 2 * MEMBERS_MAX / 8 + MEMBERS_MAX * HASH_BYTES + 24);

void trial_save(const struct trial *trial, uint32_t members, struct outlet *outlet) {
    outlet_put_u64s(outlet, trial->outcomes, CHALLENGE_MISSING + 1);
    outlet_put_u64(outlet, trial->height);
    if (trial->height == 0) return;
    outlet_put_u64(outlet, trial->until);
    outlet_put_u64s(outlet, trial->answered, MEMBERS_MAX / 64);
    outlet_put_u64s(outlet, trial->moved, MEMBERS_MAX / 64);
    for (uint32_t m = 0; m < members; m++) outlet_put_hash(outlet, &trial->expected[m]);
}

static enum status load_set(struct reader *reader, uint32_t members, uint64_t *ret_set) {
    TRY(reader_u64s(reader, UINT64_MAX, ret_set, MEMBERS_MAX / 64));
    for (uint32_t m = members; m < MEMBERS_MAX; m++)
        if (has(ret_set, m)) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

/* What is under way began at a height that has been, and ends at one that is to come. */
enum status trial_load(struct trial *trial, uint32_t members, uint64_t height, struct reader *reader) {
    TRY(reader_u64s(reader, UINT64_MAX, trial->outcomes, CHALLENGE_MISSING + 1));
    TRY(reader_u64_to(reader, height, &trial->height));
    if (trial->height == 0) return STATUS_OK;
    TRY(reader_u64(reader, &trial->until));
    uint64_t window = trial->until - trial->height;
    if (trial->until <= height || (window != CHALLENGE_WINDOW && window != CHALLENGE_WINDOW_ENHANCED))
        return STATUS_BAD_VALUE;
    TRY(load_set(reader, members, trial->answered));
    TRY(load_set(reader, members, trial->moved));
    for (uint32_t m = 0; m < members; m++) TRY(reader_hash(reader, &trial->expected[m]));
    return STATUS_OK;
}
