/* Losses by hand: frames of one kind from one member to another are lost, as long as a script wants it. That is how a scenario reaches a
 * case that chance rarely does. A frame that is lost meets no dice, as on a blocked link. */
#include <stdlib.h>

#include "base/check.h"
#include "sim/world.h"

static const struct traffic {
    const char *name;
    enum frame_type type;
    enum vote_kind kind; /* 0: any */
} traffic[] = {
    {"proposal", FRAME_PROPOSAL, 0},
    {"notarize", FRAME_VOTE, VOTE_NOTARIZE},
    {"nullify", FRAME_VOTE, VOTE_NULLIFY},
    {"finalize", FRAME_VOTE, VOTE_FINALIZE},
    {"notarization", FRAME_CERTIFICATE, VOTE_NOTARIZE},
    {"nullification", FRAME_CERTIFICATE, VOTE_NULLIFY},
    {"finalization", FRAME_CERTIFICATE, VOTE_FINALIZE},
    {"batch", FRAME_BATCH, 0},
    {"block", FRAME_BLOCK, 0},
    {"range", FRAME_RANGE, 0},
    {"attestation", FRAME_ATTESTATION, 0},
};
enum { TRAFFIC_COUNT = sizeof traffic / sizeof *traffic };

bool sim_lose(struct sim *sim, const char *what, uint32_t from, uint32_t to, bool lost) {
    uint32_t n = sim->config.members;
    for (uint32_t i = 0; i < TRAFFIC_COUNT; i++) {
        if (strcmp(traffic[i].name, what) != 0) continue;
        if (sim->losses == NULL) sim->losses = calloc((size_t)n * n, sizeof *sim->losses);
        CHECK(sim->losses != NULL);
        uint16_t *losses = &sim->losses[from * n + to];
        *losses = (uint16_t)(lost ? *losses | 1u << i : *losses & ~(1u << i));
        return true;
    }
    return false;
}

void sim_lose_nothing(struct sim *sim) {
    free(sim->losses);
    sim->losses = NULL;
}

/* The kind of a certificate is inside its own encoding. */
static enum vote_kind kind_of(const struct frame *frame) {
    struct vote_certificate certificate;
    struct reader reader = reader_of(frame->certificate);
    if (frame->type == FRAME_VOTE) return frame->vote.kind;
    if (frame->type != FRAME_CERTIFICATE || vote_certificate_take(&reader, &certificate) != STATUS_OK) return 0;
    return certificate.kind;
}

bool sim_loses(const struct sim *sim, uint32_t from, uint32_t to, const struct flying *flying) {
    struct frame frame;
    uint32_t losses = sim->losses == NULL ? 0 : sim->losses[from * sim->config.members + to];
    if (losses == 0 || frame_read(slice_of(flying->data, flying->bytes), &frame) != STATUS_OK) return false;
    enum vote_kind kind = kind_of(&frame);
    for (uint32_t i = 0; i < TRAFFIC_COUNT; i++) {
        bool meant = traffic[i].type == frame.type && (traffic[i].kind == 0 || traffic[i].kind == kind);
        if (meant && (losses >> i & 1) != 0) return true;
    }
    return false;
}
