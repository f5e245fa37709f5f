/* credimus import: a file of evidence, whole or not at all unless it is asked to be otherwise. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/convert.h"
#include "cmd/evidence.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/upload.h"
#include "http/form.h"
#include "http/http.h"
#include "node/keys.h"

enum {
    OPTION_FORMAT,
    OPTION_QUESTION,
    OPTION_MODEL,
    OPTION_ASK,
    OPTION_MODE,
    OPTION_RHO,
    OPTION_SKIP_UNKNOWN,
    OPTION_DRY_RUN,
    OPTION_NO_ATOMIC,
    OPTION_ACK,
};

enum {
    /* Of JSON Lines and CSV, which are held in memory with their lines; the others are read as streams. */
    FILE_BYTES_MAX = 256 << 20,
    /* What goes in one request when the file need not go as a whole: large enough to fill batches, small enough for the
     * bar to move. */
    CHUNK_BYTES = 1 << 20,
    CHUNK_LINES = 8192,
    TIMEOUT_SECONDS = 300,
};

static const struct option_spec options[] = {
    {"format", "FORMAT", "jsonl, csv, stix or misp; default: jsonl, or csv by the file's name", 0},
    {"question", "ID", "jsonl, csv: for lines that name none; stix, misp: for all", 0},
    {"model", "FILE", "stix, misp: how likely each kind of report is under each hypothesis (default: built in)", 0},
    {"ask", NULL, "stix, misp: ask about indicators and attributes that no open question is about", 0},
    {"mode", "panel|pool", "of the questions that --ask asks (default pool)", 0},
    {"rho", "SHARE", "of these, how much of the members' evidence is the same (default 1)", 0},
    {"skip-unknown", NULL, "stix, misp: pass over what no question is about, instead of refusing the file", 0},
    {"dry-run", NULL, "print the lines that would be told, and tell nothing", 0},
    {"no-atomic", NULL, "send in pieces and keep what is good before a line that is refused", 0},
    {"ack", "HOW", "answer when it is local (default), available, committed or final", 0},
    {0},
};

struct import {
    const struct invocation *invocation;
    const char *file;
    const char *ack;
    bool atomic;
    bool is_dry;
    bool is_converted; /* STIX or MISP */
    struct converted converted;
    struct upload upload;
    struct client *client;
    struct progress progress;
    uint64_t accepted;
    uint64_t duplicates; /* told before, in the same words */
    uint64_t refused;    /* taken into the lane, but of no effect when they were executed */
    char why[64];        /* of the first of those */
    bool enough;         /* as safe as `ack` asked for, all of them */
};

static void on_progress(void *context, size_t sent, size_t total) {
    (void)total;
    progress_at(context, sent);
}

/* FILE:LINE of a line of the request, which began with line `from` of the upload. */
static uint64_t file_line(const struct import *import, size_t from, long long line) {
    size_t index = from + (size_t)(line > 0 ? line - 1 : 0);
    return index < import->upload.count ? import->upload.lines[index].line : 0;
}

/* What was kept, so that nobody has to guess. */
static int refuse(struct import *import, const struct reply *reply, size_t from) {
    char kept[128] = "; nothing of the file was taken";
    long long line = reply_whole(reply->json, "line");
    uint64_t accepted = import->accepted + (uint64_t)reply_whole(reply->json, "accepted");
    progress_end(&import->progress);
    if (!import->atomic) {
        (void)snprintf(kept, sizeof kept, "; lines before it that were taken and stay: %llu",
                       (unsigned long long)accepted);
    }
    if (line <= 0) {
        return command_refuse(import->invocation, reply_error(reply), "%s: %s%s", import->file, reply_detail(reply),
                              kept);
    }
    return command_refuse(import->invocation, reply_error(reply), "%s:%llu: %s%s", import->file,
                          (unsigned long long)file_line(import, from, line), reply_detail(reply), kept);
}

/* Another member's item may have been executed first: then an item of ours, fine when it was taken, has no effect. */
static void count(struct import *import, const struct reply *reply) {
    const json_t *first = json_array_get(json_object_get(reply->json, "refusals"), 0);
    long long refused = reply_whole(reply->json, "refused");
    import->accepted += (uint64_t)reply_whole(reply->json, "accepted");
    if (refused > 0 && import->refused == 0) {
        (void)snprintf(import->why, sizeof import->why, "%s", reply_text(first, "error", "?"));
    }
    import->refused += (uint64_t)refused;
    import->duplicates += (uint64_t)reply_whole(reply->json, "duplicates");
    import->enough = import->enough && evidence_ack_reached(reply_text(reply->json, "ack", "local"), import->ack);
}

static int send_lines(struct import *import, size_t from, size_t to) {
    char path[96];
    struct reply reply;
    struct config_detail detail;
    size_t begin = upload_begin(&import->upload, from);
    size_t bytes = import->upload.lines[to - 1].end - begin;
    (void)snprintf(path, sizeof path, "/v1/evidence?ack=%s&atomic=%s", import->ack,
                   import->atomic ? "true" : "false");
    enum status status = client_call(import->client, path, slice_of(import->upload.text + begin, bytes),
                                     "application/x-ndjson", &reply, &detail);
    if (status != STATUS_OK) {
        progress_end(&import->progress);
        return command_refuse(import->invocation, status_name(status), "%s", detail.text);
    }
    int code = COMMAND_DONE;
    if (reply.status < 200 || reply.status > 299) {
        code = refuse(import, &reply, from);
    } else {
        count(import, &reply);
        progress_step(&import->progress, bytes);
    }
    reply_free(&reply);
    return code;
}

static int report(const struct import *import) {
    const struct invocation *invocation = import->invocation;
    if (invocation->json) {
        (void)printf("{\"accepted\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"duplicates\": %" PRIu64
                     ", \"ack\": \"%s\", \"reached\": %s}\n",
                     import->accepted, import->refused, import->duplicates, import->ack,
                     import->enough ? "true" : "false");
    } else {
        (void)printf("%" PRIu64 " item%s accepted: %s\n", import->accepted, import->accepted == 1 ? "" : "s",
                     evidence_ack_text(import->enough ? import->ack : "local"));
        (void)fflush(stdout);
        if (import->duplicates > 0)
            (void)fprintf(stderr, "credimus import: %" PRIu64 " told before, and as it was\n", import->duplicates);
        if (import->refused > 0) {
            (void)fprintf(stderr, "credimus import: %" PRIu64 " of them had no effect when they were executed: %s\n",
                          import->refused, import->why);
        }
        if (!import->enough) {
            (void)fprintf(stderr, "credimus import: not all is %s yet, but it is kept and on its way\n", import->ack);
        }
    }
    return import->enough && import->refused == 0 ? COMMAND_DONE : COMMAND_REFUSED;
}

static int refuse_size(const struct import *import, size_t bytes) {
    return command_refuse(import->invocation, status_name(STATUS_TOO_LARGE),
                          "%s takes %zu bytes, and at most %zu can be taken as a whole; split it%s; nothing was told",
                          import->file, bytes, HTTP_BODY_BYTES_MAX,
                          import->is_converted ? "" : ", or use --no-atomic");
}

static int send_all(struct import *import) {
    const struct upload *upload = &import->upload;
    if (import->atomic && upload->bytes > HTTP_BODY_BYTES_MAX) return refuse_size(import, upload->bytes);
    import->progress = progress_begin("importing", upload->bytes);
    client_set_progress(import->client, on_progress, &import->progress);
    client_set_timeout(import->client, TIMEOUT_SECONDS);
    for (size_t from = 0; from < upload->count;) {
        size_t to = import->atomic ? upload->count : upload_chunk(upload, from, CHUNK_BYTES, CHUNK_LINES);
        int code = send_lines(import, from, to);
        if (code != COMMAND_DONE) return code;
        from = to;
    }
    progress_end(&import->progress);
    return report(import);
}

/* The whole file. COMMAND_DONE, or COMMAND_REFUSED after saying why. The text is the caller's to free. */
static int read_whole(const struct import *import, char **ret_text, size_t *ret_bytes) {
    struct stat about;
    struct config_detail detail;
    size_t capacity = 1;
    if (stat(import->file, &about) == 0 && about.st_size > 0) capacity = (size_t)about.st_size;
    if (capacity > FILE_BYTES_MAX) {
        return command_refuse(import->invocation, status_name(STATUS_TOO_LARGE),
                              "%s is larger than 256 MiB; split it", import->file);
    }
    /* Lines only grow on their way, so what is too large now need not be read at all. */
    if (import->atomic && !import->is_dry && capacity > HTTP_BODY_BYTES_MAX) return refuse_size(import, capacity);
    char *text = malloc(capacity);
    CHECK(text != NULL);
    enum status status = file_read(import->file, false, text, capacity, ret_bytes, &detail);
    if (status == STATUS_OK) {
        *ret_text = text;
        return COMMAND_DONE;
    }
    free(text);
    return command_refuse(import->invocation, status_name(status), "%s", detail.text);
}

static int read_lines(struct import *import, const char *format, const char *question) {
    char *text = NULL;
    size_t bytes = 0;
    uint64_t line = 0;
    struct config_detail detail;
    int code = read_whole(import, &text, &bytes);
    if (code != COMMAND_DONE) return code;
    bool is_csv = strcmp(format, "csv") == 0;
    enum status status =
        (is_csv ? upload_from_csv : upload_from_jsonl)(text, bytes, question, &import->upload, &line, &detail);
    free(text);
    if (status != STATUS_OK) {
        return command_refuse(import->invocation, status_name(status), "%s:%llu: %s; nothing of the file was taken",
                              import->file, (unsigned long long)line, detail.text);
    }
    if (import->upload.count > 0) return COMMAND_DONE;
    return command_refuse(import->invocation, status_name(STATUS_NOT_FOUND), "%s holds no evidence", import->file);
}

/* --- Dry run --- */

/* Judges each line as the member's API would, but for what only the member knows. */
static int judge_lines(const struct import *import) {
    static uint8_t scratch[CONTENT_BYTES_MAX];
    const struct upload *upload = &import->upload;
    struct refusal refusal;
    enum status status = STATUS_OK;
    uint8_t *copy = malloc(upload->bytes + 1);
    CHECK(copy != NULL);
    memcpy(copy, upload->text, upload->bytes);
    struct form_list list = form_list_of(copy, upload->bytes, form_take_tell, true);
    while (status == STATUS_OK) {
        struct draft draft = {.scratch = scratch};
        status = form_list_next(&list, &draft, &refusal);
    }
    free(copy);
    if (status == STATUS_NOT_FOUND) return COMMAND_DONE;
    return command_refuse(import->invocation, status_name(status), "%s:%llu: %s; nothing was told", import->file,
                          (unsigned long long)file_line(import, 0, (long long)list.line), refusal.detail);
}

static int print_dry(const struct import *import) {
    const struct converted *converted = &import->converted;
    int code = judge_lines(import);
    if (code != COMMAND_DONE) return code;
    if (import->invocation->json) {
        (void)printf("{\"dry_run\": true, \"items\": %zu, \"questions\": %u, \"asked\": %u, \"skipped\": %u, "
                     "\"ignored\": %u}\n",
                     import->upload.count, converted->questions, converted->asked, converted->skipped,
                     converted->ignored);
        return COMMAND_DONE;
    }
    (void)fwrite(import->upload.text, 1, import->upload.bytes, stdout);
    (void)fflush(stdout);
    (void)fprintf(stderr, "credimus import: nothing was told; would be: %zu item%s", import->upload.count,
                  import->upload.count == 1 ? "" : "s");
    if (import->is_converted)
        (void)fprintf(stderr, ", %u question%s", converted->questions, converted->questions == 1 ? "" : "s");
    if (converted->asked > 0) (void)fprintf(stderr, ", %u of them new (shown as zeros)", converted->asked);
    (void)fputc('\n', stderr);
    return COMMAND_DONE;
}

/* --- The command --- */

static const char *format_of(const char *file) {
    const char *dot = strrchr(file, '.');
    return dot != NULL && strcmp(dot, ".csv") == 0 ? "csv" : "jsonl";
}

/* Options of the one family of formats that are given for the other. */
static int check_options(const struct import *import, const char *format) {
    static const uint32_t converting[] = {OPTION_MODEL, OPTION_ASK, OPTION_MODE, OPTION_RHO, OPTION_SKIP_UNKNOWN};
    const struct invocation *invocation = import->invocation;
    for (size_t i = 0; i < sizeof converting / sizeof converting[0] && !import->is_converted; i++) {
        if (option_given(invocation, converting[i]))
            return command_misuse(invocation, "--%s is for stix and misp, and this is %s (--format)",
                                  options[converting[i]].name, format);
    }
    if (import->is_converted && option_given(invocation, OPTION_NO_ATOMIC))
        return command_misuse(invocation, "--no-atomic is for jsonl and csv: %s is told as a whole or not at all",
                              format);
    if (option_given(invocation, OPTION_ASK) && option_given(invocation, OPTION_QUESTION))
        return command_misuse(invocation, "give either --ask or --question");
    if (!option_given(invocation, OPTION_ASK) &&
        (option_given(invocation, OPTION_MODE) || option_given(invocation, OPTION_RHO)))
        return command_misuse(invocation, "--mode and --rho are for the questions of --ask");
    return COMMAND_DONE;
}

/* What was passed over is said, so that nobody takes a part for the whole. */
static void print_passed(const struct import *import) {
    const struct converted *converted = &import->converted;
    if (import->invocation->json) return;
    if (converted->ignored > 0)
        (void)fprintf(stderr, "credimus import: passed over, as they say nothing about a question: %u objects\n",
                      converted->ignored);
    if (converted->skipped > 0)
        (void)fprintf(stderr,
                      "credimus import: %u of %u reports are about nothing that is asked, and were passed over\n",
                      converted->skipped, converted->reports);
}

static int convert(struct import *import, const char *format, const char *question) {
    static const char *const modes[] = {"panel", "pool", NULL};
    const struct invocation *invocation = import->invocation;
    struct convert convert = {
        .invocation = invocation,
        .client = import->client,
        .file = import->file,
        .is_misp = strcmp(format, "misp") == 0,
        .model = option_text(invocation, OPTION_MODEL, NULL),
        .question = question,
        .asks = option_given(invocation, OPTION_ASK),
        .skips = option_given(invocation, OPTION_SKIP_UNKNOWN),
        .is_dry = import->is_dry,
        .rho = option_text(invocation, OPTION_RHO, "1"),
    };
    int code = option_word(invocation, OPTION_MODE, modes, "pool", &convert.mode);
    if (code == COMMAND_DONE) code = convert_file(&convert, &import->upload, &import->converted);
    if (code == COMMAND_DONE) print_passed(import);
    if (code != COMMAND_DONE || import->upload.count > 0) return code;
    return command_refuse(invocation, status_name(STATUS_NOT_FOUND),
                          "%s holds nothing that is asked; nothing was told", import->file);
}

static int run_with(struct import *import, const char *format, const char *question) {
    bool needs_member = import->is_converted || !import->is_dry;
    int code = check_options(import, format);
    if (code == COMMAND_DONE && !import->is_converted) code = read_lines(import, format, question);
    if (code == COMMAND_DONE && needs_member)
        code = client_open(import->invocation, import->invocation->arguments[0], !import->is_dry, &import->client);
    if (code == COMMAND_DONE && import->is_converted) code = convert(import, format, question);
    if (code == COMMAND_DONE) code = import->is_dry ? print_dry(import) : send_all(import);
    client_close(import->client);
    upload_free(&import->upload);
    return code;
}

static int run(const struct invocation *invocation) {
    static const char *const formats[] = {"jsonl", "csv", "stix", "misp", NULL};
    struct import import = {.invocation = invocation, .file = invocation->arguments[1], .enough = true};
    char question[QUESTION_TEXT_BYTES];
    const char *format;
    const char *asked = option_text(invocation, OPTION_QUESTION, NULL);
    import.atomic = !option_given(invocation, OPTION_NO_ATOMIC);
    import.is_dry = option_given(invocation, OPTION_DRY_RUN);
    int code = option_word(invocation, OPTION_FORMAT, formats, format_of(import.file), &format);
    if (code == COMMAND_DONE) code = option_word(invocation, OPTION_ACK, evidence_acks, "local", &import.ack);
    if (code == COMMAND_DONE && asked != NULL) code = question_parse(invocation, asked, question);
    if (code != COMMAND_DONE) return code;
    import.is_converted = strcmp(format, "stix") == 0 || strcmp(format, "misp") == 0;
    return run_with(&import, format, asked != NULL ? question : NULL);
}

const struct command command_import = {
    .name = "import",
    .arguments = "MEMBER_DIR FILE",
    .help = "Tell a file of evidence",
    .more =
        "JSON Lines: one object a line, {\"question\", \"observation\", \"llr\" or \"loglik\" or \"probability\",\n"
        "\"content\", \"observed_at\"}. CSV: the same names in the header; the parts of a loglik are separated by "
        "';'.\n"
        "STIX 2.1 bundles and MISP sightings: each report becomes a log-likelihood by a model, and belongs to the "
        "open\n"
        "question whose title begins with the id of the indicator or the uuid of the attribute (docs/exchange.md).\n"
        "The whole file is taken or nothing of it, unless --no-atomic is given.",
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = run,
};
