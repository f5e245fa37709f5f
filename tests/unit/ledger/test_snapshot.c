/* Tests of ledger/snapshot.h: what is kept, what goes, and ledgers that begin late. */
#include "ledger/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "files.h"
#include "ledger/check.h"

enum { SNAPSHOT_HEIGHT = 4, BYTES = SNAPSHOT_CHUNK_BYTES + 100 };

struct bench {
    char path[PATH_BYTES];
    char late_path[PATH_BYTES];
    struct sample sample;
    struct ledger *ledger;
    struct ledger_seed seed; /* of the height that has the snapshot */
    uint8_t state[RECORD_STATE_BYTES_MAX];
    uint8_t bytes[BYTES]; /* no state at all: the ledger does not read it */
    struct sample_batch batch;
};

static void height(struct bench *bench, struct ledger *ledger) {
    struct replica_ports ports = sample_ports(ledger);
    sample_batch(&bench->sample, (uint32_t)bench->sample.height % SAMPLE_MEMBERS, &bench->batch);
    sample_persist_batch(&ports, &bench->batch);
    (void)sample_persist_view(&bench->sample, &ports);
    sample_persist_height(&bench->sample, &ports, &bench->batch, 1, true);
}

static void put_chunks(struct bench *bench, struct ledger *ledger) {
    ledger_persist_snapshot_chunk(ledger, slice_of(bench->bytes, SNAPSHOT_CHUNK_BYTES));
    ledger_persist_snapshot_chunk(ledger,
                                  slice_of(bench->bytes + SNAPSHOT_CHUNK_BYTES, BYTES - SNAPSHOT_CHUNK_BYTES));
}

/* What somebody who loaded the snapshot would know. */
static void fill_seed(struct bench *bench) {
    struct ledger_seed *seed = &bench->seed;
    struct slice state;
    merkle_frontier_init(&seed->before);
    assert_int_equal(ledger_read_checkpoint(bench->ledger, SNAPSHOT_HEIGHT, &seed->checkpoint, &seed->time_us),
                     STATUS_OK);
    for (uint64_t i = 0; i < seed->checkpoint.size - 1; i++) {
        struct hash leaf;
        assert_int_equal(ledger_read_node(bench->ledger, 0, i, &leaf), STATUS_OK);
        merkle_append(&seed->before, &leaf);
    }
    assert_int_equal(ledger_read_leaf(bench->ledger, seed->checkpoint.size - 1, &state), STATUS_OK);
    memcpy(bench->state, state.data, state.bytes);
    seed->state = slice_of(bench->state, state.bytes);
    seed->block = bench->sample.parent;
    seed->record = snapshot_record_of(slice_of(bench->bytes, BYTES), SNAPSHOT_HEIGHT);
}

/* Six heights, the fourth with a snapshot. */
static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    file_make(bench->path);
    file_make(bench->late_path);
    for (size_t i = 0; i < BYTES; i++) bench->bytes[i] = (uint8_t)(i * i);
    sample_init(&bench->sample);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    struct replica_ports ports = sample_ports(bench->ledger);
    sample_persist_genesis(&bench->sample, &ports);
    while (bench->sample.height < SNAPSHOT_HEIGHT) height(bench, bench->ledger);
    fill_seed(bench);
    ledger_persist_snapshot(bench->ledger, &bench->seed.record);
    put_chunks(bench, bench->ledger);
    for (int i = 0; i < 2; i++) height(bench, bench->ledger);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    ledger_close(bench->ledger);
    file_remove(bench->path);
    file_remove(bench->late_path);
    free(bench);
    return 0;
}

static void say(void *context, const char *table, int64_t row, const char *what) {
    (void)context;
    print_message("%s %lld: %s\n", table, (long long)row, what);
}

static enum status check(const char *path) {
    struct ledger_checked checked;
    return ledger_check(path, NULL, say, NULL, &checked);
}

static void reopen(struct bench *bench) {
    ledger_close(bench->ledger);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
}

static void expect_snapshot(struct bench *bench, struct ledger *ledger) {
    struct record_snapshot record;
    uint8_t *bytes;
    assert_int_equal(ledger_find_snapshot(ledger, UINT32_MAX, &record), STATUS_OK);
    assert_memory_equal(&record, &bench->seed.record, sizeof record);
    assert_int_equal(ledger_load_snapshot(ledger, &record, &bytes), STATUS_OK);
    assert_memory_equal(bytes, bench->bytes, BYTES);
    free(bytes);
}

static void kept_then_read_back_and_checked(void **state) {
    struct bench *bench = *state;
    struct record_snapshot record;
    struct slice chunk;
    assert_int_equal(ledger_base(bench->ledger), 1);
    expect_snapshot(bench, bench->ledger);
    assert_int_equal(ledger_find_snapshot(bench->ledger, SNAPSHOT_HEIGHT - 1, &record), STATUS_NOT_FOUND);
    assert_int_equal(ledger_read_snapshot(bench->ledger, SNAPSHOT_HEIGHT, 2, &chunk), STATUS_NOT_FOUND);
    reopen(bench);
    expect_snapshot(bench, bench->ledger);
    ledger_close(bench->ledger);
    assert_int_equal(check(bench->path), STATUS_OK);
    file_sql(bench->path, "UPDATE chunk SET bytes = zeroblob(length(bytes)) WHERE idx = 1");
    assert_int_equal(check(bench->path), STATUS_CORRUPT);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
}

static uint64_t heights_seen;
static enum status count_height(void *context, uint64_t at, struct slice block, struct slice finalization,
                                const struct checkpoint *checkpoint) {
    (void)context, (void)at, (void)block, (void)finalization, (void)checkpoint;
    heights_seen++;
    return STATUS_OK;
}

static void pruned_then_only_what_is_older_is_gone(void **state) {
    struct bench *bench = *state;
    struct slice block, finalization, leaf;
    struct hash hash;
    const struct ledger_visitor visitor = {.height = count_height};
    ledger_prune(bench->ledger, SNAPSHOT_HEIGHT);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(ledger_base(bench->ledger), SNAPSHOT_HEIGHT + 1);
        assert_int_equal(ledger_read_height(bench->ledger, SNAPSHOT_HEIGHT - 1, &block, &finalization),
                         STATUS_NOT_FOUND);
        assert_int_equal(ledger_read_height(bench->ledger, SNAPSHOT_HEIGHT, &block, &finalization), STATUS_OK);
        assert_int_equal(ledger_read_lane(bench->ledger, 0, 1, &hash), STATUS_NOT_FOUND);
        assert_int_equal(ledger_read_lane(bench->ledger, 0, 2, &hash), STATUS_OK);
        assert_int_equal(ledger_read_leaf(bench->ledger, 1, &leaf), STATUS_OK);
        heights_seen = 0;
        assert_int_equal(ledger_visit_from(bench->ledger, SNAPSHOT_HEIGHT + 1, &visitor), STATUS_OK);
        assert_int_equal(heights_seen, 2);
        assert_int_equal(ledger_visit(bench->ledger, &visitor), STATUS_CORRUPT);
        reopen(bench);
    }
    height(bench, bench->ledger);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    ledger_close(bench->ledger);
    assert_int_equal(check(bench->path), STATUS_OK);
    file_sql(bench->path, "DELETE FROM snapshot");
    assert_int_equal(check(bench->path), STATUS_CORRUPT);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
}

static void pruned_where_no_snapshot_is_then_refused_and_nothing_changed(void **state) {
    struct bench *bench = *state;
    struct slice block, finalization;
    ledger_prune(bench->ledger, SNAPSHOT_HEIGHT + 1);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_CONFLICT);
    reopen(bench);
    assert_int_equal(ledger_base(bench->ledger), 1);
    assert_int_equal(ledger_read_height(bench->ledger, 1, &block, &finalization), STATUS_OK);
}

static void forgotten_snapshots_then_the_one_that_a_pruned_ledger_begins_with_stays(void **state) {
    struct bench *bench = *state;
    struct record_snapshot record;
    ledger_prune(bench->ledger, SNAPSHOT_HEIGHT);
    ledger_forget_snapshots(bench->ledger, SNAPSHOT_HEIGHT + 2);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_int_equal(ledger_base_snapshot(bench->ledger, &record), STATUS_OK);
    assert_int_equal(record.height, SNAPSHOT_HEIGHT);
    expect_snapshot(bench, bench->ledger);
}

/* The genesis, and from the seed on what everybody has: the same root, and proofs of whatever comes later. */
static void begun_with_a_snapshot_then_the_log_goes_on(void **state) {
    struct bench *bench = *state;
    struct sample later = bench->sample;
    struct ledger *late = file_open(bench->late_path, &bench->sample.chain);
    struct slice genesis, block, finalization;
    struct hash leaf, proof[MERKLE_PROOF_MAX], root;
    size_t count;
    ledger_seed(late, &bench->seed);
    assert_int_equal(ledger_read_leaf(bench->ledger, 0, &genesis), STATUS_OK);
    merkle_leaf(genesis, &leaf);
    ledger_persist_leaf(late, 0, genesis, &leaf);
    put_chunks(bench, late);
    assert_int_equal(ledger_commit(late), STATUS_OK);
    bench->sample.height = SNAPSHOT_HEIGHT;
    bench->sample.log = bench->seed.before;
    merkle_leaf(bench->seed.state, &leaf);
    merkle_append(&bench->sample.log, &leaf);
    bench->sample.parent = bench->seed.block;
    for (int i = 0; i < 5; i++) height(bench, late);
    assert_int_equal(ledger_commit(late), STATUS_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(ledger_base(late), SNAPSHOT_HEIGHT + 1);
        assert_int_equal(ledger_read_height(late, SNAPSHOT_HEIGHT, &block, &finalization), STATUS_NOT_FOUND);
        assert_int_equal(ledger_read_height(late, SNAPSHOT_HEIGHT + 1, &block, &finalization), STATUS_OK);
        expect_snapshot(bench, late);
        for (uint64_t i = bench->seed.checkpoint.size - 1; i < ledger_leaves(late); i++) {
            assert_int_equal(ledger_read_node(late, 0, i, &leaf), STATUS_OK);
            assert_int_equal(merkle_inclusion_make(i, ledger_leaves(late), ledger_read_node, late, proof, &count),
                             STATUS_OK);
            assert_int_equal(
                merkle_inclusion_check(&leaf, i, ledger_leaves(late), proof, count, &bench->sample.checkpoint.root),
                STATUS_OK);
        }
        merkle_frontier_root(&bench->sample.log, &root);
        assert_memory_equal(&root, &bench->sample.checkpoint.root, sizeof root);
        ledger_close(late);
        late = file_open(bench->late_path, &bench->sample.chain);
    }
    ledger_close(late);
    assert_int_equal(check(bench->late_path), STATUS_OK);
    file_sql(bench->late_path, "UPDATE node SET hash = zeroblob(32) WHERE level = (SELECT max(level) FROM node)");
    assert_int_equal(check(bench->late_path), STATUS_CORRUPT);
    bench->sample = later;
}

static void seed_that_does_not_fit_its_root_then_refused(void **state) {
    struct bench *bench = *state;
    struct ledger *late = file_open(bench->late_path, &bench->sample.chain);
    bench->seed.checkpoint.root.bytes[0] ^= 1;
    ledger_seed(late, &bench->seed);
    assert_int_equal(ledger_commit(late), STATUS_CONFLICT);
    ledger_close(late);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_then_read_back_and_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pruned_then_only_what_is_older_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pruned_where_no_snapshot_is_then_refused_and_nothing_changed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(forgotten_snapshots_then_the_one_that_a_pruned_ledger_begins_with_stays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(begun_with_a_snapshot_then_the_log_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(seed_that_does_not_fit_its_root_then_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ledger_snapshot", tests, NULL, NULL);
}
