/* Check: what must hold under attack, measured, each figure beside its bound (docs/belief.md, "What the lab
 * measures"). */
#ifndef LAB_CHECK_H
#define LAB_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Prints a line a bound; returns how many are broken. The short form takes seconds, the full one some minutes. `at` is
 * told which bound is being measured, and NULL before its line is printed; may be NULL. */
uint32_t check_run(FILE *out, bool is_full, void (*at)(void *context, const char *what), void *context);

/* How many bounds there are. */
uint32_t check_count(void);

#endif
