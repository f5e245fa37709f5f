/* A member's directory (node/config.h). Each file is judged alone first and then against the others, so that the
 * sentence a person gets names the file that is wrong. */
#include "node/config.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "ledger/ledger.h"
#include "node/keys.h"

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

static enum status address_take(const char *path, const char *what, const char *address,
                                char ret_address[CONFIG_ADDRESS_BYTES], struct config_detail *ret_detail) {
    char host[CONFIG_ADDRESS_BYTES];
    uint16_t port;
    enum status status = config_address_split(address, host, &port);
    if (status != STATUS_OK) {
        config_detail_set(ret_detail, "%s: %s \"%.*s\" is not an address like 127.0.0.1:7100", path, what,
                          CONFIG_ADDRESS_BYTES, address);
        return status;
    }
    (void)snprintf(ret_address, CONFIG_ADDRESS_BYTES, "%s", address);
    return STATUS_OK;
}

static enum status peers_take(const char *path, json_t *peers, struct node_config *config,
                              struct config_detail *ret_detail) {
    if (!json_is_array(peers) || json_array_size(peers) != config->genesis.members) {
        config_detail_set(ret_detail,
                          "%s: \"peers\" must be an array of %u addresses, one for each member of the genesis", path,
                          config->genesis.members);
        return STATUS_BAD_VALUE;
    }
    for (uint32_t i = 0; i < config->genesis.members; i++) {
        const char *address = json_string_value(json_array_get(peers, i));
        TRY(address_take(path, "peer", address == NULL ? "" : address, config->peers[i], ret_detail));
    }
    return STATUS_OK;
}

static enum status config_from_json(const char *path, json_t *json, struct node_config *config,
                                    struct config_detail *ret_detail) {
    json_int_t member;
    const char *listen;
    const char *api;
    json_t *peers;
    json_error_t error;
    if (json_unpack_ex(json, &error, 0, "{s:I, s:s, s:s, s:o !}", "member", &member, "listen", &listen, "api", &api,
                       "peers", &peers) != 0) {
        config_detail_set(ret_detail, "%s: %s", path, error.text);
        return STATUS_BAD_FORMAT;
    }
    if (member < 0 || member >= (json_int_t)config->genesis.members) {
        config_detail_set(ret_detail, "%s: \"member\" is %lld, but the genesis has members 0 to %u", path,
                          (long long)member, config->genesis.members - 1);
        return STATUS_UNKNOWN_MEMBER;
    }
    config->member = (uint32_t)member;
    TRY(address_take(path, "\"listen\"", listen, config->listen, ret_detail));
    TRY(address_take(path, "\"api\"", api, config->api, ret_detail));
    return peers_take(path, peers, config, ret_detail);
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
            status = config_from_json(path, json, config, ret_detail);
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

/* The key must be the one that the others know this member by. */
static enum status key_take(struct node_config *config, struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    uint8_t key[KEY_BYTES];
    TRY(path_in(config, KEY_FILE, path, ret_detail));
    TRY(key_load(path, config->secret, key, ret_detail));
    if (memcmp(key, config->genesis.keys[config->member], KEY_BYTES) != 0) {
        config_detail_set(ret_detail,
                          "%s is not the key of member %u (%s) in the genesis: wrong directory or wrong genesis",
                          path, config->member, config->genesis.member_names[config->member]);
        return STATUS_BAD_KEY;
    }
    return STATUS_OK;
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
    return parts == LOAD_KEY ? key_take(config, ret_detail) : STATUS_OK;
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
    crypto_wipe(config->token, sizeof config->token);
}

enum status node_config_write(const struct node_config *config, struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    TRY(path_in(config, CONFIG_FILE, path, ret_detail));
    json_t *peers = json_array();
    for (uint32_t i = 0; i < config->genesis.members; i++) {
        CHECK(json_array_append_new(peers, json_string(config->peers[i])) == 0);
    }
    json_t *json = json_pack("{s:I, s:s, s:s, s:o}", "member", (json_int_t)config->member, "listen", config->listen,
                             "api", config->api, "peers", peers);
    CHECK(json != NULL);
    char *text = json_dumps(json, JSON_INDENT(2));
    CHECK(text != NULL);
    json_decref(json);
    enum status status = file_create(path, 0600, slice_of_text(text), ret_detail);
    free(text);
    return status;
}
