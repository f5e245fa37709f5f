/* An attack: what a liar does with its own key and with the frames of the real replica that it runs. One attack a file; attacks.c has the
 * table of them.
 *
 * The liar's replica is the daemon's own code and keeps its own ledger; the attack stands between it and the network. It may drop, change,
 * multiply and delay what is sent, send different things to different members, sign anything with its key, and keep what it has seen. All
 * chance comes from the attacker's dice, so runs repeat. */
#ifndef SIM_ATTACKS_ATTACK_H
#define SIM_ATTACKS_ATTACK_H

#include "sim/world.h"

enum { KEPT_FRAMES = 64 };

struct attack;

struct attacker {
    struct sim_member *body;
    struct sim *sim;
    uint32_t number;
    uint32_t members;
    const uint8_t *secret;
    struct prng dice;
    const struct attack *attack; /* the one that is under way */
    bool mixed;                  /* takes another one now and then */
    uint64_t until_us;           /* when a mixed one does */
    struct flying *kept[KEPT_FRAMES];
    uint32_t kept_next;
    struct hash shadow; /* forked lane: the newest header of the second version */
    uint64_t shadow_seq;
    struct frame *frame; /* decoded frame under attack, and objects in it */
    struct header *header;
    struct block *block;
    uint8_t *buffer; /* FRAME_BYTES_MAX: a frame to be sent */
    uint8_t *piece;  /* as many: an object inside it */
};

struct attack {
    const char *name;
    const char *text;
    /* Its replica sends `bytes` to `to`; a->frame is the same decoded. NULL: it is passed on. */
    void (*on_send)(struct attacker *a, uint32_t to, struct flying *bytes);
    /* Every tenth of a second; NULL: nothing. */
    void (*on_tick)(struct attacker *a);
    bool has_twin; /* a second copy of the member runs beside the first */
};

extern const struct attack attack_double_voter, attack_equivocator, attack_fabricator, attack_flooder, attack_forger,
    attack_forked_lane, attack_mutator, attack_oversizer, attack_perjurer, attack_replayer, attack_shouter,
    attack_silent, attack_skipper, attack_slow_leader, attack_swapper, attack_twins, attack_withholder_of_batches,
    attack_withholder_of_votes;

/* Tools. Each sent frame that the replica itself would not have sent there counts as a lie. */
void attack_pass(struct attacker *a, uint32_t to, struct flying *frame);
void attack_delay(struct attacker *a, uint32_t to, struct flying *frame, uint64_t by_us);
void attack_withhold(struct attacker *a);
void attack_send_bytes(struct attacker *a, uint32_t to, struct slice bytes);
void attack_send_frame(struct attacker *a, uint32_t to, const struct frame *frame);
void attack_send_vote(struct attacker *a, uint32_t to, uint64_t view, enum vote_kind kind, const struct hash *block);
/* Signs a->header and sends it with the body and contents of a->frame. `ret_hash` may be NULL. */
void attack_send_batch(struct attacker *a, uint32_t to, struct hash *ret_hash);
/* Signs a->block as the leader's proposal and sends it with the certificates of a->frame. */
void attack_send_proposal(struct attacker *a, uint32_t to);
struct hash attack_random_hash(struct attacker *a);
uint32_t attack_random_peer(struct attacker *a);
uint64_t attack_view(const struct attacker *a);

#endif
