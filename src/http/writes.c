/* Writes (docs/protocol.md 2): items go into the own lane, all of a request or none unless it says otherwise; the
 * answer waits until they are as safe as the client asked.
 *
 * Invariant: nothing is acknowledged that is not durable in the own lane. */
#include <inttypes.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "http/proposal.h"
#include "http/state.h"

static const form_take forms[ROUTES] = {
    [ROUTE_ASK] = form_take_ask,
    [ROUTE_EVIDENCE] = form_take_tell,
    [ROUTE_RETRACT] = form_take_retract,
    [ROUTE_CLOSE] = form_take_close,
};

/* Where more can be said than the status says for itself. */
static enum status refuse_item(const struct request *request, enum status status, struct refusal *ret_refusal) {
    static const struct {
        enum route_name route;
        enum status status;
        const char *sentence;
    } sentences[] = {
        {ROUTE_ASK, STATUS_NOT_ALLOWED,
         "the family belongs to the member that asked its first question: take another name"},
        {ROUTE_ASK, STATUS_FAMILY_CLOSED, "the family is already closed: take another name"},
        {ROUTE_CLOSE, STATUS_NOT_ALLOWED, "only the member that asked the question can close it"},
        {ROUTE_CLOSE_FAMILY, STATUS_NOT_ALLOWED, "only the member that asked its first question can close a family"},
        {ROUTE_REVEAL, STATUS_NOT_ALLOWED, "only the member that asked the question can reveal what it hides"},
        {ROUTE_REVEAL, STATUS_TOO_EARLY,
         "the question takes evidence still: it can be revealed once it has its verdict, or is closed"},
        {ROUTE_REVEAL, STATUS_EXPIRED, "too late: a question can be revealed for a week after its verdict"},
    };
    struct replica_status self;
    replica_status(http_replica(request->http), &self);
    if (status == STATUS_NOT_ALLOWED && !self.is_member)
        return refusal_say(ret_refusal, status,
                           "this member's key does not stand in the roster of epoch %" PRIu64 ": it tells nothing",
                           self.epoch);
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].route == request->route && sentences[i].status == status)
            return refusal_say(ret_refusal, status, "%s", sentences[i].sentence);
    }
    return refusal_of(ret_refusal, status, NULL);
}

/* Submitting. */

static void note_place(struct submission *s, struct told_place place) {
    bool is_first =
        !s->is_placed || place.seq < s->first_seq || (place.seq == s->first_seq && place.index < s->first_index);
    bool is_last = !s->is_placed || place.seq > s->seq || (place.seq == s->seq && place.index > s->index);
    if (is_first) {
        s->first_seq = place.seq;
        s->first_index = place.index;
    }
    if (is_last) {
        s->seq = place.seq;
        s->index = place.index;
    }
    s->is_placed = true;
}

static enum status submit_item(struct request *request, struct replica_time now, const struct draft *draft) {
    struct submission *s = &request->submission;
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    uint64_t seq;
    uint32_t index;
    item_put(&writer, &draft->item);
    TRY(writer_status(&writer));
    enum status status =
        replica_submit(http_replica(request->http), now, writer_slice(&writer), draft->content, &seq, &index);
    if (status != STATUS_OK) {
        /* What was not submitted may be a secret still: the salt of a reveal that came too early. */
        crypto_wipe(bytes, writer.bytes);
        return status;
    }
    s->accepted++;
    note_place(s, (struct told_place){seq, index});
    told_add(&request->http->told, &draft->item, writer_slice(&writer), (struct told_place){seq, index});
    return STATUS_OK;
}

/* What is refused for no other reason than that it was said before. */
static bool may_be_repeated(enum status why) {
    return why == STATUS_DUPLICATE_OBSERVATION || why == STATUS_UNKNOWN_OBSERVATION ||
           why == STATUS_QUESTION_CLOSED || why == STATUS_SEALED;
}

/* What stands there is void, and what was said instead is not executed yet. */
static bool is_said_again(const struct http *http, uint64_t seq) {
    struct replica_lane lane;
    replica_lane(http_replica(http), http->self, &lane);
    return seq >= http->again.first && seq <= http->again.last && lane.committed_seq < http->again.until;
}

/* A repetition is as good as the first time: then STATUS_OK. */
static enum status judge_repeated(struct request *request, const struct draft *draft, enum status why,
                                  struct refusal *ret_refusal) {
    struct submission *s = &request->submission;
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    struct told_place place;
    item_put(&writer, &draft->item);
    switch (told_find(&request->http->told, &draft->item, writer_slice(&writer), &place)) {
    case TOLD_SAME:
        if (is_said_again(request->http, place.seq))
            return refusal_say(ret_refusal, STATUS_BUSY,
                               "this member said it with its former key, and says it again with the new one");
        s->duplicates++;
        note_place(s, place);
        return STATUS_OK;
    case TOLD_OTHERWISE:
        return refusal_say(ret_refusal, why,
                           "this member told something else about this observation, in batch %" PRIu64
                           " of its lane, item %" PRIu32,
                           place.seq, place.index);
    case TOLD_RETRACTED:
        return refusal_say(ret_refusal, why,
                           "this observation was told and retracted: the same one is not told again");
    case TOLD_UNKNOWN: break;
    }
    if (recall_is_whole(request->http)) return refuse_item(request, why, ret_refusal);
    return refusal_say(ret_refusal, STATUS_BUSY, "%s; what it told before its start is still being read back",
                       status_text(why));
}

/* Until the end of the list (STATUS_NOT_FOUND) or the first item that is refused. */
static enum status submit_all(struct request *request, struct form_list *list, struct refusal *ret_refusal) {
    struct replica_time now = http_now(request->http);
    struct draft draft;
    draft.scratch = request->http->content;
    for (;;) {
        TRY(form_list_next(list, &draft, ret_refusal));
        enum status status = submit_item(request, now, &draft);
        if (may_be_repeated(status)) {
            TRY(judge_repeated(request, &draft, status, ret_refusal));
        } else if (status != STATUS_OK) {
            return refuse_item(request, status, ret_refusal);
        }
    }
}

static void told_backend(struct request *request) {
    struct http *http = request->http;
    http->metrics.items_repeated += request->submission.duplicates;
    if (request->submission.accepted == 0) return;
    http->metrics.items_accepted += request->submission.accepted;
    http->backend.submitted(http->backend.context);
}

static void answer_cut_short(struct request *request) {
    const struct submission *s = &request->submission;
    struct text text = {0};
    refusal_open(&text, &s->refusal, request->instance);
    text_format(&text, ", \"line\": %" PRIu64 ", \"index\": %" PRIu64 ", \"accepted\": %" PRIu64, s->line,
                s->position, s->accepted);
    text_format(&text, ", \"duplicates\": %" PRIu64 "}\n", s->duplicates);
    answer_problem(request, &s->refusal, &text);
}

/* A repetition may have nothing to wait for. */
static void await(struct request *request) {
    struct replica_lane lane;
    struct submission *s = &request->submission;
    replica_lane(http_replica(request->http), request->http->self, &lane);
    if (s->accepted == 0 && s->seq <= lane.committed_seq) {
        /* At this height or before. */
        s->is_executed = true;
        s->height = machine_height(replica_machine(http_replica(request->http)));
    }
    if (s->accepted == 0) writes_resume(request);
    if (request->is_answered || waiting_add(request, HTTP_WRITE_WAIT_MS)) return;
    answer_status(request, STATUS_UNAVAILABLE, "not durable yet");
}

static void submit_list(struct request *request) {
    struct submission *s = &request->submission;
    struct replica *replica = http_replica(request->http);
    struct replica_mark mark = replica_mark(replica);
    told_mark(&request->http->told);
    struct form_list list =
        form_list_of(request->body, request->body_bytes, forms[request->route], request->is_lines);
    enum status ended = submit_all(request, &list, &s->refusal);
    if (ended != STATUS_NOT_FOUND || !s->is_placed) {
        if (ended == STATUS_NOT_FOUND) (void)refusal_say(&s->refusal, STATUS_BAD_FORMAT, "the body holds no object");
        s->is_cut_short = true;
        s->line = list.line;
        s->position = list.index;
        if (request->is_atomic && s->accepted > 0) {
            replica_rewind(replica, mark);
            told_rewind(&request->http->told);
            s->accepted = 0;
        }
    }
    if (s->is_cut_short && s->accepted == 0) {
        answer_cut_short(request);
        return;
    }
    told_backend(request);
    await(request);
}

/* Questions. */

static bool find_question(struct request *request) {
    struct submission *s = &request->submission;
    struct machine *machine = replica_machine(http_replica(request->http));
    struct record_belief belief;
    uint64_t index;
    if (machine_find_question(machine, &s->question, &index) != STATUS_OK) return false;
    if (machine_belief_at(machine, index, &belief) != STATUS_OK) return false;
    s->is_executed = true;
    s->height = belief.height;
    return true;
}

static enum status submit_question(struct request *request, struct refusal *ret_refusal) {
    struct submission *s = &request->submission;
    struct json json = json_of(request->body, request->body_bytes);
    struct draft draft = {.scratch = NULL};
    uint8_t bytes[ITEM_BYTES_MAX];
    struct writer writer = writer_of(bytes, sizeof bytes);
    TRY(form_take_ask(&json, &draft, ret_refusal));
    if (json_end(&json) != STATUS_OK) return refusal_of(ret_refusal, STATUS_TRAILING_BYTES, "after the object");
    struct item_ask *ask = &draft.item.ask;
    request->http->backend.commit(request->http->backend.context, ask, draft.opening, &ask->commitment);
    item_put(&writer, &draft.item);
    CHECK(writer_status(&writer) == STATUS_OK);
    item_question_id(request->http->self, writer_slice(&writer), &s->question);
    s->existed = find_question(request);
    if (s->existed) return STATUS_OK;
    enum status status = submit_item(request, http_now(request->http), &draft);
    s->existed = status == STATUS_QUESTION_EXISTS; /* on its way already */
    return status == STATUS_OK || s->existed ? STATUS_OK : refuse_item(request, status, ret_refusal);
}

static void submit_one_question(struct request *request) {
    struct refusal refusal;
    if (submit_question(request, &refusal) != STATUS_OK) {
        answer_refusal(request, &refusal);
        return;
    }
    told_backend(request);
    writes_resume(request);
    if (request->is_answered || waiting_add(request, HTTP_WRITE_WAIT_MS)) return;
    answer_status(request, STATUS_UNAVAILABLE, "not durable yet");
}

/* Reveals and closing families: what the path names is all that they say. */

static bool is_blank(const struct request *request) {
    struct json json = json_of(request->body, request->body_bytes);
    return json_end(&json) == STATUS_OK;
}

/* When this member's key does not open it, execution's own reasons come first: it is another's question, or open
 * already. */
static enum status explain_closed(struct request *request, struct draft *draft, struct refusal *ret_refusal) {
    const struct machine *machine = replica_machine(http_replica(request->http));
    memset(draft->item.reveal.salt, 0, COMMITMENT_SALT_BYTES);
    draft->item.reveal.hypothesis = OPENING_ORDINARY;
    enum status status = machine_check_item(machine, request->http->self, &draft->item, slice_of(NULL, 0));
    if (status != STATUS_OK && status != STATUS_WRONG_OPENING) return refuse_item(request, status, ret_refusal);
    return refusal_say(ret_refusal, STATUS_WRONG_OPENING,
                       "this member's key does not open what the question hides: was it asked with another key?");
}

static enum status draft_reveal(struct request *request, struct draft *draft, struct refusal *ret_refusal) {
    const struct http_backend *backend = &request->http->backend;
    struct machine *machine = replica_machine(http_replica(request->http));
    struct record_belief belief;
    uint64_t index;
    draft->item.kind = ITEM_REVEAL;
    draft->item.reveal.question = request->id;
    if (machine_find_question(machine, &request->id, &index) != STATUS_OK ||
        machine_belief_at(machine, index, &belief) != STATUS_OK)
        return refusal_of(ret_refusal, STATUS_UNKNOWN_QUESTION, NULL);
    enum status status =
        backend->open(backend->context, &belief, draft->item.reveal.salt, &draft->item.reveal.hypothesis);
    return status == STATUS_OK ? STATUS_OK : explain_closed(request, draft, ret_refusal);
}

static enum status draft_close_family(struct request *request, struct draft *draft, struct refusal *ret_refusal) {
    draft->item.kind = ITEM_CLOSE_FAMILY;
    draft->item.close_family.family = slice_of(request->family, request->family_bytes);
    enum status status = item_valid(&draft->item);
    return status == STATUS_OK ? STATUS_OK : refusal_of(ret_refusal, status, "the name of the family");
}

static enum status submit_named(struct request *request, struct draft *draft, struct refusal *ret_refusal) {
    draft->content = slice_of(NULL, 0);
    if (!is_blank(request)) return refusal_say(ret_refusal, STATUS_TRAILING_BYTES, "no body is taken here");
    if (request->route == ROUTE_REVEAL) {
        TRY(draft_reveal(request, draft, ret_refusal));
    } else {
        TRY(draft_close_family(request, draft, ret_refusal));
    }
    enum status status = submit_item(request, http_now(request->http), draft);
    return status == STATUS_OK ? STATUS_OK : refuse_item(request, status, ret_refusal);
}

static void submit_one_named(struct request *request) {
    struct draft draft = {.scratch = NULL};
    struct refusal refusal;
    enum status status = submit_named(request, &draft, &refusal);
    /* A salt that was not submitted is a secret still. */
    crypto_wipe(&draft, sizeof draft);
    if (status != STATUS_OK) {
        answer_refusal(request, &refusal);
        return;
    }
    told_backend(request);
    if (!waiting_add(request, HTTP_WRITE_WAIT_MS)) answer_status(request, STATUS_UNAVAILABLE, "not durable yet");
}

/* Proposals. */

static enum status submit_proposal(struct request *request, struct refusal *ret_refusal) {
    struct draft draft = {.scratch = NULL};
    TRY(proposals_draft(request, &draft, ret_refusal));
    enum status status = submit_item(request, http_now(request->http), &draft);
    if (status == STATUS_OK) return STATUS_OK;
    if (status == STATUS_DUPLICATE && judge_repeated(request, &draft, status, ret_refusal) == STATUS_OK)
        return STATUS_OK;
    return proposal_explain(replica_roster(http_replica(request->http)), &draft.item.reconfigure, status,
                            ret_refusal);
}

static void submit_one_proposal(struct request *request) {
    struct refusal refusal;
    if (submit_proposal(request, &refusal) != STATUS_OK) {
        answer_refusal(request, &refusal);
        return;
    }
    told_backend(request);
    await(request);
}

void writes_handle(struct request *request) {
    const struct http *http = request->http;
    enum status why = STATUS_BUSY;
    if (http->waiting_count == HTTP_WAITING_MAX) {
        answer_status(request, STATUS_BUSY, NULL);
    } else if (!http->backend.accepting(http->backend.context, &why)) {
        answer_status(request, why, NULL);
    } else if (request->route == ROUTE_ASK) {
        submit_one_question(request);
    } else if (request->route == ROUTE_REVEAL || request->route == ROUTE_CLOSE_FAMILY) {
        submit_one_named(request);
    } else if (request->route == ROUTE_PROPOSE) {
        submit_one_proposal(request);
    } else {
        submit_list(request);
    }
}

/* Answering. */

static enum ack reached(const struct request *request) {
    const struct http *http = request->http;
    const struct submission *s = &request->submission;
    if (s->is_placed && http->durable_seq < s->seq) return ACK_NONE;
    if (!s->is_placed && !s->is_executed) return ACK_NONE;
    if (s->is_executed) return http->certified_height >= s->height ? ACK_FINAL : ACK_COMMITTED;
    return http->available_seq >= s->seq ? ACK_AVAILABLE : ACK_LOCAL;
}

static void put_ack(struct text *text, enum ack ack) {
    static const char *const names[] = {"none", "local", "available", "committed", "final"};
    text_format(text, ", \"ack\": \"%s\"", names[ack]);
}

static void put_refused(struct text *text, const struct submission *s) {
    text_format(text, ", \"refused\": %" PRIu64 ", \"refusals\": [", s->refused_count);
    for (uint64_t i = 0; i < s->refused_count && i < REFUSALS_NAMED; i++) {
        text_format(text, "%s{\"seq\": %" PRIu64 ", \"index\": %" PRIu32 ", \"error\": \"%s\"}", i > 0 ? ", " : "",
                    s->refused[i].seq, s->refused[i].index, status_name(s->refused[i].why));
    }
    text_put_text(text, "]");
}

/* Accepted, and safe as far as `ack` says: 202 when that is less than what was asked for. */
static void answer_list(struct request *request, enum ack ack) {
    const struct submission *s = &request->submission;
    struct text text = {0};
    unsigned code = ack >= request->ack ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED;
    struct refusal refusal;
    bool is_refused = s->refused_count > 0 && s->refused_count >= s->accepted + s->duplicates;
    if (is_refused) {
        (void)refusal_of(&refusal, s->refused[0].why, NULL);
        refusal_open(&text, &refusal, request->instance);
        text_put_text(&text, ", ");
    } else {
        text_put_text(&text, "{");
    }
    text_format(&text, "\"accepted\": %" PRIu64 ", \"duplicates\": %" PRIu64 ", \"duplicate\": %s", s->accepted,
                s->duplicates, s->accepted == 0 ? "true" : "false");
    text_format(&text, ", \"seq\": %" PRIu64 ", \"index\": %" PRIu32, s->seq, s->index);
    text_format(&text, ", \"first_seq\": %" PRIu64 ", \"first_index\": %" PRIu32, s->first_seq, s->first_index);
    put_ack(&text, ack);
    if (s->is_executed) put_refused(&text, s);
    text_put_text(&text, "}\n");
    if (is_refused) {
        answer_problem(request, &refusal, &text);
    } else {
        answer_json(request, code, &text);
    }
}

static void answer_question(struct request *request, enum ack ack) {
    const struct submission *s = &request->submission;
    struct text text = {0};
    unsigned code = s->existed ? MHD_HTTP_OK : MHD_HTTP_CREATED;
    text_put_text(&text, "{\"question\": ");
    text_put_hex(&text, s->question.bytes, QUESTION_ID_BYTES);
    if (s->accepted > 0) text_format(&text, ", \"seq\": %" PRIu64 ", \"index\": %" PRIu32, s->seq, s->index);
    put_ack(&text, ack);
    const char *existed = s->existed ? "true" : "false";
    text_format(&text, ", \"exists\": %s, \"duplicate\": %s}\n", existed, existed);
    answer_json(request, ack >= request->ack ? code : MHD_HTTP_ACCEPTED, &text);
}

static void answer_write(struct request *request, enum ack ack) {
    struct submission *s = &request->submission;
    if (ack == ACK_NONE) {
        answer_status(request, STATUS_UNAVAILABLE, "not durable yet");
    } else if (s->is_cut_short) {
        answer_cut_short(request);
    } else if (request->route == ROUTE_ASK) {
        answer_question(request, ack);
    } else {
        answer_list(request, ack);
    }
}

/* An ask that came twice before it was executed is refused the second time, and has what it wanted. */
static bool is_ask_refused(struct request *request) {
    struct submission *s = &request->submission;
    if (request->route != ROUTE_ASK || !s->is_executed || s->refused_count == 0) return false;
    s->existed = s->refused[0].why == STATUS_QUESTION_EXISTS;
    return !s->existed;
}

void writes_resume(struct request *request) {
    struct submission *s = &request->submission;
    if (s->existed && !s->is_executed) (void)find_question(request);
    if (s->is_void) {
        answer_status(request, STATUS_UNAVAILABLE, "this member has another key since: say the same again");
        return;
    }
    enum ack ack = reached(request);
    if (ack < request->ack && !request->is_late) return;
    if (is_ask_refused(request)) {
        answer_status(request, s->refused[0].why, NULL);
    } else {
        answer_write(request, ack);
    }
}
