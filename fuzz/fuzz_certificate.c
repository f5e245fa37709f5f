/* Fuzz target: a certificate file whose form is accepted is written again byte for byte, and whatever is verified
 * against a fixed genesis is what its four members signed. The records inside are decoded and written again too:
 * no signature guards them here. */
#include "../tests/unit/verifier/sample_log.h"
#include "fuzz_wire.h"
#include "verifier/verify.h"

static void write_records_again(const struct certificate *certificate) {
    struct record_belief belief;
    struct record_state state;
    enum record_kind kind;
    struct writer writer = writer_for(certificate->belief.bytes);
    if (record_belief_read(certificate->belief, &kind, &belief) == STATUS_OK) {
        record_belief_put(&writer, kind, &belief);
        require_same(&writer, certificate->belief);
    } else {
        free(writer.data);
    }
    writer = writer_for(certificate->state.bytes);
    if (record_state_read(certificate->state, &state) == STATUS_OK) {
        record_state_put(&writer, &state);
        require_same(&writer, certificate->state);
    } else {
        free(writer.data);
    }
}

static void write_members_again(const struct certificate *certificate) {
    for (uint32_t i = 0; i < certificate->members; i++) {
        struct record_member member;
        if (record_member_read(certificate->member_records[i], &member) != STATUS_OK) continue;
        struct writer writer = writer_for(certificate->member_records[i].bytes);
        record_member_put(&writer, &member);
        require_same(&writer, certificate->member_records[i]);
    }
}

static void write_again(struct slice input, uint8_t *scratch) {
    struct certificate certificate;
    if (certificate_read(input, scratch, input.bytes, &certificate) != STATUS_OK) return;
    struct writer writer = writer_for(input.bytes);
    certificate_put(&writer, &certificate);
    require_same(&writer, input);
    write_records_again(&certificate);
    write_members_again(&certificate);
}

static void verify(struct slice input, uint8_t *scratch) {
    static const struct verify_policy policy;
    static struct genesis genesis;
    struct verify_result result;
    enum verify_step step;
    struct sample_log log = sample_log_good();
    if (genesis.members == 0) sample_log_genesis(&log, &genesis);
    enum status status = verify_certificate(input, &genesis, &policy, scratch, input.bytes, &result, &step);
    require((status == STATUS_OK) == (step == VERIFY_DONE));
    if (status != STATUS_OK) return;
    require(result.signers >= 3 && result.checkpoint.height == SAMPLE_HEIGHT);
    require(slice_equal(result.belief.title, slice_of_text("Is it so?")) && result.belief.top == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    uint8_t *scratch = malloc(bytes + 1);
    if (scratch == NULL) abort();
    write_again(slice_of(data, bytes), scratch);
    verify(slice_of(data, bytes), scratch);
    free(scratch);
    return 0;
}
