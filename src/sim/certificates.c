/* Certificate files: what a member would hand to a reader is made from its replica and its disk, and verified by the offline verifier, with
 * the genesis and nothing else. Every verdict, once on each honest member, as soon as its newest certificate covers it; and now and then
 * the belief of an open question, whose certificate has to be of the very height.
 *
 * Cost: q signatures for a file. A height costs every member three times as many signatures as there are members, and a verdict comes
 * once in dozens of heights, a sample once in SAMPLE_EVERY: less than a fiftieth of a run. */
#include <stdlib.h>

#include "base/check.h"
#include "replica/certificate.h"
#include "sim/world.h"
#include "verifier/verify.h"

enum { SAMPLE_EVERY = 16 };

/* Only what is used of it is ever touched. */
struct certificate_room {
    struct certificate_capture capture;
    uint8_t pieces[CERTIFICATE_BYTES_MAX];
    uint8_t file[CERTIFICATE_BYTES_MAX];
    uint8_t scratch[CERTIFICATE_BYTES_MAX];
};

static struct certificate_room *room_of(struct sim *sim) {
    if (sim->room == NULL) sim->room = malloc(sizeof *sim->room);
    CHECK(sim->room != NULL);
    return sim->room;
}

/* The record's own words, compared with what the member believes. Opening its commitment is the one thing that still changes a
 * question after its verdict. */
static bool same_belief(const struct record_belief *belief, const struct record_belief *certified) {
    bool is_opened = belief->opening != certified->opening;
    bool same_height = is_opened ? belief->height > certified->height : belief->height == certified->height;
    return memcmp(&belief->question, &certified->question, sizeof belief->question) == 0 &&
           slice_equal(belief->title, certified->title) && belief->status == certified->status &&
           belief->top == certified->top && belief->items == certified->items && same_height;
}

static void verify(struct sim_member *body, uint64_t question, const struct certificate_capture *capture,
                   struct slice file) {
    struct sim *sim = body->sim;
    const struct verify_policy policy = {0};
    struct verify_result result;
    struct record_belief belief;
    enum verify_step step;
    enum status status = verify_certificate(file, &sim->genesis, &policy, sim->room->scratch,
                                            sizeof sim->room->scratch, &result, &step);
    sim->report.certificates++;
    if (status != STATUS_OK) {
        sim_violation(sim, "a certificate file does not verify", "member %u, question %llu: not that %s: %s",
                      body->number, (unsigned long long)question, verify_step_text(step), status_text(status));
        return;
    }
    status = machine_belief_at(replica_machine(body->replica), question, &belief);
    if (status != STATUS_OK || result.is_verdict != (capture == NULL) || !same_belief(&belief, &result.belief))
        sim_violation(sim, "a certificate file says something else", "member %u, question %llu", body->number,
                      (unsigned long long)question);
    if (sim->watch != WATCH_NOTHING)
        sim_trace(sim,
                  "m%u: the certificate of question %llu verifies: %s at height %llu, signed by %u, needed are %u",
                  body->number, (unsigned long long)question, result.is_verdict ? "a verdict" : "still open",
                  (unsigned long long)result.checkpoint.height, result.signers, result.needed);
}

/* False: it can't be made now, because the state has moved past the certified height, or because what ended the epoch before has not
 * enough signatures yet (sim_settle sees that it gets them). */
static bool look_at(struct sim_member *body, uint64_t question, const struct certificate_capture *capture,
                    uint64_t leaf, uint64_t certified) {
    struct certificate_room *room = room_of(body->sim);
    const struct certificate_log log = {body->disk, body->sim->disk->read_leaf, body->sim->disk->read_node};
    struct writer pieces = writer_of(room->pieces, sizeof room->pieces);
    struct writer file = writer_of(room->file, sizeof room->file);
    enum status made = replica_certificate(body->replica, &log, capture, leaf, &pieces, &file);
    bool past = machine_height(replica_machine(body->replica)) > certified;
    if (made == STATUS_NOT_FINAL && (past || !sim_handed_over(body->replica))) return false;
    if (made == STATUS_OK) {
        verify(body, question, capture, writer_slice(&file));
    } else {
        sim_violation(body->sim, "a certificate file can't be made", "member %u, question %llu: %s", body->number,
                      (unsigned long long)question, status_text(made));
    }
    return true;
}

static void make_room_for(struct sim_member *body, uint64_t questions) {
    if (questions <= body->judged_count) return;
    body->judged = realloc(body->judged, (questions + 16) * sizeof *body->judged);
    CHECK(body->judged != NULL);
    memset(body->judged + body->judged_count, 0, (questions + 16 - body->judged_count) * sizeof *body->judged);
    body->judged_count = questions + 16;
}

static void look_at_verdicts(struct sim_member *body, const struct checkpoint *certified) {
    const struct machine *machine = replica_machine(body->replica);
    uint64_t leaf;
    make_room_for(body, machine_questions_count(machine));
    for (uint64_t q = 0; q < machine_questions_count(machine); q++) {
        if (body->judged[q] || machine_verdict_index(machine, q, &leaf) != STATUS_OK || leaf >= certified->size)
            continue;
        body->judged[q] = look_at(body, q, NULL, leaf, certified->height);
    }
}

/* An open question, another one each time, when the newest state is the certified one. */
static void look_at_sample(struct sim_member *body, const struct checkpoint *certified) {
    struct machine *machine = replica_machine(body->replica);
    uint64_t questions = machine_questions_count(machine), leaf;
    bool due = certified->height >= body->sampled + SAMPLE_EVERY && machine_height(machine) == certified->height;
    if (!due || questions == 0) return;
    uint64_t question = (certified->height + body->number) % questions;
    if (machine_verdict_index(machine, question, &leaf) == STATUS_OK) return;
    body->sampled = certified->height;
    struct certificate_capture *capture = &room_of(body->sim)->capture;
    enum status caught = replica_capture(body->replica, question, capture);
    CHECK(caught == STATUS_OK);
    look_at(body, question, capture, 0, certified->height);
}

void sim_check_certificates(struct sim_member *body, uint64_t height) {
    struct checkpoint certified;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    if (height == body->certified_seen) return;
    body->certified_seen = height;
    if (replica_certified(body->replica, &certified, signatures, &count) != STATUS_OK) return;
    look_at_verdicts(body, &certified);
    look_at_sample(body, &certified);
}

void sim_certificates_forget(struct sim_member *body) { free(body->judged); }

void sim_certificates_close(struct sim *sim) { free(sim->room); }
