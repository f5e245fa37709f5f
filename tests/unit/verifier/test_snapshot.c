/* Tests of verifier/snapshot.h: what a certificate says of a snapshot, and what it does not. */
#include "verifier/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample_log.h"

enum { FILE_BYTES_MAX = 8192, SNAPSHOT_BYTES_MAX = 4096 };

static const struct verify_policy no_policy, for_snapshot = {.is_snapshot = true};

struct bench {
    struct sample_log log;
    struct genesis genesis;
    uint8_t file[FILE_BYTES_MAX];
    uint8_t scratch[FILE_BYTES_MAX];
    uint8_t snapshot[SNAPSHOT_BYTES_MAX];
    size_t snapshot_bytes;
    struct verify_result result;
    enum verify_step step;
};

static void append(void *context, struct slice piece) { writer_put(context, piece.data, piece.bytes); }

/* A head, and something behind it. */
static void make_snapshot(struct bench *bench, uint64_t height) {
    struct writer writer = writer_of(bench->snapshot, sizeof bench->snapshot);
    struct snapshot_head head = {.height = height, .view = 1};
    struct outlet outlet;
    uint8_t piece[64];
    genesis_chain(&bench->genesis, &head.chain);
    merkle_append(&head.log, &(struct hash){{1}});
    outlet_open(&outlet, piece, sizeof piece, append, &writer);
    snapshot_head_put(&outlet, &head);
    outlet_put(&outlet, "and a state", 11);
    outlet_close(&outlet);
    bench->snapshot_bytes = writer.bytes;
}

static struct slice snapshot_of(const struct bench *bench) {
    return slice_of(bench->snapshot, bench->snapshot_bytes);
}

/* A certified state that names the snapshot of `height`. */
static struct bench *bench_new(uint64_t height) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->log = sample_log_good();
    sample_log_genesis(&bench->log, &bench->genesis);
    make_snapshot(bench, height);
    /* One chunk: its leaf is the root. */
    bench->log.snapshot = (struct record_snapshot){.height = height, .bytes = bench->snapshot_bytes};
    merkle_leaf(snapshot_of(bench), &bench->log.snapshot.root);
    return bench;
}

static enum status certify(struct bench *bench, const struct verify_policy *policy) {
    struct writer writer = writer_of(bench->file, sizeof bench->file);
    sample_log_certify(&bench->log, &writer);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    return verify_certificate(writer_slice(&writer), &bench->genesis, policy, bench->scratch, sizeof bench->scratch,
                              &bench->result, &bench->step);
}

static void state_certified_then_its_snapshot_is_accepted(void **state) {
    (void)state;
    struct bench *bench = bench_new(4);
    struct snapshot_head head;
    bench->log.state_alone = true;
    bench->log.is_enhanced = true;
    assert_int_equal(certify(bench, &for_snapshot), STATUS_OK);
    assert_true(bench->result.parameters.is_enhanced);
    assert_int_equal(verify_snapshot(&bench->result, &bench->genesis, snapshot_of(bench), &head), STATUS_OK);
    assert_int_equal(head.height, 4);
    assert_int_equal(verify_snapshot_chunk(&bench->result, 0, snapshot_of(bench), NULL, 0), STATUS_OK);
    assert_int_equal(verify_snapshot_head(&bench->result, &bench->genesis, slice_of(bench->snapshot, 300), &head),
                     STATUS_OK);
    free(bench);
}

/* Any certificate of a height at which the record stands will do. */
static void verdict_certified_then_the_snapshot_is_accepted_too(void **state) {
    (void)state;
    struct bench *bench = bench_new(SAMPLE_HEIGHT);
    struct snapshot_head head;
    assert_int_equal(certify(bench, &no_policy), STATUS_OK);
    assert_int_equal(verify_snapshot(&bench->result, &bench->genesis, snapshot_of(bench), &head), STATUS_OK);
    free(bench);
}

static void certificate_about_something_else_then_refused(void **state) {
    (void)state;
    struct bench *bench = bench_new(4);
    assert_int_equal(certify(bench, &for_snapshot), STATUS_BAD_TYPE);
    assert_int_equal(bench->step, VERIFY_BELIEF);
    bench->log.state_alone = true;
    assert_int_not_equal(certify(bench, &no_policy), STATUS_OK);
    assert_int_equal(bench->step, VERIFY_BELIEF);
    struct verify_policy with_outcome = {
        .is_snapshot = true, .has_expect = true, .expect = {(const uint8_t *)"yes", 3}};
    assert_int_equal(certify(bench, &with_outcome), STATUS_WRONG_OUTCOME);
    free(bench);
}

static void snapshot_of_the_future_named_then_refused(void **state) {
    (void)state;
    struct bench *bench = bench_new(SAMPLE_HEIGHT + 1);
    bench->log.state_alone = true;
    assert_int_equal(certify(bench, &for_snapshot), STATUS_CONFLICT);
    assert_int_equal(bench->step, VERIFY_PARAMETERS);
    free(bench);
}

/* Whoever hands out the file can't name another snapshot than the state does. */
static void parameters_forged_then_refused(void **state) {
    (void)state;
    struct bench *bench = bench_new(4);
    bench->log.state_alone = true;
    bench->log.parameters = (struct threshold){9, 10};
    bench->log.file_parameters_forged = true;
    assert_int_equal(certify(bench, &for_snapshot), STATUS_BAD_PROOF);
    assert_int_equal(bench->step, VERIFY_PARAMETERS);
    free(bench);
}

static void another_snapshot_then_refused(void **state) {
    (void)state;
    struct bench *bench = bench_new(4);
    struct snapshot_head head;
    bench->log.state_alone = true;
    assert_int_equal(certify(bench, &for_snapshot), STATUS_OK);
    for (size_t at = 0; at < bench->snapshot_bytes; at++) {
        bench->snapshot[at] ^= 1;
        assert_int_not_equal(verify_snapshot(&bench->result, &bench->genesis, snapshot_of(bench), &head), STATUS_OK);
        assert_int_equal(verify_snapshot_chunk(&bench->result, 0, snapshot_of(bench), NULL, 0), STATUS_BAD_PROOF);
        bench->snapshot[at] ^= 1;
    }
    bench->snapshot_bytes--;
    assert_int_equal(verify_snapshot(&bench->result, &bench->genesis, snapshot_of(bench), &head), STATUS_TRUNCATED);
    make_snapshot(bench, 3);
    assert_int_equal(verify_snapshot_head(&bench->result, &bench->genesis, snapshot_of(bench), &head),
                     STATUS_CONFLICT);
    bench->genesis.created_us++;
    make_snapshot(bench, 4);
    bench->genesis.created_us--;
    assert_int_equal(verify_snapshot(&bench->result, &bench->genesis, snapshot_of(bench), &head), STATUS_WRONG_CHAIN);
    free(bench);
}

static void no_snapshot_named_then_not_found(void **state) {
    (void)state;
    struct bench *bench = bench_new(4);
    struct snapshot_head head;
    bench->log.snapshot = (struct record_snapshot){.height = 0};
    bench->log.state_alone = true;
    assert_int_equal(certify(bench, &for_snapshot), STATUS_OK);
    assert_int_equal(verify_snapshot(&bench->result, &bench->genesis, snapshot_of(bench), &head), STATUS_NOT_FOUND);
    assert_int_equal(verify_snapshot_chunk(&bench->result, 0, snapshot_of(bench), NULL, 0), STATUS_NOT_FOUND);
    free(bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_certified_then_its_snapshot_is_accepted),
        cmocka_unit_test(verdict_certified_then_the_snapshot_is_accepted_too),
        cmocka_unit_test(certificate_about_something_else_then_refused),
        cmocka_unit_test(snapshot_of_the_future_named_then_refused),
        cmocka_unit_test(parameters_forged_then_refused),
        cmocka_unit_test(another_snapshot_then_refused),
        cmocka_unit_test(no_snapshot_named_then_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
