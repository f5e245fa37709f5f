#include "workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "machine/matter.h"
#include "wire/proof.h"

#define NAT QUANTA_PER_NAT

static const uint8_t salt[COMMITMENT_SALT_BYTES] = {3, 1, 4};

struct workload *workload_new(uint32_t members, uint64_t seed) {
    struct workload *workload = calloc(1, sizeof *workload);
    assert_non_null(workload);
    workload->prng = prng_seeded(seed);
    workload->book = book_new();
    workload->members = members;
    workload->now_us = 1000;
    return workload;
}

void workload_free(struct workload *workload) {
    book_free(workload->book);
    free(workload);
}

static uint32_t below(struct workload *w, uint64_t bound) { return (uint32_t)prng_below(&w->prng, bound); }

static bool chance(struct workload *w, uint64_t parts, uint64_t whole) { return prng_chance(&w->prng, parts, whole); }

/* Refers to some of the lanes that moved since it last referred to them. */
static void seal(struct workload *w, uint32_t member) {
    uint32_t deps[16];
    uint32_t count = 0;
    for (uint32_t other = 0; other < w->members && count < 16; other++) {
        if (other == member || w->book->seq[other] <= w->named[member][other] || chance(w, 1, 2)) continue;
        w->named[member][other] = w->book->seq[other];
        deps[count++] = other;
    }
    w->now_us += 1 + below(w, 300);
    book_seal(w->book, member, w->now_us, count, deps);
}

/* Items. */

static void ask(struct workload *w, uint32_t member) {
    static const char *const families[] = {"birds", "dogs", "a family of its own"};
    char title[32];
    if (w->questions_count == WORKLOAD_QUESTIONS_MAX) return;
    struct workload_question *question = &w->questions[w->questions_count];
    snprintf(title, sizeof title, "question %u", w->questions_count);
    uint32_t hypotheses = 2 + (chance(w, 1, 2) ? below(w, 4) : 0);
    bool is_panel = chance(w, 2, 3);
    struct item item = make_ask(title, hypotheses, is_panel ? MODE_PANEL : MODE_POOL);
    item.ask.rho_thousandths = is_panel ? 0 : below(w, 1001);
    item.ask.window_us = 200 + below(w, 5000);
    if (chance(w, 1, 2)) item.ask.decide_at = NAT * (1 + below(w, 40));
    if (chance(w, 1, 3)) item.ask.deadline_us = 500 + below(w, 40000);
    if (chance(w, 1, 3)) item.ask.prior[1] = -NAT / (1 + below(w, 9));
    if (is_panel && chance(w, 1, 2)) item.ask.family = slice_of_text(families[member % 3]);
    *question = (struct workload_question){.asker = member, .hypotheses = hypotheses, .is_panel = is_panel};
    question->is_committed = chance(w, 1, 2);
    question->truth = chance(w, 1, 4) ? OPENING_ORDINARY : below(w, hypotheses);
    if (question->is_committed) commitment_of(salt, question->truth, &item.ask.commitment);
    question->id = book_item_of(w->book, member, &item);
    w->questions_count++;
}

/* Values of few kinds, so that members repeat each other now and then. */
static void tell_about(struct workload *w, uint32_t member, const struct workload_question *question,
                       uint32_t observation) {
    char text[32];
    snprintf(text, sizeof text, "o%u", observation);
    struct item item = make_tell(question->id, text, 0);
    item.tell.loglik_count = question->hypotheses;
    for (uint32_t j = 0; j < question->hypotheses; j++)
        item.tell.loglik[j] =
            chance(w, 1, 4) ? (int64_t)below(w, 3) * NAT : prng_between(&w->prng, -3 * NAT, 3 * NAT);
    if (chance(w, 1, 3)) memset(item.tell.loglik, 0, question->hypotheses * sizeof item.tell.loglik[0]);
    if (member == 1) item.tell.loglik[0] += 4 * NAT;
    if (member == 2 || member == 3) item.tell.loglik[observation % 2] += 3 * NAT;
    if (chance(w, 1, 5)) {
        item.tell.has_content = true;
        sha256_of(slice_of_text(text), &item.tell.content);
    }
    book_item(w->book, &item);
}

static const struct workload_question *some_question(struct workload *w) {
    uint32_t recent = w->questions_count < 12 ? w->questions_count : 12;
    uint32_t age = chance(w, 3, 4) ? below(w, recent) : below(w, w->questions_count);
    return &w->questions[w->questions_count - 1 - age];
}

static uint32_t some_observation(struct workload *w) { return w->observations - below(w, 6) % (w->observations + 1); }

static void tell(struct workload *w, uint32_t member) {
    if (chance(w, 1, 4)) w->observations++;
    tell_about(w, member, some_question(w), some_observation(w));
}

static void retract(struct workload *w, uint32_t member) {
    char text[32];
    snprintf(text, sizeof text, "o%u", some_observation(w));
    struct item item = make_retract(some_question(w)->id, text);
    (void)member;
    book_item(w->book, &item);
}

static void close_one(struct workload *w, uint32_t member) {
    const struct workload_question *question = some_question(w);
    struct item item = make_close(question->id);
    if (question->asker != member && chance(w, 3, 4)) return;
    book_item(w->book, &item);
}

static void reveal(struct workload *w, uint32_t member) {
    const struct workload_question *question = some_question(w);
    if (question->asker != member || !question->is_committed) return;
    struct item item = {.kind = ITEM_REVEAL, .reveal = {.question = question->id, .hypothesis = question->truth}};
    memcpy(item.reveal.salt, salt, sizeof salt);
    if (chance(w, 1, 40)) item.reveal.salt[0]++;
    book_item(w->book, &item);
}

static void say_level(struct workload *w, uint32_t member) {
    struct item item = {.kind = ITEM_LEVEL, .level = (enum level)below(w, LEVELS)};
    (void)member;
    book_item(w->book, &item);
}

static void close_family(struct workload *w, uint32_t member) {
    static const char *const families[] = {"birds", "dogs", "a family of its own"};
    struct item item = {.kind = ITEM_CLOSE_FAMILY};
    if (!chance(w, 1, 4)) return;
    item.close_family.family = slice_of_text(families[member % 3]);
    book_item(w->book, &item);
}

static void answer(struct workload *w, const struct machine *machine, uint32_t member) {
    struct item item = {.kind = ITEM_ANSWER};
    if (machine_challenge(machine, member, &item.answer.height, &item.answer.digest) != STATUS_OK) return;
    if (chance(w, 1, 60)) item.answer.digest.bytes[0]++;
    book_item(w->book, &item);
}

/* Membership. */

static void key_of(uint32_t number, uint8_t ret_key[KEY_BYTES]) {
    uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)number, 9}, secret[SECRET_BYTES];
    ed25519_from_seed(seed, secret, ret_key);
}

/* A change that the roster may take or not. */
static void choose_change(struct workload *w, const struct roster *roster) {
    struct item *item = &w->favourite;
    *item = (struct item){.kind = ITEM_RECONFIGURE};
    item->reconfigure.epoch = roster->epoch;
    item->reconfigure.change = (enum change)(CHANGE_ADD + below(w, 4));
    if (item->reconfigure.change == CHANGE_THRESHOLD) {
        uint32_t numerator = 3 + below(w, 4);
        item->reconfigure.threshold = (struct threshold){numerator, numerator + 1};
        return;
    }
    item->reconfigure.member = below(w, w->members);
    if (item->reconfigure.change != CHANGE_REMOVE) key_of(w->keys++, item->reconfigure.key);
    if (item->reconfigure.change != CHANGE_ADD) return;
    snprintf(w->name, sizeof w->name, "newcomer-%u", w->keys);
    item->reconfigure.name = slice_of_text(w->name);
}

static void propose(struct workload *w, uint32_t member) {
    (void)member;
    if (w->favourite.kind == ITEM_RECONFIGURE) book_item(w->book, &w->favourite);
}

static void one_item(struct workload *w, const struct machine *machine, uint32_t member) {
    static const struct {
        uint32_t share;
        void (*put)(struct workload *w, uint32_t member);
    } kinds[] = {{56, tell},  {10, ask},      {8, retract},      {4, close_one},
                 {8, reveal}, {4, say_level}, {4, close_family}, {6, propose}};
    if (w->questions_count == 0) {
        ask(w, member);
        return;
    }
    if (chance(w, 1, 6)) answer(w, machine, member);
    uint32_t at = below(w, 100);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (at < kinds[i].share) {
            kinds[i].put(w, member);
            return;
        }
        at -= kinds[i].share;
    }
}

/* Blocks. */

/* Nearly everybody tells about a new observation of one question: what detectors live on. */
static void sweep(struct workload *w) {
    const struct workload_question *question = some_question(w);
    uint32_t observation = ++w->observations;
    for (uint32_t m = 0; m < w->members; m++) {
        if (w->is_sealed[m] || chance(w, 1, 10)) continue;
        tell_about(w, m, question, observation);
        seal(w, m);
    }
}

/* Two headers of one place, signed by their member. */
static void fork_somebody(struct workload *w) {
    uint32_t member = w->members - 1;
    uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)member, 7};
    uint8_t secret[SECRET_BYTES], key[KEY_BYTES], bytes[2][1024];
    struct hash chain, hash;
    struct slice objects[2];
    struct header header = {.member = member, .seq = w->book->seq[member] + 1, .wall_us = 5, .count = 0, .bytes = 1};
    memset(header.prev.bytes, header.seq > 1, HASH_BYTES);
    memcpy(chain.bytes, w->proof, HASH_BYTES); /* workload_next left it there */
    ed25519_from_seed(seed, secret, key);
    for (uint32_t i = 0; i < 2; i++) {
        struct writer object = writer_of(bytes[i], sizeof bytes[i]);
        header.wall_us += i;
        header_sign(&header, &chain, secret, &object, &hash);
        assert_int_equal(writer_status(&object), STATUS_OK);
        objects[i] = writer_slice(&object);
    }
    struct writer writer = writer_of(w->proof, sizeof w->proof);
    proof_put(&writer, PROOF_FORK, objects[0], objects[1]);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    w->proofs[0] = writer_slice(&writer);
    w->proofs_count = 1;
    w->is_sealed[member] = true;
}

/* Who can say something in the block that comes: lanes of those who are new begin again. */
static void turn(struct workload *w, const struct machine *machine) {
    const struct roster *next = machine_next_roster(machine);
    book_turn(w->book, machine);
    for (uint32_t m = 0; next != NULL && m < w->members; m++) {
        bool has_other_key = memcmp(next->keys[m], machine_roster(machine)->keys[m], KEY_BYTES) != 0;
        if (has_other_key || !roster_has(next, m)) w->is_sealed[m] = !roster_has(next, m);
    }
    const struct roster *coming = next != NULL ? next : machine_roster(machine);
    for (uint32_t m = 0; m < w->members; m++) w->is_sealed[m] = w->is_sealed[m] || !roster_has(coming, m);
    if (next != NULL || chance(w, 1, 20)) choose_change(w, coming);
}

void workload_next(struct workload *w, const struct machine *machine, const struct genesis *genesis) {
    struct hash chain;
    genesis_chain(genesis, &chain);
    memcpy(w->proof, chain.bytes, HASH_BYTES);
    w->from = w->book->count;
    w->proofs_count = 0;
    turn(w, machine);
    if (chance(w, 1, 60)) w->now_us += OPENING_WINDOW_US + 1000;
    if (w->questions_count > 0 && chance(w, 3, 4)) sweep(w);
    uint32_t batches = below(w, w->members + 2);
    for (uint32_t b = 0; b < batches; b++) {
        uint32_t member = below(w, w->members);
        uint32_t items = below(w, 4);
        if (w->is_sealed[member]) continue;
        for (uint32_t i = 0; i < items; i++) one_item(w, machine, member);
        seal(w, member);
    }
    if (!w->is_sealed[w->members - 1] && chance(w, 1, 150)) fork_somebody(w);
    w->to = w->book->count;
}

void workload_execute(const struct workload *w, struct world *world) {
    world_block_with_proofs(world, w->from, w->to, w->proofs, w->proofs_count);
}
