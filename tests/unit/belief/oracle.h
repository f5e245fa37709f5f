/* Oracle: the Huber location straight from its definition, slow and plain. Nothing here calls the code under test. */
#ifndef TESTS_BELIEF_ORACLE_H
#define TESTS_BELIEF_ORACLE_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

__extension__ typedef __int128 wide;

enum { ORACLE_MAX = 300 };

/* Stops a randomised test with the seed that replays it. */
#define assert_seeded(condition, seed)                                                                               \
    do {                                                                                                             \
        if (!(condition)) fail_msg("%s (seed %llu)", #condition, (unsigned long long)(seed));                        \
    } while (0)

struct oracle_ratio {
    wide numerator;
    wide denominator;
};

static inline wide oracle_force(const int64_t *x, const uint32_t *w, size_t n, int64_t cap, int64_t t) {
    wide force = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t residual = x[i] - t;
        if (residual > cap) residual = cap;
        if (residual < -cap) residual = -cap;
        force += (wide)w[i] * residual;
    }
    return force;
}

static inline int oracle_ascending(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Where the line through (p, fp) and (r, fr) is zero; fp != fr. */
static inline struct oracle_ratio oracle_crossing(int64_t p, wide fp, int64_t r, wide fr) {
    return (struct oracle_ratio){p * (fp - fr) + fp * (r - p), fp - fr};
}

/* The first t with F(t) <= 0 and the last with F(t) >= 0. */
static inline void oracle_zeros(const int64_t *x, const uint32_t *w, size_t n, int64_t cap, struct oracle_ratio *left,
                                struct oracle_ratio *right) {
    static int64_t breakpoints[2 * ORACLE_MAX];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (w[i] == 0) continue;
        breakpoints[count++] = x[i] - cap;
        breakpoints[count++] = x[i] + cap;
    }
    qsort(breakpoints, count, sizeof *breakpoints, oracle_ascending);
    bool has_left = false;
    bool has_right = false;
    for (size_t i = 1; i < count; i++) {
        int64_t p = breakpoints[i - 1];
        int64_t r = breakpoints[i];
        wide fp = oracle_force(x, w, n, cap, p);
        wide fr = oracle_force(x, w, n, cap, r);
        if (!has_left && fp > 0 && fr <= 0) {
            *left = oracle_crossing(p, fp, r, fr);
            has_left = true;
        }
        if (!has_right && fp >= 0 && fr < 0) {
            *right = oracle_crossing(p, fp, r, fr);
            has_right = true;
        }
    }
    assert(has_left && has_right);
}

/* Only for small numbers: the denominators are multiplied. */
static inline struct oracle_ratio oracle_location(const int64_t *x, const uint32_t *w, size_t n, int64_t cap) {
    struct oracle_ratio left = {0, 1};
    struct oracle_ratio right = {0, 1};
    oracle_zeros(x, w, n, cap, &left, &right);
    return (struct oracle_ratio){left.numerator * right.denominator + right.numerator * left.denominator,
                                 2 * left.denominator * right.denominator};
}

static inline int oracle_compare(struct oracle_ratio a, struct oracle_ratio b) {
    wide left = a.numerator * b.denominator;
    wide right = b.numerator * a.denominator;
    return (left > right) - (left < right);
}

/* To nearest, ties to even, by way of the floor. */
static inline wide oracle_round(wide numerator, wide denominator) {
    wide floor = numerator / denominator;
    if (floor * denominator > numerator) floor--;
    wide rest = 2 * (numerator - floor * denominator);
    if (rest > denominator) return floor + 1;
    if (rest < denominator) return floor;
    return floor % 2 == 0 ? floor : floor + 1;
}

static inline int oracle_popcount(unsigned bits) {
    int count = 0;
    for (; bits != 0; bits >>= 1) count += (int)(bits & 1);
    return count;
}

#endif
