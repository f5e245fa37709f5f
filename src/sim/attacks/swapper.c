/* Swaps the items of its batches on the way to one member: the same length, another text, and in the header the root that goes with it.
 * The signature stays as it was, so all hangs on its covering the root (docs/protocol.md 2). */
#include <string.h>

#include "sim/attacks/attack.h"

/* Copies `bytes` to `to`, with `length` bytes changed where they are found first. False: they are not in there. */
static bool copy_replaced(uint8_t *to, struct slice bytes, const void *old, const void *new, size_t length) {
    memcpy(to, bytes.data, bytes.bytes);
    for (size_t at = 0; at + length <= bytes.bytes; at++) {
        if (memcmp(to + at, old, length) != 0) continue;
        memcpy(to + at, new, length);
        return true;
    }
    return false;
}

static void on_send(struct attacker *a, uint32_t to, struct flying *bytes) {
    struct frame frame = {.type = FRAME_BATCH, .batch = a->frame->batch};
    struct slice header = frame.batch.header, body = frame.batch.body;
    struct hash hash, root;
    bool swaps = a->frame->type == FRAME_BATCH && to == (a->number + 1) % a->members &&
                 header_read(header, &a->sim->chain, a->header, &hash) == STATUS_OK &&
                 a->header->member == a->number && copy_replaced(a->piece, body, "says", "sang", 4) &&
                 items_check(slice_of(a->piece, body.bytes), a->header->count, &root) == STATUS_OK &&
                 copy_replaced(a->piece + body.bytes, header, a->header->root.bytes, root.bytes, HASH_BYTES);
    if (!swaps) {
        attack_pass(a, to, bytes);
        return;
    }
    frame.batch.body = slice_of(a->piece, body.bytes);
    frame.batch.header = slice_of(a->piece + body.bytes, header.bytes);
    attack_send_frame(a, to, &frame);
}

const struct attack attack_swapper = {
    .name = "swapper", .text = "swaps items under a signed header for one member", .on_send = on_send};
