/* Tests of wire/snapshot.h: the head of a snapshot, and its root over chunks. What is behind the head is the machine's. */
#include "wire/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/sha256.h"

static const struct hash chain = {{7}};

static void append(void *context, struct slice piece) { writer_put(context, piece.data, piece.bytes); }

static struct snapshot_head sample_head(void) {
    struct snapshot_head head = {
        .chain = chain, .height = 1024, .epoch = 2, .view = 3000, .block = {{9}}, .time_us = 77};
    for (uint64_t i = 0; i < 21; i++) merkle_append(&head.log, &(struct hash){{(uint8_t)i, 1}});
    return head;
}

static struct slice put_head(const struct snapshot_head *head, uint8_t *buffer, size_t capacity) {
    struct writer writer = writer_of(buffer, capacity);
    struct outlet outlet;
    uint8_t piece[32];
    outlet_open(&outlet, piece, sizeof piece, append, &writer);
    snapshot_head_put(&outlet, head);
    outlet_close(&outlet);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    return writer_slice(&writer);
}

static enum status take(struct slice bytes, struct snapshot_head *ret_head) {
    struct reader reader = reader_of(bytes);
    return snapshot_head_take(&reader, &chain, ret_head);
}

static void head_put_then_the_bytes_of_its_description(void **state) {
    (void)state;
    uint8_t buffer[SNAPSHOT_HEAD_BYTES_MAX];
    struct snapshot_head head = sample_head(), found;
    struct slice bytes = put_head(&head, buffer, sizeof buffer);
    /* 21 is 16 + 4 + 1: three nodes. */
    assert_int_equal(bytes.bytes, 20 + 32 + 8 + 8 + 8 + 32 + 8 + 8 + 3 * 32);
    assert_memory_equal(bytes.data, "credimus/snapshot/1\n\x07", 21);
    static const uint8_t numbers[] = {0, 0, 0, 0, 0, 0, 4, 0, 0, 0,    0,    0, 0,
                                      0, 0, 2, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 9};
    assert_memory_equal(bytes.data + 52, numbers, sizeof numbers);
    assert_int_equal(take(bytes, &found), STATUS_OK);
    assert_int_equal(found.height, 1024);
    assert_int_equal(found.epoch, 2);
    assert_int_equal(found.view, 3000);
    assert_int_equal(found.time_us, 77);
    assert_memory_equal(found.block.bytes, head.block.bytes, HASH_BYTES);
    struct hash roots[2];
    merkle_frontier_root(&head.log, &roots[0]);
    merkle_frontier_root(&found.log, &roots[1]);
    assert_memory_equal(roots[0].bytes, roots[1].bytes, HASH_BYTES);
}

static void head_of_another_form_then_refused(void **state) {
    (void)state;
    uint8_t buffer[SNAPSHOT_HEAD_BYTES_MAX];
    struct snapshot_head head = sample_head(), found;
    struct slice bytes = put_head(&head, buffer, sizeof buffer);
    for (size_t i = 0; i < bytes.bytes; i++) assert_int_equal(take(slice_of(buffer, i), &found), STATUS_TRUNCATED);
    buffer[18] = '2';
    assert_int_equal(take(bytes, &found), STATUS_VERSION);
    buffer[18] = '1';
    buffer[20] ^= 1;
    assert_int_equal(take(bytes, &found), STATUS_WRONG_CHAIN);
    head.height = 0;
    assert_int_equal(take(put_head(&head, buffer, sizeof buffer), &found), STATUS_BAD_VALUE);
    head.height = 1024;
    head.log.count = 0;
    assert_int_equal(take(put_head(&head, buffer, sizeof buffer), &found), STATUS_BAD_VALUE);
}

/* Leaves and nodes of RFC 9162, straight from the definition. */
static struct hash leaf_of(struct slice chunk) {
    struct sha256 sha;
    struct hash hash;
    sha256_begin(&sha);
    sha256_add(&sha, "\0", 1);
    sha256_add(&sha, chunk.data, chunk.bytes);
    sha256_end(&sha, &hash);
    return hash;
}

static struct hash node_of(struct hash left, struct hash right) {
    uint8_t bytes[1 + 2 * HASH_BYTES] = {1};
    struct hash hash;
    memcpy(bytes + 1, left.bytes, HASH_BYTES);
    memcpy(bytes + 1 + HASH_BYTES, right.bytes, HASH_BYTES);
    sha256_of(slice_of(bytes, sizeof bytes), &hash);
    return hash;
}

enum { LAST_BYTES = 100, ALL_BYTES = 2 * SNAPSHOT_CHUNK_BYTES + LAST_BYTES };
static uint8_t whole[ALL_BYTES + 1];

static struct slice chunk_at(uint64_t index) {
    return slice_of(whole + index * SNAPSHOT_CHUNK_BYTES, index < 2 ? SNAPSHOT_CHUNK_BYTES : LAST_BYTES);
}

static struct record_snapshot sample_record(struct hash ret_leaves[3]) {
    struct record_snapshot record = {.height = 5, .bytes = ALL_BYTES};
    for (size_t i = 0; i < ALL_BYTES; i++) whole[i] = (uint8_t)(i / 251 + i);
    for (uint64_t i = 0; i < 3; i++) ret_leaves[i] = leaf_of(chunk_at(i));
    record.root = node_of(node_of(ret_leaves[0], ret_leaves[1]), ret_leaves[2]);
    return record;
}

static void three_chunks_then_the_root_of_their_tree(void **state) {
    (void)state;
    struct hash leaves[3];
    struct record_snapshot record = sample_record(leaves);
    struct record_snapshot found = snapshot_record_of(slice_of(whole, ALL_BYTES), 5);
    assert_int_equal(found.height, 5);
    assert_int_equal(found.bytes, ALL_BYTES);
    assert_memory_equal(found.root.bytes, record.root.bytes, HASH_BYTES);
    assert_int_equal(snapshot_chunks(ALL_BYTES), 3);
    assert_int_equal(snapshot_chunks(2 * SNAPSHOT_CHUNK_BYTES), 2);
    assert_int_equal(snapshot_chunks(1), 1);
    assert_int_equal(snapshot_chunk_bytes(ALL_BYTES, 1), SNAPSHOT_CHUNK_BYTES);
    assert_int_equal(snapshot_chunk_bytes(ALL_BYTES, 2), LAST_BYTES);
    assert_int_equal(snapshot_check(&record, slice_of(whole, ALL_BYTES)), STATUS_OK);
}

static void chunk_then_proven_by_its_path_and_refused_elsewhere(void **state) {
    (void)state;
    struct hash leaves[3];
    struct record_snapshot record = sample_record(leaves);
    struct hash proof[2] = {leaves[0], leaves[2]};
    struct hash last = node_of(leaves[0], leaves[1]);
    assert_int_equal(snapshot_chunk_check(&record, 1, chunk_at(1), proof, 2), STATUS_OK);
    assert_int_equal(snapshot_chunk_check(&record, 2, chunk_at(2), &last, 1), STATUS_OK);
    assert_int_equal(snapshot_chunk_check(&record, 0, chunk_at(1), proof, 2), STATUS_BAD_PROOF);
    assert_int_equal(snapshot_chunk_check(&record, 1, chunk_at(0), proof, 2), STATUS_BAD_PROOF);
    assert_int_equal(snapshot_chunk_check(&record, 1, chunk_at(1), proof, 1), STATUS_BAD_PROOF);
    assert_int_equal(snapshot_chunk_check(&record, 3, chunk_at(2), &last, 1), STATUS_BAD_VALUE);
    assert_int_equal(snapshot_chunk_check(&record, 1, chunk_at(2), proof, 2), STATUS_BAD_VALUE);
    whole[SNAPSHOT_CHUNK_BYTES + 7] ^= 1;
    assert_int_equal(snapshot_chunk_check(&record, 1, chunk_at(1), proof, 2), STATUS_BAD_PROOF);
}

static void another_whole_than_named_then_refused(void **state) {
    (void)state;
    struct hash leaves[3];
    struct record_snapshot record = sample_record(leaves), none = {.height = 0};
    assert_int_equal(snapshot_check(&record, slice_of(whole, ALL_BYTES - 1)), STATUS_TRUNCATED);
    assert_int_equal(snapshot_check(&record, slice_of(whole, ALL_BYTES + 1)), STATUS_TRAILING_BYTES);
    assert_int_equal(snapshot_check(&none, slice_of(whole, ALL_BYTES)), STATUS_NOT_FOUND);
    for (size_t at = 0; at < ALL_BYTES; at += 9973) {
        whole[at] ^= 0x10;
        assert_int_equal(snapshot_check(&record, slice_of(whole, ALL_BYTES)), STATUS_BAD_HASH);
        whole[at] ^= 0x10;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_put_then_the_bytes_of_its_description),
        cmocka_unit_test(head_of_another_form_then_refused),
        cmocka_unit_test(three_chunks_then_the_root_of_their_tree),
        cmocka_unit_test(chunk_then_proven_by_its_path_and_refused_elsewhere),
        cmocka_unit_test(another_whole_than_named_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
