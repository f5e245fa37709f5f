/* Due: invariant, heap[place[q] - 1] == q for every question that waits, and no parent is later than its children. */
#include "machine/due.h"

#include "base/check.h"

size_t due_bytes(uint32_t capacity) { return (size_t)capacity * (sizeof(uint64_t) + 2 * sizeof(uint32_t)); }

void due_init(struct due *due, void *memory, uint32_t capacity) {
    due->time_us = memory;
    due->heap = (uint32_t *)(due->time_us + capacity);
    due->place = due->heap + capacity;
    due->count = 0;
    due->capacity = capacity;
}

static void put(struct due *due, uint32_t at, uint32_t number) {
    due->heap[at] = number;
    due->place[number] = at + 1;
}

static bool is_earlier(const struct due *due, uint32_t a, uint32_t b) { return due->time_us[a] < due->time_us[b]; }

static void rise(struct due *due, uint32_t at, uint32_t number) {
    while (at > 0 && is_earlier(due, number, due->heap[(at - 1) / 2])) {
        put(due, at, due->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(due, at, number);
}

static void sink(struct due *due, uint32_t at, uint32_t number) {
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= due->count) break;
        if (child + 1 < due->count && is_earlier(due, due->heap[child + 1], due->heap[child])) child++;
        if (!is_earlier(due, due->heap[child], number)) break;
        put(due, at, due->heap[child]);
        at = child;
    }
    put(due, at, number);
}

/* Puts `number` where its time belongs, starting from the free place `at`. */
static void settle(struct due *due, uint32_t at, uint32_t number) {
    if (at > 0 && is_earlier(due, number, due->heap[(at - 1) / 2])) {
        rise(due, at, number);
    } else {
        sink(due, at, number);
    }
}

static void take_out(struct due *due, uint32_t number) {
    uint32_t at = due->place[number] - 1;
    uint32_t last = due->heap[--due->count];
    due->place[number] = 0;
    if (last != number) settle(due, at, last);
}

void due_set(struct due *due, uint32_t number, uint64_t time_us) {
    CHECK(number < due->capacity);
    bool waits = due->place[number] != 0;
    if (time_us == DUE_NEVER) {
        if (waits) take_out(due, number);
        return;
    }
    uint32_t at = waits ? due->place[number] - 1 : due->count++;
    due->time_us[number] = time_us;
    settle(due, at, number);
}

uint64_t due_next_us(const struct due *due) { return due->count == 0 ? DUE_NEVER : due->time_us[due->heap[0]]; }

bool due_take(struct due *due, uint64_t now_us, uint32_t *ret_number) {
    if (due->count == 0 || due_next_us(due) > now_us) return false;
    *ret_number = due->heap[0];
    take_out(due, due->heap[0]);
    return true;
}
