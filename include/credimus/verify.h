/* libcredimus: checks a certificate without a network, a cluster or trust in whoever handed it over.
 *
 * The genesis says who the members are and which threshold holds; get it from somebody you trust, once. The
 * certificate may come from anybody. No function here allocates, does I/O or keeps state; all are safe to call from
 * any thread. */
#ifndef CREDIMUS_VERIFY_H
#define CREDIMUS_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest sizes of texts, each with its final NUL. */
#define CREDIMUS_TITLE_SIZE      513
#define CREDIMUS_HYPOTHESIS_SIZE 129

/* What a question's standing is. */
#define CREDIMUS_OPEN      0 /* still collecting evidence */
#define CREDIMUS_DECIDED   1 /* for `outcome` */
#define CREDIMUS_UNDECIDED 2 /* closed without a decision */

/* What a good certificate says. Texts are UTF-8 without control characters. */
struct credimus_verdict {
    uint8_t question[16];                   /* the id of the question */
    char title[CREDIMUS_TITLE_SIZE];        /* of the question */
    char outcome[CREDIMUS_HYPOTHESIS_SIZE]; /* the leading hypothesis; what was decided when status is
                                               CREDIMUS_DECIDED */
    uint32_t status;                        /* CREDIMUS_OPEN, CREDIMUS_DECIDED or CREDIMUS_UNDECIDED */
    uint32_t is_verdict;                    /* 1: a verdict; 0: where the question stood at `height` */
    uint32_t flip_margin; /* members whose lies could have changed the outcome, at least; 0: no outcome */
    uint32_t signers;     /* members who signed */
    uint32_t needed;      /* how many had to */
    uint32_t members;     /* of how many */
    uint64_t height;      /* of the block that the checkpoint covers */
    uint64_t time_us;     /* of that block: microseconds since the Unix epoch */
};

/* How credimus_judge answers; `credimus verify` exits with the same numbers. */
#define CREDIMUS_HOLDS      0 /* the certificate holds, and says what was asked for */
#define CREDIMUS_INVALID    1 /* it does not hold: whatever it says is not to be believed */
#define CREDIMUS_MISUSE     2 /* nothing was judged: the genesis or the policy makes no sense */
#define CREDIMUS_UNEXPECTED 3 /* it holds, but does not say what was asked for */

/* What a reader insists on beyond the rules of the group. All zeros and NULLs: nothing. */
struct credimus_policy {
    /* The hypothesis that the question must be decided for, or NULL. */
    const char *expect;
    /* How probable the leading hypothesis must be: a decimal of 0 to 1 like "0.9" with at most 18 places, read and compared
     * without binary fractions; or NULL. */
    const char *min_probability;
    /* The flip_margin must be at least this. */
    uint32_t min_margin;
    /* So many of the members, and so much of their weight, must have signed, even if the group asks for less: above 2/3, at
     * most 1. 0 and 0: as the group asks. */
    uint32_t threshold_numerator;
    uint32_t threshold_denominator;
};

/* Judges a certificate by the genesis and the policy. Returns one of the four numbers above; `verdict` is filled when it is
 * CREDIMUS_HOLDS, and otherwise untouched. A certificate about a family of questions, not about a question, is
 * CREDIMUS_UNEXPECTED when it holds.
 *
 * `certificate`  the whole file, at most 1 MiB
 * `genesis`      the genesis in its canonical CBOR form (credimus_genesis_read makes it of genesis.json)
 * `policy`       what is insisted on, or NULL
 * `scratch`      memory to work in, at least certificate_size bytes; free again afterwards
 * `step`         where to put what did not hold, a sentence in static storage; may be NULL */
int credimus_judge(const uint8_t *certificate, size_t certificate_size, const uint8_t *genesis, size_t genesis_size,
                   const struct credimus_policy *policy, void *scratch, size_t scratch_size,
                   struct credimus_verdict *verdict, const char **step);

/* As credimus_judge with nothing but `expect` insisted on. Returns 0 when the certificate holds; any other number names the
 * reason (credimus_verify_text). */
int credimus_verify(const uint8_t *certificate, size_t certificate_size, const uint8_t *genesis, size_t genesis_size,
                    const char *expect, void *scratch, size_t scratch_size, struct credimus_verdict *verdict,
                    const char **step);

/* A buffer of this size holds the canonical form of any genesis. */
#define CREDIMUS_GENESIS_SIZE 26880

/* The canonical CBOR form of a genesis.json, as `credimus testnet new` writes it and members read it. Returns 0, or a reason;
 * then `genesis` is scratch and `genesis_size` untouched. `capacity` is the room in `genesis`. */
int credimus_genesis_read(const char *json, size_t json_size, uint8_t *genesis, size_t capacity,
                          size_t *genesis_size);

/* The chain id: what every signature of the group is bound to. Returns 0, or a reason when the genesis is none. */
int credimus_chain(const uint8_t *genesis, size_t genesis_size, uint8_t chain[32]);

/* Whether the COSE Receipt (RFC 9942, docs/receipts.md) proves that `entry` is in the log of this group: on the word of one
 * member, whose number is put into `member`. Returns 0, or a reason. */
int credimus_receipt_verify(const uint8_t *receipt, size_t receipt_size, const uint8_t *entry, size_t entry_size,
                            const uint8_t *genesis, size_t genesis_size, uint32_t *member);

/* The sentence for a number that a function of this library returned as a reason. Static storage, never NULL. */
const char *credimus_verify_text(int reason);
/* Its name, which stays the same from version to version, as the numbers do not: "BELOW_THRESHOLD". Static storage, never
 * NULL. */
const char *credimus_reason_name(int reason);

#ifdef __cplusplus
}
#endif

#endif
