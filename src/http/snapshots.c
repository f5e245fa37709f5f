/* Snapshots: reads which chunk is asked for, and hands out what the backend has. */
#include "http/snapshots.h"

#include <inttypes.h>

#include "http/state.h"

static enum status read_parts(struct slice key, struct snapshots_wanted *ret_wanted) {
    const uint8_t *slash = memchr(key.data, '/', key.bytes);
    if (slash == NULL) return STATUS_BAD_FORMAT;
    size_t before = (size_t)(slash - key.data);
    TRY(form_read_number(slice_of(key.data, before), INT64_MAX, &ret_wanted->height));
    TRY(form_read_number(slice_of(slash + 1, key.bytes - before - 1), INT64_MAX, &ret_wanted->index));
    return ret_wanted->height > 0 ? STATUS_OK : STATUS_BAD_FORMAT;
}

enum status snapshots_read(struct slice key, struct snapshots_wanted *ret_wanted, struct refusal *ret_refusal) {
    struct snapshots_wanted wanted;
    if (read_parts(key, &wanted) != STATUS_OK)
        return refusal_say(
            ret_refusal, STATUS_BAD_FORMAT,
            "a chunk is HEIGHT/CHUNK in numbers: the height of the snapshot, and which one, from 0 on");
    *ret_wanted = wanted;
    return STATUS_OK;
}

static void answer_bytes(struct request *request, const char *type, struct slice bytes) {
    struct text text = {0};
    text_put(&text, bytes.data, bytes.bytes);
    answer_text(request, MHD_HTTP_OK, type, &text);
}

void snapshots_handle_certificate(struct request *request) {
    const struct http_backend *backend = &request->http->backend;
    struct refusal refusal;
    struct slice file;
    enum status status = STATUS_NOT_FOUND;
    if (backend->snapshot != NULL) status = backend->snapshot(backend->context, &file);
    if (status == STATUS_NOT_FINAL && waiting_add(request, HTTP_READ_WAIT_MS)) return;
    if (status == STATUS_OK) {
        answer_bytes(request, "text/plain; charset=utf-8", file);
    } else if (status == STATUS_NOT_FOUND) {
        (void)refusal_say(&refusal, status, "no snapshot yet: no certified state names one that this member has");
        answer_refusal(request, &refusal);
    } else {
        certificates_answer_failed(request, status);
    }
}

void snapshots_handle_chunk(struct request *request) {
    const struct http_backend *backend = &request->http->backend;
    const struct snapshots_wanted *wanted = &request->chunk;
    struct refusal refusal;
    struct slice chunk;
    enum status status = STATUS_NOT_FOUND;
    if (backend->snapshot_chunk != NULL)
        status = backend->snapshot_chunk(backend->context, wanted->height, wanted->index, &chunk);
    if (status == STATUS_OK) {
        answer_bytes(request, "application/octet-stream", chunk);
    } else if (status == STATUS_NOT_FOUND) {
        (void)refusal_say(&refusal, status,
                          "no chunk %" PRIu64 " of a snapshot of height %" PRIu64
                          " is kept; GET /v1/snapshot says which one is",
                          wanted->index, wanted->height);
        answer_refusal(request, &refusal);
    } else {
        answer_status(request, status, NULL);
    }
}
