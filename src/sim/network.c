/* The network: frames on their way, loss, duplication, delay, cuts. Frames of one link arrive in order, as TCP has it, unless the link
 * breaks between them. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/num.h"
#include "sim/world.h"

void sim_frame_drop(struct flying *frame) {
    if (frame != NULL && --frame->references == 0) free(frame);
}

bool sim_connected(const struct sim *sim, uint32_t a, uint32_t b) { return sim->side[a] == sim->side[b]; }

static void push(struct sim_member *member, uint32_t to, struct flying *frame) {
    if (member->outgoing_count == member->outgoing_capacity) {
        member->outgoing_capacity = member->outgoing_capacity == 0 ? 64 : 2 * member->outgoing_capacity;
        member->outgoing = realloc(member->outgoing, member->outgoing_capacity * sizeof *member->outgoing);
        CHECK(member->outgoing != NULL);
    }
    frame->references++;
    member->outgoing[member->outgoing_count++] = (struct outgoing){to, frame};
}

/* Held back until the ledger committed. */
void sim_port_send(void *context, uint32_t to, struct slice bytes) {
    struct sim_member *member = context;
    struct flying *frame = malloc(sizeof *frame + bytes.bytes);
    CHECK(frame != NULL);
    frame->references = 1;
    frame->bytes = bytes.bytes;
    memcpy(frame->data, bytes.data, bytes.bytes);
    if (to < member->sim->config.members) {
        push(member, to, frame);
    } else {
        for (uint32_t peer = 0; peer < member->sim->config.members; peer++) {
            if (peer != member->number) push(member, peer, frame);
        }
    }
    sim_frame_drop(frame);
}

static void fly(struct sim_member *member, uint32_t to, struct flying *frame) {
    struct sim *sim = member->sim;
    uint64_t delay_us =
        (uint64_t)prng_between(&sim->network, (int64_t)sim->config.delay_min_us, (int64_t)sim->config.delay_max_us);
    frame->references++;
    sim_schedule(sim, (struct event){.at_us = sim->now_us + delay_us,
                                     .kind = ON_ARRIVAL,
                                     .member = to,
                                     .from = member->number,
                                     .life = sim->members[to].life,
                                     .frame = frame});
}

void sim_release(struct sim_member *member) {
    struct sim *sim = member->sim;
    for (size_t i = 0; i < member->outgoing_count; i++) {
        struct outgoing *out = &member->outgoing[i];
        sim->report.frames++;
        bool lost = sim->members[out->to].replica == NULL || !sim_connected(sim, member->number, out->to) ||
                    sim->blocked[member->number * sim->config.members + out->to] ||
                    (!sim->quiet && prng_chance(&sim->network, sim->config.faults.loss_thousandths, 1000));
        if (!lost) fly(member, out->to, out->frame);
        if (!lost && !sim->quiet && prng_chance(&sim->network, sim->config.faults.duplicate_thousandths, 1000))
            fly(member, out->to, out->frame);
        sim_frame_drop(out->frame);
    }
    member->outgoing_count = 0;
}

void sim_deliver(struct sim *sim, const struct event *event) {
    struct sim_member *member = &sim->members[event->member];
    bool arrives =
        member->replica != NULL && member->life == event->life && sim_connected(sim, event->from, event->member);
    if (arrives) {
        replica_on_frame(member->replica, sim_time(member), event->from,
                         slice_of(event->frame->data, event->frame->bytes));
        sim_after_input(member);
    }
    sim_frame_drop(event->frame);
}

/* Tells both ends of every pair whether their link is up, after a cut or a heal. */
static void tell_links(struct sim *sim, const uint8_t *before) {
    for (uint32_t a = 0; a < sim->config.members; a++) {
        for (uint32_t b = 0; b < sim->config.members; b++) {
            bool was = before[a] == before[b];
            bool is = sim->side[a] == sim->side[b];
            if (a == b || was == is || sim->members[a].replica == NULL || sim->members[b].replica == NULL) continue;
            replica_on_link(sim->members[a].replica, sim_time(&sim->members[a]), b, is);
            sim_after_input(&sim->members[a]);
        }
    }
}

void sim_cut(struct sim *sim, const uint8_t *side) {
    uint8_t before[MEMBERS_MAX];
    char text[MEMBERS_MAX + 1] = {0};
    memcpy(before, sim->side, sim->config.members);
    memcpy(sim->side, side, sim->config.members);
    for (uint32_t i = 0; i < sim->config.members; i++) text[i] = (char)('A' + side[i] % 26);
    sim_trace(sim, "the network is cut: %s", text);
    sim->report.partitions++;
    tell_links(sim, before);
}

void sim_heal(struct sim *sim) {
    uint8_t before[MEMBERS_MAX];
    memcpy(before, sim->side, sim->config.members);
    memset(sim->side, 0, sim->config.members);
    memset(sim->blocked, 0, (size_t)sim->config.members * sim->config.members * sizeof *sim->blocked);
    sim_trace(sim, "the network is whole");
    tell_links(sim, before);
}

void sim_block_link(struct sim *sim, uint32_t from, uint32_t to, bool blocked) {
    sim_trace(sim, "frames from m%u to m%u are %s", from, to, blocked ? "lost" : "carried again");
    sim->blocked[from * sim->config.members + to] = blocked;
}
