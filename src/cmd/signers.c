#include "cmd/signers.h"

#include <stdio.h>

#include "base/check.h"
#include "node/config.h"

static json_t *signers_json(const struct verify_result *result) {
    json_t *signers = json_array();
    const struct member_set *who = &result->who;
    for (uint32_t m = member_set_next(who, 0); m < MEMBERS_MAX; m = member_set_next(who, m + 1)) {
        CHECK(json_array_append_new(signers, json_string(result->roster.names[m])) == 0);
    }
    return signers;
}

void signers_add(json_t *json, const struct verify_result *result) {
    char root[2 * HASH_BYTES + 1];
    bytes_to_hex(result->checkpoint.root.bytes, HASH_BYTES, root);
    json_t *more = json_pack("{s:o, s:i, s:i, s:I, s:I, s:I, s:s}", "signers", signers_json(result), "needed",
                             (int)result->needed, "members", (int)roster_heads(&result->roster), "weight",
                             (json_int_t)result->weight, "weight_total", (json_int_t)result->weight_total, "height",
                             (json_int_t)result->checkpoint.height, "root", root);
    CHECK(json != NULL && more != NULL && json_object_update(json, more) == 0);
    json_decref(more);
    char threshold[32];
    (void)snprintf(threshold, sizeof threshold, "%u/%u", result->checkpoint.threshold.numerator,
                   result->checkpoint.threshold.denominator);
    CHECK(json_object_set_new(json, "threshold", json_string(threshold)) == 0);
    CHECK(json_object_set_new(json, "apart", json_integer(result->apart)) == 0);
}

void signers_print(const struct verify_result *result) {
    char time[CONFIG_TIME_BYTES];
    config_time_put(result->state.time_us, time);
    (void)printf("  signed by %u of %u members (%u needed), %.0f %% of the weight:", result->signers,
                 roster_heads(&result->roster), result->needed,
                 result->weight_total > 0 ? 100.0 * (double)result->weight / (double)result->weight_total : 0.0);
    for (uint32_t m = member_set_next(&result->who, 0); m < MEMBERS_MAX; m = member_set_next(&result->who, m + 1)) {
        (void)printf(" %s", result->roster.names[m]);
    }
    (void)printf("\n  height %llu, %s, log of %llu leaves\n", (unsigned long long)result->checkpoint.height, time,
                 (unsigned long long)result->checkpoint.size);
    if (threshold_compare(result->checkpoint.threshold, result->roster.threshold) > 0)
        (void)printf("  made in a partition, at the threshold %u/%u: %u members said that they see one\n",
                     result->checkpoint.threshold.numerator, result->checkpoint.threshold.denominator, result->apart);
}
