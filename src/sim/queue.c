/* The queue of events: a binary heap by (time, order of scheduling), so that ties are the same in every run. */
#include <stdlib.h>

#include "base/check.h"
#include "sim/world.h"

static bool earlier(const struct event *a, const struct event *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void sim_schedule(struct sim *sim, struct event event) {
    if (sim->events_count == sim->events_capacity) {
        sim->events_capacity = sim->events_capacity == 0 ? 1024 : 2 * sim->events_capacity;
        sim->events = realloc(sim->events, sim->events_capacity * sizeof *sim->events);
        CHECK(sim->events != NULL);
    }
    event.order = sim->order++;
    size_t at = sim->events_count++;
    while (at > 0 && earlier(&event, &sim->events[(at - 1) / 2])) {
        sim->events[at] = sim->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sim->events[at] = event;
}

struct event sim_next_event(struct sim *sim) {
    struct event first = sim->events[0];
    struct event last = sim->events[--sim->events_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= sim->events_count) break;
        if (child + 1 < sim->events_count && earlier(&sim->events[child + 1], &sim->events[child])) child++;
        if (!earlier(&sim->events[child], &last)) break;
        sim->events[at] = sim->events[child];
        at = child;
    }
    if (sim->events_count > 0) sim->events[at] = last;
    return first;
}
