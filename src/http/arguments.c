/* What a request says before its body: route, arguments, who asks. Everything here is judged before a byte of the
 * body is kept. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "base/decimal.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "http/state.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000, PAGE_LANES = 16 };

/* Who asks. */

/* Compared with each, whichever it is. False: there is no token, or it is none of this member's. */
static bool find_role(const struct request *request, enum role *ret_role) {
    static const char scheme[] = "Bearer ";
    const struct http *http = request->http;
    const char *given =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    struct hash hash;
    bool is_found = false;
    if (given == NULL || strncasecmp(given, scheme, sizeof scheme - 1) != 0) return false;
    sha256_of(slice_of_text(given + sizeof scheme - 1), &hash);
    for (unsigned role = ROLE_READ; role <= ROLE_ADMIN; role++) {
        bool is_it = crypto_equal(hash.bytes, http->tokens[role].bytes, HASH_BYTES) && http->has_token[role];
        if (is_it) *ret_role = (enum role)role;
        is_found |= is_it;
    }
    return is_found;
}

/* NULL when it is not known. */
static const struct sockaddr *address_of(const struct request *request) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL ? info->client_addr : NULL;
}

static bool is_from_here(const struct request *request) {
    const struct sockaddr *address = address_of(request);
    if (address == NULL) return false;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    if (address->sa_family != AF_INET6) return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* A web page of a stranger's can make a browser on this machine ask here under a name of the stranger's. So requests
 * without a token are answered only when they name this machine by number or as localhost. */
static bool names_this_machine(const struct request *request) {
    const char *host = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (host == NULL || host[0] == '[') return true;
    size_t bytes = strcspn(host, ":");
    if (bytes == strlen("localhost") && strncasecmp(host, "localhost", bytes) == 0) return true;
    return bytes > 0 && strspn(host, "0123456789.") >= bytes;
}

static enum status check_caller(const struct request *request, struct refusal *ret_refusal) {
    const struct route *route = router_row(request->route);
    enum role role = ROLE_READ;
    if (route->is_open) return STATUS_OK;
    if (find_role(request, &role)) {
        if (role >= route->role) return STATUS_OK;
        return refusal_say(ret_refusal, STATUS_NOT_ALLOWED, "this token is for %s, and %s is needed",
                           role == ROLE_READ ? "reading" : "writing",
                           route->role == ROLE_WRITE ? "one for writing" : "the one for administration");
    }
    if (route->role > ROLE_READ || !is_from_here(request)) return refusal_of(ret_refusal, STATUS_UNAUTHORIZED, NULL);
    if (names_this_machine(request)) return STATUS_OK;
    return refusal_say(ret_refusal, STATUS_NOT_ALLOWED, "without a token the host must be localhost or an address");
}

static enum status check_rate(const struct request *request, struct refusal *ret_refusal) {
    struct http *http = request->http;
    bool is_admitted = guard_admits(&http->guard, address_of(request), is_from_here(request), uv_now(http->loop));
    return is_admitted ? STATUS_OK : refusal_of(ret_refusal, STATUS_TOO_OFTEN, NULL);
}

/* Arguments. */

static enum status read_word(const char *value, const char *const *words, unsigned count, unsigned *ret_word) {
    for (unsigned i = 0; i < count; i++) {
        if (words[i] == NULL || strcmp(value, words[i]) != 0) continue;
        *ret_word = i;
        return STATUS_OK;
    }
    return STATUS_BAD_VALUE;
}

static enum status read_ack(struct request *request, const char *value) {
    static const char *const words[] = {
        [ACK_LOCAL] = "local", [ACK_AVAILABLE] = "available", [ACK_COMMITTED] = "committed", [ACK_FINAL] = "final"};
    unsigned word;
    TRY(read_word(value, words, sizeof words / sizeof words[0], &word));
    request->ack = (enum ack)word;
    return STATUS_OK;
}

static enum status read_read(struct request *request, const char *value) {
    static const char *const words[] = {
        [READ_LOCAL] = "local", [READ_COMMITTED] = "committed", [READ_FINAL] = "final"};
    unsigned word;
    TRY(read_word(value, words, sizeof words / sizeof words[0], &word));
    request->read = (enum read)word;
    return STATUS_OK;
}

static enum status read_atomic(struct request *request, const char *value) {
    static const char *const words[] = {"false", "true"};
    unsigned word;
    TRY(read_word(value, words, sizeof words / sizeof words[0], &word));
    request->is_atomic = word == 1;
    return STATUS_OK;
}

static enum status read_count(const char *value, uint64_t most, uint64_t *ret_count) {
    int64_t count;
    TRY(decimal_parse(slice_of_text(value), 0, &count));
    if (count < 0 || (uint64_t)count > most) return STATUS_BAD_VALUE;
    *ret_count = (uint64_t)count;
    return STATUS_OK;
}

static enum status read_from(struct request *request, const char *value) {
    return read_count(value, INT64_MAX, &request->from.major);
}

static enum status read_cursor(struct request *request, const char *value) {
    return cursor_read(value, &request->from);
}

static enum status read_types(struct request *request, const char *value) {
    return events_read_types(value, &request->types);
}

static enum status read_question(struct request *request, const char *value) {
    request->is_of_question = true;
    return form_read_question(slice_of_text(value), &request->id);
}

static enum status read_limit(struct request *request, const char *value) {
    TRY(read_count(value, request->route == ROUTE_LANES ? HISTORY_BATCHES_MAX : PAGE_MAX, &request->limit));
    return request->limit > 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

static const struct {
    const char *name;
    enum status (*read)(struct request *request, const char *value);
} arguments[] = {
    {"ack", read_ack},     {"read", read_read},     {"atomic", read_atomic}, {"from", read_from},
    {"limit", read_limit}, {"cursor", read_cursor}, {"types", read_types},   {"question", read_question},
};

struct reading {
    struct request *request;
    struct refusal *refusal;
    enum status status;
};

static enum MHD_Result read_argument(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct reading *reading = context;
    (void)kind;
    if (!router_takes(reading->request->route, name)) {
        reading->status = refusal_say(reading->refusal, STATUS_BAD_VALUE, "%.40s: there is no such argument", name);
        return MHD_NO;
    }
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        if (strcmp(name, arguments[i].name) != 0) continue;
        enum status status = arguments[i].read(reading->request, value == NULL ? "" : value);
        if (status == STATUS_OK) return MHD_YES;
        reading->status = refusal_of(reading->refusal, status, name);
    }
    return MHD_NO;
}

/* What is said once, and looked at right afterwards. */
static bool is_single(enum route_name route) {
    return route == ROUTE_ASK || route == ROUTE_REVEAL || route == ROUTE_CLOSE_FAMILY || route == ROUTE_PROPOSE;
}

/* Who does not say otherwise gets all members and proofs at once: there are few. */
static uint64_t page_of(enum route_name route) {
    if (route == ROUTE_LANES) return PAGE_LANES;
    return route == ROUTE_MEMBERS || route == ROUTE_PROOFS ? PAGE_MAX : PAGE_DEFAULT;
}

static enum status read_arguments(struct request *request, struct refusal *ret_refusal) {
    struct reading reading = {request, ret_refusal, STATUS_OK};
    request->ack = is_single(request->route) ? ACK_COMMITTED : ACK_LOCAL;
    request->read = READ_COMMITTED;
    request->is_atomic = true;
    request->limit = page_of(request->route);
    request->types = EVENT_TYPES_ALL;
    (void)MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, read_argument, &reading);
    return reading.status;
}

/* The body that is announced. */

static enum status check_length(const struct request *request, struct refusal *ret_refusal) {
    const char *text =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    size_t most = request->http->body_bytes_max;
    int64_t length;
    if (text == NULL) return STATUS_OK;
    if (decimal_parse(slice_of_text(text), 0, &length) == STATUS_OK && length >= 0 && (uint64_t)length <= most)
        return STATUS_OK;
    return refusal_say(ret_refusal, STATUS_TOO_LARGE, "a body has at most %zu bytes", most);
}

static bool is_json_lines(const char *type) {
    static const char *const types[] = {"application/x-ndjson", "application/jsonl", "application/x-jsonlines",
                                        "application/jsonlines"};
    for (size_t i = 0; type != NULL && i < sizeof types / sizeof types[0]; i++) {
        size_t bytes = strlen(types[i]);
        if (strncasecmp(type, types[i], bytes) == 0 && (type[bytes] == '\0' || strchr("; \t", type[bytes]) != NULL))
            return true;
    }
    return false;
}

/* "2-0". */
static enum status read_proof(struct slice key, struct request *request) {
    const uint8_t *hyphen = memchr(key.data, '-', key.bytes);
    int64_t member, proof;
    if (hyphen == NULL) return STATUS_BAD_FORMAT;
    size_t before = (size_t)(hyphen - key.data);
    TRY(decimal_parse(slice_of(key.data, before), 0, &member));
    TRY(decimal_parse(slice_of(hyphen + 1, key.bytes - before - 1), 0, &proof));
    if (member < 0 || member >= MEMBERS_MAX || proof < 0 || proof >= PROOFS_PER_MEMBER_MAX) return STATUS_BAD_VALUE;
    request->member = (uint32_t)member;
    request->proof = (uint32_t)proof;
    return STATUS_OK;
}

static enum status read_epoch(struct slice key, uint64_t *ret_epoch) {
    int64_t epoch;
    TRY(decimal_parse(key, 0, &epoch));
    if (epoch < 0) return STATUS_BAD_VALUE;
    *ret_epoch = (uint64_t)epoch;
    return STATUS_OK;
}

static enum status read_key(struct request *request, struct slice key, struct refusal *ret_refusal) {
    switch (router_row(request->route)->key) {
    case KEY_NONE: return STATUS_OK;
    case KEY_QUESTION:
        if (form_read_question(key, &request->id) == STATUS_OK) return STATUS_OK;
        return refusal_say(ret_refusal, STATUS_BAD_FORMAT, "the id of a question is 32 hexadecimal digits");
    case KEY_FAMILY:
        if (key.bytes > FAMILY_BYTES_MAX)
            return refusal_say(ret_refusal, STATUS_TOO_LARGE, "the name of a family has at most %d bytes",
                               FAMILY_BYTES_MAX);
        memcpy(request->family, key.data, key.bytes);
        request->family_bytes = (uint32_t)key.bytes;
        return STATUS_OK;
    case KEY_PROOF:
        if (read_proof(key, request) == STATUS_OK) return STATUS_OK;
        return refusal_say(ret_refusal, STATUS_BAD_FORMAT,
                           "the id of a proof is the number of a member, a hyphen, and the number of the proof");
    case KEY_PROBLEM:
        if (refusal_find(key, &request->problem) == STATUS_OK) return STATUS_OK;
        return refusal_say(ret_refusal, STATUS_NOT_FOUND, "no refusal has this name");
    case KEY_EPOCH:
        if (read_epoch(key, &request->epoch) == STATUS_OK) return STATUS_OK;
        return refusal_say(ret_refusal, STATUS_BAD_FORMAT, "an epoch is a number from 0 on");
    case KEY_CHUNK: return snapshots_read(key, &request->chunk, ret_refusal);
    case KEY_RECEIPT: return receipts_read(key, &request->receipt, ret_refusal);
    case KEY_PAGE_FILE:
        if (page_find(key, &request->page_file) == STATUS_OK) return STATUS_OK;
        return refusal_say(ret_refusal, STATUS_NOT_FOUND, "the page has no such file");
    }
    return STATUS_BAD_VALUE;
}

static enum status read_head(struct request *request, const char *method, const char *path,
                             struct refusal *ret_refusal) {
    struct slice key;
    TRY(check_rate(request, ret_refusal));
    enum status found = router_find(method, path, &request->route, &key);
    if (found == STATUS_NOT_FOUND) return refusal_say(ret_refusal, found, "there is no such path");
    if (found != STATUS_OK) {
        (void)refusal_say(ret_refusal, found, "the path is there, but not for this method");
        ret_refusal->code = MHD_HTTP_METHOD_NOT_ALLOWED;
        return found;
    }
    request->is_routed = true;
    TRY(check_caller(request, ret_refusal));
    TRY(check_length(request, ret_refusal));
    TRY(read_key(request, key, ret_refusal));
    TRY(read_arguments(request, ret_refusal));
    request->is_lines = is_json_lines(
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE));
    return STATUS_OK;
}

void arguments_read(struct request *request, const char *method, const char *path) {
    struct refusal refusal;
    refusal_put_instance(path, request->instance);
    if (read_head(request, method, path, &refusal) == STATUS_OK) return;
    answer_refusal(request, &refusal);
}
