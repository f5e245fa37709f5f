/* Evidence for programs outside: plain C types around wire/. Invariant: whatever is encoded or accepted here is what a member
 * would encode or accept, because it is the same code. */
#include "credimus/evidence.h"

#include "base/decimal.h"
#include "codec/cbor.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "wire/header.h"
#include "wire/item.h"

_Static_assert(CREDIMUS_HASH_SIZE == (int)HASH_BYTES && CREDIMUS_KEY_SIZE == (int)KEY_BYTES,
               "sizes are those of base");
_Static_assert(CREDIMUS_SECRET_SIZE == (int)SECRET_BYTES && CREDIMUS_SEED_SIZE == (int)ED25519_SEED_BYTES,
               "sizes are those of crypto");
_Static_assert(CREDIMUS_SIGNATURE_SIZE == (int)SIGNATURE_BYTES, "sizes are those of base");
_Static_assert(CREDIMUS_QUESTION_SIZE == (int)QUESTION_ID_BYTES && CREDIMUS_SALT_SIZE == (int)COMMITMENT_SALT_BYTES,
               "sizes are those of items");
_Static_assert(CREDIMUS_ITEM_SIZE == ITEM_BYTES_MAX && CREDIMUS_BODY_SIZE == BATCH_BYTES_MAX &&
                   CREDIMUS_HEADER_SIZE == HEADER_BYTES_MAX,
               "any item, body and header fits");
_Static_assert(CREDIMUS_PANEL == (int)MODE_PANEL && CREDIMUS_POOL == (int)MODE_POOL,
               "the public number is the item's");

/* No text is the empty one, which is refused wherever a text has to be. */
static struct slice text_of(const char *text) { return text != NULL ? slice_of_text(text) : slice_of(NULL, 0); }

static enum status finish(const struct writer *writer, size_t *ret_size) {
    TRY(writer_status(writer));
    *ret_size = writer->bytes;
    return STATUS_OK;
}

static int encode(const struct item *item, uint8_t *out, size_t capacity, size_t *size) {
    struct writer writer = writer_of(out, capacity);
    enum status status = item_valid(item);
    if (status != STATUS_OK) return (int)status;
    item_put(&writer, item);
    return (int)finish(&writer, size);
}

int credimus_nats(const char *decimal, int64_t *quanta) {
    enum { PLACES = 9 };
    return (int)decimal_parse(text_of(decimal), PLACES, quanta);
}

int credimus_hash(const void *data, size_t data_size, uint8_t hash[CREDIMUS_HASH_SIZE]) {
    struct hash of_data;
    sha256_of(slice_of(data, data_size), &of_data);
    memcpy(hash, of_data.bytes, HASH_BYTES);
    return (int)STATUS_OK;
}

int credimus_observation_id(const void *data, size_t data_size, char id[CREDIMUS_OBSERVATION_ID_SIZE]) {
    struct hash of_data;
    sha256_of(slice_of(data, data_size), &of_data);
    bytes_to_hex(of_data.bytes, (CREDIMUS_OBSERVATION_ID_SIZE - 1) / 2, id);
    return (int)STATUS_OK;
}

int credimus_key(const uint8_t seed[CREDIMUS_SEED_SIZE], uint8_t secret[CREDIMUS_SECRET_SIZE],
                 uint8_t key[CREDIMUS_KEY_SIZE]) {
    ed25519_from_seed(seed, secret, key);
    return (int)STATUS_OK;
}

/* --- Items --- */

static enum status ask_of(const struct credimus_ask *from, struct item_ask *ret_ask) {
    if (from->hypotheses_count > HYPOTHESES_MAX) return STATUS_TOO_MANY;
    if (from->mode != CREDIMUS_PANEL && from->mode != CREDIMUS_POOL) return STATUS_BAD_VALUE;
    *ret_ask = (struct item_ask){.title = text_of(from->title),
                                 .hypotheses_count = from->hypotheses_count,
                                 .mode = (enum question_mode)from->mode,
                                 .cap = from->cap,
                                 .rho_thousandths = from->rho_thousandths,
                                 .decide_at = from->decide_at,
                                 .min_margin = from->min_margin,
                                 .window_us = from->window_us,
                                 .deadline_us = from->deadline_us,
                                 .family = text_of(from->family)};
    for (uint32_t i = 0; i < from->hypotheses_count; i++) {
        ret_ask->hypotheses[i] = text_of(from->hypotheses[i]);
        if (from->prior != NULL) ret_ask->prior[i] = from->prior[i];
    }
    memcpy(ret_ask->commitment.bytes, from->commitment, HASH_BYTES);
    return STATUS_OK;
}

int credimus_ask_encode(const struct credimus_ask *ask, uint8_t *out, size_t capacity, size_t *size) {
    struct item item = {.kind = ITEM_ASK};
    enum status status = ask_of(ask, &item.ask);
    return status == STATUS_OK ? encode(&item, out, capacity, size) : (int)status;
}

static enum status tell_of(const struct credimus_tell *from, struct item_tell *ret_tell) {
    if (from->loglik_count > HYPOTHESES_MAX) return STATUS_TOO_MANY;
    *ret_tell = (struct item_tell){.observation = text_of(from->observation),
                                   .loglik_count = from->loglik_count,
                                   .has_content = from->content != NULL,
                                   .observed_us = from->observed_us};
    memcpy(ret_tell->question.bytes, from->question, QUESTION_ID_BYTES);
    for (uint32_t i = 0; i < from->loglik_count; i++) ret_tell->loglik[i] = from->loglik[i];
    if (from->content != NULL) memcpy(ret_tell->content.bytes, from->content, HASH_BYTES);
    return STATUS_OK;
}

int credimus_tell_encode(const struct credimus_tell *tell, uint8_t *out, size_t capacity, size_t *size) {
    struct item item = {.kind = ITEM_TELL};
    enum status status = tell_of(tell, &item.tell);
    return status == STATUS_OK ? encode(&item, out, capacity, size) : (int)status;
}

int credimus_retract_encode(const uint8_t question[CREDIMUS_QUESTION_SIZE], const char *observation, uint8_t *out,
                            size_t capacity, size_t *size) {
    struct item item = {.kind = ITEM_RETRACT, .retract = {.observation = text_of(observation)}};
    memcpy(item.retract.question.bytes, question, QUESTION_ID_BYTES);
    return encode(&item, out, capacity, size);
}

int credimus_close_encode(const uint8_t question[CREDIMUS_QUESTION_SIZE], uint8_t *out, size_t capacity,
                          size_t *size) {
    struct item item = {.kind = ITEM_CLOSE};
    memcpy(item.close.question.bytes, question, QUESTION_ID_BYTES);
    return encode(&item, out, capacity, size);
}

int credimus_close_family_encode(const char *family, uint8_t *out, size_t capacity, size_t *size) {
    const struct item item = {.kind = ITEM_CLOSE_FAMILY, .close_family = {.family = text_of(family)}};
    return encode(&item, out, capacity, size);
}

static enum status opening_of(int32_t hypothesis, uint32_t *ret_opening) {
    if (hypothesis < CREDIMUS_ORDINARY || hypothesis >= HYPOTHESES_MAX) return STATUS_BAD_VALUE;
    *ret_opening = hypothesis == CREDIMUS_ORDINARY ? OPENING_ORDINARY : (uint32_t)hypothesis;
    return STATUS_OK;
}

int credimus_reveal_encode(const uint8_t question[CREDIMUS_QUESTION_SIZE], const uint8_t salt[CREDIMUS_SALT_SIZE],
                           int32_t hypothesis, uint8_t *out, size_t capacity, size_t *size) {
    struct item item = {.kind = ITEM_REVEAL};
    enum status status = opening_of(hypothesis, &item.reveal.hypothesis);
    if (status != STATUS_OK) return (int)status;
    memcpy(item.reveal.question.bytes, question, QUESTION_ID_BYTES);
    memcpy(item.reveal.salt, salt, COMMITMENT_SALT_BYTES);
    return encode(&item, out, capacity, size);
}

int credimus_commitment(const uint8_t salt[CREDIMUS_SALT_SIZE], int32_t hypothesis,
                        uint8_t commitment[CREDIMUS_HASH_SIZE]) {
    struct hash hash;
    uint32_t opening;
    enum status status = opening_of(hypothesis, &opening);
    if (status != STATUS_OK) return (int)status;
    commitment_of(salt, opening, &hash);
    memcpy(commitment, hash.bytes, HASH_BYTES);
    return (int)STATUS_OK;
}

static enum status item_read(struct slice bytes, struct item *ret_item) {
    struct reader reader = reader_of(bytes);
    TRY(item_take(&reader, ret_item, NULL));
    return reader_end(&reader);
}

int credimus_item_check(const uint8_t *item, size_t item_size) {
    struct item read;
    return (int)item_read(slice_of(item, item_size), &read);
}

int credimus_question_id(const uint8_t *ask, size_t ask_size, uint32_t asker, uint8_t id[CREDIMUS_QUESTION_SIZE]) {
    struct slice bytes = slice_of(ask, ask_size);
    struct question_id question;
    struct item item;
    if (asker >= MEMBERS_MAX) return (int)STATUS_UNKNOWN_MEMBER;
    enum status status = item_read(bytes, &item);
    if (status != STATUS_OK) return (int)status;
    if (item.kind != ITEM_ASK) return (int)STATUS_BAD_TYPE;
    item_question_id(asker, bytes, &question);
    memcpy(id, question.bytes, QUESTION_ID_BYTES);
    return (int)STATUS_OK;
}

/* --- Batches --- */

static enum status body_put(const struct credimus_item *items, size_t count, struct writer *writer) {
    struct item item;
    if (count > BATCH_ITEMS_MAX) return STATUS_TOO_MANY;
    cbor_put_array(writer, count);
    for (size_t i = 0; i < count; i++) {
        TRY(item_read(slice_of(items[i].data, items[i].size), &item));
        writer_put(writer, items[i].data, items[i].size);
    }
    TRY(writer_status(writer));
    return writer->bytes <= BATCH_BYTES_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

int credimus_body_encode(const struct credimus_item *items, size_t count, uint8_t *out, size_t capacity,
                         size_t *size) {
    struct writer writer = writer_of(out, capacity);
    enum status status = body_put(items, count, &writer);
    return status == STATUS_OK ? (int)finish(&writer, size) : (int)status;
}

/* How many items a body says it has, and their root once every one of them is checked. */
static enum status body_check(struct slice body, uint32_t *ret_count, struct hash *ret_root) {
    struct reader reader = reader_of(body);
    uint64_t count;
    if (body.bytes > BATCH_BYTES_MAX) return STATUS_TOO_LARGE;
    TRY(cbor_take_array(&reader, &count));
    if (count > BATCH_ITEMS_MAX) return STATUS_TOO_MANY;
    *ret_count = (uint32_t)count;
    return items_check(body, *ret_count, ret_root);
}

static enum status header_of(const struct credimus_header *from, struct slice body, struct header *ret_header) {
    ret_header->member = from->member;
    ret_header->seq = from->seq;
    ret_header->wall_us = from->wall_us;
    memcpy(ret_header->prev.bytes, from->prev, HASH_BYTES);
    if (from->deps_count > MEMBERS_MAX) return STATUS_TOO_MANY;
    ret_header->deps_count = from->deps_count;
    for (uint32_t i = 0; i < from->deps_count; i++) {
        ret_header->deps[i].member = from->deps[i].member;
        ret_header->deps[i].seq = from->deps[i].seq;
        memcpy(ret_header->deps[i].hash.bytes, from->deps[i].hash, HASH_BYTES);
    }
    TRY(body_check(body, &ret_header->count, &ret_header->root));
    ret_header->bytes = (uint32_t)body.bytes;
    return header_valid(ret_header);
}

static struct hash hash_of(const uint8_t bytes[CREDIMUS_HASH_SIZE]) {
    struct hash hash;
    memcpy(hash.bytes, bytes, HASH_BYTES);
    return hash;
}

int credimus_header_sign(const struct credimus_header *header, const uint8_t *body, size_t body_size,
                         const uint8_t chain[CREDIMUS_HASH_SIZE], const uint8_t secret[CREDIMUS_SECRET_SIZE],
                         uint8_t *out, size_t capacity, size_t *size, uint8_t hash[CREDIMUS_HASH_SIZE]) {
    struct header full;
    struct hash own;
    const struct hash of_chain = hash_of(chain);
    struct writer writer = writer_of(out, capacity);
    enum status status = header_of(header, slice_of(body, body_size), &full);
    if (status != STATUS_OK) return (int)status;
    header_sign(&full, &of_chain, secret, &writer, &own);
    status = finish(&writer, size);
    if (status == STATUS_OK && hash != NULL) memcpy(hash, own.bytes, HASH_BYTES);
    return (int)status;
}

static enum status batch_check(struct slice bytes, struct slice body, const struct hash *chain,
                               const uint8_t key[KEY_BYTES], struct header *ret_header) {
    struct hash hash;
    uint32_t count;
    TRY(header_read(bytes, chain, ret_header, &hash));
    TRY(header_verify(bytes, chain, key));
    if (ret_header->bytes != body.bytes) return STATUS_CONFLICT;
    TRY(body_check(body, &count, &hash));
    return count == ret_header->count && hash_equal(&hash, &ret_header->root) ? STATUS_OK : STATUS_CONFLICT;
}

int credimus_batch_verify(const uint8_t *header, size_t header_size, const uint8_t *body, size_t body_size,
                          const uint8_t chain[CREDIMUS_HASH_SIZE], const uint8_t key[CREDIMUS_KEY_SIZE],
                          uint32_t *member, uint64_t *seq) {
    struct header full;
    const struct hash of_chain = hash_of(chain);
    enum status status = batch_check(slice_of(header, header_size), slice_of(body, body_size), &of_chain, key, &full);
    if (status != STATUS_OK) return (int)status;
    if (member != NULL) *member = full.member;
    if (seq != NULL) *seq = full.seq;
    return (int)STATUS_OK;
}
