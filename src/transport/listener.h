/* Listener: the accepting side. Connections that have not proved themselves are few, short-lived and little read:
 * when there are too many, the oldest gives way, since an honest member needs a moment and a stranger may take
 * forever. */
#ifndef TRANSPORT_LISTENER_H
#define TRANSPORT_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct link;
struct peer;
struct transport;

/* Binds and listens on the transport's listener, which is initialised. UNAVAILABLE or IO; `ret_detail` says why. */
enum status listener_open(struct transport *transport, const char *host, uint16_t port, char *ret_detail,
                          size_t detail_bytes) MUST_USE;

/* Accepts the connection that waits. */
void listener_accept(struct transport *transport);

/* Ends every accepted connection that has not proved itself. */
void listener_end_all(struct transport *transport);

/* Ends those that claim to be this member. */
void listener_end_claims(struct peer *peer);

/* The link is up or ended: no longer one of them. */
void listener_forget(struct link *link);

#endif
