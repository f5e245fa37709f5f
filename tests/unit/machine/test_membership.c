/* Membership: proposals and what becomes of them, against a naive model that keeps everything ever said. */
#include "machine/membership.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"

enum { PLACES = 9, FIRST = 5, KEYS = 40, NAMES = 12, LOG_MAX = 4096 };

/* Keys and names by number: nothing here looks whether a key is on the curve. */
static void key_of(uint32_t number, uint8_t ret_key[KEY_BYTES]) {
    memset(ret_key, 0x5a, KEY_BYTES);
    ret_key[0] = (uint8_t)number;
    ret_key[1] = (uint8_t)(number >> 8);
}

static void genesis_of(struct genesis *ret_genesis) {
    memset(ret_genesis, 0, sizeof *ret_genesis);
    ret_genesis->threshold = THRESHOLD_DEFAULT;
    ret_genesis->members = PLACES;
    ret_genesis->vacant = PLACES - FIRST;
    for (uint32_t m = 0; m < FIRST; m++) {
        snprintf(ret_genesis->member_names[m], sizeof ret_genesis->member_names[m], "n%u", (unsigned)m);
        key_of(m, ret_genesis->keys[m]);
    }
}

/* What is said, in numbers. */
struct said {
    uint64_t epoch;
    enum change change;
    uint32_t place;
    uint32_t name;
    uint32_t key;
    struct threshold threshold;
};

static bool same(const struct said *a, const struct said *b) {
    return a->epoch == b->epoch && a->change == b->change && a->place == b->place && a->name == b->name &&
           a->key == b->key && a->threshold.numerator == b->threshold.numerator &&
           a->threshold.denominator == b->threshold.denominator;
}

static struct reconfigure change_of(const struct said *said, char *name, size_t bytes) {
    struct reconfigure change = {.epoch = said->epoch, .change = said->change, .member = said->place};
    if (said->change == CHANGE_ADD) {
        snprintf(name, bytes, "n%u", (unsigned)said->name);
        change.name = slice_of_text(name);
    }
    if (said->change == CHANGE_ADD || said->change == CHANGE_KEY) key_of(said->key, change.key);
    change.threshold = said->threshold;
    return change;
}

static enum status propose(struct membership *membership, uint32_t member, const struct said *said, uint64_t height) {
    char name[16];
    struct reconfigure change = change_of(said, name, sizeof name);
    enum status status = membership_propose(membership, member, &change, height);
    memset(name, 'x', sizeof name); /* whoever kept it by reference has lost it */
    return status;
}

static enum status check(const struct membership *membership, uint32_t member, const struct said *said) {
    char name[16];
    struct reconfigure change = change_of(said, name, sizeof name);
    return membership_check(membership, member, &change);
}

/* The naive one. */

struct model {
    uint64_t epoch;
    struct threshold threshold;
    bool there[PLACES];
    uint32_t name[PLACES];
    uint32_t key[PLACES];
    bool used[KEYS];
    struct {
        uint32_t member;
        struct said said;
    } log[LOG_MAX];
    uint32_t count;
    bool over;
    struct said decided;
};

static void model_init(struct model *model) {
    memset(model, 0, sizeof *model);
    model->threshold = THRESHOLD_DEFAULT;
    for (uint32_t m = 0; m < FIRST; m++) {
        model->there[m] = model->used[m] = true;
        model->name[m] = model->key[m] = m;
    }
}

static uint32_t model_heads(const struct model *model) {
    uint32_t heads = 0;
    for (uint32_t m = 0; m < PLACES; m++) heads += model->there[m];
    return heads;
}

/* The newest that the member said in this epoch; NULL. */
static const struct said *model_newest(const struct model *model, uint32_t member) {
    for (uint32_t i = model->count; i-- > 0;)
        if (model->log[i].member == member && model->log[i].said.epoch == model->epoch) return &model->log[i].said;
    return NULL;
}

static enum status model_check_place(const struct model *model, const struct said *said) {
    if (said->place >= PLACES) return STATUS_UNKNOWN_MEMBER;
    if (said->change == CHANGE_ADD && model->there[said->place]) return STATUS_CONFLICT;
    if (said->change != CHANGE_ADD && !model->there[said->place]) return STATUS_UNKNOWN_MEMBER;
    if (said->change == CHANGE_REMOVE) return model_heads(model) == 4 ? STATUS_BAD_VALUE : STATUS_OK;
    for (uint32_t m = 0; m < PLACES; m++) {
        if (!model->there[m]) continue;
        if (model->key[m] == said->key) return STATUS_DUPLICATE;
        if (said->change == CHANGE_ADD && model->name[m] == said->name) return STATUS_DUPLICATE;
    }
    return model->used[said->key] ? STATUS_KEY_USED : STATUS_OK;
}

static enum status model_check(const struct model *model, uint32_t member, const struct said *said) {
    if (member >= PLACES || !model->there[member]) return STATUS_UNKNOWN_MEMBER;
    if (said->epoch != model->epoch) return STATUS_WRONG_EPOCH;
    if (said->change == CHANGE_THRESHOLD) {
        if ((double)said->threshold.numerator / said->threshold.denominator ==
            (double)model->threshold.numerator / model->threshold.denominator)
            return STATUS_DUPLICATE;
    } else {
        TRY(model_check_place(model, said));
    }
    const struct said *newest = model_newest(model, member);
    return newest != NULL && same(newest, said) ? STATUS_DUPLICATE : STATUS_OK;
}

static enum status model_propose(struct model *model, uint32_t member, const struct said *said) {
    if (model->over) return STATUS_WRONG_EPOCH;
    TRY(model_check(model, member, said));
    assert_true(model->count < LOG_MAX);
    model->log[model->count].member = member;
    model->log[model->count++].said = *said;
    uint32_t equal = 0;
    for (uint32_t m = 0; m < PLACES; m++) {
        const struct said *newest = model->there[m] ? model_newest(model, m) : NULL;
        equal += newest != NULL && same(newest, said);
    }
    model->over = equal * model->threshold.denominator >= model_heads(model) * model->threshold.numerator;
    model->decided = *said;
    return STATUS_OK;
}

static void model_begin(struct model *model) {
    const struct said *said = &model->decided;
    switch (said->change) {
    case CHANGE_ADD:
        model->there[said->place] = true;
        model->name[said->place] = said->name;
        model->key[said->place] = said->key;
        model->used[said->key] = true;
        break;
    case CHANGE_REMOVE: model->there[said->place] = false; break;
    case CHANGE_KEY:
        model->key[said->place] = said->key;
        model->used[said->key] = true;
        break;
    case CHANGE_THRESHOLD: model->threshold = said->threshold; break;
    }
    model->epoch++;
    model->over = false;
}

static void assert_roster(const struct roster *roster, const struct model *model) {
    assert_int_equal(roster->epoch, model->epoch);
    assert_int_equal(roster_heads(roster), model_heads(model));
    assert_int_equal(roster->threshold.numerator, model->threshold.numerator);
    for (uint32_t m = 0; m < PLACES; m++) {
        char name[MEMBER_NAME_BYTES_MAX + 1] = {0};
        uint8_t key[KEY_BYTES] = {0};
        assert_int_equal(roster_has(roster, m), model->there[m]);
        if (model->there[m]) {
            snprintf(name, sizeof name, "n%u", (unsigned)model->name[m]);
            key_of(model->key[m], key);
        }
        assert_memory_equal(roster->names[m], name, sizeof name);
        assert_memory_equal(roster->keys[m], key, sizeof key);
    }
}

static void assert_proposals(const struct membership *membership, const struct model *model) {
    for (uint32_t m = 0; m < PLACES; m++) {
        const struct said *newest = model->over ? NULL : model_newest(model, m);
        struct reconfigure proposed;
        char name[16];
        enum status status = membership_proposal(membership, m, &proposed);
        assert_int_equal(status, newest == NULL ? STATUS_NOT_FOUND : STATUS_OK);
        if (newest == NULL) continue;
        struct reconfigure expected = change_of(newest, name, sizeof name);
        assert_true(reconfigure_equal(&proposed, &expected));
    }
}

static struct said any_change(struct prng *prng, uint64_t epoch) {
    static const struct threshold thresholds[] = {{3, 4}, {6, 8}, {4, 5}, {7, 10}, {1, 1}};
    struct said said = {.epoch = prng_chance(prng, 1, 16) ? epoch + 1 : epoch,
                        .change = (enum change)prng_between(prng, CHANGE_ADD, CHANGE_THRESHOLD)};
    if (said.change == CHANGE_THRESHOLD) {
        said.threshold = thresholds[prng_below(prng, sizeof thresholds / sizeof thresholds[0])];
        return said;
    }
    said.place = (uint32_t)prng_below(prng, PLACES + 1);
    if (said.change == CHANGE_ADD) said.name = (uint32_t)prng_below(prng, NAMES);
    if (said.change != CHANGE_REMOVE) said.key = (uint32_t)prng_below(prng, KEYS);
    return said;
}

/* One proposal to both. */
static void step(struct membership *membership, struct model *model, uint32_t member, const struct said *said,
                 uint64_t height) {
    bool was_over = model->over;
    if (!was_over) assert_int_equal(check(membership, member, said), model_check(model, member, said));
    assert_int_equal(propose(membership, member, said, height), model_propose(model, member, said));
    assert_int_equal(membership->is_decided, model->over);
    assert_proposals(membership, model);
    if (model->over && !was_over) assert_int_equal(membership->next.height, height);
}

static void begin(struct membership *membership, struct model *model, struct prng *prng) {
    const struct roster *coming = membership_coming(membership);
    model_begin(model);
    assert_roster(coming, model);
    struct said said = any_change(prng, model->epoch);
    assert_int_equal(check(membership, 0, &said), model_check(model, 0, &said));
    membership_begin(membership);
    assert_roster(&membership->roster, model);
}

/* How many epochs ended. */
static uint64_t random_run(struct prng *prng) {
    static struct membership membership;
    static struct model model;
    struct genesis genesis;
    genesis_of(&genesis);
    membership_init(&membership, &genesis);
    model_init(&model);
    struct said favourite = any_change(prng, 0);
    for (uint64_t height = 1; height < 600; height++) {
        struct said said = prng_chance(prng, 3, 4) ? favourite : any_change(prng, model.epoch);
        step(&membership, &model, (uint32_t)prng_below(prng, PLACES), &said, height);
        bool begins = model.over && prng_chance(prng, 1, 2);
        if (begins) begin(&membership, &model, prng);
        if (begins || prng_chance(prng, 1, 20)) favourite = any_change(prng, model.epoch);
    }
    return model.epoch;
}

static void random_changes_then_as_the_naive_model(void **state) {
    (void)state;
    uint64_t seed = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 20261123;
    printf("seed %" PRIu64 "\n", seed);
    struct prng prng = prng_seeded(seed);
    uint64_t epochs = 0;
    for (int run = 0; run < 60; run++) epochs += random_run(&prng);
    assert_true(epochs > 200);
}

static void keys_beyond_those_that_are_remembered_then_refused(void **state) {
    (void)state;
    static struct membership membership;
    struct genesis genesis;
    genesis_of(&genesis);
    membership_init(&membership, &genesis);
    struct said said = {.change = CHANGE_KEY, .key = FIRST};
    for (; said.key < KEYS_USED_MAX; said.key++, said.epoch++) {
        for (uint32_t m = 0; !membership.is_decided; m++)
            assert_int_equal(propose(&membership, m, &said, said.epoch + 1), STATUS_OK);
        membership_begin(&membership);
    }
    assert_int_equal(check(&membership, 0, &said), STATUS_TOO_MANY);
    assert_int_equal(propose(&membership, 0, &said, 9999), STATUS_TOO_MANY);
    struct reconfigure proposed;
    assert_int_equal(membership_proposal(&membership, 0, &proposed), STATUS_NOT_FOUND);
    said.key = 77;
    assert_int_equal(check(&membership, 0, &said), STATUS_KEY_USED);
    /* Whatever needs no key goes on. */
    said = (struct said){.epoch = said.epoch, .change = CHANGE_REMOVE, .place = 4};
    for (uint32_t m = 0; m < 4; m++) assert_int_equal(propose(&membership, m, &said, 9999), STATUS_OK);
    assert_true(membership.is_decided);
}

static void proof_against_who_was_at_the_place_before_then_it_convicts_nobody(void **state) {
    (void)state;
    static struct membership membership;
    struct genesis genesis;
    genesis_of(&genesis);
    membership_init(&membership, &genesis);
    struct proof fork = {.kind = PROOF_FORK, .member = 4, .at = 12};
    uint8_t bytes[VOTE_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct vote vote = {.epoch = 1, .view = 90, .kind = VOTE_NULLIFY, .member = 4};
    vote_put(&writer, &vote);
    struct proof old_vote = {.kind = PROOF_VOTE, .member = 4, .at = 90, .a = writer_slice(&writer)};
    assert_true(membership_convicts(&membership, &fork));
    struct said remove = {.change = CHANGE_REMOVE, .place = 4};
    for (uint32_t m = 0; m < 4; m++) assert_int_equal(propose(&membership, m, &remove, 1), STATUS_OK);
    membership_begin(&membership);
    assert_false(membership_convicts(&membership, &fork));
    fork.member = PLACES;
    assert_false(membership_convicts(&membership, &fork));
    fork.member = 4;
    struct said add = {.epoch = 1, .change = CHANGE_ADD, .place = 4, .name = 8, .key = 8};
    for (uint32_t m = 0; m < 3; m++) assert_int_equal(propose(&membership, m, &add, 2), STATUS_OK);
    membership_begin(&membership);
    assert_false(membership_convicts(&membership, &fork));
    assert_false(membership_convicts(&membership, &old_vote));
    fork.at = UINT64_C(2) << 32;
    assert_false(membership_convicts(&membership, &fork));
    fork.at++;
    assert_true(membership_convicts(&membership, &fork));
    vote.epoch = 2;
    writer = writer_of(bytes, sizeof bytes);
    vote_put(&writer, &vote);
    old_vote.a = writer_slice(&writer);
    assert_true(membership_convicts(&membership, &old_vote));
    /* Another key washes nothing off: who is at the place stays the same. */
    struct said other_key = {.epoch = 2, .change = CHANGE_KEY, .place = 4, .key = 9};
    for (uint32_t m = 0; m < 4; m++) assert_int_equal(propose(&membership, m, &other_key, 3), STATUS_OK);
    membership_begin(&membership);
    assert_true(membership_convicts(&membership, &fork));
    assert_true(membership_convicts(&membership, &old_vote));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_then_as_the_naive_model),
        cmocka_unit_test(keys_beyond_those_that_are_remembered_then_refused),
        cmocka_unit_test(proof_against_who_was_at_the_place_before_then_it_convicts_nobody),
    };
    return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
