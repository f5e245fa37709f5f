/* Tokens: JSON (RFC 8259) as a stream, for files larger than anyone wants to hold in memory.
 *
 * What is read comes in pieces from a source and is gone once it was seen; the memory is that of `struct tokens`,
 * whatever the text. Each refusal names the line and the path within the document ("objects[3].count").
 *
 * Invariants: exactly the grammar of RFC 8259 is taken, with well-formed UTF-8, no U+0000, no lone surrogates; a key
 * that comes twice in one object is refused; no number becomes a binary fraction: its text is handed on. */
#ifndef EXCHANGE_TOKENS_H
#define EXCHANGE_TOKENS_H

#include <stdbool.h>

#include "base/bytes.h"

/* Files of sharing platforms nest about ten deep. */
#define TOKENS_DEPTH_MAX 32
/* Keys of one object, all of which are remembered while it is open. Real objects have a few dozen. */
#define TOKENS_KEYS_MAX 512
/* As much of a text as is kept; the rest is judged and dropped. */
#define TOKENS_TEXT_BYTES_MAX 1024
/* A larger document is refused, at the latest once this much of it was read. The largest public bundles have some 50 MB,
 * and REPORTS_MAX sightings about as much. */
#define TOKENS_BYTES_MAX (UINT64_C(256) << 20)

enum { TOKENS_BUFFER_BYTES = 65536, TOKENS_KEY_BYTES = 64, BLAME_PATH_BYTES = 256, BLAME_TEXT_BYTES = 256 };

/* Where bytes come from: at most `capacity` of them, 0 at the end. */
struct source {
    enum status (*read)(void *context, uint8_t *data, size_t capacity, size_t *ret_bytes);
    void *context;
};

/* Where and why a file is refused. All texts are printable ASCII. */
struct blame {
    uint64_t line;               /* from 1; 0: not in the file */
    char path[BLAME_PATH_BYTES]; /* empty at the root */
    char text[BLAME_TEXT_BYTES];
};

enum token {
    TOKEN_END, /* of the document */
    TOKEN_OBJECT,
    TOKEN_OBJECT_END,
    TOKEN_ARRAY,
    TOKEN_ARRAY_END,
    TOKEN_KEY,
    TOKEN_TEXT,
    TOKEN_NUMBER,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL,
};

struct tokens_level {
    bool is_object;
    bool is_empty;     /* nothing in it so far */
    uint64_t index;    /* of the element in an array */
    uint32_t keys;     /* of an object so far */
    uint8_t key_bytes; /* of the newest key, cut and made printable */
    char key[TOKENS_KEY_BYTES];
};

/* The reader's own; only `text`, `text_bytes`, `text_cut`, `line`, `depth` and `blame` are for others to read. */
struct tokens {
    struct source source;
    uint8_t buffer[TOKENS_BUFFER_BYTES];
    size_t at;
    size_t filled;
    uint64_t bytes; /* handed out by the source so far */
    bool at_end;    /* of the source */
    bool has_root;
    bool has_key; /* a key was read, its value comes next */
    uint32_t depth;
    uint64_t line; /* where the token began */
    uint64_t line_now;
    struct tokens_level levels[TOKENS_DEPTH_MAX];
    uint64_t keys[TOKENS_DEPTH_MAX][TOKENS_KEYS_MAX]; /* hashes */
    uint8_t text[TOKENS_TEXT_BYTES_MAX]; /* of a key, text or number, ended with a NUL that is not counted */
    size_t text_bytes;
    bool text_cut; /* there was more */
    uint64_t text_hash;
    struct blame blame;
};

/* About 220 KiB: the caller's, not on a stack. */
void tokens_init(struct tokens *tokens, struct source source);
/* The next token; TOKEN_END once the whole document was read. On failure `tokens->blame` says where and why, and
 * nothing more can be read: BAD_FORMAT, DUPLICATE, TOO_DEEP, TOO_MANY, TOO_LARGE, TRUNCATED, TRAILING_BYTES, or what
 * the source said. */
enum status tokens_next(struct tokens *tokens, enum token *ret_token) MUST_USE;
/* Reads the rest of the value that began with `token`. */
enum status tokens_skip(struct tokens *tokens, enum token token) MUST_USE;

/* The text of the token that was read last. */
static inline struct slice tokens_text(const struct tokens *tokens) {
    return slice_of(tokens->text, tokens->text_bytes);
}
/* Whether that text is `word`. */
bool tokens_text_is(const struct tokens *tokens, const char *word);

/* Refuses what was read last: fills the blame with the place and the sentence, and returns `status`. */
enum status tokens_blame(struct tokens *tokens, enum status status, const char *format, ...) MUST_USE
    __attribute__((format(printf, 3, 4)));
/* Appends ".name" to the path of a blame, and puts the line right. */
void blame_in(struct blame *blame, const char *name, uint64_t line);

#endif
