/* The demonstration: a group of eight on this machine, and a story that is told with it. demo.c is the command: options,
 * the directory, and that nothing is left behind; demo_group.c is what the story does with the members; demo_story.c is
 * the story, chapter by chapter.
 *
 * Invariant: what is printed about the group was read from its members or printed by a command of this program. The story
 * waits for states, never for times to pass, and whatever does not become true ends it with a sentence about that. */
#ifndef CMD_DEMO_H
#define CMD_DEMO_H

#include <jansson.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/processes.h"
#include "node/config.h"

enum {
    DEMO_MEMBERS = 8,
    DEMO_COPY = DEMO_MEMBERS, /* the place of the process that has another's key */
    DEMO_PROCESSES = DEMO_MEMBERS + 1,
    DEMO_ARGUMENTS_MAX = 8
};

struct demo {
    const struct invocation *invocation;
    bool is_web;     /* the members stay when the story is told */
    bool is_kept;    /* the directory stays */
    bool has_colour; /* standard output is a terminal that can do it */
    uint16_t base_port;
    int signal; /* the one that ended the story; 0: none */
    char directory[CONFIG_PATH_BYTES];
    struct genesis genesis;
    struct hash chain;
    struct processes processes;
    struct client *clients[DEMO_PROCESSES]; /* NULL until they are needed */
    char question[QUESTION_TEXT_BYTES];     /* the one that the chapter is about */
    uint32_t rounds;                        /* how often m0 and its copy have spoken */
};

/* --- what a chapter does (demo_group.c). Each that returns an int: COMMAND_DONE, or what the command shall return after
 * the reason was said. --- */

/* Makes the group, and the copy of m0's key at other ports. */
int demo_create(struct demo *demo);
int demo_start(struct demo *demo, uint32_t place);
/* A member's directory, or that of the copy. */
void demo_directory(const struct demo *demo, uint32_t place, char ret_path[CONFIG_PATH_BYTES]);
void demo_close_clients(struct demo *demo);

/* Asks a member's API; with a body, which is taken over, it is a POST. What is not an answer with status 200 to 299 is
 * said and ends the story. The answer is the caller's, to be given to reply_free. */
int demo_call(struct demo *demo, uint32_t member, const char *path, json_t *body, struct reply *ret_reply);
/* The same, but whatever the answer is, a refusal as well, is returned as a new reference, NULL when there is none, and
 * nothing is said. */
json_t *demo_try(struct demo *demo, uint32_t member, const char *path, json_t *body);
/* demo_try for the question of the chapter. `read` is as in the API. */
json_t *demo_look_at_question(struct demo *demo, uint32_t member, const char *read);

/* Waits until something holds, and notices whoever ends and whatever signal comes in the meantime. `what` completes "waited
 * in vain until". */
int demo_wait(struct demo *demo, const char *what, bool (*holds)(struct demo *demo));
/* What may have happened since it was last asked: a member that ended, or a signal, which is waited for a while. */
int demo_attend(struct demo *demo, int wait_ms);
/* Says what did not happen; the story ends. */
int demo_fail(const struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs a command of this program in the demo's directory, its output indented below the command line. Ends the story unless
 * the exit status is `expected`. The words end with NULL. */
int demo_run(struct demo *demo, int expected, const char *const words[DEMO_ARGUMENTS_MAX]);
/* A paragraph, broken into lines. Control characters are not printed. */
void demo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- the story (demo_story.c) --- */

int demo_tell(struct demo *demo);

#endif
