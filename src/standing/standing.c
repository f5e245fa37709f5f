#include "standing/standing.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/num.h"
#include "standing/collusion.h"
#include "standing/copying.h"
#include "standing/drift.h"
#include "standing/omission.h"
#include "standing/sign.h"
#include "standing/timing.h"

/* A fifth of the threshold is noise. Rounded up, so that suspicion is never above four fifths. */
#define SUSPICION_FROM 13108
#define SUSPICION_MAX  52428

_Static_assert(STANDING_FAMILIES_MAX <= 16, "a set of families is 16 bits");
_Static_assert(STANDING_ONE - SUSPICION_MAX >= STANDING_ONE / 5, "a fifth of the weight stays");

/* The detectors of one family of questions. */
struct family {
    bool open;  /* has had a panel */
    bool dirty; /* has had one in this block */
    struct drift drift;
    struct sign sign;
    struct collusion collusion;
    struct timing timing;
    struct copying copying;
    struct omission omission;
    uint32_t ratios[DETECTORS][MEMBERS_MAX];
};

struct member {
    struct reputation reputation;
    bool is_absent;         /* nobody is at this place */
    uint64_t probation_end; /* height of the first block of full weight */
    uint32_t probation_left;
    uint32_t ratio;
    uint32_t suspicion;
    enum standing_proof proof;
    uint16_t raised[DETECTORS]; /* families in which an alarm stands, one bit each */
    uint16_t fresh[DETECTORS];  /* raised in this block and not taken yet */
};

struct standing {
    uint32_t members; /* places */
    uint32_t heads;   /* of them, that are taken */
    bool resized;     /* since the last block */
    bool enhanced;
    uint32_t alarms; /* fresh bits */
    uint32_t weights[MEMBERS_MAX];
    struct member member[MEMBERS_MAX];
    uint8_t *memory[STANDING_FAMILIES_MAX];
    struct family family[STANDING_FAMILIES_MAX];
};

/* One row a detector; all have the same shape. */
struct detector_row {
    const char *name;
    size_t (*bytes)(uint32_t members);
    void (*init)(struct family *family, void *memory, uint32_t members);
    void (*on_panel)(struct family *family, const struct voice *voice);
    uint32_t (*ratio)(const struct family *family, uint32_t member, bool enhanced);
    void (*forget)(struct family *family, uint32_t member);
    void (*resize)(struct family *family, uint32_t heads);
    void (*save)(const struct family *family, struct outlet *outlet);
    enum status (*load)(struct family *family, struct reader *reader);
};

#define DETECTOR(x)                                                                                                  \
    static void init_##x(struct family *family, void *memory, uint32_t members) {                                    \
        x##_init(&family->x, memory, members);                                                                       \
    }                                                                                                                \
    static void on_panel_##x(struct family *family, const struct voice *voice) { x##_on_panel(&family->x, voice); }  \
    static uint32_t ratio_##x(const struct family *family, uint32_t member, bool enhanced) {                         \
        return x##_ratio(&family->x, member, enhanced);                                                              \
    }                                                                                                                \
    static void forget_##x(struct family *family, uint32_t member) { x##_forget(&family->x, member); }               \
    static void resize_##x(struct family *family, uint32_t heads) { x##_resize(&family->x, heads); }                 \
    static void save_##x(const struct family *family, struct outlet *outlet) { x##_save(&family->x, outlet); }       \
    static enum status load_##x(struct family *family, struct reader *reader) { return x##_load(&family->x, reader); }
DETECTOR(drift)
DETECTOR(sign)
DETECTOR(collusion)
DETECTOR(timing)
DETECTOR(copying)
DETECTOR(omission)
#undef DETECTOR

#define ROW(x)                                                                                                       \
    { #x, x##_bytes, init_##x, on_panel_##x, ratio_##x, forget_##x, resize_##x, save_##x, load_##x }
static const struct detector_row detectors[DETECTORS] = {
    [DETECTOR_DRIFT] = ROW(drift),   [DETECTOR_SIGN] = ROW(sign),       [DETECTOR_COLLUSION] = ROW(collusion),
    [DETECTOR_TIMING] = ROW(timing), [DETECTOR_COPYING] = ROW(copying), [DETECTOR_OMISSION] = ROW(omission),
};
#undef ROW

static const char *const proof_names[STANDING_PROOFS] = {
    [STANDING_PROOF_NONE] = "none",     [STANDING_PROOF_FORK] = "fork",     [STANDING_PROOF_VOTE] = "vote",
    [STANDING_PROOF_ANSWER] = "answer", [STANDING_PROOF_REVEAL] = "reveal",
};

const char *detector_name(enum detector detector) {
    CHECK((unsigned)detector <= DETECTORS);
    return detector == DETECTORS ? "none" : detectors[detector].name;
}

const char *standing_proof_name(enum standing_proof proof) {
    CHECK((unsigned)proof < STANDING_PROOFS);
    return proof_names[proof];
}

static size_t family_bytes(uint32_t members) {
    size_t bytes = 0;
    for (uint32_t d = 0; d < DETECTORS; d++) bytes += arena_rounded(detectors[d].bytes(members));
    return bytes;
}

size_t standing_bytes(uint32_t members) {
    return arena_rounded(sizeof(struct standing)) + STANDING_FAMILIES_MAX * family_bytes(members);
}

struct standing *standing_init(void *zeroed_memory, size_t bytes, uint32_t members) {
    CHECK(members >= 1 && members <= MEMBERS_MAX && bytes >= standing_bytes(members));
    struct arena arena;
    arena_init(&arena, zeroed_memory, bytes);
    struct standing *standing = arena_take(&arena, sizeof *standing);
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++)
        standing->memory[f] = arena_take(&arena, family_bytes(members));
    standing->members = members;
    standing->heads = members;
    for (uint32_t i = 0; i < members; i++) standing->weights[i] = (uint32_t)STANDING_ONE;
    return standing;
}

uint32_t standing_members(const struct standing *standing) { return standing->members; }

/* The first panel of a family is what touches its memory. */
static struct family *family_open(struct standing *standing, uint32_t number) {
    struct family *family = &standing->family[number];
    if (family->open) return family;
    family->open = true;
    uint8_t *memory = standing->memory[number];
    for (uint32_t d = 0; d < DETECTORS; d++) {
        detectors[d].init(family, memory, standing->members);
        detectors[d].resize(family, standing->heads);
        memory += arena_rounded(detectors[d].bytes(standing->members));
    }
    return family;
}

static void check_voice(const struct standing *standing, const struct voice *voice) {
    CHECK(voice->family < STANDING_FAMILIES_MAX);
    CHECK(voice->hypotheses >= HYPOTHESES_MIN && voice->hypotheses <= HYPOTHESES_MAX && voice->cap > 0);
    CHECK(voice->reports >= 1 && voice->reports <= standing->members);
    for (uint32_t r = 0; r < voice->reports; r++) {
        CHECK(voice->report[r].member < standing->members);
        CHECK(r == 0 || voice->report[r].member > voice->report[r - 1].member);
    }
}

void standing_on_panel(struct standing *standing, const struct voice *voice) {
    check_voice(standing, voice);
    struct family *family = family_open(standing, voice->family);
    family->dirty = true;
    for (uint32_t d = 0; d < DETECTORS; d++) detectors[d].on_panel(family, voice);
}

static struct member *member_at(struct standing *standing, uint32_t member) {
    CHECK(member < standing->members);
    return &standing->member[member];
}

void standing_on_challenge(struct standing *standing, uint32_t member, enum challenge_outcome outcome) {
    static const struct {
        uint32_t good;
        uint32_t bad;
    } counts[] = {[CHALLENGE_RIGHT] = {1, 0}, [CHALLENGE_WRONG] = {0, 8}, [CHALLENGE_MISSING] = {0, 1}};
    CHECK((unsigned)outcome < sizeof counts / sizeof counts[0]);
    struct member *its = member_at(standing, member);
    reputation_add(&its->reputation, (uint64_t)counts[outcome].good << 16, (uint64_t)counts[outcome].bad << 16);
    if (outcome == CHALLENGE_WRONG) standing_on_proof(standing, member, STANDING_PROOF_ANSWER);
}

void standing_on_canary(struct standing *standing, uint32_t member, int32_t gain) {
    reputation_add_canary(&member_at(standing, member)->reputation, gain);
}

void standing_on_proof(struct standing *standing, uint32_t member, enum standing_proof proof) {
    CHECK(proof > STANDING_PROOF_NONE && proof < STANDING_PROOFS);
    struct member *its = member_at(standing, member);
    if (its->proof == STANDING_PROOF_NONE) its->proof = proof;
}

void standing_reinstate(struct standing *standing, uint32_t member) {
    member_at(standing, member)->proof = STANDING_PROOF_NONE;
}

void standing_admit(struct standing *standing, uint32_t member, uint64_t height) {
    CHECK(height <= UINT64_MAX - STANDING_PROBATION_BLOCKS);
    member_at(standing, member)->probation_end = height + STANDING_PROBATION_BLOCKS;
}

static uint32_t weight_of(const struct member *its) {
    if (its->is_absent || its->proof != STANDING_PROOF_NONE) return 0;
    uint64_t weight = (uint64_t)reputation_value(&its->reputation) * ((uint32_t)STANDING_ONE - its->suspicion) >> 16;
    /* Half a member in the first block of the probation. */
    uint64_t earned = 2 * STANDING_PROBATION_BLOCKS - its->probation_left;
    return (uint32_t)(weight * earned / (2 * STANDING_PROBATION_BLOCKS));
}

static void resize(struct standing *standing, uint32_t heads) {
    standing->heads = heads;
    standing->resized = true;
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++)
        for (uint32_t d = 0; d < DETECTORS && standing->family[f].open; d++)
            detectors[d].resize(&standing->family[f], heads);
}

static void forget_detections(struct standing *standing, uint32_t member) {
    struct member *its = &standing->member[member];
    for (uint32_t d = 0; d < DETECTORS; d++) {
        standing->alarms -= (uint32_t)__builtin_popcount(its->fresh[d]);
        its->raised[d] = its->fresh[d] = 0;
    }
    its->ratio = its->suspicion = 0;
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) {
        for (uint32_t d = 0; d < DETECTORS && standing->family[f].open; d++) {
            detectors[d].forget(&standing->family[f], member);
            standing->family[f].ratios[d][member] = 0;
        }
    }
}

void standing_vacate(struct standing *standing, uint32_t member) {
    struct member *its = member_at(standing, member);
    CHECK(!its->is_absent && standing->heads > 1);
    forget_detections(standing, member);
    its->is_absent = true;
    its->probation_end = its->probation_left = 0;
    standing->weights[member] = 0;
    resize(standing, standing->heads - 1);
}

void standing_fill(struct standing *standing, uint32_t member, uint64_t height) {
    struct member *its = member_at(standing, member);
    CHECK(its->is_absent);
    *its = (struct member){.probation_left = STANDING_PROBATION_BLOCKS};
    standing_admit(standing, member, height);
    standing->weights[member] = weight_of(its);
    resize(standing, standing->heads + 1);
}

/* Raises the alarm when the threshold is crossed, takes it back when half of it is no longer reached. */
static void alarm_update(struct standing *standing, struct member *its, uint32_t d, uint32_t family, uint32_t ratio) {
    uint16_t bit = (uint16_t)(1u << family);
    bool raised = (its->raised[d] & bit) != 0;
    if (!raised && ratio >= (uint32_t)STANDING_ONE) {
        its->raised[d] |= bit;
        its->fresh[d] |= bit;
        standing->alarms++;
    } else if (raised && ratio < (uint32_t)STANDING_ONE / 2) {
        its->raised[d] &= (uint16_t)~bit;
    }
}

static void family_refresh(struct standing *standing, uint32_t number) {
    struct family *family = &standing->family[number];
    for (uint32_t d = 0; d < DETECTORS; d++) {
        for (uint32_t i = 0; i < standing->members; i++) {
            uint32_t ratio = detectors[d].ratio(family, i, standing->enhanced);
            CHECK(ratio <= (uint32_t)STANDING_RATIO_MAX);
            family->ratios[d][i] = ratio;
            alarm_update(standing, &standing->member[i], d, number, ratio);
        }
    }
    family->dirty = false;
}

/* The ratios of all detectors, each the largest over families; ret_family[d] is the first that has it. */
static void ratios_of(const struct standing *standing, uint32_t member, uint32_t *ret_ratios, uint32_t *ret_family) {
    for (uint32_t d = 0; d < DETECTORS; d++) ret_ratios[d] = ret_family[d] = 0;
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) {
        if (!standing->family[f].open) continue;
        for (uint32_t d = 0; d < DETECTORS; d++) {
            uint32_t ratio = standing->family[f].ratios[d][member];
            if (ratio <= ret_ratios[d]) continue;
            ret_ratios[d] = ratio;
            ret_family[d] = f;
        }
    }
}

/* The detector with the largest ratio, DETECTORS when all are 0. */
static enum detector reason_of(const uint32_t *ratios) {
    enum detector reason = DETECTORS;
    for (uint32_t d = 0; d < DETECTORS; d++) {
        if (ratios[d] > (reason == DETECTORS ? 0 : ratios[reason])) reason = (enum detector)d;
    }
    return reason;
}

/* How far a member would be weighed down: s of the head of the header. As S/h - 1/5 is already the slope of s, no
 * product is needed. */
static uint32_t suspicion_of(uint32_t ratio) {
    if (ratio <= SUSPICION_FROM) return 0;
    return ratio - SUSPICION_FROM < SUSPICION_MAX ? ratio - SUSPICION_FROM : SUSPICION_MAX;
}

/* A proven member has no weight to lose, so it takes nobody's place among the F. */
static bool is_suspect(const struct member *its) {
    return its->proof == STANDING_PROOF_NONE && suspicion_of(its->ratio) > 0;
}

/* The F largest ratios, the lower number first among equals: everybody with fewer than F before it. */
static void suspect(struct standing *standing) {
    uint16_t suspects[MEMBERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < standing->members; i++) {
        standing->member[i].suspicion = 0;
        if (is_suspect(&standing->member[i])) suspects[count++] = (uint16_t)i;
    }
    uint32_t most = (standing->heads - 1) / 3;
    for (uint32_t s = 0; s < count; s++) {
        struct member *its = &standing->member[suspects[s]];
        uint32_t before = 0;
        for (uint32_t o = 0; o < count && before < most; o++) {
            uint32_t other = standing->member[suspects[o]].ratio;
            if (other > its->ratio || (other == its->ratio && o < s)) before++;
        }
        if (before < most) its->suspicion = suspicion_of(its->ratio);
    }
}

static void forget_alarms(struct standing *standing) {
    if (standing->alarms == 0) return;
    for (uint32_t i = 0; i < standing->members; i++) {
        for (uint32_t d = 0; d < DETECTORS; d++) standing->member[i].fresh[d] = 0;
    }
    standing->alarms = 0;
}

static uint32_t probation_left(const struct member *its, uint64_t height) {
    uint64_t left = its->probation_end > height ? its->probation_end - height : 0;
    return (uint32_t)num_min_u64(left, STANDING_PROBATION_BLOCKS);
}

static void renew_ratio(struct standing *standing, uint32_t member) {
    uint32_t ratios[DETECTORS];
    uint32_t families[DETECTORS];
    ratios_of(standing, member, ratios, families);
    enum detector reason = reason_of(ratios);
    standing->member[member].ratio = reason == DETECTORS ? 0 : ratios[reason];
}

void standing_end_block(struct standing *standing, uint64_t height, bool enhanced) {
    forget_alarms(standing);
    bool changed = enhanced != standing->enhanced || standing->resized;
    standing->enhanced = enhanced;
    standing->resized = false;
    bool renewed = false;
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) {
        if (!standing->family[f].open || !(standing->family[f].dirty || changed)) continue;
        family_refresh(standing, f);
        renewed = true;
    }
    for (uint32_t i = 0; i < standing->members; i++) {
        struct member *its = &standing->member[i];
        if (its->is_absent) continue;
        if (height % STANDING_REPUTATION_INTERVAL == 0) reputation_epoch(&its->reputation);
        its->probation_left = probation_left(its, height);
        if (renewed) renew_ratio(standing, i);
    }
    suspect(standing);
    for (uint32_t i = 0; i < standing->members; i++) standing->weights[i] = weight_of(&standing->member[i]);
}

uint32_t standing_weight(const struct standing *standing, uint32_t member) {
    CHECK(member < standing->members);
    return standing->weights[member];
}

const uint32_t *standing_weights(const struct standing *standing) { return standing->weights; }

void standing_member(const struct standing *standing, uint32_t member, struct standing_member *ret_member) {
    CHECK(member < standing->members);
    const struct member *its = &standing->member[member];
    struct standing_member found = {
        .weight = standing->weights[member],
        .reputation = reputation_value(&its->reputation),
        .suspicion = its->suspicion,
        .proven = its->proof != STANDING_PROOF_NONE,
        .proof = its->proof,
        .probation_left = its->probation_left,
    };
    uint32_t families[DETECTORS];
    ratios_of(standing, member, found.ratios, families);
    found.reason = reason_of(found.ratios);
    if (found.reason != DETECTORS) {
        found.ratio = found.ratios[found.reason];
        found.family = families[found.reason];
    }
    for (uint32_t d = 0; d < DETECTORS; d++) found.alarmed |= its->raised[d] != 0;
    *ret_member = found;
}

uint32_t standing_cluster(const struct standing *standing, uint32_t member, uint32_t family) {
    CHECK(member < standing->members && family < STANDING_FAMILIES_MAX);
    if (!standing->family[family].open) return member;
    return collusion_cluster(&standing->family[family].collusion, member);
}

static bool member_take_alarm(struct member *its, enum detector *ret_detector, uint32_t *ret_family) {
    for (uint32_t d = 0; d < DETECTORS; d++) {
        for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) {
            if ((its->fresh[d] >> f & 1) == 0) continue;
            its->fresh[d] &= (uint16_t) ~(1u << f);
            *ret_detector = (enum detector)d;
            *ret_family = f;
            return true;
        }
    }
    return false;
}

bool standing_take_alarm(struct standing *standing, struct standing_alarm *ret_alarm) {
    if (standing->alarms == 0) return false;
    for (uint32_t i = 0; i < standing->members; i++) {
        struct standing_alarm alarm = {.member = i};
        if (!member_take_alarm(&standing->member[i], &alarm.detector, &alarm.family)) continue;
        alarm.ratio = standing->family[alarm.family].ratios[alarm.detector][i];
        standing->alarms--;
        *ret_alarm = alarm;
        return true;
    }
    CHECK(false);
}

/* Snapshots. */

OUTLET_COVERS(struct family, 8 + sizeof(struct drift) + sizeof(struct sign) + sizeof(struct collusion) +
                                 sizeof(struct timing) + sizeof(struct copying) + sizeof(struct omission) +
                                 DETECTORS * MEMBERS_MAX * sizeof(uint32_t));
OUTLET_COVERS(struct member, sizeof(struct reputation) + 32 + 2 * DETECTORS * sizeof(uint16_t));
OUTLET_COVERS(struct standing, 16 + MEMBERS_MAX * (sizeof(uint32_t) + sizeof(struct member)) +
                                   STANDING_FAMILIES_MAX * (sizeof(uint8_t *) + sizeof(struct family)));

static uint16_t open_families(const struct standing *standing) {
    uint32_t open = 0;
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) open |= (uint32_t)standing->family[f].open << f;
    return (uint16_t)open;
}

static void save_member(const struct member *its, struct outlet *outlet) {
    reputation_save(&its->reputation, outlet);
    outlet_put_u64(outlet, its->probation_end);
    outlet_put_u8(outlet, (uint8_t)its->proof);
    for (uint32_t d = 0; d < DETECTORS; d++) outlet_put_u16(outlet, its->raised[d]);
}

void standing_save(const struct standing *standing, struct outlet *outlet) {
    CHECK(standing->alarms == 0);
    for (uint32_t i = 0; i < standing->members; i++) save_member(&standing->member[i], outlet);
    outlet_put_u16(outlet, open_families(standing));
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) {
        if (!standing->family[f].open) continue;
        CHECK(!standing->family[f].dirty);
        for (uint32_t d = 0; d < DETECTORS; d++) detectors[d].save(&standing->family[f], outlet);
    }
}

static enum status load_member(struct member *its, struct reader *reader) {
    uint8_t proof;
    TRY(reputation_load(&its->reputation, reader));
    TRY(reader_u64(reader, &its->probation_end));
    TRY(reader_u8(reader, &proof));
    if (proof >= STANDING_PROOFS) return STATUS_BAD_VALUE;
    its->proof = (enum standing_proof)proof;
    for (uint32_t d = 0; d < DETECTORS; d++) TRY(reader_u16(reader, &its->raised[d]));
    return its->is_absent && its->probation_end != 0 ? STATUS_BAD_VALUE : STATUS_OK;
}

/* The ratios as the last block left them, and whether the alarms fit them: one stands from the threshold on, and falls
 * below half of it. */
static enum status restore_ratios(struct standing *standing, uint32_t number) {
    struct family *family = &standing->family[number];
    for (uint32_t d = 0; d < DETECTORS; d++) {
        for (uint32_t i = 0; i < standing->members; i++) {
            uint32_t ratio = family->open ? detectors[d].ratio(family, i, standing->enhanced) : 0;
            bool raised = (standing->member[i].raised[d] >> number & 1) != 0;
            if (ratio >= (uint32_t)STANDING_ONE && !raised) return STATUS_CONFLICT;
            if (ratio < (uint32_t)STANDING_ONE / 2 && raised) return STATUS_CONFLICT;
            family->ratios[d][i] = ratio;
        }
    }
    return STATUS_OK;
}

static enum status load_families(struct standing *standing, struct reader *reader) {
    uint16_t open;
    TRY(reader_u16(reader, &open));
    for (uint32_t f = 0; f < STANDING_FAMILIES_MAX; f++) {
        if ((open >> f & 1) != 0) {
            struct family *family = family_open(standing, f);
            for (uint32_t d = 0; d < DETECTORS; d++) TRY(detectors[d].load(family, reader));
        }
        TRY(restore_ratios(standing, f));
    }
    return STATUS_OK;
}

static void take_places(struct standing *standing, const struct member_set *absent) {
    standing->heads = standing->members - member_set_count(absent);
    standing->resized = false;
    for (uint32_t i = 0; i < standing->members; i++) standing->member[i].is_absent = member_set_has(absent, i);
}

enum status standing_load(struct standing *standing, struct reader *reader, uint64_t height, bool enhanced,
                          const struct member_set *absent) {
    standing->enhanced = enhanced;
    take_places(standing, absent);
    for (uint32_t i = 0; i < standing->members; i++) TRY(load_member(&standing->member[i], reader));
    TRY(load_families(standing, reader));
    for (uint32_t i = 0; i < standing->members; i++) {
        standing->member[i].probation_left = probation_left(&standing->member[i], height);
        renew_ratio(standing, i);
    }
    suspect(standing);
    for (uint32_t i = 0; i < standing->members; i++) standing->weights[i] = weight_of(&standing->member[i]);
    return STATUS_OK;
}
