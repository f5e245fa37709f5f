/* credimus export: what the group believes, for other tools: STIX 2.1 indicators, CSV, JSON. Reads through the API.
 *
 * Invariant: the SHA-256 that goes along with a belief is that of a certificate of this very belief: the belief is read
 * before and after the certificate, and must be final and unchanged. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/screen.h"
#include "crypto/sha256.h"

enum {
    OPTION_FORMAT,
    OPTION_OUTPUT,
    OPTION_CERTIFICATES,
    OPTION_URL,
    OPTION_HYPOTHESIS,
    OPTION_PATTERN,
    OPTION_UNDECIDED
};

enum { PAGE = 1000, TRIES = 3, PATH_BYTES = 4096, UUID_TEXT_BYTES = 37, TIME_TEXT_BYTES = 32, HEX_BYTES = 65 };

static const struct option_spec options[] = {
    {"format", "FORMAT", "stix, csv or json (default)", 0},
    {"output", "FILE", "where to write it, replacing an older one (default: standard output)", 'o'},
    {"certificates", "DIR", "keep each certificate that is referred to there, as ID.cert; made when it is missing",
     0},
    {"url", "PREFIX", "stix: where others find the certificates: PREFIX/ID.cert", 0},
    {"hypothesis", "NAME", "stix: the one that an indicator stands for (default: a question's first)", 0},
    {"pattern", "PATTERN", "stix: the indicator's pattern (default: from the title); for one question", 0},
    {"undecided", NULL, "stix: also what the group believes, but has not decided", 0},
    {0},
};

struct export {
    const struct invocation *invocation;
    struct client *client;
    json_t *beliefs; /* as the API gives them, with "certificate_sha256" */
    const char *chain;
    json_t *status;
    char time[TIME_TEXT_BYTES];
    FILE *out;
    struct progress progress;
    uint32_t passed; /* questions that are not in the output */
};

/* Collecting. */

static int get(struct export *export, const char *path, struct reply *ret_reply) {
    return client_demand(export->client, path, slice_of(NULL, 0), NULL, ret_reply);
}

static int collect_one(struct export *export, const char *text) {
    char question[QUESTION_TEXT_BYTES];
    char path[64];
    struct reply reply;
    int code = question_parse(export->invocation, text, question);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/questions/%s", question);
    code = get(export, path, &reply);
    if (code != COMMAND_DONE) return code;
    CHECK(json_array_append(export->beliefs, reply.json) == 0);
    reply_free(&reply);
    return COMMAND_DONE;
}

static int collect_all(struct export *export) {
    char path[64];
    struct reply reply;
    for (long long from = 0;;) {
        (void)snprintf(path, sizeof path, "/v1/questions?from=%lld&limit=%d", from, PAGE);
        int code = get(export, path, &reply);
        if (code != COMMAND_DONE) return code;
        (void)json_array_extend(export->beliefs, json_object_get(reply.json, "questions"));
        long long next = reply_whole(reply.json, "next");
        reply_free(&reply);
        if (next <= from) return COMMAND_DONE;
        from = next;
    }
}

static int collect(struct export *export) {
    const struct invocation *invocation = export->invocation;
    int code = COMMAND_DONE;
    if (invocation->arguments_count == 1) return collect_all(export);
    for (uint32_t i = 1; i < invocation->arguments_count && code == COMMAND_DONE; i++) {
        code = collect_one(export, invocation->arguments[i]);
    }
    return code;
}

/* Certificates. */

static void hex_of(struct slice bytes, char ret_hex[HEX_BYTES]) {
    struct hash hash;
    sha256_of(bytes, &hash);
    bytes_to_hex(hash.bytes, HASH_BYTES, ret_hex);
    ret_hex[HEX_BYTES - 1] = '\0';
}

static int keep_certificate(const struct export *export, const char *id, const struct reply *certificate) {
    char path[PATH_BYTES];
    const char *folder = option_text(export->invocation, OPTION_CERTIFICATES, NULL);
    if (folder == NULL) return COMMAND_DONE;
    if (snprintf(path, sizeof path, "%s/%s.cert", folder, id) >= (int)sizeof path)
        return command_refuse(export->invocation, status_name(STATUS_TOO_LARGE), "%s: the path is too long", folder);
    return output_write(export->invocation, path, slice_of(certificate->text, certificate->bytes));
}

/* Reads certificate and belief; `ret_again` when the belief moved meanwhile. A member without the certificate is not
 * an error: the belief stays without one. */
static int try_certificate(struct export *export, json_t *belief, bool *ret_again) {
    char path[64];
    char hex[HEX_BYTES];
    struct reply certificate;
    struct reply now;
    struct config_detail detail;
    const char *id = reply_text(belief, "question", "");
    long long height = reply_whole(belief, "height");
    *ret_again = false;
    (void)snprintf(path, sizeof path, "/v1/certificates/%s", id);
    enum status status = client_call(export->client, path, slice_of(NULL, 0), NULL, &certificate, &detail);
    if (status != STATUS_OK) return command_refuse(export->invocation, status_name(status), "%s", detail.text);
    (void)snprintf(path, sizeof path, "/v1/questions/%s", id);
    int code = get(export, path, &now);
    if (code == COMMAND_DONE) {
        *ret_again = reply_whole(now.json, "height") != height;
        CHECK(json_object_update(belief, now.json) == 0);
        reply_free(&now);
    }
    if (code == COMMAND_DONE && !*ret_again && certificate.status == 200) {
        hex_of(slice_of(certificate.text, certificate.bytes), hex);
        CHECK(json_object_set_new(belief, "certificate_sha256", json_string(hex)) == 0);
        code = keep_certificate(export, reply_text(belief, "question", ""), &certificate);
    }
    reply_free(&certificate);
    return code;
}

static int add_certificate(struct export *export, json_t *belief) {
    bool again = true;
    int code = COMMAND_DONE;
    CHECK(json_object_set_new(belief, "certificate_sha256", json_null()) == 0);
    for (int i = 0; i < TRIES && again && code == COMMAND_DONE; i++) {
        if (strcmp(reply_text(belief, "finality", ""), "final") != 0) break;
        code = try_certificate(export, belief, &again);
    }
    return code;
}

static int add_certificates(struct export *export) {
    int code = COMMAND_DONE;
    size_t count = json_array_size(export->beliefs);
    export->progress = progress_begin("exporting", count);
    for (size_t i = 0; i < count && code == COMMAND_DONE; i++) {
        code = add_certificate(export, json_array_get(export->beliefs, i));
        progress_step(&export->progress, 1);
    }
    progress_end(&export->progress);
    return code;
}

/* JSON. */

static int write_json(struct export *export) {
    json_t *document = json_pack("{s:s, s:s, s:O}", "chain", export->chain, "exported_at", export->time, "questions",
                                 export->beliefs);
    CHECK(document != NULL);
    (void)json_dumpf(document, export->out, JSON_INDENT(2));
    (void)fputc('\n', export->out);
    json_decref(document);
    return COMMAND_DONE;
}

/* CSV (RFC 4180). */

/* A text that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves write
 * it: titles are anybody's. */
static void put_cell(FILE *out, const char *text) {
    (void)fputc('"', out);
    if (text[0] != '\0' && strchr("=+-@", text[0]) != NULL) (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void put_row(FILE *out, const json_t *belief, size_t h) {
    static const char *const texts[] = {"title", "mode", "status", "outcome", "finality"};
    (void)fputs(reply_text(belief, "question", ""), out);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)fputc(',', out);
        put_cell(out, reply_text(belief, texts[i], ""));
    }
    const char *name = json_string_value(json_array_get(json_object_get(belief, "hypotheses"), h));
    const json_t *odds = json_array_get(json_object_get(belief, "log_odds_quanta"), h);
    (void)fprintf(out, ",%lld,", reply_whole(belief, "height"));
    put_cell(out, name != NULL ? name : "");
    (void)fprintf(out, ",%.17g,%lld,%lld,%lld,%lld,%s\r\n",
                  json_number_value(json_array_get(json_object_get(belief, "posterior"), h)),
                  (long long)json_integer_value(odds), reply_whole(belief, "flip_margin"),
                  reply_whole(belief, "contributors"), reply_whole(belief, "items"),
                  reply_text(belief, "certificate_sha256", ""));
}

static int write_csv(struct export *export) {
    size_t i;
    json_t *belief;
    (void)fputs("question,title,mode,status,outcome,finality,height,hypothesis,posterior,log_odds_quanta,flip_margin,"
                "contributors,items,certificate_sha256\r\n",
                export->out);
    json_array_foreach(export->beliefs, i, belief) {
        size_t count = json_array_size(json_object_get(belief, "hypotheses"));
        for (size_t h = 0; h < count; h++) put_row(export->out, belief, h);
    }
    return COMMAND_DONE;
}

/* STIX 2.1. */

/* An identifier made from what it names, marked as one of the kind that is drawn at random (RFC 9562, 5.4). */
static void uuid_of(const char *what, const char *chain, const char *question, const char *time,
                    char ret_uuid[UUID_TEXT_BYTES]) {
    const char *parts[] = {"credimus/stix/1", what, chain, question, time};
    struct sha256 sha256;
    struct hash hash;
    char hex[HEX_BYTES];
    sha256_begin(&sha256);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) sha256_add(&sha256, parts[i], strlen(parts[i]) + 1);
    sha256_end(&sha256, &hash);
    hash.bytes[6] = (uint8_t)((hash.bytes[6] & 0x0f) | 0x40);
    hash.bytes[8] = (uint8_t)((hash.bytes[8] & 0x3f) | 0x80);
    bytes_to_hex(hash.bytes, HASH_BYTES, hex);
    (void)snprintf(ret_uuid, UUID_TEXT_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                   hex + 20);
}

static json_t *stix_id(const struct export *export, const char *type, const char *question, const char *time) {
    char uuid[UUID_TEXT_BYTES];
    uuid_of(type, export->chain, question, time, uuid);
    return json_sprintf("%s--%s", type, uuid);
}

/* The pattern of the option, or what follows the first word of the title when it looks like one. */
static const char *pattern_of(const struct export *export, const json_t *belief) {
    const char *title = reply_text(belief, "title", "");
    const char *given = option_text(export->invocation, OPTION_PATTERN, NULL);
    const char *rest = strchr(title, ' ');
    size_t bytes = strlen(title);
    if (given != NULL) return given;
    if (title[0] != '[') title = rest != NULL ? rest + 1 : "";
    return title[0] == '[' && bytes > 0 && title[strlen(title) - 1] == ']' ? title : NULL;
}

/* The index of the hypothesis that an indicator stands for; the count of them when there is none of this name. */
static size_t hypothesis_of(const struct export *export, const json_t *belief) {
    const json_t *names = json_object_get(belief, "hypotheses");
    const char *wanted = option_text(export->invocation, OPTION_HYPOTHESIS, NULL);
    size_t count = json_array_size(names);
    size_t h = 0;
    if (wanted == NULL) return 0;
    while (h < count && strcmp(json_string_value(json_array_get(names, h)), wanted) != 0) h++;
    return h;
}

/* Why a question makes no indicator; NULL when it does. */
static const char *objection(const struct export *export, const json_t *belief, size_t h, double share) {
    if (reply_text(belief, "certificate_sha256", NULL) == NULL) return "it has no certificate yet";
    if (h >= json_array_size(json_object_get(belief, "hypotheses"))) return "it has no such hypothesis";
    if (!(share > 0.5)) return "the group does not believe it";
    if (!option_given(export->invocation, OPTION_UNDECIDED) &&
        strcmp(reply_text(belief, "status", ""), "decided") != 0)
        return "it is not decided (--undecided)";
    if (pattern_of(export, belief) == NULL) return "its title holds no pattern (--pattern)";
    return NULL;
}

static json_t *references_of(const struct export *export, const json_t *belief) {
    const char *id = reply_text(belief, "question", "");
    const char *title = reply_text(belief, "title", "");
    const char *prefix = option_text(export->invocation, OPTION_URL, NULL);
    json_t *list = json_array();
    json_t *certificate = json_pack("{s:s, s:s, s:s, s:{s:s}}", "source_name", "credimus", "description",
                                    "Certificate of this belief; check it with: credimus verify", "external_id", id,
                                    "hashes", "SHA-256", reply_text(belief, "certificate_sha256", ""));
    CHECK(certificate != NULL);
    if (prefix != NULL) CHECK(json_object_set_new(certificate, "url", json_sprintf("%s/%s.cert", prefix, id)) == 0);
    CHECK(json_array_append_new(list, certificate) == 0);
    if (strncmp(title, "indicator--", 11) == 0) {
        json_t *original = json_pack("{s:s, s:s%}", "source_name", "stix", "external_id", title, strcspn(title, " "));
        CHECK(original != NULL && json_array_append_new(list, original) == 0);
    }
    return list;
}

static json_t *indicator_of(const struct export *export, const json_t *belief, size_t h, double share) {
    const json_t *name = json_array_get(json_object_get(belief, "hypotheses"), h);
    json_t *indicator = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o}", "type", "indicator", "spec_version", "2.1",
        "id", stix_id(export, "indicator", reply_text(belief, "question", ""), export->time), "created_by_ref",
        stix_id(export, "identity", "", ""), "created", export->time, "modified", export->time, "name",
        reply_text(belief, "title", ""), "pattern", pattern_of(export, belief), "pattern_type", "stix", "valid_from",
        export->time, "confidence", (int)floor(share * 100), "external_references", references_of(export, belief));
    CHECK(indicator != NULL);
    bool is_decided = strcmp(reply_text(belief, "status", ""), "decided") == 0;
    json_t *description = json_sprintf("%s, with probability %.6f, %s. %lld of the members would have to lie to "
                                       "change the decision; %lld contributed. "
                                       "Height %lld of chain %s.",
                                       json_string_value(name), share, is_decided ? "decided" : "not decided",
                                       reply_whole(belief, "flip_margin"), reply_whole(belief, "contributors"),
                                       reply_whole(belief, "height"), export->chain);
    CHECK(json_object_set_new(indicator, "description", description) == 0);
    return indicator;
}

/* The group. Nothing records when it began, and an object of one id must always say the same. */
static json_t *identity_of(const struct export *export) {
    static const char beginning[] = "2026-01-01T00:00:00.000Z";
    json_t *identity =
        json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:s}", "type", "identity", "spec_version", "2.1", "id",
                  stix_id(export, "identity", "", ""), "created", beginning, "modified", beginning, "name",
                  json_sprintf("Credimus group %.16s", export->chain), "identity_class", "group");
    CHECK(identity != NULL);
    return identity;
}

static void pass_over(struct export *export, const json_t *belief, const char *why) {
    char title[256];
    export->passed++;
    if (export->invocation->json) return;
    (void)fprintf(stderr, "credimus export: %s is not exported: %s: %s\n", reply_text(belief, "question", ""), why,
                  screen_cleaned(reply_text(belief, "title", ""), title, sizeof title));
}

static int write_stix(struct export *export) {
    size_t i;
    json_t *belief;
    json_t *objects = json_array();
    CHECK(json_array_append_new(objects, identity_of(export)) == 0);
    json_array_foreach(export->beliefs, i, belief) {
        size_t h = hypothesis_of(export, belief);
        double share = json_number_value(json_array_get(json_object_get(belief, "posterior"), h));
        const char *why = objection(export, belief, h, share);
        if (why != NULL) {
            pass_over(export, belief, why);
        } else {
            CHECK(json_array_append_new(objects, indicator_of(export, belief, h, share)) == 0);
        }
    }
    size_t count = json_array_size(objects);
    json_t *bundle = json_pack("{s:s, s:o, s:o}", "type", "bundle", "id", stix_id(export, "bundle", "", export->time),
                               "objects", objects);
    CHECK(bundle != NULL);
    (void)json_dumpf(bundle, export->out, JSON_INDENT(2));
    (void)fputc('\n', export->out);
    json_decref(bundle);
    if (count > 1) return COMMAND_DONE;
    return command_refuse(export->invocation, status_name(STATUS_NOT_FOUND), "no question makes an indicator");
}

/* The command. */

static void read_clock(struct export *export) {
    struct timespec now;
    struct tm utc;
    char text[24];
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &utc) != NULL);
    CHECK(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) > 0);
    (void)snprintf(export->time, sizeof export->time, "%s.%03uZ", text, (unsigned)(now.tv_nsec / 1000000) % 1000);
}

static int deliver(struct export *export, int (*write)(struct export *export)) {
    char *text = NULL;
    size_t bytes = 0;
    const char *output = option_text(export->invocation, OPTION_OUTPUT, NULL);
    export->out = open_memstream(&text, &bytes);
    CHECK(export->out != NULL);
    int code = write(export);
    CHECK(fclose(export->out) == 0);
    if (code == COMMAND_DONE && output != NULL)
        code = output_write(export->invocation, output, slice_of(text, bytes));
    if (code == COMMAND_DONE && output == NULL) (void)fwrite(text, 1, bytes, stdout);
    if (code == COMMAND_DONE && output != NULL && export->invocation->json)
        (void)printf("{\"questions\": %zu, \"passed\": %u, \"bytes\": %zu}\n", json_array_size(export->beliefs),
                     export->passed, bytes);
    free(text);
    return code;
}

static int read_group(struct export *export) {
    struct reply reply;
    int code = get(export, "/v1/status", &reply);
    if (code != COMMAND_DONE) return code;
    export->status = json_incref(reply.json);
    export->chain = reply_text(export->status, "chain", "");
    reply_free(&reply);
    return COMMAND_DONE;
}

/* Before anything is read, so that a folder that cannot be made costs nothing. */
static int make_folder(const struct invocation *invocation) {
    const char *folder = option_text(invocation, OPTION_CERTIFICATES, NULL);
    if (folder == NULL || mkdir(folder, 0777) == 0 || errno == EEXIST) return COMMAND_DONE;
    return command_refuse(invocation, status_name(STATUS_IO), "the folder %s cannot be made: %s", folder,
                          strerror(errno));
}

static int run(const struct invocation *invocation) {
    static const char *const formats[] = {"stix", "csv", "json", NULL};
    static int (*const writers[])(struct export * export) = {write_stix, write_csv, write_json};
    struct export export = {.invocation = invocation};
    const char *format;
    size_t index = 0;
    int code = option_word(invocation, OPTION_FORMAT, formats, "json", &format);
    if (code != COMMAND_DONE) return code;
    if (option_given(invocation, OPTION_PATTERN) && invocation->arguments_count != 2)
        return command_misuse(invocation, "--pattern is for exactly one question");
    while (index < 2 && strcmp(formats[index], format) != 0) index++;
    code = make_folder(invocation);
    if (code != COMMAND_DONE) return code;
    code = client_open(invocation, invocation->arguments[0], false, &export.client);
    if (code != COMMAND_DONE) return code;
    export.beliefs = json_array();
    read_clock(&export);
    code = read_group(&export);
    if (code == COMMAND_DONE) code = collect(&export);
    if (code == COMMAND_DONE) code = add_certificates(&export);
    if (code == COMMAND_DONE) code = deliver(&export, writers[index]);
    client_close(export.client);
    json_decref(export.beliefs);
    json_decref(export.status);
    return code;
}

const struct command command_export = {
    .name = "export",
    .arguments = "MEMBER_DIR [QUESTION [QUESTION [QUESTION]]]",
    .help = "Write what the group believes as STIX, CSV or JSON",
    .more =
        "Without a question: all of them. In STIX each question that is certified, decided for the hypothesis and\n"
        "whose title holds a pattern (as those of `import --ask` do) is an indicator; its confidence is the\n"
        "probability, and an external reference has the SHA-256 of the certificate. Keep those: --certificates.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 4,
    .json = true,
    .run = run,
};
