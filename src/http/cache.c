/* Answers that are kept ready: most reads ask for the committed belief of a question, again and again, and it changes
 * only when a height is executed or certified.
 *
 * Invariant: what is kept is what would be rendered now. */
#include "http/state.h"

static struct cached *slot_of(struct http *http, const struct question_id *id) {
    uint64_t number;
    memcpy(&number, id->bytes, sizeof number); /* ids are hashes: any of their bits will do */
    return &http->cache[number % CACHE_SLOTS];
}

static void drop(struct cached *cached) {
    if (cached->response != NULL) MHD_destroy_response(cached->response);
    cached->response = NULL;
}

struct cached *cache_find(struct http *http, const struct question_id *id) {
    struct cached *cached = slot_of(http, id);
    bool is_it = cached->response != NULL && question_id_equal(&cached->id, id) &&
                 cached->height == machine_height(replica_machine(http_replica(http))) &&
                 cached->certified_height == http->certified_height;
    return is_it ? cached : NULL;
}

bool cache_answer(struct request *request, struct text *text) {
    struct http *http = request->http;
    struct cached *cached = slot_of(http, &request->id);
    if (text->failed) {
        text_free(text);
        return false;
    }
    drop(cached);
    cached->id = request->id;
    cached->height = machine_height(replica_machine(http_replica(http)));
    cached->certified_height = http->certified_height;
    answer_tag(slice_of(text->data, text->bytes), cached->tag);
    cached->response = answer_response(text, "application/json", cached->tag);
    if (cached->response == NULL) return false;
    answer_ready(request, cached->response, cached->tag);
    return true;
}

void cache_free(struct http *http) {
    for (unsigned i = 0; i < CACHE_SLOTS; i++) drop(&http->cache[i]);
}
