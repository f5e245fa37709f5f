/* A small group of real replicas in one process: ledgers in memory, frames that take a millisecond, one virtual
 * clock. What a replica sends leaves after its ledger has committed, as the contract of replica/ports.h demands. */
#ifndef TEST_REPLICA_CLUSTER_H
#define TEST_REPLICA_CLUSTER_H

#include "ledger/memory.h"
#include "replica/replica.h"
#include "wire/frame.h"

enum { CLUSTER_MEMBERS = 4, CLUSTER_PLACES = 7, CLUSTER_EVENTS = EVENT_DIVERGED + 1, CLUSTER_DELAY_US = 1000 };
#define CLUSTER_EPOCH_US UINT64_C(1700000000000000)

struct cluster;

/* A frame on its way. */
struct parcel {
    uint64_t at_us;
    uint32_t from;
    uint32_t to;
    size_t bytes;
    uint8_t *data;
};

struct node {
    struct cluster *cluster;
    uint32_t number;
    struct replica *replica; /* NULL: down */
    void *memory;
    struct memory_ledger *ledger;
    const struct replica_ports *ports; /* instead of those over the ledger; NULL: those */
    uint8_t secret[SECRET_BYTES];
    uint8_t next_secret[SECRET_BYTES];
    bool has_next_secret;
    uint8_t old_secret[SECRET_BYTES];
    bool has_old_secret;
    bool is_removed;  /* nobody waits for it */
    int64_t clock_us; /* its wall clock is so much ahead */
    struct parcel *outbox;
    size_t outbox_count;
    uint64_t commits;
    uint64_t crash_at; /* crashes instead of commit number crash_at; 0: never */
    bool crash_sent;   /* it crashes after that commit, before anything leaves */
    uint64_t events[CLUSTER_EVENTS];
    struct replica_event last[CLUSTER_EVENTS]; /* the last one of each kind */
    uint64_t executed_seq;                     /* of its own lane, by EVENT_BATCH_EXECUTED, one after the other */
};

struct cluster {
    struct genesis genesis;
    struct hash chain;
    struct replica_config config;
    size_t replica_bytes;
    uint32_t places;
    struct node nodes[CLUSTER_PLACES];
    uint64_t now_us;
    struct parcel *parcels;
    size_t parcels_count;
    /* Whether a frame is carried; NULL: all are. */
    bool (*carries)(void *context, uint32_t from, uint32_t to, const struct frame *frame);
    void *context;
    uint64_t frames[FRAME_TYPE_COUNT]; /* sent, by type */
    /* What left any member, ever: two of a kind that contradict each other fail the test. */
    struct vote *votes;
    size_t votes_count;
    struct tip *batches;
    size_t batches_count;
    /* Called for each new replica before anything is restored; NULL: nothing. */
    void (*before_restoring)(struct node *node);
    bool lies; /* contradictions are part of the test */
};

/* All up, links up. */
struct cluster *cluster_new(struct threshold threshold);
/* With vacant places behind the members, whose replicas are not started; `before_restoring` may be NULL. */
struct cluster *cluster_new_with(struct threshold threshold, uint32_t members, uint32_t vacant,
                                 void (*before_restoring)(struct node *node));
/* The key pair that member `number` has in every cluster; numbers beyond its places are good for new keys. */
void cluster_key(uint32_t number, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES]);
void cluster_free(struct cluster *cluster);
struct replica_time cluster_time(const struct node *node);
void cluster_run(struct cluster *cluster, uint64_t us);
/* Runs until everybody who is up has executed the same height, nothing waits, and it is certified there; fails the
 * test after `us`. */
void cluster_settle(struct cluster *cluster, uint64_t us);
/* The ports of a member over its ledger in memory, for ports that replace some of them. */
struct replica_ports cluster_ports(struct node *node);
/* Drops what was not committed. */
void cluster_crash(struct cluster *cluster, uint32_t number);
void cluster_start(struct cluster *cluster, uint32_t number, enum replica_memory memory);
/* The ledger is gone. */
void cluster_forget(struct cluster *cluster, uint32_t number);
/* What the daemon does at the end of a turn. */
void cluster_turn(struct node *node);
/* Hands a frame to a member as if `from` had sent it. */
void cluster_inject(struct cluster *cluster, uint32_t to, uint32_t from, const struct frame *frame);
void cluster_inject_bytes(struct cluster *cluster, uint32_t to, uint32_t from, struct slice bytes);

/* Asks a question with two hypotheses; it is executed everywhere when this returns. */
struct question_id cluster_ask(struct cluster *cluster, uint32_t member, enum question_mode mode, uint64_t window_us);
enum status cluster_submit(struct cluster *cluster, uint32_t member, const struct item *item, struct slice content);
enum status cluster_tell(struct cluster *cluster, uint32_t member, struct question_id question, const char *text);

uint64_t cluster_height(const struct cluster *cluster, uint32_t member);
struct replica_status cluster_status(const struct cluster *cluster, uint32_t member);
struct replica_lane cluster_lane(const struct cluster *cluster, uint32_t member, uint32_t lane);
/* Executed items of the question, as `member` sees it. */
uint64_t cluster_items(const struct cluster *cluster, uint32_t member, struct question_id question);
struct item make_tell(struct question_id question, const char *text);

/* A batch of `member` signed by hand. */
struct forged {
    struct header header;
    struct hash hash;
    uint8_t header_bytes[HEADER_BYTES_MAX];
    size_t header_size;
    uint8_t body[4096];
    size_t body_size;
    struct frame frame;
};
/* Follows `tip` of its lane with one tell (none when `text` is NULL), seen at `wall_us`. Fields of the header may be
 * changed before forge_sign. */
void forge(const struct cluster *cluster, uint32_t member, const struct replica_lane *tip, uint64_t wall_us,
           struct question_id question, const char *text, struct forged *ret_forged);
void forge_sign(const struct cluster *cluster, struct forged *forged);

#endif
