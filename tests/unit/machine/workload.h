/* Workload: random blocks of everything that members can do, right and wrong, one after another; the same seed gives the
 * same blocks. For tests that need a state with something of everything in it. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "world.h"

enum { WORKLOAD_QUESTIONS_MAX = 512 };

/* What a test has to know about a question to go on with it. */
struct workload_question {
    struct question_id id;
    uint32_t asker;
    uint32_t hypotheses;
    uint32_t truth; /* that its commitment hides */
    bool is_panel;
    bool is_committed;
};

struct workload {
    struct prng prng;
    struct book *book;
    uint32_t members;
    uint64_t now_us;
    uint64_t named[MEMBERS_MAX][MEMBERS_MAX]; /* the newest batch of the other that a lane refers to */
    struct workload_question questions[WORKLOAD_QUESTIONS_MAX];
    uint32_t questions_count;
    uint32_t observations;
    bool is_sealed[MEMBERS_MAX]; /* a block carried a fork proof, or nobody is there: the lane is at its end */
    struct item favourite;       /* what is proposed at present */
    char name[32];               /* that it gives */
    uint32_t keys;               /* given so far */
    /* The block that was written last. */
    size_t from;
    size_t to;
    uint8_t proof[4096];
    struct slice proofs[1];
    uint32_t proofs_count;
};

struct workload *workload_new(uint32_t members, uint64_t seed);
void workload_free(struct workload *workload);
/* Writes the next block into the book, as it suits the state of this machine. */
void workload_next(struct workload *workload, const struct machine *machine, const struct genesis *genesis);
/* Executes the block that was written last. */
void workload_execute(const struct workload *workload, struct world *world);

#endif
