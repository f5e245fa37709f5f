#include "quorum/quorum.h"

#include <stddef.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/num.h"

static const struct threshold raised_limit = {9, 10};

enum status threshold_check(struct threshold threshold) {
    uint64_t numerator = threshold.numerator, denominator = threshold.denominator;
    if (denominator < 1 || denominator > THRESHOLD_DENOMINATOR_MAX) return STATUS_BAD_VALUE;
    if (numerator > denominator || 3 * numerator <= 2 * denominator) return STATUS_BAD_VALUE;
    return STATUS_OK;
}

/* Reads a run of decimal digits. A number beyond what is allowed is not read to its end, but to a value that the
 * check refuses as well. */
static enum status take_number(struct slice text, size_t *at, uint32_t *ret_number) {
    size_t first = *at;
    uint32_t number = 0;
    while (*at < text.bytes && text.data[*at] >= '0' && text.data[*at] <= '9') {
        if (number <= THRESHOLD_DENOMINATOR_MAX) number = number * 10 + (uint32_t)(text.data[*at] - '0');
        (*at)++;
    }
    if (*at == first) return STATUS_BAD_FORMAT;
    if (text.data[first] == '0' && *at - first > 1) return STATUS_BAD_FORMAT;
    *ret_number = number;
    return STATUS_OK;
}

enum status threshold_parse(struct slice text, struct threshold *ret_threshold) {
    struct threshold threshold;
    size_t at = 0;
    TRY(take_number(text, &at, &threshold.numerator));
    if (at == text.bytes || text.data[at] != '/') return STATUS_BAD_FORMAT;
    at++;
    TRY(take_number(text, &at, &threshold.denominator));
    if (at != text.bytes) return STATUS_BAD_FORMAT;
    TRY(threshold_check(threshold));
    *ret_threshold = threshold;
    return STATUS_OK;
}

int threshold_compare(struct threshold a, struct threshold b) {
    uint64_t left = (uint64_t)a.numerator * b.denominator;
    uint64_t right = (uint64_t)b.numerator * a.denominator;
    return (left > right) - (left < right);
}

static struct threshold lowest_terms(struct threshold threshold) {
    uint32_t a = threshold.numerator, b = threshold.denominator;
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return (struct threshold){threshold.numerator / a, threshold.denominator / a};
}

struct threshold threshold_raised(struct threshold base) {
    CHECK(threshold_check(base) == STATUS_OK);
    if (threshold_compare(base, raised_limit) >= 0) return base;
    /* a/b + 15/100 = (20 a + 3 b) / (20 b) */
    struct threshold sum = {20 * base.numerator + 3 * base.denominator, 20 * base.denominator};
    if (threshold_compare(sum, raised_limit) >= 0) return raised_limit;
    struct threshold raised = lowest_terms(sum);
    if (raised.denominator <= THRESHOLD_DENOMINATOR_MAX) return raised;
    uint32_t most = THRESHOLD_DENOMINATOR_MAX;
    uint32_t numerator = (raised.numerator * most + raised.denominator - 1) / raised.denominator;
    return lowest_terms((struct threshold){numerator, most});
}

uint32_t quorum_size(uint32_t n, struct threshold threshold) {
    CHECK(n >= 1 && n <= MEMBERS_MAX);
    CHECK(threshold_check(threshold) == STATUS_OK);
    return (n * threshold.numerator + threshold.denominator - 1) / threshold.denominator;
}

uint32_t quorum_available(uint32_t n, struct threshold threshold) { return 2 * quorum_size(n, threshold) - n; }

uint32_t quorum_safe(uint32_t n, struct threshold threshold) { return quorum_available(n, threshold) - 1; }

uint32_t quorum_live(uint32_t n, struct threshold threshold) { return n - quorum_size(n, threshold); }

bool quorum_met(uint32_t heads, uint32_t n, struct threshold threshold) {
    CHECK(heads <= n);
    return heads >= quorum_size(n, threshold);
}

bool quorum_weight_met(uint64_t weight, uint64_t total, struct threshold threshold) {
    CHECK(threshold_check(threshold) == STATUS_OK);
    if (total == 0) return false;
    return (uint128)weight * threshold.denominator >= (uint128)total * threshold.numerator;
}
