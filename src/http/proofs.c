/* Misbehaviour (docs/protocol.md 7): the two signed statements that prove it, for anybody to check. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/base64.h"
#include "http/render.h"
#include "http/state.h"
#include "wire/proof.h"

const char *render_proof_kind(enum proof_kind kind) { return kind == PROOF_FORK ? "fork" : "votes"; }

static void put_base64(struct text *text, struct slice bytes) {
    size_t encoded = base64_encoded_bytes(bytes.bytes);
    char *base64 = malloc(encoded);
    CHECK(base64 != NULL);
    base64_encode(bytes, base64);
    text_put(text, base64, encoded);
    free(base64);
}

static void put_proof(struct text *text, const struct machine *machine, uint32_t index, struct slice bytes) {
    struct proof proof;
    /* Whatever the replica keeps was verified before. */
    CHECK(proof_read(bytes, machine_chain(machine), &proof) == STATUS_OK);
    text_format(text, "{\"id\": \"%" PRIu32 "-%" PRIu32 "\", \"member\": %" PRIu32 ", \"name\": ", proof.member,
                index, proof.member);
    render_name(text, render_roster(machine), proof.member);
    text_format(text, ", \"kind\": \"%s\", \"at\": %" PRIu64 ", \"proof\": \"", render_proof_kind(proof.kind),
                proof.at);
    put_base64(text, bytes);
    text_put_text(text, "\"}");
}

/* By member, then in the order in which they became known. */
void proofs_handle_list(struct request *request) {
    const struct replica *replica = http_replica(request->http);
    const struct machine *machine = replica_machine(http_replica(request->http));
    struct cursor at = request->from;
    struct text text = {0};
    struct slice bytes;
    uint64_t put = 0;
    bool is_more = false;
    text_put_text(&text, "{\"proofs\": [");
    while (at.major < machine_members(machine) && !is_more) {
        if (replica_proof(replica, (uint32_t)at.major, (uint32_t)at.minor, &bytes) != STATUS_OK) {
            at = (struct cursor){.major = at.major + 1};
        } else if (put == request->limit) {
            is_more = true;
        } else {
            if (put++ > 0) text_put_text(&text, ", ");
            put_proof(&text, machine, (uint32_t)at.minor++, bytes);
        }
    }
    text_put_text(&text, "], \"next\": ");
    render_next(&text, &at, is_more);
    text_put_text(&text, "}\n");
    answer_json(request, MHD_HTTP_OK, &text);
}

/* The file that `credimus proof verify` takes (docs/formats.md). */
void proofs_handle_one(struct request *request) {
    struct text text = {0};
    struct slice bytes;
    struct refusal refusal;
    if (replica_proof(http_replica(request->http), request->member, request->proof, &bytes) != STATUS_OK) {
        (void)refusal_say(&refusal, STATUS_NOT_FOUND, "there is no proof %" PRIu32 " against member %" PRIu32,
                          request->proof, request->member);
        answer_refusal(request, &refusal);
        return;
    }
    text_put_text(&text, "credimus/proof/1 ");
    put_base64(&text, bytes);
    text_put_text(&text, "\n");
    answer_text(request, MHD_HTTP_OK, "text/plain; charset=utf-8", &text);
}
