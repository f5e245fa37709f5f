/* A member's directory as something that one process at a time may act for, and the marks in it that say what its ledger can't:
 *
 *     started        the member has run: a missing ledger is then amnesia, not a first start
 *     forgetful      it has not been reminded yet of everything that it may have signed; stays, so that a crash does
 *                    not make it forget that it forgot
 *     lane-closed    nobody can tell which places of its lane were signed; stays as long as the key
 *
 * The last two hold the key that they are about, in hex; with any other text they count for every key.
 * docs/protocol.md 2 "Amnesia" says what they do. */
#ifndef NODE_DIRECTORY_H
#define NODE_DIRECTORY_H

#include <stdbool.h>

#include "node/config.h"

#define STARTED_FILE     "started"
#define FORGETFUL_FILE   "forgetful"
#define LANE_CLOSED_FILE "lane-closed"

/* Locks the directory (flock) until directory_release or the end of the process. STATUS_LOCKED: another process runs the member,
 * even one whose ledger was moved away, or restores it. STATUS_IO. */
enum status directory_hold(const char *directory, int *ret_hold, struct config_detail *ret_detail) MUST_USE;
/* -1 is ignored. */
void directory_release(int hold);

/* Which marks a call left, as bits. */
enum { MARK_STARTED = 1, MARK_FORGETFUL = 2, MARK_LANE_CLOSED = 4 };

/* Leaves all three: the ledger in this directory may be older than what the member signed. Those that are there stay as they are. On
 * failure those that this call left are gone again. STATUS_IO, STATUS_TOO_LARGE. */
enum status directory_mark_restored(const char *directory, uint32_t *ret_left,
                                    struct config_detail *ret_detail) MUST_USE;
/* Takes them back. */
void directory_unmark(const char *directory, uint32_t left);

#endif
