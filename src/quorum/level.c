/* Levels of a partition, and the threshold that follows from them (docs/protocol.md 6). */
#include "quorum/level.h"

#include "base/check.h"
#include "base/limits.h"

const char *level_name(enum level level) {
    static const char *const names[LEVELS] = {
        [LEVEL_CONNECTED] = "connected",
        [LEVEL_DEGRADED] = "degraded",
        [LEVEL_MAJOR] = "major",
        [LEVEL_SEVERE] = "severe",
    };
    CHECK((unsigned)level < LEVELS);
    return names[level];
}

enum level level_of(uint32_t n, uint32_t missing) {
    CHECK(n >= 1 && n <= MEMBERS_MAX && missing <= n);
    if (missing == 0) return LEVEL_CONNECTED;
    if (10 * missing <= n) return LEVEL_DEGRADED;
    return 4 * missing <= n ? LEVEL_MAJOR : LEVEL_SEVERE;
}

bool level_raises(uint32_t n, struct threshold base, uint32_t apart) { return apart > quorum_live(n, base); }

struct threshold level_threshold(uint32_t n, struct threshold base, uint32_t apart) {
    return level_raises(n, base, apart) ? threshold_raised(base) : base;
}
