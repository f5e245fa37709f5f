/* Keys, and how the group changes them: with every third epoch an honest member gets its next key, the others change the base threshold
 * (--changes). What a key file is to the daemon is the body's generation here: it outlives the ledger, the next key is always ready, and
 * it takes the place of the one before once the epoch that has it is durable, before anything that it signed leaves. */
#include "crypto/ed25519.h"
#include "sim/world.h"

enum { CYCLE = 3 };

void sim_key(uint32_t member, uint32_t generation, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES]) {
    /* Keys are the same for every seed: only what happens to them differs. */
    uint8_t seed[ED25519_SEED_BYTES] = {0};
    for (int b = 0; b < 4; b++) seed[b] = (uint8_t)(member >> (8 * b));
    for (int b = 0; b < 4; b++) seed[4 + b] = (uint8_t)(generation >> (8 * b));
    ed25519_from_seed(seed, ret_secret, ret_key);
}

/* --- what an epoch changes --- */

struct threshold sim_base(const struct sim *sim, uint64_t epoch) {
    return epoch % CYCLE == 1 ? (struct threshold){7, 10} : sim->config.threshold;
}

/* The next honest one each time. */
static uint32_t member_of_change(const struct sim *sim, uint64_t epoch) {
    uint32_t member = (uint32_t)(epoch / CYCLE % sim->config.members);
    while (sim->liar[member]) member = (member + 1) % sim->config.members;
    return member;
}

/* Which of its keys a member has in an epoch. */
static uint32_t generation_in(const struct sim *sim, uint32_t member, uint64_t epoch) {
    uint32_t generation = 0;
    for (uint64_t ended = CYCLE - 1; ended < epoch; ended += CYCLE)
        generation += member_of_change(sim, ended) == member;
    return generation;
}

void sim_key_in(const struct sim *sim, uint32_t member, uint64_t epoch, uint8_t ret_key[KEY_BYTES]) {
    uint8_t secret[SECRET_BYTES];
    sim_key(member, generation_in(sim, member, epoch), secret, ret_key);
}

struct reconfigure sim_change_of(const struct sim *sim, uint64_t epoch) {
    struct reconfigure change = {.epoch = epoch, .change = CHANGE_THRESHOLD, .threshold = sim_base(sim, epoch + 1)};
    if (epoch % CYCLE == CYCLE - 1) {
        uint32_t member = member_of_change(sim, epoch);
        change = (struct reconfigure){.epoch = epoch, .change = CHANGE_KEY, .member = member};
        sim_key_in(sim, member, epoch + 1, change.key);
    }
    return change;
}

/* --- the keys of a body --- */

/* `room` has three secrets, and stays as long as the configuration is looked at. */
void sim_configure_keys(const struct sim_member *body, uint8_t room[3][SECRET_BYTES], struct replica_config *config) {
    uint8_t key[KEY_BYTES];
    sim_key(body->number, body->generation, room[0], key);
    config->secret = room[0];
    if (body->sim->config.changes == 0 || !sim_honest(body)) return;
    sim_key(body->number, body->generation + 1, room[1], key);
    config->next_secret = room[1];
    if (body->generation == 0) return;
    sim_key(body->number, body->generation - 1, room[2], key);
    config->old_secret = room[2];
}

void sim_take_key(struct sim_member *body) {
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    if (body->sim->config.changes == 0 || !sim_honest(body)) return;
    sim_key(body->number, body->generation + 1, secret, key);
    if (memcmp(replica_roster(body->replica)->keys[body->number], key, KEY_BYTES) != 0) return;
    body->generation++;
    sim_key(body->number, body->generation + 1, secret, key);
    replica_set_next_secret(body->replica, secret);
}
