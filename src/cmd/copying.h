/* Copying a ledger for people: a bar on a terminal, and Ctrl-C, which leaves nothing half done. What `backup` and `restore` share. */
#ifndef CMD_COPYING_H
#define CMD_COPYING_H

#include "cmd/command.h"
#include "ledger/backup.h"
#include "node/config.h"

struct copying {
    const struct invocation *invocation;
    const char *what;        /* the file that a refusal names first */
    struct ledger_copy copy; /* source, path, chain and member; the rest is filled in here */
    /* As in ledger/backup.h; may be NULL. */
    enum status (*ready)(void *context);
    void *ready_context;
};

/* COMMAND_DONE, or what to return after the reason was said. */
int copying_run(struct copying *copying, struct ledger_copied *ret_copied);

/* Refuses a place for a ledger where there is one, or what is left of one: a log without its ledger would be taken for that of
 * the new one. As above. */
int copying_refuse_leftovers(const struct invocation *invocation, const char *ledger_path);
/* Removes a ledger that was not to be, and what SQLite keeps beside it. */
void copying_remove_leftovers(const char *ledger_path);

/* Reads the configuration of a member's directory, and holds it so that the member does not run meanwhile: directory_release
 * gives it back. As above. */
int copying_hold(const struct invocation *invocation, const char *directory, struct node_config *ret_config,
                 int *ret_hold);

#endif
