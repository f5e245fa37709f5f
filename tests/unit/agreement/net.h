/* A small network of agreements in one process: virtual time, a seeded scheduler, real Ed25519 keys, and a host that
 * stands in for the replica. Members that are not started are scripted by the test, which holds everybody's keys.
 *
 * What it checks all the time: no member signs what breaks a Never (across restarts too), nothing is sent before it is
 * persisted, no two blocks are final at one height, finalized heights follow each other and link. */
#ifndef TESTS_AGREEMENT_NET_H
#define TESTS_AGREEMENT_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agreement/agreement.h"
#include "base/prng.h"

enum { NET_MAX = 7, NET_HEIGHTS = 4096, NET_KEPT = 4096 };

#define MS     UINT64_C(1000)
#define SECOND (1000 * MS)
#define DELTA  (100 * MS)

struct net_bytes {
    uint8_t *data;
    size_t bytes;
};

/* What a member keeps on its disk. */
struct net_disk {
    struct vote votes[NET_KEPT];
    uint32_t votes_count;
    struct net_bytes certificates[NET_KEPT];
    uint32_t certificates_count;
    struct net_bytes blocks[NET_KEPT];
    uint32_t blocks_count;
    struct net_bytes finals[NET_HEIGHTS]; /* by height */
    struct net_bytes finalizations[NET_HEIGHTS];
    struct agreement_block final[NET_HEIGHTS];
    uint64_t height;
};

struct net_member {
    struct net *net;
    uint32_t number;
    struct agreement *a; /* NULL: down, or scripted */
    void *memory;
    uint8_t secret[SECRET_BYTES];
    struct net_disk *disk;
    uint64_t held[NET_MAX]; /* newest batch of each lane that it holds */
    uint64_t final_cut[NET_MAX];
    uint64_t missed[NET_MAX]; /* set by check: what it would have to fetch */
    uint32_t builds, checks;
};

struct net_message {
    uint64_t at_us;
    uint64_t order;
    uint32_t from, to;
    struct net_bytes frame;
};

struct net {
    uint32_t n;
    struct hash chain;
    uint8_t keys[NET_MAX][KEY_BYTES];
    struct net_member members[NET_MAX];
    struct prng prng;
    uint64_t now_us;
    uint64_t order;
    struct net_message *queue;
    uint32_t queue_count, queue_room;
    /* The weather. */
    uint32_t drop_permille, duplicate_permille;
    uint64_t delay_min_us, delay_max_us;
    bool down[NET_MAX][NET_MAX];
    bool heartbeats; /* with them go ranges of finalized blocks, which otherwise answer a request for a block alone */
    uint64_t heartbeat_at_us;
    bool (*filter)(struct net *net, uint32_t from, uint32_t to, const struct frame *frame); /* false: lost */
    /* What was seen. */
    uint32_t sent[FRAME_TYPE_COUNT]; /* by the agreements, a broadcast once */
    uint32_t sent_by[NET_MAX][FRAME_TYPE_COUNT];
    uint32_t sent_to[NET_MAX][FRAME_TYPE_COUNT]; /* unicast only */
    uint32_t misbehaved[NET_MAX];
    struct vote proof_a, proof_b;
    struct hash final[NET_HEIGHTS]; /* the one history; heights from 1 */
};

struct net *net_new(uint32_t n, uint64_t seed);
void net_free(struct net *net);
void net_start(struct net *net, uint32_t member); /* from its disk */
void net_start_muted(struct net *net, uint32_t member);
void net_stop(struct net *net, uint32_t member);
void net_start_all(struct net *net);
/* A new batch in a lane, held by everybody at once, or by one member. */
void net_produce(struct net *net, uint32_t lane);
void net_hold(struct net *net, uint32_t member, uint32_t lane);
/* Both directions; the ends see it. */
void net_link(struct net *net, uint32_t a, uint32_t b, bool up);
void net_run(struct net *net, uint64_t us);
bool net_run_to_height(struct net *net, uint64_t height, uint64_t limit_us);
uint64_t net_height(const struct net *net, uint32_t member);
uint32_t net_sent(const struct net *net);

/* --- scripting --- */
struct vote net_vote(const struct net *net, uint32_t member, uint64_t view, enum vote_kind kind,
                     const struct hash *block);
/* Of the members `first` .. first + count - 1 modulo n; static storage, valid until the fourth next call. */
struct slice net_certificate(const struct net *net, uint32_t first, uint32_t count, uint64_t view,
                             enum vote_kind kind, const struct hash *block);
/* A block that moves `lane` to `seq` (seq 0: empty); static storage as above. */
struct slice net_block(const struct net *net, uint64_t view, uint64_t height, const struct hash *parent,
                       uint32_t lane, uint64_t seq, struct hash *ret_hash);
/* A block with one large proof of garbage. */
struct slice net_block_large(const struct net *net, uint64_t view, uint64_t height, const struct hash *parent,
                             uint32_t salt, struct hash *ret_hash);
enum status net_give_vote(struct net *net, uint32_t to, const struct vote *vote);
enum status net_give_certificate(struct net *net, uint32_t to, struct slice certificate);
enum status net_give_proposal(struct net *net, uint32_t to, struct slice block, struct slice parent,
                              const struct slice *nullifications, uint32_t count);
void net_tick(struct net *net, uint32_t member);
void net_work(struct net *net, uint32_t member);
/* Own votes of a kind in a view that the member's disk holds. */
uint32_t net_voted(const struct net *net, uint32_t member, uint64_t view, enum vote_kind kind);

#endif
