/* Rendering events into the ring (http/events.h). */
#include "http/events.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/decimal.h"
#include "http/render.h"
#include "wire/proof.h"

static const char *const names[EVENT_TYPES] = {
    [TYPE_POSTERIOR] = "posterior",       [TYPE_VERDICT] = "verdict",     [TYPE_CERTIFICATE] = "certificate",
    [TYPE_PARTITION] = "partition",       [TYPE_SUSPICION] = "suspicion", [TYPE_LANE] = "lane",
    [TYPE_MISBEHAVIOUR] = "misbehaviour", [TYPE_EPOCH] = "epoch",
};

/* The ring. */

uint64_t events_oldest(const struct events *events) {
    return events->appended >= EVENTS_KEPT ? events->appended - EVENTS_KEPT + 1 : 1;
}

const struct event *events_at(const struct events *events, uint64_t number) {
    CHECK(number >= events_oldest(events) && number <= events->appended);
    return &events->ring[number % EVENTS_KEPT];
}

bool events_publish(struct events *events) {
    if (events->published == events->appended) return false;
    events->published = events->appended;
    return true;
}

void events_free(struct events *events) {
    for (unsigned i = 0; i < EVENTS_KEPT; i++) text_free(&events->ring[i].text);
}

/* Its memory is used again and again. */
static struct text *begin(struct events *events, enum event_type type) {
    uint64_t number = ++events->appended;
    struct event *event = &events->ring[number % EVENTS_KEPT];
    event->type = type;
    event->text.bytes = 0;
    event->text.failed = false;
    text_format(&event->text, "id: %s-%" PRIu64 "\nevent: %s\ndata: {", events->boot, number, names[type]);
    return &event->text;
}

static void end(struct text *text) { text_put_text(text, "}\n\n"); }

/* Questions. */

static struct text *begin_question(struct events *events, enum event_type type, const struct record_belief *belief) {
    struct text *text = begin(events, type);
    events->ring[events->appended % EVENTS_KEPT].question = belief->question;
    text_put_text(text, "\"question\": ");
    text_put_hex(text, belief->question.bytes, QUESTION_ID_BYTES);
    text_format(text, ", \"height\": %" PRIu64, belief->height);
    return text;
}

static void take_posterior(struct events *events, const struct record_belief *belief) {
    double posterior[HYPOTHESES_MAX];
    struct text *text = begin_question(events, TYPE_POSTERIOR, belief);
    render_posterior(belief, posterior);
    text_put_text(text, ", \"probabilities\": [");
    for (uint32_t i = 0; i < belief->hypotheses_count; i++) {
        if (i > 0) text_put_text(text, ", ");
        text_put_double(text, posterior[i]);
    }
    text_format(text, "], \"margin\": %" PRIu32, belief->flip_margin);
    end(text);
}

static void take_verdict(struct events *events, const struct record_belief *belief) {
    struct text *text = begin_question(events, TYPE_VERDICT, belief);
    text_put_text(text, ", \"hypothesis\": ");
    if (belief->status == QUESTION_DECIDED) {
        text_put_string(text, belief->hypotheses[belief->top]);
    } else {
        text_put_text(text, "null");
    }
    text_format(text, ", \"margin\": %" PRIu32, belief->flip_margin);
    end(text);
}

/* A question that is closed changes once more when what it hides is revealed: its verdict was told before. */
static void take_belief(struct events *events, const struct record_belief *belief) {
    take_posterior(events, belief);
    if (belief->status != QUESTION_OPEN && belief->opening == OPENING_NONE) take_verdict(events, belief);
}

/* The group. */

static void put_threshold(struct text *text, struct threshold threshold) {
    text_format(text, ", \"threshold\": \"%" PRIu32 "/%" PRIu32 "\"", threshold.numerator, threshold.denominator);
}

static void take_certificate(struct events *events, struct replica *replica) {
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    if (replica_certified(replica, &checkpoint, signatures, &count) != STATUS_OK) return;
    bool is_provisional = machine_height(replica_machine(replica)) > checkpoint.height;
    struct text *text = begin(events, TYPE_CERTIFICATE);
    text_format(text, "\"height\": %" PRIu64, checkpoint.height);
    put_threshold(text, checkpoint.threshold);
    text_format(text, ", \"signers\": %" PRIu32 ", \"provisional\": %s", count, is_provisional ? "true" : "false");
    end(text);
}

static void take_epoch(struct events *events, struct replica *replica, uint64_t height) {
    const struct roster *roster = replica_roster(replica);
    struct text *text = begin(events, TYPE_EPOCH);
    text_format(text, "\"epoch\": %" PRIu64 ", \"height\": %" PRIu64 ", \"members\": %" PRIu32, roster->epoch, height,
                roster_heads(roster));
    put_threshold(text, roster->threshold);
    end(text);
}

static void take_partition(struct events *events, struct replica *replica) {
    struct replica_reach reach;
    struct machine_partition partition;
    bool is_first = true;
    replica_reach(replica, &reach);
    machine_partition(replica_machine(replica), &partition);
    struct text *text = begin(events, TYPE_PARTITION);
    text_format(text, "\"level\": \"%s\", \"unreachable\": [", level_name(reach.level));
    for (uint32_t m = member_set_next(&reach.unreachable, 0); m < MEMBERS_MAX;
         m = member_set_next(&reach.unreachable, m + 1)) {
        if (!is_first) text_put_text(text, ", ");
        is_first = false;
        render_name(text, replica_roster(replica), m);
    }
    text_put_text(text, "]");
    put_threshold(text, partition.threshold);
    end(text);
}

/* Members. */

static struct text *begin_member(struct events *events, enum event_type type, struct replica *replica,
                                 uint32_t member) {
    struct text *text = begin(events, type);
    text_put_text(text, "\"member\": ");
    render_name(text, replica_roster(replica), member);
    return text;
}

/* The newest proof against the member is the one that became known. */
static void take_misbehaviour(struct events *events, struct replica *replica, uint32_t member) {
    struct replica_peer peer;
    struct slice bytes;
    struct proof proof;
    replica_peer(replica, member, &peer);
    if (peer.proofs == 0 || replica_proof(replica, member, peer.proofs - 1, &bytes) != STATUS_OK) return;
    if (proof_read(bytes, machine_chain(replica_machine(replica)), &proof) != STATUS_OK) return;
    struct text *text = begin_member(events, TYPE_MISBEHAVIOUR, replica, member);
    text_format(text, ", \"kind\": \"%s\", \"proof\": \"%" PRIu32 "-%" PRIu32 "\"", render_proof_kind(proof.kind),
                member, peer.proofs - 1);
    end(text);
}

static void take_suspicion(struct events *events, struct replica *replica, uint32_t member) {
    struct standing_member standing;
    machine_standing(replica_machine(replica), member, &standing);
    if (events->seen[member].reputation == standing.reputation &&
        events->seen[member].suspicion == standing.suspicion)
        return;
    events->seen[member].reputation = standing.reputation;
    events->seen[member].suspicion = standing.suspicion;
    struct text *text = begin_member(events, TYPE_SUSPICION, replica, member);
    text_put_text(text, ", \"reputation\": ");
    render_share(text, standing.reputation);
    text_put_text(text, ", \"suspicion\": ");
    render_share(text, standing.suspicion);
    if (standing.reason < DETECTORS) {
        text_format(text, ", \"detector\": \"%s\"", detector_name(standing.reason));
    } else {
        text_put_text(text, ", \"detector\": null");
    }
    end(text);
}

static void take_lane(struct events *events, struct replica *replica, uint32_t member) {
    struct replica_lane lane;
    replica_lane(replica, member, &lane);
    if (lane.committed_seq == events->seen[member].seq) return;
    events->seen[member].seq = lane.committed_seq;
    struct text *text = begin_member(events, TYPE_LANE, replica, member);
    text_format(text, ", \"seq\": %" PRIu64, lane.committed_seq);
    end(text);
}

static void take_executed(struct events *events, struct replica *replica) {
    const struct roster *roster = replica_roster(replica);
    for (uint32_t m = 0; m < roster->members; m++) {
        if (!roster_has(roster, m)) continue;
        take_lane(events, replica, m);
        take_suspicion(events, replica, m);
    }
}

void events_take(struct events *events, struct replica *replica, const struct replica_event *event) {
    switch (event->kind) {
    case EVENT_BELIEF: take_belief(events, event->belief); break;
    case EVENT_CERTIFIED: take_certificate(events, replica); break;
    case EVENT_LEVEL:
    case EVENT_THRESHOLD: take_partition(events, replica); break;
    case EVENT_MISBEHAVIOUR: take_misbehaviour(events, replica, event->member); break;
    case EVENT_EXECUTED: take_executed(events, replica); break;
    case EVENT_EPOCH: take_epoch(events, replica, event->height); break;
    default: break; /* of interest to this member alone */
    }
}

void events_init(struct events *events, struct replica *replica, uint64_t wall_us) {
    uint32_t members = machine_members(replica_machine(replica));
    (void)snprintf(events->boot, sizeof events->boot, "%" PRIx64, wall_us);
    for (uint32_t m = 0; m < members; m++) {
        struct standing_member standing;
        struct replica_lane lane;
        machine_standing(replica_machine(replica), m, &standing);
        replica_lane(replica, m, &lane);
        events->seen[m].reputation = standing.reputation;
        events->seen[m].suspicion = standing.suspicion;
        events->seen[m].seq = lane.committed_seq;
    }
}

/* What clients say. */

enum status events_read_types(const char *text, uint32_t *ret_types) {
    uint32_t types = 0;
    for (;;) {
        size_t bytes = strcspn(text, ",");
        unsigned type = 0;
        while (type < EVENT_TYPES && !slice_equal(slice_of(text, bytes), slice_of_text(names[type]))) type++;
        if (type == EVENT_TYPES) return STATUS_BAD_VALUE;
        types |= UINT32_C(1) << type;
        if (text[bytes] == '\0') break;
        text += bytes + 1;
    }
    *ret_types = types;
    return STATUS_OK;
}

enum status events_read_id(const struct events *events, const char *text, uint64_t *ret_number) {
    size_t boot = strlen(events->boot);
    int64_t number;
    if (strncmp(text, events->boot, boot) != 0 || text[boot] != '-') return STATUS_NOT_FOUND;
    const char *digits = text + boot + 1;
    if (strspn(digits, "0123456789") != strlen(digits)) return STATUS_NOT_FOUND;
    if (decimal_parse(slice_of_text(digits), 0, &number) != STATUS_OK) return STATUS_NOT_FOUND;
    *ret_number = (uint64_t)number;
    return STATUS_OK;
}
