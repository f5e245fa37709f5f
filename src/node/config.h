/* A member's directory: what stands in it, read strictly and written whole.
 *
 *     config.json    which member this is, where it listens, where the others are
 *     genesis.json   the group at its beginning: names, keys, threshold (a copy; the same for every member)
 *     key            the seed of the member's Ed25519 key; mode 0600 (node/keys.h)
 *     key.next       the key that the group is asked to take for this member; may be missing; mode 0600
 *     key.old        the key before, for the openings of commitments and for members that are behind; may be missing
 *     token          what clients show before they may do anything; mode 0600
 *     token-write    what clients show who may write, but not administrate; may be missing; mode 0600
 *     token-read     what clients of other machines show who may only read; may be missing; mode 0600
 *     handovers      who the members are by now (`credimus member learn`, wire/handover_file.h); may be missing
 *     ledger.db      everything the member has signed and agreed to (ledger/ledger.h)
 *
 *     {"member": 0, "listen": "127.0.0.1:7100", "api": "127.0.0.1:8100",
 *      "peers": ["127.0.0.1:7100", null, ...],                  one address a place of the genesis; null: none is known,
 *                                                               and vacant places at the end may be left out
 *      "log_level": "info", "log_format": "text",               may be left out: debug, info, warning, error; text, json
 *      "requests_per_second": 0,                                may be left out: of one address, http/http.h
 *      "retain": 0}                                             may be left out: so many blocks are kept at least; 0: all
 *
 * A running member that gets SIGHUP reads all of it again and takes what can change while it runs (config_keys).
 *
 * Invariant: a configuration that is handed out is whole and consistent: the genesis is valid, the key is not that of
 * another member of the genesis, what peers there are have an address, and the handovers lead from the genesis on. Whose key it is in a later epoch only the ledger
 * tells. Everything that is refused is explained in one sentence that names the file. */
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/status.h"
#include "node/log.h"
#include "wire/genesis.h"
#include "wire/roster.h"

enum {
    CONFIG_PATH_BYTES = 1024,      /* a path, NUL included */
    CONFIG_ADDRESS_BYTES = 272,    /* "host:port" or "[ipv6]:port", NUL included */
    CONFIG_TOKEN_CHARACTERS = 64,  /* hex */
    CONFIG_REQUESTS_MAX = 1000000, /* of one address, a second */
    CONFIG_RETAIN_MAX = 1000000000 /* blocks */
};

#define CONFIG_FILE  "config.json"
#define GENESIS_FILE "genesis.json"
#define KEY_FILE     "key"
/* Beside it, when they are there: the key to come, and the one before. */
#define KEY_NEXT_FILE "key.next"
#define KEY_OLD_FILE  "key.old"
#define TOKEN_FILE    "token"
/* Written by `credimus member learn`. */
#define HANDOVERS_FILE "handovers"
/* Tokens of clients that may do less. */
#define TOKEN_WRITE_FILE "token-write"
#define TOKEN_READ_FILE  "token-read"

/* The keys of config.json, in the order in which people are shown them. */
enum config_key {
    CONFIG_MEMBER,
    CONFIG_LISTEN,
    CONFIG_API,
    CONFIG_PEERS,
    CONFIG_LOG_LEVEL,
    CONFIG_LOG_FORMAT,
    CONFIG_REQUESTS,
    CONFIG_RETAIN,
    CONFIG_KEYS
};
/* Their names, and whether a change takes a restart. */
struct config_key_about {
    const char *name;
    bool is_required;
    bool needs_restart;
};
extern const struct config_key_about config_keys[CONFIG_KEYS];

/* About 100 KiB: hold it on the heap or statically, not on the stack. */
struct node_config {
    char directory[CONFIG_PATH_BYTES];
    char ledger_path[CONFIG_PATH_BYTES];
    struct genesis genesis;
    struct hash chain;
    uint32_t member;
    uint8_t secret[SECRET_BYTES]; /* node_config_wipe clears it, and these: */
    uint8_t next_secret[SECRET_BYTES];
    uint8_t old_secret[SECRET_BYTES];
    bool has_next_secret;
    bool has_old_secret;
    struct roster learned; /* by the handovers; of epoch 0: that of the genesis */
    char token[CONFIG_TOKEN_CHARACTERS + 1];
    char token_write[CONFIG_TOKEN_CHARACTERS + 1]; /* empty: there is none */
    char token_read[CONFIG_TOKEN_CHARACTERS + 1];  /* empty: there is none */
    char listen[CONFIG_ADDRESS_BYTES];             /* for the other members */
    char api[CONFIG_ADDRESS_BYTES];                /* for clients of this machine */
    char peers[MEMBERS_MAX][CONFIG_ADDRESS_BYTES]; /* empty: none is known */
    enum log_level log_level;
    enum log_format log_format;
    uint32_t requests_per_second; /* 0 .. CONFIG_REQUESTS_MAX; 0: what http/http.h says */
    uint32_t retain;              /* blocks that are kept at least, SNAPSHOT_INTERVAL or more; 0: all */
    uint32_t lines[CONFIG_KEYS];  /* where each stands in config.json, from 1; 0: nowhere, the default holds */
};

/* Why something was refused, in one sentence for people: which file, what is wrong, what to do. Written on failure
 * only. */
struct config_detail {
    char text[2 * CONFIG_PATH_BYTES + 512];
};
/* As printf; cut off when it is too long. */
void config_detail_set(struct config_detail *ret_detail, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads everything that a member needs to run. STATUS_NOT_FOUND when a file is missing, STATUS_IO when it can't be
 * read, STATUS_BAD_FORMAT for text that is not the JSON or hex it should be, STATUS_BAD_VALUE for a value out of
 * range, STATUS_NOT_ALLOWED for a secret that others can read, STATUS_BAD_KEY for a key that is another member's in the
 * genesis, or what genesis_valid and handover_file_follow say. */
enum status node_config_load(const char *directory, struct node_config *ret_config,
                             struct config_detail *ret_detail) MUST_USE;
/* What a client of the member needs: config.json, genesis.json and the token; the key is not touched and `secret`
 * stays zero. */
enum status node_config_load_client(const char *directory, struct node_config *ret_config,
                                    struct config_detail *ret_detail) MUST_USE;
/* As node_config_load_client without the token, which stays empty: for reading what other members of one machine
 * answer to anybody. */
enum status node_config_load_public(const char *directory, struct node_config *ret_config,
                                    struct config_detail *ret_detail) MUST_USE;
/* STATUS_BAD_KEY when the key, which stands in the file `path`, is that of another member of the genesis. One that does
 * not stand there may be of a later epoch, or of a member to come. */
enum status node_config_check_key(const struct node_config *config, const char *path, const uint8_t key[KEY_BYTES],
                                  struct config_detail *ret_detail) MUST_USE;
/* Reads the handovers beside config.json into `learned`; without them, or when they are no good, it is the roster of the
 * genesis. STATUS_NOT_FOUND when there are none, STATUS_IO, STATUS_TOO_LARGE, or what handover_file_follow says. */
enum status node_config_learn(struct node_config *config, struct config_detail *ret_detail) MUST_USE;
/* Clears what is secret. */
void node_config_wipe(struct node_config *config);

/* Creates config.json (mode 0600) from `member`, `listen`, `api` and `peers` of a valid configuration, and from those of the
 * others that have a line in `lines`; its directory exists. STATUS_CONFLICT when there is one already, STATUS_IO. */
enum status node_config_write(const struct node_config *config, struct config_detail *ret_detail) MUST_USE;

/* The genesis as people write it:
 *     {"credimus": 1, "name": "indicators", "created": "2026-01-02T03:04:05.000006Z", "threshold": "3/4",
 *      "state_bytes_max": 1073741824, "members": [{"name": "m0", "key": "<64 hex>"}, ...], "vacant": 2}
 * "vacant" places are for members to come, none when it is left out. "created" has exactly six decimals and is in UTC. Unknown keys, duplicate keys and whatever genesis_valid refuses
 * are refused. */
enum status genesis_load(const char *path, struct genesis *ret_genesis, struct config_detail *ret_detail) MUST_USE;
/* Creates the file, mode 0644. STATUS_CONFLICT when there is one already, STATUS_IO. */
enum status genesis_write(const char *path, const struct genesis *genesis, struct config_detail *ret_detail) MUST_USE;

/* "127.0.0.1:7100", "name.example:7100" or "[::1]:7100". The port is 1 .. 65535, without sign or leading zero; the
 * host may not be empty. STATUS_BAD_FORMAT or STATUS_BAD_VALUE. `ret_host` loses the brackets; it holds
 * CONFIG_ADDRESS_BYTES. */
enum status config_address_split(const char *address, char *ret_host, uint16_t *ret_port) MUST_USE;

/* "2026-01-02T03:04:05.000006Z", in UTC with exactly six decimals: `ret_text` holds CONFIG_TIME_BYTES. */
enum { CONFIG_TIME_BYTES = 32 };
void config_time_put(uint64_t time_us, char *ret_text);
/* The same back, years 1970 .. 9999; 0 to 6 decimals. STATUS_BAD_FORMAT for anything else, STATUS_BAD_VALUE for a day or a time
 * that does not exist. */
enum status config_time_parse(struct slice text, uint64_t *ret_time_us) MUST_USE;

/* directory/name. STATUS_TOO_LARGE when it is longer than `path_bytes`. */
enum status config_path(const char *directory, const char *name, char *ret_path, size_t path_bytes) MUST_USE;

#endif
