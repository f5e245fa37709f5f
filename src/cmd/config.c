/* credimus config: whether a member's directory would be accepted, and what it says.
 *
 * `check` judges file by file, so that one run names everything that is wrong; `show` lists the values in force with
 * where each comes from. Neither prints a secret, and neither needs a running member. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/screen.h"
#include "crypto/secret.h"
#include "ledger/ledger.h"
#include "node/config.h"
#include "node/keys.h"

enum { VALUE_BYTES = 2 * CONFIG_ADDRESS_BYTES };

/* --- check --- */

struct check {
    const struct invocation *invocation;
    struct node_config config;
    json_t *findings;
    uint32_t errors;
};

/* `sentence` says what is wrong; it is not looked at when nothing is. */
static void add_finding(struct check *check, const char *name, enum status status, const char *sentence) {
    char text[sizeof(struct config_detail)] = "";
    if (status != STATUS_OK) {
        check->errors++;
        (void)snprintf(text, sizeof text, "%s", sentence);
        screen_clean(text);
    }
    if (check->invocation->json) {
        json_t *finding = json_pack("{s:s, s:b, s:s, s:s}", "file", name, "ok", status == STATUS_OK, "error",
                                    status_name(status), "detail", text);
        CHECK(finding != NULL && json_array_append_new(check->findings, finding) == 0);
    } else {
        (void)printf("%-13s %s\n", name, status == STATUS_OK ? "ok" : text);
    }
}

/* The path of a file of the directory; the empty text when it does not fit, which every file tells in the same way. */
static const char *path_in(const struct check *check, const char *name, char ret_path[CONFIG_PATH_BYTES]) {
    if (config_path(check->invocation->arguments[0], name, ret_path, CONFIG_PATH_BYTES) != STATUS_OK) ret_path[0] = 0;
    return ret_path;
}

static void check_genesis(struct check *check) {
    struct config_detail detail;
    char path[CONFIG_PATH_BYTES];
    enum status status = genesis_load(path_in(check, GENESIS_FILE, path), &check->config.genesis, &detail);
    add_finding(check, GENESIS_FILE, status, detail.text);
}

/* What config.json says can only be judged against a genesis that is good. */
static bool check_config(struct check *check) {
    struct config_detail detail;
    bool has_genesis = check->errors == 0;
    enum status status = node_config_load_public(check->invocation->arguments[0], &check->config, &detail);
    if (has_genesis) {
        add_finding(check, CONFIG_FILE, status, detail.text);
    } else {
        add_finding(check, CONFIG_FILE, STATUS_MISSING, "not checked: it takes a good " GENESIS_FILE);
    }
    return status == STATUS_OK;
}

/* The tokens of clients that may do less may be missing. */
static void check_token(struct check *check, const char *name, bool is_required) {
    struct config_detail detail;
    char path[CONFIG_PATH_BYTES];
    char token[CONFIG_TOKEN_CHARACTERS + 1];
    enum status status = token_load(path_in(check, name, path), token, &detail);
    crypto_wipe(token, sizeof token);
    if (status != STATUS_NOT_FOUND || is_required) add_finding(check, name, status, detail.text);
}

/* Those beside the key may be missing. */
static void check_key(struct check *check, const char *name, bool is_required, bool has_config) {
    struct config_detail detail;
    char path[CONFIG_PATH_BYTES];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    const struct node_config *config = &check->config;
    enum status status = key_load(path_in(check, name, path), secret, key, &detail);
    crypto_wipe(secret, sizeof secret);
    if (status == STATUS_OK && has_config) status = node_config_check_key(config, path, key, &detail);
    if (status != STATUS_NOT_FOUND || is_required) add_finding(check, name, status, detail.text);
}

/* They may be missing. */
static void check_handovers(struct check *check, bool has_config) {
    struct config_detail detail;
    if (!has_config) return;
    enum status status = node_config_learn(&check->config, &detail);
    if (status != STATUS_NOT_FOUND) add_finding(check, HANDOVERS_FILE, status, detail.text);
}

/* The database is made and renamed beside its own files in the directory. */
static void check_directory(struct check *check) {
    struct config_detail detail;
    const char *directory = check->invocation->arguments[0];
    struct stat about;
    enum status status = STATUS_OK;
    if (stat(directory, &about) != 0 || access(directory, R_OK | W_OK | X_OK) != 0) {
        status = STATUS_IO;
        config_detail_set(&detail, "%s cannot be written by this user (%s): a member keeps its ledger there",
                          directory, strerror(errno));
    } else if (!S_ISDIR(about.st_mode)) {
        status = STATUS_IO;
        config_detail_set(&detail, "%s is not a directory", directory);
    } else if ((about.st_mode & 022) != 0) {
        status = STATUS_NOT_ALLOWED;
        config_detail_set(&detail,
                          "%s can be written by others (mode %04o), who could replace the key: chmod go-w %s",
                          directory, (unsigned)(about.st_mode & 07777), directory);
    }
    add_finding(check, "directory", status, detail.text);
}

/* What the genesis calls the member; who has the place now the roster says, which a running member knows. */
static const char *name_of(const struct node_config *config) {
    const char *name = config->genesis.member_names[config->member];
    return name[0] != '\0' ? name : "vacant in the genesis";
}

static int print_checked(struct check *check) {
    if (check->invocation->json) {
        json_t *json = json_pack("{s:b, s:O}", "ok", check->errors == 0, "files", check->findings);
        CHECK(json != NULL);
        (void)json_dumpf(json, stdout, 0);
        (void)putchar('\n');
        json_decref(json);
    } else if (check->errors == 0) {
        const struct node_config *config = &check->config;
        (void)printf("%s would start at place %u of %u (%s)\n", check->invocation->arguments[0], config->member,
                     config->genesis.members, name_of(config));
    }
    return check->errors == 0 ? COMMAND_DONE : COMMAND_REFUSED;
}

static int run_check(const struct invocation *invocation) {
    struct check *check = calloc(1, sizeof *check);
    CHECK(check != NULL);
    check->invocation = invocation;
    check->findings = json_array();
    check_genesis(check);
    bool has_config = check_config(check);
    check_key(check, KEY_FILE, true, has_config);
    check_key(check, KEY_NEXT_FILE, false, has_config);
    check_key(check, KEY_OLD_FILE, false, has_config);
    check_token(check, TOKEN_FILE, true);
    check_token(check, TOKEN_WRITE_FILE, false);
    check_token(check, TOKEN_READ_FILE, false);
    check_handovers(check, has_config);
    check_directory(check);
    int code = print_checked(check);
    json_decref(check->findings);
    free(check);
    return code;
}

/* --- show --- */

struct shown {
    const struct invocation *invocation;
    const struct node_config *config;
    json_t *rows;
};

static void show_row(struct shown *shown, const char *name, const char *origin, bool needs_restart,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

static void show_row(struct shown *shown, const char *name, const char *origin, bool needs_restart,
                     const char *format, ...) {
    char value[VALUE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    screen_clean(value);
    if (shown->rows != NULL) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:b}", "name", name, "value", value, "origin", origin,
                                "needs_restart", needs_restart);
        CHECK(row != NULL && json_array_append_new(shown->rows, row) == 0);
    } else {
        (void)printf("%-15s %-34s %-20s %s\n", name, value, origin, needs_restart ? "restart" : "SIGHUP");
    }
}

static void value_of(const struct node_config *config, enum config_key key, char ret_value[VALUE_BYTES]) {
    switch (key) {
    case CONFIG_MEMBER: (void)snprintf(ret_value, VALUE_BYTES, "%u (%s)", config->member, name_of(config)); return;
    case CONFIG_LISTEN: (void)snprintf(ret_value, VALUE_BYTES, "%s", config->listen); return;
    case CONFIG_API: (void)snprintf(ret_value, VALUE_BYTES, "%s", config->api); return;
    case CONFIG_LOG_LEVEL: (void)snprintf(ret_value, VALUE_BYTES, "%s", log_level_name(config->log_level)); return;
    case CONFIG_LOG_FORMAT: (void)snprintf(ret_value, VALUE_BYTES, "%s", log_format_name(config->log_format)); return;
    case CONFIG_REQUESTS: (void)snprintf(ret_value, VALUE_BYTES, "%u", config->requests_per_second); return;
    case CONFIG_RETAIN: (void)snprintf(ret_value, VALUE_BYTES, "%u", config->retain); return;
    case CONFIG_PEERS:
    case CONFIG_KEYS: break;
    }
    ret_value[0] = '\0';
}

static void show_peers(struct shown *shown, const char *origin) {
    const struct node_config *config = shown->config;
    for (uint32_t i = 0; i < config->genesis.members; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "peers[%u]", i);
        show_row(shown, name, origin, config_keys[CONFIG_PEERS].needs_restart, "%s",
                 config->peers[i][0] != '\0' ? config->peers[i] : "none");
    }
}

static void show_keys(struct shown *shown) {
    const struct node_config *config = shown->config;
    for (unsigned key = 0; key < CONFIG_KEYS; key++) {
        char origin[64] = "default";
        char value[VALUE_BYTES];
        if (config->lines[key] != 0) (void)snprintf(origin, sizeof origin, "%s:%u", CONFIG_FILE, config->lines[key]);
        if (key == CONFIG_PEERS) {
            show_peers(shown, origin);
            continue;
        }
        value_of(config, (enum config_key)key, value);
        show_row(shown, config_keys[key].name, origin, config_keys[key].needs_restart, "%s", value);
    }
}

static void show_genesis(struct shown *shown) {
    const struct genesis *genesis = &shown->config->genesis;
    char chain[2 * HASH_BYTES + 1];
    char created[CONFIG_TIME_BYTES];
    bytes_to_hex(shown->config->chain.bytes, HASH_BYTES, chain);
    config_time_put(genesis->created_us, created);
    show_row(shown, "group", GENESIS_FILE, true, "%s", genesis->name);
    show_row(shown, "chain", GENESIS_FILE, true, "%s", chain);
    show_row(shown, "created", GENESIS_FILE, true, "%s", created);
    show_row(shown, "members", GENESIS_FILE, true, "%u", genesis_heads(genesis));
    show_row(shown, "vacant", GENESIS_FILE, true, "%u", genesis->vacant);
    show_row(shown, "threshold", GENESIS_FILE, true, "%u/%u", genesis->threshold.numerator,
             genesis->threshold.denominator);
    show_row(shown, "state_bytes_max", GENESIS_FILE, true, "%llu", (unsigned long long)genesis->state_bytes_max);
}

/* Whether it is there, never what it says. */
static void show_secret(struct shown *shown, const char *name, bool needs_restart) {
    char path[CONFIG_PATH_BYTES];
    struct stat about;
    if (config_path(shown->config->directory, name, path, sizeof path) != STATUS_OK || stat(path, &about) != 0) {
        show_row(shown, name, name, needs_restart, "none");
    } else {
        show_row(shown, name, name, needs_restart, "not shown, mode %04o", (unsigned)(about.st_mode & 07777));
    }
}

static int print_shown(struct shown *shown) {
    if (!shown->invocation->json) (void)printf("%-15s %-34s %-20s %s\n", "NAME", "VALUE", "FROM", "CHANGES BY");
    show_keys(shown);
    show_genesis(shown);
    show_secret(shown, KEY_FILE, true);
    show_secret(shown, KEY_NEXT_FILE, false);
    show_secret(shown, KEY_OLD_FILE, false);
    show_secret(shown, TOKEN_FILE, false);
    show_secret(shown, TOKEN_WRITE_FILE, false);
    show_secret(shown, TOKEN_READ_FILE, false);
    if (shown->rows != NULL) {
        (void)json_dumpf(shown->rows, stdout, 0);
        (void)putchar('\n');
    }
    return COMMAND_DONE;
}

static int run_show(const struct invocation *invocation) {
    struct config_detail detail;
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    struct shown shown = {.invocation = invocation, .config = config, .rows = invocation->json ? json_array() : NULL};
    enum status status = node_config_load_public(invocation->arguments[0], config, &detail);
    int code = status == STATUS_OK ? print_shown(&shown)
                                   : command_refuse(invocation, status_name(status), "%s", detail.text);
    json_decref(shown.rows);
    free(config);
    return code;
}

const struct command command_config_check = {
    .name = "config check",
    .arguments = "MEMBER_DIR",
    .help = "Check the files of a member's directory, without starting it",
    .more = "Every file is judged, and what is wrong is named with its line and what to do; then the exit\n"
            "status is 1. The ledger is not opened; `credimus log --check` does that.",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run_check,
};

const struct command command_config_show = {
    .name = "config show",
    .arguments = "MEMBER_DIR",
    .help = "Show the values that a member would run with, and where each comes from",
    .more =
        "The last column says what makes a change count: SIGHUP to the running member, or a restart. Secrets are\n"
        "never shown.",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run_show,
};
