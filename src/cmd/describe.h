/* Items of a batch in words and as JSON: what a person who reads a ledger sees. */
#ifndef CMD_DESCRIBE_H
#define CMD_DESCRIBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "wire/calibrated.h"
#include "wire/roster.h"

/* Quanta as an exact decimal number of nats, with a sign: "+1.5", "-0.000000001", "0". */
enum { QUANTA_TEXT_BYTES = 32 };
void describe_quanta(int64_t quanta, char ret_text[QUANTA_TEXT_BYTES]);

/* One line for an item of `member`. `bytes` is the item's encoding. */
void describe_print_item(FILE *out, uint32_t member, const struct item *item, struct slice bytes);
/* A new reference. */
json_t *describe_item(uint32_t member, const struct item *item, struct slice bytes);

/* One line, `indent` before it, for a leaf of the log that is of interest and in no batch: a verdict, a suspicion, a
 * calibration, the roster of another epoch. Members are called as in `roster`, that of the leaf's own epoch. False, and
 * nothing printed, for any other. */
bool describe_print_record(FILE *out, const char *indent, const struct roster *roster, struct slice leaf);
/* A new reference; NULL for any other. */
json_t *describe_record(struct slice leaf);

#endif
