/* Saving and loading the standing: what is loaded goes on as what was saved. */
#include "crowd.h"

#include "standing/standing.h"

enum { MEMBERS = 8, BYTES_MAX = 1 << 20 };

static void append(void *context, struct slice piece) { writer_put(context, piece.data, piece.bytes); }

static struct slice save(const struct standing *standing, uint8_t *buffer) {
    struct writer writer = writer_of(buffer, BYTES_MAX);
    struct outlet outlet;
    uint8_t piece[100];
    outlet_open(&outlet, piece, sizeof piece, append, &writer);
    standing_save(standing, &outlet);
    outlet_close(&outlet);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    return writer_slice(&writer);
}

static const struct member_set none; /* no place is vacant */

static struct standing *fresh(void) {
    size_t bytes = standing_bytes(MEMBERS);
    void *memory = calloc(1, bytes);
    assert_non_null(memory);
    return standing_init(memory, bytes, MEMBERS);
}

static void assert_same(const struct standing *one, const struct standing *other) {
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct standing_member first, second;
        memset(&first, 0, sizeof first);
        memset(&second, 0, sizeof second);
        standing_member(one, i, &first);
        standing_member(other, i, &second);
        assert_int_equal(first.weight, second.weight);
        assert_int_equal(first.reputation, second.reputation);
        assert_int_equal(first.suspicion, second.suspicion);
        assert_int_equal(first.ratio, second.ratio);
        assert_memory_equal(first.ratios, second.ratios, sizeof first.ratios);
        assert_int_equal(first.proof, second.proof);
        assert_int_equal(first.alarmed, second.alarmed);
        assert_int_equal(first.probation_left, second.probation_left);
        assert_int_equal(standing_weight(one, i), standing_weight(other, i));
        for (uint32_t f = 0; f < 3; f++) assert_int_equal(standing_cluster(one, i, f), standing_cluster(other, i, f));
    }
}

static uint64_t take_alarms(struct standing *standing) {
    struct standing_alarm alarm;
    uint64_t seen = 0;
    while (standing_take_alarm(standing, &alarm)) seen = seen * 31 + alarm.member * 7 + (uint64_t)alarm.detector + 1;
    return seen;
}

/* Members of many habits, in a group whose spread changes by the hundred panels. */
static void speak(struct crowd *crowd) {
    int64_t spread = SPREAD * (1 + (int64_t)(crowd->panels / 100 % 7));
    for (uint32_t i = 0; i < MEMBERS; i++) {
        crowd->absent[i] = prng_chance(&crowd->prng, 1 + (i == 7 ? 5 : 0), 12);
        crowd->offset[i] = (int32_t)prng_below(&crowd->prng, (uint64_t)STANDING_ONE);
        crowd->copied[i] = i > 0 && prng_chance(&crowd->prng, 1, 3) ? (uint16_t)(i - 1) : VOICE_ORIGINAL;
        bool repeats = crowd->copied[i] != VOICE_ORIGINAL && !crowd->absent[i - 1];
        int64_t own = crowd_normal(crowd, spread) + (i == 1 ? 2 * spread : 0);
        crowd_tell(crowd, i, repeats ? crowd->y[i - 1][0] : own);
    }
    crowd->absent[0] = false;
    crowd->absent[3] = false;
    crowd_speak(crowd);
    for (uint32_t i = 0; i < MEMBERS; i++)
        if (crowd->absent[i] && prng_chance(&crowd->prng, 1, 2)) crowd->voice.missed[0] |= UINT64_C(1) << i;
}

static void one_block(struct crowd *crowd, struct standing *const *standings, uint32_t count, uint64_t height,
                      bool enhanced) {
    uint32_t panels = (uint32_t)prng_below(&crowd->prng, 4);
    uint32_t member = (uint32_t)prng_below(&crowd->prng, MEMBERS);
    uint64_t alarms[2] = {0, 0};
    enum challenge_outcome outcome = prng_chance(&crowd->prng, 1, 200) ? CHALLENGE_WRONG
                                     : prng_chance(&crowd->prng, 1, 3) ? CHALLENGE_MISSING
                                                                       : CHALLENGE_RIGHT;
    for (uint32_t p = 0; p < panels; p++) {
        crowd->voice.missed[0] = 0;
        crowd->voice.family = (uint32_t)prng_below(&crowd->prng, 3);
        speak(crowd);
        for (uint32_t s = 0; s < count; s++) standing_on_panel(standings[s], &crowd->voice);
    }
    for (uint32_t s = 0; s < count; s++) {
        standing_on_challenge(standings[s], member, outcome);
        standing_on_canary(standings[s], (member + 1) % MEMBERS, (int32_t)(height * 977 % 65536));
        if (height % 97 == 0) standing_admit(standings[s], member, height);
        if (height % 61 == 0) standing_reinstate(standings[s], member);
        standing_end_block(standings[s], height, enhanced);
        alarms[s] = take_alarms(standings[s]);
    }
    if (count == 2) assert_int_equal(alarms[0], alarms[1]);
}

static void saved_at_random_heights_then_goes_on_the_same(void **state) {
    (void)state;
    static uint8_t first[BYTES_MAX], second[BYTES_MAX];
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct crowd *crowd = crowd_new(MEMBERS, 2, 2 * SPREAD, seed);
        struct standing *standings[2] = {fresh(), NULL};
        bool enhanced = false;
        for (uint64_t height = 1; height <= 700; height++) {
            if (prng_chance(&crowd->prng, 1, 90)) enhanced = !enhanced;
            one_block(crowd, standings, standings[1] == NULL ? 1 : 2, height, enhanced);
            if (standings[1] != NULL) assert_same(standings[0], standings[1]);
            if (!prng_chance(&crowd->prng, 1, 80)) continue;
            struct slice bytes = save(standings[0], first);
            if (standings[1] != NULL) assert_true(slice_equal(bytes, save(standings[1], second)));
            free(standings[1]);
            standings[1] = fresh();
            struct reader reader = reader_of(bytes);
            assert_int_equal(standing_load(standings[1], &reader, height, enhanced, &none), STATUS_OK);
            assert_int_equal(reader_end(&reader), STATUS_OK);
            assert_same(standings[0], standings[1]);
            assert_true(slice_equal(bytes, save(standings[1], second)));
        }
        free(standings[0]);
        free(standings[1]);
        free(crowd);
    }
}

/* The first u16 behind the members says which families are open; before it are the alarms of each member. */
static void alarm_that_no_detector_shows_then_refused(void **state) {
    (void)state;
    static uint8_t bytes[BYTES_MAX];
    struct standing *standing = fresh();
    standing_end_block(standing, 1, false);
    struct slice saved = save(standing, bytes);
    enum { MEMBER_BYTES = 4 * 8 + 8 + 1 + 6 * 2 };
    assert_int_equal(saved.bytes, MEMBERS * MEMBER_BYTES + 2);
    free(standing);
    static const struct {
        size_t at;
        uint8_t value;
        enum status status;
    } cases[] = {
        {0, 0, STATUS_OK},
        {42, 1, STATUS_CONFLICT},                          /* drift, family 0, of member 0 */
        {40, STANDING_PROOFS, STATUS_BAD_VALUE},           /* no such proof */
        {3, 2, STATUS_BAD_VALUE},                          /* more good answers than are ever counted */
        {MEMBERS * MEMBER_BYTES + 1, 1, STATUS_TRUNCATED}, /* a family without its detectors */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t before = bytes[cases[i].at];
        struct reader reader = reader_of(saved);
        standing = fresh();
        bytes[cases[i].at] = cases[i].value;
        assert_int_equal(standing_load(standing, &reader, 1, false, &none), cases[i].status);
        bytes[cases[i].at] = before;
        free(standing);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_at_random_heights_then_goes_on_the_same),
        cmocka_unit_test(alarm_that_no_detector_shows_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
