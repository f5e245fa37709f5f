/* Forges its vector clock: wall clocks an hour ahead or before the last one, deps on hashes that nobody signed, deps that go backwards, and
 * deps on batches of its own making. All of it validly signed (docs/protocol.md 2). */
#include "sim/attacks/attack.h"

static void forge(struct attacker *a) {
    struct header *header = a->header;
    struct tip *dep = &header->deps[0];
    switch (prng_below(&a->dice, 5)) {
    case 0: header->wall_us += UINT64_C(3600000000); break;
    case 1: header->wall_us -= UINT64_C(3600000000); break;
    case 2:
        header->deps_count = 1;
        *dep = (struct tip){attack_random_peer(a), 1 + prng_below(&a->dice, 50), attack_random_hash(a)};
        break;
    case 3:
        if (header->deps_count > 0) dep->seq = dep->seq > 1 ? dep->seq - 1 : 1;
        break;
    case 4:
        if (header->deps_count > 0) dep->hash = attack_random_hash(a);
        break;
    }
}

/* Everybody gets the same forgery, so it is no fork: the dice are thrown once for each batch. */
static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    struct hash hash;
    bool own = a->frame->type == FRAME_BATCH &&
               header_read(a->frame->batch.header, &a->sim->chain, a->header, &hash) == STATUS_OK &&
               a->header->member == a->number;
    if (!own) {
        attack_pass(a, to, bytes);
        return;
    }
    struct prng dice = a->dice;
    a->dice = prng_seeded(a->header->seq);
    forge(a);
    a->dice = dice;
    attack_send_batch(a, to, NULL);
}

const struct attack attack_forger = {
    .name = "forger", .text = "signs batches with forged clocks and deps", .on_send = on_send};
