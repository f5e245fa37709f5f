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

/* Returns 0 when the certificate holds and fills `verdict`; any other number names the reason (credimus_verify_text),
 * and `verdict` is untouched. A certificate about a family of questions, not about a question, is refused.
 *
 * `certificate`  the whole file, at most 1 MiB
 * `genesis`      the genesis in its canonical CBOR form
 * `expect`       the hypothesis that must have been decided for, or NULL
 * `scratch`      memory to work in, at least certificate_size bytes; free again afterwards
 * `step`         where to put what did not hold, a sentence in static storage; may be NULL */
int credimus_verify(const uint8_t *certificate, size_t certificate_size, const uint8_t *genesis, size_t genesis_size,
                    const char *expect, void *scratch, size_t scratch_size, struct credimus_verdict *verdict,
                    const char **step);

/* The sentence for a number that credimus_verify returned. Static storage, never NULL. */
const char *credimus_verify_text(int reason);

#ifdef __cplusplus
}
#endif

#endif
