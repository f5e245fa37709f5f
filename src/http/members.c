/* JSON of what each member's word is worth, and why (docs/belief.md, "Weight"). */
#include <inttypes.h>

#include "base/check.h"
#include "http/render.h"

void render_share(struct text *text, uint32_t share) { text_put_double(text, (double)share / STANDING_ONE); }

static void put_word(struct text *text, const char *field, const char *word) {
    if (word == NULL) {
        text_format(text, ", \"%s\": null", field);
    } else {
        text_format(text, ", \"%s\": \"%s\"", field, word);
    }
}

static void put_field(struct text *text, const char *field, uint32_t share) {
    text_format(text, ", \"%s\": ", field);
    render_share(text, share);
}

/* Each detector's statistic by its threshold, the largest over the families of questions. */
static void put_detectors(struct text *text, const struct standing_member *standing) {
    text_put_text(text, ", \"detectors\": {");
    for (unsigned i = 0; i < DETECTORS; i++) {
        text_format(text, "%s\"%s\": ", i > 0 ? ", " : "", detector_name((enum detector)i));
        render_share(text, standing->ratios[i]);
    }
    text_put_text(text, "}");
}

/* As this member sees it; of itself nothing is said. */
static void put_reach(struct text *text, struct replica *replica, const struct member_set *unreachable,
                      uint32_t member) {
    struct replica_peer peer;
    struct replica_lane lane;
    struct replica_status status;
    replica_peer(replica, member, &peer);
    replica_lane(replica, member, &lane);
    replica_status(replica, &status);
    if (member == status.self) {
        text_put_text(text, ", \"reachable\": null");
    } else {
        text_format(text, ", \"reachable\": %s", member_set_has(unreachable, member) ? "false" : "true");
    }
    text_format(text, ", \"seq\": %" PRIu64 ", \"committed_seq\": %" PRIu64 ", \"proofs\": %" PRIu32, lane.tip.seq,
                lane.committed_seq, peer.proofs);
}

static void put_member(struct text *text, struct replica *replica, const struct member_set *unreachable,
                       uint32_t member) {
    const struct machine *machine = replica_machine(replica);
    struct standing_member standing;
    struct machine_asked asked;
    machine_standing(machine, member, &standing);
    machine_asked(machine, member, &asked);
    text_format(text, "{\"member\": %" PRIu32 ", \"name\": ", member);
    render_name(text, replica_roster(replica), member);
    text_put_text(text, ", \"key\": ");
    text_put_hex(text, replica_roster(replica)->keys[member], KEY_BYTES);
    put_field(text, "weight", standing.weight);
    put_field(text, "reputation", standing.reputation);
    put_field(text, "suspicion", standing.suspicion);
    put_word(text, "reason", standing.reason < DETECTORS ? detector_name(standing.reason) : NULL);
    text_format(text, ", \"alarmed\": %s", standing.alarmed ? "true" : "false");
    put_detectors(text, &standing);
    put_word(text, "proof", standing.proven ? standing_proof_name(standing.proof) : NULL);
    text_format(text, ", \"probation_blocks\": %" PRIu32 ", \"level\": \"%s\"", standing.probation_left,
                level_name(machine_member(machine, member).level));
    put_reach(text, replica, unreachable, member);
    text_format(text, ", \"questions\": {\"closed\": %" PRIu64 ", \"opened\": %" PRIu64 "}}", asked.closed,
                asked.opened);
}

/* How many there are, and how many have to agree. */
static void put_roster(struct text *text, const struct roster *roster) {
    uint32_t heads = roster_heads(roster);
    text_format(text,
                ", \"epoch\": %" PRIu64 ", \"heads\": %" PRIu32 ", \"places\": %" PRIu32 ", \"vacant\": %" PRIu32,
                roster->epoch, heads, roster->members, roster->members - heads);
    text_format(text, ", \"threshold\": \"%" PRIu32 "/%" PRIu32 "\", \"quorum\": %" PRIu32,
                roster->threshold.numerator, roster->threshold.denominator, quorum_size(heads, roster->threshold));
}

void render_members(struct text *text, struct replica *replica, uint64_t from, uint64_t limit) {
    const struct roster *roster = replica_roster(replica);
    struct replica_reach reach;
    uint64_t m = from;
    uint64_t put = 0;
    replica_reach(replica, &reach);
    text_format(text, "{\"height\": %" PRIu64, machine_height(replica_machine(replica)));
    put_roster(text, roster);
    text_put_text(text, ", \"members\": [");
    for (; m < roster->members; m++) {
        if (!roster_has(roster, (uint32_t)m)) continue;
        if (put == limit) break;
        if (put++ > 0) text_put_text(text, ", ");
        put_member(text, replica, &reach.unreachable, (uint32_t)m);
    }
    text_put_text(text, "], \"next\": ");
    render_next(text, &(struct cursor){.major = m}, m < roster->members);
    text_put_text(text, "}\n");
}
