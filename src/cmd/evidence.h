/* Questions and evidence on their way to a member: the JSON that its API takes, and what it answers. Amounts travel as
 * the text that the user wrote; only the member reads them, exactly, or refuses. */
#ifndef CMD_EVIDENCE_H
#define CMD_EVIDENCE_H

#include <jansson.h>

#include "cmd/client.h"

/* How safe a submission must be before it is answered; ends with NULL. */
extern const char *const evidence_acks[];

/* "a,b,c" as an array of texts. An empty part stays an empty text, for the member to refuse. NULL gives NULL. */
json_t *evidence_list(const char *text, char separator);
/* Sets `name` to a text, unless it is NULL. */
void evidence_set_text(json_t *object, const char *name, const char *text);
/* Sets "content_base64" to the bytes of a file, at most CONTENT_BYTES_MAX. */
enum status evidence_set_content(json_t *object, const char *path, struct config_detail *ret_detail) MUST_USE;

/* Posts `object` as JSON. As client_demand. */
int evidence_post(struct client *client, const char *path, const json_t *object, struct reply *ret_reply);

/* Says what became of a submission, or prints the reply with --json; COMMAND_REFUSED when it is less safe than
 * `wanted`. */
int evidence_print_accepted(const struct invocation *invocation, const struct reply *reply, const char *wanted);

/* The whole of a command that says one thing about a question: MEMBER_DIR and QUESTION are its first arguments, option
 * `option_ack` its wish. Adds "question" to `object`, which it takes over, posts it to /v1/`route` and says what became of it. */
int evidence_say(const struct invocation *invocation, const char *route, uint32_t option_ack, json_t *object);

/* Whether `reached` is at least as safe as `wanted`. */
bool evidence_ack_reached(const char *reached, const char *wanted);
/* "durable in this member's lane", ... by the name of an ack. */
const char *evidence_ack_text(const char *ack);

#endif
