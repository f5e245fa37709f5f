/* Batches on hold: valid by themselves, but their ancestors or deps are still on their way, or their clock is ahead
 * (docs/protocol.md 2). Invariant: one lane's batches use that lane's room alone, so nobody can crowd out another. */
#include "base/check.h"
#include "replica/state.h"

/* The batch on hold with this hash, or NULL. */
const struct held *replica_held(const struct replica *r, const struct tip *tip) {
    const struct hold *hold = &r->holds[tip->member];
    for (uint32_t i = 0; i < HELD_LANE_MAX && hold->count > 0; i++) {
        if (hold->places[i].header != NULL && hash_equal(&hold->places[i].hash, &tip->hash)) return &hold->places[i];
    }
    return NULL;
}

/* Whether this batch is on hold; with a zero hash: whether any batch of that place is. */
bool replica_holds_back(const struct replica *r, const struct tip *tip) {
    if (r->held_count == 0) return false;
    const struct hold *hold = &r->holds[tip->member];
    bool any = hash_is_zero(&tip->hash);
    for (uint32_t i = 0; i < HELD_LANE_MAX && hold->count > 0; i++) {
        const struct held *held = &hold->places[i];
        if (held->header == NULL) continue;
        if (any ? held->header->seq == tip->seq : hash_equal(&held->hash, &tip->hash)) return true;
    }
    return false;
}

void replica_release(struct replica *r, struct held *held) {
    struct hold *hold = &r->holds[held->header->member];
    pool_give(&hold->pool, held->memory, held->bytes);
    pool_give(&hold->pool, held->header, header_used_bytes(held->header));
    hold->bytes -= held->bytes;
    hold->count--;
    r->held_count--;
    *held = (struct held){0};
    /* An empty hold starts over, so that pieces of odd sizes do not use up its room for good. */
    if (hold->count == 0) pool_init(&hold->pool, hold->pool.region, hold->pool.capacity);
}

void replica_release_all(struct replica *r, uint32_t member) {
    for (uint32_t i = 0; i < HELD_LANE_MAX; i++) {
        struct held *held = &r->holds[member].places[i];
        if (held->header != NULL) replica_release(r, held);
    }
}

static struct held *free_place(struct hold *hold, size_t bytes) {
    if (bytes > HELD_LANE_BYTES_MAX - hold->bytes) return NULL;
    for (uint32_t i = 0; i < HELD_LANE_MAX; i++) {
        if (hold->places[i].header == NULL) return &hold->places[i];
    }
    return NULL;
}

/* False when the lane's room is used up: the batch will be asked for again. */
bool replica_hold(struct replica *r, const struct header *header, const struct hash *hash, struct slice header_bytes,
                  struct slice body, struct slice contents, const struct tip *root) {
    struct hold *hold = &r->holds[header->member];
    size_t bytes = header_bytes.bytes + body.bytes + contents.bytes;
    struct held *place = free_place(hold, bytes);
    if (place == NULL) return false;
    uint8_t *copy = pool_take_raw(&hold->pool, bytes);
    struct header *kept = pool_take_raw(&hold->pool, header_used_bytes(header));
    if (copy == NULL || kept == NULL) {
        pool_give(&hold->pool, copy, bytes);
        pool_give(&hold->pool, kept, header_used_bytes(header));
        return false;
    }
    memcpy(kept, header, header_used_bytes(header));
    memcpy(copy, header_bytes.data, header_bytes.bytes);
    memcpy(copy + header_bytes.bytes, body.data, body.bytes);
    if (contents.bytes > 0) memcpy(copy + header_bytes.bytes + body.bytes, contents.data, contents.bytes);
    *place = (struct held){.header = kept,
                           .hash = *hash,
                           .root = *root,
                           .header_bytes = slice_of(copy, header_bytes.bytes),
                           .body = slice_of(copy + header_bytes.bytes, body.bytes),
                           .contents = slice_of(copy + header_bytes.bytes + body.bytes, contents.bytes),
                           .memory = copy,
                           .bytes = bytes};
    hold->bytes += bytes;
    hold->count++;
    r->held_count++;
    return true;
}
