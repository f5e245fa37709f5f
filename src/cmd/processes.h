/* Members of a group on this machine as child processes: what `testnet up` and `demo` share.
 *
 * The members are in process groups of their own, so that Ctrl-C reaches the parent alone, which then stops them in good
 * order; should the parent be killed, the kernel sends them a signal of its choice. All signals of the parent are taken
 * in one place, by sigtimedwait, so there are no handlers. */
#ifndef CMD_PROCESSES_H
#define CMD_PROCESSES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "cmd/command.h"

/* Places are 0 to PROCESSES_MAX - 1, and the caller's to give. */
enum { PROCESSES_MAX = MEMBERS_MAX };

struct processes {
    pid_t ids[PROCESSES_MAX]; /* 0: not running */
    int parent_signal;        /* what they get when this process dies */
    sigset_t signals;         /* taken by processes_next_signal */
    sigset_t signals_then;    /* what a child starts with */
};

/* From here on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGCHLD wait for processes_next_signal. */
void processes_begin(struct processes *processes, int parent_signal);
/* The signals are again as they were before processes_begin; for this process, or a child of it that becomes another
 * program. */
void processes_restore_signals(const struct processes *processes);
/* The next signal within a while, in milliseconds; 0 when none came. */
int processes_next_signal(const struct processes *processes, int wait_ms);

/* Runs `credimus start` on a member's directory, with its output appended to the file `log` there and its number in the file
 * `pid`. False, with errno, when there can be no other process. */
bool processes_start(struct processes *processes, uint32_t place, const char *directory);
/* Takes note of a process that ended: where it was and its status as of waitpid. False when there is none. */
bool processes_reap(struct processes *processes, uint32_t *ret_place, int *ret_how);
uint32_t processes_running(const struct processes *processes);
/* Both return when they have ended, in good order or, after 20 seconds, by force. One that was stopped by SIGSTOP goes
 * on first. Whoever is not running is ignored. */
void processes_stop(struct processes *processes, uint32_t place);
void processes_stop_all(struct processes *processes);

/* The end of what the member of this directory said, on standard error. */
void processes_print_log_end(const char *directory);
/* Whether the one who answers at the member's address is `member` of this very group: the port may be another's. */
bool processes_is_ready(const struct invocation *invocation, const char *directory, const struct hash *chain,
                        uint32_t member);

#endif
