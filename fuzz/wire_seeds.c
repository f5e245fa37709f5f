/* Writes the seeds of the fuzz targets of wire/ and verifier/: valid encodings of small random values.
 *
 * usage: wire_seeds FOLDER      where FOLDER has a folder for each target (fuzz/corpus) */
#include <stdio.h>
#include <stdlib.h>

#include "../tests/unit/verifier/sample_log.h"
#include "../tests/unit/wire/sample.h"
#include "codec/cbor.h"
#include "wire/proof.h"

static const struct hash chain = {{7}};

static void write_seed(const char *folder, const char *target, const char *name, unsigned number,
                       const struct writer *seed) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/fuzz_%s/%s-%02u", folder, target, name, number);
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && !seed->overflowed && fwrite(seed->data, 1, seed->bytes, file) == seed->bytes;
    if (file == NULL || fclose(file) != 0 || !written) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_headers(const char *folder, struct prng *prng) {
    uint8_t buffer[2 * HEADER_BYTES_MAX];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    uint8_t pair[2][1024];
    struct header header;
    struct hash hash;
    for (unsigned i = 0; i < 4; i++) {
        struct writer seed = writer_of(buffer, sizeof buffer);
        sample_header(prng, i, &header);
        sample_key(header.member, secret, key);
        header_sign(&header, &chain, secret, &seed, &hash);
        write_seed(folder, "header", "header", i, &seed);
    }
    struct slice objects[2];
    for (unsigned i = 0; i < 2; i++) {
        struct writer object = writer_of(pair[i], sizeof pair[i]);
        header.wall_us += i;
        header_sign(&header, &chain, secret, &object, &hash);
        objects[i] = writer_slice(&object);
    }
    struct writer seed = writer_of(buffer, sizeof buffer);
    proof_put(&seed, PROOF_FORK, objects[0], objects[1]);
    write_seed(folder, "header", "fork", 0, &seed);
}

static void write_items(const char *folder, struct prng *prng) {
    static struct sample_texts texts;
    uint8_t buffer[4 * ITEM_BYTES_MAX];
    for (unsigned i = 0; i < 8; i++) {
        struct writer seed = writer_of(buffer, sizeof buffer);
        unsigned count = i % 4;
        cbor_put_array(&seed, count);
        for (unsigned j = 0; j < count; j++) {
            struct item item;
            sample_item(prng, &texts, &item);
            item_put(&seed, &item);
        }
        write_seed(folder, "item", "body", i, &seed);
    }
}

static void write_votes_and_blocks(const char *folder, struct prng *prng) {
    uint8_t buffer[4096];
    for (unsigned i = 0; i < 4; i++) {
        struct vote vote;
        struct vote_certificate certificate;
        struct block block;
        struct writer seed = writer_of(buffer, sizeof buffer);
        sample_vote(prng, &vote);
        vote_put(&seed, &vote);
        write_seed(folder, "vote", "vote", i, &seed);
        seed = writer_of(buffer, sizeof buffer);
        sample_certificate(prng, 4, &certificate);
        vote_certificate_put(&seed, &certificate);
        write_seed(folder, "vote", "certificate", i, &seed);
        seed = writer_of(buffer, sizeof buffer);
        sample_block(prng, i, &block);
        block_put(&seed, &block, &chain);
        write_seed(folder, "block", "block", i, &seed);
    }
}

static void write_frames(const char *folder, struct prng *prng) {
    uint8_t buffer[8192];
    uint8_t contents[256];
    for (unsigned type = FRAME_HELLO; type < FRAME_TYPE_COUNT; type++) {
        struct frame frame;
        struct writer seed = writer_of(buffer, sizeof buffer);
        sample_frame(prng, (enum frame_type)type, contents, &frame);
        frame_put(&seed, &frame);
        write_seed(folder, "frame", "type", type, &seed);
    }
}

static void write_certificates(const char *folder) {
    uint8_t buffer[8192];
    struct sample_log log = sample_log_good();
    for (unsigned i = 0; i < 4; i++) {
        struct writer seed = writer_of(buffer, sizeof buffer);
        log.question = i % 2 == 1;
        log.signers = i < 2 ? 0x7 : 0xf;
        sample_log_certify(&log, &seed);
        write_seed(folder, "certificate", "certificate", i, &seed);
    }
}

/* Two votes and two headers of the member that fuzz_proof expects to be guilty, and a header beside itself. */
static void write_proofs(const char *folder) {
    enum { GUILTY = 2 };
    uint8_t buffer[PROOF_BYTES_MAX], pair[2][1024], secret[SECRET_BYTES], key[KEY_BYTES];
    struct writer a = writer_of(pair[0], sizeof pair[0]), b = writer_of(pair[1], sizeof pair[1]);
    struct vote vote = {.view = 5, .kind = VOTE_NULLIFY, .member = GUILTY};
    struct header header = {.member = GUILTY, .seq = 1, .wall_us = 1, .bytes = 1};
    struct hash hash;
    sample_key(GUILTY, secret, key);
    vote_sign(&vote, &chain, secret);
    vote_put(&a, &vote);
    vote.kind = VOTE_FINALIZE;
    vote.block = chain;
    vote_sign(&vote, &chain, secret);
    vote_put(&b, &vote);
    struct writer seed = writer_of(buffer, sizeof buffer);
    proof_put(&seed, PROOF_VOTE, writer_slice(&a), writer_slice(&b));
    write_seed(folder, "proof", "votes", 0, &seed);
    a = writer_of(pair[0], sizeof pair[0]);
    b = writer_of(pair[1], sizeof pair[1]);
    header_sign(&header, &chain, secret, &a, &hash);
    header.wall_us++;
    header_sign(&header, &chain, secret, &b, &hash);
    for (unsigned i = 0; i < 2; i++) {
        seed = writer_of(buffer, sizeof buffer);
        proof_put(&seed, PROOF_FORK, writer_slice(&a), writer_slice(i == 0 ? &b : &a));
        write_seed(folder, "proof", "fork", i, &seed);
    }
}

static void write_genesis(const char *folder) {
    uint8_t buffer[GENESIS_BYTES_MAX];
    struct writer seed = writer_of(buffer, sizeof buffer);
    struct genesis genesis;
    sample_genesis(4, &genesis);
    genesis_put(&seed, &genesis);
    write_seed(folder, "genesis", "canonical", 0, &seed);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        (void)fprintf(stderr, "usage: wire_seeds FOLDER\n");
        return EXIT_FAILURE;
    }
    struct prng prng = prng_seeded(1);
    write_headers(argv[1], &prng);
    write_items(argv[1], &prng);
    write_votes_and_blocks(argv[1], &prng);
    write_frames(argv[1], &prng);
    write_certificates(argv[1]);
    write_proofs(argv[1]);
    write_genesis(argv[1]);
    return EXIT_SUCCESS;
}
