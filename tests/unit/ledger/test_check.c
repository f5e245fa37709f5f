/* Tests of ledger/check.h: a whole ledger passes, and one changed bit in any blob of any table is found in that table. */
#include "ledger/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/prng.h"
#include "files.h"
#include "sample.h"

enum { FINDINGS_MAX = 64, TABLE_BYTES = 16 };

struct findings {
    uint32_t count;
    char tables[FINDINGS_MAX][TABLE_BYTES];
};

static void take_finding(void *context, const char *table, int64_t row, const char *what) {
    struct findings *findings = context;
    (void)row;
    assert_true(what[0] != '\0');
    if (findings->count < FINDINGS_MAX) (void)snprintf(findings->tables[findings->count++], TABLE_BYTES, "%s", table);
}

static bool found_in(const struct findings *findings, const char *table) {
    for (uint32_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->tables[i], table) == 0) return true;
    }
    return false;
}

struct bench {
    char path[PATH_BYTES];
    struct sample sample;
};

/* Three heights, of which the second is covered by the third's finalization, and something in every table. */
static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    file_make(bench->path);
    struct sample *sample = &bench->sample;
    sample_init(sample);
    struct ledger *ledger = file_open(bench->path, &sample->chain);
    struct replica_ports ports = sample_ports(ledger);
    struct sample_batch batches[SAMPLE_MEMBERS];
    sample_persist_genesis(sample, &ports);
    for (uint32_t height = 0; height < 3; height++) {
        for (uint32_t i = 0; i < SAMPLE_MEMBERS; i++) {
            sample_batch(sample, i, &batches[i]);
            sample_persist_batch(&ports, &batches[i]);
        }
        (void)sample_persist_view(sample, &ports);
        sample_persist_height(sample, &ports, batches, height < 2 ? SAMPLE_MEMBERS : 2, height != 1);
    }
    (void)sample_persist_view(sample, &ports);
    sample_persist_certified(sample, &ports, 4);
    sample_persist_proof(sample, &ports, 3, 1);
    assert_int_equal(ledger_commit(ledger), STATUS_OK);
    ledger_close(ledger);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    file_remove(bench->path);
    free(bench);
    return 0;
}

static enum status check(const struct bench *bench, struct findings *findings, struct ledger_checked *checked) {
    findings->count = 0;
    return ledger_check(bench->path, &bench->sample.chain, take_finding, findings, checked);
}

static void whole_ledger_then_nothing_is_found(void **state) {
    struct bench *bench = *state;
    struct findings findings;
    struct ledger_checked checked = {.batches = 0};
    enum status status = check(bench, &findings, &checked);
    for (uint32_t i = 0; i < findings.count; i++) print_error("found in %s\n", findings.tables[i]);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(checked.batches, 12);
    assert_int_equal(checked.contents, 12);
    assert_int_equal(checked.heights, 3);
    assert_int_equal(checked.leaves, bench->sample.log.count);
    assert_int_equal(checked.others, 5);
    assert_int_equal(checked.findings, 0);
    assert_int_equal(ledger_check(bench->path, NULL, NULL, NULL, &checked), STATUS_OK);
}

/* XORs one bit of a blob of the first row where `where` holds. */
static void flip(const char *path, const char *table, const char *column, const char *where, int64_t bit) {
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char text[256];
    uint8_t blob[1024];
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    (void)snprintf(text, sizeof text, "SELECT %s FROM %s WHERE %s", column, table, where);
    assert_int_equal(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int bytes = sqlite3_column_bytes(statement, 0);
    assert_true(bytes > 0 && bytes <= (int)sizeof blob);
    memcpy(blob, sqlite3_column_blob(statement, 0), (size_t)bytes);
    sqlite3_finalize(statement);
    blob[bit / 8 % bytes] ^= (uint8_t)(1 << bit % 8);
    (void)snprintf(text, sizeof text, "UPDATE %s SET %s = ?1 WHERE %s", table, column, where);
    assert_int_equal(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_blob(statement, 1, blob, bytes, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(database), 1);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void one_bit_flipped_in_any_blob_then_found_in_its_table(void **state) {
    static const struct {
        const char *table;
        const char *column;
        const char *where;
        const char *found;
    } BLOBS[] = {
        {"batch", "hash", "id = 5", "batch"},
        {"body", "header", "batch = 5", "body"},
        {"body", "items", "batch = 11", "body"},
        {"content", "sha256", "batch = 5", "content"},
        {"content", "bytes", "batch = 12", "content"},
        {"vote", "block", "1", "vote"},
        {"vote", "bytes", "1", "vote"},
        {"block", "hash", "1", "block"},
        {"block", "bytes", "1", "block"},
        {"certificate", "bytes", "1", "certificate"},
        {"height", "block_hash", "height = 2", "height"},
        {"height", "block", "height = 2", "height"},
        {"height", "finalization", "height = 1", "height"},
        {"height", "root", "height = 1", "height"},
        {"leaf", "hash", "idx = 3", "leaf"},
        {"leaf", "bytes", "idx = 0", "leaf"},
        {"leaf", "bytes", "idx = 3", "leaf"},
        {"node", "hash", "level = 1 AND idx = 2", "node"},
        {"certified", "root", "1", "certified"},
        {"certified", "signatures", "1", "certified"},
        {"proof", "bytes", "1", "proof"},
    };
    struct bench *bench = *state;
    struct prng prng = prng_seeded(20240611);
    print_message("seed 20240611\n");
    for (size_t i = 0; i < sizeof BLOBS / sizeof BLOBS[0]; i++) {
        for (int round = 0; round < 12; round++) {
            struct findings findings;
            struct ledger_checked checked;
            int64_t bit = (int64_t)prng_below(&prng, 1 << 16);
            flip(bench->path, BLOBS[i].table, BLOBS[i].column, BLOBS[i].where, bit);
            enum status status = check(bench, &findings, &checked);
            if (status != STATUS_CORRUPT || !found_in(&findings, BLOBS[i].found))
                print_error("%s.%s, bit %lld: not found\n", BLOBS[i].table, BLOBS[i].column, (long long)bit);
            assert_int_equal(status, STATUS_CORRUPT);
            assert_true(found_in(&findings, BLOBS[i].found));
            assert_true(checked.findings > 0);
            flip(bench->path, BLOBS[i].table, BLOBS[i].column, BLOBS[i].where, bit);
        }
    }
    struct findings findings;
    struct ledger_checked checked;
    assert_int_equal(check(bench, &findings, &checked), STATUS_OK);
}

static void row_changed_or_gone_then_found_in_its_table(void **state) {
    static const struct {
        const char *text;
        const char *found;
    } CHANGES[] = {
        {"UPDATE batch SET wall_us = wall_us + 1 WHERE id = 2", "batch"},
        {"DELETE FROM body WHERE batch = 2", "body"},
        {"DELETE FROM batch WHERE id = 2", "body"},
        {"UPDATE content SET item = 1 WHERE batch = 2", "content"},
        {"DELETE FROM leaf WHERE idx = 4", "leaf"},
        {"DELETE FROM node WHERE level = 2 AND idx = 1", "node"},
        {"INSERT INTO node VALUES (9, 9, zeroblob(32))", "node"},
        {"UPDATE height SET time_us = time_us + 1 WHERE height = 2", "height"},
        {"DELETE FROM height WHERE height = 2", "height"},
        {"DELETE FROM height WHERE height = 3", "leaf"},
        {"UPDATE certified SET threshold_numerator = 0", "certified"},
        {"UPDATE certified SET height = 2", "certified"},
        {"UPDATE vote SET view = view + 1", "vote"},
        {"UPDATE proof SET member = 2", "proof"},
    };
    char copy[PATH_BYTES + 32];
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        struct findings findings = {.count = 0};
        struct ledger_checked checked;
        char text[PATH_BYTES + 64];
        (void)snprintf(copy, sizeof copy, "%s.copy", bench->path);
        (void)snprintf(text, sizeof text, "VACUUM INTO '%s'", copy);
        file_sql(bench->path, text);
        file_sql(copy, CHANGES[i].text);
        enum status status = ledger_check(copy, NULL, take_finding, &findings, &checked);
        assert_int_equal(remove(copy), 0);
        if (status != STATUS_CORRUPT || !found_in(&findings, CHANGES[i].found)) print_error("%s\n", CHANGES[i].text);
        assert_int_equal(status, STATUS_CORRUPT);
        assert_true(found_in(&findings, CHANGES[i].found));
    }
}

static void content_erased_then_nothing_is_found(void **state) {
    struct bench *bench = *state;
    struct findings findings;
    struct ledger_checked checked;
    file_sql(bench->path, "UPDATE content SET bytes = NULL WHERE batch = 3");
    assert_int_equal(check(bench, &findings, &checked), STATUS_OK);
}

static void another_chain_no_file_or_in_use_then_refused(void **state) {
    struct bench *bench = *state;
    struct ledger_checked checked;
    struct hash other = {{7}};
    assert_int_equal(ledger_check(bench->path, &other, NULL, NULL, &checked), STATUS_WRONG_CHAIN);
    assert_int_equal(ledger_check("/nowhere/" LEDGER_FILE, NULL, NULL, NULL, &checked), STATUS_NOT_FOUND);
    struct ledger *ledger = file_open(bench->path, &bench->sample.chain);
    assert_int_equal(ledger_check(bench->path, NULL, NULL, NULL, &checked), STATUS_LOCKED);
    ledger_close(ledger);
}

/* Bytes of the file itself: whatever they hit, the check ends with an answer, and never with "ok" when a table has changed. */
static void bytes_of_the_file_overwritten_then_an_answer_and_no_crash(void **state) {
    struct bench *bench = *state;
    struct prng prng = prng_seeded(77);
    print_message("seed 77\n");
    FILE *file = fopen(bench->path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    for (int round = 0; round < 60; round++) {
        long at = (long)prng_below(&prng, (uint64_t)size);
        struct ledger_checked checked;
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        int before = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        assert_true(fputc(before ^ 0x10, file) != EOF);
        assert_int_equal(fflush(file), 0);
        enum status status = ledger_check(bench->path, &bench->sample.chain, NULL, NULL, &checked);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT || status == STATUS_BAD_FORMAT ||
                    status == STATUS_VERSION || status == STATUS_WRONG_CHAIN || status == STATUS_IO);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        assert_true(fputc(before, file) != EOF);
        assert_int_equal(fflush(file), 0);
    }
    assert_int_equal(fclose(file), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(whole_ledger_then_nothing_is_found),
        CASE(one_bit_flipped_in_any_blob_then_found_in_its_table),
        CASE(row_changed_or_gone_then_found_in_its_table),
        CASE(content_erased_then_nothing_is_found),
        CASE(another_chain_no_file_or_in_use_then_refused),
        CASE(bytes_of_the_file_overwritten_then_an_answer_and_no_crash),
    };
    return cmocka_run_group_tests_name("ledger check", tests, NULL, NULL);
}
