/* Two correct copies of one key, each with a ledger of its own (Twins, Bano et al. 2020): what a cloned data directory is. Nothing is
 * changed on the way; that each talks with a part of the others, and with another part later, is the links' work (sim/links.c). */
#include "sim/attacks/attack.h"

const struct attack attack_twins = {
    .name = "twins", .text = "runs two correct copies of itself with one key", .has_twin = true};
