/* The members of the epoch that runs, as the roster says (docs/protocol.md 8): their names in the log, their keys on the
 * links, and which of its keys is this member's own.
 *
 * Invariants: the transport goes by the roster as soon as the turn in which an epoch ended is durable; a key stands in its
 * place on the disk before anything that it signed leaves, so a directory never has an unused key where a used one ought
 * to be. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/secret.h"
#include "node/keys.h"
#include "node/state.h"

const char *node_member_name(const struct node *node, uint32_t member) {
    static char place[24];
    const struct roster *roster = replica_roster(node->replica);
    if (member < roster->members && roster_has(roster, member)) return roster->names[member];
    (void)snprintf(place, sizeof place, "place %" PRIu32, member);
    return place;
}

/* --- the own key --- */

/* A secret is its seed and then its key (crypto/ed25519.h). */
static const uint8_t *key_of(const uint8_t secret[SECRET_BYTES]) { return secret + SECRET_BYTES - KEY_BYTES; }

const uint8_t *node_own_key(const struct node *node) { return key_of(node->config->secret); }

static bool next_is_due(const struct node *node) {
    const struct node_config *config = node->config;
    const struct roster *roster = replica_roster(node->replica);
    return config->has_next_secret && roster_has(roster, config->member) &&
           memcmp(key_of(config->next_secret), roster->keys[config->member], KEY_BYTES) == 0;
}

void node_take_key(struct node *node) {
    struct node_config *config = node->config;
    struct config_detail detail;
    if (!next_is_due(node)) return;
    enum status status = key_rotate(config->directory, key_of(config->next_secret), &detail);
    memcpy(config->old_secret, config->secret, SECRET_BYTES);
    memcpy(config->secret, config->next_secret, SECRET_BYTES);
    crypto_wipe(config->next_secret, sizeof config->next_secret);
    config->has_old_secret = true;
    config->has_next_secret = false;
    if (status == STATUS_OK)
        node_log(LOG_INFO, "this member signs with its next key now: %s became %s, %s is kept", KEY_NEXT_FILE,
                 KEY_FILE, KEY_OLD_FILE);
    else
        node_log(LOG_ERROR,
                 "this member signs with its next key now, but the files stay as they are until the next start: %s",
                 detail.text);
}

/* --- the links --- */

static char hosts[MEMBERS_MAX][CONFIG_ADDRESS_BYTES];
static struct transport_member peers[MEMBERS_MAX];

/* A member that was away while the others changed their keys knows nobody in its own epoch. Whoever it has learned of since, by
 * what their members signed, may link with it; what they say is judged by the rules of its epoch, as ever. */
const struct roster *node_link_roster(const struct node *node) {
    const struct roster *roster = replica_roster(node->replica);
    const struct roster *learned = &node->config->learned;
    return learned->epoch > roster->epoch ? learned : roster;
}

/* The others of the roster; without an address they are waited for, and not dialled. */
static size_t fill_peers(const struct node *node) {
    const struct roster *roster = node_link_roster(node);
    size_t count = 0;
    for (uint32_t i = 0; i < roster->members; i++) {
        if (i == node->config->member || !roster_has(roster, i)) continue;
        struct transport_member *peer = &peers[count++];
        bool has_address = config_address_split(node->config->peers[i], hosts[i], &peer->port) == STATUS_OK;
        peer->number = i;
        peer->host = has_address ? hosts[i] : NULL;
        memcpy(peer->key, roster->keys[i], KEY_BYTES);
    }
    return count;
}

/* The key that this member is known by to those who are not in the same epoch: the one to come, or else the last one. */
static const uint8_t *spare_secret(const struct node_config *config) {
    if (config->has_next_secret) return config->next_secret;
    return config->has_old_secret ? config->old_secret : NULL;
}

void node_transport_config(const struct node *node, struct transport_config *ret_config) {
    ret_config->self = node->config->member;
    ret_config->secret = node->config->secret;
    ret_config->spare_secret = spare_secret(node->config);
    ret_config->members = peers;
    ret_config->members_count = fill_peers(node);
}

void node_transport_follow(struct node *node) {
    enum status status = transport_set_identity(node->transport, node->config->secret, spare_secret(node->config));
    if (status != STATUS_OK) node_log(LOG_ERROR, "the own key can't be shown to others: %s", status_text(status));
    status = transport_set_members(node->transport, peers, fill_peers(node));
    if (status != STATUS_OK) node_log(LOG_ERROR, "the members can't be linked with: %s", status_text(status));
}

void node_tell_membership(const struct node *node) {
    struct replica_status status;
    replica_status(node->replica, &status);
    if (status.is_member) return;
    node_log(LOG_WARNING, "this key is not a member's in epoch %" PRIu64 ": it follows, and signs nothing",
             status.epoch);
}

void node_follow_roster(struct node *node) {
    node->roster_moved = false;
    /* What was signed in the old epoch still goes to those who leave with it. */
    transport_flush(node->transport);
    node_transport_follow(node);
    node_tell_membership(node);
    node_lane_follow(node);
}
