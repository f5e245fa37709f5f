/* Tests of credimus_genesis_read: held against the reader that members use, on what members write and on what is made of that
 * by changing a few bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../wire/sample.h"
#include "credimus/verify.h"
#include "node/config.h"

enum { TEXT_BYTES_MAX = 65536 };

static char folder[] = "/tmp/credimus-genesis-XXXXXX";
static char path[64];

/* What a member makes of the text; its CBOR goes to `ret_bytes`. */
static enum status member_reads(struct slice text, uint8_t *ret_bytes, size_t *ret_size) {
    static struct genesis genesis;
    struct config_detail detail;
    struct writer writer = writer_of(ret_bytes, CREDIMUS_GENESIS_SIZE);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.bytes, file), text.bytes);
    assert_int_equal(fclose(file), 0);
    enum status status = genesis_load(path, &genesis, &detail);
    if (status != STATUS_OK) return status;
    genesis_put(&writer, &genesis);
    *ret_size = writer.bytes;
    return STATUS_OK;
}

/* True when both accept the text and make the same of it; fails when only the library does, or they differ. */
static bool both_accept(struct slice text) {
    static uint8_t expected[CREDIMUS_GENESIS_SIZE];
    static uint8_t got[CREDIMUS_GENESIS_SIZE];
    size_t expected_size = 0;
    size_t got_size = 0;
    enum status member = member_reads(text, expected, &expected_size);
    int library = credimus_genesis_read((const char *)text.data, text.bytes, got, sizeof got, &got_size);
    if ((library == 0) != (member == STATUS_OK)) {
        fail_msg("the member says %s, the library %s, of:\n%.*s", status_name(member), credimus_reason_name(library),
                 (int)text.bytes, (const char *)text.data);
    }
    if (library != 0) return false;
    assert_int_equal(got_size, expected_size);
    assert_memory_equal(got, expected, got_size);
    return true;
}

static struct slice written(uint32_t members, char *buffer) {
    static struct genesis genesis;
    struct config_detail detail;
    sample_genesis(members, &genesis);
    (void)remove(path);
    assert_int_equal(genesis_write(path, &genesis, &detail), STATUS_OK);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t bytes = fread(buffer, 1, TEXT_BYTES_MAX, file);
    assert_int_equal(fclose(file), 0);
    return slice_of(buffer, bytes);
}

static void what_members_write_then_the_same_canonical_form(void **state) {
    (void)state;
    static char text[TEXT_BYTES_MAX];
    assert_true(both_accept(written(4, text)));
    assert_true(both_accept(written(37, text)));
    assert_true(both_accept(written(256, text)));
}

/* Heads of files, around the members of a file that was written: what people may do to a file, and what they may not. */
static const struct {
    const char *head;
    bool accepted;
} edits[] = {
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-02T03:04:05.000006Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     true},
    {"\"state_bytes_max\" : 1048576 ,\n\t\"threshold\": \"9/10\", \"created\": \"2024-02-29T23:59:59.9Z\", "
     "\"name\": \"\\u00e9\\ud83d\\ude00\", \"credimus\": 1",
     true},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"1970-01-01T00:00:00Z\",\"threshold\":\"1/"
     "1\",\"state_bytes_max\":68719476736",
     true},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2100-02-29T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"1969-12-31T23:59:59Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-13-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00.0000001Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00.Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"2/"
     "3\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048575",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576.0",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":99999999999999999999999",
     false},
    {"\"credimus\":2,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":01,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/4\"", false},
    {"\"credimus\":1,\"name\":\"g\",\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"more\":1,\"name\":\"g\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"\\ud800\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"a\\u0000\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"\xc3\x28\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
    {"\"credimus\":1,\"name\":\"tab\\t\",\"created\":\"2026-01-01T00:00:00Z\",\"threshold\":\"3/"
     "4\",\"state_bytes_max\":1048576",
     false},
};

static void files_edited_by_hand_then_judged_alike(void **state) {
    (void)state;
    static char text[TEXT_BYTES_MAX];
    static char edited[TEXT_BYTES_MAX];
    struct slice file = written(4, text);
    const char *members = strstr(text, "\"members\"");
    assert_non_null(members);
    int members_bytes = (int)(file.bytes - (size_t)(members - text));
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        int bytes = snprintf(edited, sizeof edited, "{%s, %.*s", edits[i].head, members_bytes, members);
        if (both_accept(slice_of(edited, (size_t)bytes)) != edits[i].accepted) fail_msg("row %zu", i);
    }
}

static void bytes_changed_at_random_then_never_more_than_members_accept(void **state) {
    (void)state;
    static char text[TEXT_BYTES_MAX];
    static char changed[TEXT_BYTES_MAX];
    static const char likely[] = "{}[],:\"\\u0 9aZ./-\n";
    struct prng prng = sample_prng();
    struct slice file = written(4, text);
    for (int round = 0; round < 3000; round++) {
        size_t bytes = file.bytes;
        memcpy(changed, text, bytes);
        for (uint64_t changes = prng_below(&prng, 3) + 1; changes > 0; changes--) {
            size_t at = (size_t)prng_below(&prng, bytes);
            if (prng_chance(&prng, 1, 4)) {
                memmove(changed + at, changed + at + 1, --bytes - at);
            } else {
                changed[at] = prng_chance(&prng, 1, 4) ? (char)prng_below(&prng, 256)
                                                       : likely[prng_below(&prng, sizeof likely - 1)];
            }
        }
        (void)both_accept(slice_of(changed, bytes));
    }
}

static void too_small_a_buffer_or_none_of_the_text_then_refused(void **state) {
    (void)state;
    static char text[TEXT_BYTES_MAX];
    static uint8_t out[CREDIMUS_GENESIS_SIZE];
    size_t size = 7;
    struct slice file = written(4, text);
    assert_int_equal(credimus_genesis_read(text, file.bytes, out, 40, &size), STATUS_NO_SPACE);
    for (size_t bytes = 0; bytes < file.bytes - 1; bytes++)
        assert_int_not_equal(credimus_genesis_read(text, bytes, out, sizeof out, &size), 0);
    assert_int_equal(size, 7);
}

static void chain_of_a_genesis_then_its_hash(void **state) {
    (void)state;
    static struct genesis genesis;
    static uint8_t bytes[CREDIMUS_GENESIS_SIZE];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash expected;
    uint8_t chain[32];
    sample_genesis(5, &genesis);
    genesis_put(&writer, &genesis);
    genesis_chain(&genesis, &expected);
    assert_int_equal(credimus_chain(bytes, writer.bytes, chain), 0);
    assert_memory_equal(chain, expected.bytes, 32);
    assert_int_equal(credimus_chain(bytes, writer.bytes - 1, chain), STATUS_TRUNCATED);
}

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof path, "%s/genesis.json", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    (void)remove(path);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_members_write_then_the_same_canonical_form),
        cmocka_unit_test(files_edited_by_hand_then_judged_alike),
        cmocka_unit_test(bytes_changed_at_random_then_never_more_than_members_accept),
        cmocka_unit_test(too_small_a_buffer_or_none_of_the_text_then_refused),
        cmocka_unit_test(chain_of_a_genesis_then_its_hash),
    };
    return cmocka_run_group_tests_name("genesis", tests, make_folder, remove_folder);
}
