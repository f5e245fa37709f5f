/* Reads (docs/protocol.md 6): the reader says how firm the answer must be. */
#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "http/render.h"
#include "http/state.h"

static bool is_ready(struct request *request, enum status *ret_why) {
    const struct http_backend *backend = &request->http->backend;
    struct replica_status status;
    replica_status(http_replica(request->http), &status);
    *ret_why = status.diverged ? STATUS_DIVERGED : STATUS_BUSY;
    return !status.diverged && !status.recovering && backend->accepting(backend->context, ret_why);
}

static void handle_health(struct request *request) {
    struct text text = {0};
    text_put_text(&text, "{\"healthy\": true}\n");
    answer_json(request, MHD_HTTP_OK, &text);
}

static void handle_ready(struct request *request) {
    struct text text = {0};
    struct refusal refusal;
    enum status why;
    if (is_ready(request, &why)) {
        text_put_text(&text, "{\"ready\": true}\n");
        answer_json(request, MHD_HTTP_OK, &text);
        return;
    }
    (void)refusal_of(&refusal, why, "not ready for submissions");
    refusal.code = MHD_HTTP_SERVICE_UNAVAILABLE;
    answer_refusal(request, &refusal);
}

static void handle_status(struct request *request) {
    struct text text = {0};
    struct http_kept kept = http_kept(request->http);
    render_status(&text, http_replica(request->http), http_now(request->http), http_disk(request->http), &kept);
    answer_json(request, MHD_HTTP_OK, &text);
}

static void handle_metrics(struct request *request) {
    struct http *http = request->http;
    struct text text = {0};
    http->metrics.waiting = http->waiting_count;
    http->metrics.body_bytes = http->bodies_bytes;
    http->metrics.disk = http_disk(http);
    http->metrics.connections = http->guard.count;
    http->metrics.connections_ended = http->guard.ended;
    http->metrics.requests_limited = http->guard.limited;
    http->metrics.streams = http->streams.count;
    metrics_put(&text, http_replica(http), http_now(http), &http->metrics);
    answer_text(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static void handle_questions(struct request *request) {
    struct replica *replica = http_replica(request->http);
    struct machine *machine = replica_machine(replica);
    uint64_t count = machine_questions_count(machine);
    uint64_t certified = request->http->certified_height;
    uint64_t at = request->from.major;
    struct record_belief belief;
    struct text text = {0};
    text_put_text(&text, "{\"questions\": [");
    for (uint64_t i = 0; i < request->limit && at < count; i++, at++) {
        if (machine_belief_at(machine, at, &belief) != STATUS_OK) break;
        if (i > 0) text_put_text(&text, ", ");
        render_belief(&text, &belief, render_finality(&belief, false, certified));
    }
    text_format(&text, "], \"total\": %" PRIu64 ", \"next\": ", count);
    render_next(&text, &(struct cursor){.major = at}, at < count);
    text_put_text(&text, "}\n");
    answer_json(request, MHD_HTTP_OK, &text);
}

static void handle_families(struct request *request) {
    struct text text = {0};
    render_families(&text, replica_machine(http_replica(request->http)), request->from.major, request->limit,
                    request->http->certified_height);
    answer_json(request, MHD_HTTP_OK, &text);
}

static void handle_family(struct request *request) {
    const struct machine *machine = replica_machine(http_replica(request->http));
    struct text text = {0};
    uint32_t index;
    enum status status = machine_find_family(machine, slice_of(request->family, request->family_bytes), &index);
    if (status != STATUS_OK) {
        answer_status(request, status, NULL);
        return;
    }
    render_family(&text, machine, index, request->from.major, request->limit, request->http->certified_height);
    answer_json(request, MHD_HTTP_OK, &text);
}

static void handle_members(struct request *request) {
    struct text text = {0};
    render_members(&text, http_replica(request->http), request->from.major, request->limit);
    answer_json(request, MHD_HTTP_OK, &text);
}

static void answer_committed(struct request *request, const struct record_belief *belief, enum finality finality) {
    struct text text = {0};
    render_belief(&text, belief, finality);
    text_put_text(&text, "\n");
    if (!cache_answer(request, &text)) answer_status(request, STATUS_BUSY, NULL);
}

static void answer_belief(struct request *request, const struct record_belief *belief, enum finality finality) {
    struct text text = {0};
    render_belief(&text, belief, finality);
    text_put_text(&text, "\n");
    answer_json(request, MHD_HTTP_OK, &text);
}

static enum status committed_belief(struct request *request, struct record_belief *ret_belief) {
    struct machine *machine = replica_machine(http_replica(request->http));
    uint64_t index;
    TRY(machine_find_question(machine, &request->id, &index));
    return machine_belief_at(machine, index, ret_belief);
}

static bool beliefs_equal(const struct record_belief *a, const struct record_belief *b) {
    uint8_t bytes[2][RECORD_BELIEF_BYTES_MAX];
    struct writer first = writer_of(bytes[0], RECORD_BELIEF_BYTES_MAX);
    struct writer second = writer_of(bytes[1], RECORD_BELIEF_BYTES_MAX);
    record_belief_put(&first, RECORD_QUESTION, a);
    record_belief_put(&second, RECORD_QUESTION, b);
    return slice_equal(writer_slice(&first), writer_slice(&second));
}

/* What only this member knows so far is local; when it adds nothing, the belief is as firm as the committed one. */
static void handle_local(struct request *request) {
    struct replica *replica = http_replica(request->http);
    struct record_belief local;
    struct record_belief committed;
    enum status status = replica_local_belief(replica, &request->id, &local);
    if (status != STATUS_OK) {
        answer_status(request, status, NULL);
        return;
    }
    bool is_local = committed_belief(request, &committed) != STATUS_OK || !beliefs_equal(&local, &committed);
    answer_belief(request, &local, render_finality(&local, is_local, request->http->certified_height));
}

/* The first few of those who have not signed: "; missing: m6, m7 and 3 more". Cut off where it does not fit. */
enum { NAMED_MAX = 4, NAMED_BYTES = 128 };

static void name_missing(const struct roster *roster, const struct member_set *signers, char ret_text[NAMED_BYTES]) {
    uint32_t missing = 0;
    size_t bytes = 0;
    ret_text[0] = '\0';
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m) || member_set_has(signers, m) || missing++ >= NAMED_MAX) continue;
        int put = snprintf(ret_text + bytes, NAMED_BYTES - bytes, "%s%s", missing == 1 ? "; missing: " : ", ",
                           roster->names[m]);
        bytes = num_min_size(bytes + (size_t)put, NAMED_BYTES - 1);
    }
    if (missing > NAMED_MAX)
        (void)snprintf(ret_text + bytes, NAMED_BYTES - bytes, " and %" PRIu32 " more", missing - NAMED_MAX);
}

/* Who wants a final answer and can't have one learns why, and what there is instead. */
static void answer_not_final(struct request *request, const struct record_belief *belief, uint64_t certified) {
    struct replica *replica = http_replica(request->http);
    struct replica_share share;
    struct text text = {0};
    char names[NAMED_BYTES];
    struct refusal refusal;
    replica_share(replica, belief->height, &share);
    name_missing(replica_roster(replica), &share.signers, names);
    (void)refusal_say(&refusal, STATUS_NOT_FINAL,
                      "%s: it changed at height %" PRIu64 ", certified is %" PRIu64 "; %" PRIu32 " of %" PRIu32
                      " members have signed, needed are %" PRIu32 " at the threshold %" PRIu32 "/%" PRIu32 "%s",
                      status_text(STATUS_NOT_FINAL), belief->height, certified, member_set_count(&share.signers),
                      roster_heads(replica_roster(replica)), share.needed, share.threshold.numerator,
                      share.threshold.denominator, names);
    refusal_open(&text, &refusal, request->instance);
    render_share_of_signers(&text, replica, belief, certified);
    text_put_text(&text, "}\n");
    answer_problem(request, &refusal, &text);
}

static void handle_question(struct request *request) {
    struct record_belief belief;
    if (request->read == READ_LOCAL) {
        handle_local(request);
        return;
    }
    /* Most reads end here. */
    const struct cached *cached = request->read == READ_COMMITTED ? cache_find(request->http, &request->id) : NULL;
    if (cached != NULL) {
        answer_ready(request, cached->response, cached->tag);
        return;
    }
    enum status status = committed_belief(request, &belief);
    if (status != STATUS_OK) {
        answer_status(request, status, NULL);
        return;
    }
    uint64_t certified = request->http->certified_height;
    enum finality finality = render_finality(&belief, false, certified);
    if (request->read == READ_COMMITTED || finality == FINALITY_FINAL) {
        answer_committed(request, &belief, finality);
    } else if (!waiting_add(request, HTTP_READ_WAIT_MS)) {
        answer_not_final(request, &belief, certified);
    }
}

void reads_handle(struct request *request) {
    static void (*const handlers[ROUTES])(struct request *) = {
        [ROUTE_QUESTIONS] = handle_questions,
        [ROUTE_QUESTION] = handle_question,
        [ROUTE_QUESTION_EVIDENCE] = history_handle_evidence,
        [ROUTE_CERTIFICATE] = certificates_handle_question,
        [ROUTE_FAMILY_CERTIFICATE] = certificates_handle_family,
        [ROUTE_CERTIFICATES] = certificates_handle_list,
        [ROUTE_STATUS] = handle_status,
        [ROUTE_PROOFS] = proofs_handle_list,
        [ROUTE_PROOF] = proofs_handle_one,
        [ROUTE_METRICS] = handle_metrics,
        [ROUTE_HEALTH] = handle_health,
        [ROUTE_READY] = handle_ready,
        [ROUTE_FAMILIES] = handle_families,
        [ROUTE_FAMILY] = handle_family,
        [ROUTE_MEMBERS] = handle_members,
        [ROUTE_LANES] = history_handle_lanes,
        [ROUTE_EVENTS] = stream_handle,
        [ROUTE_PROBLEM] = problems_handle,
        [ROUTE_GENESIS] = page_handle_genesis,
        [ROUTE_PAGE] = page_handle,
        [ROUTE_PAGE_FILE] = page_handle_file,
        [ROUTE_RECEIPT] = receipts_handle,
        [ROUTE_PROPOSALS] = proposals_handle_list,
        [ROUTE_HANDOVER] = proposals_handle_handover,
        [ROUTE_SNAPSHOT] = snapshots_handle_certificate,
        [ROUTE_SNAPSHOT_CHUNK] = snapshots_handle_chunk,
    };
    handlers[request->route](request);
}
