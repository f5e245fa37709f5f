#include "base/status.h"

static const char *const texts[] = {
#define STATUS_TEXT(code, text) [STATUS_##code] = text,
    STATUS_TABLE(STATUS_TEXT)
#undef STATUS_TEXT
};

static const char *const names[] = {
#define STATUS_NAME(code, text) [STATUS_##code] = #code,
    STATUS_TABLE(STATUS_NAME)
#undef STATUS_NAME
};

const char *status_text(enum status status) {
    if ((unsigned)status >= STATUS_COUNT) return "an unknown status";
    return texts[status];
}

const char *status_name(enum status status) {
    if ((unsigned)status >= STATUS_COUNT) return "UNKNOWN";
    return names[status];
}
