/* Levels: how much of the group a member has lost sight of, and what that means for the threshold of certificates
 * (docs/protocol.md 6).
 *
 * | level     | of n members are missing     |
 * |-----------|------------------------------|
 * | connected | none                         |
 * | degraded  | up to 10 %                   |
 * | major     | more than 10 %, up to 25 %   |
 * | severe    | more than 25 %               |
 *
 * A member that stands at major or severe is one that sees a partition. When more than n - q see one, an honest member
 * is among them as long as no more than n - q lie; so no smaller group can raise the threshold by words alone. */
#ifndef QUORUM_LEVEL_H
#define QUORUM_LEVEL_H

#include "quorum/quorum.h"

enum level { LEVEL_CONNECTED, LEVEL_DEGRADED, LEVEL_MAJOR, LEVEL_SEVERE, LEVELS };

/* "connected": lower case, stable. Static storage, never NULL. */
const char *level_name(enum level level);

/* The level at which `missing` of n members are out of reach: integers alone, n is 1 .. MEMBERS_MAX. */
enum level level_of(uint32_t n, uint32_t missing);

/* Whether a member at this level sees a partition. */
static inline bool level_is_apart(enum level level) { return level >= LEVEL_MAJOR; }

/* Whether `apart` of n members who see a partition raise the threshold: more than n - q(base). */
bool level_raises(uint32_t n, struct threshold base, uint32_t apart);
/* The threshold in force then: threshold_raised(base), or `base` as it is. */
struct threshold level_threshold(uint32_t n, struct threshold base, uint32_t apart);

#endif
