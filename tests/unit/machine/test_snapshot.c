/* Snapshots: what is loaded goes on as what was saved, bit for bit; what was not saved by a machine is not loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine/state.h"
#include "workload.h"

/* SEED, and how many of them, can be given from outside. */
static uint64_t number_from(const char *name, uint64_t otherwise) {
    const char *given = getenv(name);
    return given == NULL ? otherwise : strtoull(given, NULL, 10);
}

static void free_slice(struct slice slice) { free((void *)(uintptr_t)slice.data); }

/* What the saved states had in them: a test of random states is worth what these say. */
struct seen {
    uint64_t snapshots, bytes, open_panels, open_pools, verdicts, sheets, spoilt, openings;
    uint64_t families_open, families_closed, challenges, apart, enhanced, sealed, alarms, proven, late_challenges;
    uint64_t epochs, vacant, proposals, reopened;
};

static void look(const struct world *world, struct seen *seen) {
    const struct machine *machine = world->machine;
    seen->snapshots++;
    seen->bytes += machine_snapshot_bytes(machine);
    for (uint32_t i = 0; i < machine->docket.count; i++) {
        const struct matter *matter = &machine->docket.matters[i];
        bool is_open = matter->question != NULL;
        bool is_panel = is_open && question_parameters(matter->question)->mode == QUESTION_PANEL;
        seen->open_panels += is_panel && question_counts(matter->question).open > 0;
        seen->open_pools += is_open && !is_panel && question_counts(matter->question).retracted > 0;
        seen->verdicts += !is_open;
        seen->sheets += matter->sheet != NULL;
        seen->spoilt += matter->is_spoilt;
        seen->openings += matter->opening != OPENING_NONE;
    }
    for (uint32_t i = 0; i < machine->families.count; i++) {
        seen->families_open += !machine->families.families[i].is_closed;
        seen->families_closed += machine->families.families[i].is_closed;
    }
    seen->challenges += machine->trial.height != 0;
    seen->late_challenges += machine->trial.height > machine->snapshot.height && machine->snapshot.height > 0;
    seen->apart += threshold_compare(machine->setting.threshold, machine->genesis.threshold) > 0;
    seen->enhanced += levels_are_enhanced(machine);
    seen->alarms += machine->alarms > 0;
    seen->epochs += machine->membership.roster.epoch > 0;
    for (uint32_t m = 0; m < machine->genesis.members; m++) {
        struct standing_member standing;
        seen->vacant += !roster_has(&machine->membership.roster, m);
        seen->proposals += machine->membership.proposals[m].is_made;
        seen->reopened += seq_epoch(machine->trail.lanes[m].seq) > 0;
        machine_standing(machine, m, &standing);
        seen->proven += standing.proven;
        seen->sealed += machine->trail.lanes[m].is_sealed;
    }
}

static void assert_same(const struct world *one, const struct world *other) {
    assert_int_equal(one->checkpoint.height, other->checkpoint.height);
    assert_int_equal(one->checkpoint.size, other->checkpoint.size);
    assert_memory_equal(one->checkpoint.root.bytes, other->checkpoint.root.bytes, HASH_BYTES);
    assert_int_equal(threshold_compare(one->checkpoint.threshold, other->checkpoint.threshold), 0);
    assert_int_equal(one->machine->setting.charged, other->machine->setting.charged);
    assert_true(machine_next_due_us(one->machine) == machine_next_due_us(other->machine));
    struct machine_counts counts[2];
    machine_counts(one->machine, &counts[0]);
    machine_counts(other->machine, &counts[1]);
    assert_memory_equal(&counts[0], &counts[1], sizeof counts[0]);
    for (uint32_t m = 0; m < machine_members(one->machine); m++) {
        struct machine_asked asked[2];
        machine_asked(one->machine, m, &asked[0]);
        machine_asked(other->machine, m, &asked[1]);
        assert_memory_equal(&asked[0], &asked[1], sizeof asked[0]);
    }
}

static void assert_same_refusals(const struct world *one, const struct world *other) {
    assert_int_equal(one->refusals_count, other->refusals_count);
    for (size_t i = 0; i < one->refusals_count; i++) {
        assert_int_equal(one->refusals[i].member, other->refusals[i].member);
        assert_int_equal(one->refusals[i].item, other->refusals[i].item);
        assert_int_equal(one->refusals[i].why, other->refusals[i].why);
    }
}

static void assert_same_snapshots(const struct world *one, const struct world *other) {
    if (machine_next_roster(one->machine) != NULL) return; /* none is made between two epochs */
    struct slice first = world_save(one), second = world_save(other);
    assert_true(slice_equal(first, second));
    free_slice(first);
    free_slice(second);
}

/* A copy that is loaded at a random height executes along until it is replaced by another one. */
static void run_seed(uint64_t seed, uint32_t blocks, struct seen *seen) {
    struct prng prng = prng_seeded(seed);
    struct genesis genesis;
    uint32_t members = 4 + (uint32_t)prng_below(&prng, 6);
    uint64_t interval = prng_chance(&prng, 1, 8) ? SNAPSHOT_INTERVAL : 1 + prng_below(&prng, 24);
    world_genesis(members, STATE_BYTES_MIN * 4, &genesis);
    genesis.vacant = members > 4 ? (uint32_t)prng_below(&prng, members - 4) : 0;
    struct workload *workload = workload_new(members, seed);
    struct world *lead = world_new_with_interval(&genesis, workload->book, interval);
    struct world *copy = NULL;
    for (uint32_t b = 0; b < blocks; b++) {
        workload_next(workload, lead->machine, &genesis);
        workload_execute(workload, lead);
        if (copy != NULL) {
            workload_execute(workload, copy);
            assert_same(lead, copy);
            assert_same_refusals(lead, copy);
        }
        if (!prng_chance(&prng, 1, 12) || machine_next_roster(lead->machine) != NULL) continue;
        enum status status;
        struct slice snapshot = world_save(lead);
        look(lead, seen);
        if (copy != NULL) {
            assert_same_snapshots(lead, copy);
            world_free(copy);
        }
        copy = world_load(lead, snapshot, &status);
        free_slice(snapshot);
        assert_int_equal(status, STATUS_OK);
        assert_same(lead, copy);
        assert_same_snapshots(lead, copy);
    }
    if (copy != NULL) assert_same_snapshots(lead, copy);
    if (copy != NULL) world_free(copy);
    world_free(lead);
    workload_free(workload);
}

static void random_states_loaded_then_the_same_roots_ever_after(void **state) {
    (void)state;
    enum { BLOCKS = 110 };
    uint64_t first = number_from("SEED", 1), count = number_from("SEEDS", 200);
    struct seen seen = {.snapshots = 0};
    for (uint64_t seed = first; seed < first + count; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run_seed(seed, seed % 20 == 0 ? 5 * BLOCKS : BLOCKS, &seen);
    }
    print_message("%llu snapshots, %llu bytes on average\n", (unsigned long long)seen.snapshots,
                  (unsigned long long)(seen.bytes / seen.snapshots));
    if (count < 50) return;
    const uint64_t kinds[] = {seen.open_panels, seen.open_pools, seen.verdicts,        seen.sheets,
                              seen.spoilt,      seen.openings,   seen.families_open,   seen.families_closed,
                              seen.challenges,  seen.apart,      seen.enhanced,        seen.sealed,
                              seen.alarms,      seen.proven,     seen.late_challenges, seen.epochs,
                              seen.vacant,      seen.proposals,  seen.reopened};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        print_message("%llu ", (unsigned long long)kinds[i]);
        assert_true(kinds[i] >= 5);
    }
    print_message("\n");
}

/* A state with something of everything, of a height that commits to it. */
struct sample {
    struct workload *workload;
    struct world *world;
    struct slice snapshot;
};

static struct sample sample_of(uint64_t seed, uint32_t members, uint64_t interval, uint64_t height) {
    struct sample sample = {.workload = workload_new(members, seed)};
    struct genesis genesis;
    world_genesis(members, STATE_BYTES_MIN * 4, &genesis);
    sample.world = world_new_with_interval(&genesis, sample.workload->book, interval);
    while (machine_height(sample.world->machine) < height) {
        workload_next(sample.workload, sample.world->machine, &genesis);
        workload_execute(sample.workload, sample.world);
    }
    sample.snapshot = world_save(sample.world);
    return sample;
}

static void sample_end(struct sample *sample) {
    free_slice(sample->snapshot);
    world_free(sample->world);
    workload_free(sample->workload);
}

static enum status load_status(const struct world *source, struct slice snapshot) {
    enum status status;
    world_free(world_load(source, snapshot, &status));
    return status;
}

static void committed_height_then_the_record_is_that_of_the_bytes(void **state) {
    (void)state;
    struct sample sample = sample_of(7, 5, 10, 40);
    struct record_snapshot record;
    struct record_parameters parameters;
    struct record_state in_log;
    uint8_t bytes[RECORD_PARAMETERS_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct hash root, leaf;
    machine_snapshot(sample.world->machine, &record);
    assert_int_equal(record.height, 40);
    assert_int_equal(record.bytes, sample.snapshot.bytes);
    /* Below one chunk the root is the leaf of all bytes. */
    assert_true(sample.snapshot.bytes < SNAPSHOT_CHUNK_BYTES);
    merkle_leaf(sample.snapshot, &root);
    assert_memory_equal(root.bytes, record.root.bytes, HASH_BYTES);
    machine_parameters(sample.world->machine, &parameters);
    assert_memory_equal(&parameters.snapshot, &record, sizeof record);
    record_parameters_put(&writer, &parameters);
    merkle_leaf(writer_slice(&writer), &leaf);
    world_state(sample.world, &in_log);
    assert_memory_equal(in_log.parameters.bytes, leaf.bytes, HASH_BYTES);
    /* It stands until the next one. */
    workload_next(sample.workload, sample.world->machine, &sample.world->genesis);
    workload_execute(sample.workload, sample.world);
    machine_snapshot(sample.world->machine, &parameters.snapshot);
    assert_int_equal(parameters.snapshot.height, 40);
    sample_end(&sample);
}

/* Of a height that commits to it no leaf from before is ever asked for: world_load hands out none. */
static void loaded_from_a_committed_height_then_no_earlier_leaf_is_needed(void **state) {
    (void)state;
    struct sample sample = sample_of(11, 5, 50, 50);
    enum status status;
    struct world *copy = world_load(sample.world, sample.snapshot, &status);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(copy->leaves_count, 1);
    assert_true(copy->first_leaf > 50);
    uint32_t challenges = 0;
    for (uint32_t b = 0; b < 200; b++) {
        uint64_t before = sample.world->machine->trial.height;
        workload_next(sample.workload, sample.world->machine, &sample.world->genesis);
        workload_execute(sample.workload, sample.world);
        workload_execute(sample.workload, copy);
        assert_same(sample.world, copy);
        challenges += sample.world->machine->trial.height > before;
    }
    assert_true(challenges >= 3);
    world_free(copy);
    sample_end(&sample);
}

/* What is loaded nevertheless is another state: at a height that commits to itself nothing is equal silently. It must be
 * one that can be gone on with. */
static void assert_refused_or_another(const struct sample *sample, struct slice changed) {
    enum status status;
    struct world *copy = world_load(sample->world, changed, &status);
    if (status == STATUS_OK) {
        assert_memory_not_equal(copy->checkpoint.root.bytes, sample->world->checkpoint.root.bytes, HASH_BYTES);
        struct slice again = world_save(copy);
        assert_true(slice_equal(again, changed));
        free_slice(again);
    }
    world_free(copy);
}

static void byte_changed_then_refused_or_another_root(void **state) {
    (void)state;
    uint64_t seed = number_from("SEED", 3), rounds = number_from("ROUNDS", 4000);
    struct sample sample = sample_of(seed, 5, 40, 160);
    struct prng prng = prng_seeded(seed);
    uint8_t *bytes = malloc(sample.snapshot.bytes);
    print_message("seed %llu, %zu bytes\n", (unsigned long long)seed, sample.snapshot.bytes);
    assert_non_null(bytes);
    memcpy(bytes, sample.snapshot.data, sample.snapshot.bytes);
    for (uint64_t i = 0; i < rounds; i++) {
        size_t at = (size_t)prng_below(&prng, sample.snapshot.bytes);
        uint8_t change = prng_chance(&prng, 1, 2) ? (uint8_t)(1u << prng_below(&prng, 8)) : 0xff;
        bytes[at] ^= change;
        assert_refused_or_another(&sample, slice_of(bytes, sample.snapshot.bytes));
        bytes[at] ^= change;
    }
    free(bytes);
    sample_end(&sample);
}

static void bytes_cut_or_added_then_refused(void **state) {
    (void)state;
    struct sample sample = sample_of(5, 4, 30, 30);
    uint8_t *longer = calloc(1, sample.snapshot.bytes + 1);
    assert_non_null(longer);
    memcpy(longer, sample.snapshot.data, sample.snapshot.bytes);
    for (size_t bytes = 0; bytes < sample.snapshot.bytes; bytes += 1 + bytes / 64)
        assert_int_not_equal(load_status(sample.world, slice_of(longer, bytes)), STATUS_OK);
    assert_int_equal(load_status(sample.world, slice_of(longer, sample.snapshot.bytes - 1)), STATUS_TRUNCATED);
    assert_int_equal(load_status(sample.world, slice_of(longer, sample.snapshot.bytes)), STATUS_OK);
    assert_int_equal(load_status(sample.world, slice_of(longer, sample.snapshot.bytes + 1)), STATUS_TRAILING_BYTES);
    free(longer);
    sample_end(&sample);
}

static void of_another_chain_or_format_then_refused(void **state) {
    (void)state;
    struct sample sample = sample_of(5, 4, 30, 20), other = sample_of(5, 5, 30, 20);
    uint8_t *bytes = malloc(sample.snapshot.bytes);
    assert_non_null(bytes);
    memcpy(bytes, sample.snapshot.data, sample.snapshot.bytes);
    assert_int_equal(load_status(other.world, sample.snapshot), STATUS_WRONG_CHAIN);
    bytes[18]++; /* the digit of its first line */
    assert_int_equal(load_status(sample.world, slice_of(bytes, sample.snapshot.bytes)), STATUS_VERSION);
    free(bytes);
    sample_end(&sample);
    sample_end(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_height_then_the_record_is_that_of_the_bytes),
        cmocka_unit_test(loaded_from_a_committed_height_then_no_earlier_leaf_is_needed),
        cmocka_unit_test(bytes_cut_or_added_then_refused),
        cmocka_unit_test(of_another_chain_or_format_then_refused),
        cmocka_unit_test(byte_changed_then_refused_or_another_root),
        cmocka_unit_test(random_states_loaded_then_the_same_roots_ever_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
