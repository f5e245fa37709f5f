/* The group of the fuzz target of snapshots and of its seeds: that of the workload of the machine's tests. */
#ifndef FUZZ_SNAPSHOT_GENESIS_H
#define FUZZ_SNAPSHOT_GENESIS_H

#include <stdio.h>

#include "crypto/ed25519.h"
#include "wire/genesis.h"

enum { SNAPSHOT_SEED_MEMBERS = 4, SNAPSHOT_SEED_INTERVAL = 8 };

static inline void snapshot_genesis(struct genesis *ret_genesis) {
    *ret_genesis = (struct genesis){.name = "world",
                                    .created_us = 1,
                                    .threshold = THRESHOLD_DEFAULT,
                                    .members = SNAPSHOT_SEED_MEMBERS,
                                    .state_bytes_max = 4 * STATE_BYTES_MIN};
    for (uint32_t m = 0; m < SNAPSHOT_SEED_MEMBERS; m++) {
        uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)m, 7};
        uint8_t secret[SECRET_BYTES];
        (void)snprintf(ret_genesis->member_names[m], sizeof ret_genesis->member_names[m], "member-%u", m);
        ed25519_from_seed(seed, secret, ret_genesis->keys[m]);
    }
}

#endif
