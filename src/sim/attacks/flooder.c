/* Floods: votes for views far away, acknowledgements and requests for what does not exist, proofs that prove nothing, claims of heights that
 * nobody has. All cheap to make; each must be cheap to refuse, and none may fill anything. */
#include "sim/attacks/attack.h"

static void far_votes(struct attacker *a, uint32_t to) {
    struct hash hash = attack_random_hash(a);
    uint64_t view = attack_view(a) + prng_below(&a->dice, 600);
    attack_send_vote(a, to, view, (enum vote_kind)(1 + prng_below(&a->dice, 3)), &hash);
}

static void wants(struct attacker *a, uint32_t to) {
    struct frame frame = {.type = FRAME_FETCH_BATCH};
    frame.fetch_batch = (struct tip){attack_random_peer(a), 1 + prng_below(&a->dice, 1000), attack_random_hash(a)};
    if (prng_chance(&a->dice, 1, 2)) frame.fetch_batch.hash = (struct hash){0};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_FETCH_BLOCK, .fetch_block = attack_random_hash(a)};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_FETCH_RANGE, .fetch_range = prng_below(&a->dice, 100)};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_FETCH_VIEWS, .fetch_views = {1 + prng_below(&a->dice, 100), UINT64_MAX}};
    attack_send_frame(a, to, &frame);
}

static void claims(struct attacker *a, uint32_t to) {
    uint64_t far = prng_chance(&a->dice, 1, 2) ? UINT64_MAX : attack_view(a) + prng_below(&a->dice, 1000);
    struct frame frame = {.type = FRAME_HEARTBEAT, .heartbeat = {far, far, far}};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_HELLO, .hello = {a->sim->chain, a->number, far}};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_RECOVER, .recover = {prng_next(&a->dice)}};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_RECOVERED, .recovered = {.nonce = 1, .view = far}};
    attack_send_frame(a, to, &frame);
    frame = (struct frame){.type = FRAME_ACK, .ack = {.count = 1}};
    frame.ack.tips[0] = (struct tip){attack_random_peer(a), far, attack_random_hash(a)};
    attack_send_frame(a, to, &frame);
}

static void attestations(struct attacker *a, uint32_t to) {
    struct frame frame = {.type = FRAME_ATTESTATION};
    struct checkpoint *checkpoint = &frame.attestation.checkpoint;
    *checkpoint = (struct checkpoint){.size = 1 + prng_below(&a->dice, 1000),
                                      .root = attack_random_hash(a),
                                      .height = 1 + prng_below(&a->dice, 1000),
                                      .threshold = a->sim->config.threshold};
    checkpoint_sign(checkpoint, &a->sim->chain, a->secret, frame.attestation.signature);
    attack_send_frame(a, to, &frame);
}

/* Two votes that may stand beside each other, or that an honest member never signed. */
static void proofs(struct attacker *a, uint32_t to) {
    struct vote votes[2];
    uint8_t bytes[2][VOTE_BYTES_MAX], proof[PROOF_BYTES_MAX];
    struct slice slices[2];
    for (int i = 0; i < 2; i++) {
        votes[i] = (struct vote){.view = 1 + (uint64_t)i, .kind = VOTE_NULLIFY, .member = attack_random_peer(a)};
        vote_sign(&votes[i], &a->sim->chain, a->secret);
        struct writer writer = writer_of(bytes[i], sizeof bytes[i]);
        vote_put(&writer, &votes[i]);
        slices[i] = writer_slice(&writer);
    }
    struct writer writer = writer_of(proof, sizeof proof);
    proof_put(&writer, PROOF_VOTE, slices[0], slices[1]);
    struct frame frame = {.type = FRAME_PROOF, .proof = writer_slice(&writer)};
    attack_send_frame(a, to, &frame);
}

static void on_tick(struct attacker *a) {
    static void (*const kinds[])(struct attacker *, uint32_t) = {far_votes, wants, claims, attestations, proofs};
    for (int i = 0; i < 5; i++) kinds[prng_below(&a->dice, sizeof kinds / sizeof *kinds)](a, attack_random_peer(a));
}

const struct attack attack_flooder = {
    .name = "flooder", .text = "asks, claims and votes for what does not exist", .on_tick = on_tick};
