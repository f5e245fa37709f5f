/* The machine on one core: reports a second through the execution of blocks, all detectors on, beside the same reports
 * handed to the question alone.
 *     bench/machine [MEMBERS [REPORTS]]     default 16 members, a million reports
 * A block has a batch of each member, a batch 500 tells of two hypotheses. What is timed is the execution of blocks, from
 * encoded items to the checkpoint; making the items is not. The last tenth against the first shows whether a report
 * costs more as history grows. Nothing here passes or fails. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/check.h"
#include "belief/huber.h"
#include "crypto/sha256.h"
#include "lab/evidence.h"
#include "lab/group.h"

enum { TELLS = 500, TENTH = 10 };
#define POOL_BYTES (UINT64_C(1) << 32)

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What everybody tells about the observations of one block; the truth is a coin, so that no verdict comes. */
static void draw(struct prng *prng, uint32_t members, int64_t *ret_loglik) {
    for (uint32_t i = 0; i < TELLS; i++)
        evidence_draw(prng, EVIDENCE_GAUSSIAN, members, 2, (uint32_t)prng_below(prng, 2),
                      ret_loglik + (size_t)i * members * 2);
}

static void name_of(uint32_t block, uint32_t i, char ret_name[32]) {
    (void)snprintf(ret_name, 32, "sensor 7, %u", block * TELLS + i);
}

static struct question_id ask(struct group *group) {
    struct item item = {.kind = ITEM_ASK};
    item.ask.title = slice_of_text("which?");
    item.ask.hypotheses_count = 2;
    item.ask.hypotheses[0] = slice_of_text("first");
    item.ask.hypotheses[1] = slice_of_text("second");
    item.ask.cap = evidence_spread(EVIDENCE_GAUSSIAN);
    item.ask.decide_at = PARAMETER_LIMIT_QUANTA;
    item.ask.window_us = 1000000;
    struct question_id id = group_say(group, 0, &item);
    group_seal(group, 0, 1, false);
    group_block(group);
    return id;
}

static void fill_block(struct group *group, struct question_id question, uint32_t members, uint32_t block,
                       const int64_t *loglik) {
    for (uint32_t m = 0; m < members; m++) {
        for (uint32_t i = 0; i < TELLS; i++) {
            struct item item = {.kind = ITEM_TELL};
            const int64_t *told = loglik + ((size_t)i * members + m) * 2;
            char name[32];
            name_of(block, i, name);
            item.tell.question = question;
            item.tell.observation = slice_of_text(name);
            item.tell.loglik_count = 1;
            item.tell.loglik[0] = told[0] - told[1];
            (void)group_say(group, m, &item);
        }
        group_seal(group, m, 2 + block * UINT64_C(1000) + m, true);
    }
}

static void append(void *context, struct slice chunk) { writer_put(context, chunk.data, chunk.bytes); }

/* What a snapshot of this state costs: the hash that every member makes once an interval, the bytes for a file, and a
 * newcomer's loading. */
static void run_snapshot(const struct machine *machine) {
    const struct genesis *genesis = machine_genesis(machine);
    uint64_t size = machine_snapshot_bytes(machine);
    struct writer writer = writer_of(malloc(size), size);
    CHECK(writer.data != NULL);
    memset(writer.data, 0, size); /* its pages are there */
    struct snapshot_hasher hasher;
    snapshot_hasher_init(&hasher);
    double start = seconds();
    machine_save(machine, snapshot_hash_chunk, &hasher);
    double hashed = seconds();
    machine_save(machine, append, &writer);
    double saved = seconds();
    size_t bytes = machine_bytes(genesis);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    struct machine *copy = machine_init(memory, bytes, genesis);
    double ready = seconds();
    CHECK(machine_load(copy, writer_slice(&writer)) == STATUS_OK);
    double loaded = seconds();
    printf("snapshot of %.1f MB          hashed in %.0f ms, saved in %.0f ms, loaded in %.0f ms\n",
           (double)size / 1e6, (hashed - start) * 1e3, (saved - hashed) * 1e3, (loaded - ready) * 1e3);
    munmap(memory, bytes);
    free(writer.data);
}

static void run_machine(uint32_t members, uint32_t blocks, int64_t *loglik) {
    struct prng prng = prng_seeded(1);
    struct group *group = group_new(members);
    struct question_id question = ask(group);
    double total = 0, first = 0, last = 0;
    for (uint32_t b = 0; b < blocks; b++) {
        draw(&prng, members, loglik);
        fill_block(group, question, members, b, loglik);
        double start = seconds();
        group_block(group);
        double spent = seconds() - start;
        total += spent;
        if (b < blocks / TENTH) first += spent;
        if (b >= blocks - blocks / TENTH) last += spent;
    }
    struct record_belief belief;
    CHECK(machine_belief_at(group_machine(group), 0, &belief) == STATUS_OK);
    double reports = (double)belief.items;
    uint32_t tenth = blocks / TENTH * TELLS * members;
    printf("machine, detectors on        %8.2f s  %6.0f ns a report  (first tenth %.0f, last tenth %.0f)\n", total,
           total / reports * 1e9, first / tenth * 1e9, last / tenth * 1e9);
    run_snapshot(group_machine(group));
    group_free(group);
}

/* The reference: the same reports, decoded already, to the question alone; nobody watches. */
static void run_question(uint32_t members, uint32_t blocks, int64_t *loglik) {
    struct prng prng = prng_seeded(1);
    void *memory = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct pool pool;
    uint32_t weights[MEMBERS_MAX];
    struct question *question;
    struct question_parameters parameters = question_parameters_default(2, QUESTION_PANEL);
    CHECK(memory != MAP_FAILED);
    pool_init(&pool, memory, POOL_BYTES);
    for (uint32_t m = 0; m < members; m++) weights[m] = HUBER_WEIGHT_ONE;
    parameters.cap = evidence_spread(EVIDENCE_GAUSSIAN);
    CHECK(question_create(&pool, &parameters, 1, &question) == STATUS_OK);
    struct question_context context = {
        .members = members, .heads = members, .quorum = quorum_size(members, THRESHOLD_DEFAULT), .weights = weights};
    double total = 0;
    for (uint32_t b = 0; b < blocks; b++) {
        draw(&prng, members, loglik);
        double start = seconds();
        for (uint32_t m = 0; m < members; m++) {
            for (uint32_t i = 0; i < TELLS; i++) {
                struct hash observation;
                char name[32];
                name_of(b, i, name);
                sha256_of(slice_of_text(name), &observation);
                struct question_evidence evidence = {.member = m,
                                                     .observation = &observation,
                                                     .loglik = loglik + ((size_t)i * members + m) * 2,
                                                     .seq = b + 1};
                CHECK(question_tell(question, &pool, &context, &evidence, b + 1) == STATUS_OK);
            }
        }
        total += seconds() - start;
    }
    double reports = (double)blocks * TELLS * members;
    printf("question alone, no detectors %8.2f s  %6.0f ns a report\n", total, total / reports * 1e9);
    (void)munmap(memory, POOL_BYTES);
}

static void run_hashes(uint32_t count) {
    struct hash hash = {{1}};
    double start = seconds();
    for (uint32_t i = 0; i < count; i++) sha256_of(slice_of(hash.bytes, HASH_BYTES), &hash);
    printf("SHA-256 of 32 bytes          %8.2f s  %6.0f ns each\n", seconds() - start,
           (seconds() - start) / count * 1e9);
}

int main(int count, char **arguments) {
    uint32_t members = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 16;
    uint32_t reports = count > 2 ? (uint32_t)strtoul(arguments[2], NULL, 10) : 1000000;
    if (members < MEMBERS_MIN || members > MEMBERS_MAX || reports < TENTH * TELLS * members) return 2;
    uint32_t blocks = reports / TELLS / members;
    int64_t *loglik = calloc((size_t)TELLS * members * 2, sizeof *loglik);
    CHECK(loglik != NULL);
    printf("%u reports, %u members, %u blocks\n", blocks * TELLS * members, members, blocks);
    run_machine(members, blocks, loglik);
    run_question(members, blocks, loglik);
    run_hashes(blocks * TELLS * members);
    free(loglik);
    return 0;
}
