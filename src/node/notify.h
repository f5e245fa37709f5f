/* Telling the service manager where this process stands: the protocol of sd_notify(3), which is datagrams of lines
 * "NAME=value" to the socket that the environment names. Written here so that nothing has to be linked for it.
 *
 * Invariant: nothing here waits, and nothing here fails for the caller: without a manager, or when it does not listen,
 * the member runs as it would in a shell. */
#ifndef NODE_NOTIFY_H
#define NODE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a manager wants to hear anything: NOTIFY_SOCKET names a path or, after '@', an abstract name. */
bool notify_wanted(void);

/* READY=1: everything is open, or the reload is over. RELOADING=1 with the time it began. STOPPING=1. WATCHDOG=1: the
 * loop still turns. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);
/* STATUS=: one line for people, as printf; what would end the line is replaced. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often the manager wants to hear notify_alive, in microseconds, from WATCHDOG_USEC; 0: never, or it is meant for
 * another process (WATCHDOG_PID). */
uint64_t notify_watchdog_us(void);

#endif
