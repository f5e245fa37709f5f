/* Frames: the messages between members, each one deterministic CBOR array [type, ...] of at most FRAME_BYTES_MAX
 * bytes. TLS says who sent it; what must convince a third party is signed inside.
 *
 *     1  hello        [1, chain, member, height]
 *     2  batch        [2, header, body, [[index, content] ...]]
 *     3  ack          [3, [[member, seq, hash] ...]]       cumulative, each with all its ancestors and deps
 *     4  heartbeat    [4, view, height, certified height]
 *     5  proposal     [5, block, the leader's notarize signature, certificate of the parent or null,
 *                      [nullification ...]]
 *     6  vote         [6, vote]
 *     7  certificate  [7, vote certificate]
 *     8  attestation  [8, height, size, root, epoch, threshold numerator, denominator, signature]
 *     9  fetch batch  [9, member, seq, hash]               answered by 2
 *     10 fetch block  [10, hash]                           answered by 11
 *     11 block        [11, block]
 *     12 fetch range  [12, height]                         answered by 13, or by 7 and 11s (docs/protocol.md 9)
 *     13 range        [13, [block ...], finalization of the last]
 *                                                          final blocks, heights ascending without gaps
 *     14 fetch views  [14, from view, to view]             answered by 7s
 *     15 recover      [15, nonce]                          amnesia (docs/protocol.md 2)
 *     16 recovered    [16, nonce, tip of the asker's lane, epoch, view, signed view]
 *     17 proof        [17, proof]                          misbehaviour, so that the next leader knows it
 *     18 fetch handover [18, epoch]                        answered by 19, or by 8
 *     19 handover     [19, handover]                       of an epoch that has ended
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "wire/block.h"
#include "wire/checkpoint.h"
#include "wire/vote.h"

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_BATCH,
    FRAME_ACK,
    FRAME_HEARTBEAT,
    FRAME_PROPOSAL,
    FRAME_VOTE,
    FRAME_CERTIFICATE,
    FRAME_ATTESTATION,
    FRAME_FETCH_BATCH,
    FRAME_FETCH_BLOCK,
    FRAME_BLOCK,
    FRAME_FETCH_RANGE,
    FRAME_RANGE,
    FRAME_FETCH_VIEWS,
    FRAME_RECOVER,
    FRAME_RECOVERED,
    FRAME_PROOF,
    FRAME_FETCH_HANDOVER,
    FRAME_HANDOVER,
    FRAME_TYPE_COUNT,
};

/* The type of a frame as frame_put wrote it, without a look at the rest. */
enum frame_type frame_type_of(struct slice frame);

/* Contents travel beside a batch: `index` of the tell item, its content. Iterate with frame_contents_next. */
struct frame_contents {
    struct reader reader;
    uint32_t left;
    uint32_t least_index; /* of the next one: indexes ascend */
};

enum { RANGE_BLOCKS_MAX = 64 };

struct frame {
    enum frame_type type;
    union {
        struct {
            struct hash chain;
            uint32_t member;
            uint64_t height;
        } hello;
        struct {
            struct slice header;
            struct slice body;
            struct slice contents; /* the encoded array, open with frame_contents_open; may be empty in frame_put */
        } batch;
        struct {
            uint32_t count;
            struct tip tips[MEMBERS_MAX]; /* members ascending */
        } ack;
        struct {
            uint64_t view;
            uint64_t height;
            uint64_t certified;
        } heartbeat;
        struct {
            struct slice block;
            uint8_t signature[SIGNATURE_BYTES];
            struct slice parent; /* encoded vote certificate; empty when the parent is the block before the first */
            uint32_t nullifications_count;
            struct slice nullifications[PROPOSAL_NULLIFICATIONS_MAX];
        } proposal;
        struct vote vote;
        struct slice certificate; /* encoded; read with vote_certificate_take */
        struct {
            struct checkpoint checkpoint;
            uint8_t signature[SIGNATURE_BYTES];
        } attestation;
        struct tip fetch_batch;
        struct hash fetch_block;
        struct slice block;
        uint64_t fetch_range;
        struct {
            uint32_t count; /* 1 .. RANGE_BLOCKS_MAX */
            struct slice blocks[RANGE_BLOCKS_MAX];
            struct slice finalization;
        } range;
        struct {
            uint64_t from;
            uint64_t to;
        } fetch_views;
        struct {
            uint64_t nonce;
        } recover;
        struct {
            uint64_t nonce;
            struct tip tip;
            uint64_t epoch; /* the sender's, of its views */
            uint64_t view;  /* the sender's */
            uint64_t
                signed_view; /* the last one that the sender may have signed in: more than `view` after it forgot itself */
        } recovered;
        struct slice proof;
        uint64_t fetch_handover;
        struct slice handover; /* encoded; read with handover_read */
    };
};

void frame_put(struct writer *writer, const struct frame *frame);
/* Strict; everything borrowed from `bytes`. Nested encodings (header, block, certificates, proofs) are byte strings,
 * and are decoded by their own readers. `ret_frame` is scratch when it fails: it is too large to be decoded beside
 * it and copied for each frame that comes. */
enum status frame_read(struct slice bytes, struct frame *ret_frame) MUST_USE;

enum status frame_contents_open(struct slice contents, struct frame_contents *ret_contents) MUST_USE;
/* STATUS_NOT_FOUND at the end, STATUS_TRAILING_BYTES when bytes are left there; indexes ascend strictly, contents are
 * at most CONTENT_BYTES_MAX. */
enum status frame_contents_next(struct frame_contents *contents, uint32_t *ret_index,
                                struct slice *ret_content) MUST_USE;
/* Writes the array that frame.batch.contents holds: first the count, then each pair. */
void frame_contents_put(struct writer *writer, uint32_t count);
void frame_content_put(struct writer *writer, uint32_t index, struct slice content);

#endif
