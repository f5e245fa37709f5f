/* The queue of events: a heap by (time, order of scheduling), so that ties are the same in every run. With four children a place it is
 * half as deep as with two, and they lie side by side. */
#include <stdlib.h>

#include "base/check.h"
#include "base/num.h"
#include "sim/world.h"

enum { CHILDREN = 4 };

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
    while (at > 0 && earlier(&event, &sim->events[(at - 1) / CHILDREN])) {
        sim->events[at] = sim->events[(at - 1) / CHILDREN];
        at = (at - 1) / CHILDREN;
    }
    sim->events[at] = event;
}

/* The earliest child of a place that has one. */
static size_t earliest_child(const struct sim *sim, size_t at) {
    size_t first = CHILDREN * at + 1, end = num_min_size(first + CHILDREN, sim->events_count), best = first;
    for (size_t child = first + 1; child < end; child++) {
        if (earlier(&sim->events[child], &sim->events[best])) best = child;
    }
    return best;
}

struct event sim_next_event(struct sim *sim) {
    struct event first = sim->events[0];
    struct event last = sim->events[--sim->events_count];
    size_t at = 0;
    while (CHILDREN * at + 1 < sim->events_count) {
        size_t child = earliest_child(sim, at);
        if (!earlier(&sim->events[child], &last)) break;
        sim->events[at] = sim->events[child];
        at = child;
    }
    if (sim->events_count > 0) sim->events[at] = last;
    return first;
}
