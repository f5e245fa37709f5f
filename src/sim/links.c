/* Links: which way frames are carried, and who is told that a link is up or down. Each cut adds a reason to every direction that it
 * blocks; a direction carries frames while there is none. A link counts as up while one direction is left: TCP would take a while, too. */
#include "base/check.h"
#include "sim/world.h"

static uint8_t *blocked_at(const struct sim *sim, uint32_t from, uint32_t to) {
    return &sim->blocked[from * sim->config.members + to];
}

bool sim_carries(const struct sim *sim, uint32_t from, uint32_t to) {
    return from == to || (*blocked_at(sim, from, to) == 0 && sim->side[from] == sim->side[to]);
}

bool sim_link_up(const struct sim *sim, uint32_t a, uint32_t b) {
    return sim_carries(sim, a, b) || sim_carries(sim, b, a);
}

/* Of twins each talks with a part of the others, and that changes: a third with the one, a third with the other, a third with both. */
bool sim_audible(const struct sim *sim, const struct sim_member *body, uint32_t peer) {
    if (sim->bodies == sim->config.members || !sim->liar[body->number]) return true;
    bool has_twin = body->body >= sim->config.members;
    for (uint32_t b = sim->config.members; b < sim->bodies; b++) has_twin |= sim->members[b].number == body->number;
    if (!has_twin) return true;
    uint64_t share = (peer * UINT64_C(7) + sim->now_us / 10000000 * 5 + sim->config.seed) % 3;
    return share == 2 || (share == 0) == (body->body < sim->config.members);
}

static void tell(struct sim_member *body, uint32_t peer, bool up) {
    if (body->replica == NULL) return;
    replica_on_link(body->replica, sim_time(body), peer, up);
    sim_after_input(body);
}

static void tell_both(struct sim *sim, uint32_t a, uint32_t b, bool up) {
    for (uint32_t i = 0; i < sim->bodies; i++) {
        struct sim_member *body = &sim->members[i];
        if (body->number == a && sim->members[b].replica != NULL) tell(body, b, up);
        if (body->number == b && sim->members[a].replica != NULL) tell(body, a, up);
    }
}

void sim_block(struct sim *sim, uint32_t from, uint32_t to) {
    bool was = sim_link_up(sim, from, to);
    CHECK(*blocked_at(sim, from, to) < UINT8_MAX);
    ++*blocked_at(sim, from, to);
    if (was && !sim_link_up(sim, from, to)) tell_both(sim, from, to, false);
}

void sim_unblock(struct sim *sim, uint32_t from, uint32_t to) {
    bool was = sim_link_up(sim, from, to);
    if (*blocked_at(sim, from, to) > 0) --*blocked_at(sim, from, to);
    if (!was && sim_link_up(sim, from, to)) tell_both(sim, from, to, true);
}

/* A body went up or down: the others' links to it do, too. */
void sim_tell_body(struct sim_member *body, bool up) {
    struct sim *sim = body->sim;
    for (uint32_t i = 0; i < sim->bodies; i++) {
        struct sim_member *other = &sim->members[i];
        if (other->number != body->number && sim_link_up(sim, other->number, body->number))
            tell(other, body->number, up);
    }
}

void sim_cut(struct sim *sim, const uint8_t *side) {
    uint32_t n = sim->config.members;
    uint8_t before[MEMBERS_MAX];
    char text[MEMBERS_MAX + 1] = {0};
    memcpy(before, sim->side, n);
    memcpy(sim->side, side, n);
    for (uint32_t i = 0; i < n; i++) text[i] = (char)('A' + side[i] % 26);
    sim_trace(sim, "the network is cut: %s", text);
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; b < a; b++) {
            bool was = before[a] == before[b], is = side[a] == side[b];
            if (was != is) tell_both(sim, a, b, is);
        }
    }
}

void sim_heal(struct sim *sim) {
    uint32_t n = sim->config.members;
    sim_trace(sim, "the network is whole");
    sim->links_life++;
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; b < a; b++) {
            bool was = sim_link_up(sim, a, b);
            *blocked_at(sim, a, b) = *blocked_at(sim, b, a) = 0;
            if (!was && sim->side[a] == sim->side[b]) tell_both(sim, a, b, true);
        }
    }
    uint8_t whole[MEMBERS_MAX] = {0}, before[MEMBERS_MAX];
    memcpy(before, sim->side, n);
    memcpy(sim->side, whole, n);
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; b < a; b++) {
            if (before[a] != before[b]) tell_both(sim, a, b, true);
        }
    }
}

void sim_block_link(struct sim *sim, uint32_t from, uint32_t to, bool blocked) {
    sim_trace(sim, "frames from m%u to m%u are %s", from, to, blocked ? "lost" : "carried again");
    if (blocked) {
        sim_block(sim, from, to);
    } else {
        sim_unblock(sim, from, to);
    }
}
