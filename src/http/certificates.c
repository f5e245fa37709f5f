/* Certificates (docs/protocol.md 6): the files that prove a belief or a calibration offline, and which heights were
 * certified lately. */
#include <inttypes.h>

#include "http/render.h"
#include "http/state.h"

static void answer_file(struct request *request, struct slice file) {
    struct text text = {0};
    text_put(&text, file.data, file.bytes);
    answer_text(request, MHD_HTTP_OK, "text/plain; charset=utf-8", &text);
}

/* A certificate leads from the genesis on, so it needs the handover of every epoch that ended. */
void certificates_answer_failed(struct request *request, enum status status) {
    struct refusal refusal;
    uint64_t epoch;
    if (status != STATUS_NOT_FINAL || !proposals_lack_handover(request->http, &epoch)) {
        answer_status(request, status, NULL);
        return;
    }
    (void)refusal_say(&refusal, status,
                      "epoch %" PRIu64
                      " ended, and too few of its members have signed its last height so far: without "
                      "that nothing of the epochs after it can be certified",
                      epoch);
    answer_refusal(request, &refusal);
}

void certificates_handle_question(struct request *request) {
    const struct http_backend *backend = &request->http->backend;
    struct machine *machine = replica_machine(http_replica(request->http));
    struct slice file;
    uint64_t index;
    enum status status = machine_find_question(machine, &request->id, &index);
    if (status == STATUS_OK) status = backend->certificate(backend->context, index, &file);
    if (status == STATUS_NOT_FINAL && waiting_add(request, HTTP_READ_WAIT_MS)) return;
    if (status != STATUS_OK) {
        certificates_answer_failed(request, status);
        return;
    }
    answer_file(request, file);
}

/* The index of the family that the path names, once it is closed. */
static enum status find_closed(struct request *request, uint32_t *ret_index, struct refusal *ret_refusal) {
    const struct machine *machine = replica_machine(http_replica(request->http));
    struct machine_family family;
    enum status status = machine_find_family(machine, slice_of(request->family, request->family_bytes), ret_index);
    if (status == STATUS_OK) status = machine_family_at(machine, *ret_index, &family);
    if (status != STATUS_OK) return refusal_of(ret_refusal, status, NULL);
    if (family.record.bytes > 0) return STATUS_OK;
    return refusal_say(ret_refusal, STATUS_TOO_EARLY,
                       "the family is open: there is nothing to certify before it closes");
}

void certificates_handle_family(struct request *request) {
    const struct http_backend *backend = &request->http->backend;
    struct refusal refusal;
    struct slice file;
    uint32_t index;
    if (find_closed(request, &index, &refusal) != STATUS_OK) {
        answer_refusal(request, &refusal);
        return;
    }
    enum status status = backend->certificate_family(backend->context, index, &file);
    if (status == STATUS_NOT_FINAL && waiting_add(request, HTTP_READ_WAIT_MS)) return;
    if (status == STATUS_OK) {
        answer_file(request, file);
    } else {
        certificates_answer_failed(request, status);
    }
}

/* The list. A ledger keeps the newest certificate only, so what came before is known since the start. */

void certificates_note(struct http *http) {
    struct certified *certified = &http->certified;
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    if (replica_certified(http_replica(http), &checkpoint, signatures, &count) != STATUS_OK) return;
    certified->ring[certified->count % CERTIFIED_KEPT].checkpoint = checkpoint;
    certified->ring[certified->count % CERTIFIED_KEPT].signers = count;
    certified->count++;
}

static void put_checkpoint(struct text *text, const struct checkpoint *checkpoint, uint32_t signers) {
    text_format(text, "{\"height\": %" PRIu64 ", \"size\": %" PRIu64 ", \"root\": ", checkpoint->height,
                checkpoint->size);
    text_put_hex(text, checkpoint->root.bytes, HASH_BYTES);
    text_format(text, ", \"threshold\": \"%" PRIu32 "/%" PRIu32 "\", \"signers\": %" PRIu32 "}",
                checkpoint->threshold.numerator, checkpoint->threshold.denominator, signers);
}

/* Newest first; a cursor is the height that comes next. Heights that are not durable are left out. */
void certificates_handle_list(struct request *request) {
    const struct certified *certified = &request->http->certified;
    uint64_t highest = request->http->certified_height;
    struct cursor next = {0};
    struct text text = {0};
    uint64_t put = 0;
    if (request->from.major != 0 && request->from.major < highest) highest = request->from.major;
    text_format(&text, "{\"certified_height\": %" PRIu64 ", \"certificates\": [", request->http->certified_height);
    for (uint64_t i = certified->count; i > 0 && i + CERTIFIED_KEPT > certified->count; i--) {
        const struct checkpoint *checkpoint = &certified->ring[(i - 1) % CERTIFIED_KEPT].checkpoint;
        if (checkpoint->height > highest) continue;
        if (put == request->limit) {
            next.major = checkpoint->height;
            break;
        }
        if (put++ > 0) text_put_text(&text, ", ");
        put_checkpoint(&text, checkpoint, certified->ring[(i - 1) % CERTIFIED_KEPT].signers);
    }
    text_put_text(&text, "], \"next\": ");
    render_next(&text, &next, next.major != 0);
    text_put_text(&text, "}\n");
    answer_json(request, MHD_HTTP_OK, &text);
}
