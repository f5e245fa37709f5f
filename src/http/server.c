/* The server: libmicrohttpd without threads, on the loop of its owner (http/http.h).
 *
 * Its epoll descriptor stands in the loop as one readable descriptor, its timeouts as one timer. A request is made on
 * the first call for it, gathers its body, is handled once when the body is complete, and is suspended while it
 * waits; libmicrohttpd calls again after it was resumed, and the answer is sent. */
#include "http/http.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/decimal.h"
#include "base/num.h"
#include "crypto/sha256.h"
#include "http/listen.h"
#include "http/state.h"

/* Of a connection: headers, and one read's worth of a body. */
enum { CONNECTION_BYTES = 32 * 1024 };
/* A refused body up to this size is read to its end, so that the client reads the answer instead of a broken
 * connection. */
enum { DISCARD_BYTES = 64 * 1024 };
enum { BODY_BYTES_FIRST = 16 * 1024 };
/* Runs of libmicrohttpd while closing: enough to write answers that fit the sockets' buffers. */
enum { PUMPS_AT_END = 4 };

struct replica *http_replica(const struct http *http) {
    return http->backend.replica(http->backend.context);
}

struct replica_time http_now(const struct http *http) {
    struct replica_time now;
    http->backend.now(http->backend.context, &now);
    return now;
}

enum http_disk http_disk(const struct http *http) {
    return http->backend.disk != NULL ? http->backend.disk(http->backend.context) : HTTP_DISK_ROOM;
}

struct http_kept http_kept(const struct http *http) {
    struct http_kept kept = {.from = 1};
    if (http->backend.kept != NULL) http->backend.kept(http->backend.context, &kept);
    return kept;
}

/* Bodies. */

static void free_body(struct request *request) {
    request->http->bodies_bytes -= request->body_capacity;
    free(request->body);
    request->body = NULL;
    request->body_bytes = request->body_capacity = 0;
}

static enum status reserve_body(struct request *request, size_t bytes) {
    struct http *http = request->http;
    if (bytes > http->body_bytes_max - request->body_bytes) return STATUS_TOO_LARGE;
    size_t wanted = request->body_bytes + bytes;
    if (wanted <= request->body_capacity) return STATUS_OK;
    size_t capacity = request->body_capacity == 0 ? BODY_BYTES_FIRST : 2 * request->body_capacity;
    while (capacity < wanted) capacity *= 2;
    if (capacity > http->body_bytes_max) capacity = http->body_bytes_max;
    size_t added = capacity - request->body_capacity;
    if (added > HTTP_BODIES_MAX * http->body_bytes_max - http->bodies_bytes) return STATUS_BUSY;
    uint8_t *body = realloc(request->body, capacity);
    if (body == NULL) return STATUS_BUSY;
    request->body = body;
    request->body_capacity = capacity;
    http->bodies_bytes += added;
    return STATUS_OK;
}

/* A piece of the body. MHD_NO breaks the connection: too much that nobody wants. */
static enum MHD_Result take_body(struct request *request, const char *data, size_t bytes) {
    struct refusal refusal;
    bool is_wanted = !request->is_answered && router_row(request->route)->role > ROLE_READ;
    if (is_wanted) {
        enum status status = reserve_body(request, bytes);
        if (status == STATUS_OK) {
            memcpy(request->body + request->body_bytes, data, bytes);
            request->body_bytes += bytes;
            return MHD_YES;
        }
        (void)refusal_say(&refusal, status,
                          "%s: a body has at most %zu bytes, and all of them together %d times that",
                          status_text(status), request->http->body_bytes_max, HTTP_BODIES_MAX);
        refusal.code = MHD_HTTP_CONTENT_TOO_LARGE;
        request->is_temporary = status == STATUS_BUSY;
        answer_refusal(request, &refusal);
        free_body(request);
    }
    request->discarded += bytes;
    return request->discarded <= DISCARD_BYTES + request->http->body_bytes_max ? MHD_YES : MHD_NO;
}

/* Requests. */

static bool announces_much(const struct request *request) {
    const char *text =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t length;
    return text != NULL && (decimal_parse(slice_of_text(text), 0, &length) != STATUS_OK || length > DISCARD_BYTES);
}

static struct link *link_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection, const char *path,
                             const char *method, void **ret_request) {
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) return MHD_NO;
    request->http = http;
    request->connection = connection;
    request->link = link_of(connection);
    *ret_request = request;
    guard_expect_body(&http->guard, request->link, uv_now(http->loop));
    arguments_read(request, method, path);
    return request->is_answered && announces_much(request) ? answer_send(request) : MHD_YES;
}

static void handle(struct request *request) {
    if (router_row(request->route)->role > ROLE_READ) {
        writes_handle(request);
        free_body(request);
    } else {
        reads_handle(request);
    }
    CHECK(request->is_answered != request->is_waiting);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *bytes,
                                  void **state) {
    struct request *request = *state;
    (void)version;
    if (request == NULL) return begin(context, connection, path, method, state);
    if (*bytes > 0) {
        size_t taken = *bytes;
        *bytes = 0;
        return take_body(request, data, taken);
    }
    guard_expect_nothing(&request->http->guard, request->link);
    if (!request->is_answered) handle(request);
    if (request->is_answered) return answer_send(request);
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static size_t unescape(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return router_unescape(text);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why) {
    struct request *request = *state;
    (void)context;
    (void)connection;
    (void)why;
    if (request == NULL) return;
    guard_expect_head(&request->http->guard, request->link, uv_now(request->http->loop));
    waiting_remove(request);
    stream_free(request);
    free_body(request);
    text_free(&request->text);
    free(request);
    *state = NULL;
}

/* Connections. */

static void on_connection(void *context, struct MHD_Connection *connection, void **link,
                          enum MHD_ConnectionNotificationCode code) {
    struct http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        guard_end(&http->guard, *link);
        *link = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *link = guard_begin(&http->guard, info != NULL ? info->connect_fd : -1, uv_now(http->loop));
}

/* The loop. */

/* Now and then, and soon again while there is something to be done in portions. */
enum { PULSE_MS = 1000, PULSE_SOON_MS = 1 };

static void on_pulse(uv_timer_t *timer) {
    struct http *http = timer->data;
    uint64_t now_ms = uv_now(http->loop);
    if (now_ms - http->swept_ms >= PULSE_MS) {
        http->swept_ms = now_ms;
        guard_sweep(&http->guard, now_ms);
        stream_sweep(http, now_ms);
    }
    bool is_more = recall_step(http);
    if (stream_settle(http)) http_pump(http);
    uint64_t wait_ms = is_more ? PULSE_SOON_MS : num_min_u64(stream_patience_ms(http), PULSE_MS);
    (void)uv_timer_start(&http->pulse, on_pulse, wait_ms, 0);
}

void http_hurry(struct http *http) {
    uint64_t wait_ms = stream_patience_ms(http);
    if (wait_ms < PULSE_MS && !http->is_closing) (void)uv_timer_start(&http->pulse, on_pulse, wait_ms, 0);
}

static void on_timer(uv_timer_t *timer) { http_pump(timer->data); }

/* When no descriptor is left libmicrohttpd takes its listener out of what it waits for. It puts it back in the first run
 * after a connection ended, and if that was the last one no event leads to that run. */
enum { RUN_EVERY_MS = 1000 };

void http_pump(struct http *http) {
    MHD_UNSIGNED_LONG_LONG wait_ms;
    (void)MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES) wait_ms = RUN_EVERY_MS;
    (void)uv_timer_start(&http->timer, on_timer, num_min_u64(wait_ms, RUN_EVERY_MS), 0);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    http_pump(poll->data);
}

static void on_prepare(uv_prepare_t *prepare) {
    struct http *http = prepare->data;
    if (waiting_settle(http)) http_pump(http);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct http *http = handle->data;
    if (--http->handles > 0) return;
    events_free(&http->events);
    told_free(&http->told);
    recall_free(http);
    cache_free(http);
    if (http->closed != NULL) http->closed(http->closed_context);
    free(http);
}

static void close_handle(struct http *http, uv_handle_t *handle) {
    handle->data = http;
    uv_close(handle, on_handle_closed);
}

/* Those that cannot fail to be opened. */
enum { HANDLES_CERTAIN = 4 };

static void close_handles(struct http *http) {
    close_handle(http, (uv_handle_t *)&http->timer);
    close_handle(http, (uv_handle_t *)&http->deadlines);
    close_handle(http, (uv_handle_t *)&http->prepare);
    close_handle(http, (uv_handle_t *)&http->pulse);
    if (http->handles > HANDLES_CERTAIN) close_handle(http, (uv_handle_t *)&http->poll);
}

/* Opening. */

static struct MHD_Daemon *start_daemon(struct http *http, int listener) {
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, listener,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, http, MHD_OPTION_CONNECTION_LIMIT, http->guard.most,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)CONNECTION_BYTES, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* The handles that cannot fail come first, so that closing needs to know of the last alone. */
static bool open_handles(struct http *http) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(http->loop, &http->poll, info->epoll_fd) != 0) return false;
    http->handles++;
    return uv_poll_start(&http->poll, UV_READABLE, on_readable) == 0 &&
           uv_prepare_start(&http->prepare, on_prepare) == 0 &&
           uv_timer_start(&http->pulse, on_pulse, PULSE_SOON_MS, 0) == 0;
}

static void init_handles(struct http *http) {
    int failed = uv_timer_init(http->loop, &http->timer) | uv_timer_init(http->loop, &http->deadlines) |
                 uv_prepare_init(http->loop, &http->prepare) | uv_timer_init(http->loop, &http->pulse);
    CHECK(failed == 0); /* libuv documents no failure of these */
    http->timer.data = http->deadlines.data = http->prepare.data = http->poll.data = http->pulse.data = http;
    http->handles = HANDLES_CERTAIN;
}

static void set_tokens(struct http *http, const struct http_config *config) {
    const char *const tokens[] = {
        [ROLE_READ] = config->token_read, [ROLE_WRITE] = config->token_write, [ROLE_ADMIN] = config->token};
    for (unsigned role = ROLE_READ; role <= ROLE_ADMIN; role++) {
        http->has_token[role] = tokens[role] != NULL && tokens[role][0] != '\0';
        if (http->has_token[role]) sha256_of(slice_of_text(tokens[role]), &http->tokens[role]);
    }
}

/* A process may open more files than it is given at first, up to a limit that is not its own to set. */
static uint64_t files_of_process(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    rlim_t wanted = HTTP_STREAMS_MAX + HTTP_CONNECTIONS_MAX + HTTP_FILES_SPARED;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    }
    return limit.rlim_cur;
}

/* Connections that are no streams come first, so that no number of streams keeps a request out. */
static void set_limits(struct http *http, const struct http_config *config) {
    uint64_t files = files_of_process();
    uint64_t connections = files > HTTP_FILES_SPARED ? files - HTTP_FILES_SPARED : files / 2;
    uint64_t streams = connections > HTTP_CONNECTIONS_MAX ? connections - HTTP_CONNECTIONS_MAX : connections / 4;
    http->streams.most = (uint32_t)num_min_u64(streams, HTTP_STREAMS_MAX);
    connections = num_min_u64(connections, (uint64_t)HTTP_CONNECTIONS_MAX + http->streams.most);
    guard_init(&http->guard, (uint32_t)connections, config->requests_per_second);
}

static struct http *make(const struct http_config *config) {
    struct http *http = calloc(1, sizeof *http);
    struct replica_status status;
    if (http == NULL) return NULL;
    http->loop = config->loop;
    http->backend = *config->backend;
    http->body_bytes_max = config->body_bytes_max != 0 ? config->body_bytes_max : HTTP_BODY_BYTES_MAX;
    set_tokens(http, config);
    replica_status(http_replica(http), &status);
    http->self = status.self;
    http->certified_height = status.certified_height; /* nothing ran yet: it is from the ledger */
    set_limits(http, config);
    events_init(&http->events, http_replica(http), http_now(http).wall_us);
    certificates_note(http);
    recall_start(http);
    return http;
}

enum status http_open(const struct http_config *config, struct http **ret_http, char *ret_detail,
                      size_t detail_bytes) {
    int listener;
    uint16_t port;
    if (config->loop == NULL || config->backend == NULL || config->token == NULL || config->token[0] == '\0') {
        (void)snprintf(ret_detail, detail_bytes, "the API needs a loop, a member and a token");
        return STATUS_BAD_VALUE;
    }
    const char *host = config->host != NULL ? config->host : "127.0.0.1";
    TRY(listen_open(host, config->port, &listener, &port, ret_detail, detail_bytes));
    struct http *http = make(config);
    CHECK(http != NULL);
    http->port = port;
    init_handles(http);
    http->daemon = start_daemon(http, listener);
    if (http->daemon == NULL || !open_handles(http)) {
        (void)snprintf(ret_detail, detail_bytes, "the HTTP server cannot be started on port %u of %s", port, host);
        if (http->daemon != NULL) MHD_stop_daemon(http->daemon);
        close_handles(http);
        return STATUS_IO;
    }
    *ret_http = http;
    return STATUS_OK;
}

enum status http_reconfigure(struct http *http, const struct http_config *config) {
    if (config->token == NULL || config->token[0] == '\0') return STATUS_BAD_VALUE;
    set_tokens(http, config);
    http->guard.requests_per_second = config->requests_per_second;
    return STATUS_OK;
}

uint16_t http_port(const struct http *http) { return http->port; }

void http_close(struct http *http, void (*closed)(void *context), void *context) {
    http->is_closing = true;
    http->closed = closed;
    http->closed_context = context;
    waiting_end(http);
    stream_end_all(http);
    for (int i = 0; i < PUMPS_AT_END; i++) (void)MHD_run(http->daemon);
    (void)uv_poll_stop(&http->poll);
    MHD_stop_daemon(http->daemon);
    close_handles(http);
}
