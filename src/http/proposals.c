/* Changes of the members (docs/protocol.md 8): who proposes what in this epoch, and the handovers of those that ended. */
#include <inttypes.h>

#include "http/proposal.h"
#include "http/render.h"
#include "http/state.h"

enum status proposals_draft(struct request *request, struct draft *draft, struct refusal *ret_refusal) {
    struct json json = json_of(request->body, request->body_bytes);
    draft->item.kind = ITEM_RECONFIGURE;
    draft->content = slice_of(NULL, 0);
    return proposal_take(&json, replica_roster(http_replica(request->http)), &draft->item.reconfigure, ret_refusal);
}

/* --- Who proposes what --- */

/* Who proposes the same as the member `first`; empty when somebody before it does, so that each change comes once. */
static struct member_set find_proposers(const struct machine *machine, uint32_t first,
                                        const struct reconfigure *change) {
    struct member_set proposers = {0};
    for (uint32_t m = 0; m < machine_members(machine); m++) {
        struct reconfigure other;
        if (machine_proposal(machine, m, &other) != STATUS_OK || !reconfigure_equal(&other, change)) continue;
        if (m < first) return (struct member_set){0};
        member_set_add(&proposers, m);
    }
    return proposers;
}

static void put_members(struct text *text, const char *name, const struct roster *roster,
                        const struct member_set *proposers, bool is_among) {
    bool is_first = true;
    text_format(text, ", \"%s\": [", name);
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m) || member_set_has(proposers, m) != is_among) continue;
        text_format(text, "%s{\"member\": %" PRIu32 ", \"name\": ", is_first ? "" : ", ", m);
        is_first = false;
        render_name(text, roster, m);
        text_put_text(text, "}");
    }
    text_put_text(text, "]");
}

/* As it is written in a proposal, with the place. */
static void put_change(struct text *text, const struct roster *roster, const struct reconfigure *change) {
    text_format(text, "{\"change\": \"%s\"", proposal_change_name(change->change));
    if (change->change == CHANGE_THRESHOLD) {
        text_format(text, ", \"threshold\": \"%" PRIu32 "/%" PRIu32 "\"", change->threshold.numerator,
                    change->threshold.denominator);
        return;
    }
    text_format(text, ", \"place\": %" PRIu32 ", \"%s\": ", change->member,
                change->change == CHANGE_ADD ? "name" : "member");
    if (change->change == CHANGE_ADD) {
        text_put_string(text, change->name);
    } else {
        render_name(text, roster, change->member);
    }
    if (change->change == CHANGE_REMOVE) return;
    text_put_text(text, ", \"key\": ");
    text_put_hex(text, change->key, KEY_BYTES);
}

/* A change passes with the proposal that makes a quorum of it, so what is listed always misses some. */
static void put_proposals(struct text *text, const struct machine *machine, const struct roster *roster,
                          uint32_t needed) {
    bool is_first = true;
    for (uint32_t m = 0; m < machine_members(machine); m++) {
        struct reconfigure change;
        if (machine_proposal(machine, m, &change) != STATUS_OK) continue;
        struct member_set proposers = find_proposers(machine, m, &change);
        uint32_t count = member_set_count(&proposers);
        if (count == 0) continue;
        if (!is_first) text_put_text(text, ", ");
        is_first = false;
        put_change(text, roster, &change);
        put_members(text, "proposers", roster, &proposers, true);
        put_members(text, "others", roster, &proposers, false);
        text_format(text, ", \"missing\": %" PRIu32 "}", needed > count ? needed - count : 0);
    }
}

/* When the last block ended the epoch its proposals have lapsed, and those of the next are still to come. */
void proposals_handle_list(struct request *request) {
    const struct machine *machine = replica_machine(http_replica(request->http));
    const struct roster *roster = replica_roster(http_replica(request->http));
    uint32_t needed = quorum_size(roster_heads(roster), roster->threshold);
    struct text text = {0};
    text_format(&text, "{\"height\": %" PRIu64 ", \"epoch\": %" PRIu64 ", \"heads\": %" PRIu32 ", \"threshold\": ",
                machine_height(machine), roster->epoch, roster_heads(roster));
    text_format(&text, "\"%" PRIu32 "/%" PRIu32 "\", \"needed\": %" PRIu32 ", \"proposals\": [",
                roster->threshold.numerator, roster->threshold.denominator, needed);
    if (machine_next_roster(machine) == NULL) put_proposals(&text, machine, roster, needed);
    text_put_text(&text, "]}\n");
    answer_json(request, MHD_HTTP_OK, &text);
}

/* --- Handovers --- */

bool proposals_lack_handover(struct http *http, uint64_t *ret_epoch) {
    struct replica *replica = http_replica(http);
    uint64_t epoch = replica_roster(replica)->epoch;
    struct slice bytes;
    if (epoch == 0 || replica_handover(replica, epoch - 1, &bytes) == STATUS_OK) return false;
    *ret_epoch = epoch - 1;
    return true;
}

void proposals_handle_handover(struct request *request) {
    struct replica *replica = http_replica(request->http);
    uint64_t now = replica_roster(replica)->epoch;
    struct refusal refusal;
    struct slice bytes;
    struct text text = {0};
    if (request->epoch >= now) {
        (void)refusal_say(&refusal, STATUS_NOT_FOUND,
                          "epoch %" PRIu64 " has not ended: the group is in epoch %" PRIu64, request->epoch, now);
    } else if (replica_handover(replica, request->epoch, &bytes) != STATUS_OK) {
        (void)refusal_say(&refusal, STATUS_NOT_FOUND,
                          "epoch %" PRIu64 " ended, and too few of its members have signed its last height so far",
                          request->epoch);
    } else {
        text_put(&text, bytes.data, bytes.bytes);
        answer_text(request, MHD_HTTP_OK, "application/cbor", &text);
        return;
    }
    answer_refusal(request, &refusal);
}
