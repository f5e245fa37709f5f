/* credimus log: what is in a member's ledger, height by height, and with --check whether every byte of it still
 * matches its hash. A running member holds its ledger alone, so this is for one that is stopped, or for a copy. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/command.h"
#include "cmd/describe.h"
#include "cmd/options.h"
#include "ledger/check.h"
#include "ledger/ledger.h"
#include "ledger/snapshot.h"
#include "node/config.h"
#include "wire/block.h"
#include "wire/handover.h"
#include "wire/header.h"

enum { OPTION_MEMBER, OPTION_HEIGHT, OPTION_CHECK };

static const struct option_spec options[] = {
    {"member", "I", "only this member's batches, with their items", 0},
    {"height", "H", "only this height, with its items", 0},
    {"check", NULL, "check every row by the hash or signature it carries", 0},
    {0},
};

struct walk {
    const struct invocation *invocation;
    struct ledger *ledger;
    struct node_config config;
    struct block block;
    struct header header;
    struct roster roster; /* of the epoch of the height */
    uint64_t member;      /* MEMBERS_MAX: all */
    uint64_t height;      /* 0: all */
    bool items;
    bool begins_late;                /* the ledger does not go back to the first block */
    uint64_t committed[MEMBERS_MAX]; /* of each lane, before the height */
    json_t *batches;                 /* with --json */
    json_t *records;
};

static int refuse(const struct walk *walk, enum status status, uint64_t height) {
    const char *text = ledger_error_text(walk->ledger);
    return command_refuse(walk->invocation, status_name(status), "%s, height %" PRIu64 ": %s%s%s",
                          walk->config.ledger_path, height, status_text(status), *text != '\0' ? ": " : "", text);
}

static enum status show_items(struct walk *walk, struct slice body, json_t *list) {
    struct item_cursor cursor;
    struct item item;
    struct slice bytes;
    TRY(items_open(body, walk->header.count, &cursor));
    for (;;) {
        enum status status = items_next(&cursor, &item, &bytes);
        if (status == STATUS_NOT_FOUND) return STATUS_OK;
        TRY(status);
        if (list != NULL) {
            CHECK(json_array_append_new(list, describe_item(walk->header.member, &item, bytes)) == 0);
        } else {
            (void)printf("      ");
            describe_print_item(stdout, walk->header.member, &item, bytes);
        }
    }
}

static void print_batch(const struct walk *walk) {
    const struct header *header = &walk->header;
    char time[CONFIG_TIME_BYTES];
    config_time_put(header->wall_us, time);
    (void)printf("    %s batch %" PRIu64 ", %s, %u items, %u bytes, %u dependencies\n",
                 roster_has(&walk->roster, header->member) ? walk->roster.names[header->member] : "?", header->seq,
                 time, header->count, header->bytes, header->deps_count);
}

static enum status show_batch(struct walk *walk, uint32_t member, uint64_t seq) {
    struct hash hash;
    struct hash found;
    struct slice header;
    struct slice body;
    struct slice contents;
    char hex[2 * HASH_BYTES + 1];
    TRY(ledger_read_lane(walk->ledger, member, seq, &hash));
    TRY(ledger_read_batch(walk->ledger, &hash, &header, &body, &contents));
    TRY(header_read(header, &walk->config.chain, &walk->header, &found));
    if (!walk->invocation->json) {
        print_batch(walk);
        return walk->items ? show_items(walk, body, NULL) : STATUS_OK;
    }
    json_t *items = walk->items ? json_array() : json_null();
    bytes_to_hex(hash.bytes, HASH_BYTES, hex);
    json_t *batch =
        json_pack("{s:i, s:I, s:s, s:I, s:i, s:o}", "member", (int)member, "seq", (json_int_t)seq, "hash", hex,
                  "wall_us", (json_int_t)walk->header.wall_us, "count", (int)walk->header.count, "items", items);
    CHECK(batch != NULL && json_array_append_new(walk->batches, batch) == 0);
    return walk->items ? show_items(walk, body, items) : STATUS_OK;
}

/* In a ledger that does not go back to the first block a lane begins with the oldest batch that is there. */
static uint64_t before_oldest(const struct walk *walk, const struct tip *tip) {
    struct hash hash;
    uint64_t seq = tip->seq;
    while (seq > 0 && ledger_read_lane(walk->ledger, tip->member, seq, &hash) == STATUS_OK) seq--;
    return seq;
}

/* With another key a lane begins again far behind, and what was not executed of it before is void (docs/protocol.md 8). */
static uint64_t first_seq(const struct walk *walk, const struct tip *tip) {
    uint64_t committed = walk->committed[tip->member];
    if (committed == 0 && walk->begins_late) committed = before_oldest(walk, tip);
    bool same_key = seq_epoch(committed) == seq_epoch(tip->seq);
    return same_key ? committed + 1 : seq_base(seq_epoch(tip->seq)) + 1;
}

/* The batches that the block includes anew: in each lane from the one after the last block's to the entry. */
static enum status show_batches(struct walk *walk) {
    for (uint32_t i = 0; i < walk->block.entries_count; i++) {
        const struct tip *tip = &walk->block.entries[i];
        if (tip->member >= walk->config.genesis.members) return STATUS_CORRUPT;
        if (walk->member != MEMBERS_MAX && walk->member != tip->member) continue;
        for (uint64_t seq = first_seq(walk, tip); seq <= tip->seq; seq++) TRY(show_batch(walk, tip->member, seq));
    }
    return STATUS_OK;
}

/* The leaves that the height added to the log behind those of its batches. */
static enum status show_records(struct walk *walk, uint64_t height) {
    struct checkpoint before = {.size = 1}; /* the genesis */
    struct checkpoint after;
    uint64_t time_us;
    if (height > 1) TRY(ledger_read_checkpoint(walk->ledger, height - 1, &before, &time_us));
    TRY(ledger_read_checkpoint(walk->ledger, height, &after, &time_us));
    for (uint64_t i = before.size; i < after.size; i++) {
        struct slice leaf;
        TRY(ledger_read_leaf(walk->ledger, i, &leaf));
        if (walk->invocation->json) {
            json_t *record = describe_record(leaf);
            CHECK(record == NULL || json_array_append_new(walk->records, record) == 0);
        } else {
            (void)describe_print_record(stdout, "    ", &walk->roster, leaf);
        }
    }
    return STATUS_OK;
}

/* The last block of an epoch brings the roster of the next, before the state record at the end of its leaves. */
static enum status take_roster(struct walk *walk, uint64_t height) {
    struct checkpoint checkpoint;
    struct slice leaf;
    uint64_t time_us;
    struct roster next;
    TRY(ledger_read_checkpoint(walk->ledger, height, &checkpoint, &time_us));
    if (checkpoint.size < 2) return STATUS_OK;
    TRY(ledger_read_leaf(walk->ledger, checkpoint.size - 2, &leaf));
    if (roster_read(leaf, &next) == STATUS_OK) walk->roster = next;
    return STATUS_OK;
}

static void print_height(const struct walk *walk, const struct checkpoint *checkpoint, uint64_t time_us) {
    char root[2 * HASH_BYTES + 1];
    char time[CONFIG_TIME_BYTES];
    bytes_to_hex(checkpoint->root.bytes, HASH_BYTES, root);
    config_time_put(time_us, time);
    if (walk->invocation->json) {
        json_t *json =
            json_pack("{s:I, s:s, s:I, s:I, s:s, s:O, s:O}", "height", (json_int_t)checkpoint->height, "time", time,
                      "view", (json_int_t)walk->block.view, "leaves", (json_int_t)checkpoint->size, "root", root,
                      "batches", walk->batches, "records", walk->records);
        CHECK(json != NULL);
        (void)json_dumpf(json, stdout, 0);
        (void)putchar('\n');
        json_decref(json);
    } else {
        (void)printf("height %" PRIu64 ", view %" PRIu64 ", %s, log of %" PRIu64 " leaves, root %.16s\n",
                     checkpoint->height, walk->block.view, time, checkpoint->size, root);
    }
}

static bool wanted(const struct walk *walk, uint64_t height) {
    if (walk->height != 0) return walk->height == height;
    if (walk->member == MEMBERS_MAX) return true;
    for (uint32_t i = 0; i < walk->block.entries_count; i++) {
        if (walk->block.entries[i].member == walk->member) return true;
    }
    return false;
}

static enum status show_height(struct walk *walk, uint64_t height) {
    struct slice block;
    struct slice finalization;
    struct hash hash;
    struct checkpoint checkpoint;
    uint64_t time_us;
    TRY(ledger_read_height(walk->ledger, height, &block, &finalization));
    /* The block's entries are copied; its proofs are borrowed and not looked at. */
    TRY(block_read(block, &walk->config.chain, &walk->block, &hash));
    if (wanted(walk, height)) {
        TRY(ledger_read_checkpoint(walk->ledger, height, &checkpoint, &time_us));
        if (!walk->invocation->json) print_height(walk, &checkpoint, time_us);
        TRY(show_batches(walk));
        if (walk->member == MEMBERS_MAX) TRY(show_records(walk, height));
        if (walk->invocation->json) print_height(walk, &checkpoint, time_us);
        (void)json_array_clear(walk->batches);
        (void)json_array_clear(walk->records);
    }
    TRY(take_roster(walk, height));
    for (uint32_t i = 0; i < walk->block.entries_count; i++) {
        walk->committed[walk->block.entries[i].member % MEMBERS_MAX] = walk->block.entries[i].seq;
    }
    return STATUS_OK;
}

/* The rosters of the time before are in the handovers. */
static void take_earlier_rosters(struct walk *walk, uint64_t base) {
    struct handover *handover = malloc(sizeof *handover);
    struct slice bytes, none;
    CHECK(handover != NULL);
    for (uint64_t epoch = 0; ledger_read_epoch(walk->ledger, epoch, 0, &bytes, &none) == STATUS_OK; epoch++) {
        struct roster next;
        if (handover_read(bytes, handover) != STATUS_OK || handover->checkpoint.height > base) break;
        if (roster_read(handover->roster, &next) == STATUS_OK) walk->roster = next;
    }
    free(handover);
}

static int show_heights(struct walk *walk) {
    uint64_t newest = ledger_height(walk->ledger);
    uint64_t first = ledger_base(walk->ledger);
    if (walk->height > newest) {
        return command_refuse(walk->invocation, status_name(STATUS_NOT_FOUND), "%s ends at height %" PRIu64,
                              walk->config.ledger_path, newest);
    }
    if (walk->height != 0 && walk->height < first) {
        return command_refuse(walk->invocation, status_name(STATUS_NOT_FOUND),
                              "%s begins after height %" PRIu64
                              ": what came before was pruned, or is in the snapshot "
                              "that it began with",
                              walk->config.ledger_path, first - 1);
    }
    roster_of(&walk->config.genesis, &walk->roster);
    walk->begins_late = first > 1;
    if (walk->begins_late) take_earlier_rosters(walk, first - 1);
    if (newest == 0 && !walk->invocation->json) (void)printf("nothing is final yet\n");
    for (uint64_t height = first; height <= (walk->height != 0 ? walk->height : newest); height++) {
        enum status status = show_height(walk, height);
        if (status != STATUS_OK) return refuse(walk, status, height);
    }
    return COMMAND_DONE;
}

static int explain_open(const struct walk *walk, enum status status, const char *detail) {
    if (status == STATUS_LOCKED) {
        return command_refuse(walk->invocation, status_name(status),
                              "%s is in use: the member is running; stop it first, or ask it (credimus show, status)",
                              walk->config.ledger_path);
    }
    return command_refuse(walk->invocation, status_name(status), "%s: %s", walk->config.ledger_path,
                          *detail != '\0' ? detail : status_text(status));
}

static int read_ledger(struct walk *walk) {
    char detail[512] = "";
    /* Opening would make a new one. */
    if (access(walk->config.ledger_path, F_OK) != 0) {
        return explain_open(walk, STATUS_NOT_FOUND, "there is no ledger yet; the member never ran");
    }
    enum status status = ledger_open(walk->config.ledger_path, &walk->config.chain, walk->config.member,
                                     &walk->ledger, detail, sizeof detail);
    if (status != STATUS_OK) return explain_open(walk, status, detail);
    walk->batches = json_array();
    walk->records = json_array();
    int code = show_heights(walk);
    json_decref(walk->batches);
    json_decref(walk->records);
    ledger_close(walk->ledger);
    return code;
}

static void print_finding(void *context, const char *table, int64_t row, const char *what) {
    const struct walk *walk = context;
    (void)fprintf(stderr, "credimus log: %s, table %s, row %lld: %s\n", walk->config.ledger_path, table,
                  (long long)row, what);
}

static int check_ledger(struct walk *walk) {
    struct ledger_checked checked;
    ledger_finding *finding = walk->invocation->json ? NULL : print_finding;
    enum status status = ledger_check(walk->config.ledger_path, &walk->config.chain, finding, walk, &checked);
    if (status == STATUS_CORRUPT) {
        return command_refuse(walk->invocation, status_name(status),
                              "%s: %" PRIu64
                              " rows do not match their hashes or signatures; move the file away and start "
                              "again: it then asks the others for everything",
                              walk->config.ledger_path, checked.findings);
    }
    if (status != STATUS_OK) return explain_open(walk, status, "");
    (void)printf(walk->invocation->json
                     ? "{\"heights\": %" PRIu64 ", \"batches\": %" PRIu64 ", \"contents\": %" PRIu64
                       ", \"leaves\": %" PRIu64 ", \"others\": %" PRIu64 "}\n"
                     : "all good: %" PRIu64 " heights, %" PRIu64 " batches, %" PRIu64 " contents, %" PRIu64
                       " leaves and %" PRIu64 " other records match their hashes and signatures\n",
                 checked.heights, checked.batches, checked.contents, checked.leaves, checked.others);
    return COMMAND_DONE;
}

static int run_on(struct walk *walk) {
    struct config_detail detail;
    const struct invocation *invocation = walk->invocation;
    enum status status = node_config_load_public(invocation->arguments[0], &walk->config, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    int code =
        option_number(invocation, OPTION_MEMBER, 0, walk->config.genesis.members - 1, MEMBERS_MAX, &walk->member);
    if (code == COMMAND_DONE) code = option_number(invocation, OPTION_HEIGHT, 1, UINT64_MAX, 0, &walk->height);
    if (code != COMMAND_DONE) return code;
    walk->items = walk->member != MEMBERS_MAX || walk->height != 0;
    return option_given(invocation, OPTION_CHECK) ? check_ledger(walk) : read_ledger(walk);
}

static int run(const struct invocation *invocation) {
    struct walk *walk = calloc(1, sizeof *walk);
    CHECK(walk != NULL);
    walk->invocation = invocation;
    int code = run_on(walk);
    free(walk);
    return code;
}

const struct command command_log = {
    .name = "log",
    .arguments = "MEMBER_DIR",
    .help = "Show, or check, what is in the ledger of a stopped member",
    .more = "Heights, their batches, verdicts, suspicions, calibrations and epochs; with --member or --height the "
            "items of\n"
            "the batches too. With --json one object a line.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run,
};
