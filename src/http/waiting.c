/* Requests that wait for news. Invariant: a request is suspended exactly while it is in the list, and the list never
 * holds more than HTTP_WAITING_MAX. */
#include "base/check.h"
#include "http/state.h"

enum { DEADLINES_EVERY_MS = 50 };

static void on_deadlines(uv_timer_t *timer) {
    struct http *http = timer->data;
    uint64_t now_ms = uv_now(http->loop);
    for (struct request *request = http->waiting; request != NULL; request = request->next) {
        if (request->deadline_ms > now_ms) continue;
        request->is_late = true;
        http->has_news = true;
    }
}

bool waiting_add(struct request *request, uint64_t wait_ms) {
    struct http *http = request->http;
    if (request->is_waiting) return !request->is_late;
    if (request->is_late || http->is_closing || http->waiting_count == HTTP_WAITING_MAX) return false;
    if (http->waiting_count == 0) {
        int started = uv_timer_start(&http->deadlines, on_deadlines, DEADLINES_EVERY_MS, DEADLINES_EVERY_MS);
        CHECK(started == 0);
    }
    request->is_waiting = true;
    request->deadline_ms = uv_now(http->loop) + wait_ms;
    request->previous = NULL;
    request->next = http->waiting;
    if (http->waiting != NULL) http->waiting->previous = request;
    http->waiting = request;
    http->waiting_count++;
    return true;
}

void waiting_remove(struct request *request) {
    struct http *http = request->http;
    if (!request->is_waiting) return;
    if (request->next != NULL) request->next->previous = request->previous;
    if (request->previous != NULL) {
        request->previous->next = request->next;
    } else {
        http->waiting = request->next;
    }
    request->is_waiting = false;
    http->waiting_count--;
    if (http->waiting_count == 0) (void)uv_timer_stop(&http->deadlines);
}

/* Reads wait for certificates alone. */
static void look_again(struct request *request, bool has_certified) {
    if (router_row(request->route)->role > ROLE_READ) {
        writes_resume(request);
    } else if (has_certified || request->is_late) {
        reads_handle(request);
    }
}

bool waiting_settle(struct http *http) {
    bool has_certified = http->has_certified;
    bool is_any_ready = false;
    if (!http->has_news) return false;
    http->has_news = http->has_certified = false;
    for (struct request *request = http->waiting, *next; request != NULL; request = next) {
        next = request->next;
        look_again(request, has_certified);
        if (!request->is_answered) continue;
        waiting_remove(request);
        MHD_resume_connection(request->connection);
        is_any_ready = true;
    }
    return is_any_ready;
}

void waiting_end(struct http *http) {
    for (struct request *request = http->waiting; request != NULL; request = request->next) request->is_late = true;
    http->has_news = true;
    (void)waiting_settle(http);
    CHECK(http->waiting_count == 0);
}

/* Events are only noted: what an answer says, and whether it may be given yet, depends on all that one step did. */
static void note_refused(struct http *http, const struct replica_event *event) {
    for (struct request *request = http->waiting; request != NULL; request = request->next) {
        struct submission *s = &request->submission;
        if (!s->is_placed || event->seq < s->first_seq || event->seq > s->seq) continue;
        if (event->seq == s->first_seq && event->item < s->first_index) continue;
        if (event->seq == s->seq && event->item > s->index) continue;
        if (s->refused_count < REFUSALS_NAMED) {
            s->refused[s->refused_count].seq = event->seq;
            s->refused[s->refused_count].index = event->item;
            s->refused[s->refused_count].why = event->status;
        }
        s->refused_count++;
    }
}

/* The first event at or behind the last item tells its height. */
static void note_executed(struct http *http, const struct replica_event *event) {
    if (event->seq > http->executed_seq) http->executed_seq = event->seq;
    http->executed_height = event->height;
    for (struct request *request = http->waiting; request != NULL; request = request->next) {
        struct submission *s = &request->submission;
        if (!s->is_placed || s->is_executed || event->seq < s->seq) continue;
        s->is_executed = true;
        s->height = event->height;
    }
}

/* Another key: the lane of the former one ends with what was executed of it. A request that waits for more is told to
 * ask again, for what it said is said again elsewhere in the lane. */
static void note_epoch(struct http *http) {
    struct replica_lane lane;
    replica_lane(http_replica(http), http->self, &lane);
    if (seq_epoch(lane.tip.seq) == seq_epoch(http->durable_seq)) return;
    http->again.first = http->executed_seq + 1;
    http->again.last = seq_base(seq_epoch(lane.tip.seq));
    http->again.until = UINT64_MAX;
    for (struct request *request = http->waiting; request != NULL; request = request->next) {
        struct submission *s = &request->submission;
        s->is_void = s->is_placed && !s->is_executed && s->seq <= http->again.last;
    }
}

void http_on_event(struct http *http, const struct replica_event *event) {
    events_take(&http->events, http_replica(http), event);
    switch (event->kind) {
    case EVENT_CERTIFIED: certificates_note(http); return; /* http_committed brings the news */
    case EVENT_BATCH_AVAILABLE:
        if (event->seq > http->available_seq) http->available_seq = event->seq;
        break;
    case EVENT_BATCH_EXECUTED: note_executed(http, event); break;
    case EVENT_REFUSED:
        if (event->member != http->self) break;
        told_refused(&http->told, (struct told_place){event->seq, event->item});
        note_refused(http, event);
        break;
    case EVENT_EPOCH: note_epoch(http); break;
    default: return;
    }
    http->has_news = true;
}

void http_committed(struct http *http, uint64_t own_seq) {
    struct replica_status status;
    replica_status(http_replica(http), &status);
    if (own_seq > http->durable_seq) {
        http->durable_seq = own_seq;
        http->has_news = true;
    }
    if (http->again.until == UINT64_MAX && own_seq >= http->again.last) http->again.until = own_seq;
    if (status.certified_height > http->certified_height) {
        http->certified_height = status.certified_height;
        http->has_news = http->has_certified = true;
    }
    stream_publish(http);
    bool has_streams = stream_settle(http);
    http_hurry(http);
    /* Resumed connections are only served by a run of the daemon; the loop may wait long before it would run by itself. */
    if (waiting_settle(http) || has_streams) http_pump(http);
}
