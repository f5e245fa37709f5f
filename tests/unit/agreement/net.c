#include "net.h"

#include <stdlib.h>

#include "crypto/ed25519.h"

static void *checked_alloc(size_t count, size_t bytes) {
    void *memory = calloc(count, bytes);
    assert_non_null(memory);
    return memory;
}

static struct net_bytes copy(struct slice slice) {
    struct net_bytes bytes = {checked_alloc(1, slice.bytes + 1), slice.bytes};
    if (slice.bytes > 0) memcpy(bytes.data, slice.data, slice.bytes);
    return bytes;
}

static struct slice of(struct net_bytes bytes) { return slice_of(bytes.data, bytes.bytes); }

/* ISO C before C23 wants the cast to a pointer to const arrays. */
static const uint8_t (*keys_of(const struct net *net))[KEY_BYTES] { return (const uint8_t(*)[KEY_BYTES])net->keys; }

struct net *net_new(uint32_t n, uint64_t seed) {
    assert_true(n <= NET_MAX);
    struct net *net = checked_alloc(1, sizeof *net);
    net->n = n;
    net->prng = prng_seeded(seed);
    memset(net->chain.bytes, 0xc1, HASH_BYTES);
    net->delay_min_us = 5 * MS;
    net->delay_max_us = 20 * MS;
    net->now_us = SECOND;
    net->heartbeat_at_us = net->now_us;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t key_seed[ED25519_SEED_BYTES] = {(uint8_t)(i + 1)};
        struct net_member *member = &net->members[i];
        *member = (struct net_member){.net = net, .number = i, .disk = checked_alloc(1, sizeof(struct net_disk))};
        ed25519_from_seed(key_seed, member->secret, net->keys[i]);
    }
    return net;
}

static void free_disk(struct net_disk *disk) {
    for (uint32_t i = 0; i < disk->certificates_count; i++) free(disk->certificates[i].data);
    for (uint32_t i = 0; i < disk->blocks_count; i++) free(disk->blocks[i].data);
    for (uint32_t i = 0; i < NET_HEIGHTS; i++) {
        free(disk->finals[i].data);
        free(disk->finalizations[i].data);
    }
    free(disk);
}

void net_free(struct net *net) {
    for (uint32_t i = 0; i < net->n; i++) {
        free(net->members[i].memory);
        free_disk(net->members[i].disk);
    }
    for (uint32_t i = 0; i < net->queue_count; i++) free(net->queue[i].frame.data);
    free(net->queue);
    free(net);
}

/* --- the host --- */

static void persist_vote(void *context, const struct vote *vote) {
    struct net_member *m = context;
    for (uint32_t i = 0; i < m->disk->votes_count; i++) {
        const struct vote *old = &m->disk->votes[i];
        if (old->view != vote->view) continue;
        assert_false(vote_conflicts(old, vote));
        assert_false(old->kind == vote->kind);
    }
    assert_true(m->disk->votes_count < NET_KEPT);
    m->disk->votes[m->disk->votes_count++] = *vote;
}

static void persist_certificate(void *context, uint64_t view, enum vote_kind kind, struct slice certificate) {
    struct net_member *m = context;
    struct reader reader = reader_of(certificate);
    struct vote_certificate c;
    struct keyring keyring = {.keys = keys_of(m->net), .members = m->net->n};
    assert_int_equal(vote_certificate_take(&reader, &c), STATUS_OK);
    assert_int_equal(c.view, view);
    assert_int_equal(c.kind, kind);
    assert_int_equal(vote_certificate_verify(&c, &m->net->chain, &keyring, THRESHOLD_DEFAULT), STATUS_OK);
    assert_true(m->disk->certificates_count < NET_KEPT);
    m->disk->certificates[m->disk->certificates_count++] = copy(certificate);
}

static void persist_block(void *context, const struct agreement_block *block) {
    struct net_member *m = context;
    assert_true(m->disk->blocks_count < NET_KEPT);
    m->disk->blocks[m->disk->blocks_count++] = copy(block->bytes);
}

static bool is_persisted(const struct net_member *m, const struct vote *vote) {
    for (uint32_t i = 0; i < m->disk->votes_count; i++) {
        const struct vote *kept = &m->disk->votes[i];
        if (kept->view == vote->view && kept->kind == vote->kind && hash_equal(&kept->block, &vote->block))
            return true;
    }
    return false;
}

static void enqueue(struct net *net, uint32_t from, uint32_t to, struct slice bytes) {
    if (net->queue_count == net->queue_room) {
        net->queue_room = 2 * net->queue_room + 64;
        net->queue = realloc(net->queue, net->queue_room * sizeof net->queue[0]);
        assert_non_null(net->queue);
    }
    uint64_t delay = net->delay_min_us + prng_below(&net->prng, net->delay_max_us - net->delay_min_us + 1);
    net->queue[net->queue_count++] = (struct net_message){net->now_us + delay, net->order++, from, to, copy(bytes)};
}

static void transmit(struct net *net, uint32_t from, uint32_t to, struct slice bytes) {
    struct frame frame;
    assert_int_equal(frame_read(bytes, &frame), STATUS_OK);
    if (frame.type == FRAME_VOTE) assert_true(is_persisted(&net->members[from], &frame.vote));
    if (to == from || net->members[to].a == NULL || net->down[from][to]) return;
    if (net->filter != NULL && !net->filter(net, from, to, &frame)) return;
    if (prng_chance(&net->prng, net->drop_permille, 1000)) return;
    enqueue(net, from, to, bytes);
    if (prng_chance(&net->prng, net->duplicate_permille, 1000)) enqueue(net, from, to, bytes);
}

static void count_sent(struct net_member *m, struct slice bytes) {
    struct frame frame;
    assert_int_equal(frame_read(bytes, &frame), STATUS_OK);
    m->net->sent[frame.type]++;
    m->net->sent_by[m->number][frame.type]++;
}

static void broadcast(void *context, struct slice frame) {
    struct net_member *m = context;
    count_sent(m, frame);
    for (uint32_t to = 0; to < m->net->n; to++) transmit(m->net, m->number, to, frame);
}

static void send_one(void *context, uint32_t to, struct slice bytes) {
    struct net_member *m = context;
    struct frame frame;
    assert_true(to < m->net->n && to != m->number);
    count_sent(m, bytes);
    assert_int_equal(frame_read(bytes, &frame), STATUS_OK);
    m->net->sent_to[to][frame.type]++;
    transmit(m->net, m->number, to, bytes);
}

/* The cut after a block, which must be held with all its ancestors: that is the agreement's promise. */
static void cut_at(struct net_member *m, const struct hash *hash, uint64_t ret_cut[NET_MAX]) {
    const struct agreement_block *chain[NET_KEPT];
    uint32_t length = 0;
    while (!hash_equal(hash, agreement_final_hash(m->a))) {
        const struct agreement_block *block = agreement_block_of(m->a, hash);
        assert_non_null(block);
        chain[length++] = block;
        hash = &block->parent;
    }
    memcpy(ret_cut, m->final_cut, sizeof m->final_cut);
    while (length > 0) {
        struct block block;
        struct hash ignored;
        assert_int_equal(block_read(chain[--length]->bytes, &m->net->chain, &block, &ignored), STATUS_OK);
        for (uint32_t i = 0; i < block.entries_count; i++) ret_cut[block.entries[i].member] = block.entries[i].seq;
    }
}

static struct tip tip_of(uint32_t lane, uint64_t seq) {
    struct tip tip = {.member = lane, .seq = seq};
    memset(tip.hash.bytes, (int)(seq % 255 + 1), HASH_BYTES);
    return tip;
}

static void build(void *context, const struct hash *parent, struct block *block) {
    struct net_member *m = context;
    uint64_t cut[NET_MAX];
    m->builds++;
    cut_at(m, parent, cut);
    for (uint32_t lane = 0; lane < m->net->n; lane++) {
        if (m->held[lane] > cut[lane]) block->entries[block->entries_count++] = tip_of(lane, m->held[lane]);
    }
}

static enum status check(void *context, const struct block *block) {
    struct net_member *m = context;
    uint64_t cut[NET_MAX];
    m->checks++;
    cut_at(m, &block->parent, cut);
    if (block->proofs_count > 0) return STATUS_BAD_PROOF;
    for (uint32_t i = 0; i < block->entries_count; i++) {
        const struct tip *entry = &block->entries[i];
        if (entry->member >= m->net->n || entry->seq <= cut[entry->member]) return STATUS_STALE;
        if (entry->seq <= m->held[entry->member]) continue;
        m->missed[entry->member] = entry->seq;
        return STATUS_MISSING;
    }
    return STATUS_OK;
}

static void finalized(void *context, const struct agreement_block *block, struct slice finalization) {
    struct net_member *m = context;
    struct net *net = m->net;
    struct block read;
    struct hash hash;
    assert_int_equal(block_read(block->bytes, &net->chain, &read, &hash), STATUS_OK);
    assert_true(hash_equal(&hash, &block->hash) && hash_equal(&read.parent, &block->parent));
    assert_int_equal(block->height, m->disk->height + 1);
    assert_true(block->height < NET_HEIGHTS);
    if (block->height > 1) assert_true(hash_equal(&block->parent, &net->final[block->height - 1]));
    if (hash_is_zero(&net->final[block->height])) net->final[block->height] = hash;
    assert_true(hash_equal(&net->final[block->height], &hash));
    m->disk->height = block->height;
    m->disk->finals[block->height] = copy(block->bytes);
    if (finalization.bytes > 0) m->disk->finalizations[block->height] = copy(finalization);
    m->disk->final[block->height] = *block;
    for (uint32_t i = 0; i < read.entries_count; i++) m->final_cut[read.entries[i].member] = read.entries[i].seq;
}

static void misbehaved(void *context, const struct vote *a, const struct vote *b) {
    struct net_member *m = context;
    struct keyring keyring = {.keys = keys_of(m->net), .members = m->net->n};
    assert_true(vote_conflicts(a, b));
    assert_int_equal(vote_verify(a, &m->net->chain, &keyring), STATUS_OK);
    assert_int_equal(vote_verify(b, &m->net->chain, &keyring), STATUS_OK);
    m->net->misbehaved[a->member]++;
    m->net->proof_a = *a;
    m->net->proof_b = *b;
}

/* --- members --- */

static void restore(struct net_member *m) {
    struct net_disk *disk = m->disk;
    if (disk->height > 0) {
        const struct agreement_block *last = &disk->final[disk->height];
        agreement_restore_final(m->a, last->view, last->height, &last->hash, of(disk->finalizations[disk->height]));
    }
    for (uint32_t i = 0; i < disk->blocks_count; i++)
        assert_int_equal(agreement_restore_block(m->a, of(disk->blocks[i])), STATUS_OK);
    for (uint32_t i = 0; i < disk->certificates_count; i++)
        assert_int_equal(agreement_restore_certificate(m->a, of(disk->certificates[i])), STATUS_OK);
    for (uint32_t i = 0; i < disk->votes_count; i++)
        assert_int_equal(agreement_restore_vote(m->a, &disk->votes[i]), STATUS_OK);
}

static void start(struct net *net, uint32_t number, bool muted) {
    struct net_member *m = &net->members[number];
    assert_null(m->a);
    size_t bytes = agreement_bytes(net->n);
    m->memory = checked_alloc(1, bytes);
    struct agreement_config config = {.members = net->n,
                                      .self = number,
                                      .threshold = THRESHOLD_DEFAULT,
                                      .chain = net->chain,
                                      .secret = m->secret,
                                      .keyring = {.keys = keys_of(net), .members = net->n},
                                      .delta_us = DELTA};
    struct agreement_host host = {.context = m,
                                  .persist_vote = persist_vote,
                                  .persist_certificate = persist_certificate,
                                  .persist_block = persist_block,
                                  .broadcast = broadcast,
                                  .send = send_one,
                                  .build = build,
                                  .check = check,
                                  .finalized = finalized,
                                  .misbehaved = misbehaved};
    m->a = agreement_init(m->memory, bytes, &config, &host);
    restore(m);
    agreement_start(m->a, net->now_us, muted);
    for (uint32_t peer = 0; peer < net->n; peer++) {
        if (peer == number || net->members[peer].a == NULL) continue;
        net_link(net, number, peer, !net->down[number][peer]);
    }
    if (!muted) net_work(net, number);
}

void net_start(struct net *net, uint32_t member) { start(net, member, false); }
void net_start_muted(struct net *net, uint32_t member) { start(net, member, true); }

void net_start_all(struct net *net) {
    for (uint32_t i = 0; i < net->n; i++) net_start(net, i);
}

void net_stop(struct net *net, uint32_t member) {
    free(net->members[member].memory);
    net->members[member].memory = NULL;
    net->members[member].a = NULL;
    for (uint32_t peer = 0; peer < net->n; peer++) {
        if (net->members[peer].a != NULL) agreement_on_link(net->members[peer].a, net->now_us, member, false);
    }
}

void net_link(struct net *net, uint32_t a, uint32_t b, bool up) {
    net->down[a][b] = net->down[b][a] = !up;
    if (net->members[a].a == NULL || net->members[b].a == NULL) return;
    agreement_on_link(net->members[a].a, net->now_us, b, up);
    agreement_on_link(net->members[b].a, net->now_us, a, up);
}

/* As the replica does: whatever is held beyond the newest cut is work. */
void net_work(struct net *net, uint32_t member) {
    struct net_member *m = &net->members[member];
    if (m->a == NULL) return;
    const struct agreement_block *head = agreement_head(m->a);
    const struct hash *hash = head != NULL ? &head->hash : agreement_final_hash(m->a);
    while (!hash_equal(hash, agreement_final_hash(m->a))) {
        const struct agreement_block *block = agreement_block_of(m->a, hash);
        if (block == NULL) return; /* an ancestor has to be fetched first */
        hash = &block->parent;
    }
    uint64_t cut[NET_MAX];
    cut_at(m, head != NULL ? &head->hash : agreement_final_hash(m->a), cut);
    bool work = false;
    for (uint32_t lane = 0; lane < net->n; lane++) work = work || m->held[lane] > cut[lane];
    agreement_set_work(m->a, net->now_us, work);
}

void net_hold(struct net *net, uint32_t member, uint32_t lane) {
    struct net_member *m = &net->members[member];
    m->held[lane]++;
    if (m->a == NULL) return;
    agreement_payload_changed(m->a, net->now_us);
    net_work(net, member);
}

void net_produce(struct net *net, uint32_t lane) {
    for (uint32_t i = 0; i < net->n; i++) net_hold(net, i, lane);
}

uint64_t net_height(const struct net *net, uint32_t member) { return net->members[member].disk->height; }

uint32_t net_sent(const struct net *net) {
    uint32_t sum = 0;
    for (uint32_t type = 0; type < FRAME_TYPE_COUNT; type++) sum += net->sent[type];
    return sum;
}

/* --- time --- */

static void give_range(struct net *net, struct net_member *m, const struct net_member *from) {
    struct slice blocks[RANGE_BLOCKS_MAX];
    uint32_t count = 0, usable = 0;
    for (uint64_t h = m->disk->height + 1; h <= from->disk->height && count < RANGE_BLOCKS_MAX; h++) {
        blocks[count++] = of(from->disk->finals[h]);
        if (from->disk->finalizations[h].bytes > 0) usable = count;
    }
    if (usable == 0 || m->a == NULL || net->down[from->number][m->number]) return;
    struct slice finalization = of(from->disk->finalizations[m->disk->height + usable]);
    assert_int_equal(agreement_on_range(m->a, net->now_us, blocks, usable, finalization), STATUS_OK);
}

static void deliver(struct net *net, const struct net_message *message) {
    struct net_member *m = &net->members[message->to];
    struct frame f;
    if (m->a == NULL) return;
    assert_int_equal(frame_read(of(message->frame), &f), STATUS_OK);
    enum status status = STATUS_OK;
    if (f.type == FRAME_PROPOSAL) status = agreement_on_proposal(m->a, net->now_us, message->from, &f);
    if (f.type == FRAME_VOTE) status = agreement_on_vote(m->a, net->now_us, message->from, &f.vote);
    if (f.type == FRAME_CERTIFICATE)
        status = agreement_on_certificate(m->a, net->now_us, message->from, f.certificate);
    if (f.type == FRAME_BLOCK) status = agreement_on_block(m->a, net->now_us, f.block);
    if (f.type == FRAME_FETCH_BLOCK) {
        status = agreement_on_fetch_block(m->a, message->from, &f.fetch_block);
        /* As the replica does: what is final here already comes as a range. */
        if (status == STATUS_NOT_FOUND) give_range(net, &net->members[message->from], m);
    }
    if (f.type == FRAME_FETCH_VIEWS)
        status = agreement_on_fetch_views(m->a, message->from, f.fetch_views.from, f.fetch_views.to);
    if (f.type == FRAME_HEARTBEAT) {
        agreement_on_heartbeat(m->a, message->from, f.heartbeat.view);
        if (f.heartbeat.height > m->disk->height) give_range(net, m, &net->members[message->from]);
    }
    /* Honest members never send what another one finds wrong. */
    assert_true(status == STATUS_OK || status == STATUS_STALE || status == STATUS_DUPLICATE ||
                status == STATUS_TOO_MANY || status == STATUS_NOT_FOUND || net->misbehaved[message->from] > 0);
    /* What it lacked is fetched at once here. */
    for (uint32_t lane = 0; lane < net->n; lane++) {
        if (m->missed[lane] <= m->held[lane]) continue;
        m->held[lane] = m->missed[lane];
        agreement_payload_changed(m->a, net->now_us);
    }
    net_work(net, message->to);
}

static void heartbeats(struct net *net) {
    net->heartbeat_at_us = net->now_us + 250 * MS;
    for (uint32_t i = 0; net->heartbeats && i < net->n; i++) {
        const struct net_member *m = &net->members[i];
        if (m->a == NULL) continue;
        uint8_t bytes[64];
        struct writer writer = writer_of(bytes, sizeof bytes);
        struct frame frame = {.type = FRAME_HEARTBEAT, .heartbeat = {agreement_view(m->a), m->disk->height, 0}};
        frame_put(&writer, &frame);
        for (uint32_t to = 0; to < net->n; to++) transmit(net, i, to, writer_slice(&writer));
    }
}

/* The earliest message, UINT32_MAX when there is none. */
static uint32_t earliest(const struct net *net) {
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < net->queue_count; i++) {
        const struct net_message *a = &net->queue[i];
        if (best == UINT32_MAX || a->at_us < net->queue[best].at_us ||
            (a->at_us == net->queue[best].at_us && a->order < net->queue[best].order))
            best = i;
    }
    return best;
}

void net_tick(struct net *net, uint32_t member) {
    struct agreement *a = net->members[member].a;
    agreement_on_tick(a, net->now_us);
    assert_true(agreement_deadline_us(a) > net->now_us); /* a deadline that stays in the past is a busy loop */
    net_work(net, member);
}

static void run_step(struct net *net, uint64_t end_us) {
    uint32_t message = earliest(net);
    uint64_t next = end_us;
    if (message != UINT32_MAX && net->queue[message].at_us < next) next = net->queue[message].at_us;
    if (net->heartbeats && net->heartbeat_at_us < next) next = net->heartbeat_at_us;
    for (uint32_t i = 0; i < net->n; i++) {
        struct agreement *a = net->members[i].a;
        if (a != NULL && agreement_deadline_us(a) < next) next = agreement_deadline_us(a);
    }
    if (next > net->now_us) net->now_us = next;
    if (message != UINT32_MAX && net->queue[message].at_us <= net->now_us) {
        struct net_message taken = net->queue[message];
        net->queue[message] = net->queue[--net->queue_count];
        deliver(net, &taken);
        free(taken.frame.data);
    }
    if (net->heartbeats && net->heartbeat_at_us <= net->now_us) heartbeats(net);
    for (uint32_t i = 0; i < net->n; i++) {
        struct agreement *a = net->members[i].a;
        if (a != NULL && agreement_deadline_us(a) <= net->now_us) net_tick(net, i);
    }
}

void net_run(struct net *net, uint64_t us) {
    uint64_t end_us = net->now_us + us;
    while (net->now_us < end_us) run_step(net, end_us);
}

bool net_run_to_height(struct net *net, uint64_t height, uint64_t limit_us) {
    uint64_t end_us = net->now_us + limit_us;
    while (net->now_us < end_us) {
        bool all = true;
        for (uint32_t i = 0; i < net->n; i++)
            all = all && (net->members[i].a == NULL || net->members[i].disk->height >= height);
        if (all) return true;
        run_step(net, end_us);
    }
    return false;
}

/* --- scripting --- */

enum { SLOTS = 4, SLOT_BYTES = BLOCK_BYTES_ENCODED_MAX };
static uint8_t slots[SLOTS][SLOT_BYTES];
static uint32_t slot;

static struct writer next_slot(void) { return writer_of(slots[slot++ % SLOTS], SLOT_BYTES); }

struct vote net_vote(const struct net *net, uint32_t member, uint64_t view, enum vote_kind kind,
                     const struct hash *block) {
    struct vote vote = {.view = view, .kind = kind, .member = member};
    if (kind != VOTE_NULLIFY) vote.block = *block;
    vote_sign(&vote, &net->chain, net->members[member].secret);
    return vote;
}

struct slice net_certificate(const struct net *net, uint32_t first, uint32_t count, uint64_t view,
                             enum vote_kind kind, const struct hash *block) {
    struct vote_certificate c = {.view = view, .kind = kind};
    if (kind != VOTE_NULLIFY) c.block = *block;
    for (uint32_t m = 0; m < net->n; m++) {
        if ((m + net->n - first % net->n) % net->n >= count) continue;
        struct vote vote = net_vote(net, m, view, kind, block);
        c.votes[c.count].member = m;
        memcpy(c.votes[c.count++].signature, vote.signature, SIGNATURE_BYTES);
    }
    struct writer writer = next_slot();
    vote_certificate_put(&writer, &c);
    return writer_slice(&writer);
}

static struct slice put_block(const struct net *net, const struct block *block, struct hash *ret_hash) {
    struct writer writer = next_slot();
    struct block read;
    block_put(&writer, block, &net->chain);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(block_read(writer_slice(&writer), &net->chain, &read, ret_hash), STATUS_OK);
    return writer_slice(&writer);
}

struct slice net_block(const struct net *net, uint64_t view, uint64_t height, const struct hash *parent,
                       uint32_t lane, uint64_t seq, struct hash *ret_hash) {
    struct block block = {.view = view, .height = height, .parent = *parent};
    if (seq > 0) block.entries[block.entries_count++] = tip_of(lane, seq);
    return put_block(net, &block, ret_hash);
}

struct slice net_block_large(const struct net *net, uint64_t view, uint64_t height, const struct hash *parent,
                             uint32_t salt, struct hash *ret_hash) {
    static uint8_t garbage[PROOF_BYTES_MAX];
    memcpy(garbage, &salt, sizeof salt);
    struct block block = {.view = view, .height = height, .parent = *parent, .proofs_count = BLOCK_PROOFS_MAX};
    for (uint32_t i = 0; i < BLOCK_PROOFS_MAX; i++) block.proofs[i] = slice_of(garbage, sizeof garbage);
    return put_block(net, &block, ret_hash);
}

enum status net_give_vote(struct net *net, uint32_t to, const struct vote *vote) {
    return agreement_on_vote(net->members[to].a, net->now_us, vote->member, vote);
}

enum status net_give_certificate(struct net *net, uint32_t to, struct slice certificate) {
    return agreement_on_certificate(net->members[to].a, net->now_us, (to + 1) % net->n, certificate);
}

enum status net_give_proposal(struct net *net, uint32_t to, struct slice bytes, struct slice parent,
                              const struct slice *nullifications, uint32_t count) {
    struct frame frame = {.type = FRAME_PROPOSAL};
    struct block block;
    struct hash hash;
    assert_int_equal(block_read(bytes, &net->chain, &block, &hash), STATUS_OK);
    uint32_t leader = (uint32_t)(block.view % net->n);
    struct vote vote = net_vote(net, leader, block.view, VOTE_NOTARIZE, &hash);
    frame.proposal.block = bytes;
    frame.proposal.parent = parent;
    memcpy(frame.proposal.signature, vote.signature, SIGNATURE_BYTES);
    frame.proposal.nullifications_count = count;
    for (uint32_t i = 0; i < count; i++) frame.proposal.nullifications[i] = nullifications[i];
    return agreement_on_proposal(net->members[to].a, net->now_us, leader, &frame);
}

uint32_t net_voted(const struct net *net, uint32_t member, uint64_t view, enum vote_kind kind) {
    uint32_t count = 0;
    const struct net_disk *disk = net->members[member].disk;
    for (uint32_t i = 0; i < disk->votes_count; i++)
        count += disk->votes[i].view == view && disk->votes[i].kind == kind;
    return count;
}
