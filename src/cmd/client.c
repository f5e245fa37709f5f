/* Client of a running member's API (cmd/client.h), over libcurl. Requests go to the member's own address only: no
 * proxy of the environment sees the token, no redirect is followed. Answers are bounded before they are parsed. */
#include "cmd/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cmd/screen.h"
#include "crypto/secret.h"
#include "node/keys.h"
#include "wire/item.h"

enum { TIMEOUT_SECONDS = 60, CONNECT_TIMEOUT_MS = 3000, URL_BYTES = 1024 };

struct client {
    CURL *curl;
    const struct invocation *invocation;
    struct node_config config;
    client_progress *progress;
    void *progress_context;
    long timeout_seconds;
};

static size_t take_reply(char *data, size_t size, size_t count, void *context) {
    struct reply *reply = context;
    size_t bytes = size * count;
    if (bytes > CLIENT_REPLY_BYTES_MAX - reply->bytes) return 0;
    char *text = realloc(reply->text, reply->bytes + bytes + 1);
    CHECK(text != NULL);
    memcpy(text + reply->bytes, data, bytes);
    reply->text = text;
    reply->bytes += bytes;
    reply->text[reply->bytes] = '\0';
    return bytes;
}

static int report_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                           curl_off_t up) {
    const struct client *client = context;
    (void)down_total;
    (void)down;
    if (client->progress != NULL) client->progress(client->progress_context, (size_t)up, (size_t)up_total);
    return 0;
}

typedef enum status load_config(const char *directory, struct node_config *ret_config,
                                struct config_detail *ret_detail);

static struct client *client_new(const struct invocation *invocation) {
    struct client *client = calloc(1, sizeof *client);
    CHECK(client != NULL);
    client->invocation = invocation;
    client->timeout_seconds = TIMEOUT_SECONDS;
    return client;
}

static void connect_client(struct client *client) {
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    client->curl = curl_easy_init();
    CHECK(client->curl != NULL);
}

static enum status open_with(const struct invocation *invocation, const char *directory, load_config *load,
                             struct client **ret_client, struct config_detail *ret_detail) {
    struct client *client = client_new(invocation);
    enum status status = load(directory, &client->config, ret_detail);
    if (status != STATUS_OK) {
        free(client);
        return status;
    }
    connect_client(client);
    *ret_client = client;
    return STATUS_OK;
}

enum status client_open_quietly(const struct invocation *invocation, const char *directory,
                                struct client **ret_client, struct config_detail *ret_detail) {
    return open_with(invocation, directory, node_config_load_public, ret_client, ret_detail);
}

/* A member whose API is not on the loopback address asks for the token for reads, too; so it goes along where this
 * user may read it. */
static enum status load_for_reads(const char *directory, struct node_config *ret_config,
                                  struct config_detail *ret_detail) {
    if (node_config_load_client(directory, ret_config, ret_detail) == STATUS_OK) return STATUS_OK;
    return node_config_load_public(directory, ret_config, ret_detail);
}

int client_open(const struct invocation *invocation, const char *directory, bool writes, struct client **ret_client) {
    struct config_detail detail;
    load_config *load = writes ? node_config_load_client : load_for_reads;
    enum status status = open_with(invocation, directory, load, ret_client, &detail);
    return status == STATUS_OK ? COMMAND_DONE : command_refuse(invocation, status_name(status), "%s", detail.text);
}

/* The address inside, which has to be one with a port. */
static enum status take_url(const char *url, char ret_api[CONFIG_ADDRESS_BYTES]) {
    static const char scheme[] = "http://";
    char host[CONFIG_ADDRESS_BYTES];
    uint16_t port;
    size_t before = sizeof scheme - 1;
    if (strncmp(url, scheme, before) != 0) return STATUS_BAD_FORMAT;
    size_t bytes = strlen(url) - before;
    if (bytes > 0 && url[before + bytes - 1] == '/') bytes--;
    if (bytes >= CONFIG_ADDRESS_BYTES) return STATUS_TOO_LARGE;
    memcpy(ret_api, url + before, bytes);
    ret_api[bytes] = '\0';
    if (strpbrk(ret_api, "/?#@ ") != NULL) return STATUS_BAD_FORMAT;
    return config_address_split(ret_api, host, &port);
}

int client_open_url(const struct invocation *invocation, const char *url, const char *token,
                    struct client **ret_client) {
    struct client *client = client_new(invocation);
    struct config_detail detail;
    int code = COMMAND_DONE;
    if (take_url(url, client->config.api) != STATUS_OK)
        code = command_misuse(invocation, "%s is not the address of an API: http://HOST:PORT", url);
    enum status status = STATUS_OK;
    if (code == COMMAND_DONE && token != NULL) status = token_load(token, client->config.token, &detail);
    if (status != STATUS_OK) code = command_refuse(invocation, status_name(status), "%s", detail.text);
    if (code != COMMAND_DONE) {
        free(client);
        return code;
    }
    connect_client(client);
    *ret_client = client;
    return COMMAND_DONE;
}

void client_close(struct client *client) {
    if (client == NULL) return;
    curl_easy_cleanup(client->curl);
    node_config_wipe(&client->config);
    free(client);
}

const struct node_config *client_config(const struct client *client) { return &client->config; }

void client_set_progress(struct client *client, client_progress *progress, void *context) {
    client->progress = progress;
    client->progress_context = context;
}

void client_set_timeout(struct client *client, long seconds) { client->timeout_seconds = seconds; }

/* Options that hold for every request of this program. */
static void set_common(CURL *curl, const char *url, struct reply *reply) {
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
}

static struct curl_slist *headers_of(const struct client *client, const char *content_type) {
    char line[256];
    /* Without this libcurl asks for permission before a large body, and waits. */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (client->config.token[0] != '\0') {
        (void)snprintf(line, sizeof line, "Authorization: Bearer %s", client->config.token);
        headers = curl_slist_append(headers, line);
        crypto_wipe(line, sizeof line);
    }
    if (content_type != NULL) {
        (void)snprintf(line, sizeof line, "Content-Type: %s", content_type);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

static void set_request(struct client *client, struct slice body) {
    CURL *curl = client->curl;
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, client->timeout_seconds);
    if (body.data != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.bytes);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    } else {
        (void)curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    if (client->progress != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, report_progress);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    }
}

static void explain(const struct client *client, CURLcode code, struct config_detail *ret_detail) {
    const struct node_config *config = &client->config;
    bool is_founder = config->member < genesis_heads(&config->genesis);
    const char *name = is_founder ? config->genesis.member_names[config->member] : "this member";
    if (config->directory[0] == '\0') {
        config_detail_set(ret_detail, "talking to http://%s failed: %s; is a member's API there?", config->api,
                          curl_easy_strerror(code));
    } else if (code == CURLE_COULDNT_CONNECT) {
        config_detail_set(ret_detail, "%s does not answer at %s; is it running? (credimus start %s)", name,
                          config->api, config->directory);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        config_detail_set(ret_detail, "%s did not answer at %s in time; what was sent may or may not have been taken",
                          name, config->api);
    } else {
        config_detail_set(ret_detail, "talking to %s at %s failed: %s", name, config->api, curl_easy_strerror(code));
    }
}

enum status client_call(struct client *client, const char *path, struct slice body, const char *content_type,
                        struct reply *ret_reply, struct config_detail *ret_detail) {
    char url[URL_BYTES];
    struct reply reply = {0};
    (void)snprintf(url, sizeof url, "http://%s%s", client->config.api, path);
    curl_easy_reset(client->curl);
    set_common(client->curl, url, &reply);
    set_request(client, body);
    struct curl_slist *headers = headers_of(client, content_type);
    (void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        free(reply.text);
        explain(client, code, ret_detail);
        return STATUS_UNAVAILABLE;
    }
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply.status);
    if (reply.text != NULL) reply.json = json_loadb(reply.text, reply.bytes, JSON_REJECT_DUPLICATES, NULL);
    *ret_reply = reply;
    return STATUS_OK;
}

void reply_free(struct reply *reply) {
    json_decref(reply->json);
    free(reply->text);
    *reply = (struct reply){0};
}

const char *reply_error(const struct reply *reply) { return reply_text(reply->json, "error", "UNAVAILABLE"); }

const char *reply_detail(const struct reply *reply) {
    return reply_text(reply->json, "detail", "the answer is not one of a credimus member; is the address right?");
}

int client_demand(struct client *client, const char *path, struct slice body, const char *content_type,
                  struct reply *ret_reply) {
    struct config_detail detail;
    struct reply reply;
    enum status status = client_call(client, path, body, content_type, &reply, &detail);
    if (status != STATUS_OK) return command_refuse(client->invocation, status_name(status), "%s", detail.text);
    if (reply.status >= 200 && reply.status <= 299) {
        *ret_reply = reply;
        return COMMAND_DONE;
    }
    int code = command_refuse(client->invocation, reply_error(&reply), "%s", reply_detail(&reply));
    reply_free(&reply);
    return code;
}

int question_parse(const struct invocation *invocation, const char *text, char ret_question[QUESTION_TEXT_BYTES]) {
    uint8_t id[QUESTION_ID_BYTES];
    if (bytes_from_hex(slice_of_text(text), id, sizeof id) != STATUS_OK) {
        return command_misuse(invocation, "\"%s\" is not a question: its id has 32 hex digits, as `ask` prints it",
                              text);
    }
    bytes_to_hex(id, sizeof id, ret_question);
    return COMMAND_DONE;
}

int family_parse(const struct invocation *invocation, const char *text, char ret_path[FAMILY_PATH_BYTES]) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    size_t bytes = strlen(text);
    if (bytes == 0 || bytes > FAMILY_BYTES_MAX) {
        return command_misuse(invocation, "the name of a family has 1 to %d bytes, not %zu", FAMILY_BYTES_MAX, bytes);
    }
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL) {
            *ret_path++ = *text;
        } else {
            *ret_path++ = '%';
            *ret_path++ = digits[(unsigned char)*text >> 4];
            *ret_path++ = digits[(unsigned char)*text & 15];
        }
    }
    *ret_path = '\0';
    return COMMAND_DONE;
}

const char *reply_text(const json_t *json, const char *name, const char *otherwise) {
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : otherwise;
}

long long reply_whole(const json_t *json, const char *name) {
    return json_integer_value(json_object_get(json, name));
}
