/* Dialler: the connecting side. The member with the lower number dials, so that a pair never has two links. After a
 * failure it waits, longer each time up to a bound, with jitter so that members that failed together do not come back
 * together; a link that stayed up for a while ends that. */
#ifndef TRANSPORT_DIALER_H
#define TRANSPORT_DIALER_H

#include <stdbool.h>

struct peer;

/* A link that lasted this long was a good one: the next wait begins from the shortest. */
#define LINK_STABLE_MS 5000

/* Dials now, unless the member is not this one's to dial, not reachable, or linked or being dialled already. */
void dialer_dial(struct peer *peer);

/* Dials after the wait that is due; `was_up`: the link that just ended had been up. */
void dialer_schedule(struct peer *peer, bool was_up);

/* Gives up waiting. */
void dialer_stop(struct peer *peer);

/* Lets go of the timer for good. */
void dialer_close(struct peer *peer);

#endif
