/* A group on one machine: DIR/genesis.json, and the directories DIR/m0, DIR/m1, ... of its members. */
#ifndef CMD_TESTNET_H
#define CMD_TESTNET_H

#include "cmd/command.h"
#include "node/config.h"

enum { TESTNET_MEMBERS_DEFAULT = 4, TESTNET_PORT_DEFAULT = 7100, TESTNET_API_PORT_OFFSET = 1000 };

struct testnet_plan {
    const char *directory;
    uint32_t members;
    uint32_t vacant; /* places behind them, for members to come */
    struct threshold threshold;
    uint16_t base_port; /* member i listens on base_port + i, its API on base_port + 1000 + i */
    const char *names;  /* "a,b,c,d", or NULL for m0, m1, ... */
};

/* DIR/mI. */
enum status testnet_member_directory(const char *directory, uint32_t member, char *ret_path,
                                     size_t path_bytes) MUST_USE;
/* Makes the group; the directory may exist, a genesis in it may not. STATUS_CONFLICT, STATUS_IO, STATUS_BAD_VALUE, or
 * what genesis_valid says. */
enum status testnet_create(const struct testnet_plan *plan, struct config_detail *ret_detail) MUST_USE;
/* The plan that the three options at these places, and the first argument, say. COMMAND_DONE, or COMMAND_USAGE after saying what is
 * wrong. */
int testnet_plan_from(const struct invocation *invocation, uint32_t members_option, uint32_t threshold_option,
                      uint32_t base_port_option, struct testnet_plan *ret_plan);

#endif
