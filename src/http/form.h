/* Forms: what clients write as JSON objects, turned into items (docs/formats.md).
 *
 *     ask      {title, hypotheses, mode, prior | prior_quanta, cap, rho, decide_at, min_margin, window, deadline,
 *               canary, family}
 *     tell     {question, observation, llr | loglik | probability, content | content_base64, observed_at}
 *     retract  {question, observation}
 *     close    {question}
 *
 * Amounts are in nats, durations in seconds. Invariant: a draft that comes back with STATUS_OK satisfies item_valid;
 * whatever needs the state (does the question exist, was it told before) is the replica's to judge. */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "http/json.h"
#include "wire/item.h"

/* `item` and `content` borrow from the JSON text and from `scratch`. The commitment of an ask is left at zeros: it
 * takes the member's key to make it. */
struct draft {
    struct item item;
    uint32_t opening;     /* of an ask, what it is to hide: the true hypothesis of a canary, or OPENING_ORDINARY */
    struct slice content; /* what travels beside the item; empty: none */
    uint8_t *scratch;     /* CONTENT_BYTES_MAX, set by the caller before */
};

/* Each takes one object; the refusal names the field. */
typedef enum status (*form_take)(struct json *json, struct draft *draft, struct refusal *ret_refusal);
enum status form_take_ask(struct json *json, struct draft *draft, struct refusal *ret_refusal) MUST_USE;
enum status form_take_tell(struct json *json, struct draft *draft, struct refusal *ret_refusal) MUST_USE;
enum status form_take_retract(struct json *json, struct draft *draft, struct refusal *ret_refusal) MUST_USE;
enum status form_take_close(struct json *json, struct draft *draft, struct refusal *ret_refusal) MUST_USE;

/* 32 hex characters; STATUS_BAD_FORMAT. */
enum status form_read_question(struct slice text, struct question_id *ret_question) MUST_USE;
/* A number of a path, at most `most`, which is at most INT64_MAX: digits without a sign, a leading zero or anything else.
 * STATUS_BAD_FORMAT. */
enum status form_read_number(struct slice text, uint64_t most, uint64_t *ret_number) MUST_USE;

/* Several objects: one array of them, or one after another, with any white space between. With `is_lines` (JSON Lines)
 * each must stand on one line of its own. */
struct form_list {
    struct json json;
    form_take take;
    bool is_lines;
    bool is_array;
    bool is_first;
    uint64_t index;     /* of the object taken last, from 0 */
    uint64_t line;      /* where it began, from 1 */
    uint64_t last_line; /* where the one before ended */
};
struct form_list form_list_of(uint8_t *text, size_t bytes, form_take take, bool is_lines);
/* The next one. STATUS_NOT_FOUND at the end: then everything was read. */
enum status form_list_next(struct form_list *list, struct draft *draft, struct refusal *ret_refusal) MUST_USE;

#endif
