/* credimus debug bundle: all that somebody who helps from afar will ask for, in one file that may be handed out.
 *
 * Invariant: no secret is in it. None is read but to be looked for (cmd/redact.h), in every file that goes in; and the
 * archive is made with mode 0600, since a status tells of the group. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <dirent.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/redact.h"
#include "cmd/tar.h"
#include "crypto/secret.h"
#include "ledger/check.h"
#include "node/keys.h"

enum { OPTION_OUTPUT, OPTION_LOG };

static const struct option_spec options[] = {
    {"output", "FILE", "where to (default credimus-debug-TIME.tar here); never overwritten", 'o'},
    {"log", "FILE", "a file that the member's log goes to: its last MiB is put in", 0},
    {0},
};

enum { LOG_BYTES_MAX = 1024 * 1024, FILE_BYTES_MAX = 4 * 1024 * 1024, FILES_LISTED_MAX = 1000, FOLDER_BYTES = 64 };

struct bundle {
    const struct invocation *invocation;
    const char *directory;
    struct node_config config;
    bool has_config;
    struct redact redact;
    struct tar tar;
    char folder[FOLDER_BYTES]; /* inside of the archive */
    time_t now_s;
    uint64_t redacted; /* places */
};

/* Copies, cleans, adds. */
static void add(struct bundle *bundle, const char *name, struct slice bytes) {
    char path[TAR_NAME_CHARACTERS + 1];
    uint8_t *copy = malloc(bytes.bytes + 1);
    CHECK(copy != NULL);
    if (bytes.bytes > 0) memcpy(copy, bytes.data, bytes.bytes);
    bundle->redacted += redact_clean(&bundle->redact, copy, bytes.bytes);
    (void)snprintf(path, sizeof path, "%s/%s", bundle->folder, name);
    tar_add(&bundle->tar, path, (uint64_t)bundle->now_s, slice_of(copy, bytes.bytes));
    free(copy);
}

/* A text that grows while it is written. */
struct page {
    FILE *out;
    char *text;
    size_t bytes;
};

static void page_begin(struct page *page) {
    *page = (struct page){0};
    page->out = open_memstream(&page->text, &page->bytes);
    CHECK(page->out != NULL);
}

static void page_add(struct bundle *bundle, const char *name, struct page *page) {
    CHECK(fclose(page->out) == 0);
    add(bundle, name, slice_of(page->text, page->bytes));
    free(page->text);
}

/* --- what is looked for, and never put in --- */

static void learn_token(struct redact *redact, const char *path) {
    struct config_detail detail;
    char token[CONFIG_TOKEN_CHARACTERS + 1];
    uint8_t bytes[CONFIG_TOKEN_CHARACTERS / 2];
    if (token_load(path, token, &detail) != STATUS_OK) return;
    if (bytes_from_hex(slice_of_text(token), bytes, sizeof bytes) == STATUS_OK)
        redact_add(redact, slice_of(bytes, sizeof bytes));
    redact_add(redact, slice_of(token, CONFIG_TOKEN_CHARACTERS));
    crypto_wipe(token, sizeof token);
    crypto_wipe(bytes, sizeof bytes);
}

/* The public half is no secret: it stands in the genesis. */
static void learn_key(struct redact *redact, const char *path) {
    struct config_detail detail;
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    if (key_load(path, secret, key, &detail) == STATUS_OK)
        redact_add(redact, slice_of(secret, SECRET_BYTES - KEY_BYTES));
    crypto_wipe(secret, sizeof secret);
}

static void learn_secrets(struct bundle *bundle) {
    static const char *const tokens[] = {TOKEN_FILE, TOKEN_WRITE_FILE, TOKEN_READ_FILE};
    static const char *const keys[] = {KEY_FILE, KEY_NEXT_FILE, KEY_OLD_FILE};
    char path[CONFIG_PATH_BYTES];
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        if (config_path(bundle->directory, tokens[i], path, sizeof path) == STATUS_OK)
            learn_token(&bundle->redact, path);
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (config_path(bundle->directory, keys[i], path, sizeof path) == STATUS_OK) learn_key(&bundle->redact, path);
    }
}

/* --- what goes in --- */

static void print_time(FILE *out, time_t time_s) {
    char text[32];
    struct tm utc;
    CHECK(gmtime_r(&time_s, &utc) != NULL);
    CHECK(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
    (void)fputs(text, out);
}

static void print_limit(FILE *out, const char *name, const struct rlimit *limit) {
    (void)fprintf(out, "limit %s: ", name);
    if (limit->rlim_cur == RLIM_INFINITY) {
        (void)fprintf(out, "none\n");
    } else {
        (void)fprintf(out, "%llu\n", (unsigned long long)limit->rlim_cur);
    }
}

static void add_about(struct bundle *bundle) {
    struct page page;
    struct utsname system;
    struct statvfs disk;
    struct rlimit limit;
    page_begin(&page);
    (void)fprintf(page.out, "credimus %s\n", CREDIMUS_VERSION);
    (void)fprintf(page.out, "%s\n", curl_version());
    if (uname(&system) == 0) (void)fprintf(page.out, "%s %s %s\n", system.sysname, system.release, system.machine);
    (void)fprintf(page.out, "collected ");
    print_time(page.out, bundle->now_s);
    (void)fprintf(page.out, "\ndirectory %s\n", bundle->directory);
    if (statvfs(bundle->directory, &disk) == 0)
        (void)fprintf(page.out, "disk %llu bytes free of %llu\n", (unsigned long long)disk.f_bavail * disk.f_frsize,
                      (unsigned long long)disk.f_blocks * disk.f_frsize);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) print_limit(page.out, "open files", &limit);
    if (getrlimit(RLIMIT_AS, &limit) == 0) print_limit(page.out, "address space", &limit);
    page_add(bundle, "about.txt", &page);
}

/* Names, sizes and modes tell of a lost ledger or a key that others can read. */
static void add_listing(struct bundle *bundle) {
    struct page page;
    DIR *directory = opendir(bundle->directory);
    page_begin(&page);
    if (directory == NULL) (void)fprintf(page.out, "%s: %s\n", bundle->directory, strerror(errno));
    for (uint32_t i = 0; directory != NULL && i < FILES_LISTED_MAX; i++) {
        struct stat about;
        const struct dirent *entry = readdir(directory); // NOLINT(concurrency-mt-unsafe)
        if (entry == NULL) break;
        if (fstatat(dirfd(directory), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
        (void)fprintf(page.out, "%06o %u:%u %12lld ", about.st_mode, about.st_uid, about.st_gid,
                      (long long)about.st_size);
        print_time(page.out, about.st_mtime);
        (void)fprintf(page.out, " %s\n", entry->d_name);
    }
    if (directory != NULL) (void)closedir(directory);
    page_add(bundle, "files.txt", &page);
}

static void add_file(struct bundle *bundle, const char *name, const char *as) {
    char path[CONFIG_PATH_BYTES];
    struct config_detail detail;
    size_t bytes;
    char *text = malloc(FILE_BYTES_MAX);
    CHECK(text != NULL);
    if (config_path(bundle->directory, name, path, sizeof path) != STATUS_OK) path[0] = '\0';
    if (file_read(path, false, text, FILE_BYTES_MAX, &bytes, &detail) == STATUS_OK) {
        add(bundle, as, slice_of(text, bytes));
    } else {
        add(bundle, as, slice_of_text(detail.text));
    }
    free(text);
}

/* Values with their origin are `config show`'s to tell; here stands what was written, and what is wrong with it. */
static void add_config(struct bundle *bundle) {
    struct config_detail detail;
    add_file(bundle, CONFIG_FILE, CONFIG_FILE);
    add_file(bundle, GENESIS_FILE, GENESIS_FILE);
    enum status status = node_config_load_public(bundle->directory, &bundle->config, &detail);
    bundle->has_config = status == STATUS_OK;
    add(bundle, "config-check.txt",
        slice_of_text(bundle->has_config ? "config.json and genesis.json are good\n" : detail.text));
}

/* A member that does not answer is a finding, not a failure. */
static void add_answers(struct bundle *bundle, struct client *client) {
    static const struct {
        const char *path;
        const char *as;
    } reads[] = {
        {"/v1/status", "status.json"}, {"/v1/members", "members.json"}, {"/metrics", "metrics.txt"},
        {"/healthz", "healthz.json"},  {"/readyz", "readyz.json"},
    };
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        struct reply reply;
        struct config_detail detail;
        if (client_call(client, reads[i].path, slice_of(NULL, 0), NULL, &reply, &detail) != STATUS_OK) {
            add(bundle, reads[i].as, slice_of_text(detail.text));
            continue;
        }
        add(bundle, reads[i].as, slice_of(reply.text, reply.bytes));
        reply_free(&reply);
    }
}

static void add_running(struct bundle *bundle) {
    struct client *client;
    struct config_detail detail;
    enum status status = client_open_quietly(bundle->invocation, bundle->directory, &client, &detail);
    if (status != STATUS_OK) return; /* config-check.txt has it */
    add_answers(bundle, client);
    client_close(client);
}

static void print_finding(void *context, const char *table, int64_t row, const char *what) {
    (void)fprintf(context, "table %s, row %lld: %s\n", table, (long long)row, what);
}

static void add_ledger(struct bundle *bundle) {
    struct page page;
    struct ledger_checked checked = {0};
    page_begin(&page);
    enum status status = !bundle->has_config ? STATUS_MISSING
                                             : ledger_check(bundle->config.ledger_path, &bundle->config.chain,
                                                            print_finding, page.out, &checked);
    if (status == STATUS_OK || status == STATUS_CORRUPT) {
        (void)fprintf(page.out,
                      "%" PRIu64 " heights, %" PRIu64 " batches, %" PRIu64 " contents, %" PRIu64 " leaves, %" PRIu64
                      " others: %" PRIu64 " findings\n",
                      checked.heights, checked.batches, checked.contents, checked.leaves, checked.others,
                      checked.findings);
    } else if (status == STATUS_LOCKED) {
        (void)fprintf(page.out, "not checked: the member is running; stop it and run `credimus log --check %s`\n",
                      bundle->directory);
    } else {
        const char *why = status == STATUS_NOT_FOUND ? "there is no ledger yet" : status_text(status);
        (void)fprintf(page.out, "not checked: %s\n", bundle->has_config ? why : "no good configuration");
    }
    page_add(bundle, "ledger-check.txt", &page);
}

/* The end of a file, from the beginning of a line on. */
static enum status read_tail(int file, char *text, size_t *ret_bytes) {
    struct stat about;
    size_t bytes = 0;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return STATUS_IO;
    off_t from = about.st_size > LOG_BYTES_MAX ? about.st_size - LOG_BYTES_MAX : 0;
    while (bytes < LOG_BYTES_MAX) {
        ssize_t got = pread(file, text + bytes, LOG_BYTES_MAX - bytes, from + (off_t)bytes);
        if (got < 0) return STATUS_IO;
        if (got == 0) break;
        bytes += (size_t)got;
    }
    const char *line = from > 0 ? memchr(text, '\n', bytes) : NULL;
    size_t cut = line != NULL ? (size_t)(line - text) + 1 : 0;
    memmove(text, text + cut, bytes - cut);
    *ret_bytes = bytes - cut;
    return STATUS_OK;
}

static int add_log(struct bundle *bundle, const char *path) {
    size_t bytes;
    char *text = malloc(LOG_BYTES_MAX);
    CHECK(text != NULL);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum status status = file < 0 ? STATUS_IO : read_tail(file, text, &bytes);
    if (status == STATUS_OK) add(bundle, "log.txt", slice_of(text, bytes));
    if (file >= 0) (void)close(file);
    free(text);
    if (status == STATUS_OK) return COMMAND_DONE;
    return command_refuse(bundle->invocation, status_name(status), "%s cannot be read as a log file", path);
}

static int write_bundle(struct bundle *bundle) {
    char path[CONFIG_PATH_BYTES];
    struct config_detail detail;
    const char *output = option_text(bundle->invocation, OPTION_OUTPUT, NULL);
    tar_end(&bundle->tar);
    if (output == NULL) (void)snprintf(path, sizeof path, "%s.tar", bundle->folder);
    if (output == NULL) output = path;
    enum status status = file_create(output, 0600, slice_of(bundle->tar.data, bundle->tar.bytes), &detail);
    if (status != STATUS_OK) return command_refuse(bundle->invocation, status_name(status), "%s", detail.text);
    if (bundle->invocation->json) {
        json_t *json = json_pack("{s:s, s:I, s:I}", "file", output, "bytes", (json_int_t)bundle->tar.bytes,
                                 "redacted", (json_int_t)bundle->redacted);
        CHECK(json != NULL);
        (void)json_dumpf(json, stdout, 0);
        (void)putchar('\n');
        json_decref(json);
    } else {
        (void)printf("%s: %zu bytes; secrets found and overwritten: %" PRIu64 "\n", output, bundle->tar.bytes,
                     bundle->redacted);
    }
    return COMMAND_DONE;
}

static void name_folder(struct bundle *bundle) {
    char when[32];
    struct tm utc;
    CHECK(gmtime_r(&bundle->now_s, &utc) != NULL);
    CHECK(strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &utc) > 0);
    (void)snprintf(bundle->folder, sizeof bundle->folder, "credimus-debug-%s", when);
}

static int run_on(struct bundle *bundle) {
    const char *log = option_text(bundle->invocation, OPTION_LOG, NULL);
    struct stat about;
    if (stat(bundle->directory, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return command_refuse(bundle->invocation, status_name(STATUS_NOT_FOUND), "%s is not a member's directory",
                              bundle->directory);
    }
    name_folder(bundle);
    learn_secrets(bundle);
    add_about(bundle);
    add_listing(bundle);
    add_config(bundle);
    add_running(bundle);
    add_ledger(bundle);
    int code = log != NULL ? add_log(bundle, log) : COMMAND_DONE;
    return code == COMMAND_DONE ? write_bundle(bundle) : code;
}

static int run(const struct invocation *invocation) {
    struct bundle *bundle = calloc(1, sizeof *bundle);
    CHECK(bundle != NULL);
    bundle->invocation = invocation;
    bundle->directory = invocation->arguments[0];
    bundle->now_s = time(NULL);
    int code = run_on(bundle);
    redact_wipe(&bundle->redact);
    tar_free(&bundle->tar);
    free(bundle);
    return code;
}

const struct command command_debug_bundle = {
    .name = "debug bundle",
    .arguments = "MEMBER_DIR",
    .help = "Collect what helps to find a fault, without secrets, in a tar file",
    .more =
        "Versions, the listing of the directory, configuration, and of a running member its status, members and\n"
        "metrics; of a stopped one the check of its ledger. Neither the key nor a token is in it; names of members\n"
        "and addresses are. The log of a service: journalctl -u credimus@NAME > FILE, then --log FILE.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
