/* Micro benchmarks: what one core does of each thing on the hot path, beside the libraries' own figures in the same run.
 *     bench/micro        prints a table: name, median and spread of 5 rounds
 * Nothing here passes or fails. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prng.h"
#include "crypto/ed25519.h"
#include "crypto/merkle.h"
#include "wire/item.h"

enum { ROUNDS = 5 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef void work(void *context, uint64_t count);

static void measure(const char *name, work *run, void *context, uint64_t count) {
    double each[ROUNDS];
    run(context, count / 10 + 1);
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        run(context, count);
        each[round] = (seconds() - start) / (double)count * 1e9;
    }
    qsort(each, ROUNDS, sizeof *each, by_value);
    printf("%-52s %10.0f ns   %10.0f /s   (%.0f .. %.0f ns)\n", name, each[ROUNDS / 2], 1e9 / each[ROUNDS / 2],
           each[0], each[ROUNDS - 1]);
}

static uint8_t message[256];
static volatile uint8_t sink;

static void hash_node(void *context, uint64_t count) {
    struct hash a = {{1}}, b = {{2}};
    (void)context;
    for (uint64_t i = 0; i < count; i++) merkle_node(&a, &b, &a);
    sink = a.bytes[0];
}

static void hash_leaf(void *context, uint64_t count) {
    struct hash a = {0};
    (void)context;
    for (uint64_t i = 0; i < count; i++) {
        message[0] = (uint8_t)i;
        merkle_leaf(slice_of(message, 200), &a);
    }
    sink = a.bytes[0];
}

static uint8_t secret[SECRET_BYTES], key[KEY_BYTES], signature[SIGNATURE_BYTES];

static void sign(void *context, uint64_t count) {
    (void)context;
    for (uint64_t i = 0; i < count; i++) ed25519_sign(secret, slice_of(message, 120), signature);
}

static void verify(void *context, uint64_t count) {
    (void)context;
    ed25519_sign(secret, slice_of(message, 120), signature);
    for (uint64_t i = 0; i < count; i++) {
        if (ed25519_verify(key, slice_of(message, 120), signature) != STATUS_OK) abort();
    }
}

static uint8_t body[BATCH_BYTES_MAX];
static size_t body_bytes;
enum { BODY_ITEMS = 10000 };

/* Tells of about 200 bytes: a question, an observation of 100 characters, a ratio, a content hash. */
static void make_body(const struct question_id *question) {
    struct writer writer = writer_of(body, sizeof body);
    uint8_t head[] = {0x99, BODY_ITEMS >> 8, BODY_ITEMS & 255};
    writer_put(&writer, head, sizeof head);
    for (int i = 0; i < BODY_ITEMS; i++) {
        char observation[128];
        snprintf(observation, sizeof observation, "indicator %08d seen at sensor %-70s", i, "gateway");
        struct item item = {.kind = ITEM_TELL};
        item.tell.question = *question;
        item.tell.observation = slice_of(observation, 100);
        item.tell.loglik_count = 1;
        item.tell.loglik[0] = 123456789 + i;
        item.tell.has_content = true;
        item.tell.observed_us = UINT64_C(1700000000000000);
        item_put(&writer, &item);
    }
    if (writer_status(&writer) != STATUS_OK) abort();
    body_bytes = writer.bytes;
}

static void check_items(void *context, uint64_t count) {
    (void)context;
    for (uint64_t i = 0; i < count; i += BODY_ITEMS) {
        struct hash root;
        if (items_check(slice_of(body, body_bytes), BODY_ITEMS, &root) != STATUS_OK) abort();
    }
}

int main(void) {
    struct prng prng = prng_seeded(1);
    uint8_t seed[32];
    for (size_t i = 0; i < sizeof message; i++) message[i] = (uint8_t)prng_next(&prng);
    for (size_t i = 0; i < sizeof seed; i++) seed[i] = (uint8_t)prng_next(&prng);
    ed25519_from_seed(seed, secret, key);
    struct question_id question = {{7}};
    make_body(&question);
    printf("median of %d rounds on one core; item of %zu bytes\n", ROUNDS, body_bytes / BODY_ITEMS);
    measure("SHA-256, Merkle node (65 B)", hash_node, NULL, 1000000);
    measure("SHA-256, Merkle leaf (200 B)", hash_leaf, NULL, 1000000);
    measure("Ed25519 sign (libsodium)", sign, NULL, 5000);
    measure("Ed25519 verify (libsodium)", verify, NULL, 5000);
    measure("items_check, per item (decode, leaf, append)", check_items, NULL, 500000);
    return 0;
}
