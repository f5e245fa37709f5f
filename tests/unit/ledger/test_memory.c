/* Tests of ledger/memory.h: what a crash leaves, copies, and that it keeps exactly what the SQLite ledger keeps. */
#include "ledger/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "files.h"
#include "sample.h"

static struct sample_digest digest_of(struct memory_ledger *ledger) {
    struct sample_digest digest;
    struct ledger_visitor visitor = sample_visitor(&digest);
    assert_int_equal(memory_ledger_visit(ledger, &visitor), STATUS_OK);
    return digest;
}

static void write_height(struct sample *sample, const struct replica_ports *ports) {
    struct sample_batch batches[2];
    for (uint32_t i = 0; i < 2; i++) {
        sample_batch(sample, i, &batches[i]);
        sample_persist_batch(ports, &batches[i]);
    }
    (void)sample_persist_view(sample, ports);
    sample_persist_height(sample, ports, batches, 2, true);
    (void)sample_persist_view(sample, ports);
    sample_persist_certified(sample, ports, 3);
}

static void crash_then_only_what_was_committed_is_there(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct memory_ledger *ledger = memory_ledger_open(&sample.chain);
    struct replica_ports ports = sample_memory_ports(ledger);
    sample_persist_genesis(&sample, &ports);
    write_height(&sample, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    struct sample_digest before = digest_of(ledger);
    struct sample kept = sample;
    write_height(&sample, &ports);
    struct sample_batch batch;
    sample_batch(&sample, 2, &batch);
    sample_persist_batch(&ports, &batch);
    sample_persist_leaves(&sample, &ports, &batch, 1);
    assert_int_equal(memory_ledger_height(ledger), 2);
    memory_ledger_crash(ledger);
    struct sample_digest after = digest_of(ledger);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(memory_ledger_height(ledger), 1);
    assert_int_equal(memory_ledger_leaves(ledger), kept.log.count);
    struct slice header, body, contents;
    assert_int_equal(memory_ledger_read_batch(ledger, &batch.hash, &header, &body, &contents), STATUS_NOT_FOUND);
    write_height(&kept, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    memory_ledger_crash(ledger);
    assert_int_equal(memory_ledger_height(ledger), 2);
    memory_ledger_close(ledger);
}

static void clone_then_it_stays_as_it_was(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct memory_ledger *ledger = memory_ledger_open(&sample.chain);
    struct replica_ports ports = sample_memory_ports(ledger);
    sample_persist_genesis(&sample, &ports);
    write_height(&sample, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    struct sample_digest before = digest_of(ledger);
    write_height(&sample, &ports);
    struct memory_ledger *copy = memory_ledger_clone(ledger);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    memory_ledger_close(ledger);
    struct sample_digest after = digest_of(copy);
    assert_memory_equal(&before, &after, sizeof before);
    memory_ledger_close(copy);
}

static void failing_disk_then_commits_fail_until_the_crash(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct memory_ledger *ledger = memory_ledger_open(&sample.chain);
    struct replica_ports ports = sample_memory_ports(ledger);
    sample_persist_genesis(&sample, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    struct sample kept = sample;
    write_height(&sample, &ports);
    memory_ledger_fail(ledger, STATUS_DISK_FULL);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_DISK_FULL);
    assert_int_equal(memory_ledger_height(ledger), 0);
    write_height(&sample, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_DISK_FULL);
    memory_ledger_crash(ledger);
    write_height(&kept, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    struct vote vote;
    sample_vote(&kept, kept.view, VOTE_NOTARIZE, &(struct hash){{5}}, &vote);
    memory_ledger_persist_vote(ledger, &vote);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_CONFLICT);
    memory_ledger_close(ledger);
}

static void full_disk_then_nothing_is_durable_and_the_next_commit_takes_all(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct memory_ledger *ledger = memory_ledger_open(&sample.chain);
    struct replica_ports ports = sample_memory_ports(ledger);
    sample_persist_genesis(&sample, &ports);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    write_height(&sample, &ports);
    memory_ledger_fill(ledger, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(memory_ledger_commit(ledger), STATUS_DISK_FULL);
        assert_int_equal(memory_ledger_height(ledger), 1);
        struct memory_ledger *durable = memory_ledger_clone(ledger);
        assert_int_equal(memory_ledger_height(durable), 0);
        memory_ledger_close(durable);
    }
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    memory_ledger_crash(ledger);
    assert_int_equal(memory_ledger_height(ledger), 1);
    /* A crash while it waits leaves what the last commit did, and an empty disk. */
    write_height(&sample, &ports);
    memory_ledger_fill(ledger, 9);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_DISK_FULL);
    memory_ledger_crash(ledger);
    assert_int_equal(memory_ledger_height(ledger), 1);
    assert_int_equal(memory_ledger_commit(ledger), STATUS_OK);
    memory_ledger_close(ledger);
}

static void nodes_read_then_proofs_are_accepted(void **state) {
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct memory_ledger *ledger = memory_ledger_open(&sample.chain);
    struct replica_ports ports = sample_memory_ports(ledger);
    sample_persist_genesis(&sample, &ports);
    for (int i = 0; i < 5; i++) write_height(&sample, &ports);
    struct hash proof[MERKLE_PROOF_MAX], leaf;
    size_t count;
    for (uint64_t index = 0; index < sample.log.count; index++) {
        struct slice bytes;
        assert_int_equal(memory_ledger_read_leaf(ledger, index, &bytes), STATUS_OK);
        merkle_leaf(bytes, &leaf);
        assert_int_equal(
            merkle_inclusion_make(index, sample.log.count, memory_ledger_read_node, ledger, proof, &count),
            STATUS_OK);
        assert_int_equal(
            merkle_inclusion_check(&leaf, index, sample.log.count, proof, count, &sample.checkpoint.root), STATUS_OK);
    }
    assert_int_equal(memory_ledger_read_node(ledger, 0, sample.log.count, &leaf), STATUS_NOT_FOUND);
    assert_int_equal(memory_ledger_read_node(ledger, MERKLE_LEVELS_MAX, 0, &leaf), STATUS_NOT_FOUND);
    memory_ledger_close(ledger);
}

/* One random write to both ledgers. `sample` is what the writes come from; it must be the same for both. */
static void write_both(uint64_t choice, struct sample *sample, const struct replica_ports ports[2]) {
    struct sample start = *sample;
    for (size_t i = 0; i < 2; i++) {
        struct sample_batch batch;
        *sample = start;
        switch (choice) {
        case 0:
            sample_batch(sample, 2, &batch);
            sample_persist_batch(&ports[i], &batch);
            break;
        case 1: (void)sample_persist_view(sample, &ports[i]); break;
        case 2: sample_persist_proof(sample, &ports[i], 3, 1 + sample->view); break;
        case 3:
            if (sample->height > 0) sample_persist_certified(sample, &ports[i], (uint32_t)(1 + sample->view % 4));
            break;
        default:
            sample_batch(sample, 1, &batch);
            sample_persist_batch(&ports[i], &batch);
            (void)sample_persist_view(sample, &ports[i]);
            sample_persist_height(sample, &ports[i], &batch, 1, sample->view % 2 == 0);
            break;
        }
    }
}

static void random_writes_commits_and_crashes_then_both_ledgers_keep_the_same(void **state) {
    (void)state;
    uint64_t seed = 4711;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    char path[PATH_BYTES];
    file_make(path);
    struct sample sample, durable;
    sample_init(&sample);
    struct ledger *ledger = file_open(path, &sample.chain);
    struct memory_ledger *memory = memory_ledger_open(&sample.chain);
    struct replica_ports ports[2] = {sample_ports(ledger), sample_memory_ports(memory)};
    struct sample first = sample;
    sample_persist_genesis(&first, &ports[0]);
    sample_persist_genesis(&sample, &ports[1]);
    for (int step = 0; step < 400; step++) {
        uint64_t choice = prng_below(&prng, 8);
        if (choice < 5) write_both(choice, &sample, ports);
        if (choice == 5 || step == 0) {
            assert_int_equal(ledger_commit(ledger), STATUS_OK);
            assert_int_equal(memory_ledger_commit(memory), STATUS_OK);
            durable = sample;
        }
        if (choice == 6) {
            ledger_close(ledger);
            ledger = file_open(path, &sample.chain);
            ports[0] = sample_ports(ledger);
            memory_ledger_crash(memory);
            sample = durable;
        }
        struct sample_digest digest;
        struct ledger_visitor visitor = sample_visitor(&digest);
        assert_int_equal(ledger_visit(ledger, &visitor), STATUS_OK);
        struct sample_digest other = digest_of(memory);
        assert_memory_equal(&digest, &other, sizeof digest);
        assert_int_equal(ledger_leaves(ledger), memory_ledger_leaves(memory));
    }
    memory_ledger_close(memory);
    ledger_close(ledger);
    file_remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_then_only_what_was_committed_is_there),
        cmocka_unit_test(clone_then_it_stays_as_it_was),
        cmocka_unit_test(failing_disk_then_commits_fail_until_the_crash),
        cmocka_unit_test(full_disk_then_nothing_is_durable_and_the_next_commit_takes_all),
        cmocka_unit_test(nodes_read_then_proofs_are_accepted),
        cmocka_unit_test(random_writes_commits_and_crashes_then_both_ledgers_keep_the_same),
    };
    return cmocka_run_group_tests_name("memory ledger", tests, NULL, NULL);
}
