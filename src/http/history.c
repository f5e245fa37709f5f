/* History (docs/protocol.md 2 and 3): what members said, read back from their lanes: the evidence of one question, and
 * the newest batches with what each had seen.
 *
 * There is no index: a page of evidence looks at so many batches and bytes at most, and may come out short or empty
 * with a cursor that leads on. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "http/render.h"
#include "http/state.h"

/* What one request looks at: about twenty milliseconds of reading. */
enum { BATCHES_LOOKED_AT = 2048, HEIGHTS_LOOKED_AT = 512 };
#define BODY_BYTES_LOOKED_AT ((uint64_t)8 * 1024 * 1024)

/* Evidence. */

struct page {
    struct request *request;
    struct text text;
    struct cursor at; /* member, seq, index: what comes next */
    uint64_t put;
    uint64_t batches;
    uint64_t bytes;
    uint64_t wall_us; /* of the batch that is read */
    bool is_executed;
};

static const struct roster *roster_of_request(const struct request *request) {
    return replica_roster(http_replica(request->http));
}

/* Quanta as nats, exactly: nine places behind the point at most. */
static void put_nats(struct text *text, int64_t quanta) {
    uint64_t size = quanta < 0 ? 0 - (uint64_t)quanta : (uint64_t)quanta;
    uint64_t fraction = size % (uint64_t)QUANTA_PER_NAT;
    text_format(text, "%s%" PRIu64, quanta < 0 ? "-" : "", size / (uint64_t)QUANTA_PER_NAT);
    if (fraction == 0) return;
    int digits = 9;
    for (; fraction % 10 == 0; fraction /= 10) digits--;
    text_format(text, ".%0*" PRIu64, digits, fraction);
}

static void put_logliks(struct text *text, const struct item_tell *tell) {
    if (tell->loglik_count == 1) {
        text_put_text(text, ", \"llr\": ");
        put_nats(text, tell->loglik[0]);
        return;
    }
    text_put_text(text, ", \"loglik\": [");
    for (uint32_t i = 0; i < tell->loglik_count; i++) {
        if (i > 0) text_put_text(text, ", ");
        put_nats(text, tell->loglik[i]);
    }
    text_put_text(text, "]");
}

static void put_tell(struct text *text, const struct item_tell *tell) {
    put_logliks(text, tell);
    text_put_text(text, ", \"content\": ");
    if (tell->has_content) {
        text_put_hex(text, tell->content.bytes, HASH_BYTES);
    } else {
        text_put_text(text, "null");
    }
    text_put_text(text, ", \"observed_us\": ");
    if (tell->observed_us != 0) {
        text_format(text, "%" PRIu64, tell->observed_us);
    } else {
        text_put_text(text, "null");
    }
}

static void put_item(struct page *page, const struct item *item) {
    struct text *text = &page->text;
    bool is_tell = item->kind == ITEM_TELL;
    text_format(text, "%s{\"member\": %" PRIu64 ", \"name\": ", page->put++ > 0 ? ", " : "", page->at.major);
    render_name(text, roster_of_request(page->request), (uint32_t)page->at.major);
    text_format(text, ", \"seq\": %" PRIu64 ", \"index\": %" PRIu64 ", \"wall_us\": %" PRIu64 ", \"executed\": %s",
                page->at.minor, page->at.least, page->wall_us, page->is_executed ? "true" : "false");
    text_format(text, ", \"kind\": \"%s\", \"observation\": ", is_tell ? "tell" : "retract");
    text_put_string(text, is_tell ? item->tell.observation : item->retract.observation);
    if (is_tell) put_tell(text, &item->tell);
    text_put_text(text, "}");
}

static bool is_about(const struct item *item, const struct question_id *question) {
    if (item->kind == ITEM_TELL) return question_id_equal(&item->tell.question, question);
    return item->kind == ITEM_RETRACT && question_id_equal(&item->retract.question, question);
}

/* The items of one batch from at.least on. False when the page is full: then `at` is the next item to be put. */
static bool put_batch(struct page *page, const struct header *header, struct slice body) {
    struct item_cursor cursor;
    struct item item;
    struct slice bytes;
    uint64_t index = 0;
    page->wall_us = header->wall_us;
    if (items_open(body, header->count, &cursor) != STATUS_OK) return true;
    for (; items_next(&cursor, &item, &bytes) == STATUS_OK; index++) {
        if (index < page->at.least || !is_about(&item, &page->request->id)) continue;
        page->at.least = index;
        if (page->put == page->request->limit) return false;
        put_item(page, &item);
    }
    return true;
}

static enum status read_header(struct http *http, uint32_t member, uint64_t seq, struct replica_batch *ret_batch) {
    struct hash hash;
    TRY(replica_batch(http_replica(http), member, seq, ret_batch));
    return header_read(ret_batch->header, machine_chain(replica_machine(http_replica(http))), &http->header, &hash);
}

/* The rest of a lane. False when the page ends inside of it. */
static bool put_lane(struct page *page) {
    struct http *http = page->request->http;
    struct replica_lane lane;
    struct replica_batch batch;
    replica_lane(http_replica(http), (uint32_t)page->at.major, &lane);
    if (page->at.minor == 0) page->at.minor = 1;
    for (; page->at.minor <= lane.tip.seq; page->at.minor++, page->at.least = 0) {
        if (page->batches++ == BATCHES_LOOKED_AT || page->bytes > BODY_BYTES_LOOKED_AT) return false;
        if (read_header(http, (uint32_t)page->at.major, page->at.minor, &batch) != STATUS_OK) {
            /* The lane of one key ends here. */
            page->at.minor = http_next_stretch(page->at.minor) - 1;
            continue;
        }
        page->bytes += batch.body.bytes;
        page->is_executed = page->at.minor <= lane.committed_seq;
        if (!put_batch(page, &http->header, batch.body)) return false;
    }
    return true;
}

void history_handle_evidence(struct request *request) {
    const struct machine *machine = replica_machine(http_replica(request->http));
    struct page page = {.request = request, .at = request->from};
    uint64_t question;
    enum status status = machine_find_question(machine, &request->id, &question);
    if (status != STATUS_OK) {
        answer_status(request, status, NULL);
        return;
    }
    text_put_text(&page.text, "{\"question\": ");
    text_put_hex(&page.text, request->id.bytes, QUESTION_ID_BYTES);
    text_put_text(&page.text, ", \"evidence\": [");
    while (page.at.major < machine_members(machine) && put_lane(&page)) {
        page.at = (struct cursor){.major = page.at.major + 1};
    }
    text_put_text(&page.text, "], \"next\": ");
    render_next(&page.text, &page.at, page.at.major < machine_members(machine));
    text_put_text(&page.text, "}\n");
    answer_json(request, MHD_HTTP_OK, &page.text);
}

/* Lanes. */

/* The heights at which the newest executed batches of all lanes were executed, found by going down the blocks: each
 * names the batch that a lane got to with it. */
struct heights {
    uint64_t height[HISTORY_BATCHES_MAX];
};

static uint64_t height_of(const struct heights *heights, uint64_t committed, uint64_t seq) {
    return seq <= committed && committed - seq < HISTORY_BATCHES_MAX ? heights->height[committed - seq] : 0;
}

/* Every batch of the lane up to `seq` was executed at `height` or before. */
static void note_height(struct heights *heights, uint64_t committed, uint64_t seq, uint64_t height) {
    if (seq > committed) return;
    for (uint64_t back = committed - seq; back < HISTORY_BATCHES_MAX; back++) heights->height[back] = height;
}

static void find_heights(struct http *http, struct block *block, struct heights *ret_heights) {
    struct replica *replica = http_replica(http);
    const struct hash *chain = machine_chain(replica_machine(replica));
    uint64_t height = machine_height(replica_machine(replica));
    for (int i = 0; i < HEIGHTS_LOOKED_AT && height > 0; i++, height--) {
        struct slice bytes;
        struct hash hash;
        if (replica_block(replica, height, &bytes) != STATUS_OK) break;
        if (block_read(bytes, chain, block, &hash) != STATUS_OK) break;
        for (uint32_t e = 0; e < block->entries_count; e++) {
            struct replica_lane lane;
            const struct tip *entry = &block->entries[e];
            replica_lane(replica, entry->member, &lane);
            note_height(&ret_heights[entry->member], lane.committed_seq, entry->seq, height);
        }
    }
    /* Below the last block that was looked at a height is only known not to be above it. */
    for (uint32_t m = 0; height > 0 && m < machine_members(replica_machine(replica)); m++)
        for (uint32_t b = 0; b < HISTORY_BATCHES_MAX; b++)
            if (ret_heights[m].height[b] == height + 1) ret_heights[m].height[b] = 0;
}

static void put_deps(struct text *text, const struct header *header) {
    text_put_text(text, ", \"deps\": [");
    for (uint32_t i = 0; i < header->deps_count; i++) {
        const struct tip *dep = &header->deps[i];
        text_format(text, "%s{\"member\": %" PRIu32 ", \"seq\": %" PRIu64 ", \"hash\": ", i > 0 ? ", " : "",
                    dep->member, dep->seq);
        text_put_hex(text, dep->hash.bytes, HASH_BYTES);
        text_put_text(text, "}");
    }
    text_put_text(text, "]");
}

static void put_header(struct text *text, const struct header *header, const struct hash *hash) {
    text_format(text, "{\"member\": %" PRIu32 ", \"seq\": %" PRIu64 ", \"wall_us\": %" PRIu64 ", \"hash\": ",
                header->member, header->seq, header->wall_us);
    text_put_hex(text, hash->bytes, HASH_BYTES);
    text_put_text(text, ", \"prev\": ");
    text_put_hex(text, header->prev.bytes, HASH_BYTES);
    text_format(text, ", \"items\": %" PRIu32 ", \"bytes\": %" PRIu32, header->count, header->bytes);
    put_deps(text, header);
}

/* The newest batches of one lane, newest first. False when enough was read. */
static bool put_newest(struct request *request, struct text *text, uint32_t member, const struct heights *heights,
                       uint64_t *bytes) {
    struct http *http = request->http;
    struct replica_lane lane;
    struct replica_batch batch;
    replica_lane(http_replica(http), member, &lane);
    for (uint64_t i = 0; i < request->limit && i < lane.tip.seq && *bytes < BODY_BYTES_LOOKED_AT; i++) {
        uint64_t seq = lane.tip.seq - i;
        uint64_t height = height_of(heights, lane.committed_seq, seq);
        if (read_header(http, member, seq, &batch) != STATUS_OK) break;
        *bytes += batch.header.bytes + batch.body.bytes;
        if (i > 0) text_put_text(text, ", ");
        put_header(text, &http->header, &batch.hash);
        if (height > 0) {
            text_format(text, ", \"executed\": %" PRIu64 "}", height);
        } else {
            text_put_text(text, ", \"executed\": null}");
        }
    }
    return *bytes < BODY_BYTES_LOOKED_AT;
}

/* A page is as many lanes as the budget allows. */
static void put_lanes(struct request *request, struct text *text, const struct heights *heights) {
    const struct roster *roster = roster_of_request(request);
    bool is_first = true;
    uint64_t member = request->from.major;
    uint64_t bytes = 0;
    bool goes_on = true;
    text_put_text(text, "{\"lanes\": [");
    for (; member < roster->members && goes_on; member++) {
        struct replica_lane lane;
        if (!roster_has(roster, (uint32_t)member)) continue;
        replica_lane(http_replica(request->http), (uint32_t)member, &lane);
        text_format(text, "%s{\"member\": %" PRIu64 ", \"name\": ", is_first ? "" : ", ", member);
        is_first = false;
        render_name(text, roster, (uint32_t)member);
        text_format(text, ", \"seq\": %" PRIu64 ", \"executed_seq\": %" PRIu64 ", \"forked\": %s, \"batches\": [",
                    lane.tip.seq, lane.committed_seq, lane.forked ? "true" : "false");
        goes_on = put_newest(request, text, (uint32_t)member, &heights[member], &bytes);
        text_put_text(text, "]}");
    }
    text_put_text(text, "], \"next\": ");
    render_next(text, &(struct cursor){.major = member}, member < roster->members);
    text_put_text(text, "}\n");
}

void history_handle_lanes(struct request *request) {
    struct text text = {0};
    struct heights *heights = calloc(MEMBERS_MAX, sizeof *heights);
    struct block *block = calloc(1, sizeof *block);
    CHECK(heights != NULL && block != NULL);
    find_heights(request->http, block, heights);
    put_lanes(request, &text, heights);
    free(block);
    free(heights);
    answer_json(request, MHD_HTTP_OK, &text);
}
