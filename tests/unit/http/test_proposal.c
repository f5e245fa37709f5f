/* Proposals as JSON: what is read from them, and what each refusal names. */
#include "http/proposal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/ed25519.h"

/* Four members at places 0, 1, 2 and 4 of six, in epoch 3. */
static struct roster roster;
static char spare_key[2 * KEY_BYTES + 1];

static void make_key(uint8_t seed_byte, uint8_t ret_key[KEY_BYTES]) {
    uint8_t seed[ED25519_SEED_BYTES];
    uint8_t secret[SECRET_BYTES];
    memset(seed, seed_byte, sizeof seed);
    ed25519_from_seed(seed, secret, ret_key);
}

static int make_roster(void **state) {
    static const char *const names[] = {"m0", "m1", "m2", "", "m4", ""};
    uint8_t key[KEY_BYTES];
    (void)state;
    roster = (struct roster){.epoch = 3, .height = 9, .threshold = THRESHOLD_DEFAULT, .members = 6};
    for (uint32_t m = 0; m < roster.members; m++) {
        (void)snprintf(roster.names[m], sizeof roster.names[m], "%s", names[m]);
        if (names[m][0] == '\0') {
            member_set_add(&roster.absent, m);
        } else {
            make_key((uint8_t)(m + 1), roster.keys[m]);
        }
    }
    make_key(77, key);
    bytes_to_hex(key, KEY_BYTES, spare_key);
    return 0;
}

/* %s in `text` is a key that nobody has. */
static enum status take(const char *text, struct reconfigure *ret_change, struct refusal *ret_refusal) {
    static char bytes[1024];
    (void)snprintf(bytes, sizeof bytes, text, spare_key); /* NOLINT: the formats are the literals below */
    struct json json = json_of((uint8_t *)bytes, strlen(bytes));
    return proposal_take(&json, &roster, ret_change, ret_refusal);
}

static void each_change_then_the_item_it_asks_for(void **state) {
    struct reconfigure change;
    struct refusal refusal;
    uint8_t key[KEY_BYTES];
    (void)state;
    make_key(77, key);
    assert_int_equal(take("{\"change\": \"add\", \"name\": \"new\", \"key\": \"%s\"}", &change, &refusal), STATUS_OK);
    assert_int_equal(change.change, CHANGE_ADD);
    assert_int_equal(change.epoch, 3);
    assert_int_equal(change.member, 3); /* the first vacant place */
    assert_true(slice_equal(change.name, slice_of_text("new")));
    assert_memory_equal(change.key, key, KEY_BYTES);
    assert_int_equal(
        take("{\"change\": \"add\", \"name\": \"new\", \"key\": \"%s\", \"place\": 5}", &change, &refusal),
        STATUS_OK);
    assert_int_equal(change.member, 5);
    assert_int_equal(take("{\"change\": \"remove\", \"member\": \"m4\", \"epoch\": 3}", &change, &refusal),
                     STATUS_OK);
    assert_int_equal(change.change, CHANGE_REMOVE);
    assert_int_equal(change.member, 4);
    assert_int_equal(change.name.bytes, 0);
    assert_int_equal(take("{\"change\": \"key\", \"member\": \"m1\", \"key\": \"%s\"}", &change, &refusal),
                     STATUS_OK);
    assert_int_equal(change.change, CHANGE_KEY);
    assert_int_equal(change.member, 1);
    assert_memory_equal(change.key, key, KEY_BYTES);
    assert_int_equal(take("{\"change\": \"threshold\", \"threshold\": \"4/5\"}", &change, &refusal), STATUS_OK);
    assert_int_equal(change.change, CHANGE_THRESHOLD);
    assert_int_equal(change.threshold.numerator, 4);
    assert_int_equal(change.threshold.denominator, 5);
}

static void bad_proposal_then_refused_with_the_field(void **state) {
    static const struct {
        const char *text;
        enum status status;
        const char *named;
    } cases[] = {
        {"", STATUS_BAD_FORMAT, "object"},
        {"{}", STATUS_MISSING, "change"},
        {"{\"change\": \"grow\"}", STATUS_BAD_VALUE, "change"},
        {"{\"change\": 1}", STATUS_BAD_TYPE, "change"},
        {"{\"change\": \"remove\"}", STATUS_MISSING, "member"},
        {"{\"change\": \"remove\", \"member\": \"m3\"}", STATUS_UNKNOWN_MEMBER, "m3"},
        {"{\"change\": \"remove\", \"member\": \"\"}", STATUS_BAD_VALUE, "member"},
        {"{\"change\": \"remove\", \"member\": \"m1\", \"place\": 1}", STATUS_BAD_VALUE, "place"},
        {"{\"change\": \"remove\", \"member\": \"m1\", \"epoch\": 2}", STATUS_WRONG_EPOCH, "epoch 3, not 2"},
        {"{\"change\": \"remove\", \"member\": \"m1\", \"epoch\": -1}", STATUS_BAD_VALUE, "epoch"},
        {"{\"change\": \"remove\", \"member\": \"m1\"} x", STATUS_TRAILING_BYTES, "after"},
        {"{\"change\": \"remove\", \"member\": \"m1\", \"colour\": 1}", STATUS_BAD_VALUE, "colour"},
        {"{\"change\": \"add\", \"name\": \"new\"}", STATUS_MISSING, "key"},
        {"{\"change\": \"add\", \"name\": \"new\", \"key\": \"ab\"}", STATUS_BAD_FORMAT, "key"},
        {"{\"change\": \"add\", \"name\": \"new\", \"key\": "
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
         STATUS_BAD_KEY, "key"},
        {"{\"change\": \"add\", \"name\": \"a b\", \"key\": \"%s\"}", STATUS_BAD_FORMAT, "name"},
        {"{\"change\": \"add\", \"name\": \"new\", \"key\": \"%s\", \"place\": 4}", STATUS_CONFLICT, "m4"},
        {"{\"change\": \"add\", \"name\": \"new\", \"key\": \"%s\", \"place\": 6}", STATUS_BAD_VALUE, "0 to 5"},
        {"{\"change\": \"add\", \"name\": \"new\", \"key\": \"%s\", \"place\": 256}", STATUS_BAD_VALUE, "place"},
        {"{\"change\": \"threshold\", \"threshold\": \"2/3\"}", STATUS_BAD_VALUE, "above 2/3"},
        {"{\"change\": \"threshold\", \"threshold\": \"5/4\"}", STATUS_BAD_VALUE, "at most 1"},
        {"{\"change\": \"threshold\", \"threshold\": \"most\"}", STATUS_BAD_FORMAT, "4/5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reconfigure change = {.member = 99};
        struct refusal refusal = {.detail = ""};
        enum status status = take(cases[i].text, &change, &refusal);
        if (status != cases[i].status || strstr(refusal.detail, cases[i].named) == NULL)
            print_error("%s: %s, %s\n", cases[i].text, status_name(status), refusal.detail);
        assert_int_equal(status, cases[i].status);
        assert_non_null(strstr(refusal.detail, cases[i].named));
        assert_int_equal(change.member, 99);
    }
}

static void all_places_taken_then_said(void **state) {
    struct reconfigure change;
    struct refusal refusal;
    struct roster before = roster;
    (void)state;
    roster.members = 3;
    member_set_clear(&roster.absent);
    assert_int_equal(take("{\"change\": \"add\", \"name\": \"new\", \"key\": \"%s\"}", &change, &refusal),
                     STATUS_CONFLICT);
    assert_non_null(strstr(refusal.detail, "3 places"));
    roster = before;
}

static void what_the_group_refuses_then_said_of_whom(void **state) {
    struct reconfigure change = {.epoch = 3, .change = CHANGE_ADD, .member = 3, .name = slice_of_text("m2")};
    struct refusal refusal;
    (void)state;
    assert_int_equal(proposal_explain(&roster, &change, STATUS_DUPLICATE, &refusal), STATUS_DUPLICATE);
    assert_non_null(strstr(refusal.detail, "name: the member at place 2"));
    change.name = slice_of_text("new");
    memcpy(change.key, roster.keys[4], KEY_BYTES);
    assert_int_equal(proposal_explain(&roster, &change, STATUS_DUPLICATE, &refusal), STATUS_DUPLICATE);
    assert_non_null(strstr(refusal.detail, "the key of m4"));
    assert_int_equal(proposal_explain(&roster, &change, STATUS_KEY_USED, &refusal), STATUS_KEY_USED);
    assert_non_null(strstr(refusal.detail, "key"));
    change = (struct reconfigure){.epoch = 3, .change = CHANGE_REMOVE, .member = 1};
    assert_int_equal(proposal_explain(&roster, &change, STATUS_BAD_VALUE, &refusal), STATUS_BAD_VALUE);
    assert_non_null(strstr(refusal.detail, "4 members"));
    assert_int_equal(proposal_explain(&roster, &change, STATUS_NOT_ALLOWED, &refusal), STATUS_NOT_ALLOWED);
    assert_non_null(strstr(refusal.detail, "roster of epoch 3"));
    assert_int_equal(proposal_explain(&roster, &change, STATUS_LANE_CLOSED, &refusal), STATUS_LANE_CLOSED);
    change = (struct reconfigure){.epoch = 3, .change = CHANGE_THRESHOLD, .threshold = {6, 8}};
    assert_int_equal(proposal_explain(&roster, &change, STATUS_DUPLICATE, &refusal), STATUS_DUPLICATE);
    assert_non_null(strstr(refusal.detail, "3/4"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_then_the_item_it_asks_for),
        cmocka_unit_test(bad_proposal_then_refused_with_the_field),
        cmocka_unit_test(all_places_taken_then_said),
        cmocka_unit_test(what_the_group_refuses_then_said_of_whom),
    };
    return cmocka_run_group_tests(tests, make_roster, NULL);
}
