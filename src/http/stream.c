/* Streams: clients that listen to the events of the ring (http/events.h), at GET /v1/events.
 *
 * A stream has no queue of its own: it knows the number of the event it gets next. One whose next event is overwritten
 * before it read it is ended, and one that a connection's buffers stop does not take any time. It is suspended while
 * there is nothing for it; what is published wakes streams in portions, so that ten thousand of them leave the loop
 * its turns. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/state.h"

/* A comment at least this often keeps what is between from closing the connection. */
enum { HEARTBEAT_MS = 15000 };
/* Woken in one go, and when the next portion is due. */
enum { WAKE_PORTION = 256, WAKE_EVERY_MS = 5 };
enum { BLOCK_BYTES = 4096 };

static const char heartbeat[] = ": still here\n\n";

/* What a stream begins with. */
enum { PRELUDE_BYTES = 256 };

struct stream {
    struct stream *next;
    struct stream *previous;
    struct request *request;
    uint64_t number; /* of the event that it gets next */
    uint32_t types;
    bool is_of_question;
    struct question_id question;
    bool is_suspended;
    bool was_idle; /* it had all there was, so it is not slow when it is overtaken */
    bool wants_heartbeat;
    uint64_t sent_ms;
    size_t offset; /* how much of the event, or of the prelude, it has got */
    size_t prelude_bytes;
    char prelude[PRELUDE_BYTES];
};

/* What comes next. */

static bool wants(const struct stream *stream, const struct event *event) {
    if ((stream->types >> event->type & 1) == 0) return false;
    bool is_about_one = event->type == TYPE_POSTERIOR || event->type == TYPE_VERDICT;
    return !stream->is_of_question || !is_about_one || question_id_equal(&stream->question, &event->question);
}

static bool is_overtaken(const struct stream *stream) {
    return stream->number < events_oldest(&stream->request->http->events);
}

/* Steps over what it does not want; empty when nothing is left. */
static struct slice next_event(struct stream *stream) {
    const struct events *events = &stream->request->http->events;
    while (stream->number <= events->published) {
        const struct event *event = events_at(events, stream->number);
        if (wants(stream, event) && !event->text.failed) return slice_of(event->text.data, event->text.bytes);
        stream->number++;
    }
    return slice_of(NULL, 0);
}

static bool has_something(struct stream *stream) {
    return stream->request->http->is_closing || stream->prelude_bytes > 0 || stream->wants_heartbeat ||
           is_overtaken(stream) || next_event(stream).bytes > 0;
}

/* One piece after the other, as far as there is room; a piece may go out in several calls. */
static size_t copy_piece(struct stream *stream, struct slice piece, char *buffer, size_t room, bool *ret_whole) {
    size_t left = piece.bytes - stream->offset;
    size_t bytes = left < room ? left : room;
    memcpy(buffer, piece.data + stream->offset, bytes);
    stream->offset += bytes;
    *ret_whole = stream->offset == piece.bytes;
    if (*ret_whole) stream->offset = 0;
    return bytes;
}

static size_t fill(struct stream *stream, char *buffer, size_t room) {
    size_t bytes = 0;
    bool is_whole = true;
    if (stream->prelude_bytes > 0) {
        bytes = copy_piece(stream, slice_of(stream->prelude, stream->prelude_bytes), buffer, room, &is_whole);
        if (is_whole) stream->prelude_bytes = 0;
    }
    while (is_whole && bytes < room) {
        struct slice event = next_event(stream);
        if (event.bytes == 0) break;
        bytes += copy_piece(stream, event, buffer + bytes, room - bytes, &is_whole);
        if (is_whole) stream->number++;
    }
    if (bytes == 0 && stream->wants_heartbeat)
        bytes = copy_piece(stream, slice_of_text(heartbeat), buffer, room, &is_whole);
    stream->wants_heartbeat = false;
    return bytes;
}

static void say_gap(struct stream *stream, const char *asked) {
    const struct events *events = &stream->request->http->events;
    char quoted[64];
    size_t bytes = 0;
    for (; *asked != '\0' && bytes < sizeof quoted - 1; asked++)
        if (strchr("0123456789abcdef-", *asked) != NULL) quoted[bytes++] = *asked;
    quoted[bytes] = '\0';
    int put = snprintf(stream->prelude, sizeof stream->prelude,
                       "retry: 1000\nid: %s-%" PRIu64
                       "\nevent: gap\ndata: {\"after\": \"%s\", \"next\": \"%s-%" PRIu64 "\"}\n\n",
                       events->boot, stream->number - 1, quoted, events->boot, stream->number);
    stream->prelude_bytes = (size_t)put;
}

/* So much happened at once that the ring went round while it waited: it learns that something is missing. */
static bool skip_lost(struct stream *stream) {
    const struct events *events = &stream->request->http->events;
    char last[64];
    if (!stream->was_idle || stream->offset > 0) return false;
    (void)snprintf(last, sizeof last, "%s-%" PRIu64, events->boot, stream->number - 1);
    stream->number = events_oldest(events);
    say_gap(stream, last);
    return true;
}

/* libmicrohttpd asks for more to send. */
static ssize_t read_stream(void *context, uint64_t position, char *buffer, size_t room) {
    struct stream *stream = context;
    struct http *http = stream->request->http;
    (void)position;
    if (http->is_closing) return MHD_CONTENT_READER_END_OF_STREAM;
    if (is_overtaken(stream) && !skip_lost(stream)) {
        http->metrics.streams_dropped++;
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t bytes = fill(stream, buffer, room);
    stream->was_idle = bytes == 0;
    if (bytes > 0) {
        stream->sent_ms = uv_now(http->loop);
        return (ssize_t)bytes;
    }
    stream->is_suspended = true;
    MHD_suspend_connection(stream->request->connection);
    return 0;
}

/* Waking. */

static void wake(struct stream *stream) {
    if (!stream->is_suspended || !has_something(stream)) return;
    stream->is_suspended = false;
    MHD_resume_connection(stream->request->connection);
}

static bool wake_portion(struct http *http) {
    struct streams *streams = &http->streams;
    bool is_any = false;
    for (int i = 0; i < WAKE_PORTION && streams->awake != NULL; i++) {
        struct stream *stream = streams->awake;
        streams->awake = stream->next;
        is_any |= stream->is_suspended;
        wake(stream);
    }
    return is_any;
}

void stream_publish(struct http *http) {
    if (events_publish(&http->events)) http->streams.is_behind = true;
}

/* The round that is under way goes to its end before the next one begins. */
bool stream_settle(struct http *http) {
    struct streams *streams = &http->streams;
    if (streams->awake == NULL && streams->is_behind) {
        streams->awake = streams->first;
        streams->is_behind = false;
    }
    return streams->awake != NULL && wake_portion(http);
}

uint64_t stream_patience_ms(const struct http *http) {
    const struct streams *streams = &http->streams;
    return streams->awake != NULL || (streams->is_behind && streams->first != NULL) ? WAKE_EVERY_MS : UINT64_MAX;
}

/* Those that wait too long for anything get a comment, and those that do not read while the ring goes round are ended:
 * a connection that takes nothing is not asked for more, so that it would not notice. */
void stream_sweep(struct http *http, uint64_t now_ms) {
    for (struct stream *stream = http->streams.first; stream != NULL; stream = stream->next) {
        if (!stream->is_suspended && is_overtaken(stream)) {
            http->metrics.streams_dropped++;
            guard_shut(&http->guard, stream->request->link);
        }
        if (!stream->is_suspended || now_ms - stream->sent_ms < HEARTBEAT_MS) continue;
        stream->wants_heartbeat = true;
        stream->sent_ms = now_ms;
        http->streams.is_behind = true;
    }
}

void stream_end_all(struct http *http) {
    for (struct stream *stream = http->streams.first; stream != NULL; stream = stream->next) wake(stream);
}

/* Beginning and ending. */

void stream_free(struct request *request) {
    struct stream *stream = request->stream;
    if (stream == NULL) return;
    struct streams *streams = &request->http->streams;
    if (streams->awake == stream) streams->awake = stream->next;
    if (stream->next != NULL) stream->next->previous = stream->previous;
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        streams->first = stream->next;
    }
    streams->count--;
    request->stream = NULL;
    free(stream);
}

/* Where it goes on: behind the event that the client says it had last, else with what happens from now on. */
static void find_beginning(struct stream *stream) {
    struct request *request = stream->request;
    const struct events *events = &request->http->events;
    const char *asked = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Last-Event-ID");
    uint64_t number;
    stream->number = events->published + 1;
    stream->prelude_bytes = (size_t)snprintf(stream->prelude, sizeof stream->prelude, "retry: 1000\n\n");
    if (asked == NULL) return;
    if (events_read_id(events, asked, &number) != STATUS_OK || number > events->published) {
        say_gap(stream, asked);
    } else if (number + 1 >= events_oldest(events)) {
        stream->number = number + 1;
    } else {
        stream->number = events_oldest(events);
        say_gap(stream, asked);
    }
}

static struct stream *begin(struct request *request) {
    struct streams *streams = &request->http->streams;
    struct stream *stream = calloc(1, sizeof *stream);
    CHECK(stream != NULL);
    stream->request = request;
    stream->types = request->types;
    stream->is_of_question = request->is_of_question;
    stream->question = request->id;
    stream->sent_ms = uv_now(request->http->loop);
    find_beginning(stream);
    stream->next = streams->first;
    if (streams->first != NULL) streams->first->previous = stream;
    streams->first = stream;
    streams->count++;
    request->stream = stream;
    return stream;
}

void stream_handle(struct request *request) {
    struct http *http = request->http;
    struct refusal refusal;
    if (http->streams.count >= http->streams.most || http->is_closing) {
        (void)refusal_say(&refusal, STATUS_BUSY, "%" PRIu32 " streams are open, and more are not served",
                          http->streams.count);
        answer_refusal(request, &refusal);
        return;
    }
    struct stream *stream = begin(request);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, stream, NULL);
    CHECK(response != NULL);
    bool is_good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream") == MHD_YES &&
                   MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
                   MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
                   MHD_add_response_header(response, "X-Accel-Buffering", "no") == MHD_YES;
    CHECK(is_good);
    answer_ready(request, response, "");
}
