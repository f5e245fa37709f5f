/* The attacks by name, and the tools that they share (sim/attacks/attack.h). */
#include "sim/attacks/attack.h"

#include <stdlib.h>

#include "base/check.h"

#define TICK_US UINT64_C(100000)
/* A mixed liar stays with one attack for up to so long. */
#define MIX_US UINT64_C(8000000)

static const struct attack *const attacks[] = {
    &attack_double_voter,
    &attack_equivocator,
    &attack_fabricator,
    &attack_flooder,
    &attack_forger,
    &attack_forked_lane,
    &attack_mutator,
    &attack_oversizer,
    &attack_perjurer,
    &attack_replayer,
    &attack_shouter,
    &attack_silent,
    &attack_skipper,
    &attack_slow_leader,
    &attack_swapper,
    &attack_twins,
    &attack_withholder_of_batches,
    &attack_withholder_of_votes,
};
enum { ATTACKS = sizeof attacks / sizeof *attacks };

static const struct attack *find(const char *name) {
    for (size_t i = 0; i < ATTACKS; i++) {
        if (strcmp(attacks[i]->name, name) == 0) return attacks[i];
    }
    return NULL;
}

const char *sim_attack_name(uint32_t index, const char **ret_text) {
    if (index >= ATTACKS) return NULL;
    if (ret_text != NULL) *ret_text = attacks[index]->text;
    return attacks[index]->name;
}

bool sim_attack_known(const char *name) { return strcmp(name, "mix") == 0 || find(name) != NULL; }

bool sim_attack_has_twin(const char *name) {
    const struct attack *attack = find(name);
    return attack != NULL && attack->has_twin;
}

/* --- the attacker's life --- */

/* Any attack but a twin's, which needs a second copy from the beginning on. */
static void take_another(struct attacker *a) {
    do {
        a->attack = attacks[prng_below(&a->dice, ATTACKS)];
    } while (a->attack->has_twin);
    a->until_us = a->sim->now_us + prng_below(&a->dice, MIX_US);
    sim_trace(a->sim, "m%u turns to another lie: %s", a->number, a->attack->name);
}

static void tick_later(struct attacker *a) {
    sim_schedule(a->sim, (struct event){.at_us = a->sim->now_us + TICK_US, .kind = ON_ATTACK, .body = a->body->body});
}

static void *taken(size_t bytes) {
    void *memory = calloc(1, bytes);
    CHECK(memory != NULL);
    return memory;
}

void sim_attacker_new(struct sim_member *body, const char *name) {
    struct sim *sim = body->sim;
    sim_attacker_close(body);
    struct attacker *a = taken(sizeof *a);
    a->body = body;
    a->sim = sim;
    a->number = body->number;
    a->members = sim->config.members;
    a->secret = sim->secrets[body->number];
    a->dice = prng_fork(&sim->chaos);
    a->frame = taken(sizeof *a->frame);
    a->header = taken(sizeof *a->header);
    a->block = taken(sizeof *a->block);
    a->buffer = malloc(FRAME_BYTES_MAX);
    a->piece = malloc(FRAME_BYTES_MAX);
    CHECK(a->buffer != NULL && a->piece != NULL);
    a->mixed = strcmp(name, "mix") == 0;
    body->attacker = a;
    if (a->mixed) {
        take_another(a);
    } else {
        a->attack = find(name);
        CHECK(a->attack != NULL);
    }
    tick_later(a);
}

void sim_attacker_close(struct sim_member *body) {
    struct attacker *a = body->attacker;
    if (a == NULL) return;
    for (uint32_t i = 0; i < KEPT_FRAMES; i++) sim_frame_drop(a->kept[i]);
    free(a->frame);
    free(a->header);
    free(a->block);
    free(a->buffer);
    free(a->piece);
    free(a);
    body->attacker = NULL;
}

static void keep(struct attacker *a, struct flying *frame) {
    if (!prng_chance(&a->dice, 1, 8)) return;
    struct flying **place = &a->kept[a->kept_next++ % KEPT_FRAMES];
    sim_frame_drop(*place);
    frame->references++;
    *place = frame;
}

void sim_attacker_send(struct sim_member *body, uint32_t to, struct flying *frame) {
    struct attacker *a = body->attacker;
    keep(a, frame);
    if (a->attack->on_send == NULL || frame_read(slice_of(frame->data, frame->bytes), a->frame) != STATUS_OK) {
        attack_pass(a, to, frame);
    } else {
        a->attack->on_send(a, to, frame);
    }
}

void sim_on_attack(struct sim *sim, const struct event *event) {
    struct attacker *a = sim->members[event->body].attacker;
    if (a == NULL) return;
    tick_later(a);
    if (a->mixed && sim->now_us >= a->until_us) take_another(a);
    if (a->attack->on_tick != NULL && a->body->replica != NULL) a->attack->on_tick(a);
}

/* --- tools --- */

void attack_pass(struct attacker *a, uint32_t to, struct flying *frame) { sim_fly(a->body, to, frame, 0); }

void attack_delay(struct attacker *a, uint32_t to, struct flying *frame, uint64_t by_us) {
    a->sim->report.lies++;
    sim_fly(a->body, to, frame, by_us);
}

void attack_withhold(struct attacker *a) { a->sim->report.lies++; }

void attack_send_bytes(struct attacker *a, uint32_t to, struct slice bytes) {
    struct flying *frame = sim_frame_new(bytes);
    a->sim->report.lies++;
    sim_fly(a->body, to, frame, 0);
    sim_frame_drop(frame);
}

/* What does not fit a frame can't be sent, not even by a liar. */
void attack_send_frame(struct attacker *a, uint32_t to, const struct frame *frame) {
    struct writer writer = writer_of(a->buffer, FRAME_BYTES_MAX);
    frame_put(&writer, frame);
    if (writer_status(&writer) == STATUS_OK) attack_send_bytes(a, to, writer_slice(&writer));
}

void attack_send_vote(struct attacker *a, uint32_t to, uint64_t view, enum vote_kind kind, const struct hash *block) {
    struct frame frame = {.type = FRAME_VOTE};
    frame.vote = (struct vote){.view = view, .kind = kind, .member = a->number};
    if (kind != VOTE_NULLIFY) frame.vote.block = *block;
    vote_sign(&frame.vote, &a->sim->chain, a->secret);
    attack_send_frame(a, to, &frame);
}

void attack_send_batch(struct attacker *a, uint32_t to, struct hash *ret_hash) {
    struct frame frame = {.type = FRAME_BATCH, .batch = a->frame->batch};
    struct hash hash;
    if (header_valid(a->header) != STATUS_OK) return;
    struct writer writer = writer_of(a->piece, FRAME_BYTES_MAX);
    header_sign(a->header, &a->sim->chain, a->secret, &writer, &hash);
    frame.batch.header = writer_slice(&writer);
    attack_send_frame(a, to, &frame);
    if (ret_hash != NULL) *ret_hash = hash;
}

void attack_send_proposal(struct attacker *a, uint32_t to) {
    struct frame frame = {.type = FRAME_PROPOSAL, .proposal = a->frame->proposal};
    struct vote vote = {.view = a->block->view, .kind = VOTE_NOTARIZE, .member = a->number};
    struct writer writer = writer_of(a->piece, FRAME_BYTES_MAX);
    block_put(&writer, a->block, &a->sim->chain);
    frame.proposal.block = writer_slice(&writer);
    struct block *read = taken(sizeof *read);
    bool whole = writer_status(&writer) == STATUS_OK &&
                 block_read(frame.proposal.block, &a->sim->chain, read, &vote.block) == STATUS_OK;
    free(read);
    if (!whole) return;
    vote_sign(&vote, &a->sim->chain, a->secret);
    memcpy(frame.proposal.signature, vote.signature, SIGNATURE_BYTES);
    attack_send_frame(a, to, &frame);
}

struct hash attack_random_hash(struct attacker *a) {
    struct hash hash;
    for (size_t i = 0; i < HASH_BYTES; i++) hash.bytes[i] = (uint8_t)prng_next(&a->dice);
    hash.bytes[0] |= 1; /* never the zero hash, which means "nothing" */
    return hash;
}

uint32_t attack_random_peer(struct attacker *a) {
    return (a->number + 1 + (uint32_t)prng_below(&a->dice, a->members - 1)) % a->members;
}

uint64_t attack_view(const struct attacker *a) {
    struct replica_status status;
    replica_status(a->body->replica, &status);
    return status.view;
}
