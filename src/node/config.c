/* A member's directory (node/config.h). Each file is judged alone first and then against the others, so that the
 * sentence a person gets names the file that is wrong. */
#include "node/config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "ledger/ledger.h"
#include "node/keys.h"
#include "wire/handover_file.h"

enum { CONFIG_BYTES_MAX = 256 * 1024 };

void config_detail_set(struct config_detail *ret_detail, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_detail->text, sizeof ret_detail->text, format, arguments);
    va_end(arguments);
}

enum status config_path(const char *directory, const char *name, char *ret_path, size_t path_bytes) {
    char path[CONFIG_PATH_BYTES];
    int bytes = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (bytes < 0 || (size_t)bytes >= sizeof path || (size_t)bytes >= path_bytes) return STATUS_TOO_LARGE;
    memcpy(ret_path, path, (size_t)bytes + 1);
    return STATUS_OK;
}

/* 1 .. 65535 without sign or leading zero. */
static enum status port_parse(const char *text, uint16_t *ret_port) {
    uint32_t port = 0;
    size_t digits = strlen(text);
    if (digits < 1 || digits > 5 || text[0] == '0') return STATUS_BAD_FORMAT;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') return STATUS_BAD_FORMAT;
        port = port * 10 + (uint32_t)(*at - '0');
    }
    if (port > UINT16_MAX) return STATUS_BAD_VALUE;
    *ret_port = (uint16_t)port;
    return STATUS_OK;
}

enum status config_address_split(const char *address, char *ret_host, uint16_t *ret_port) {
    if (strlen(address) >= CONFIG_ADDRESS_BYTES) return STATUS_BAD_FORMAT;
    const char *colon = strrchr(address, ':');
    if (colon == NULL) return STATUS_BAD_FORMAT;
    const char *host = address;
    size_t bytes = (size_t)(colon - address);
    if (bytes >= 2 && host[0] == '[' && host[bytes - 1] == ']') {
        host++;
        bytes -= 2;
    } else if (memchr(host, ':', bytes) != NULL) {
        return STATUS_BAD_FORMAT; /* an IPv6 address needs its brackets, else its end is anybody's guess */
    }
    for (size_t i = 0; i < bytes; i++) {
        if (host[i] <= ' ' || host[i] == 0x7f || host[i] == '/' || host[i] == '[') return STATUS_BAD_FORMAT;
    }
    if (bytes == 0) return STATUS_BAD_FORMAT;
    TRY(port_parse(colon + 1, ret_port));
    memcpy(ret_host, host, bytes);
    ret_host[bytes] = '\0';
    return STATUS_OK;
}

/* What is being read, for the sentence that says what is wrong with it. */
struct source {
    const char *path;
    struct slice text;
    uint32_t line; /* of the key whose value is taken */
};

typedef enum status take_value(const struct source *source, const json_t *value, struct node_config *config,
                               struct config_detail *ret_detail);

static enum status address_take(const struct source *source, const char *what, const json_t *value,
                                char ret_address[CONFIG_ADDRESS_BYTES], struct config_detail *ret_detail) {
    char host[CONFIG_ADDRESS_BYTES];
    uint16_t port;
    const char *address = json_is_string(value) ? json_string_value(value) : "";
    enum status status = config_address_split(address, host, &port);
    if (status != STATUS_OK) {
        config_detail_set(ret_detail,
                          "%s, line %u: %s \"%.*s\" is not an address like 127.0.0.1:7100 or [::1]:7100, with a port "
                          "from 1 to 65535",
                          source->path, source->line, what, CONFIG_ADDRESS_BYTES, address);
        return status;
    }
    (void)snprintf(ret_address, CONFIG_ADDRESS_BYTES, "%s", address);
    return STATUS_OK;
}

static enum status member_take(const struct source *source, const json_t *value, struct node_config *config,
                               struct config_detail *ret_detail) {
    if (!json_is_integer(value)) {
        config_detail_set(ret_detail, "%s, line %u: \"member\" must be an integer, the number of this member in %s",
                          source->path, source->line, GENESIS_FILE);
        return STATUS_BAD_FORMAT;
    }
    json_int_t member = json_integer_value(value);
    if (member < 0 || member >= (json_int_t)config->genesis.members) {
        config_detail_set(ret_detail, "%s, line %u: \"member\" is %lld, but the genesis has places 0 to %u",
                          source->path, source->line, (long long)member, config->genesis.members - 1);
        return STATUS_UNKNOWN_MEMBER;
    }
    config->member = (uint32_t)member;
    return STATUS_OK;
}

static enum status listen_take(const struct source *source, const json_t *value, struct node_config *config,
                               struct config_detail *ret_detail) {
    return address_take(source, "\"listen\"", value, config->listen, ret_detail);
}

static enum status api_take(const struct source *source, const json_t *value, struct node_config *config,
                            struct config_detail *ret_detail) {
    return address_take(source, "\"api\"", value, config->api, ret_detail);
}

/* One entry a place; those of vacant ones at the end may be missing. */
static enum status peers_take(const struct source *source, const json_t *peers, struct node_config *config,
                              struct config_detail *ret_detail) {
    uint32_t heads = genesis_heads(&config->genesis);
    size_t count = json_array_size(peers);
    if (!json_is_array(peers) || count < heads || count > config->genesis.members) {
        config_detail_set(
            ret_detail,
            "%s, line %u: \"peers\" must be an array of %u addresses, one for each member of the genesis "
            "in its order, and up to %u more for its vacant places",
            source->path, source->line, heads, config->genesis.vacant);
        return STATUS_BAD_VALUE;
    }
    for (uint32_t i = 0; i < count; i++) {
        char what[32];
        const json_t *peer = json_array_get(peers, i);
        (void)snprintf(what, sizeof what, "peer %u,", i);
        if (!json_is_null(peer)) TRY(address_take(source, what, peer, config->peers[i], ret_detail));
    }
    return STATUS_OK;
}

static enum status log_level_take(const struct source *source, const json_t *value, struct node_config *config,
                                  struct config_detail *ret_detail) {
    if (json_is_string(value) && log_level_parse(json_string_value(value), &config->log_level)) return STATUS_OK;
    config_detail_set(ret_detail,
                      "%s, line %u: \"log_level\" must be one of \"debug\", \"info\", \"warning\", \"error\"",
                      source->path, source->line);
    return STATUS_BAD_VALUE;
}

static enum status log_format_take(const struct source *source, const json_t *value, struct node_config *config,
                                   struct config_detail *ret_detail) {
    if (json_is_string(value) && log_format_parse(json_string_value(value), &config->log_format)) return STATUS_OK;
    config_detail_set(ret_detail, "%s, line %u: \"log_format\" must be \"text\" or \"json\"", source->path,
                      source->line);
    return STATUS_BAD_VALUE;
}

static enum status requests_take(const struct source *source, const json_t *value, struct node_config *config,
                                 struct config_detail *ret_detail) {
    json_int_t requests = json_is_integer(value) ? json_integer_value(value) : -1;
    if (requests < 0 || requests > CONFIG_REQUESTS_MAX) {
        config_detail_set(ret_detail, "%s, line %u: \"requests_per_second\" must be an integer from 0 to %d",
                          source->path, source->line, CONFIG_REQUESTS_MAX);
        return STATUS_BAD_VALUE;
    }
    config->requests_per_second = (uint32_t)requests;
    return STATUS_OK;
}

static enum status retain_take(const struct source *source, const json_t *value, struct node_config *config,
                               struct config_detail *ret_detail) {
    json_int_t retain = json_is_integer(value) ? json_integer_value(value) : -1;
    if (retain < 0 || retain > CONFIG_RETAIN_MAX || (retain > 0 && retain < SNAPSHOT_INTERVAL)) {
        config_detail_set(ret_detail,
                          "%s, line %u: \"retain\" must be 0, to keep every block, or an integer from %d to %d",
                          source->path, source->line, SNAPSHOT_INTERVAL, CONFIG_RETAIN_MAX);
        return STATUS_BAD_VALUE;
    }
    config->retain = (uint32_t)retain;
    return STATUS_OK;
}

const struct config_key_about config_keys[CONFIG_KEYS] = {
    [CONFIG_MEMBER] = {"member", true, true},
    [CONFIG_LISTEN] = {"listen", true, true},
    [CONFIG_API] = {"api", true, true},
    [CONFIG_PEERS] = {"peers", true, false},
    [CONFIG_LOG_LEVEL] = {"log_level", false, false},
    [CONFIG_LOG_FORMAT] = {"log_format", false, false},
    [CONFIG_REQUESTS] = {"requests_per_second", false, false},
    [CONFIG_RETAIN] = {"retain", false, false},
};

static take_value *const takers[CONFIG_KEYS] = {
    [CONFIG_MEMBER] = member_take,     [CONFIG_LISTEN] = listen_take,       [CONFIG_API] = api_take,
    [CONFIG_PEERS] = peers_take,       [CONFIG_LOG_LEVEL] = log_level_take, [CONFIG_LOG_FORMAT] = log_format_take,
    [CONFIG_REQUESTS] = requests_take, [CONFIG_RETAIN] = retain_take,
};

/* The end of the string that begins with the quote at `at`, in text that is known to be JSON. */
static size_t string_end(struct slice text, size_t at) {
    for (at++; at < text.bytes && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\') at++;
    }
    return at + 1;
}

/* The line on which the outermost object has this key, in text that is known to be JSON; 1 when it is written with
 * escapes. The parser tells places of faults in the syntax only. */
static uint32_t line_of_key(struct slice text, const char *name) {
    uint32_t line = 1;
    uint32_t depth = 0;
    bool is_key = false;
    for (size_t at = 0; at < text.bytes; at++) {
        uint8_t byte = text.data[at];
        if (byte == '\n') line++;
        if (byte == '{' || byte == '[') depth++;
        if (byte == '}' || byte == ']') depth--;
        if (depth == 1 && (byte == '{' || byte == ',')) is_key = true;
        if (byte != '"') continue;
        size_t end = string_end(text, at);
        struct slice word = slice_of(text.data + at + 1, end - at - 2);
        if (depth == 1 && is_key && slice_equal(word, slice_of_text(name))) return line;
        is_key = false;
        at = end - 1;
    }
    return 1;
}

static enum status refuse_unknown(const struct source *source, json_t *json, struct config_detail *ret_detail) {
    char known[256] = "";
    const char *name;
    json_t *value;
    for (unsigned key = 0; key < CONFIG_KEYS; key++) {
        (void)strncat(known, key > 0 ? ", " : "", sizeof known - strlen(known) - 1);
        (void)strncat(known, config_keys[key].name, sizeof known - strlen(known) - 1);
    }
    json_object_foreach(json, name, value) {
        bool is_known = false;
        for (unsigned key = 0; key < CONFIG_KEYS; key++) is_known |= strcmp(config_keys[key].name, name) == 0;
        if (is_known) continue;
        config_detail_set(ret_detail, "%s, line %u: unknown key \"%.64s\"; take it out, the known ones are %s",
                          source->path, line_of_key(source->text, name), name, known);
        return STATUS_BAD_FORMAT;
    }
    return STATUS_OK;
}

static enum status config_from_json(struct source *source, json_t *json, struct node_config *config,
                                    struct config_detail *ret_detail) {
    if (!json_is_object(json)) {
        config_detail_set(ret_detail, "%s, line 1: the file must be one JSON object: {\"member\": 0, ...}",
                          source->path);
        return STATUS_BAD_FORMAT;
    }
    TRY(refuse_unknown(source, json, ret_detail));
    config->log_level = LOG_INFO;
    config->log_format = LOG_TEXT;
    for (unsigned key = 0; key < CONFIG_KEYS; key++) {
        const json_t *value = json_object_get(json, config_keys[key].name);
        if (value == NULL && !config_keys[key].is_required) continue;
        if (value == NULL) {
            config_detail_set(ret_detail, "%s: \"%s\" is missing", source->path, config_keys[key].name);
            return STATUS_BAD_FORMAT;
        }
        source->line = line_of_key(source->text, config_keys[key].name);
        config->lines[key] = source->line;
        TRY(takers[key](source, value, config, ret_detail));
    }
    return STATUS_OK;
}

static enum status config_file_load(const char *path, struct node_config *config, struct config_detail *ret_detail) {
    char *text = malloc(CONFIG_BYTES_MAX);
    CHECK(text != NULL);
    size_t bytes;
    enum status status = file_read(path, false, text, CONFIG_BYTES_MAX, &bytes, ret_detail);
    if (status == STATUS_OK) {
        json_error_t error;
        json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
        if (json == NULL) {
            config_detail_set(ret_detail, "%s, line %d: %s", path, error.line, error.text);
            status = STATUS_BAD_FORMAT;
        } else {
            struct source source = {.path = path, .text = slice_of(text, bytes)};
            status = config_from_json(&source, json, config, ret_detail);
        }
        json_decref(json);
    }
    free(text);
    return status;
}

static enum status path_in(const struct node_config *config, const char *name, char ret_path[CONFIG_PATH_BYTES],
                           struct config_detail *ret_detail) {
    enum status status = config_path(config->directory, name, ret_path, CONFIG_PATH_BYTES);
    if (status != STATUS_OK) config_detail_set(ret_detail, "the path of the member's directory is too long");
    return status;
}

enum status node_config_check_key(const struct node_config *config, const char *path, const uint8_t key[KEY_BYTES],
                                  struct config_detail *ret_detail) {
    const struct genesis *genesis = &config->genesis;
    for (uint32_t i = 0; i < genesis_heads(genesis); i++) {
        if (i == config->member || memcmp(key, genesis->keys[i], KEY_BYTES) != 0) continue;
        config_detail_set(
            ret_detail,
            "%s is not the key of member %u but that of member %u (%s) in the genesis: put the right key "
            "there, or correct \"member\" in %s",
            path, config->member, i, genesis->member_names[i], CONFIG_FILE);
        return STATUS_BAD_KEY;
    }
    return STATUS_OK;
}

static enum status key_take(struct node_config *config, const char *name, uint8_t ret_secret[SECRET_BYTES],
                            struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    uint8_t key[KEY_BYTES];
    TRY(path_in(config, name, path, ret_detail));
    TRY(key_load(path, ret_secret, key, ret_detail));
    return node_config_check_key(config, path, key, ret_detail);
}

static enum status other_key_take(struct node_config *config, const char *name, uint8_t ret_secret[SECRET_BYTES],
                                  bool *ret_has, struct config_detail *ret_detail) {
    enum status status = key_take(config, name, ret_secret, ret_detail);
    *ret_has = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status keys_take(struct node_config *config, struct config_detail *ret_detail) {
    TRY(key_take(config, KEY_FILE, config->secret, ret_detail));
    TRY(other_key_take(config, KEY_NEXT_FILE, config->next_secret, &config->has_next_secret, ret_detail));
    return other_key_take(config, KEY_OLD_FILE, config->old_secret, &config->has_old_secret, ret_detail);
}

static enum status handovers_follow(struct node_config *config, const char *path, struct slice text,
                                    struct config_detail *ret_detail) {
    uint64_t lines;
    uint8_t *scratch = malloc(HANDOVER_BYTES_MAX);
    CHECK(scratch != NULL);
    enum status status = handover_file_follow(text, &config->chain, scratch, &config->learned, &lines);
    free(scratch);
    if (status != STATUS_OK)
        config_detail_set(ret_detail, "%s, line %" PRIu64 ": %s; make it again: credimus member learn %s --url URL",
                          path, lines + 1, status_text(status), config->directory);
    return status;
}

enum status node_config_learn(struct node_config *config, struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    size_t bytes;
    roster_of(&config->genesis, &config->learned);
    TRY(path_in(config, HANDOVERS_FILE, path, ret_detail));
    char *text = malloc(HANDOVER_FILE_BYTES_MAX);
    CHECK(text != NULL);
    enum status status = file_read(path, false, text, HANDOVER_FILE_BYTES_MAX, &bytes, ret_detail);
    if (status == STATUS_OK) status = handovers_follow(config, path, slice_of(text, bytes), ret_detail);
    free(text);
    if (status != STATUS_OK) roster_of(&config->genesis, &config->learned);
    return status;
}

/* One that is missing is none; one that is there has to be good. */
static enum status lesser_token_take(struct node_config *config, const char *name,
                                     char ret_token[CONFIG_TOKEN_CHARACTERS + 1], struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    TRY(path_in(config, name, path, ret_detail));
    enum status status = token_load(path, ret_token, ret_detail);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum load_parts { LOAD_PUBLIC, LOAD_TOKEN, LOAD_KEY };

static enum status load_into(struct node_config *config, const char *directory, enum load_parts parts,
                             struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    if (strlen(directory) >= sizeof config->directory) {
        config_detail_set(ret_detail, "the path of the member's directory is too long");
        return STATUS_TOO_LARGE;
    }
    (void)snprintf(config->directory, sizeof config->directory, "%s", directory);
    TRY(path_in(config, LEDGER_FILE, config->ledger_path, ret_detail));
    TRY(path_in(config, GENESIS_FILE, path, ret_detail));
    TRY(genesis_load(path, &config->genesis, ret_detail));
    genesis_chain(&config->genesis, &config->chain);
    TRY(path_in(config, CONFIG_FILE, path, ret_detail));
    TRY(config_file_load(path, config, ret_detail));
    if (parts == LOAD_PUBLIC) return STATUS_OK;
    TRY(path_in(config, TOKEN_FILE, path, ret_detail));
    TRY(token_load(path, config->token, ret_detail));
    if (parts == LOAD_TOKEN) return STATUS_OK;
    TRY(lesser_token_take(config, TOKEN_WRITE_FILE, config->token_write, ret_detail));
    TRY(lesser_token_take(config, TOKEN_READ_FILE, config->token_read, ret_detail));
    TRY(keys_take(config, ret_detail));
    enum status learned = node_config_learn(config, ret_detail);
    return learned == STATUS_NOT_FOUND ? STATUS_OK : learned;
}

static enum status load(const char *directory, enum load_parts parts, struct node_config *ret_config,
                        struct config_detail *ret_detail) {
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    enum status status = load_into(config, directory, parts, ret_detail);
    if (status == STATUS_OK) *ret_config = *config;
    crypto_wipe(config, sizeof *config);
    free(config);
    return status;
}

enum status node_config_load(const char *directory, struct node_config *ret_config,
                             struct config_detail *ret_detail) {
    return load(directory, LOAD_KEY, ret_config, ret_detail);
}

enum status node_config_load_client(const char *directory, struct node_config *ret_config,
                                    struct config_detail *ret_detail) {
    return load(directory, LOAD_TOKEN, ret_config, ret_detail);
}

enum status node_config_load_public(const char *directory, struct node_config *ret_config,
                                    struct config_detail *ret_detail) {
    return load(directory, LOAD_PUBLIC, ret_config, ret_detail);
}

void node_config_wipe(struct node_config *config) {
    crypto_wipe(config->secret, sizeof config->secret);
    crypto_wipe(config->next_secret, sizeof config->next_secret);
    crypto_wipe(config->old_secret, sizeof config->old_secret);
    crypto_wipe(config->token, sizeof config->token);
    crypto_wipe(config->token_write, sizeof config->token_write);
    crypto_wipe(config->token_read, sizeof config->token_read);
}

enum status node_config_write(const struct node_config *config, struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    TRY(path_in(config, CONFIG_FILE, path, ret_detail));
    json_t *peers = json_array();
    for (uint32_t i = 0; i < config->genesis.members; i++) {
        const char *peer = config->peers[i];
        CHECK(json_array_append_new(peers, peer[0] != '\0' ? json_string(peer) : json_null()) == 0);
    }
    json_t *json = json_pack("{s:I, s:s, s:s, s:o}", "member", (json_int_t)config->member, "listen", config->listen,
                             "api", config->api, "peers", peers);
    CHECK(json != NULL);
    if (config->lines[CONFIG_LOG_LEVEL] != 0)
        CHECK(json_object_set_new(json, "log_level", json_string(log_level_name(config->log_level))) == 0);
    if (config->lines[CONFIG_LOG_FORMAT] != 0)
        CHECK(json_object_set_new(json, "log_format", json_string(log_format_name(config->log_format))) == 0);
    if (config->lines[CONFIG_REQUESTS] != 0)
        CHECK(json_object_set_new(json, "requests_per_second", json_integer(config->requests_per_second)) == 0);
    if (config->lines[CONFIG_RETAIN] != 0)
        CHECK(json_object_set_new(json, "retain", json_integer(config->retain)) == 0);
    char *text = json_dumps(json, JSON_INDENT(2));
    CHECK(text != NULL);
    json_decref(json);
    enum status status = file_create(path, 0600, slice_of_text(text), ret_detail);
    free(text);
    return status;
}
