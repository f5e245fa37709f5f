/* Tests of ledger/ledger.h: what is kept over reopening, crashes of the process, a full disk, a second start. Crashes are children
 * that end without closing anything. */
#include "ledger/ledger.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "ledger/database.h"
#include "sample.h"

struct bench {
    char path[PATH_BYTES];
    struct sample sample;
    struct ledger *ledger;
    struct replica_ports ports;
};

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    file_make(bench->path);
    sample_init(&bench->sample);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    bench->ports = sample_ports(bench->ledger);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    ledger_close(bench->ledger);
    file_remove(bench->path);
    free(bench);
    return 0;
}

static void reopen(struct bench *bench) {
    ledger_close(bench->ledger);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    bench->ports = sample_ports(bench->ledger);
}

static struct sample_digest digest_of(struct ledger *ledger) {
    struct sample_digest digest;
    struct ledger_visitor visitor = sample_visitor(&digest);
    assert_int_equal(ledger_visit(ledger, &visitor), STATUS_OK);
    return digest;
}

/* Genesis, two executed batches at height 1, one pending batch, a view above the finalized one, a certificate, two proofs. */
static void write_everything(struct bench *bench, struct sample_batch batches[3]) {
    sample_persist_genesis(&bench->sample, &bench->ports);
    for (uint32_t i = 0; i < 3; i++) {
        sample_batch(&bench->sample, i, &batches[i]);
        sample_persist_batch(&bench->ports, &batches[i]);
    }
    (void)sample_persist_view(&bench->sample, &bench->ports);
    sample_persist_height(&bench->sample, &bench->ports, batches, 2, true);
    (void)sample_persist_view(&bench->sample, &bench->ports);
    sample_persist_certified(&bench->sample, &bench->ports, 3);
    sample_persist_proof(&bench->sample, &bench->ports, 3, 1);
    sample_persist_proof(&bench->sample, &bench->ports, 3, 2);
}

static void assert_reads_batch(const struct bench *bench, const struct sample_batch *batch) {
    struct slice header, body, contents;
    assert_int_equal(ledger_read_batch(bench->ledger, &batch->hash, &header, &body, &contents), STATUS_OK);
    assert_true(slice_equal(header, sample_slice(&batch->header_bytes)));
    assert_true(slice_equal(body, sample_slice(&batch->body)));
    assert_true(slice_equal(contents, sample_slice(&batch->contents)));
}

static void everything_written_then_read_back_after_reopening(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    assert_true(ledger_is_new(bench->ledger));
    write_everything(bench, batches);
    for (size_t i = 0; i < 3; i++) assert_reads_batch(bench, &batches[i]);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    struct sample_digest before = digest_of(bench->ledger);
    reopen(bench);
    assert_false(ledger_is_new(bench->ledger));
    struct sample_digest after = digest_of(bench->ledger);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(after.heights, 1);
    assert_int_equal(after.batches, 1);
    assert_int_equal(after.blocks, 1);
    assert_int_equal(after.certificates, 1);
    assert_int_equal(after.votes, 1);
    assert_int_equal(after.certified, 1);
    assert_int_equal(after.proofs, 2);
    for (size_t i = 0; i < 3; i++) assert_reads_batch(bench, &batches[i]);
    struct hash hash;
    assert_int_equal(ledger_read_lane(bench->ledger, 1, 1, &hash), STATUS_OK);
    assert_true(hash_equal(&hash, &batches[1].hash));
    assert_int_equal(ledger_read_lane(bench->ledger, 2, 1, &hash), STATUS_NOT_FOUND);
    uint64_t executed_at = 77;
    assert_int_equal(ledger_read_executed(bench->ledger, &batches[1].hash, &executed_at), STATUS_OK);
    assert_int_equal(executed_at, 1);
    assert_int_equal(ledger_read_executed(bench->ledger, &batches[2].hash, &executed_at), STATUS_NOT_FOUND);
    const struct hash unknown = {{9}};
    assert_int_equal(ledger_read_executed(bench->ledger, &unknown, &executed_at), STATUS_NOT_FOUND);
    assert_int_equal(executed_at, 1);
    struct slice block, finalization;
    assert_int_equal(ledger_read_height(bench->ledger, 1, &block, &finalization), STATUS_OK);
    assert_true(block.bytes > 0 && finalization.bytes > 0);
    assert_int_equal(ledger_read_height(bench->ledger, 2, &block, &finalization), STATUS_NOT_FOUND);
    struct checkpoint checkpoint;
    uint64_t time_us;
    assert_int_equal(ledger_read_checkpoint(bench->ledger, 1, &checkpoint, &time_us), STATUS_OK);
    assert_true(hash_equal(&checkpoint.root, &bench->sample.checkpoint.root));
    assert_int_equal(ledger_height(bench->ledger), 1);
    assert_int_equal(ledger_leaves(bench->ledger), bench->sample.log.count);
}

/* As after a restart: the header of a batch is read from the file, and becomes a leaf while it is still borrowed from there. */
static void leaf_borrowed_from_what_was_read_then_kept_as_it_was(void **state) {
    struct bench *bench = *state;
    struct sample_batch batch;
    struct slice header, body, contents, kept;
    struct hash leaf;
    sample_persist_genesis(&bench->sample, &bench->ports);
    sample_batch(&bench->sample, 0, &batch);
    sample_persist_batch(&bench->ports, &batch);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    reopen(bench);
    assert_int_equal(ledger_read_batch(bench->ledger, &batch.hash, &header, &body, &contents), STATUS_OK);
    merkle_leaf(header, &leaf);
    ledger_persist_leaf(bench->ledger, 1, header, &leaf);
    assert_int_equal(ledger_read_leaf(bench->ledger, 1, &kept), STATUS_OK);
    assert_true(slice_equal(kept, sample_slice(&batch.header_bytes)));
}

static void new_ledger_then_only_its_owner_can_read_it(void **state) {
    struct bench *bench = *state;
    struct stat file;
    char log[PATH_BYTES + 8];
    (void)snprintf(log, sizeof log, "%s-wal", bench->path);
    assert_int_equal(stat(bench->path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(stat(log, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
}

/* A child that did what it should dies like this; any other end is a failure. It is the crash that is meant, and leaves whoever watches
 * for leaks nothing to say about what a crash does not give back. */
static void end_by_force(void) {
    (void)raise(SIGKILL);
    _exit(3);
}

static void assert_ended_by_force(pid_t child) {
    int outcome = 0;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGKILL);
}

/* Runs `work` in a child that is then killed. The ledger is opened by the child alone. */
static void in_a_crashing_child(struct bench *bench, void (*work)(struct bench *bench)) {
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ledger *ledger;
        if (ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, NULL, 0) != STATUS_OK) _exit(1);
        bench->ledger = ledger;
        bench->ports = sample_ports(ledger);
        work(bench);
        end_by_force();
    }
    assert_ended_by_force(child);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    bench->ports = sample_ports(bench->ledger);
}

static void write_without_commit(struct bench *bench) {
    struct sample_batch batches[3];
    write_everything(bench, batches);
}

static void write_and_commit(struct bench *bench) {
    write_without_commit(bench);
    if (ledger_commit(bench->ledger) != STATUS_OK) _exit(2);
}

/* Commits what write_everything writes, then half a height. */
static void write_half_a_height(struct bench *bench) {
    struct sample_batch batches[3];
    write_everything(bench, batches);
    if (ledger_commit(bench->ledger) != STATUS_OK) _exit(2);
    sample_persist_leaves(&bench->sample, &bench->ports, &batches[2], 1);
}

static void crash_before_commit_then_nothing_is_there(void **state) {
    struct bench *bench = *state;
    in_a_crashing_child(bench, write_without_commit);
    struct sample_digest none = {.heights = 0};
    struct sample_digest digest = digest_of(bench->ledger);
    assert_memory_equal(&digest, &none, sizeof none);
    assert_int_equal(ledger_leaves(bench->ledger), 0);
}

static void crash_after_commit_then_everything_is_there(void **state) {
    struct bench *bench = *state;
    in_a_crashing_child(bench, write_and_commit);
    struct sample_digest digest = digest_of(bench->ledger);
    assert_int_equal(digest.heights, 1);
    assert_int_equal(digest.batches, 1);
    assert_int_equal(digest.proofs, 2);
}

static void crash_inside_a_height_then_the_height_is_not_there_at_all(void **state) {
    struct bench *bench = *state;
    in_a_crashing_child(bench, write_half_a_height);
    assert_int_equal(ledger_height(bench->ledger), 1);
    assert_int_equal(ledger_leaves(bench->ledger), 4);
    struct hash hash;
    assert_int_equal(ledger_read_lane(bench->ledger, 2, 1, &hash), STATUS_NOT_FOUND);
    assert_int_equal(digest_of(bench->ledger).batches, 1);
}

static void closed_without_commit_then_nothing_is_there(void **state) {
    struct bench *bench = *state;
    write_without_commit(bench);
    sample_init(&bench->sample);
    reopen(bench);
    assert_int_equal(digest_of(bench->ledger).heights, 0);
}

static void second_start_of_the_same_file_then_locked(void **state) {
    struct bench *bench = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ledger *ledger;
        char detail[256];
        enum status status =
            ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail);
        if (status == STATUS_LOCKED && detail[0] != '\0') end_by_force();
        _exit(1);
    }
    assert_ended_by_force(child);
}

static void another_chain_or_member_then_refused(void **state) {
    struct bench *bench = *state;
    struct ledger *ledger = NULL;
    char detail[256];
    struct hash other = bench->sample.chain;
    other.bytes[0] ^= 1;
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    assert_int_equal(ledger_open(bench->path, &other, SAMPLE_SELF, &ledger, detail, sizeof detail),
                     STATUS_WRONG_CHAIN);
    assert_true(detail[0] != '\0');
    assert_int_equal(ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF + 1, &ledger, detail, sizeof detail),
                     STATUS_WRONG_CHAIN);
    assert_null(ledger);
    bench->ledger = file_open(bench->path, &bench->sample.chain);
}

static void another_kind_of_file_then_refused(void **state) {
    struct bench *bench = *state;
    struct ledger *ledger = NULL;
    char detail[256];
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    file_sql(bench->path, "PRAGMA application_id = 1");
    assert_int_equal(ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail),
                     STATUS_BAD_FORMAT);
    file_sql(bench->path, "PRAGMA application_id = 0x63726564; PRAGMA user_version = 99");
    assert_int_equal(ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail),
                     STATUS_VERSION);
    FILE *file = fopen(bench->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 10000; i++) assert_true(fputc('x', file) == 'x');
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail),
                     STATUS_CORRUPT);
    assert_true(detail[0] != '\0');
    assert_int_equal(
        ledger_open("/nowhere/" LEDGER_FILE, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail),
        STATUS_IO);
}

static void newest_root_changed_then_not_opened(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    write_everything(bench, batches);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    file_sql(bench->path, "UPDATE height SET root = zeroblob(32)");
    struct ledger *ledger = NULL;
    char detail[256];
    assert_int_equal(ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail),
                     STATUS_CORRUPT);
    assert_non_null(strstr(detail, "root"));
}

/* Overwrites a page in the middle of a file that is closed. */
static void damaged_page_then_not_opened(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    write_everything(bench, batches);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    FILE *file = fopen(bench->path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
    for (int i = 0; i < 4096; i++) assert_true(fputc(0x55, file) == 0x55);
    assert_int_equal(fclose(file), 0);
    struct ledger *ledger = NULL;
    char detail[256];
    assert_int_equal(ledger_open(bench->path, &bench->sample.chain, SAMPLE_SELF, &ledger, detail, sizeof detail),
                     STATUS_CORRUPT);
    assert_true(detail[0] != '\0');
}

static void height_executed_then_older_views_are_forgotten(void **state) {
    struct bench *bench = *state;
    sample_persist_genesis(&bench->sample, &bench->ports);
    for (int i = 0; i < 3; i++) (void)sample_persist_view(&bench->sample, &bench->ports);
    assert_int_equal(digest_of(bench->ledger).votes, 3);
    bench->sample.view = 2;
    sample_persist_height(&bench->sample, &bench->ports, NULL, 0, true);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    struct sample_digest digest = digest_of(bench->ledger);
    assert_int_equal(digest.votes, 1);
    assert_int_equal(digest.certificates, 1);
    assert_int_equal(digest.blocks, 1);
}

static void written_again_then_nothing_changes(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    struct sample before_height;
    sample_persist_genesis(&bench->sample, &bench->ports);
    sample_batch(&bench->sample, 0, &batches[0]);
    sample_persist_batch(&bench->ports, &batches[0]);
    (void)sample_persist_view(&bench->sample, &bench->ports);
    before_height = bench->sample;
    sample_persist_height(&bench->sample, &bench->ports, batches, 1, true);
    sample_persist_proof(&bench->sample, &bench->ports, 3, 1);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    struct sample_digest before = digest_of(bench->ledger);
    bench->sample = before_height;
    sample_persist_batch(&bench->ports, &batches[0]);
    sample_persist_height(&bench->sample, &bench->ports, batches, 1, true);
    sample_persist_proof(&bench->sample, &bench->ports, 3, 1);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    struct sample_digest after = digest_of(bench->ledger);
    assert_memory_equal(&before, &after, sizeof before);
}

static void second_vote_in_a_view_then_the_commit_fails(void **state) {
    struct bench *bench = *state;
    struct hash blocks[2] = {{{1}}, {{2}}};
    struct vote vote;
    sample_vote(&bench->sample, 7, VOTE_NOTARIZE, &blocks[0], &vote);
    bench->ports.persist_vote(bench->ports.context, &vote);
    bench->ports.persist_vote(bench->ports.context, &vote);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    sample_vote(&bench->sample, 7, VOTE_NOTARIZE, &blocks[1], &vote);
    bench->ports.persist_vote(bench->ports.context, &vote);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_CONFLICT);
    assert_non_null(strstr(ledger_error_text(bench->ledger), "vote"));
    assert_int_equal(digest_of(bench->ledger).votes, 1);
}

static void wrong_leaf_index_batch_or_root_then_the_commit_fails(void **state) {
    struct bench *bench = *state;
    struct hash hash = {{9}};
    bench->ports.persist_leaf(bench->ports.context, 1, slice_of("x", 1), &hash);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_CONFLICT);
    reopen(bench);
    bench->ports.persist_executed(bench->ports.context, &hash, 1);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_MISSING);
    reopen(bench);
    sample_persist_genesis(&bench->sample, &bench->ports);
    bench->sample.log.peaks[0].bytes[0] ^= 1;
    bench->sample.view = 1;
    sample_persist_height(&bench->sample, &bench->ports, NULL, 0, true);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_CONFLICT);
    assert_int_equal(ledger_leaves(bench->ledger), 0);
}

static void smaller_or_older_certificate_then_the_better_one_stays(void **state) {
    struct bench *bench = *state;
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    assert_int_equal(ledger_read_certified(bench->ledger, &checkpoint, signatures, &count), STATUS_NOT_FOUND);
    sample_persist_genesis(&bench->sample, &bench->ports);
    for (int i = 0; i < 2; i++) {
        (void)sample_persist_view(&bench->sample, &bench->ports);
        sample_persist_height(&bench->sample, &bench->ports, NULL, 0, true);
    }
    sample_persist_certified(&bench->sample, &bench->ports, 3);
    sample_persist_certified(&bench->sample, &bench->ports, 2);
    assert_int_equal(ledger_read_certified(bench->ledger, &checkpoint, signatures, &count), STATUS_OK);
    assert_int_equal(count, 3);
    sample_persist_certified(&bench->sample, &bench->ports, 4);
    struct sample older = bench->sample;
    older.checkpoint.height = 1;
    sample_persist_certified(&older, &bench->ports, 4);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    reopen(bench);
    assert_int_equal(ledger_read_certified(bench->ledger, &checkpoint, signatures, &count), STATUS_OK);
    assert_int_equal(count, 4);
    assert_int_equal(checkpoint.height, 2);
    assert_int_equal(
        checkpoint_verify(&checkpoint, &bench->sample.chain, bench->sample.genesis.keys[3], signatures[3].signature),
        STATUS_OK);
}

static void more_proofs_than_the_limit_then_the_first_ones_stay(void **state) {
    struct bench *bench = *state;
    for (uint64_t i = 1; i <= PROOFS_PER_MEMBER_MAX + 3; i++)
        sample_persist_proof(&bench->sample, &bench->ports, 2, i);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_int_equal(digest_of(bench->ledger).proofs, PROOFS_PER_MEMBER_MAX);
}

/* Every leaf under every size, and every pair of sizes, by the nodes that are read from the file. */
static void nodes_read_then_every_proof_is_accepted(void **state) {
    struct bench *bench = *state;
    struct hash roots[32];
    sample_persist_genesis(&bench->sample, &bench->ports);
    for (uint64_t height = 1; height <= 21; height++) {
        (void)sample_persist_view(&bench->sample, &bench->ports);
        sample_persist_height(&bench->sample, &bench->ports, NULL, 0, true);
        roots[bench->sample.log.count] = bench->sample.checkpoint.root;
    }
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    reopen(bench);
    struct hash proof[MERKLE_PROOF_MAX], leaf;
    size_t count;
    for (uint64_t size = 2; size <= ledger_leaves(bench->ledger); size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct slice bytes;
            assert_int_equal(ledger_read_leaf(bench->ledger, index, &bytes), STATUS_OK);
            merkle_leaf(bytes, &leaf);
            assert_int_equal(merkle_inclusion_make(index, size, ledger_read_node, bench->ledger, proof, &count),
                             STATUS_OK);
            assert_int_equal(merkle_inclusion_check(&leaf, index, size, proof, count, &roots[size]), STATUS_OK);
            leaf.bytes[0] ^= 1;
            assert_int_equal(merkle_inclusion_check(&leaf, index, size, proof, count, &roots[size]),
                             STATUS_BAD_PROOF);
        }
        assert_int_equal(merkle_consistency_make(2, size, ledger_read_node, bench->ledger, proof, &count), STATUS_OK);
        assert_int_equal(merkle_consistency_check(2, &roots[2], size, &roots[size], proof, count), STATUS_OK);
    }
    assert_int_equal(ledger_read_node(bench->ledger, 0, 22, &leaf), STATUS_NOT_FOUND);
    assert_int_equal(ledger_read_node(bench->ledger, 4, 1, &leaf), STATUS_NOT_FOUND);
}

static void no_room_before_the_commit_then_rolled_back_and_still_readable(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3], more;
    write_everything(bench, batches);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    struct sample_digest before = digest_of(bench->ledger);
    /* A limit below the present size means the present size. It is met in the middle of a step, as a full disk never is: what the rest
     * of the step reads would be wrong, so this is a failure for good. */
    assert_int_equal(database_execute(bench->ledger->database, "PRAGMA max_page_count = 1"), STATUS_OK);
    struct sample_batch first;
    for (int i = 0; i < 200; i++) {
        sample_batch(&bench->sample, 3, i == 0 ? &first : &more);
        sample_persist_batch(&bench->ports, i == 0 ? &first : &more);
    }
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    assert_true(ledger_error_text(bench->ledger)[0] != '\0');
    struct slice header, body, contents;
    assert_int_equal(ledger_read_batch(bench->ledger, &first.hash, &header, &body, &contents), STATUS_NOT_FOUND);
    for (size_t i = 0; i < 3; i++) assert_reads_batch(bench, &batches[i]);
    struct sample_digest after = digest_of(bench->ledger);
    assert_memory_equal(&before, &after, sizeof before);
    sample_persist_batch(&bench->ports, &first);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_IO);
    reopen(bench);
    assert_string_equal(ledger_error_text(bench->ledger), "");
    sample_persist_batch(&bench->ports, &first);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    assert_reads_batch(bench, &first);
}

static void content_erased_then_the_rest_is_read(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    write_everything(bench, batches);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    ledger_close(bench->ledger);
    bench->ledger = NULL;
    file_sql(bench->path, "UPDATE content SET bytes = NULL WHERE batch = 1");
    bench->ledger = file_open(bench->path, &bench->sample.chain);
    struct slice header, body, contents;
    assert_int_equal(ledger_read_batch(bench->ledger, &batches[0].hash, &header, &body, &contents), STATUS_OK);
    assert_true(slice_equal(body, sample_slice(&batches[0].body)));
    assert_int_equal(contents.bytes, 1);
    assert_int_equal(contents.data[0], 0x80);
    assert_reads_batch(bench, &batches[1]);
}

/* A visitor that reads a batch from the same ledger for every one that it is handed. */
struct reading_visitor {
    struct ledger *ledger;
    const struct sample_batch *batches;
    size_t at;
};

static enum status read_another(void *context, struct slice header, struct slice body, struct slice contents) {
    struct reading_visitor *visitor = context;
    const struct sample_batch *expected = &visitor->batches[visitor->at++];
    struct slice other_header, other_body, other_contents;
    TRY(ledger_read_batch(visitor->ledger, &visitor->batches[0].hash, &other_header, &other_body, &other_contents));
    bool same = slice_equal(header, sample_slice(&expected->header_bytes)) &&
                slice_equal(body, sample_slice(&expected->body)) &&
                slice_equal(contents, sample_slice(&expected->contents)) &&
                slice_equal(other_contents, sample_slice(&visitor->batches[0].contents));
    return same ? STATUS_OK : STATUS_CONFLICT;
}

static enum status refuse(void *context, struct slice header, struct slice body, struct slice contents) {
    (void)context, (void)header, (void)body, (void)contents;
    return STATUS_NOT_FOUND;
}

static void visitor_reads_or_refuses_then_slices_stay_and_its_status_is_returned(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[5];
    for (uint32_t i = 0; i < 5; i++) {
        sample_batch(&bench->sample, i % 2, &batches[i]);
        sample_persist_batch(&bench->ports, &batches[i]);
    }
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    reopen(bench);
    struct reading_visitor reading = {bench->ledger, batches, 0};
    struct ledger_visitor visitor = {.context = &reading, .batch = read_another};
    assert_int_equal(ledger_visit(bench->ledger, &visitor), STATUS_OK);
    assert_int_equal(reading.at, 5);
    visitor.batch = refuse;
    assert_int_equal(ledger_visit(bench->ledger, &visitor), STATUS_NOT_FOUND);
}

static void auditor_then_the_views_say_what_happened(void **state) {
    struct bench *bench = *state;
    struct sample_batch batches[3];
    write_everything(bench, batches);
    assert_int_equal(ledger_commit(bench->ledger), STATUS_OK);
    sqlite3 *database = bench->ledger->database;
    uint64_t number = 0;
    assert_int_equal(database_number(database, "SELECT count(*) FROM lanes", &number), STATUS_OK);
    assert_int_equal(number, 3);
    assert_int_equal(database_number(database, "SELECT executed FROM lanes WHERE member = 1", &number), STATUS_OK);
    assert_int_equal(number, 1);
    assert_int_equal(database_number(database, "SELECT items FROM history WHERE height = 1", &number), STATUS_OK);
    assert_int_equal(number, 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(everything_written_then_read_back_after_reopening),
        CASE(leaf_borrowed_from_what_was_read_then_kept_as_it_was),
        CASE(new_ledger_then_only_its_owner_can_read_it),
        CASE(crash_before_commit_then_nothing_is_there),
        CASE(crash_after_commit_then_everything_is_there),
        CASE(crash_inside_a_height_then_the_height_is_not_there_at_all),
        CASE(closed_without_commit_then_nothing_is_there),
        CASE(second_start_of_the_same_file_then_locked),
        CASE(another_chain_or_member_then_refused),
        CASE(another_kind_of_file_then_refused),
        CASE(newest_root_changed_then_not_opened),
        CASE(damaged_page_then_not_opened),
        CASE(height_executed_then_older_views_are_forgotten),
        CASE(written_again_then_nothing_changes),
        CASE(second_vote_in_a_view_then_the_commit_fails),
        CASE(wrong_leaf_index_batch_or_root_then_the_commit_fails),
        CASE(smaller_or_older_certificate_then_the_better_one_stays),
        CASE(more_proofs_than_the_limit_then_the_first_ones_stay),
        CASE(nodes_read_then_every_proof_is_accepted),
        CASE(no_room_before_the_commit_then_rolled_back_and_still_readable),
        CASE(content_erased_then_the_rest_is_read),
        CASE(visitor_reads_or_refuses_then_slices_stay_and_its_status_is_returned),
        CASE(auditor_then_the_views_say_what_happened),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
