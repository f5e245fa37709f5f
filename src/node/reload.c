/* SIGHUP: the member's directory is read again, and what can change while the member runs is changed.
 *
 * Invariant: all or nothing. A directory that `credimus start` would refuse changes nothing, and the log says why; what
 * takes a restart is named and stays as it was, in memory as well, so that a later reload names it again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "node/keys.h"
#include "node/state.h"

static bool has_changed(const struct node_config *old, const struct node_config *fresh, enum config_key key) {
    switch (key) {
    case CONFIG_MEMBER: return old->member != fresh->member;
    case CONFIG_LISTEN: return strcmp(old->listen, fresh->listen) != 0;
    case CONFIG_API: return strcmp(old->api, fresh->api) != 0;
    case CONFIG_PEERS: return memcmp(old->peers, fresh->peers, sizeof old->peers) != 0;
    case CONFIG_LOG_LEVEL: return old->log_level != fresh->log_level;
    case CONFIG_LOG_FORMAT: return old->log_format != fresh->log_format;
    case CONFIG_REQUESTS: return old->requests_per_second != fresh->requests_per_second;
    case CONFIG_RETAIN: return old->retain != fresh->retain;
    case CONFIG_KEYS: break;
    }
    return false;
}

/* Links that are up stay up; a changed address counts from the next dial. */
static void take_peers(struct node *node, struct node_config *fresh) {
    memcpy(node->config->peers, fresh->peers, sizeof node->config->peers);
    node_transport_follow(node);
}

static void take(struct node *node, struct node_config *fresh, enum config_key key) {
    struct node_config *config = node->config;
    if (config_keys[key].needs_restart) {
        node_log(LOG_WARNING, "\"%s\" of %s has changed: it counts after a restart", config_keys[key].name,
                 CONFIG_FILE);
        return;
    }
    if (key == CONFIG_PEERS) take_peers(node, fresh);
    if (key == CONFIG_LOG_LEVEL) config->log_level = fresh->log_level;
    if (key == CONFIG_LOG_FORMAT) config->log_format = fresh->log_format;
    if (key == CONFIG_REQUESTS) config->requests_per_second = fresh->requests_per_second;
    if (key == CONFIG_RETAIN) config->retain = fresh->retain;
    log_configure(config->log_level, config->log_format);
    node_log(LOG_INFO, "\"%s\" of %s has changed and counts from now on", config_keys[key].name, CONFIG_FILE);
}

static bool take_token(const char *name, char token[CONFIG_TOKEN_CHARACTERS + 1], const char *fresh) {
    if (strcmp(token, fresh) == 0) return false;
    memcpy(token, fresh, CONFIG_TOKEN_CHARACTERS + 1);
    node_log(LOG_INFO, "%s has changed: clients need the new one from now on", name);
    return true;
}

static bool same_secret(bool has_one, const uint8_t *one, bool has_other, const uint8_t *other) {
    return has_one == has_other && (!has_one || memcmp(one, other, SECRET_BYTES) == 0);
}

/* The key to come is taken, and shown to those who know this member by it already. One that stands in the roster when it
 * comes is too late for this epoch: it counts after a restart, as any other change of the key itself. */
static bool take_next_key(struct node *node, const struct node_config *fresh) {
    struct node_config *config = node->config;
    if (same_secret(config->has_next_secret, config->next_secret, fresh->has_next_secret, fresh->next_secret))
        return false;
    config->has_next_secret = fresh->has_next_secret;
    memcpy(config->next_secret, fresh->next_secret, SECRET_BYTES);
    replica_set_next_secret(node->replica, fresh->has_next_secret ? fresh->next_secret : NULL);
    node_log(LOG_INFO,
             fresh->has_next_secret ? "%s is loaded: it signs as soon as the group has agreed on it"
                                    : "%s is gone: no other key is ready",
             KEY_NEXT_FILE);
    return true;
}

/* The files did not follow when this member took its next key: they are tried again. */
static bool finishes_rotation(const struct node *node, const struct node_config *fresh) {
    struct config_detail detail;
    if (!fresh->has_next_secret || memcmp(fresh->next_secret, node->config->secret, SECRET_BYTES) != 0) return false;
    enum status status = key_rotate(node->config->directory, node_own_key(node), &detail);
    if (status == STATUS_OK)
        node_log(LOG_INFO, "%s became %s", KEY_NEXT_FILE, KEY_FILE);
    else
        node_log(LOG_ERROR, "%s", detail.text);
    return true;
}

static bool take_keys(struct node *node, const struct node_config *fresh) {
    struct node_config *config = node->config;
    if (finishes_rotation(node, fresh)) return true;
    bool has_next = take_next_key(node, fresh);
    bool has_old = !same_secret(config->has_old_secret, config->old_secret, fresh->has_old_secret, fresh->old_secret);
    bool has_key = memcmp(config->secret, fresh->secret, SECRET_BYTES) != 0;
    if (has_old) {
        config->has_old_secret = fresh->has_old_secret;
        memcpy(config->old_secret, fresh->old_secret, SECRET_BYTES);
        node_log(LOG_INFO, "%s has changed and counts from now on", KEY_OLD_FILE);
    }
    if (has_key) node_log(LOG_WARNING, "%s has changed: it counts after a restart", KEY_FILE);
    if (has_next || has_old) node_transport_follow(node);
    return has_next || has_old || has_key;
}

/* As far as they lead further. */
static bool take_learned(struct node *node, const struct node_config *fresh) {
    if (fresh->learned.epoch <= node->config->learned.epoch) return false;
    node->config->learned = fresh->learned;
    node_transport_follow(node);
    node_log(LOG_INFO, "%s lead to epoch %" PRIu64 ": its members may link with this one", HANDOVERS_FILE,
             fresh->learned.epoch);
    return true;
}

/* What the API goes by. */
static void tell_http(struct node *node) {
    const struct node_config *config = node->config;
    const struct http_config told = {.token = config->token,
                                     .token_write = config->token_write,
                                     .token_read = config->token_read,
                                     .requests_per_second = config->requests_per_second};
    enum status status = http_reconfigure(node->http, &told);
    CHECK(status == STATUS_OK); /* a configuration has a token */
}

static void compare(struct node *node, struct node_config *fresh) {
    bool has_news = false;
    for (unsigned key = 0; key < CONFIG_KEYS; key++) {
        if (!has_changed(node->config, fresh, (enum config_key)key)) continue;
        has_news = true;
        take(node, fresh, (enum config_key)key);
    }
    has_news |= take_keys(node, fresh);
    has_news |= take_learned(node, fresh);
    has_news |= take_token(TOKEN_FILE, node->config->token, fresh->token);
    has_news |= take_token(TOKEN_WRITE_FILE, node->config->token_write, fresh->token_write);
    has_news |= take_token(TOKEN_READ_FILE, node->config->token_read, fresh->token_read);
    tell_http(node);
    if (!has_news) node_log(LOG_INFO, "the configuration was read again: nothing has changed");
}

void node_reload(struct node *node) {
    struct config_detail detail;
    struct node_config *fresh = calloc(1, sizeof *fresh);
    CHECK(fresh != NULL);
    enum status status = node_config_load(node->config->directory, fresh, &detail);
    /* What else it says belongs to that group. */
    if (status == STATUS_OK && !hash_equal(&node->config->chain, &fresh->chain)) {
        status = STATUS_WRONG_CHAIN;
        config_detail_set(&detail, "%s is of another chain: that would be another member", GENESIS_FILE);
    }
    if (status == STATUS_OK) {
        compare(node, fresh);
    } else {
        node_log(LOG_ERROR, "the old configuration stays in force: %s", detail.text);
    }
    node_config_wipe(fresh);
    free(fresh);
}
