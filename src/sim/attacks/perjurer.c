/* Answers honesty challenges with something else than everybody computes, and so loses its weight (docs/protocol.md 7). */
#include "base/check.h"
#include "sim/attacks/attack.h"

static void on_tick(struct attacker *a) {
    struct item item = {.kind = ITEM_ANSWER};
    const struct machine *machine = replica_machine(a->body->replica);
    if (machine_challenge(machine, a->number, &item.answer.height, &item.answer.digest) != STATUS_OK) return;
    item.answer.digest = attack_random_hash(a);
    uint8_t bytes[64];
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, &item);
    CHECK(writer_status(&writer) == STATUS_OK);
    uint64_t seq;
    uint32_t index;
    struct replica_time now = sim_time(a->body);
    /* Refused when the replica was faster with the right one. */
    enum status status =
        replica_submit(a->body->replica, now, writer_slice(&writer), slice_of(NULL, 0), &seq, &index);
    if (status == STATUS_OK) a->sim->report.lies++;
}

const struct attack attack_perjurer = {.name = "perjurer", .text = "answers challenges wrongly", .on_tick = on_tick};
