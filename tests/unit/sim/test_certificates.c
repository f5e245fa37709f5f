/* Certificate files in the simulator: they are made and verified, and whatever is wrong with one ends the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cmd/memory_disk.h"
#include "sim/sim.h"
#include "wire/record.h"

static struct sim_config config_of(void) {
    return (struct sim_config){.members = 4, .seed = 5, .submit_every_us = 300000, .run_us = 6000000};
}

static struct sim_report run(const struct sim_disk *disk) {
    struct sim_config config = config_of();
    struct sim_report report;
    sim_run(&config, disk, &report);
    if (report.violation != NULL) print_message("%s: %s\n", report.violation, report.detail);
    return report;
}

static void questions_close_then_every_member_has_certificates_that_verify(void **state) {
    (void)state;
    struct sim_report report = run(memory_disk());
    assert_null(report.violation);
    assert_in_range(report.certificates, 8, 1000);
}

/* --- a disk that hands out something else than what it was given, for certificates alone --- */

static uint8_t copy[65536];
static uint64_t flipped; /* leaves that were changed */

/* The byte that stands so many from the end. */
static enum status flip_byte(void *disk, uint64_t index, size_t from_end, struct slice *ret_bytes) {
    struct slice leaf;
    TRY(memory_disk()->read_leaf(disk, index, &leaf));
    assert_true(leaf.bytes > from_end && leaf.bytes <= sizeof copy);
    memcpy(copy, leaf.data, leaf.bytes);
    copy[leaf.bytes - 1 - from_end] ^= 1;
    flipped++;
    *ret_bytes = slice_of(copy, leaf.bytes);
    return STATUS_OK;
}

/* The verdict alone: state records are left as they are. */
static enum status flip_verdicts(void *disk, uint64_t index, struct slice *ret_bytes) {
    struct record_belief belief;
    enum record_kind kind;
    struct slice leaf;
    TRY(memory_disk()->read_leaf(disk, index, &leaf));
    if (record_belief_read(leaf, &kind, &belief) == STATUS_OK) return flip_byte(disk, index, 0, ret_bytes);
    *ret_bytes = leaf;
    return STATUS_OK;
}

/* State records alone: a byte of the questions root, which is followed by two other hashes. The roots after it are those of
 * records that the file has too. */
static enum status flip_states(void *disk, uint64_t index, struct slice *ret_bytes) {
    struct record_state record;
    struct slice leaf;
    TRY(memory_disk()->read_leaf(disk, index, &leaf));
    if (record_state_read(leaf, &record) == STATUS_OK) return flip_byte(disk, index, 2 * (HASH_BYTES + 2), ret_bytes);
    *ret_bytes = leaf;
    return STATUS_OK;
}

/* The verdict of before instead of the one that is asked for: a true leaf of the log at a wrong place. */
static enum status show_earlier_leaf(void *disk, uint64_t index, struct slice *ret_bytes) {
    struct record_belief belief;
    enum record_kind kind;
    struct slice leaf;
    TRY(memory_disk()->read_leaf(disk, index, &leaf));
    bool verdict = record_belief_read(leaf, &kind, &belief) == STATUS_OK;
    flipped += verdict;
    return memory_disk()->read_leaf(disk, verdict ? index - 1 : index, ret_bytes);
}

static enum status flip_nodes(void *disk, uint32_t level, uint64_t index, struct hash *ret_hash) {
    TRY(memory_disk()->read_node(disk, level, index, ret_hash));
    if (level == 1) ret_hash->bytes[7] ^= 1;
    flipped += level == 1;
    return STATUS_OK;
}

static void expect_found(const struct sim_disk *disk, const char *violation) {
    flipped = 0;
    struct sim_report report = run(disk);
    assert_true(flipped > 0);
    assert_non_null(report.violation);
    assert_string_equal(report.violation, violation);
}

static void verdict_is_tampered_with_then_the_checker_fires(void **state) {
    (void)state;
    struct sim_disk disk = *memory_disk();
    disk.read_leaf = flip_verdicts;
    expect_found(&disk, "a certificate file does not verify");
}

static void state_record_is_tampered_with_then_the_checker_fires(void **state) {
    (void)state;
    struct sim_disk disk = *memory_disk();
    disk.read_leaf = flip_states;
    expect_found(&disk, "a certificate file does not verify");
}

static void another_leaf_is_shown_then_the_checker_fires(void **state) {
    (void)state;
    struct sim_disk disk = *memory_disk();
    disk.read_leaf = show_earlier_leaf;
    expect_found(&disk, "a certificate file does not verify");
}

static void inclusion_proof_is_wrong_then_the_checker_fires(void **state) {
    (void)state;
    struct sim_disk disk = *memory_disk();
    disk.read_node = flip_nodes;
    flipped = 0;
    struct sim_report report = run(&disk);
    assert_true(flipped > 0);
    /* Consistency proofs are made of the same nodes. */
    assert_non_null(report.violation);
    assert_true(strcmp(report.violation, "a certificate file does not verify") == 0 ||
                strcmp(report.violation, "the log is not append-only") == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_close_then_every_member_has_certificates_that_verify),
        cmocka_unit_test(verdict_is_tampered_with_then_the_checker_fires),
        cmocka_unit_test(state_record_is_tampered_with_then_the_checker_fires),
        cmocka_unit_test(another_leaf_is_shown_then_the_checker_fires),
        cmocka_unit_test(inclusion_proof_is_wrong_then_the_checker_fires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
