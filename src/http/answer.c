/* Answers: what every response has in common. */
#include <stdlib.h>

#include "base/check.h"
#include "http/state.h"

static const char json_type[] = "application/json";
static char out_of_memory[] = "{\"error\": \"BUSY\", \"detail\": \"the answer does not fit in memory\"}\n";

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

void answer_refusal(struct request *request, const struct refusal *refusal) {
    struct text text = {0};
    refusal_put(&text, refusal);
    answer_json(request, refusal_code(refusal->status), &text);
}

void answer_status(struct request *request, enum status status, const char *what) {
    struct refusal refusal;
    (void)refusal_of(&refusal, status, what);
    answer_refusal(request, &refusal);
}

/* Takes the text over, also when it fails. */
static struct MHD_Response *response_of(struct request *request) {
    struct text *text = &request->text;
    if (text->failed) {
        text_free(text);
        request->code = MHD_HTTP_SERVICE_UNAVAILABLE;
        request->type = json_type;
        return MHD_create_response_from_buffer(sizeof out_of_memory - 1, out_of_memory, MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(text->bytes, text->data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) text_free(text);
    *text = (struct text){0};
    return response;
}

enum MHD_Result answer_send(struct request *request) {
    CHECK(request->is_answered);
    struct MHD_Response *response = response_of(request);
    if (response == NULL) return MHD_NO;
    bool is_good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->type) == MHD_YES &&
                   MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
                   MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
    if (request->code == MHD_HTTP_UNAUTHORIZED)
        is_good &= MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer") == MHD_YES;
    if (request->code == MHD_HTTP_SERVICE_UNAVAILABLE)
        is_good &= MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1") == MHD_YES;
    if (request->code / 100 <= 5) request->http->metrics.answers[request->code / 100]++;
    enum MHD_Result queued = MHD_NO;
    if (is_good) queued = MHD_queue_response(request->connection, request->code, response);
    MHD_destroy_response(response);
    return queued;
}
