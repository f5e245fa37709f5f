/* What was said under a key that is no longer this member's, and was not executed, is said again under the new one: so
 * nothing that was accepted is lost when a key is replaced (docs/protocol.md 8).
 *
 * Invariant: each batch becomes one batch again, in the same order; what execution refuses then is told as ever. */
#include "base/check.h"
#include "replica/state.h"

uint32_t replica_resay_collect(const struct replica *r, struct hash ret_hashes[LANE_OUTSTANDING_MAX]) {
    const struct lane *lane = &r->lanes.lanes[r->self];
    uint32_t count = 0;
    for (uint64_t seq = lane->base.seq + 1; lane->tip != NULL && seq <= lane->tip->seq; seq++) {
        CHECK(count < LANE_OUTSTANDING_MAX);
        ret_hashes[count++] = lane_ancestor(lane->tip, seq)->hash;
    }
    return count;
}

/* The content of item `index`, which `contents` is at or before; empty for none. */
static struct slice content_of(struct frame_contents *contents, uint32_t index, bool *has_next, uint32_t *next,
                               struct slice *content) {
    while (*has_next && *next < index) *has_next = frame_contents_next(contents, next, content) == STATUS_OK;
    return *has_next && *next == index ? *content : slice_of(NULL, 0);
}

static void say_again(struct replica *r, struct slice header_bytes, struct slice body, struct slice encoded) {
    struct frame_contents contents;
    struct item_cursor cursor;
    struct item item;
    struct hash hash;
    struct slice bytes, content;
    uint32_t batch, place, next = 0;
    if (header_read(header_bytes, &r->chain, r->header, &hash) != STATUS_OK) return;
    if (items_open(body, r->header->count, &cursor) != STATUS_OK) return;
    bool has_next = frame_contents_open(encoded, &contents) == STATUS_OK &&
                    frame_contents_next(&contents, &next, &content) == STATUS_OK;
    for (uint32_t i = 0; items_next(&cursor, &item, &bytes) == STATUS_OK; i++) {
        /* What a member says by itself is about the time before. */
        if (item.kind == ITEM_LEVEL || item.kind == ITEM_ANSWER || item.kind == ITEM_RECONFIGURE) continue;
        struct slice own = content_of(&contents, i, &has_next, &next, &content);
        enum status status = own_append(&r->own, &item, bytes, own, &batch, &place);
        (void)status; /* said twice, or more than there is room for: both were so before */
    }
}

void replica_resay(struct replica *r, const struct hash *hashes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct slice header, body, contents;
        if (r->ports.read_batch(r->ports.context, &hashes[i], &header, &body, &contents) != STATUS_OK) continue;
        say_again(r, header, body, contents);
        replica_seal(r);
    }
}
