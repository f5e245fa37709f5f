/* Files of sharing platforms as evidence (cmd/convert.h). */
#include "cmd/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/decimal.h"
#include "base/num.h"
#include "cmd/evidence.h"
#include "cmd/progress.h"
#include "cmd/screen.h"
#include "codec/utf8.h"
#include "exchange/exchange.h"
#include "exchange/model.h"

enum { PAGE = 1000, NATS_BYTES = 32, NATS_SCALE = 9 };

/* What stands for the question of a subject that --dry-run did not ask about. */
static const char nobody[] = "00000000000000000000000000000000";

/* Reports about one subject: a run of the ordered list. */
struct topic {
    struct slice subject;
    uint32_t from;
    uint32_t to;
    char question[QUESTION_TEXT_BYTES]; /* empty: none so far */
    bool is_closed;                     /* there is one, but it takes no evidence */
    bool is_skipped;
};

struct work {
    const struct convert *convert;
    struct tokens *tokens;
    struct model *model;
    struct reports reports;
    struct topic *topics;
    uint32_t topics_count;
    struct converted converted;
};

/* Files. */

struct file {
    int descriptor;
    struct progress progress;
};

static enum status read_file(void *context, uint8_t *data, size_t capacity, size_t *ret_bytes) {
    struct file *file = context;
    ssize_t bytes;
    do {
        bytes = read(file->descriptor, data, capacity);
    } while (bytes < 0 && errno == EINTR);
    if (bytes < 0) return STATUS_IO;
    progress_step(&file->progress, (size_t)bytes);
    *ret_bytes = (size_t)bytes;
    return STATUS_OK;
}

int convert_refuse(const struct invocation *invocation, const char *file, enum status status,
                   const struct blame *blame) {
    char line[32] = "";
    const char *colon = blame->path[0] != '\0' ? ": " : "";
    if (blame->line > 0) (void)snprintf(line, sizeof line, ":%llu", (unsigned long long)blame->line);
    return command_refuse(invocation, status_name(status), "%s%s: %s%s%s; nothing was told", file, line, blame->path,
                          colon, blame->text);
}

typedef enum status reading(struct work *work);

/* Runs `read` over the file; the source is the tokens'. */
static int read_with(struct work *work, const char *path, const char *what, reading *read) {
    const struct invocation *invocation = work->convert->invocation;
    struct stat about = {0};
    struct file file = {.descriptor = open(path, O_RDONLY | O_CLOEXEC)};
    if (file.descriptor < 0 || fstat(file.descriptor, &about) != 0 || S_ISDIR(about.st_mode)) {
        int error = file.descriptor >= 0 && S_ISDIR(about.st_mode) ? EISDIR : errno;
        if (file.descriptor >= 0) (void)close(file.descriptor);
        return command_refuse(invocation, status_name(error == ENOENT ? STATUS_NOT_FOUND : STATUS_IO), "%s: %s", path,
                              strerror(error));
    }
    if (about.st_size > 0 && (uint64_t)about.st_size > TOKENS_BYTES_MAX) {
        (void)close(file.descriptor);
        return command_refuse(invocation, status_name(STATUS_TOO_LARGE),
                              "%s is larger than 256 MiB; split it; nothing was told", path);
    }
    file.progress = progress_begin(what, about.st_size > 0 ? (size_t)about.st_size : 0);
    tokens_init(work->tokens, (struct source){read_file, &file});
    enum status status = read(work);
    progress_end(&file.progress);
    (void)close(file.descriptor);
    return status == STATUS_OK ? COMMAND_DONE : convert_refuse(invocation, path, status, &work->tokens->blame);
}

static enum status read_model(struct work *work) { return model_read(work->tokens, work->model); }

static enum status read_reports(struct work *work) {
    if (work->convert->is_misp) return exchange_read_misp(work->tokens, &work->reports);
    return exchange_read_stix(work->tokens, &work->reports);
}

/* Topics. */

static void split_topics(struct work *work) {
    struct reports *reports = &work->reports;
    work->topics = calloc(reports->count, sizeof *work->topics);
    CHECK(work->topics != NULL);
    for (uint32_t i = 0; i < reports->count; i++) {
        struct slice subject = reports_text(reports, reports->list[i].subject);
        struct topic *last = work->topics_count > 0 ? &work->topics[work->topics_count - 1] : NULL;
        if (last == NULL || !slice_equal(last->subject, subject)) {
            last = &work->topics[work->topics_count++];
            last->subject = subject;
            last->from = i;
        }
        last->to = i + 1;
    }
}

static int by_subject(const void *key, const void *row) {
    const struct slice *subject = key;
    const struct topic *topic = row;
    size_t bytes = num_min_size(subject->bytes, topic->subject.bytes);
    int order = memcmp(subject->data, topic->subject.data, bytes);
    return order != 0 ? order : (subject->bytes > topic->subject.bytes) - (subject->bytes < topic->subject.bytes);
}

/* Whether a question's hypotheses are those of the model, in its order. */
static bool fits_model(const struct work *work, const json_t *belief) {
    const json_t *names = json_object_get(belief, "hypotheses");
    if (json_array_size(names) != work->model->hypotheses_count) return false;
    for (uint32_t i = 0; i < work->model->hypotheses_count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (name == NULL || strcmp(name, work->model->hypotheses[i]) != 0) return false;
    }
    return true;
}

static int refuse_model(const struct work *work, const char *question) {
    char names[160] = "";
    size_t bytes = 0;
    for (uint32_t i = 0; i < work->model->hypotheses_count && bytes < sizeof names; i++) {
        bytes += (size_t)snprintf(names + bytes, sizeof names - bytes, "%s%s", i > 0 ? ", " : "",
                                  work->model->hypotheses[i]);
    }
    return command_refuse(
        work->convert->invocation, status_name(STATUS_WRONG_HYPOTHESES),
        "question %s: its hypotheses are not those of the model, in their order: %s; give a --model "
        "that is made for it; nothing was told",
        question, names);
}

/* Takes a question for a topic after looking at it. */
static int take_question(struct work *work, struct topic *topic, const json_t *belief) {
    const char *id = reply_text(belief, "question", "");
    if (strcmp(reply_text(belief, "status", ""), "open") != 0) {
        topic->is_closed = true;
        return COMMAND_DONE;
    }
    if (!fits_model(work, belief)) return refuse_model(work, id);
    if (topic->question[0] != '\0' && strcmp(topic->question, id) != 0)
        return command_refuse(
            work->convert->invocation, status_name(STATUS_CONFLICT),
            "%.*s: the titles of two open questions begin with it, %s and %s; name one in the model's "
            "\"questions\", or with --question; nothing was told",
            (int)topic->subject.bytes, (const char *)topic->subject.data, topic->question, id);
    (void)snprintf(topic->question, sizeof topic->question, "%s", id);
    return COMMAND_DONE;
}

static int look_up(struct work *work, const char *id, struct topic *topic) {
    char path[64];
    struct reply reply;
    (void)snprintf(path, sizeof path, "/v1/questions/%s", id);
    int code = client_demand(work->convert->client, path, slice_of(NULL, 0), NULL, &reply);
    if (code != COMMAND_DONE) return code;
    code = take_question(work, topic, reply.json);
    reply_free(&reply);
    return code;
}

/* One question for the whole file. */
static int use_question(struct work *work) {
    struct topic found = {.subject = slice_of_text(work->convert->question)};
    int code = look_up(work, work->convert->question, &found);
    for (uint32_t i = 0; i < work->topics_count; i++) {
        (void)snprintf(work->topics[i].question, QUESTION_TEXT_BYTES, "%s", found.question);
        work->topics[i].is_closed = found.is_closed;
    }
    return code;
}

static int use_model_questions(struct work *work) {
    for (uint32_t i = 0; i < work->topics_count; i++) {
        struct topic *topic = &work->topics[i];
        const char *id = model_question_of(work->model, topic->subject);
        if (id == NULL) id = model_question_of(work->model, reports_subject_name(&work->reports, topic->subject));
        int code = id != NULL ? look_up(work, id, topic) : COMMAND_DONE;
        if (code != COMMAND_DONE) return code;
    }
    return COMMAND_DONE;
}

/* The first word of a title names the subject. What the model named already stays. */
static int use_title(struct work *work, const json_t *belief) {
    const char *title = reply_text(belief, "title", "");
    struct slice word = slice_of(title, strcspn(title, " "));
    struct topic *topic = bsearch(&word, work->topics, work->topics_count, sizeof *work->topics, by_subject);
    if (topic == NULL || model_question_of(work->model, topic->subject) != NULL) return COMMAND_DONE;
    return take_question(work, topic, belief);
}

static int use_titles(struct work *work) {
    char path[64];
    struct reply reply;
    for (long long from = 0;;) {
        (void)snprintf(path, sizeof path, "/v1/questions?from=%lld&limit=%d", from, PAGE);
        int code = client_demand(work->convert->client, path, slice_of(NULL, 0), NULL, &reply);
        if (code != COMMAND_DONE) return code;
        const json_t *questions = json_object_get(reply.json, "questions");
        for (size_t i = 0; i < json_array_size(questions) && code == COMMAND_DONE; i++) {
            code = use_title(work, json_array_get(questions, i));
        }
        long long next = reply_whole(reply.json, "next");
        reply_free(&reply);
        if (code != COMMAND_DONE || next <= from) return code;
        from = next;
    }
}

/* Asking. */

/* "SUBJECT NAME", without what a title may not hold, and cut between characters. */
static json_t *title_of(const struct work *work, const struct topic *topic) {
    char title[TITLE_BYTES_MAX + 1];
    struct slice name = reports_subject_name(&work->reports, topic->subject);
    (void)snprintf(title, sizeof title, "%.*s%s%.*s", (int)topic->subject.bytes, (const char *)topic->subject.data,
                   name.bytes > 0 ? " " : "", (int)name.bytes, name.bytes > 0 ? (const char *)name.data : "");
    for (size_t bytes = strlen(title); bytes > 0 && !utf8_valid(slice_of(title, bytes)); bytes--)
        title[bytes - 1] = '\0';
    screen_clean(title);
    return json_string(title);
}

static json_t *question_of(const struct work *work, const struct topic *topic) {
    json_t *question = json_object();
    json_t *hypotheses = json_array();
    for (uint32_t i = 0; i < work->model->hypotheses_count; i++) {
        CHECK(json_array_append_new(hypotheses, json_string(work->model->hypotheses[i])) == 0);
    }
    CHECK(json_object_set_new(question, "title", title_of(work, topic)) == 0);
    CHECK(json_object_set_new(question, "hypotheses", hypotheses) == 0);
    evidence_set_text(question, "mode", work->convert->mode);
    if (strcmp(work->convert->mode, "pool") == 0) evidence_set_text(question, "rho", work->convert->rho);
    return question;
}

/* The id is what every other command wants to know. */
static void say_asked(const struct work *work, const struct topic *topic) {
    if (work->convert->invocation->json) return;
    json_t *title = title_of(work, topic);
    (void)fprintf(stderr, "credimus import: asked %s: %s\n", topic->question, json_string_value(title));
    json_decref(title);
}

static int ask(struct work *work, struct topic *topic) {
    struct reply reply;
    work->converted.asked++;
    if (work->convert->is_dry) {
        (void)snprintf(topic->question, sizeof topic->question, "%s", nobody);
        return COMMAND_DONE;
    }
    json_t *question = question_of(work, topic);
    int code = evidence_post(work->convert->client, "/v1/questions?ack=committed", question, &reply);
    json_decref(question);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(topic->question, sizeof topic->question, "%s", reply_text(reply.json, "question", ""));
    reply_free(&reply);
    say_asked(work, topic);
    return COMMAND_DONE;
}

static bool lacks_question(const struct topic *topic) { return topic->question[0] == '\0' && !topic->is_skipped; }

static int refuse_topic(const struct work *work, const struct topic *topic) {
    const struct report *report = &work->reports.list[topic->from];
    return command_refuse(
        work->convert->invocation, status_name(topic->is_closed ? STATUS_QUESTION_CLOSED : STATUS_UNKNOWN_QUESTION),
        "%s:%llu: %.*s: %s; nothing was told", work->convert->file, (unsigned long long)report->line,
        (int)topic->subject.bytes, (const char *)topic->subject.data,
        topic->is_closed ? "the question about it takes no more evidence; pass it over with --skip-unknown"
                         : "no question's title begins with this; give --question or --ask, or pass it over with "
                           "--skip-unknown");
}

/* Every topic has a question, is to be asked about, or is passed over; else nothing is asked at all. */
static int settle(struct work *work) {
    uint32_t asks = 0;
    for (uint32_t i = 0; i < work->topics_count; i++) {
        struct topic *topic = &work->topics[i];
        bool described = reports_subject_name(&work->reports, topic->subject).bytes > 0;
        if (!lacks_question(topic)) continue;
        if (work->convert->asks && described && !topic->is_closed) {
            asks++;
        } else if (work->convert->skips) {
            topic->is_skipped = true;
            work->converted.skipped += topic->to - topic->from;
        } else {
            return refuse_topic(work, topic);
        }
    }
    if (asks <= CONVERT_ASKS_MAX) return COMMAND_DONE;
    return command_refuse(work->convert->invocation, status_name(STATUS_TOO_MANY),
                          "%s: %u questions would have to be asked, at most %d are at once; split the file; nothing "
                          "was told",
                          work->convert->file, asks, CONVERT_ASKS_MAX);
}

static int ask_all(struct work *work) {
    struct progress progress = progress_begin("asking", work->convert->asks ? work->topics_count : 0);
    int code = COMMAND_DONE;
    for (uint32_t i = 0; i < work->topics_count && code == COMMAND_DONE; i++) {
        if (lacks_question(&work->topics[i])) code = ask(work, &work->topics[i]);
        progress_step(&progress, 1);
    }
    progress_end(&progress);
    return code;
}

/* Lines. */

static void nats_put(int64_t quanta, char ret_text[NATS_BYTES]) {
    struct writer writer = writer_of(ret_text, NATS_BYTES - 1);
    decimal_put(&writer, quanta, NATS_SCALE);
    ret_text[writer.bytes] = '\0';
}

static void set_loglik(json_t *line, const int64_t *quanta, uint32_t count) {
    char text[NATS_BYTES];
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        nats_put(quanta[i], text);
        CHECK(json_array_append_new(list, json_string(text)) == 0);
    }
    if (count > 1) {
        CHECK(json_object_set_new(line, "loglik", list) == 0);
        return;
    }
    json_decref(list);
    evidence_set_text(line, "llr", text);
}

/* What the number was made of, for whoever reads the ledger. */
static void set_content(const struct work *work, json_t *line, const struct report *report) {
    char text[1024];
    struct slice subject = reports_text(&work->reports, report->subject);
    struct slice source = reports_text(&work->reports, report->source);
    (void)snprintf(text, sizeof text, "%s: %s, count %llu after %llu, confidence %u, of %.*s by %.*s",
                   work->convert->is_misp ? "misp" : "stix", report_kind_name(report->kind),
                   (unsigned long long)report->count, (unsigned long long)report->before, report->confidence,
                   (int)subject.bytes, (const char *)subject.data, (int)source.bytes, (const char *)source.data);
    evidence_set_text(line, "content", text);
}

static void add_line(const struct work *work, const struct topic *topic, const struct report *report,
                     const int64_t *quanta, uint32_t count, struct upload *upload) {
    struct slice id = reports_text(&work->reports, report->id);
    json_t *line = json_object();
    evidence_set_text(line, "question", topic->question);
    CHECK(json_object_set_new(line, "observation", json_stringn((const char *)id.data, id.bytes)) == 0);
    set_loglik(line, quanta, count);
    set_content(work, line, report);
    if (report->at_us > 0)
        CHECK(json_object_set_new(line, "observed_at", json_integer((json_int_t)report->at_us)) == 0);
    upload_add(upload, line, report->line);
    json_decref(line);
}

static int refuse_weight(const struct work *work, const struct report *report, enum status status) {
    struct slice source = reports_text(&work->reports, report->source);
    if (status == STATUS_NOT_FOUND)
        return command_refuse(work->convert->invocation, status_name(STATUS_MISSING),
                              "%s:%llu: the model has no row for \"%s\"; nothing was told", work->convert->file,
                              (unsigned long long)report->line, report_kind_name(report->kind));
    return command_refuse(work->convert->invocation, status_name(status),
                          "%s:%llu: \"%s\" by %.*s, %llu times: %s; a larger \"repeat\" or milder probabilities in "
                          "the model; nothing was told",
                          work->convert->file, (unsigned long long)report->line, report_kind_name(report->kind),
                          (int)source.bytes, (const char *)source.data, (unsigned long long)report->count,
                          status_text(status));
}

/* Weighs all that is not passed over; `upload` NULL only tries. */
static int weigh(struct work *work, struct upload *upload) {
    int64_t quanta[HYPOTHESES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < work->topics_count; i++) {
        const struct topic *topic = &work->topics[i];
        for (uint32_t r = topic->from; r < topic->to && !topic->is_skipped; r++) {
            const struct report *report = &work->reports.list[r];
            enum status status = model_weigh(work->model, &work->reports, report, quanta, &count);
            if (status != STATUS_OK) return refuse_weight(work, report, status);
            if (upload != NULL) add_line(work, topic, report, quanta, count, upload);
        }
        if (upload != NULL && !topic->is_skipped) work->converted.questions++;
    }
    return COMMAND_DONE;
}

static int run(struct work *work, struct upload *upload) {
    const struct convert *convert = work->convert;
    int code = COMMAND_DONE;
    if (convert->model == NULL) {
        model_default(work->model);
    } else {
        code = read_with(work, convert->model, "reading the model", read_model);
    }
    if (code == COMMAND_DONE) code = read_with(work, convert->file, "reading", read_reports);
    if (code != COMMAND_DONE) return code;
    split_topics(work);
    work->converted.reports = work->reports.count;
    work->converted.ignored = work->reports.ignored;
    if (convert->question != NULL) {
        code = use_question(work);
    } else {
        code = use_model_questions(work);
        if (code == COMMAND_DONE) code = use_titles(work);
    }
    if (code == COMMAND_DONE) code = settle(work);
    if (code == COMMAND_DONE) code = weigh(work, NULL);
    if (code == COMMAND_DONE) code = ask_all(work);
    return code == COMMAND_DONE ? weigh(work, upload) : code;
}

int convert_file(const struct convert *convert, struct upload *ret_upload, struct converted *ret_converted) {
    struct work work = {.convert = convert};
    *ret_upload = (struct upload){0};
    work.tokens = malloc(sizeof *work.tokens);
    work.model = malloc(sizeof *work.model);
    CHECK(work.tokens != NULL && work.model != NULL);
    int code = run(&work, ret_upload);
    *ret_converted = work.converted;
    reports_free(&work.reports);
    free(work.topics);
    free(work.model);
    free(work.tokens);
    return code;
}
