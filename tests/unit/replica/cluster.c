#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "belief/question.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "ledger/restorer.h"

/* --- what leaves --- */

static void note_vote(struct cluster *cluster, const struct vote *vote) {
    for (size_t i = 0; i < cluster->votes_count && !cluster->lies; i++) {
        const struct vote *other = &cluster->votes[i];
        if (other->member == vote->member) assert_false(vote_conflicts(other, vote));
    }
    cluster->votes = realloc(cluster->votes, (cluster->votes_count + 1) * sizeof *cluster->votes);
    assert_non_null(cluster->votes);
    cluster->votes[cluster->votes_count++] = *vote;
}

static void note_batch(struct cluster *cluster, uint32_t from, const struct frame *frame) {
    struct header *header = malloc(sizeof *header);
    struct hash hash;
    assert_non_null(header);
    assert_int_equal(header_read(frame->batch.header, &cluster->chain, header, &hash), STATUS_OK);
    struct tip tip = {header->member, header->seq, hash};
    free(header);
    if (tip.member != from || cluster->lies) return;
    for (size_t i = 0; i < cluster->batches_count; i++) {
        const struct tip *other = &cluster->batches[i];
        if (other->member == tip.member && other->seq == tip.seq) assert_true(hash_equal(&other->hash, &tip.hash));
    }
    cluster->batches = realloc(cluster->batches, (cluster->batches_count + 1) * sizeof *cluster->batches);
    assert_non_null(cluster->batches);
    cluster->batches[cluster->batches_count++] = tip;
}

static void note(struct cluster *cluster, uint32_t from, const struct frame *frame) {
    cluster->frames[frame->type]++;
    if (frame->type == FRAME_BATCH) note_batch(cluster, from, frame);
    if (frame->type == FRAME_VOTE) note_vote(cluster, &frame->vote);
    if (frame->type != FRAME_PROPOSAL) return;
    struct block *block = malloc(sizeof *block);
    struct vote vote = {.kind = VOTE_NOTARIZE, .member = from};
    assert_non_null(block);
    assert_int_equal(block_read(frame->proposal.block, &cluster->chain, block, &vote.block), STATUS_OK);
    vote.epoch = block->epoch;
    vote.view = block->view;
    note_vote(cluster, &vote);
    free(block);
}

static void send_one(struct cluster *cluster, const struct parcel *parcel) {
    struct frame *frame = malloc(sizeof *frame);
    assert_non_null(frame);
    assert_int_equal(frame_read(slice_of(parcel->data, parcel->bytes), frame), STATUS_OK);
    note(cluster, parcel->from, frame);
    bool carried = cluster->nodes[parcel->to].replica != NULL &&
                   (cluster->carries == NULL || cluster->carries(cluster->context, parcel->from, parcel->to, frame));
    free(frame);
    if (!carried) {
        free(parcel->data);
        return;
    }
    cluster->parcels = realloc(cluster->parcels, (cluster->parcels_count + 1) * sizeof *cluster->parcels);
    assert_non_null(cluster->parcels);
    cluster->parcels[cluster->parcels_count] = *parcel;
    cluster->parcels[cluster->parcels_count++].at_us = cluster->now_us + CLUSTER_DELAY_US;
}

/* --- ports --- */

static void put_in_outbox(struct node *node, uint32_t to, struct slice frame) {
    node->outbox = realloc(node->outbox, (node->outbox_count + 1) * sizeof *node->outbox);
    assert_non_null(node->outbox);
    uint8_t *data = malloc(frame.bytes);
    assert_non_null(data);
    memcpy(data, frame.data, frame.bytes);
    node->outbox[node->outbox_count++] = (struct parcel){0, node->number, to, frame.bytes, data};
}

static void port_send(void *context, uint32_t to, struct slice frame) {
    struct node *node = context;
    for (uint32_t peer = 0; peer < node->cluster->places; peer++) {
        if (peer != node->number && (to == REPLICA_EVERYONE || to == peer)) put_in_outbox(node, peer, frame);
    }
}

static void port_event(void *context, const struct replica_event *event) {
    struct node *node = context;
    assert_true((int)event->kind < CLUSTER_EVENTS);
    node->events[event->kind]++;
    node->last[event->kind] = *event;
    if (event->kind != EVENT_BATCH_EXECUTED) return;
    /* A lane begins again far above when its key changes. */
    if (node->executed_seq != 0 && (uint32_t)event->seq != 1) assert_int_equal(event->seq, node->executed_seq + 1);
    node->executed_seq = event->seq;
}

#define PERSIST(name, parameters, arguments)                                                                         \
    static void port_##name parameters {                                                                             \
        struct node *node = context;                                                                                 \
        memory_ledger_persist_##name arguments;                                                                      \
    }
PERSIST(batch,
        (void *context, const struct header *header, const struct hash *hash, struct slice bytes, struct slice body,
         struct slice contents),
        (node->ledger, header, hash, bytes, body, contents))
PERSIST(vote, (void *context, const struct vote *vote), (node->ledger, vote))
PERSIST(certificate, (void *context, uint64_t view, enum vote_kind kind, struct slice bytes),
        (node->ledger, view, kind, bytes))
PERSIST(block, (void *context, const struct hash *hash, uint64_t view, struct slice bytes),
        (node->ledger, hash, view, bytes))
PERSIST(leaf, (void *context, uint64_t index, struct slice bytes, const struct hash *hash),
        (node->ledger, index, bytes, hash))
PERSIST(executed, (void *context, const struct hash *batch, uint64_t height), (node->ledger, batch, height))
PERSIST(height,
        (void *context, uint64_t height, const struct hash *hash, struct slice block, struct slice finalization,
         uint64_t time_us, const struct checkpoint *checkpoint),
        (node->ledger, height, hash, block, finalization, time_us, checkpoint))
PERSIST(certified,
        (void *context, const struct checkpoint *checkpoint, const struct checkpoint_signature *signatures,
         uint32_t count),
        (node->ledger, checkpoint, signatures, count))
PERSIST(proof, (void *context, uint32_t member, struct slice proof), (node->ledger, member, proof))
PERSIST(epoch, (void *context, uint64_t epoch, uint32_t position, struct slice bytes, struct slice finalization),
        (node->ledger, epoch, position, bytes, finalization))
#undef PERSIST

static enum status port_read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                                   struct slice *ret_body, struct slice *ret_contents) {
    return memory_ledger_read_batch(((struct node *)context)->ledger, hash, ret_header, ret_body, ret_contents);
}
static enum status port_read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    return memory_ledger_read_lane(((struct node *)context)->ledger, member, seq, ret_hash);
}
static enum status port_read_height(void *context, uint64_t height, struct slice *ret_block,
                                    struct slice *ret_finalization) {
    return memory_ledger_read_height(((struct node *)context)->ledger, height, ret_block, ret_finalization);
}
static enum status port_read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                                   struct slice *ret_finalization) {
    return memory_ledger_read_epoch(((struct node *)context)->ledger, epoch, position, ret_bytes, ret_finalization);
}
static enum status port_read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    return memory_ledger_read_leaf(((struct node *)context)->ledger, index, ret_bytes);
}

struct replica_ports cluster_ports(struct node *node) {
    return (struct replica_ports){.context = node,
                                  .persist_batch = port_batch,
                                  .persist_vote = port_vote,
                                  .persist_certificate = port_certificate,
                                  .persist_block = port_block,
                                  .persist_leaf = port_leaf,
                                  .persist_executed = port_executed,
                                  .persist_height = port_height,
                                  .persist_certified = port_certified,
                                  .persist_proof = port_proof,
                                  .persist_epoch = port_epoch,
                                  .read_epoch = port_read_epoch,
                                  .read_batch = port_read_batch,
                                  .read_lane = port_read_lane,
                                  .read_height = port_read_height,
                                  .read_leaf = port_read_leaf,
                                  .send = port_send,
                                  .event = port_event};
}

/* --- restoring --- */

static void restore(struct node *node) {
    const struct ledger_visitor visitor = ledger_restorer(node->replica);
    assert_int_equal(memory_ledger_visit(node->ledger, &visitor), STATUS_OK);
}

/* --- life --- */

struct replica_time cluster_time(const struct node *node) {
    uint64_t now = node->cluster->now_us;
    return (struct replica_time){now, (uint64_t)((int64_t)(CLUSTER_EPOCH_US + now) + node->clock_us)};
}

static void drop_outbox(struct node *node) {
    for (size_t i = 0; i < node->outbox_count; i++) free(node->outbox[i].data);
    node->outbox_count = 0;
}

void cluster_turn(struct node *node) {
    replica_flush(node->replica, cluster_time(node));
    node->commits++;
    bool crashes = node->crash_at != 0 && node->commits >= node->crash_at;
    if (!crashes || node->crash_sent) assert_int_equal(memory_ledger_commit(node->ledger), STATUS_OK);
    if (crashes) {
        node->crash_at = 0;
        cluster_crash(node->cluster, node->number);
        return;
    }
    for (size_t i = 0; i < node->outbox_count; i++) send_one(node->cluster, &node->outbox[i]);
    node->outbox_count = 0;
}

static void tell_links(struct cluster *cluster, uint32_t number, bool up) {
    for (uint32_t peer = 0; peer < cluster->places; peer++) {
        struct node *node = &cluster->nodes[peer];
        if (peer == number || node->replica == NULL) continue;
        replica_on_link(node->replica, cluster_time(node), number, up);
        cluster_turn(node);
    }
}

void cluster_crash(struct cluster *cluster, uint32_t number) {
    struct node *node = &cluster->nodes[number];
    assert_non_null(node->replica);
    node->replica = NULL;
    munmap(node->memory, cluster->replica_bytes);
    drop_outbox(node);
    memory_ledger_crash(node->ledger);
    /* What it sent still arrives. */
    size_t kept = 0;
    for (size_t i = 0; i < cluster->parcels_count; i++) {
        struct parcel *parcel = &cluster->parcels[i];
        if (parcel->to == number) {
            free(parcel->data);
        } else {
            cluster->parcels[kept++] = *parcel;
        }
    }
    cluster->parcels_count = kept;
    tell_links(cluster, number, false);
}

void cluster_start(struct cluster *cluster, uint32_t number, enum replica_memory memory) {
    struct node *node = &cluster->nodes[number];
    assert_null(node->replica);
    node->memory = mmap(NULL, cluster->replica_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(node->memory != MAP_FAILED);
    struct replica_config config = cluster->config;
    struct replica_ports ports = node->ports != NULL ? *node->ports : cluster_ports(node);
    config.self = number;
    config.secret = node->secret;
    config.next_secret = node->has_next_secret ? node->next_secret : NULL;
    config.old_secret = node->has_old_secret ? node->old_secret : NULL;
    node->executed_seq = 0;
    node->replica = replica_init(node->memory, cluster->replica_bytes, &config, &ports);
    if (cluster->before_restoring != NULL) cluster->before_restoring(node);
    restore(node);
    replica_start(node->replica, cluster_time(node), memory);
    for (uint32_t peer = 0; peer < cluster->places; peer++) {
        if (peer != number && cluster->nodes[peer].replica != NULL)
            replica_on_link(node->replica, cluster_time(node), peer, true);
    }
    cluster_turn(node);
    if (node->replica != NULL) tell_links(cluster, number, true);
}

void cluster_forget(struct cluster *cluster, uint32_t number) {
    memory_ledger_close(cluster->nodes[number].ledger);
    cluster->nodes[number].ledger = memory_ledger_open(&cluster->chain);
}

struct cluster *cluster_new(struct threshold threshold) {
    return cluster_new_with(threshold, CLUSTER_MEMBERS, 0, NULL);
}

void cluster_key(uint32_t number, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES]) {
    uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)(number + 1), 7};
    ed25519_from_seed(seed, ret_secret, ret_key);
}

struct cluster *cluster_new_with(struct threshold threshold, uint32_t members, uint32_t vacant,
                                 void (*before_restoring)(struct node *node)) {
    struct cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    cluster->before_restoring = before_restoring;
    struct genesis *genesis = &cluster->genesis;
    snprintf(genesis->name, sizeof genesis->name, "test");
    genesis->created_us = CLUSTER_EPOCH_US;
    genesis->threshold = threshold;
    genesis->members = members + vacant;
    genesis->vacant = vacant;
    genesis->state_bytes_max = STATE_BYTES_MIN;
    cluster->places = genesis->members;
    assert_true(cluster->places <= CLUSTER_PLACES);
    for (uint32_t i = 0; i < members; i++) {
        cluster_key(i, cluster->nodes[i].secret, genesis->keys[i]);
        snprintf(genesis->member_names[i], sizeof genesis->member_names[i], "member-%u", i);
    }
    assert_int_equal(genesis_valid(genesis), STATUS_OK);
    genesis_chain(genesis, &cluster->chain);
    cluster->config = (struct replica_config){.genesis = genesis};
    cluster->replica_bytes = replica_bytes(&cluster->config);
    cluster->now_us = 1000000;
    for (uint32_t i = 0; i < cluster->places; i++) {
        cluster->nodes[i].cluster = cluster;
        cluster->nodes[i].number = i;
        cluster->nodes[i].ledger = memory_ledger_open(&cluster->chain);
    }
    for (uint32_t i = 0; i < members; i++) cluster_start(cluster, i, MEMORY_WHOLE);
    return cluster;
}

void cluster_free(struct cluster *cluster) {
    for (uint32_t i = 0; i < cluster->places; i++) {
        struct node *node = &cluster->nodes[i];
        if (node->replica != NULL) munmap(node->memory, cluster->replica_bytes);
        drop_outbox(node);
        free(node->outbox);
        memory_ledger_close(node->ledger);
    }
    for (size_t i = 0; i < cluster->parcels_count; i++) free(cluster->parcels[i].data);
    free(cluster->parcels);
    free(cluster->votes);
    free(cluster->batches);
    free(cluster);
}

/* --- time --- */

static void deliver_first(struct cluster *cluster) {
    struct parcel parcel = cluster->parcels[0];
    memmove(cluster->parcels, cluster->parcels + 1, --cluster->parcels_count * sizeof parcel);
    struct node *node = &cluster->nodes[parcel.to];
    if (node->replica != NULL) {
        replica_on_frame(node->replica, cluster_time(node), parcel.from, slice_of(parcel.data, parcel.bytes));
        cluster_turn(node);
    }
    free(parcel.data);
}

static uint64_t next_deadline(const struct cluster *cluster, uint32_t *ret_number) {
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < cluster->places; i++) {
        if (cluster->nodes[i].replica == NULL) continue;
        uint64_t deadline = replica_deadline_us(cluster->nodes[i].replica);
        if (deadline >= next) continue;
        next = deadline;
        *ret_number = i;
    }
    return next;
}

void cluster_run(struct cluster *cluster, uint64_t us) {
    uint64_t end = cluster->now_us + us;
    uint64_t ticks_at_once = 0;
    for (;;) {
        uint32_t number = 0;
        uint64_t timer = next_deadline(cluster, &number);
        bool parcel_first = cluster->parcels_count > 0 && cluster->parcels[0].at_us <= timer;
        uint64_t next = parcel_first ? cluster->parcels[0].at_us : timer;
        if (next > end) break;
        /* A replica that always wants to be called at once would keep its owner busy for nothing. */
        ticks_at_once = parcel_first || next > cluster->now_us ? 0 : ticks_at_once + 1;
        assert_true(ticks_at_once < 100);
        if (next > cluster->now_us) cluster->now_us = next;
        if (parcel_first) {
            deliver_first(cluster);
        } else {
            struct node *node = &cluster->nodes[number];
            replica_on_tick(node->replica, cluster_time(node));
            cluster_turn(node);
        }
    }
    cluster->now_us = end;
}

/* While a partition is agreed on, certificates need more members than may be up (docs/protocol.md 6). */
static bool is_certifiable(const struct cluster *cluster, const struct checkpoint *newest) {
    uint32_t up = 0, heads = 0;
    for (uint32_t i = 0; i < cluster->places; i++) {
        const struct node *node = &cluster->nodes[i];
        if (node->replica == NULL) continue;
        heads = roster_heads(replica_roster(node->replica));
        up += cluster_status(cluster, i).is_member;
    }
    return up >= quorum_size(heads, newest->threshold);
}

static bool is_settled(const struct cluster *cluster) {
    uint64_t height = 0;
    for (uint32_t i = 0; i < cluster->places; i++) {
        if (cluster->nodes[i].replica == NULL || cluster->nodes[i].is_removed) continue;
        struct replica_status status = cluster_status(cluster, i);
        if (height == 0) height = status.checkpoint.height;
        if (status.recovering || status.checkpoint.height != height) return false;
        if (status.certified_height != height && is_certifiable(cluster, &status.checkpoint)) return false;
        for (uint32_t lane = 0; lane < cluster->places; lane++) {
            struct replica_lane held = cluster_lane(cluster, i, lane);
            if (!held.forked && !held.sealed && held.tip.seq != held.committed_seq) return false;
        }
    }
    return height != 0;
}

static void assert_one_root(const struct cluster *cluster) {
    const struct checkpoint *first = NULL;
    struct replica_status status[CLUSTER_PLACES];
    for (uint32_t i = 0; i < cluster->places; i++) {
        if (cluster->nodes[i].replica == NULL || cluster->nodes[i].is_removed) continue;
        status[i] = cluster_status(cluster, i);
        if (first == NULL) first = &status[i].checkpoint;
        assert_true(hash_equal(&first->root, &status[i].checkpoint.root));
    }
}

void cluster_settle(struct cluster *cluster, uint64_t us) {
    uint64_t end = cluster->now_us + us;
    cluster_run(cluster, 10000);
    while (!is_settled(cluster)) {
        if (cluster->now_us >= end) {
            for (uint32_t i = 0; i < cluster->places; i++) {
                if (cluster->nodes[i].replica == NULL) continue;
                struct replica_status s = cluster_status(cluster, i);
                print_message("member %u: view %llu height %llu final %llu certified %llu recovering %d\n", i,
                              (unsigned long long)s.view, (unsigned long long)s.checkpoint.height,
                              (unsigned long long)s.finalized_height, (unsigned long long)s.certified_height,
                              s.recovering);
            }
        }
        assert_true(cluster->now_us < end);
        cluster_run(cluster, 10000);
    }
    assert_one_root(cluster);
}

void cluster_inject_bytes(struct cluster *cluster, uint32_t to, uint32_t from, struct slice bytes) {
    struct node *node = &cluster->nodes[to];
    replica_on_frame(node->replica, cluster_time(node), from, bytes);
    cluster_turn(node);
}

void cluster_inject(struct cluster *cluster, uint32_t to, uint32_t from, const struct frame *frame) {
    uint8_t *data = malloc(FRAME_BYTES_MAX);
    assert_non_null(data);
    struct writer writer = writer_of(data, FRAME_BYTES_MAX);
    frame_put(&writer, frame);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    cluster_inject_bytes(cluster, to, from, writer_slice(&writer));
    free(data);
}

/* --- evidence --- */

enum status cluster_submit(struct cluster *cluster, uint32_t member, const struct item *item, struct slice content) {
    struct node *node = &cluster->nodes[member];
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    item_put(&writer, item);
    enum status status =
        replica_submit(node->replica, cluster_time(node), writer_slice(&writer), content, &seq, &index);
    if (status == STATUS_OK) cluster_turn(node);
    return status;
}

struct question_id cluster_ask(struct cluster *cluster, uint32_t member, enum question_mode mode,
                               uint64_t window_us) {
    struct item item = {.kind = ITEM_ASK};
    char title[64];
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct question_id id;
    snprintf(title, sizeof title, "asked at %llu", (unsigned long long)cluster->now_us);
    item.ask.title = slice_of_text(title);
    item.ask.hypotheses_count = 2;
    item.ask.hypotheses[0] = slice_of_text("yes");
    item.ask.hypotheses[1] = slice_of_text("no");
    item.ask.mode = mode;
    item.ask.cap = QUESTION_CAP_DEFAULT;
    item.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    item.ask.window_us = window_us;
    item_put(&writer, &item);
    item_question_id(member, writer_slice(&writer), &id);
    assert_int_equal(cluster_submit(cluster, member, &item, slice_of(NULL, 0)), STATUS_OK);
    cluster_settle(cluster, 5000000);
    return id;
}

struct item make_tell(struct question_id question, const char *text) {
    struct item item = {.kind = ITEM_TELL};
    item.tell.question = question;
    item.tell.observation = slice_of_text(text);
    item.tell.loglik_count = 1;
    item.tell.loglik[0] = QUANTA_PER_NAT;
    return item;
}

enum status cluster_tell(struct cluster *cluster, uint32_t member, struct question_id question, const char *text) {
    struct item item = make_tell(question, text);
    return cluster_submit(cluster, member, &item, slice_of(NULL, 0));
}

/* --- what is seen --- */

struct replica_status cluster_status(const struct cluster *cluster, uint32_t member) {
    struct replica_status status;
    replica_status(cluster->nodes[member].replica, &status);
    return status;
}

uint64_t cluster_height(const struct cluster *cluster, uint32_t member) {
    return cluster_status(cluster, member).checkpoint.height;
}

struct replica_lane cluster_lane(const struct cluster *cluster, uint32_t member, uint32_t lane) {
    struct replica_lane held;
    replica_lane(cluster->nodes[member].replica, lane, &held);
    return held;
}

uint64_t cluster_items(const struct cluster *cluster, uint32_t member, struct question_id question) {
    struct machine *machine = replica_machine(cluster->nodes[member].replica);
    struct record_belief belief;
    uint64_t index;
    assert_int_equal(machine_find_question(machine, &question, &index), STATUS_OK);
    assert_int_equal(machine_belief_at(machine, index, &belief), STATUS_OK);
    return belief.items;
}

/* --- by hand --- */

void forge(const struct cluster *cluster, uint32_t member, const struct replica_lane *tip, uint64_t wall_us,
           struct question_id question, const char *text, struct forged *ret_forged) {
    struct forged *f = ret_forged;
    (void)cluster;
    memset(f, 0, sizeof *f);
    struct writer body = writer_of(f->body, sizeof f->body);
    cbor_put_array(&body, text != NULL);
    if (text != NULL) {
        struct item item = make_tell(question, text);
        item_put(&body, &item);
    }
    f->body_size = body.bytes;
    f->header.member = member;
    f->header.seq = tip->tip.seq + 1;
    f->header.prev = tip->tip.hash;
    f->header.wall_us = wall_us;
    f->header.count = text != NULL;
    f->header.bytes = (uint32_t)f->body_size;
    assert_int_equal(items_check(writer_slice(&body), f->header.count, &f->header.root), STATUS_OK);
}

void forge_sign(const struct cluster *cluster, struct forged *f) {
    struct writer writer = writer_of(f->header_bytes, sizeof f->header_bytes);
    header_sign(&f->header, &cluster->chain, cluster->nodes[f->header.member].secret, &writer, &f->hash);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    f->header_size = writer.bytes;
    f->frame.type = FRAME_BATCH;
    f->frame.batch.header = slice_of(f->header_bytes, f->header_size);
    f->frame.batch.body = slice_of(f->body, f->body_size);
    f->frame.batch.contents = slice_of(NULL, 0);
}
