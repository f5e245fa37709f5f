/* Proposals: what a member wants the group to be (docs/protocol.md 8), as JSON.
 *
 *     {"change": "add", "name", "key", "place"}      a member, at the first vacant place when none is named
 *     {"change": "remove", "member"}                 by name
 *     {"change": "key", "member", "key"}             another key for a member
 *     {"change": "threshold", "threshold"}           "4/5"
 *
 * each with "epoch", the one that it ends: the present one when it is left out. Keys are 64 hexadecimal digits.
 * Invariant: a change that comes back with STATUS_OK fits the item and names a place that there is; whether the group
 * can take it is the replica's to judge. */
#ifndef HTTP_PROPOSAL_H
#define HTTP_PROPOSAL_H

#include "http/json.h"
#include "wire/roster.h"

/* Takes one object, and nothing may come after it. The name is borrowed from the text. The refusal says what is wrong with which field:
 * besides those of the form STATUS_WRONG_EPOCH (another epoch than the one of `roster`), STATUS_UNKNOWN_MEMBER (nobody
 * has the name), STATUS_CONFLICT (the place is taken, or none is vacant), STATUS_BAD_KEY. */
enum status proposal_take(struct json *json, const struct roster *roster, struct reconfigure *ret_change,
                          struct refusal *ret_refusal) MUST_USE;

/* Why a change is refused that has the right form, in a sentence about this roster. Returns `status`. */
enum status proposal_explain(const struct roster *roster, const struct reconfigure *change, enum status status,
                             struct refusal *ret_refusal);

/* "add", "remove", "key", "threshold". */
const char *proposal_change_name(enum change change);

#endif
