/* The genesis as people write it, and its times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/ed25519.h"
#include "folder.h"
#include "node/config.h"

/* Four keys, from the seeds 1, 2, 3, 4. */
static struct genesis sample(void) {
    struct genesis genesis = {
        .name = "indicators", .created_us = 1767323045000006, .threshold = {3, 4}, .members = 4};
    genesis.state_bytes_max = STATE_BYTES_DEFAULT;
    for (uint32_t i = 0; i < genesis.members; i++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)(i + 1)};
        uint8_t secret[SECRET_BYTES];
        ed25519_from_seed(seed, secret, genesis.keys[i]);
        (void)snprintf(genesis.member_names[i], sizeof genesis.member_names[i], "member-%u", i);
    }
    return genesis;
}

static void written_genesis_reads_back_with_the_same_chain(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    static struct genesis made;
    static struct genesis read;
    struct hash before;
    struct hash after;
    (void)state;
    made = sample();
    assert_int_equal(genesis_write(folder_file(&folder, "genesis.json"), &made, &detail), STATUS_OK);
    assert_int_equal(genesis_load(folder.file, &read, &detail), STATUS_OK);
    genesis_chain(&made, &before);
    genesis_chain(&read, &after);
    assert_true(hash_equal(&before, &after));
    assert_int_equal(genesis_write(folder.file, &made, &detail), STATUS_CONFLICT);
    folder_delete(&folder);
}

static void vacant_places_are_read_back_and_are_part_of_the_chain(void **state) {
    struct folder folder = folder_new();
    struct config_detail detail;
    static struct genesis made;
    static struct genesis read;
    struct hash with;
    struct hash without;
    (void)state;
    made = sample();
    genesis_chain(&made, &without);
    made.vacant = 3;
    made.members += made.vacant;
    assert_int_equal(genesis_write(folder_file(&folder, "genesis.json"), &made, &detail), STATUS_OK);
    assert_int_equal(genesis_load(folder.file, &read, &detail), STATUS_OK);
    assert_int_equal(read.members, 7);
    assert_int_equal(read.vacant, 3);
    assert_string_equal(read.member_names[4], "");
    genesis_chain(&read, &with);
    assert_false(hash_equal(&with, &without));
    folder_delete(&folder);
}

/* The sample with one text replaced by another. */
static enum status load_changed(const char *from, const char *to, struct config_detail *ret_detail) {
    struct folder folder = folder_new();
    struct config_detail detail;
    static struct genesis genesis;
    char text[4096] = "";
    char changed[8192];
    genesis = sample();
    assert_int_equal(genesis_write(folder_file(&folder, "genesis.json"), &genesis, &detail), STATUS_OK);
    FILE *file = fopen(folder.file, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    char *at = strstr(text, from);
    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    folder_put(&folder, "genesis.json", changed, 0644);
    enum status status = genesis_load(folder.file, &genesis, ret_detail);
    if (status != STATUS_OK) assert_non_null(strstr(ret_detail->text, folder.file));
    folder_delete(&folder);
    return status;
}

static void harmless_changes_are_accepted(void **state) {
    struct config_detail detail;
    (void)state;
    assert_int_equal(load_changed("\"3/4\"", " \"4/5\" ", &detail), STATUS_OK);
    assert_int_equal(load_changed(".000006Z", "Z", &detail), STATUS_OK);
    assert_int_equal(load_changed("member-2", "quiet-labs", &detail), STATUS_OK);
}

static void what_is_wrong_is_refused_by_name(void **state) {
    static const struct {
        const char *from;
        const char *to;
        enum status status;
        const char *says;
    } cases[] = {
        {"\"3/4\"", "\"2/3\"", STATUS_BAD_VALUE, "threshold"},
        {"\"3/4\"", "\"0.75\"", STATUS_BAD_FORMAT, "threshold"},
        {"\"3/4\"", "0.75", STATUS_BAD_FORMAT, "string"},
        {"\"credimus\": 1", "\"credimus\": 2", STATUS_VERSION, "credimus"},
        {"\"credimus\": 1", "\"credimus\": 1, \"extra\": 1", STATUS_BAD_FORMAT, "extra"},
        {"\"credimus\": 1", "\"credimus\": 1, \"credimus\": 1", STATUS_BAD_FORMAT, "duplicate"},
        {"\"credimus\": 1,", "", STATUS_BAD_FORMAT, "credimus"},
        {"Z\"", "+00:00\"", STATUS_BAD_FORMAT, "created"},
        {"1073741824", "1048575", STATUS_BAD_VALUE, "state_bytes_max"},
        {"1073741824", "-1", STATUS_BAD_VALUE, "state_bytes_max"},
        {"member-2", "member-1", STATUS_DUPLICATE, "same name"},
        {"member-2", "member 2", STATUS_BAD_FORMAT, "name"},
        {"member-2", "member+2", STATUS_BAD_FORMAT, "name"},
        {"member-2", "", STATUS_BAD_FORMAT, "name"},
        {"\"key\": \"", "\"key\": \"0", STATUS_BAD_FORMAT, "64 hex"},
        {"\"key\": \"", "\"secret\": 1, \"key\": \"", STATUS_BAD_FORMAT, "secret"},
        {"\"credimus\": 1", "\"credimus\": 1, \"vacant\": -1", STATUS_BAD_VALUE, "from 0 to 252"},
        {"\"credimus\": 1", "\"credimus\": 1, \"vacant\": 253", STATUS_BAD_VALUE, "vacant"},
        {"\"credimus\": 1", "\"credimus\": 1, \"vacant\": \"1\"", STATUS_BAD_FORMAT, "integer"},
        {"{", "[", STATUS_BAD_FORMAT, "line"},
        {"\"members\": [", "\"members\": [], \"x\": [", STATUS_BAD_FORMAT, "x"},
    };
    struct config_detail detail;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load_changed(cases[i].from, cases[i].to, &detail), cases[i].status);
        if (strstr(detail.text, cases[i].says) == NULL) fail_msg("%s: %s", cases[i].to, detail.text);
    }
}

static void times_are_those_of_the_calendar(void **state) {
    static const struct {
        const char *text;
        uint64_t time_us;
    } cases[] = {
        {"1970-01-01T00:00:00.000000Z", 0},
        {"1970-12-31T23:59:59.999999Z", 31535999999999},
        {"2000-02-29T12:00:00.000000Z", 951825600000000},
        {"2024-12-31T00:00:00.000000Z", 1735603200000000},
        {"2026-01-02T03:04:05.000006Z", 1767323045000006},
        {"2100-03-01T00:00:00.000000Z", 4107542400000000},
        {"9999-12-31T23:59:59.000000Z", 253402300799000000},
    };
    char text[CONFIG_TIME_BYTES];
    uint64_t time_us;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(config_time_parse(slice_of_text(cases[i].text), &time_us), STATUS_OK);
        assert_int_equal(time_us, cases[i].time_us);
        config_time_put(cases[i].time_us, text);
        assert_string_equal(text, cases[i].text);
    }
    assert_int_equal(config_time_parse(slice_of_text("1970-01-01T00:00:00Z"), &time_us), STATUS_OK);
    assert_int_equal(config_time_parse(slice_of_text("1970-01-01T00:00:00.5Z"), &time_us), STATUS_OK);
    assert_int_equal(time_us, 500000);
}

static void times_that_do_not_exist_are_refused(void **state) {
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {
        {"2023-02-29T00:00:00Z", STATUS_BAD_VALUE},
        {"2100-02-29T00:00:00Z", STATUS_BAD_VALUE},
        {"2026-13-01T00:00:00Z", STATUS_BAD_VALUE},
        {"2026-00-01T00:00:00Z", STATUS_BAD_VALUE},
        {"2026-04-31T00:00:00Z", STATUS_BAD_VALUE},
        {"2026-04-30T24:00:00Z", STATUS_BAD_VALUE},
        {"2026-04-30T23:59:60Z", STATUS_BAD_VALUE},
        {"1969-12-31T23:59:59Z", STATUS_BAD_VALUE},
        {"2026-04-30T23:59:59", STATUS_BAD_FORMAT},
        {"2026-04-30 23:59:59Z", STATUS_BAD_FORMAT},
        {"2026-04-30T23:59:59.Z", STATUS_BAD_FORMAT},
        {"2026-04-30T23:59:59.1234567Z", STATUS_BAD_FORMAT},
        {"2026-04-30T23:59:59+00:00", STATUS_BAD_FORMAT},
        {"+026-04-30T23:59:59Z", STATUS_BAD_FORMAT},
        {"", STATUS_BAD_FORMAT},
    };
    uint64_t time_us = 7;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(config_time_parse(slice_of_text(cases[i].text), &time_us), cases[i].status);
        assert_int_equal(time_us, 7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_genesis_reads_back_with_the_same_chain),
        cmocka_unit_test(vacant_places_are_read_back_and_are_part_of_the_chain),
        cmocka_unit_test(harmless_changes_are_accepted),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(times_are_those_of_the_calendar),
        cmocka_unit_test(times_that_do_not_exist_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
