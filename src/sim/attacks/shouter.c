/* Says levels that it does not see, now one and now another, mostly the worst: if words alone could raise the threshold, nothing would
 * become final any more, and if they could lower it, a partition would (docs/protocol.md 6). */
#include "base/check.h"
#include "sim/attacks/attack.h"

/* About once a second: more would be a flood, which is another attack. */
static void on_tick(struct attacker *a) {
    struct item item = {.kind = ITEM_LEVEL, .level = LEVEL_SEVERE};
    uint8_t bytes[8];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    if (!prng_chance(&a->dice, 1, 8)) return;
    if (prng_chance(&a->dice, 1, 3)) item.level = (enum level)prng_below(&a->dice, LEVELS);
    item_put(&writer, &item);
    CHECK(writer_status(&writer) == STATUS_OK);
    /* Refused when it says so already, or while another one is on its way. */
    enum status status =
        replica_submit(a->body->replica, sim_time(a->body), writer_slice(&writer), slice_of(NULL, 0), &seq, &index);
    if (status != STATUS_OK) return;
    a->sim->report.lies++;
    sim_after_input(a->body);
}

const struct attack attack_shouter = {
    .name = "shouter", .text = "says partition levels at random, mostly the worst", .on_tick = on_tick};
