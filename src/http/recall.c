/* Recalling (http/told.h): what stands in the own lane from before this start is read back in the background, oldest
 * first, so that a client that repeats itself across a restart is answered as before it. */
#include <stdlib.h>

#include "base/check.h"
#include "http/state.h"

/* In one turn of the loop: about ten milliseconds. */
enum { ITEMS_A_STEP = 8192, BATCHES_A_STEP = 64 };

void recall_start(struct http *http) {
    struct replica_lane lane;
    replica_lane(http_replica(http), http->self, &lane);
    http->recall = (struct recall){.seq = 1, .last = lane.tip.seq};
}

bool recall_is_whole(const struct http *http) { return http->recall.seq > http->recall.last; }

void recall_free(struct http *http) {
    free(http->recall.body);
    http->recall.body = NULL;
}

static void end_batch(struct http *http) {
    recall_free(http);
    http->recall.seq++;
}

/* Where the lane of one key ends, that of the next begins far behind it. */
static void skip_to_next_stretch(struct http *http) { http->recall.seq = http_next_stretch(http->recall.seq); }

/* Copied, because what the replica lends is gone with its next call. */
static void begin_batch(struct http *http) {
    struct recall *recall = &http->recall;
    struct replica_batch batch;
    struct hash hash;
    const struct hash *chain = machine_chain(replica_machine(http_replica(http)));
    if (replica_batch(http_replica(http), http->self, recall->seq, &batch) != STATUS_OK) {
        skip_to_next_stretch(http);
        return;
    }
    if (header_read(batch.header, chain, &http->header, &hash) != STATUS_OK || http->header.count == 0) {
        end_batch(http);
        return;
    }
    recall->body = malloc(batch.body.bytes);
    CHECK(recall->body != NULL);
    memcpy(recall->body, batch.body.data, batch.body.bytes);
    recall->index = 0;
    enum status opened = items_open(slice_of(recall->body, batch.body.bytes), http->header.count, &recall->cursor);
    if (opened != STATUS_OK) end_batch(http);
}

bool recall_step(struct http *http) {
    struct recall *recall = &http->recall;
    struct item item;
    struct slice bytes;
    unsigned batches = 0;
    told_mark(&http->told);
    for (unsigned i = 0; i < ITEMS_A_STEP && !recall_is_whole(http); i++) {
        if (recall->body == NULL) {
            if (batches++ == BATCHES_A_STEP) break;
            begin_batch(http);
        } else if (items_next(&recall->cursor, &item, &bytes) == STATUS_OK) {
            told_add(&http->told, &item, bytes, (struct told_place){recall->seq, recall->index++});
        } else {
            end_batch(http);
        }
    }
    return !recall_is_whole(http);
}
