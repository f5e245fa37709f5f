/* Text for people (cmd/screen.h). */
#include "cmd/screen.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "codec/utf8.h"

enum { BAR_COLUMNS_MAX = 40, EIGHTHS = 8, BLOCK_BYTES_MAX = 3 };

_Static_assert(BAR_COLUMNS_MAX *BLOCK_BYTES_MAX < SCREEN_BAR_BYTES, "a bar fits its text");

/* U+0080 to U+009F steer some terminals as well; in UTF-8 they are C2 80 to C2 9F. */
static bool is_control(const char *at) {
    unsigned char byte = (unsigned char)at[0];
    if (byte < 0x20 || byte == 0x7f) return true;
    return byte == 0xc2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] <= 0x9f;
}

void screen_clean(char *text) {
    bool valid = utf8_valid(slice_of_text(text));
    for (char *at = text; *at != '\0'; at++) {
        bool foreign = !valid && (unsigned char)*at >= 0x80;
        if (!foreign && !is_control(at)) continue;
        if ((unsigned char)*at == 0xc2 && !foreign) *at++ = '?';
        *at = '?';
    }
}

const char *screen_cleaned(const char *text, char *buffer, size_t bytes) {
    (void)snprintf(buffer, bytes, "%s", text);
    screen_clean(buffer);
    return buffer;
}

static bool is_continuation(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

size_t screen_columns(const char *text) {
    size_t columns = 0;
    for (; *text != '\0'; text++) columns += is_continuation(*text) ? 0 : 1;
    return columns;
}

void screen_print_cell(FILE *out, const char *text, size_t columns) {
    size_t whole = screen_columns(text);
    size_t kept = whole <= columns ? whole : columns - 1;
    size_t shown = 0;
    for (; *text != '\0'; text++) {
        if (!is_continuation(*text) && shown++ == kept) break;
        (void)fputc(*text, out);
    }
    if (whole > columns) (void)fputs("\u2026", out);
    for (size_t i = whole; i < columns; i++) (void)fputc(' ', out);
}

void screen_print_percent(FILE *out, double share) {
    if (share > 0.99995 && share < 1) {
        (void)fputs(" >99.99 %", out);
    } else if (share > 0 && share < 0.00005) {
        (void)fputs("  <0.01 %", out);
    } else {
        (void)fprintf(out, "%7.2f %%", share * 100);
    }
}

void screen_bar(double share, size_t columns, char ret_bar[SCREEN_BAR_BYTES]) {
    static const char *const blocks[EIGHTHS + 1] = {"\u00b7", "\u258f", "\u258e", "\u258d", "\u258c",
                                                    "\u258b", "\u258a", "\u2589", "\u2588"};
    if (columns > BAR_COLUMNS_MAX) columns = BAR_COLUMNS_MAX;
    if (!(share > 0)) share = 0;
    if (share > 1) share = 1;
    size_t eighths = (size_t)(share * (double)(columns * EIGHTHS) + 0.5);
    size_t used = 0;
    for (size_t i = 0; i < columns; i++) {
        size_t left = eighths > i * EIGHTHS ? eighths - i * EIGHTHS : 0;
        const char *block = blocks[left > EIGHTHS ? EIGHTHS : left];
        memcpy(ret_bar + used, block, strlen(block));
        used += strlen(block);
    }
    ret_bar[used] = '\0';
}
