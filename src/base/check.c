#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *text) {
    /* A short write is of no interest: the process ends on the next line. */
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

void check_failed(const char *expression, const char *file, int line) {
    char digits[12];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + line % 10);
        line /= 10;
    } while (line > 0 && at > 0);
    put("CHECK failed: ");
    put(expression);
    put(" at ");
    put(file);
    put(":");
    put(&digits[at]);
    put("\n");
    abort();
}
