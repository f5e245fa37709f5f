/* How long a frame is on its way. */
#include "base/check.h"
#include "sim/world.h"

enum { REGIONS = 5 };

/* One-way delays between five regions in milliseconds, as round trips between large data centres have them: Virginia, Oregon, Ireland,
 * Singapore, Sydney. Members are spread over them in turn. */
static const uint16_t REGION_MS[REGIONS][REGIONS] = {
    {1, 32, 34, 108, 100}, {32, 1, 62, 82, 70}, {34, 62, 1, 87, 128}, {108, 82, 87, 1, 46}, {100, 70, 128, 46, 1}};

/* What the members are told to expect. */
uint64_t sim_delta_us(enum sim_network network) { return network == NETWORK_LAN ? 100000 : 200000; }

static uint64_t base_us(struct sim *sim, uint32_t from, uint32_t to) {
    if (sim->config.network == NETWORK_LAN) return (uint64_t)prng_between(&sim->network, 200, 2000);
    uint64_t way_us = UINT64_C(1000) * REGION_MS[from % REGIONS][to % REGIONS];
    return way_us + prng_below(&sim->network, way_us / 8 + 200);
}

/* One frame in 256 meets a queue: a tail that falls off as the square of the delay, up to 64 times as long. */
static uint64_t tail(struct sim *sim) {
    uint64_t dice = prng_below(&sim->network, 4096);
    if (dice >= 16) return 1;
    return dice == 0 ? 64 : dice < 4 ? 16 : 4;
}

uint64_t sim_delay_us(struct sim *sim, uint32_t from, uint32_t to) {
    uint64_t delay_us = base_us(sim, from, to);
    return sim->quiet || sim->config.network == NETWORK_CALM_WAN ? delay_us : delay_us * tail(sim);
}
