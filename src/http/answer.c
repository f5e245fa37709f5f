/* Answers: what every response has in common. A refusal is a problem (RFC 9457). What is read carries the hash of its
 * bytes as its tag (RFC 9110, 8.8.3), so that a reader who has it already is told so in a few bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "http/state.h"

static const char json_type[] = "application/json";
static const char problem_type[] = "application/problem+json";
static char out_of_memory[] =
    "{\"type\": \"" REFUSAL_TYPE "BUSY\", \"title\": \"too much is waiting already, try again "
    "later\", \"status\": 503, \"detail\": \"the answer does not fit in memory\", \"error\": "
    "\"BUSY\"}\n";

void answer_text(struct request *request, unsigned code, const char *type, struct text *text) {
    CHECK(!request->is_answered);
    request->is_answered = true;
    request->code = code;
    request->type = type;
    request->text = *text;
    *text = (struct text){0};
}

void answer_json(struct request *request, unsigned code, struct text *text) {
    answer_text(request, code, json_type, text);
}

void answer_problem(struct request *request, const struct refusal *refusal, struct text *text) {
    answer_text(request, refusal_code_of(refusal), problem_type, text);
}

void answer_refusal(struct request *request, const struct refusal *refusal) {
    struct text text = {0};
    refusal_put(&text, refusal, request->instance);
    answer_problem(request, refusal, &text);
}

void answer_status(struct request *request, enum status status, const char *what) {
    struct refusal refusal;
    (void)refusal_of(&refusal, status, what);
    answer_refusal(request, &refusal);
}

void answer_ready(struct request *request, struct MHD_Response *response, const char *tag) {
    CHECK(!request->is_answered);
    request->is_answered = true;
    request->code = MHD_HTTP_OK;
    request->ready = response;
    (void)snprintf(request->tag, sizeof request->tag, "%s", tag);
}

/* Tags. */

/* What changes from moment to moment is not worth one. */
static bool is_tagged(const struct request *request) {
    static const bool untagged[ROUTES] = {[ROUTE_STATUS] = true,
                                          [ROUTE_METRICS] = true,
                                          [ROUTE_HEALTH] = true,
                                          [ROUTE_READY] = true,
                                          [ROUTE_EVENTS] = true};
    return request->code == MHD_HTTP_OK && request->is_routed && router_row(request->route)->role == ROLE_READ &&
           !untagged[request->route];
}

void answer_tag(struct slice text, char ret_tag[ANSWER_TAG_BYTES]) {
    struct hash hash;
    sha256_of(text, &hash);
    ret_tag[0] = '"';
    bytes_to_hex(hash.bytes, ANSWER_TAG_HASH_BYTES, ret_tag + 1);
    ret_tag[ANSWER_TAG_BYTES - 2] = '"';
    ret_tag[ANSWER_TAG_BYTES - 1] = '\0';
}

/* One of the tags in If-None-Match, weak or not (RFC 9110, 13.1.2), or any. */
static bool has_tag_already(const struct request *request) {
    const char *at = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (at == NULL) return false;
    if (strcmp(at, "*") == 0) return true;
    return strstr(at, request->tag) != NULL;
}

/* Headers. */

static bool add(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* A reader may keep what it read, but asks each time whether it still holds; nothing in between keeps it for others. */
static bool add_common(struct MHD_Response *response, const char *tag) {
    const char *cache = tag[0] != '\0' ? "private, no-cache" : "no-store";
    return add(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache) &&
           add(response, "X-Content-Type-Options", "nosniff") &&
           (tag[0] == '\0' || add(response, MHD_HTTP_HEADER_ETAG, tag));
}

struct MHD_Response *answer_response(struct text *text, const char *type, const char *tag) {
    struct MHD_Response *response = MHD_create_response_from_buffer(text->bytes, text->data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        text_free(text);
        return NULL;
    }
    *text = (struct text){0};
    const char *policy = page_policy(type);
    if (add(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) && add_common(response, tag) &&
        (policy == NULL || add(response, "Content-Security-Policy", policy)))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static struct MHD_Response *unchanged(struct request *request) {
    struct MHD_Response *response = MHD_create_response_from_buffer(0, out_of_memory, MHD_RESPMEM_PERSISTENT);
    request->code = MHD_HTTP_NOT_MODIFIED;
    if (response == NULL || add_common(response, request->tag)) return response;
    MHD_destroy_response(response);
    return NULL;
}

static struct MHD_Response *too_large(struct request *request) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof out_of_memory - 1, out_of_memory, MHD_RESPMEM_PERSISTENT);
    text_free(&request->text);
    request->code = MHD_HTTP_SERVICE_UNAVAILABLE;
    if (response == NULL || (add(response, MHD_HTTP_HEADER_CONTENT_TYPE, problem_type) && add_common(response, "")))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

/* What only some codes need: how to get in, and when to come again. */
static bool add_by_code(struct MHD_Response *response, const struct request *request) {
    unsigned code = request->code;
    if (code == MHD_HTTP_UNAUTHORIZED) return add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (code == MHD_HTTP_SERVICE_UNAVAILABLE || code == MHD_HTTP_TOO_MANY_REQUESTS || request->is_temporary)
        return add(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return true;
}

/* The response is the caller's to give back, but for one that is kept. */
static struct MHD_Response *response_of(struct request *request) {
    if (request->text.failed) return too_large(request);
    if (request->ready == NULL && is_tagged(request))
        answer_tag(slice_of(request->text.data, request->text.bytes), request->tag);
    if (request->tag[0] != '\0' && has_tag_already(request)) {
        text_free(&request->text);
        request->ready = NULL;
        return unchanged(request);
    }
    if (request->ready != NULL) return request->ready;
    return answer_response(&request->text, request->type, request->tag);
}

static enum MHD_Result queue(struct request *request, struct MHD_Response *response) {
    if (request->code / 100 <= 5) request->http->metrics.answers[request->code / 100]++;
    return MHD_queue_response(request->connection, request->code, response);
}

enum MHD_Result answer_send(struct request *request) {
    CHECK(request->is_answered);
    if (request->stream != NULL) {
        enum MHD_Result opened = queue(request, request->ready);
        MHD_destroy_response(request->ready);
        return opened;
    }
    struct MHD_Response *response = response_of(request);
    if (response == NULL) return MHD_NO;
    if (response == request->ready) return queue(request, response);
    enum MHD_Result queued = add_by_code(response, request) ? queue(request, response) : MHD_NO;
    MHD_destroy_response(response);
    return queued;
}
