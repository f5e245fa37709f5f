/* Says again what was said before, by itself, in another order and to others, and says it as if it were of another chain or another epoch:
 * signatures must not count where they were not made for. */
#include "sim/attacks/attack.h"

static void replay(struct attacker *a) {
    struct flying *frame = a->kept[prng_below(&a->dice, KEPT_FRAMES)];
    if (frame == NULL) return;
    a->sim->report.lies++;
    sim_fly(a->body, attack_random_peer(a), frame, prng_below(&a->dice, 500000));
}

/* A vote that the same key made in another group. */
static void from_another_chain(struct attacker *a) {
    struct frame frame = {.type = FRAME_VOTE};
    struct hash chain = attack_random_hash(a);
    frame.vote = (struct vote){.view = attack_view(a), .kind = VOTE_NULLIFY, .member = a->number};
    vote_sign(&frame.vote, &chain, a->secret);
    attack_send_frame(a, attack_random_peer(a), &frame);
    frame = (struct frame){.type = FRAME_HELLO, .hello = {.chain = chain, .member = a->number, .height = 7}};
    attack_send_frame(a, attack_random_peer(a), &frame);
}

static void from_another_epoch(struct attacker *a) {
    struct frame frame = {.type = FRAME_VOTE};
    frame.vote = (struct vote){.epoch = 1 + prng_below(&a->dice, 3), .view = attack_view(a), .kind = VOTE_NULLIFY};
    frame.vote.member = a->number;
    vote_sign(&frame.vote, &a->sim->chain, a->secret);
    attack_send_frame(a, attack_random_peer(a), &frame);
}

static void on_tick(struct attacker *a) {
    for (int i = 0; i < 4; i++) replay(a);
    from_another_chain(a);
    from_another_epoch(a);
}

const struct attack attack_replayer = {
    .name = "replayer", .text = "repeats old frames and those of other chains and epochs", .on_tick = on_tick};
