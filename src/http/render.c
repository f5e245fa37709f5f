/* JSON of beliefs and of a member's status. */
#include "http/render.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/base64.h"
#include "wire/proof.h"

enum finality render_finality(const struct record_belief *belief, bool is_local, uint64_t certified_height) {
    if (is_local) return FINALITY_LOCAL;
    if (certified_height >= belief->height) return FINALITY_FINAL;
    return belief->status == QUESTION_OPEN ? FINALITY_COMMITTED : FINALITY_PROVISIONAL;
}

void render_posterior(const struct record_belief *belief, double *ret_posterior) {
    double sum = 0;
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        /* The leading hypothesis has 0 and none is above it: nothing overflows, and the sum is at least 1. */
        ret_posterior[i] = exp((double)belief->log_odds[i] / (double)QUANTA_PER_NAT);
        sum += ret_posterior[i];
    }
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) ret_posterior[i] /= sum;
}

static void put_hypotheses(struct text *text, const struct record_belief *belief) {
    text_put_text(text, ", \"hypotheses\": [");
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        if (i > 0) text_put_text(text, ", ");
        text_put_string(text, belief->hypotheses[i]);
    }
    text_put_text(text, "]");
}

static void put_numbers(struct text *text, const struct record_belief *belief) {
    double posterior[HYPOTHESES_MAX];
    render_posterior(belief, posterior);
    text_put_text(text, ", \"posterior\": [");
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        if (i > 0) text_put_text(text, ", ");
        text_put_double(text, posterior[i]);
    }
    text_put_text(text, "], \"log_odds_quanta\": [");
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        text_format(text, "%s%" PRId64, i > 0 ? ", " : "", belief->log_odds[i]);
    }
    text_put_text(text, "]");
}

static void put_end(struct text *text, const char *name, int64_t value) {
    if (value == INT64_MIN || value == INT64_MAX) {
        text_format(text, ", \"%s\": null", name);
    } else {
        text_format(text, ", \"%s\": %" PRId64, name, value);
    }
}

static void put_interval(struct text *text, const char *name, const struct record_interval *interval) {
    text_format(text, "\"%s\": {\"members\": %" PRIu32, name, interval->members);
    put_end(text, "low", interval->low);
    put_end(text, "high", interval->high);
    text_put_text(text, "}");
}

void render_outcome(struct text *text, const struct record_belief *belief) {
    static const char *const statuses[] = {"open", "decided", "undecided"};
    text_format(text, ", \"status\": \"%s\", \"outcome\": ", statuses[belief->status]);
    if (belief->status == QUESTION_DECIDED) {
        text_put_string(text, belief->hypotheses[belief->top]);
    } else {
        text_put_text(text, "null");
    }
}

void render_opening(struct text *text, const struct record_belief *belief) {
    bool is_canary = belief->opening < belief->hypotheses_count;
    const char *opening = belief->opening == OPENING_NONE ? "not opened" : is_canary ? "canary" : "ordinary";
    text_format(text, ", \"opening\": \"%s\", \"canary\": ", opening);
    if (is_canary) {
        text_put_string(text, belief->hypotheses[belief->opening]);
    } else {
        text_put_text(text, "null");
    }
}

static void put_family(struct text *text, const struct record_belief *belief) {
    text_put_text(text, ", \"family\": ");
    if (belief->family.bytes > 0) {
        text_put_string(text, belief->family);
    } else {
        text_put_text(text, "null");
    }
}

void render_belief(struct text *text, const struct record_belief *belief, enum finality finality) {
    static const char *const finalities[] = {"local", "committed", "provisional", "final"};
    text_put_text(text, "{\"question\": ");
    text_put_hex(text, belief->question.bytes, QUESTION_ID_BYTES);
    text_put_text(text, ", \"title\": ");
    text_put_string(text, belief->title);
    text_format(text, ", \"mode\": \"%s\"", belief->mode == MODE_POOL ? "pool" : "panel");
    put_hypotheses(text, belief);
    render_outcome(text, belief);
    put_family(text, belief);
    render_opening(text, belief);
    text_format(text, ", \"finality\": \"%s\"", finalities[finality]);
    put_numbers(text, belief);
    text_format(text, ", \"flip_margin\": %" PRIu32 ", \"intervals\": {", belief->flip_margin);
    put_interval(text, "live", &belief->live);
    text_put_text(text, ", ");
    put_interval(text, "safe", &belief->safe);
    text_format(text, "}, \"contributors\": %" PRIu32 ", \"items\": %" PRIu64, belief->contributors, belief->items);
    text_format(text, ", \"height\": %" PRIu64 ", \"threshold\": \"%" PRIu32 "/%" PRIu32 "\"}", belief->height,
                belief->threshold.numerator, belief->threshold.denominator);
}

void render_next(struct text *text, const struct cursor *next, bool is_more) {
    if (is_more) {
        cursor_put(text, next);
    } else {
        text_put_text(text, "null");
    }
}

/* Status. */

static const char *name_of_bool(bool value) { return value ? "true" : "false"; }

const struct roster *render_roster(const struct machine *machine) {
    const struct roster *next = machine_next_roster(machine);
    return next != NULL ? next : machine_roster(machine);
}

void render_name(struct text *text, const struct roster *roster, uint32_t member) {
    if (roster_has(roster, member)) {
        text_put_string(text, slice_of_text(roster->names[member]));
    } else {
        text_format(text, "\"place %" PRIu32 "\"", member);
    }
}

static void put_name(struct text *text, const struct roster *roster, uint32_t member) {
    text_format(text, "{\"member\": %" PRIu32 ", \"name\": ", member);
    render_name(text, roster, member);
}

static void put_peers(struct text *text, struct replica *replica, struct replica_time now, uint32_t self) {
    const struct roster *roster = replica_roster(replica);
    bool is_first = true;
    text_put_text(text, ", \"peers\": [");
    for (uint32_t i = 0; i < roster->members; i++) {
        struct replica_peer peer;
        if (i == self || !roster_has(roster, i)) continue;
        replica_peer(replica, i, &peer);
        if (!is_first) text_put_text(text, ", ");
        is_first = false;
        put_name(text, roster, i);
        text_format(text, ", \"link\": %s, \"heard_ms_ago\": ", name_of_bool(peer.link_up));
        if (peer.heard_us == 0) {
            text_put_text(text, "null");
        } else {
            uint64_t ago_us = now.mono_us > peer.heard_us ? now.mono_us - peer.heard_us : 0;
            text_format(text, "%" PRIu64, ago_us / 1000);
        }
        text_format(text, ", \"view\": %" PRIu64 ", \"height\": %" PRIu64 ", \"final_height\": %" PRIu64 "}",
                    peer.view, peer.height, peer.certified);
    }
    text_put_text(text, "]");
}

static void put_lanes(struct text *text, struct replica *replica) {
    const struct roster *roster = replica_roster(replica);
    bool is_first = true;
    text_put_text(text, ", \"lanes\": [");
    for (uint32_t i = 0; i < roster->members; i++) {
        struct replica_lane lane;
        if (!roster_has(roster, i)) continue;
        replica_lane(replica, i, &lane);
        if (!is_first) text_put_text(text, ", ");
        is_first = false;
        put_name(text, roster, i);
        text_format(text, ", \"seq\": %" PRIu64 ", \"hash\": ", lane.tip.seq);
        text_put_hex(text, lane.tip.hash.bytes, HASH_BYTES);
        text_format(text, ", \"committed_seq\": %" PRIu64 ", \"wall_us\": %" PRIu64, lane.committed_seq,
                    lane.wall_us);
        text_format(text, ", \"forked\": %s, \"sealed\": %s}", name_of_bool(lane.forked), name_of_bool(lane.sealed));
    }
    text_put_text(text, "]");
}

static void put_misbehaviour(struct text *text, struct replica *replica) {
    const struct roster *roster = replica_roster(replica);
    bool is_first = true;
    text_put_text(text, ", \"misbehaviour\": [");
    for (uint32_t i = 0; i < roster->members; i++) {
        struct replica_peer peer;
        replica_peer(replica, i, &peer);
        if (peer.proofs == 0) continue;
        if (!is_first) text_put_text(text, ", ");
        is_first = false;
        put_name(text, roster, i);
        text_format(text, ", \"proofs\": %" PRIu32 "}", peer.proofs);
    }
    text_put_text(text, "]");
}

static void put_counters(struct text *text, const struct replica_counters *counters) {
    text_format(text,
                ", \"counters\": {\"items\": %" PRIu64 ", \"batches\": %" PRIu64 ", \"blocks\": %" PRIu64
                ", \"views_nullified\": %" PRIu64 ", \"frames_in\": %" PRIu64 ", \"frames_refused\": %" PRIu64,
                counters->items, counters->batches, counters->blocks, counters->views_nullified, counters->frames_in,
                counters->frames_refused);
    text_format(text, ", \"fetches\": %" PRIu64 ", \"proposals\": %" PRIu64 ", \"votes\": %" PRIu64 "}",
                counters->fetches, counters->proposals, counters->votes);
}

static void put_threshold(struct text *text, const char *name, struct threshold threshold) {
    text_format(text, ", \"%s\": \"%" PRIu32 "/%" PRIu32 "\"", name, threshold.numerator, threshold.denominator);
}

static void put_set(struct text *text, const char *name, const struct roster *roster, const struct member_set *set) {
    bool is_first = true;
    text_format(text, ", \"%s\": [", name);
    for (uint32_t m = member_set_next(set, 0); m < roster->members; m = member_set_next(set, m + 1)) {
        if (!is_first) text_put_text(text, ", ");
        is_first = false;
        put_name(text, roster, m);
        text_put_text(text, "}");
    }
    text_put_text(text, "]");
}

/* This member's own view first, then what the group has agreed on. */
static void put_partition(struct text *text, struct replica *replica, struct replica_time now) {
    const struct machine *machine = replica_machine(replica);
    const struct roster *roster = replica_roster(replica);
    struct machine_partition partition;
    struct replica_reach reach;
    replica_reach(replica, &reach);
    machine_partition(machine, &partition);
    uint64_t since_us = now.mono_us > reach.since_us ? now.mono_us - reach.since_us : 0;
    text_format(text, ", \"level\": \"%s\", \"level_ms\": %" PRIu64, level_name(reach.level), since_us / 1000);
    put_set(text, "unreachable", roster, &reach.unreachable);
    put_threshold(text, "threshold", partition.threshold);
    put_threshold(text, "base_threshold", roster->threshold);
    text_format(text, ", \"apart\": %" PRIu32 ", \"enhanced\": %s", partition.apart,
                name_of_bool(partition.is_enhanced));
}

/* Verdicts that no certificate covers yet. */
static uint64_t count_provisional(struct replica *replica) {
    struct checkpoint certified;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t signers;
    const struct machine *machine = replica_machine(replica);
    uint64_t questions = machine_questions_count(machine), count = 0, leaf;
    bool any = replica_certified(replica, &certified, signatures, &signers) == STATUS_OK;
    for (uint64_t q = 0; q < questions; q++)
        count += machine_verdict_index(machine, q, &leaf) == STATUS_OK && (!any || leaf >= certified.size);
    return count;
}

void render_share_of_signers(struct text *text, struct replica *replica, const struct record_belief *belief,
                             uint64_t certified_height) {
    const struct roster *roster = replica_roster(replica);
    struct replica_share share;
    struct member_set missing = {0};
    replica_share(replica, belief->height, &share);
    for (uint32_t m = 0; m < roster->members; m++)
        if (roster_has(roster, m) && !member_set_has(&share.signers, m)) member_set_add(&missing, m);
    put_threshold(text, "threshold", share.threshold);
    text_format(text, ", \"certified_height\": %" PRIu64 ", \"signed\": {\"height\": %" PRIu64, certified_height,
                share.height);
    text_format(text, ", \"heads\": %" PRIu32 ", \"needed\": %" PRIu32 ", \"members\": %" PRIu32 ", \"weight\": ",
                member_set_count(&share.signers), share.needed, roster_heads(roster));
    text_put_double(text, share.weight_total == 0 ? 0 : (double)share.weight / (double)share.weight_total);
    text_put_text(text, "}");
    put_set(text, "missing", roster, &missing);
    text_put_text(text, ", \"provisional\": ");
    render_belief(text, belief, render_finality(belief, false, certified_height));
}

void render_status(struct text *text, struct replica *replica, struct replica_time now, enum http_disk disk,
                   const struct http_kept *kept) {
    static const char *const disks[] = {
        [HTTP_DISK_ROOM] = "room", [HTTP_DISK_LOW] = "low", [HTTP_DISK_FULL] = "full"};
    struct machine *machine = replica_machine(replica);
    const struct roster *roster = replica_roster(replica);
    struct checkpoint checkpoint;
    struct replica_status status;
    replica_status(replica, &status);
    machine_checkpoint(machine, &checkpoint);
    text_format(text, "{\"member\": %" PRIu32 ", \"name\": ", status.self);
    render_name(text, roster, status.self);
    text_format(text, ", \"is_member\": %s, \"heads\": %" PRIu32 ", \"places\": %" PRIu32,
                name_of_bool(status.is_member), roster_heads(roster), roster->members);
    text_put_text(text, ", \"chain\": ");
    text_put_hex(text, machine_chain(machine)->bytes, HASH_BYTES);
    text_format(text, ", \"epoch\": %" PRIu64 ", \"view\": %" PRIu64, status.epoch, status.view);
    text_format(text, ", \"height\": %" PRIu64 ", \"root\": ", machine_height(machine));
    text_put_hex(text, checkpoint.root.bytes, HASH_BYTES);
    text_format(text, ", \"final_height\": %" PRIu64 ", \"agreed_height\": %" PRIu64, status.certified_height,
                status.finalized_height);
    text_format(text, ", \"kept_from\": %" PRIu64 ", \"snapshot_height\": %" PRIu64, kept->from, kept->snapshot);
    put_peers(text, replica, now, status.self);
    put_lanes(text, replica);
    put_partition(text, replica, now);
    text_format(text, ", \"provisional\": %" PRIu64, count_provisional(replica));
    put_misbehaviour(text, replica);
    text_format(text, ", \"questions\": %" PRIu64 ", \"outstanding_batches\": %" PRIu32,
                machine_questions_count(machine), status.outstanding);
    text_format(text, ", \"recovering\": %s, \"votes_from_view\": %" PRIu64 ", \"lane_closed\": %s",
                name_of_bool(status.recovering), status.votes_from, name_of_bool(status.lane_closed));
    text_format(text, ", \"diverged\": %s, \"disk\": \"%s\"", name_of_bool(status.diverged), disks[disk]);
    put_counters(text, &status.counters);
    text_put_text(text, "}\n");
}
