#include "world.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <uv.h>

#include "base/check.h"
#include "crypto/ed25519.h"
#include "http/http.h"
#include "ledger/memory.h"
#include "replica/certificate.h"
#include "replica/replica.h"
#include "wire/frame.h"

enum { MEMBERS_ROOM = 5, STEP_MS = 2, ROUNDS_MAX = 64 };

struct letter {
    struct letter *next;
    uint32_t from;
    uint32_t to;
    size_t bytes;
    uint8_t data[];
};

struct member {
    struct world *world;
    uint32_t number;
    struct replica *replica;
    struct memory_ledger *ledger;
    void *memory;
    size_t memory_bytes;
};

struct world {
    uv_thread_t thread;
    uv_sem_t ready;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_async_t stop;
    struct http *http;
    uint16_t port;
    size_t body_bytes_max;
    uint32_t requests_per_second;
    struct genesis genesis;
    struct member members[MEMBERS_ROOM];
    uint32_t count; /* of them that there are */
    uint32_t vacant;
    struct letter *first;
    struct letter **last;
    char certificate[64];
    uint64_t snapshot_every;
    struct record_snapshot kept; /* the newest snapshot of member 0, */
    uint8_t *kept_bytes;         /* and what it consists of */
    uint64_t kept_filled;
    uint8_t *pieces; /* CERTIFICATE_BYTES_MAX each */
    uint8_t *file;
    atomic_bool is_forgotten;
    atomic_uint chunks_left;
    atomic_uint kept_from;
    bool is_submitted;
    uint64_t durable_seq;
    atomic_bool is_cut;
    atomic_bool is_silent;
    atomic_bool is_held;
    atomic_bool is_full;
    atomic_int why_not;
    atomic_bool is_key_changed;
    atomic_uint seconders;
};

static struct replica_time now(void) {
    struct timespec wall;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct replica_time){uv_hrtime() / 1000, (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000};
}

/* --- the ports of a member: its ledger, the network --- */

static void persist_batch(void *context, const struct header *header, const struct hash *hash,
                          struct slice header_bytes, struct slice body, struct slice contents) {
    memory_ledger_persist_batch(((struct member *)context)->ledger, header, hash, header_bytes, body, contents);
}
static void persist_vote(void *context, const struct vote *vote) {
    memory_ledger_persist_vote(((struct member *)context)->ledger, vote);
}
static void persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    memory_ledger_persist_certificate(((struct member *)context)->ledger, view, kind, certificate);
}
static void persist_block(void *context, const struct hash *hash, uint64_t view, struct slice block) {
    memory_ledger_persist_block(((struct member *)context)->ledger, hash, view, block);
}
static void persist_leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    memory_ledger_persist_leaf(((struct member *)context)->ledger, index, bytes, leaf_hash);
}
static void persist_executed(void *context, const struct hash *batch, uint64_t height) {
    memory_ledger_persist_executed(((struct member *)context)->ledger, batch, height);
}
static void persist_height(void *context, uint64_t height, const struct hash *block_hash, struct slice block,
                           struct slice finalization, uint64_t time_us, const struct checkpoint *checkpoint) {
    memory_ledger_persist_height(((struct member *)context)->ledger, height, block_hash, block, finalization, time_us,
                                 checkpoint);
}
static void persist_certified(void *context, const struct checkpoint *checkpoint,
                              const struct checkpoint_signature *signatures, uint32_t count) {
    memory_ledger_persist_certified(((struct member *)context)->ledger, checkpoint, signatures, count);
}
static void persist_proof(void *context, uint32_t member, struct slice proof) {
    memory_ledger_persist_proof(((struct member *)context)->ledger, member, proof);
}
static enum status read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body, struct slice *ret_contents) {
    return memory_ledger_read_batch(((struct member *)context)->ledger, hash, ret_header, ret_body, ret_contents);
}
static enum status read_lane(void *context, uint32_t member, uint64_t seq, struct hash *ret_hash) {
    return memory_ledger_read_lane(((struct member *)context)->ledger, member, seq, ret_hash);
}
static void persist_epoch(void *context, uint64_t epoch, uint32_t position, struct slice bytes,
                          struct slice finalization) {
    memory_ledger_persist_epoch(((struct member *)context)->ledger, epoch, position, bytes, finalization);
}

static enum status read_epoch(void *context, uint64_t epoch, uint32_t position, struct slice *ret_bytes,
                              struct slice *ret_finalization) {
    return memory_ledger_read_epoch(((struct member *)context)->ledger, epoch, position, ret_bytes, ret_finalization);
}

static enum status read_height(void *context, uint64_t height, struct slice *ret_block,
                               struct slice *ret_finalization) {
    return memory_ledger_read_height(((struct member *)context)->ledger, height, ret_block, ret_finalization);
}
static enum status read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    return memory_ledger_read_leaf(((struct member *)context)->ledger, index, ret_bytes);
}

static void post(struct world *world, uint32_t from, uint32_t to, struct slice frame) {
    struct letter *letter = malloc(sizeof *letter + frame.bytes);
    CHECK(letter != NULL);
    *letter = (struct letter){.from = from, .to = to, .bytes = frame.bytes};
    memcpy(letter->data, frame.data, frame.bytes);
    *world->last = letter;
    world->last = &letter->next;
}

static void send_frame(void *context, uint32_t to, struct slice frame) {
    struct member *member = context;
    for (uint32_t i = 0; i < member->world->count; i++) {
        if (i != member->number && (to == REPLICA_EVERYONE || to == i)) post(member->world, member->number, i, frame);
    }
}

static void keep_chunk(void *context, struct slice chunk) {
    struct world *world = context;
    memcpy(world->kept_bytes + world->kept_filled, chunk.data, chunk.bytes);
    world->kept_filled += chunk.bytes;
}

/* Right after the block that made it. */
static void keep_snapshot(struct world *world) {
    const struct machine *machine = replica_machine(world->members[0].replica);
    struct record_snapshot newest;
    machine_snapshot(machine, &newest);
    if (newest.height == 0 || newest.height != machine_height(machine)) return;
    world->kept = newest;
    world->kept_filled = 0;
    world->kept_bytes = realloc(world->kept_bytes, newest.bytes);
    CHECK(world->kept_bytes != NULL);
    machine_save(machine, keep_chunk, world);
    CHECK(world->kept_filled == newest.bytes);
}

static void on_event(void *context, const struct replica_event *event) {
    struct member *member = context;
    if (member->number == 0 && event->kind == EVENT_EXECUTED) keep_snapshot(member->world);
    if (member->number == 0 && member->world->http != NULL) http_on_event(member->world->http, event);
}

/* --- what the server asks --- */

static struct replica *get_replica(void *context) { return ((struct world *)context)->members[0].replica; }
static void get_now(void *context, struct replica_time *ret_now) {
    (void)context;
    *ret_now = now();
}
static void on_submitted(void *context) { ((struct world *)context)->is_submitted = true; }
static bool is_accepting(void *context, enum status *ret_why) {
    int why = atomic_load(&((struct world *)context)->why_not);
    if (why == STATUS_OK) return true;
    *ret_why = (enum status)why;
    return false;
}
static enum http_disk get_disk(void *context) {
    struct world *world = context;
    if (atomic_load(&world->is_full)) return HTTP_DISK_FULL;
    return atomic_load(&world->why_not) == STATUS_DISK_FULL ? HTTP_DISK_LOW : HTTP_DISK_ROOM;
}
/* One salt for all questions: what hides is tested where it is made, in the node. */
static const uint8_t world_salt[COMMITMENT_SALT_BYTES] = "salt";
static void make_commitment(void *context, const struct item_ask *ask, uint32_t hypothesis, struct hash *ret_hash) {
    (void)context;
    (void)ask;
    commitment_of(world_salt, hypothesis, ret_hash);
}
static enum status open_commitment(void *context, const struct record_belief *belief,
                                   uint8_t ret_salt[COMMITMENT_SALT_BYTES], uint32_t *ret_hypothesis) {
    struct world *world = context;
    struct hash hash;
    if (atomic_load(&world->is_key_changed)) return STATUS_WRONG_OPENING;
    for (uint32_t i = 0; i <= belief->hypotheses_count; i++) {
        uint32_t hypothesis = i < belief->hypotheses_count ? i : OPENING_ORDINARY;
        commitment_of(world_salt, hypothesis, &hash);
        if (!hash_equal(&hash, &belief->commitment)) continue;
        memcpy(ret_salt, world_salt, COMMITMENT_SALT_BYTES);
        *ret_hypothesis = hypothesis;
        return STATUS_OK;
    }
    return STATUS_WRONG_OPENING;
}
static enum status get_family_certificate(void *context, uint32_t family, struct slice *ret_file) {
    struct world *world = context;
    (void)snprintf(world->certificate, sizeof world->certificate, "certificate of family %u\n", (unsigned)family);
    *ret_file = slice_of_text(world->certificate);
    return STATUS_OK;
}
static enum status get_certificate(void *context, uint64_t question, struct slice *ret_file) {
    struct world *world = context;
    struct replica_status status;
    struct record_belief belief;
    replica_status(get_replica(world), &status);
    TRY(machine_belief_at(replica_machine(get_replica(world)), question, &belief));
    if (status.certified_height < belief.height) return STATUS_NOT_FINAL;
    (void)snprintf(world->certificate, sizeof world->certificate, "certificate of question %u\n", (unsigned)question);
    *ret_file = slice_of_text(world->certificate);
    return STATUS_OK;
}

static enum status read_log_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    return memory_ledger_read_leaf(context, index, ret_bytes);
}
static enum status get_snapshot(void *context, struct slice *ret_file) {
    struct world *world = context;
    struct replica *replica = get_replica(world);
    const struct certificate_log log = {world->members[0].ledger, read_log_leaf, memory_ledger_read_node};
    struct writer pieces = writer_of(world->pieces, CERTIFICATE_BYTES_MAX);
    struct writer file = writer_of(world->file, CERTIFICATE_BYTES_MAX);
    if (world->kept.height == 0 || atomic_load(&world->is_forgotten)) return STATUS_NOT_FOUND;
    TRY(replica_state_certificate(replica, &log, &pieces, &file));
    if (replica_certified_parameters(replica)->snapshot.height != world->kept.height) return STATUS_NOT_FOUND;
    *ret_file = writer_slice(&file);
    return STATUS_OK;
}
static enum status get_snapshot_chunk(void *context, uint64_t height, uint64_t index, struct slice *ret_chunk) {
    struct world *world = context;
    if (height != world->kept.height || index >= snapshot_chunks(world->kept.bytes)) return STATUS_NOT_FOUND;
    unsigned left = atomic_load(&world->chunks_left);
    if (left > 0) atomic_store(&world->chunks_left, left - 1);
    if (left == 1) return STATUS_NOT_FOUND;
    *ret_chunk =
        slice_of(world->kept_bytes + index * SNAPSHOT_CHUNK_BYTES, snapshot_chunk_bytes(world->kept.bytes, index));
    return STATUS_OK;
}
static void get_kept(void *context, struct http_kept *ret_kept) {
    struct world *world = context;
    *ret_kept = (struct http_kept){.from = atomic_load(&world->kept_from), .snapshot = world->kept.height};
}

/* --- the loop --- */

static void commit_all(struct world *world) {
    for (uint32_t i = 0; i < world->count; i++) {
        enum status status = memory_ledger_commit(world->members[i].ledger);
        CHECK(status == STATUS_OK);
    }
    struct replica_lane lane;
    replica_lane(world->members[0].replica, 0, &lane);
    world->durable_seq = lane.tip.seq;
}

/* Everything sent so far arrives, or is lost. */
static void deliver(struct world *world) {
    struct letter *letters = world->first;
    world->first = NULL;
    world->last = &world->first;
    while (letters != NULL) {
        struct letter *letter = letters;
        letters = letter->next;
        struct slice frame = slice_of(letter->data, letter->bytes);
        bool is_attestation = frame.bytes > 1 && frame.data[1] == FRAME_ATTESTATION; /* [type, ...] in CBOR */
        if (!atomic_load(&world->is_cut) && !(is_attestation && atomic_load(&world->is_silent)))
            replica_on_frame(world->members[letter->to].replica, now(), letter->from, frame);
        free(letter);
    }
}

static void end_of_turn(struct world *world) {
    if (atomic_load(&world->is_held)) return;
    if (world->is_submitted) replica_flush(world->members[0].replica, now());
    world->is_submitted = false;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        commit_all(world);
        if (world->first == NULL) break;
        deliver(world);
    }
    if (!atomic_load(&world->is_full)) http_committed(world->http, world->durable_seq);
}

static void on_prepare(uv_prepare_t *prepare) { end_of_turn(prepare->data); }

/* Proposes what member 0 proposes, once. */
static void second(struct member *member) {
    struct item item = {.kind = ITEM_RECONFIGURE};
    struct reconfigure own;
    uint8_t bytes[256];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    struct machine *machine = replica_machine(member->replica);
    if (machine_proposal(machine, 0, &item.reconfigure) != STATUS_OK) return;
    bool is_said =
        machine_proposal(machine, member->number, &own) == STATUS_OK && reconfigure_equal(&own, &item.reconfigure);
    if (is_said) return;
    item_put(&writer, &item);
    /* Refused while it is on its way. */
    if (replica_submit(member->replica, now(), writer_slice(&writer), slice_of(NULL, 0), &seq, &index) == STATUS_OK)
        replica_flush(member->replica, now());
}

static void on_timer(uv_timer_t *timer) {
    struct world *world = timer->data;
    for (uint32_t i = 1; i <= atomic_load(&world->seconders); i++) second(&world->members[i]);
    for (uint32_t i = 0; i < world->count; i++) replica_on_tick(world->members[i].replica, now());
}

static void on_stop(uv_async_t *async) {
    struct world *world = async->data;
    http_close(world->http, NULL, NULL);
    world->http = NULL;
    uv_close((uv_handle_t *)&world->timer, NULL);
    uv_close((uv_handle_t *)&world->prepare, NULL);
    uv_close((uv_handle_t *)&world->stop, NULL);
}

static void open_member(struct world *world, uint32_t number) {
    struct member *member = &world->members[number];
    uint8_t seed[ED25519_SEED_BYTES];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct hash chain;
    memset(seed, (int)(number + 1), sizeof seed);
    ed25519_from_seed(seed, secret, key);
    genesis_chain(&world->genesis, &chain);
    uint8_t next_secret[SECRET_BYTES];
    memset(seed, (int)(number + WORLD_NEXT_KEY), sizeof seed);
    ed25519_from_seed(seed, next_secret, key);
    struct replica_config config = {
        .genesis = &world->genesis, .self = number, .secret = secret, .next_secret = next_secret, .delta_us = 50000};
    struct replica_ports ports = {.context = member,
                                  .persist_batch = persist_batch,
                                  .persist_vote = persist_vote,
                                  .persist_certificate = persist_certificate,
                                  .persist_block = persist_block,
                                  .persist_leaf = persist_leaf,
                                  .persist_executed = persist_executed,
                                  .persist_height = persist_height,
                                  .persist_certified = persist_certified,
                                  .persist_proof = persist_proof,
                                  .persist_epoch = persist_epoch,
                                  .read_epoch = read_epoch,
                                  .read_batch = read_batch,
                                  .read_lane = read_lane,
                                  .read_height = read_height,
                                  .read_leaf = read_leaf,
                                  .send = send_frame,
                                  .event = on_event};
    member->world = world;
    member->number = number;
    member->ledger = memory_ledger_open(&chain);
    member->memory_bytes = replica_bytes(&config);
    member->memory =
        mmap(NULL, member->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(member->memory != MAP_FAILED);
    member->replica = replica_init(member->memory, member->memory_bytes, &config, &ports);
    if (world->snapshot_every > 0) machine_snapshot_every(replica_machine(member->replica), world->snapshot_every);
}

static void open_members(struct world *world) {
    world->genesis = (struct genesis){.name = "sensors",
                                      .created_us = 1700000000000000,
                                      .threshold = THRESHOLD_DEFAULT,
                                      .members = world->count + world->vacant,
                                      .vacant = world->vacant,
                                      .state_bytes_max = 16 * STATE_BYTES_MIN};
    for (uint32_t i = 0; i < world->count; i++) {
        uint8_t seed[ED25519_SEED_BYTES];
        uint8_t secret[SECRET_BYTES];
        memset(seed, (int)(i + 1), sizeof seed);
        ed25519_from_seed(seed, secret, world->genesis.keys[i]);
        (void)snprintf(world->genesis.member_names[i], MEMBER_NAME_BYTES_MAX, "member-%u", (unsigned)i);
    }
    for (uint32_t i = 0; i < world->count; i++) open_member(world, i);
    for (uint32_t i = 0; i < world->count; i++) replica_start(world->members[i].replica, now(), MEMORY_WHOLE);
    for (uint32_t i = 0; i < world->count; i++) {
        for (uint32_t j = 0; j < world->count; j++) {
            if (i != j) replica_on_link(world->members[i].replica, now(), j, true);
        }
    }
}

static void open_server(struct world *world) {
    static const struct http_backend functions = {.replica = get_replica,
                                                  .now = get_now,
                                                  .submitted = on_submitted,
                                                  .accepting = is_accepting,
                                                  .disk = get_disk,
                                                  .commit = make_commitment,
                                                  .open = open_commitment,
                                                  .certificate = get_certificate,
                                                  .certificate_family = get_family_certificate,
                                                  .snapshot = get_snapshot,
                                                  .snapshot_chunk = get_snapshot_chunk,
                                                  .kept = get_kept};
    struct http_backend backend = functions;
    struct http_config config = {.loop = &world->loop,
                                 .token = WORLD_TOKEN,
                                 .token_write = WORLD_TOKEN_WRITE,
                                 .token_read = WORLD_TOKEN_READ,
                                 .backend = &backend,
                                 .body_bytes_max = world->body_bytes_max,
                                 .requests_per_second = world->requests_per_second};
    char detail[HTTP_DETAIL_BYTES];
    backend.context = world;
    enum status status = http_open(&config, &world->http, detail, sizeof detail);
    if (status != STATUS_OK) (void)fprintf(stderr, "%s\n", detail);
    CHECK(status == STATUS_OK);
    world->port = http_port(world->http);
}

static void run(void *context) {
    struct world *world = context;
    world->last = &world->first;
    int failed = uv_loop_init(&world->loop) | uv_timer_init(&world->loop, &world->timer) |
                 uv_prepare_init(&world->loop, &world->prepare) | uv_async_init(&world->loop, &world->stop, on_stop);
    CHECK(failed == 0);
    world->timer.data = world->prepare.data = world->stop.data = world;
    open_members(world);
    open_server(world);
    failed =
        uv_timer_start(&world->timer, on_timer, STEP_MS, STEP_MS) | uv_prepare_start(&world->prepare, on_prepare);
    CHECK(failed == 0);
    uv_sem_post(&world->ready);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    failed = uv_loop_close(&world->loop);
    CHECK(failed == 0);
    for (uint32_t i = 0; i < world->count; i++) {
        memory_ledger_close(world->members[i].ledger);
        (void)munmap(world->members[i].memory, world->members[i].memory_bytes);
    }
    atomic_store(&world->is_cut, true);
    deliver(world);
}

static struct world *world_new(uint32_t members, uint32_t vacant) {
    struct world *world = calloc(1, sizeof *world);
    CHECK(world != NULL && members <= MEMBERS_ROOM);
    world->count = members;
    world->vacant = vacant;
    atomic_store(&world->kept_from, 1);
    world->pieces = malloc(CERTIFICATE_BYTES_MAX);
    world->file = malloc(CERTIFICATE_BYTES_MAX);
    CHECK(world->pieces != NULL && world->file != NULL);
    return world;
}

static struct world *start(struct world *world) {
    int failed = uv_sem_init(&world->ready, 0) | uv_thread_create(&world->thread, run, world);
    CHECK(failed == 0);
    uv_sem_wait(&world->ready);
    return world;
}

struct world *world_start(size_t body_bytes_max) {
    struct world *world = world_new(4, 0);
    world->body_bytes_max = body_bytes_max;
    return start(world);
}

struct world *world_start_limited(uint32_t requests_per_second) {
    struct world *world = world_new(4, 0);
    world->requests_per_second = requests_per_second;
    return start(world);
}

struct world *world_start_group(uint32_t members, uint32_t vacant) {
    return start(world_new(members, vacant));
}

struct world *world_start_snapshots(uint64_t every) {
    struct world *world = world_new(4, 0);
    world->snapshot_every = every;
    return start(world);
}

void world_stop(struct world *world) {
    (void)uv_async_send(&world->stop);
    (void)uv_thread_join(&world->thread);
    uv_sem_destroy(&world->ready);
    free(world->kept_bytes);
    free(world->pieces);
    free(world->file);
    free(world);
}

const struct genesis *world_genesis(const struct world *world) { return &world->genesis; }
void world_forget_snapshots(struct world *world, bool is_forgotten) {
    atomic_store(&world->is_forgotten, is_forgotten);
}
void world_lose_chunk(struct world *world, uint32_t chunks) { atomic_store(&world->chunks_left, chunks); }
void world_prune(struct world *world, uint32_t from) { atomic_store(&world->kept_from, from); }
uint16_t world_port(const struct world *world) { return world->port; }
void world_cut(struct world *world, bool is_cut) { atomic_store(&world->is_cut, is_cut); }
void world_silence_attestations(struct world *world, bool is_silent) { atomic_store(&world->is_silent, is_silent); }
void world_hold_commits(struct world *world, bool is_held) { atomic_store(&world->is_held, is_held); }
void world_fill_disk(struct world *world, bool is_full) { atomic_store(&world->is_full, is_full); }
void world_accept(struct world *world, enum status why_not) { atomic_store(&world->why_not, (int)why_not); }
void world_change_key(struct world *world, bool is_changed) { atomic_store(&world->is_key_changed, is_changed); }
void world_second(struct world *world, uint32_t members) { atomic_store(&world->seconders, members); }
