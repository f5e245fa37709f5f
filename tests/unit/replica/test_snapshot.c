/* A member that starts from a certified snapshot: it has no block, no batch and no leaf from before, and is soon one of the
 * others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "cluster.h"
#include "replica/certificate.h"
#include "verifier/snapshot.h"

enum { INTERVAL = 8, NEWCOMER = 3, KEPT_MAX = 4096 };

/* The newest snapshot that member 0 saved. */
static struct {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    uint64_t height;
} saved;

static void append(void *context, struct slice chunk) {
    (void)context;
    assert_true(saved.count + chunk.bytes <= saved.capacity);
    memcpy(saved.bytes + saved.count, chunk.data, chunk.bytes);
    saved.count += chunk.bytes;
}

static struct replica_ports usual_ports, others_ports[NEWCOMER];

/* The others have no longer the newest batch of the newcomer. */
static struct hash pruned;
static enum status read_what_is_kept(void *context, const struct hash *hash, struct slice *ret_header,
                                     struct slice *ret_body, struct slice *ret_contents) {
    if (hash_equal(hash, &pruned)) return STATUS_NOT_FOUND;
    return usual_ports.read_batch(context, hash, ret_header, ret_body, ret_contents);
}

/* As soon as a height is executed that commits to one. */
static void save_snapshots(void *context, const struct replica_event *event) {
    struct node *node = context;
    struct machine *machine = replica_machine(node->replica);
    struct record_snapshot record;
    machine_snapshot(machine, &record);
    if (event->kind == EVENT_EXECUTED && event->height == record.height) {
        saved.capacity = machine_snapshot_bytes(machine);
        saved.bytes = realloc(saved.bytes, saved.capacity);
        saved.count = 0;
        saved.height = event->height;
        machine_save(machine, append, NULL);
    }
    usual_ports.event(context, event);
}

/* What the newcomer keeps: nothing but what comes after the snapshot. */

struct piece {
    uint8_t *data;
    size_t bytes;
};
struct kept_batch {
    struct hash hash;
    uint32_t member;
    uint64_t seq;
    bool executed;
    struct piece header, body, contents;
};
struct kept_height {
    uint64_t height;
    struct piece block, finalization;
};
static struct {
    struct kept_batch batches[KEPT_MAX];
    size_t batches_count;
    struct kept_height heights[KEPT_MAX];
    size_t heights_count;
    uint64_t first_leaf;
    struct piece leaves[KEPT_MAX];
    size_t leaves_count;
} store;

static struct piece copy_of(struct slice bytes) {
    struct piece piece = {malloc(bytes.bytes + 1), bytes.bytes};
    assert_non_null(piece.data);
    if (bytes.bytes > 0) memcpy(piece.data, bytes.data, bytes.bytes);
    return piece;
}

static struct slice slice_of_piece(struct piece piece) { return slice_of(piece.data, piece.bytes); }

static struct kept_batch *find_batch(const struct hash *hash) {
    for (size_t i = 0; i < store.batches_count; i++)
        if (hash_equal(&store.batches[i].hash, hash)) return &store.batches[i];
    return NULL;
}

static void keep_batch(void *context, const struct header *header, const struct hash *hash, struct slice bytes,
                       struct slice body, struct slice contents) {
    (void)context;
    if (find_batch(hash) != NULL) return;
    assert_true(store.batches_count < KEPT_MAX);
    store.batches[store.batches_count++] = (struct kept_batch){.hash = *hash,
                                                               .member = header->member,
                                                               .seq = header->seq,
                                                               .header = copy_of(bytes),
                                                               .body = copy_of(body),
                                                               .contents = copy_of(contents)};
}

static void keep_executed(void *context, const struct hash *hash, uint64_t height) {
    (void)context;
    (void)height;
    assert_non_null(find_batch(hash));
    find_batch(hash)->executed = true;
}

static void keep_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *hash) {
    (void)context;
    (void)hash;
    assert_int_equal(index, store.first_leaf + store.leaves_count);
    assert_true(store.leaves_count < KEPT_MAX);
    store.leaves[store.leaves_count++] = copy_of(bytes);
}

static void keep_height(void *context, uint64_t height, const struct hash *hash, struct slice block,
                        struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    (void)context;
    (void)hash;
    (void)time_us;
    (void)checkpoint;
    assert_true(store.heights_count < KEPT_MAX);
    store.heights[store.heights_count++] = (struct kept_height){height, copy_of(block), copy_of(finalization)};
}

static enum status show_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body, struct slice *ret_contents) {
    (void)context;
    const struct kept_batch *batch = find_batch(hash);
    if (batch == NULL) return STATUS_NOT_FOUND;
    *ret_header = slice_of_piece(batch->header);
    *ret_body = slice_of_piece(batch->body);
    *ret_contents = slice_of_piece(batch->contents);
    return STATUS_OK;
}

static enum status show_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    (void)context;
    for (size_t i = 0; i < store.batches_count; i++) {
        const struct kept_batch *batch = &store.batches[i];
        if (!batch->executed || batch->member != member || batch->seq != seq) continue;
        *ret_hash = batch->hash;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static enum status show_height(void *context, uint64_t height, struct slice *ret_block,
                               struct slice *ret_finalization) {
    (void)context;
    for (size_t i = 0; i < store.heights_count; i++) {
        if (store.heights[i].height != height) continue;
        *ret_block = slice_of_piece(store.heights[i].block);
        *ret_finalization = slice_of_piece(store.heights[i].finalization);
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static enum status show_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    (void)context;
    if (index < store.first_leaf || index - store.first_leaf >= store.leaves_count) return STATUS_NOT_FOUND;
    *ret_bytes = slice_of_piece(store.leaves[index - store.first_leaf]);
    return STATUS_OK;
}

static struct replica_ports newcomers_ports(struct node *node) {
    struct replica_ports ports = cluster_ports(node);
    ports.persist_batch = keep_batch;
    ports.persist_executed = keep_executed;
    ports.persist_leaf = keep_leaf;
    ports.persist_height = keep_height;
    ports.read_batch = show_batch;
    ports.read_lane = show_lane;
    ports.read_height = show_height;
    ports.read_leaf = show_leaf;
    return ports;
}

static void free_store(void) {
    for (size_t i = 0; i < store.batches_count; i++) {
        free(store.batches[i].header.data);
        free(store.batches[i].body.data);
        free(store.batches[i].contents.data);
    }
    for (size_t i = 0; i < store.heights_count; i++) {
        free(store.heights[i].block.data);
        free(store.heights[i].finalization.data);
    }
    for (size_t i = 0; i < store.leaves_count; i++) free(store.leaves[i].data);
    memset(&store, 0, sizeof store);
    free(saved.bytes);
    memset(&saved, 0, sizeof saved);
}

/* The cluster. */

static bool from_snapshot;
static struct record_snapshot certified;

static void prepare(struct node *node) {
    struct machine *machine = replica_machine(node->replica);
    machine_snapshot_every(machine, INTERVAL);
    if (!from_snapshot || node->number != NEWCOMER) return;
    struct slice record;
    enum status restored =
        replica_restore_snapshot(node->replica, slice_of(saved.bytes, saved.count), &certified, slice_of(NULL, 0));
    assert_int_equal(restored, STATUS_OK);
    assert_int_equal(machine_state_record(machine, &record, &store.first_leaf), STATUS_OK);
    store.leaves[store.leaves_count++] = copy_of(record);
}

static void tell_some(struct cluster *cluster, struct question_id question, uint32_t members, uint32_t *told,
                      uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof text, "observation %u", *told);
        assert_int_equal(cluster_tell(cluster, (*told)++ % members, question, text), STATUS_OK);
        cluster_settle(cluster, 5000000);
    }
}

static void propose(struct cluster *cluster, struct reconfigure change) {
    uint64_t epoch = cluster_status(cluster, 0).epoch;
    const struct item item = {.kind = ITEM_RECONFIGURE, .reconfigure = change};
    for (uint32_t m = 0; m < 3; m++)
        assert_int_equal(cluster_submit(cluster, m, &item, slice_of(NULL, 0)), STATUS_OK);
    for (int i = 0; i < 1000 && cluster_status(cluster, 0).epoch == epoch; i++) cluster_run(cluster, 10000);
    assert_int_equal(cluster_status(cluster, 0).epoch, epoch + 1);
    cluster_settle(cluster, 30000000);
}

/* Another key for the one that joins later, then another threshold: its lane begins again, and views do twice. */
static void change_members(struct cluster *cluster) {
    struct node *node = &cluster->nodes[NEWCOMER];
    struct reconfigure change = {.change = CHANGE_KEY, .member = NEWCOMER};
    cluster_key(41, node->next_secret, change.key);
    node->has_next_secret = true;
    replica_set_next_secret(node->replica, node->next_secret);
    propose(cluster, change);
    propose(cluster, (struct reconfigure){.epoch = 1, .change = CHANGE_THRESHOLD, .threshold = {7, 10}});
}

/* Four members, of whom the last loses everything while the others go on; the snapshot is of before that or after. */
static struct cluster *cluster_with_snapshot(struct question_id *ret_question, uint32_t *told, bool has_epochs) {
    from_snapshot = false;
    struct cluster *cluster = cluster_new_with(THRESHOLD_DEFAULT, CLUSTER_MEMBERS, 0, prepare);
    pruned = (struct hash){0};
    usual_ports = cluster_ports(&cluster->nodes[0]);
    for (uint32_t m = 0; m < NEWCOMER; m++) {
        others_ports[m] = cluster_ports(&cluster->nodes[m]);
        others_ports[m].read_batch = read_what_is_kept;
        if (m == 0) others_ports[m].event = save_snapshots;
        cluster_crash(cluster, m);
        cluster->nodes[m].ports = &others_ports[m];
        cluster_start(cluster, m, MEMORY_WHOLE);
    }
    *ret_question = cluster_ask(cluster, 0, MODE_POOL, 1000);
    if (has_epochs) change_members(cluster);
    tell_some(cluster, *ret_question, CLUSTER_MEMBERS, told, 20);
    cluster_crash(cluster, NEWCOMER);
    cluster_forget(cluster, NEWCOMER);
    tell_some(cluster, *ret_question, NEWCOMER, told, 7);
    assert_true(saved.height > 0);
    return cluster;
}

/* What the newcomer was handed beside the snapshot. */
static void certify(struct cluster *cluster) {
    static uint8_t pieces[CERTIFICATE_BYTES_MAX], file[CERTIFICATE_BYTES_MAX], scratch[CERTIFICATE_BYTES_MAX];
    struct node *node = &cluster->nodes[0];
    const struct certificate_log log = {node->ledger, memory_ledger_read_leaf, memory_ledger_read_node};
    struct writer to = writer_of(file, sizeof file), room = writer_of(pieces, sizeof pieces);
    const struct verify_policy policy = {.is_snapshot = true};
    struct verify_result result;
    enum verify_step step;
    struct snapshot_head head;
    assert_int_equal(replica_state_certificate(node->replica, &log, &room, &to), STATUS_OK);
    assert_int_equal(
        verify_certificate(writer_slice(&to), &cluster->genesis, &policy, scratch, sizeof scratch, &result, &step),
        STATUS_OK);
    assert_int_equal(verify_snapshot(&result, &cluster->genesis, slice_of(saved.bytes, saved.count), &head),
                     STATUS_OK);
    assert_int_equal(head.height, saved.height);
    certified = result.parameters.snapshot;
}

static void join(bool has_epochs) {
    struct question_id question;
    uint32_t told = 0;
    struct cluster *cluster = cluster_with_snapshot(&question, &told, has_epochs);
    certify(cluster);
    struct replica_ports ports = newcomers_ports(&cluster->nodes[NEWCOMER]);
    cluster->nodes[NEWCOMER].ports = &ports;
    from_snapshot = true;
    uint64_t height = saved.height;
    pruned = cluster_lane(cluster, 0, NEWCOMER).tip.hash;
    cluster_start(cluster, NEWCOMER, true);
    cluster_settle(cluster, 20000000);
    assert_true(cluster_height(cluster, NEWCOMER) >= height);
    assert_false(cluster_status(cluster, NEWCOMER).recovering);
    /* It takes part, as any that forgot does: challenges come and go, further snapshots are the same. */
    while (cluster_height(cluster, 0) < 140) tell_some(cluster, question, NEWCOMER, &told, 4);
    struct record_snapshot records[CLUSTER_MEMBERS];
    for (uint32_t m = 0; m < CLUSTER_MEMBERS; m++) {
        struct machine_counts counts;
        machine_counts(replica_machine(cluster->nodes[m].replica), &counts);
        machine_snapshot(replica_machine(cluster->nodes[m].replica), &records[m]);
        assert_true(counts.answers_right >= CLUSTER_MEMBERS);
        assert_int_equal(counts.answers_wrong, 0);
        assert_true(records[m].height > height);
        assert_memory_equal(&records[m], &records[0], sizeof records[0]);
        assert_int_equal(cluster_items(cluster, m, question), told);
        assert_int_equal(cluster->nodes[m].events[EVENT_MISBEHAVIOUR], 0);
        assert_int_equal(cluster_status(cluster, m).epoch, has_epochs ? 2 : 0);
    }
    cluster_free(cluster);
    free_store();
}

static void newcomer_from_a_snapshot_then_one_of_the_others(void **state) {
    (void)state;
    join(false);
}

static void newcomer_from_a_snapshot_of_a_later_epoch_then_one_of_the_others(void **state) {
    (void)state;
    join(true);
}

static enum status restore_status(struct cluster *cluster, struct slice bytes, const struct record_snapshot *record,
                                  struct slice finalization) {
    struct node *node = &cluster->nodes[NEWCOMER];
    struct replica_config config = cluster->config;
    struct replica_ports ports = cluster_ports(node);
    void *memory = mmap(NULL, cluster->replica_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    config.self = NEWCOMER;
    config.secret = node->secret;
    struct replica *replica = replica_init(memory, cluster->replica_bytes, &config, &ports);
    machine_snapshot_every(replica_machine(replica), INTERVAL);
    enum status status = replica_restore_snapshot(replica, bytes, record, finalization);
    munmap(memory, cluster->replica_bytes);
    return status;
}

static void snapshot_that_is_not_the_certified_one_then_refused(void **state) {
    (void)state;
    struct question_id question;
    uint32_t told = 0;
    struct cluster *cluster = cluster_with_snapshot(&question, &told, false);
    struct slice bytes = slice_of(saved.bytes, saved.count), none = slice_of(NULL, 0);
    certify(cluster);
    assert_int_equal(restore_status(cluster, bytes, &certified, none), STATUS_OK);
    struct record_snapshot other = certified;
    other.height += INTERVAL;
    assert_int_equal(restore_status(cluster, bytes, &other, none), STATUS_CONFLICT);
    assert_int_equal(restore_status(cluster, slice_of(saved.bytes, saved.count - 1), &certified, none),
                     STATUS_TRUNCATED);
    saved.bytes[saved.count / 2] ^= 4;
    assert_int_equal(restore_status(cluster, bytes, &certified, none), STATUS_BAD_HASH);
    saved.bytes[saved.count / 2] ^= 4;
    saved.bytes[25] ^= 1;
    assert_int_equal(restore_status(cluster, bytes, &certified, none), STATUS_WRONG_CHAIN);
    saved.bytes[25] ^= 1;
    assert_int_equal(restore_status(cluster, bytes, &certified, slice_of("what is this", 12)), STATUS_CORRUPT);
    cluster_free(cluster);
    free_store();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newcomer_from_a_snapshot_then_one_of_the_others),
        cmocka_unit_test(newcomer_from_a_snapshot_of_a_later_epoch_then_one_of_the_others),
        cmocka_unit_test(snapshot_that_is_not_the_certified_one_then_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
