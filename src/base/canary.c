/* Which canary is planted. Compiled with the build option `canaries` alone. */
#include "base/canary.h"

#include <string.h>

enum canary canary_planted = CANARY_NONE;

#define CANARY_NAME(NAME, name) [CANARY_##NAME] = #name,
static const char *const names[CANARY_COUNT] = {CANARIES(CANARY_NAME)};
#undef CANARY_NAME

bool canary_plant(const char *name) {
    for (int canary = CANARY_NONE + 1; canary < CANARY_COUNT; canary++) {
        if (strcmp(names[canary], name) != 0) continue;
        canary_planted = (enum canary)canary;
        return true;
    }
    return false;
}
