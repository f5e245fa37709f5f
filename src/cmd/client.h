/* Client of a running member's API (docs/ARCHITECTURE.md): finds the member by its directory, shows the token from
 * there, and turns what goes wrong into one sentence that says what to do. */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include <jansson.h>

#include "cmd/command.h"
#include "node/config.h"

/* More than any page of the API. */
#define CLIENT_REPLY_BYTES_MAX ((size_t)256 * 1024 * 1024)

struct client;

/* What a member answered. `text` ends with a NUL that `bytes` does not count; `json` is NULL when it is not JSON. */
struct reply {
    long status; /* of HTTP */
    char *text;
    size_t bytes;
    json_t *json;
};

/* How far an upload is: called often. */
typedef void client_progress(void *context, size_t sent, size_t total);

/* Reads the directory's configuration and the token, without which nobody `writes` and which reads do without where it
 * can't be read. COMMAND_DONE, else what to return after it was said. On success the client is the caller's, to be
 * given to client_close. */
int client_open(const struct invocation *invocation, const char *directory, bool writes, struct client **ret_client);
/* As client_open without the token, and without a word when it fails. */
enum status client_open_quietly(const struct invocation *invocation, const char *directory,
                                struct client **ret_client, struct config_detail *ret_detail) MUST_USE;
/* The API at "http://HOST:PORT" without a directory; `token` (may be NULL) is a file with what to show there. As client_open; a
 * URL of another form is COMMAND_USAGE. */
int client_open_url(const struct invocation *invocation, const char *url, const char *token,
                    struct client **ret_client);
/* NULL is ignored. */
void client_close(struct client *client);
const struct node_config *client_config(const struct client *client);
/* The next calls report their uploads. NULL: no more. */
void client_set_progress(struct client *client, client_progress *progress, void *context);
/* How long one call may take, in seconds, instead of 60. */
void client_set_timeout(struct client *client, long seconds);

/* GET when `body.data` is NULL, else POST. `path` begins with '/'. STATUS_UNAVAILABLE: nobody answers there;
 * STATUS_TOO_LARGE; `ret_detail` says why. Any answer, also a refusal, is STATUS_OK; give it to reply_free. */
enum status client_call(struct client *client, const char *path, struct slice body, const char *content_type,
                        struct reply *ret_reply, struct config_detail *ret_detail) MUST_USE;
/* As client_call; whatever is not an answer with status 200 to 299 is said and returned as COMMAND_REFUSED, with
 * nothing left to free. */
int client_demand(struct client *client, const char *path, struct slice body, const char *content_type,
                  struct reply *ret_reply);
void reply_free(struct reply *reply);

/* The refusal's own words; stand-ins when the answer has none. */
const char *reply_error(const struct reply *reply);
const char *reply_detail(const struct reply *reply);

/* 32 hex digits, made lower case. COMMAND_DONE, or COMMAND_USAGE after saying so. */
enum { QUESTION_TEXT_BYTES = 33 };
int question_parse(const struct invocation *invocation, const char *text, char ret_question[QUESTION_TEXT_BYTES]);

/* The name of a family as it stands in a path (RFC 3986). COMMAND_DONE, or COMMAND_USAGE after saying so. */
enum { FAMILY_PATH_BYTES = 3 * FAMILY_BYTES_MAX + 1 };
int family_parse(const struct invocation *invocation, const char *text, char ret_path[FAMILY_PATH_BYTES]);

/* A text, an integer or a list of an answer; `otherwise`, 0 or NULL when it has none under this name. */
const char *reply_text(const json_t *json, const char *name, const char *otherwise);
long long reply_whole(const json_t *json, const char *name);

#endif
