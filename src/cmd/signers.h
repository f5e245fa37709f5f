/* Who signed a certificate: what the commands that judge one say of it in the same words. */
#ifndef CMD_SIGNERS_H
#define CMD_SIGNERS_H

#include <jansson.h>

#include "verifier/verify.h"

/* Adds signers, needed, members, weight, weight_total, height, root, threshold and apart. */
void signers_add(json_t *json, const struct verify_result *result);
/* Two lines, and a third one for a certificate that was made in a partition. */
void signers_print(const struct verify_result *result);

#endif
