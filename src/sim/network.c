/* The network: frames on their way, loss, duplication, delay. Frames of one link arrive in order, as TCP has it, except for those that are
 * allowed to overtake. A frame that is on its way when its link is cut or its receiver goes down is lost. */
#include <stdlib.h>

#include "base/canary.h"
#include "base/check.h"
#include "base/num.h"
#include "sim/world.h"

struct flying *sim_frame_new(struct slice bytes) {
    struct flying *frame = malloc(sizeof *frame + bytes.bytes);
    CHECK(frame != NULL);
    frame->references = 1;
    frame->bytes = bytes.bytes;
    memcpy(frame->data, bytes.data, bytes.bytes);
    return frame;
}

void sim_frame_drop(struct flying *frame) {
    if (frame != NULL && --frame->references == 0) free(frame);
}

/* What carries a vote, which a canary does not hold back. */
static bool leaves_early(const struct sim_member *body, const struct flying *frame) {
    if (!CANARY(VOTES_SENT_BEFORE_DURABLE) || body->attacker != NULL || frame->bytes < 2) return false;
    return frame->data[1] == FRAME_VOTE || frame->data[1] == FRAME_PROPOSAL;
}

static void push(struct sim_member *body, uint32_t to, struct flying *frame) {
    if (leaves_early(body, frame)) {
        sim_fly(body, to, frame, 0);
        return;
    }
    if (body->outgoing_count == body->outgoing_capacity) {
        body->outgoing_capacity = body->outgoing_capacity == 0 ? 64 : 2 * body->outgoing_capacity;
        body->outgoing = realloc(body->outgoing, body->outgoing_capacity * sizeof *body->outgoing);
        CHECK(body->outgoing != NULL);
    }
    frame->references++;
    body->outgoing[body->outgoing_count++] = (struct outgoing){to, frame};
}

/* Held back until the ledger committed. */
void sim_port_send(void *context, uint32_t to, struct slice bytes) {
    struct sim_member *body = context;
    struct flying *frame = sim_frame_new(bytes);
    if (to < body->sim->config.members) {
        push(body, to, frame);
    } else {
        for (uint32_t peer = 0; peer < body->sim->config.members; peer++) {
            if (peer != body->number) push(body, peer, frame);
        }
    }
    sim_frame_drop(frame);
}

static uint64_t arrival_us(struct sim *sim, uint32_t from, uint32_t to, uint64_t extra_us) {
    uint64_t at_us = sim->now_us + sim_delay_us(sim, from, to) + extra_us;
    uint64_t *newest_us = &sim->arrive_us[from * sim->config.members + to];
    if (!sim->quiet && prng_chance(&sim->network, sim->config.faults.reorder_thousandths, 1000)) return at_us;
    *newest_us = num_max_u64(*newest_us, at_us);
    return *newest_us;
}

static void fly_once(struct sim_member *body, struct sim_member *receiver, struct flying *frame, uint64_t extra_us) {
    frame->references++;
    sim_schedule(body->sim, (struct event){.at_us = arrival_us(body->sim, body->number, receiver->number, extra_us),
                                           .kind = ON_ARRIVAL,
                                           .body = receiver->body,
                                           .from = body->body,
                                           .life = receiver->life,
                                           .frame = frame});
}

static bool lost(struct sim *sim, const struct sim_member *body, const struct sim_member *receiver) {
    if (receiver->replica == NULL || !sim_carries(sim, body->number, receiver->number)) return true;
    if (!sim_audible(sim, body, receiver->number) || !sim_audible(sim, receiver, body->number)) return true;
    return !sim->quiet && prng_chance(&sim->network, sim->config.faults.loss_thousandths, 1000);
}

/* To every copy of the member `to`. */
void sim_fly(struct sim_member *body, uint32_t to, struct flying *frame, uint64_t extra_us) {
    struct sim *sim = body->sim;
    sim_watch_sent(body, to, frame);
    for (uint32_t b = to; b < sim->bodies; b = b < sim->config.members ? sim->config.members : b + 1) {
        struct sim_member *receiver = &sim->members[b];
        if (receiver->number != to || receiver == body) continue;
        sim->report.frames++;
        if (lost(sim, body, receiver) || sim_loses(sim, body->number, to, frame)) continue;
        fly_once(body, receiver, frame, extra_us);
        if (!sim->quiet && prng_chance(&sim->network, sim->config.faults.duplicate_thousandths, 1000))
            fly_once(body, receiver, frame, extra_us);
    }
}

static void count_type(struct sim *sim, const struct flying *frame) {
    if (frame->bytes >= 2 && frame->data[1] < 32) sim->frames_of[frame->data[1]]++;
}

void sim_release(struct sim_member *body) {
    bool honest = sim_honest(body);
    if (honest) sim_check_limits(body);
    const struct flying *last = NULL;
    for (size_t i = 0; i < body->outgoing_count; i++) {
        struct outgoing *out = &body->outgoing[i];
        CHECK(out->frame != NULL);
        if (honest && out->frame != last) count_type(body->sim, out->frame);
        last = out->frame;
        if (body->attacker != NULL) {
            sim_attacker_send(body, out->to, out->frame);
        } else {
            sim_fly(body, out->to, out->frame, 0);
        }
    }
    for (size_t i = 0; i < body->outgoing_count; i++) sim_frame_drop(body->outgoing[i].frame);
    body->outgoing_count = 0;
}

void sim_deliver(struct sim *sim, const struct event *event) {
    struct sim_member *body = &sim->members[event->body];
    struct sim_member *sender = &sim->members[event->from];
    bool arrives =
        body->replica != NULL && body->life == event->life && sim_carries(sim, sender->number, body->number);
    if (arrives) {
        struct slice bytes = slice_of(event->frame->data, event->frame->bytes);
        if (sim_honest(sender)) sim_witness_said(sender, bytes);
        if (sim_honest(body)) sim_witness_heard(body, bytes);
        sim->hearing = bytes.bytes >= 2 ? bytes.data[1] : 0;
        replica_on_frame(body->replica, sim_time(body), sender->number, bytes);
        sim_after_input(body);
    }
    sim_frame_drop(event->frame);
}
