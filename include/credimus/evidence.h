/* libcredimus: builds and signs evidence, byte for byte as members do.
 *
 * Evidence are items; the items of one member in one message are the body of a batch; a batch has a header, which the member
 * signs and which names the batch before it (docs/formats.md). To hand evidence to a running member use its HTTP API, which
 * builds the batch; these functions are for programs that make, check or archive items and batches themselves.
 *
 * Each function returns 0, or a reason that credimus_verify_text and credimus_reason_name of credimus/verify.h put into words;
 * then outputs are untouched. Those that encode write to `out`, which has room for `capacity` bytes, and put the number of
 * bytes into `size`. No function here allocates, does I/O, draws randomness or keeps state; all are safe to call from any
 * thread. Texts are UTF-8 without control characters, and end with a NUL. */
#ifndef CREDIMUS_EVIDENCE_H
#define CREDIMUS_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CREDIMUS_HASH_SIZE      32
#define CREDIMUS_QUESTION_SIZE  16
#define CREDIMUS_SALT_SIZE      32
#define CREDIMUS_SEED_SIZE      32
#define CREDIMUS_KEY_SIZE       32
#define CREDIMUS_SECRET_SIZE    64
#define CREDIMUS_SIGNATURE_SIZE 64
/* Buffers of these sizes hold any item, any body and any header. */
#define CREDIMUS_ITEM_SIZE   16384
#define CREDIMUS_BODY_SIZE   4194304
#define CREDIMUS_HEADER_SIZE 12544
/* An observation id as credimus_observation_id makes it, with its final NUL. */
#define CREDIMUS_OBSERVATION_ID_SIZE 33

#define CREDIMUS_PANEL 0
#define CREDIMUS_POOL  1
/* What a commitment hides when the question is an ordinary one. */
#define CREDIMUS_ORDINARY (-1)

/* One quantum is a billionth of a nat: "-0.25" is -250000000. Exact; a decimal with more than nine places is refused. */
int credimus_nats(const char *decimal, int64_t *quanta);

/* SHA-256, as in the content field of a tell. */
int credimus_hash(const void *data, size_t data_size, uint8_t hash[CREDIMUS_HASH_SIZE]);

/* A short id of an observation for whatever identifies it: the first 16 bytes of the SHA-256 in hex. In a panel, members who
 * speak of one event must use one id, and all who make it of the same bytes do. */
int credimus_observation_id(const void *data, size_t data_size, char id[CREDIMUS_OBSERVATION_ID_SIZE]);

/* The key pair of a seed (RFC 8032, section 5.1.5): the hex digits in a member's file `key`. The secret is the seed and the key,
 * one after the other. */
int credimus_key(const uint8_t seed[CREDIMUS_SEED_SIZE], uint8_t secret[CREDIMUS_SECRET_SIZE],
                 uint8_t key[CREDIMUS_KEY_SIZE]);

/* --- Items --- */

/* Amounts in quanta, durations in microseconds; ranges are in docs/formats.md. */
struct credimus_ask {
    const char *title;
    const char *const *hypotheses;
    uint32_t hypotheses_count; /* 2 to 64 */
    uint32_t mode;             /* CREDIMUS_PANEL or CREDIMUS_POOL */
    const int64_t *prior;      /* one for each hypothesis; NULL: all are as probable */
    int64_t cap;
    uint32_t rho_thousandths;
    int64_t decide_at;
    uint32_t min_margin;
    uint64_t window_us;
    uint64_t deadline_us; /* 0: none */
    uint8_t commitment[CREDIMUS_HASH_SIZE];
    const char *family; /* NULL: none */
};

struct credimus_tell {
    uint8_t question[CREDIMUS_QUESTION_SIZE];
    const char *observation;
    const int64_t
        *loglik; /* one for each hypothesis; or, of two, the one log-likelihood ratio first against second */
    uint32_t loglik_count;
    const uint8_t *content; /* the hash of a content that travels beside the batch, or NULL */
    uint64_t observed_us;   /* since the Unix epoch; 0: not told */
};

int credimus_ask_encode(const struct credimus_ask *ask, uint8_t *out, size_t capacity, size_t *size);
int credimus_tell_encode(const struct credimus_tell *tell, uint8_t *out, size_t capacity, size_t *size);
int credimus_retract_encode(const uint8_t question[CREDIMUS_QUESTION_SIZE], const char *observation, uint8_t *out,
                            size_t capacity, size_t *size);
int credimus_close_encode(const uint8_t question[CREDIMUS_QUESTION_SIZE], uint8_t *out, size_t capacity,
                          size_t *size);
int credimus_close_family_encode(const char *family, uint8_t *out, size_t capacity, size_t *size);
/* `hypothesis` as in credimus_commitment. */
int credimus_reveal_encode(const uint8_t question[CREDIMUS_QUESTION_SIZE], const uint8_t salt[CREDIMUS_SALT_SIZE],
                           int32_t hypothesis, uint8_t *out, size_t capacity, size_t *size);

/* The commitment of an ask: hides `hypothesis`, the true one of a canary by its index, or CREDIMUS_ORDINARY. The salt is 32
 * bytes that nobody else can guess, and is what a reveal opens it with. */
int credimus_commitment(const uint8_t salt[CREDIMUS_SALT_SIZE], int32_t hypothesis,
                        uint8_t commitment[CREDIMUS_HASH_SIZE]);

/* The id of the question that member number `asker` creates with this encoded ask. */
int credimus_question_id(const uint8_t *ask, size_t ask_size, uint32_t asker, uint8_t id[CREDIMUS_QUESTION_SIZE]);

/* 0 when the bytes are one whole item that members accept. */
int credimus_item_check(const uint8_t *item, size_t item_size);

/* --- Batches --- */

struct credimus_item {
    const uint8_t *data;
    size_t size;
};

/* The body of a batch: these encoded items, each checked. 0 to 65,536 of them. */
int credimus_body_encode(const struct credimus_item *items, size_t count, uint8_t *out, size_t capacity,
                         size_t *size);

/* A batch of another lane that the signer had seen. */
struct credimus_tip {
    uint32_t member;
    uint64_t seq;
    uint8_t hash[CREDIMUS_HASH_SIZE];
};

struct credimus_header {
    uint32_t member; /* by its place in the genesis, from 0 */
    uint64_t seq;    /* from 1 */
    uint64_t wall_us;
    uint8_t prev[CREDIMUS_HASH_SIZE]; /* the hash of the header before; zeros for seq 1 */
    const struct credimus_tip *deps;  /* ascending by member, without the own lane */
    uint32_t deps_count;
};

/* Signs a header for the body: a COSE_Sign1 under the chain (credimus_chain of credimus/verify.h). `hash` is what the next one
 * names as `prev`; may be NULL. A member signs one header for each seq: two different ones are a proof against it. */
int credimus_header_sign(const struct credimus_header *header, const uint8_t *body, size_t body_size,
                         const uint8_t chain[CREDIMUS_HASH_SIZE], const uint8_t secret[CREDIMUS_SECRET_SIZE],
                         uint8_t *out, size_t capacity, size_t *size, uint8_t hash[CREDIMUS_HASH_SIZE]);

/* 0 when the owner of `key` signed this header under the chain for exactly this body, and every item in it is one that members
 * accept. `member` and `seq` are what the header says; either may be NULL. */
int credimus_batch_verify(const uint8_t *header, size_t header_size, const uint8_t *body, size_t body_size,
                          const uint8_t chain[CREDIMUS_HASH_SIZE], const uint8_t key[CREDIMUS_KEY_SIZE],
                          uint32_t *member, uint64_t *seq);

#ifdef __cplusplus
}
#endif

#endif
