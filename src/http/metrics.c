/* Metrics: one table of single values, then those that come once a member. */
#include "http/metrics.h"

#include <inttypes.h>

struct metric {
    const char *name;
    const char *type;
    const char *help;
    uint64_t value;
};

static void put_head(struct text *text, const char *name, const char *type, const char *help) {
    text_format(text, "# HELP credimus_%s %s\n# TYPE credimus_%s %s\n", name, help, name, type);
}

static void put_all(struct text *text, const struct metric *metrics, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_head(text, metrics[i].name, metrics[i].type, metrics[i].help);
        text_format(text, "credimus_%s %" PRIu64 "\n", metrics[i].name, metrics[i].value);
    }
}

static void put_state(struct text *text, struct replica *replica) {
    struct replica_status status;
    replica_status(replica, &status);
    struct machine *machine = replica_machine(replica);
    const struct metric metrics[] = {
        {"height", "gauge", "Highest executed height.", machine_height(machine)},
        {"agreed_height", "gauge", "Highest height that a quorum agreed on.", status.finalized_height},
        {"final_height", "gauge", "Highest height with a certificate.", status.certified_height},
        {"epoch", "gauge", "Epoch of the agreement.", status.epoch},
        {"view", "gauge", "View of the agreement.", status.view},
        {"members", "gauge", "Members that there are in this epoch.", roster_heads(replica_roster(replica))},
        {"log_leaves", "gauge", "Leaves of the log at the executed height.", status.checkpoint.size},
        {"questions", "gauge", "Questions that were ever asked.", machine_questions_count(machine)},
        {"families", "gauge", "Families of questions that were ever begun.", machine_families_count(machine)},
        {"outstanding_batches", "gauge", "Own batches that are not executed yet.", status.outstanding},
        {"recovering", "gauge", "1 while the member asks the others what it has signed.", status.recovering},
        {"lane_closed", "gauge", "1 when the member votes, and tells nothing more: its ledger was lost once.",
         status.lane_closed},
        {"diverged", "gauge", "1 when an honest majority has another state.", status.diverged},
        {"block_time_seconds", "gauge", "Time of the last executed block.", machine_time_us(machine) / 1000000},
    };
    put_all(text, metrics, sizeof metrics / sizeof metrics[0]);
}

/* Levels: 0 connected, 1 degraded, 2 major, 3 severe (docs/protocol.md 6). */
static void put_partition(struct text *text, struct replica *replica) {
    struct machine_partition partition;
    struct replica_reach reach;
    replica_reach(replica, &reach);
    machine_partition(replica_machine(replica), &partition);
    const struct metric metrics[] = {
        {"partition_level", "gauge", "How much of the group this member misses: 0 nobody, 3 more than a quarter.",
         reach.level},
        {"partition_unreachable", "gauge", "Members that this one does not hear.",
         member_set_count(&reach.unreachable)},
        {"partition_members_apart", "gauge", "Members that say they see a partition.", partition.apart},
        {"threshold_raised", "gauge", "1 while certificates need the raised threshold.", partition.is_raised},
        {"monitoring_enhanced", "gauge", "1 while detectors and challenges are stricter.", partition.is_enhanced},
    };
    put_all(text, metrics, sizeof metrics / sizeof metrics[0]);
}

static void put_counters(struct text *text, struct replica *replica) {
    struct replica_status status;
    replica_status(replica, &status);
    const struct replica_counters *counters = &status.counters;
    const struct metric metrics[] = {
        {"items_total", "counter", "Items executed, of all members.", counters->items},
        {"batches_total", "counter", "Batches executed, of all members.", counters->batches},
        {"blocks_total", "counter", "Blocks executed.", counters->blocks},
        {"views_nullified_total", "counter", "Views that ended without a block.", counters->views_nullified},
        {"frames_received_total", "counter", "Frames received from other members.", counters->frames_in},
        {"frames_refused_total", "counter", "Frames of other members that were refused.", counters->frames_refused},
        {"fetches_total", "counter", "Batches and blocks asked for.", counters->fetches},
        {"proposals_total", "counter", "Blocks proposed by this member.", counters->proposals},
        {"votes_total", "counter", "Votes signed by this member.", counters->votes},
        {"replies_withheld_total", "counter", "Questions of members that had asked too much before.",
         counters->replies_withheld},
    };
    put_all(text, metrics, sizeof metrics / sizeof metrics[0]);
}

/* What the state has counted since the genesis, so a restart begins where it ended. */
static void put_standing(struct text *text, const struct machine *machine) {
    struct machine_counts counts;
    machine_counts(machine, &counts);
    const struct {
        const char *outcome;
        uint64_t value;
    } answers[] = {
        {"right", counts.answers_right}, {"wrong", counts.answers_wrong}, {"missing", counts.answers_missing}};
    const struct metric alarms[] = {{"alarms_total", "counter", "Alarms of the detectors.", counts.alarms}};
    put_all(text, alarms, 1);
    put_head(text, "challenge_answers_total", "counter", "Answers to honesty challenges, of all members.");
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        text_format(text, "credimus_challenge_answers_total{outcome=\"%s\"} %" PRIu64 "\n", answers[i].outcome,
                    answers[i].value);
}

static void put_http(struct text *text, const struct metrics_http *http) {
    const struct metric metrics[] = {
        {"http_items_accepted_total", "counter", "Items taken through the API.", http->items_accepted},
        {"http_items_repeated_total", "counter", "Items that were said before, word for word.", http->items_repeated},
        {"http_requests_limited_total", "counter", "Requests that came too often.", http->requests_limited},
        {"http_connections", "gauge", "Connections that are open.", http->connections},
        {"http_connections_ended_total", "counter", "Connections that were ended for being slow, or for others.",
         http->connections_ended},
        {"http_streams", "gauge", "Streams of events that are open.", http->streams},
        {"http_streams_dropped_total", "counter", "Streams that were ended because their client did not read.",
         http->streams_dropped},
        {"http_waiting_requests", "gauge", "Requests that wait for an acknowledgement.", http->waiting},
        {"http_body_bytes", "gauge", "Bytes of request bodies held in memory.", http->body_bytes},
        {"disk_low", "gauge", "1 while no submissions are taken for lack of room on the disk.",
         http->disk != HTTP_DISK_ROOM},
        {"disk_full", "gauge", "1 while the member waits for room on the disk and only reads go on.",
         http->disk == HTTP_DISK_FULL},
    };
    put_all(text, metrics, sizeof metrics / sizeof metrics[0]);
    put_head(text, "http_answers_total", "counter", "Answers by the first digit of their code.");
    for (unsigned i = 2; i <= 5; i++) {
        text_format(text, "credimus_http_answers_total{code=\"%uxx\"} %" PRIu64 "\n", i, http->answers[i]);
    }
}

/* What is known of one member. */
struct known {
    struct replica_peer peer;
    struct replica_lane lane;
    struct replica_time now;
    struct standing_member standing;
    struct machine_asked asked;
    enum level level; /* committed */
};

static uint64_t link_of(const struct known *k) { return k->peer.link_up; }
static uint64_t silent_of(const struct known *k) {
    return k->now.mono_us > k->peer.heard_us ? k->now.mono_us - k->peer.heard_us : 0;
}
static uint64_t height_of(const struct known *k) { return k->peer.height; }
static uint64_t seq_of(const struct known *k) { return k->lane.tip.seq; }
static uint64_t committed_of(const struct known *k) { return k->lane.committed_seq; }
static uint64_t forked_of(const struct known *k) { return k->lane.forked; }
static uint64_t proofs_of(const struct known *k) { return k->peer.proofs; }
static uint64_t weight_of(const struct known *k) { return k->standing.weight; }
static uint64_t reputation_of(const struct known *k) { return k->standing.reputation; }
static uint64_t suspicion_of(const struct known *k) { return k->standing.suspicion; }
static uint64_t alarmed_of(const struct known *k) { return k->standing.alarmed; }
static uint64_t level_of_member(const struct known *k) { return k->level; }
static uint64_t closed_of(const struct known *k) { return k->asked.closed; }
static uint64_t opened_of(const struct known *k) { return k->asked.opened; }

static const struct {
    const char *name;
    const char *help;
    uint64_t (*value)(const struct known *known);
    bool is_of_self; /* also told of this member itself */
    double unit;     /* the value is divided by this */
} by_member[] = {
    {"peer_link_up", "1 while the link to the member is up.", link_of, false, 1},
    {"peer_silence_seconds", "For how long nothing was heard of the member.", silent_of, false, 1e6},
    {"peer_height", "Height that the member says it is at.", height_of, false, 1},
    {"lane_seq", "Newest batch held of the member's lane.", seq_of, true, 1},
    {"lane_committed_seq", "Newest batch executed of the member's lane.", committed_of, true, 1},
    {"lane_forked", "1 when the member's lane has forked.", forked_of, true, 1},
    {"misbehaviour_proofs", "Proofs of misbehaviour held against the member.", proofs_of, true, 1},
    {"member_weight", "What the member's word is worth, from 0 to 1.", weight_of, true, STANDING_ONE},
    {"member_reputation", "Reputation from challenges and canaries, from 0 to 1.", reputation_of, true, STANDING_ONE},
    {"member_suspicion", "Suspicion in force, from 0 to 0.8.", suspicion_of, true, STANDING_ONE},
    {"member_alarmed", "1 while a detector's alarm about the member lasts.", alarmed_of, true, 1},
    {"member_level", "The partition level that the member committed last, 0 to 3.", level_of_member, true, 1},
    {"member_questions_closed", "Questions of the member's that have a verdict.", closed_of, true, 1},
    {"member_questions_opened", "Of those, how many it has revealed.", opened_of, true, 1},
};

/* Quotes, backslashes and line breaks are the only characters to escape, and names have none of the last. */
static void put_label(struct text *text, const char *name) {
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') text_put_text(text, "\\");
        text_put(text, name, 1);
    }
}

static void put_value(struct text *text, uint64_t value, double unit) {
    text_put_text(text, "\"} ");
    text_put_double(text, (double)value / unit);
    text_put_text(text, "\n");
}

static void put_members(struct text *text, struct replica *replica, struct replica_time now) {
    const struct machine *machine = replica_machine(replica);
    const struct roster *roster = replica_roster(replica);
    struct replica_status status;
    replica_status(replica, &status);
    for (size_t i = 0; i < sizeof by_member / sizeof by_member[0]; i++) {
        put_head(text, by_member[i].name, "gauge", by_member[i].help);
        for (uint32_t member = 0; member < roster->members; member++) {
            struct known known = {.now = now};
            if (!roster_has(roster, member) || (member == status.self && !by_member[i].is_of_self)) continue;
            replica_peer(replica, member, &known.peer);
            replica_lane(replica, member, &known.lane);
            machine_standing(machine, member, &known.standing);
            machine_asked(machine, member, &known.asked);
            known.level = machine_member(machine, member).level;
            text_format(text, "credimus_%s{member=\"%" PRIu32 "\",name=\"", by_member[i].name, member);
            put_label(text, roster->names[member]);
            put_value(text, by_member[i].value(&known), by_member[i].unit);
        }
    }
}

void metrics_put(struct text *text, struct replica *replica, struct replica_time now,
                 const struct metrics_http *http) {
    put_state(text, replica);
    put_partition(text, replica);
    put_counters(text, replica);
    put_standing(text, replica_machine(replica));
    put_http(text, http);
    put_members(text, replica, now);
}
