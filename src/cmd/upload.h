/* A file of evidence as lines of JSON, each of which remembers its line in the file: what `import` sends, and how it
 * can name FILE:LINE when the member refuses one. */
#ifndef CMD_UPLOAD_H
#define CMD_UPLOAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "node/config.h"

struct upload_line {
    size_t end;    /* of the line in `text`, newline included */
    uint64_t line; /* in the file, from 1 */
};

struct upload {
    char *text;
    size_t bytes;
    size_t capacity;
    struct upload_line *lines;
    size_t count;
    size_t lines_capacity;
};

/* Each reads a whole file's text, which it may change; `question` (may be NULL) is for lines that name none. On
 * failure `ret_line` is the file's line that is to blame. upload_free in any case.
 *
 * JSON Lines are passed on as they are written, so that numbers stay exact; empty lines are dropped.
 * STATUS_BAD_FORMAT: with `question`, a line that is not a JSON object. */
enum status upload_from_jsonl(char *text, size_t bytes, const char *question, struct upload *ret_upload,
                              uint64_t *ret_line, struct config_detail *ret_detail) MUST_USE;
/* CSV with a header row: question, observation, llr, loglik (parts separated by ';'), probability, content,
 * observed_at, in any order; a field that is empty is not told. STATUS_BAD_FORMAT, STATUS_BAD_VALUE: an unknown or
 * repeated column, a row of another length. */
enum status upload_from_csv(char *text, size_t bytes, const char *question, struct upload *ret_upload,
                            uint64_t *ret_line, struct config_detail *ret_detail) MUST_USE;
/* Appends one object as a line that stands for the file's line `line`. */
void upload_add(struct upload *upload, const json_t *object, uint64_t line);
void upload_free(struct upload *upload);

/* Where line `index` begins in the text; `index` may be the count. */
size_t upload_begin(const struct upload *upload, size_t index);
/* The end of the longest run of lines from `from` of at most `bytes` bytes and `count` lines, at least one line. */
size_t upload_chunk(const struct upload *upload, size_t from, size_t bytes, size_t count);

#endif
