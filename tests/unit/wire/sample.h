/* What the tests and fuzz targets of wire/ share: fixed keys and members, random valid values, and the strictness
 * that every object is held to. */
#ifndef TESTS_UNIT_WIRE_SAMPLE_H
#define TESTS_UNIT_WIRE_SAMPLE_H

#include "base/num.h"
#include "base/prng.h"
#include "wire/frame.h"
#include "wire/genesis.h"
#include "wire/item.h"
#include "wire/record.h"

/* A seed from the environment variable SEED, or a fixed one; printed, so that a failure can be replayed. */
struct prng sample_prng(void);

/* The key of member i is made of the seed that is 32 times the byte i + 1, zero for member 255. */
void sample_key(uint32_t member, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES]);
/* A valid genesis of the group "sensors": member-0, member-1 ..., at 3/4. */
void sample_genesis(uint32_t members, struct genesis *ret_genesis);
struct hash sample_hash_of(uint8_t byte);
struct keyring sample_keyring(const struct genesis *genesis);

/* Memory that the texts of one sample are put into. */
struct sample_texts {
    uint8_t family[FAMILY_BYTES_MAX];
    uint8_t bytes[1 + HYPOTHESES_MAX][TITLE_BYTES_MAX];
};

struct hash sample_hash(struct prng *prng);
/* Any of 64 bits, small numbers and the edges of encodings as often as others. */
uint64_t sample_u64(struct prng *prng);
/* Well-formed text of 1 .. max bytes without control characters; `buffer` holds `max`. */
struct slice sample_text(struct prng *prng, uint8_t *buffer, size_t max);
/* `except` is left out. */
uint32_t sample_tips(struct prng *prng, uint32_t most, uint32_t except, struct tip *ret_tips);
void sample_header(struct prng *prng, uint32_t most_deps, struct header *ret_header);
void sample_item(struct prng *prng, struct sample_texts *texts, struct item *ret_item);
/* Unsigned. */
void sample_vote(struct prng *prng, struct vote *ret_vote);
void sample_certificate(struct prng *prng, uint32_t most, struct vote_certificate *ret_certificate);
void sample_block(struct prng *prng, uint32_t most_entries, struct block *ret_block);
void sample_checkpoint(struct prng *prng, struct checkpoint *ret_checkpoint);
void sample_belief(struct prng *prng, struct sample_texts *texts, struct record_belief *ret_belief);
/* `contents` holds 256 bytes. */
void sample_frame(struct prng *prng, enum frame_type type, uint8_t *contents, struct frame *ret_frame);

/* Decodes all of `bytes` and writes what was decoded to `ret_again`. */
typedef enum status sample_rewrite(void *context, struct slice bytes, struct writer *ret_again);
/* Aborts unless `bytes`, when it is accepted, is written again byte for byte. */
void sample_require_strict(struct slice bytes, sample_rewrite *rewrite, void *context);
/* `bytes` is a valid encoding: accepted and written again the same. Cut at any length or with a byte more it is
 * refused; with any bit changed it is refused or means what is written again the same. */
void sample_check_strict(struct slice bytes, sample_rewrite *rewrite, void *context);

#endif
