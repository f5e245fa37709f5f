#include "cmd/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "cmd/csv.h"
#include "cmd/options.h"
#include "cmd/screen.h"
#include "node/keys.h"

enum { LABEL_MAX = 1000000, SHOWN_BYTES = 80 };

/* A file being read, and where. */
struct table {
    const struct invocation *invocation;
    const char *path;
    char *text;
    struct csv csv;
    struct csv_record row;
};

/* A task of the truth. */
struct task {
    struct slice name;
    uint64_t label;
    uint64_t line;
    uint32_t place; /* in the file: tasks are judged in its order */
    bool is_answered;
};

struct reading {
    struct table labels;
    struct table truth;
    struct task *tasks; /* by name, once sorted */
    uint32_t tasks_count;
    struct slice workers[MEMBERS_MAX];
    uint32_t workers_count;
    uint64_t lowest; /* label */
    uint64_t highest;
    uint8_t *wide; /* wide[place * MEMBERS_MAX + worker] */
    uint64_t answers;
};

static int refuse(const struct table *table, enum status status, const char *what) {
    return command_refuse(table->invocation, status_name(status), "%s:%" PRIu64 ": %s", table->path, table->row.line,
                          what);
}

/* With the field that it is about, cleaned and cut. */
static int refuse_field(const struct table *table, enum status status, const char *before, struct slice field,
                        const char *after) {
    char shown[SHOWN_BYTES + 1];
    size_t bytes = field.bytes < SHOWN_BYTES ? field.bytes : SHOWN_BYTES;
    memcpy(shown, field.data, bytes);
    shown[bytes] = '\0';
    screen_clean(shown);
    return command_refuse(table->invocation, status_name(status), "%s:%" PRIu64 ": %s \"%s\" %s", table->path,
                          table->row.line, before, shown, after);
}

/* Tables. */

static int load(struct table *table) {
    struct stat file;
    struct config_detail detail;
    size_t bytes;
    if (stat(table->path, &file) != 0 || !S_ISREG(file.st_mode))
        return command_refuse(table->invocation, status_name(STATUS_NOT_FOUND), "%s is not a file that can be read",
                              table->path);
    if (file.st_size > LABELS_FILE_BYTES_MAX)
        return command_refuse(table->invocation, status_name(STATUS_TOO_LARGE), "%s has more than %d MiB",
                              table->path, LABELS_FILE_BYTES_MAX >> 20);
    table->text = malloc((size_t)file.st_size + 1);
    CHECK(table->text != NULL);
    enum status status = file_read(table->path, false, table->text, (size_t)file.st_size + 1, &bytes, &detail);
    if (status != STATUS_OK) return command_refuse(table->invocation, status_name(status), "%s", detail.text);
    table->csv = csv_of(table->text, bytes);
    return COMMAND_DONE;
}

/* The next row, which must have `fields` of them; `ret_more` is false at the end. */
static int next(struct table *table, uint32_t fields, const char *header, bool *ret_more) {
    enum status status = csv_next(&table->csv, &table->row);
    *ret_more = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND) return COMMAND_DONE;
    if (status != STATUS_OK) {
        table->row.line = table->csv.line;
        return refuse(table, status, "not a row of CSV: a quote that is stray or never closed, or too many fields");
    }
    if (table->row.count == fields) return COMMAND_DONE;
    return command_refuse(table->invocation, status_name(STATUS_BAD_FORMAT),
                          "%s:%" PRIu64 ": %" PRIu32 " fields where %s are wanted", table->path, table->row.line,
                          table->row.count, header);
}

static int take_header(struct table *table, const char *const *names, uint32_t count, const char *header) {
    bool more;
    int code = next(table, count, header, &more);
    if (code != COMMAND_DONE) return code;
    if (!more) {
        table->row.line = 1;
        return refuse(table, STATUS_BAD_FORMAT, "the file is empty");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!slice_equal(table->row.fields[i], slice_of_text(names[i])))
            return refuse_field(table, STATUS_BAD_FORMAT, "the first line must be the header: found",
                                table->row.fields[i], "in it");
    }
    return COMMAND_DONE;
}

static int take_name(const struct table *table, uint32_t field, const char *what, struct slice *ret_name) {
    *ret_name = table->row.fields[field];
    if (ret_name->bytes >= 1 && ret_name->bytes <= LABELS_NAME_BYTES_MAX) return COMMAND_DONE;
    return refuse_field(table, STATUS_BAD_VALUE, what, *ret_name, "must have 1 to 64 characters");
}

static int take_label(const struct table *table, uint32_t field, uint64_t *ret_label) {
    char text[24];
    struct slice name = table->row.fields[field];
    if (name.bytes >= 1 && name.bytes < sizeof text) {
        memcpy(text, name.data, name.bytes);
        text[name.bytes] = '\0';
        if (strlen(text) == name.bytes && options_number(text, 0, LABEL_MAX, ret_label) == STATUS_OK)
            return COMMAND_DONE;
    }
    return refuse_field(table, STATUS_NOT_A_NUMBER, "the label", name, "is not a whole number up to 1000000");
}

/* The truth. */

static int by_name(const void *a, const void *b) {
    const struct slice x = ((const struct task *)a)->name;
    const struct slice y = ((const struct task *)b)->name;
    int order = memcmp(x.data, y.data, x.bytes < y.bytes ? x.bytes : y.bytes);
    return order != 0 ? order : (x.bytes > y.bytes) - (x.bytes < y.bytes);
}

static int add_task(struct reading *reading, uint32_t *room) {
    struct table *truth = &reading->truth;
    struct task task = {.line = truth->row.line, .place = reading->tasks_count};
    int code = take_name(truth, 0, "the task", &task.name);
    if (code == COMMAND_DONE) code = take_label(truth, 1, &task.label);
    if (code != COMMAND_DONE) return code;
    if (reading->tasks_count == LABELS_TASKS_MAX) return refuse(truth, STATUS_TOO_MANY, "more than 524288 tasks");
    if (reading->tasks_count == *room) {
        *room = 2 * *room + 256;
        reading->tasks = realloc(reading->tasks, *room * sizeof task);
        CHECK(reading->tasks != NULL);
    }
    if (reading->tasks_count == 0) reading->lowest = reading->highest = task.label;
    if (task.label < reading->lowest) reading->lowest = task.label;
    if (task.label > reading->highest) reading->highest = task.label;
    reading->tasks[reading->tasks_count++] = task;
    return COMMAND_DONE;
}

static int check_truth(struct reading *reading) {
    struct table *truth = &reading->truth;
    qsort(reading->tasks, reading->tasks_count, sizeof *reading->tasks, by_name);
    for (uint32_t i = 1; i < reading->tasks_count; i++) {
        const struct task *task = &reading->tasks[i];
        if (!slice_equal(task->name, task[-1].name)) continue;
        truth->row.line = task->line > task[-1].line ? task->line : task[-1].line;
        return refuse_field(truth, STATUS_DUPLICATE, "the truth of task", task->name, "is given twice");
    }
    uint64_t labels = reading->highest - reading->lowest + 1;
    if (reading->tasks_count > 0 && labels >= HYPOTHESES_MIN && labels <= HYPOTHESES_MAX) return COMMAND_DONE;
    return command_refuse(truth->invocation, status_name(STATUS_BAD_VALUE),
                          "%s: labels from %" PRIu64 " to %" PRIu64 " in %" PRIu32
                          " tasks; 2 to 64 labels in a row are needed",
                          truth->path, reading->lowest, reading->highest, reading->tasks_count);
}

static int read_truth(struct reading *reading) {
    static const char *const names[] = {"task", "label"};
    uint32_t room = 0;
    bool more;
    int code = load(&reading->truth);
    if (code == COMMAND_DONE) code = take_header(&reading->truth, names, 2, "task,label");
    while (code == COMMAND_DONE) {
        code = next(&reading->truth, 2, "task,label", &more);
        if (code != COMMAND_DONE || !more) break;
        code = add_task(reading, &room);
    }
    return code != COMMAND_DONE ? code : check_truth(reading);
}

/* The labels. */

static int find_worker(struct reading *reading, struct slice name, uint32_t *ret_worker) {
    for (uint32_t w = 0; w < reading->workers_count; w++) {
        if (!slice_equal(reading->workers[w], name)) continue;
        *ret_worker = w;
        return COMMAND_DONE;
    }
    if (reading->workers_count == MEMBERS_MAX)
        return refuse_field(&reading->labels, STATUS_TOO_MANY, "worker", name,
                            "is the 257th: a group has 256 members at most");
    *ret_worker = reading->workers_count;
    reading->workers[reading->workers_count++] = name;
    return COMMAND_DONE;
}

static int add_answer(struct reading *reading) {
    struct table *labels = &reading->labels;
    struct task wanted = {0};
    struct slice worker_name = {0};
    uint64_t label = 0;
    uint32_t worker = 0;
    int code = take_name(labels, 0, "the task", &wanted.name);
    if (code == COMMAND_DONE) code = take_name(labels, 1, "the worker", &worker_name);
    if (code == COMMAND_DONE) code = take_label(labels, 2, &label);
    if (code == COMMAND_DONE) code = find_worker(reading, worker_name, &worker);
    if (code != COMMAND_DONE) return code;
    struct task *task = bsearch(&wanted, reading->tasks, reading->tasks_count, sizeof wanted, by_name);
    if (task == NULL) return refuse_field(labels, STATUS_MISSING, "the truth file has no task", wanted.name, "");
    if (label < reading->lowest || label > reading->highest)
        return refuse_field(labels, STATUS_BAD_VALUE, "the label", labels->row.fields[2],
                            "is outside those of the truth file");
    uint8_t *answer = &reading->wide[(size_t)task->place * MEMBERS_MAX + worker];
    if (*answer != CROWD_SILENT)
        return refuse_field(labels, STATUS_DUPLICATE, "worker", worker_name, "answered this task already");
    *answer = (uint8_t)(label - reading->lowest);
    task->is_answered = true;
    reading->answers++;
    return COMMAND_DONE;
}

static int check_answers(struct reading *reading) {
    struct table *truth = &reading->truth;
    for (uint32_t i = 0; i < reading->tasks_count; i++) {
        if (reading->tasks[i].is_answered) continue;
        truth->row.line = reading->tasks[i].line;
        return refuse_field(truth, STATUS_MISSING, "nobody answered task", reading->tasks[i].name, "");
    }
    if (reading->workers_count >= MEMBERS_MIN) return COMMAND_DONE;
    return command_refuse(truth->invocation, status_name(STATUS_BAD_VALUE),
                          "%s: %" PRIu32 " workers; a group has 4 at least", reading->labels.path,
                          reading->workers_count);
}

static int read_labels(struct reading *reading) {
    static const char *const names[] = {"task", "worker", "label"};
    bool more;
    int code = load(&reading->labels);
    if (code != COMMAND_DONE) return code;
    size_t bytes = (size_t)reading->tasks_count * MEMBERS_MAX;
    reading->wide = malloc(bytes);
    CHECK(reading->wide != NULL);
    memset(reading->wide, CROWD_SILENT, bytes);
    code = take_header(&reading->labels, names, 3, "task,worker,label");
    while (code == COMMAND_DONE) {
        code = next(&reading->labels, 3, "task,worker,label", &more);
        if (code != COMMAND_DONE || !more) break;
        code = add_answer(reading);
    }
    return code != COMMAND_DONE ? code : check_answers(reading);
}

/* Together. */

static void fill(const struct reading *reading, struct labels *ret_labels) {
    uint32_t people = reading->workers_count;
    struct labels labels = {.answers = reading->answers,
                            .answer = malloc((size_t)reading->tasks_count * people),
                            .truth = malloc(reading->tasks_count)};
    CHECK(labels.answer != NULL && labels.truth != NULL);
    for (uint32_t t = 0; t < reading->tasks_count; t++) {
        const struct task *task = &reading->tasks[t];
        memcpy(labels.answer + (size_t)t * people, reading->wide + (size_t)t * MEMBERS_MAX, people);
        labels.truth[task->place] = (uint8_t)(task->label - reading->lowest);
    }
    labels.crowd = (struct crowd){.people = people,
                                  .tasks = reading->tasks_count,
                                  .labels = (uint32_t)(reading->highest - reading->lowest + 1),
                                  .answer = labels.answer,
                                  .truth = labels.truth};
    *ret_labels = labels;
}

int labels_read(const struct invocation *invocation, const char *labels_path, const char *truth_path,
                struct labels *ret_labels) {
    static struct reading reading;
    memset(&reading, 0, sizeof reading);
    reading.labels = (struct table){.invocation = invocation, .path = labels_path};
    reading.truth = (struct table){.invocation = invocation, .path = truth_path};
    int code = read_truth(&reading);
    if (code == COMMAND_DONE) code = read_labels(&reading);
    if (code == COMMAND_DONE) fill(&reading, ret_labels);
    free(reading.labels.text);
    free(reading.truth.text);
    free(reading.tasks);
    free(reading.wide);
    return code;
}

void labels_free(struct labels *labels) {
    free(labels->answer);
    free(labels->truth);
}
