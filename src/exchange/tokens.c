/* JSON as a stream (exchange/tokens.h). A pushdown automaton: the levels are its stack, so nothing recurses. */
#include "exchange/tokens.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "codec/utf8.h"

/* Longer numbers say nothing that any field here could hold. */
enum { NUMBER_BYTES_MAX = 128, NOTHING = -1 };

void tokens_init(struct tokens *tokens, struct source source) {
    memset(tokens, 0, sizeof *tokens);
    tokens->source = source;
    tokens->line = 1;
    tokens->line_now = 1;
}

bool tokens_text_is(const struct tokens *tokens, const char *word) {
    return !tokens->text_cut && slice_equal(tokens_text(tokens), slice_of_text(word));
}

/* Blame. */

static void put_path(const struct tokens *tokens, char ret_path[BLAME_PATH_BYTES]) {
    size_t bytes = 0;
    ret_path[0] = '\0';
    for (uint32_t i = 0; i < tokens->depth && bytes < BLAME_PATH_BYTES; i++) {
        const struct tokens_level *level = &tokens->levels[i];
        size_t room = BLAME_PATH_BYTES - bytes;
        int put = 0;
        if (!level->is_object && !level->is_empty) {
            put = snprintf(ret_path + bytes, room, "[%llu]", (unsigned long long)level->index);
        } else if (level->is_object && level->key_bytes > 0) {
            put = snprintf(ret_path + bytes, room, "%s%.*s", i > 0 ? "." : "", (int)level->key_bytes, level->key);
        }
        bytes += (size_t)put;
    }
}

enum status tokens_blame(struct tokens *tokens, enum status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(tokens->blame.text, sizeof tokens->blame.text, format, arguments);
    va_end(arguments);
    tokens->blame.line = tokens->line;
    put_path(tokens, tokens->blame.path);
    return status;
}

void blame_in(struct blame *blame, const char *name, uint64_t line) {
    size_t bytes = strlen(blame->path);
    (void)snprintf(blame->path + bytes, sizeof blame->path - bytes, "%s%s", bytes > 0 ? "." : "", name);
    blame->line = line;
}

/* What is wrong at this very byte, also when the token began on a line before. */
static enum status blame_here(struct tokens *tokens, enum status status, const char *text) {
    tokens->line = tokens->line_now;
    return tokens_blame(tokens, status, "%s", text);
}

static enum status blame_byte(struct tokens *tokens, int byte, const char *expected) {
    tokens->line = tokens->line_now;
    if (byte == NOTHING) return tokens_blame(tokens, STATUS_TRUNCATED, "the file ends where %s expected", expected);
    if (byte > ' ' && byte < 127)
        return tokens_blame(tokens, STATUS_BAD_FORMAT, "not JSON: '%c' where %s expected", byte, expected);
    return tokens_blame(tokens, STATUS_BAD_FORMAT, "not JSON: the byte 0x%02x where %s expected", (unsigned)byte,
                        expected);
}

/* Bytes. */

static enum status fill(struct tokens *tokens) {
    size_t bytes = 0;
    enum status status = tokens->source.read(tokens->source.context, tokens->buffer, TOKENS_BUFFER_BYTES, &bytes);
    if (status != STATUS_OK) return blame_here(tokens, status, status_text(status));
    CHECK(bytes <= TOKENS_BUFFER_BYTES);
    tokens->at = 0;
    tokens->filled = bytes;
    tokens->bytes += bytes;
    tokens->at_end = bytes == 0;
    if (tokens->bytes > TOKENS_BYTES_MAX)
        return blame_here(tokens, STATUS_TOO_LARGE, "larger than 256 MiB; split it");
    return STATUS_OK;
}

/* The byte that comes next, which stays; NOTHING at the end. */
static enum status peek(struct tokens *tokens, int *ret_byte) {
    if (tokens->at == tokens->filled && !tokens->at_end) TRY(fill(tokens));
    *ret_byte = tokens->at_end ? NOTHING : tokens->buffer[tokens->at];
    return STATUS_OK;
}

static enum status take(struct tokens *tokens, int *ret_byte) {
    TRY(peek(tokens, ret_byte));
    if (*ret_byte == NOTHING) return STATUS_OK;
    tokens->at++;
    if (*ret_byte == '\n') tokens->line_now++;
    return STATUS_OK;
}

static enum status skip_space(struct tokens *tokens, int *ret_byte) {
    int byte = NOTHING;
    for (;;) {
        TRY(peek(tokens, &byte));
        if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') break;
        tokens->at++;
        if (byte == '\n') tokens->line_now++;
    }
    *ret_byte = byte;
    return STATUS_OK;
}

/* Texts. */

static void begin_text(struct tokens *tokens) {
    tokens->text_bytes = 0;
    tokens->text_cut = false;
    tokens->text_hash = UINT64_C(0xcbf29ce484222325);
}

/* Keeps the bytes of one character, all or none of them, and hashes them (FNV-1a). Who makes two keys of one hash gets
 * the own file refused; two equal keys always have one. */
static void keep(struct tokens *tokens, const uint8_t *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) tokens->text_hash = (tokens->text_hash ^ data[i]) * UINT64_C(0x100000001b3);
    if (tokens->text_cut || tokens->text_bytes + bytes >= sizeof tokens->text) {
        tokens->text_cut = true;
        return;
    }
    memcpy(tokens->text + tokens->text_bytes, data, bytes);
    tokens->text_bytes += bytes;
}

static enum status take_hex(struct tokens *tokens, uint32_t *ret_value) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int byte = NOTHING;
        TRY(take(tokens, &byte));
        uint32_t digit = byte >= '0' && byte <= '9'   ? (uint32_t)byte - '0'
                         : byte >= 'a' && byte <= 'f' ? (uint32_t)byte - 'a' + 10
                         : byte >= 'A' && byte <= 'F' ? (uint32_t)byte - 'A' + 10
                                                      : 16;
        if (digit == 16) return blame_byte(tokens, byte, "a hexadecimal digit of \\u was");
        value = value << 4 | digit;
    }
    *ret_value = value;
    return STATUS_OK;
}

static void keep_code_point(struct tokens *tokens, uint32_t point) {
    uint8_t bytes[4];
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = count; i-- > 1;) {
        bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    bytes[0] = (uint8_t)(leads[count] | point);
    keep(tokens, bytes, count);
}

static enum status take_code_point(struct tokens *tokens) {
    uint32_t point = 0;
    TRY(take_hex(tokens, &point));
    if (point == 0) return blame_here(tokens, STATUS_BAD_FORMAT, "\\u0000 in a text");
    if (point >= 0xd800 && point <= 0xdfff) {
        int backslash = NOTHING;
        int letter = NOTHING;
        uint32_t low = 0;
        if (point <= 0xdbff) TRY(take(tokens, &backslash));
        if (backslash == '\\') TRY(take(tokens, &letter));
        if (letter == 'u') TRY(take_hex(tokens, &low));
        if (low < 0xdc00 || low > 0xdfff)
            return blame_here(tokens, STATUS_BAD_FORMAT, "a surrogate of \\u escapes without its other half");
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    keep_code_point(tokens, point);
    return STATUS_OK;
}

static enum status take_escape(struct tokens *tokens) {
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    int byte = NOTHING;
    TRY(take(tokens, &byte));
    if (byte == 'u') return take_code_point(tokens);
    const char *found = byte > 0 ? strchr(letters, byte) : NULL;
    if (found == NULL) return blame_byte(tokens, byte, "one of \"\\/bfnrtu after a backslash was");
    keep(tokens, (const uint8_t *)&meanings[found - letters], 1);
    return STATUS_OK;
}

/* One character of several bytes, of which `first` is taken already. */
static enum status take_character(struct tokens *tokens, int first) {
    uint8_t bytes[4] = {(uint8_t)first};
    size_t count = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    for (size_t i = 1; i < count; i++) {
        int byte = NOTHING;
        TRY(peek(tokens, &byte));
        if (byte == NOTHING || byte >> 6 != 2) break;
        tokens->at++;
        bytes[i] = (uint8_t)byte;
    }
    if (!utf8_valid(slice_of(bytes, count))) return blame_here(tokens, STATUS_BAD_FORMAT, "a text is not UTF-8");
    keep(tokens, bytes, count);
    return STATUS_OK;
}

/* After the opening quote. */
static enum status take_text(struct tokens *tokens) {
    begin_text(tokens);
    for (;;) {
        int byte = NOTHING;
        TRY(take(tokens, &byte));
        if (byte == '"') break;
        if (byte == NOTHING) return blame_here(tokens, STATUS_TRUNCATED, "the file ends within a text");
        if (byte < ' ') return blame_here(tokens, STATUS_BAD_FORMAT, "a control character or a line end in a text");
        if (byte == '\\') {
            TRY(take_escape(tokens));
        } else if (byte < 0x80) {
            uint8_t plain = (uint8_t)byte;
            keep(tokens, &plain, 1);
        } else {
            TRY(take_character(tokens, byte));
        }
    }
    tokens->text[tokens->text_bytes] = '\0';
    return STATUS_OK;
}

/* Numbers. */

static bool is_digit(int byte) { return byte >= '0' && byte <= '9'; }

static enum status take_one(struct tokens *tokens) {
    int byte = NOTHING;
    TRY(take(tokens, &byte));
    uint8_t plain = (uint8_t)byte;
    keep(tokens, &plain, 1);
    return STATUS_OK;
}

static enum status take_digits(struct tokens *tokens) {
    int byte = NOTHING;
    TRY(peek(tokens, &byte));
    if (!is_digit(byte)) return blame_byte(tokens, byte, "a digit was");
    while (is_digit(byte)) {
        TRY(take_one(tokens));
        TRY(peek(tokens, &byte));
    }
    return STATUS_OK;
}

static enum status take_fraction_and_exponent(struct tokens *tokens) {
    int byte = NOTHING;
    TRY(peek(tokens, &byte));
    if (byte == '.') {
        TRY(take_one(tokens));
        TRY(take_digits(tokens));
        TRY(peek(tokens, &byte));
    }
    if (byte == 'e' || byte == 'E') {
        TRY(take_one(tokens));
        TRY(peek(tokens, &byte));
        if (byte == '+' || byte == '-') TRY(take_one(tokens));
        TRY(take_digits(tokens));
    }
    return STATUS_OK;
}

static enum status take_number(struct tokens *tokens) {
    int byte = NOTHING;
    begin_text(tokens);
    TRY(peek(tokens, &byte));
    if (byte == '-') TRY(take_one(tokens));
    TRY(peek(tokens, &byte));
    if (byte == '0') {
        TRY(take_one(tokens));
    } else {
        TRY(take_digits(tokens));
    }
    TRY(take_fraction_and_exponent(tokens));
    TRY(peek(tokens, &byte));
    if (is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'))
        return blame_byte(tokens, byte, "the end of a number was");
    if (tokens->text_cut || tokens->text_bytes > NUMBER_BYTES_MAX)
        return blame_here(tokens, STATUS_TOO_LARGE, "a number of more than 128 characters");
    tokens->text[tokens->text_bytes] = '\0';
    return STATUS_OK;
}

static enum status take_word(struct tokens *tokens, const char *word) {
    for (const char *at = word; *at != '\0'; at++) {
        int byte = NOTHING;
        TRY(take(tokens, &byte));
        if (byte != *at) return blame_byte(tokens, byte, "true, false or null was");
    }
    return STATUS_OK;
}

/* Structure. */

static enum status open_level(struct tokens *tokens, bool is_object) {
    if (tokens->depth == TOKENS_DEPTH_MAX)
        return tokens_blame(tokens, STATUS_TOO_DEEP, "nested more than %d deep", TOKENS_DEPTH_MAX);
    tokens->levels[tokens->depth++] = (struct tokens_level){.is_object = is_object, .is_empty = true};
    return STATUS_OK;
}

static enum status take_value(struct tokens *tokens, int byte, enum token *ret_token) {
    static const struct {
        const char *word;
        enum token token;
    } words[] = {{"true", TOKEN_TRUE}, {"false", TOKEN_FALSE}, {"null", TOKEN_NULL}};
    tokens->line = tokens->line_now;
    tokens->has_key = false;
    if (byte == '{' || byte == '[') {
        tokens->at++;
        *ret_token = byte == '{' ? TOKEN_OBJECT : TOKEN_ARRAY;
        return open_level(tokens, byte == '{');
    }
    if (byte == '"') {
        tokens->at++;
        *ret_token = TOKEN_TEXT;
        return take_text(tokens);
    }
    if (byte == '-' || is_digit(byte)) {
        *ret_token = TOKEN_NUMBER;
        return take_number(tokens);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (byte != words[i].word[0]) continue;
        *ret_token = words[i].token;
        return take_word(tokens, words[i].word);
    }
    return blame_byte(tokens, byte, "a value was");
}

/* The key for the path: what could steer a terminal is replaced, what is long is cut. */
static void name_level(struct tokens_level *level, const struct tokens *tokens) {
    level->key_bytes = 0;
    for (size_t i = 0; i < tokens->text_bytes && level->key_bytes < TOKENS_KEY_BYTES; i++) {
        uint8_t byte = tokens->text[i];
        level->key[level->key_bytes++] = byte > ' ' && byte < 127 ? (char)byte : '?';
    }
}

static enum status remember_key(struct tokens *tokens) {
    struct tokens_level *level = &tokens->levels[tokens->depth - 1];
    uint64_t *keys = tokens->keys[tokens->depth - 1];
    name_level(level, tokens);
    for (uint32_t i = 0; i < level->keys; i++) {
        if (keys[i] == tokens->text_hash)
            return tokens_blame(tokens, STATUS_DUPLICATE, "this key comes twice in one object");
    }
    if (level->keys == TOKENS_KEYS_MAX)
        return tokens_blame(tokens, STATUS_TOO_MANY, "an object with more than %d keys", TOKENS_KEYS_MAX);
    keys[level->keys++] = tokens->text_hash;
    return STATUS_OK;
}

static enum status take_key(struct tokens *tokens, int byte) {
    if (byte != '"') return blame_byte(tokens, byte, "a key was");
    tokens->line = tokens->line_now;
    tokens->at++;
    TRY(take_text(tokens));
    TRY(remember_key(tokens));
    TRY(skip_space(tokens, &byte));
    if (byte != ':') return blame_byte(tokens, byte, "':' was");
    tokens->at++;
    tokens->has_key = true;
    return STATUS_OK;
}

static enum status close_level(struct tokens *tokens, enum token *ret_token) {
    tokens->line = tokens->line_now;
    tokens->at++;
    *ret_token = tokens->levels[--tokens->depth].is_object ? TOKEN_OBJECT_END : TOKEN_ARRAY_END;
    return STATUS_OK;
}

/* What comes within an object or an array: its end, or after a comma, unless it is the first, the next of it. */
static enum status take_inside(struct tokens *tokens, int byte, enum token *ret_token) {
    struct tokens_level *level = &tokens->levels[tokens->depth - 1];
    if (byte == (level->is_object ? '}' : ']')) return close_level(tokens, ret_token);
    if (!level->is_empty) {
        if (byte != ',') return blame_byte(tokens, byte, level->is_object ? "',' or '}' was" : "',' or ']' was");
        tokens->at++;
        level->index++;
        TRY(skip_space(tokens, &byte));
    }
    level->is_empty = false;
    if (!level->is_object) return take_value(tokens, byte, ret_token);
    *ret_token = TOKEN_KEY;
    return take_key(tokens, byte);
}

enum status tokens_next(struct tokens *tokens, enum token *ret_token) {
    int byte = NOTHING;
    TRY(skip_space(tokens, &byte));
    if (tokens->has_key) return take_value(tokens, byte, ret_token);
    if (tokens->depth > 0) return take_inside(tokens, byte, ret_token);
    if (!tokens->has_root) {
        tokens->has_root = true;
        return take_value(tokens, byte, ret_token);
    }
    if (byte != NOTHING)
        return blame_here(tokens, STATUS_TRAILING_BYTES, "something comes after the end of the document");
    *ret_token = TOKEN_END;
    return STATUS_OK;
}

enum status tokens_skip(struct tokens *tokens, enum token token) {
    if (token != TOKEN_OBJECT && token != TOKEN_ARRAY) return STATUS_OK;
    uint32_t outside = tokens->depth - 1;
    while (tokens->depth > outside) TRY(tokens_next(tokens, &token));
    return STATUS_OK;
}
