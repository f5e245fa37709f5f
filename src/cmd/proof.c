/* credimus proof: misbehaviour that a member knows of, and the judgement of a proof by anybody, offline (docs/protocol.md 2, 4).
 *
 * A proof file is one line: "credimus/proof/1 <base64 of the proof>". Inside are the two signed statements that no honest member makes
 * both of; nothing that a third party says is needed to judge them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "codec/base64.h"
#include "node/config.h"
#include "node/keys.h"
#include "wire/handover_file.h"
#include "wire/proof.h"

#define PROOF_PREFIX "credimus/proof/1 "

enum { PROOF_FILE_BYTES_MAX = PROOF_BYTES_MAX / 3 * 4 + 128 };

/* --- what a running member knows --- */

static int fetch(const struct invocation *invocation, struct reply *ret_reply) {
    struct client *client;
    int code = client_open(invocation, invocation->arguments[0], false, &client);
    if (code != COMMAND_DONE) return code;
    code = client_demand(client, "/v1/proofs", slice_of(NULL, 0), NULL, ret_reply);
    client_close(client);
    return code;
}

static int list(const struct invocation *invocation) {
    struct reply reply;
    int code = fetch(invocation, &reply);
    if (code != COMMAND_DONE) return code;
    const json_t *proofs = json_object_get(reply.json, "proofs");
    size_t i;
    const json_t *proof;
    if (invocation->json) (void)fputs(reply.text, stdout);
    if (!invocation->json && json_array_size(proofs) == 0) (void)printf("no member is known to have misbehaved\n");
    if (!invocation->json) {
        json_array_foreach(proofs, i, proof) {
            (void)printf("%3zu  %-16s  %s, at %lld\n", i, reply_text(proof, "name", "?"),
                         reply_text(proof, "kind", "?"), reply_whole(proof, "at"));
        }
    }
    reply_free(&reply);
    return COMMAND_DONE;
}

enum { OPTION_OUTPUT };

static const struct option_spec save_options[] = {
    {"output", "FILE", "where to write it; an older one is replaced", 'o'},
    {0},
};

static int save(const struct invocation *invocation) {
    const char *output = option_text(invocation, OPTION_OUTPUT, NULL);
    struct reply reply;
    uint64_t number;
    if (output == NULL) return command_misuse(invocation, "-o FILE is missing");
    if (options_number(invocation->arguments[1], 0, 65535, &number) != STATUS_OK)
        return command_misuse(invocation, "the number of a proof, as 'credimus proof list' shows it, is missing");
    int code = fetch(invocation, &reply);
    if (code != COMMAND_DONE) return code;
    const json_t *proof = json_array_get(json_object_get(reply.json, "proofs"), number);
    if (proof == NULL) {
        code = command_refuse(invocation, status_name(STATUS_NOT_FOUND), "there is no proof %" PRIu64, number);
    } else {
        char line[PROOF_FILE_BYTES_MAX + 1];
        int bytes = snprintf(line, sizeof line, PROOF_PREFIX "%s\n", reply_text(proof, "proof", ""));
        CHECK(bytes > 0 && (size_t)bytes < sizeof line);
        code = output_write(invocation, output, slice_of(line, (size_t)bytes));
        if (code == COMMAND_DONE && !invocation->json)
            (void)printf("%s: against %s; check it with: credimus proof verify %s --genesis FILE\n", output,
                         reply_text(proof, "name", "?"), output);
    }
    reply_free(&reply);
    return code;
}

/* --- the judgement, offline --- */

enum { OPTION_GENESIS, OPTION_HANDOVERS };

static const struct option_spec verify_options[] = {
    {"genesis", "FILE", "genesis.json of the group, from somebody you trust", 0},
    {"handovers", "FILE", "who the members were later: handovers of a directory (credimus member learn)", 0},
    {0},
};

struct case_file {
    struct genesis genesis;
    struct hash chain;
    struct roster roster; /* by whose keys it is judged */
    uint8_t file[PROOF_FILE_BYTES_MAX];
    uint8_t bytes[PROOF_BYTES_MAX];
    uint8_t handovers[HANDOVER_FILE_BYTES_MAX];
    size_t handovers_bytes;
    uint8_t scratch[HANDOVER_BYTES_MAX];
};

/* The proof inside the one line of the file. */
static enum status unwrap(struct case_file *file, size_t file_bytes, struct slice *ret_proof) {
    size_t prefix = strlen(PROOF_PREFIX), bytes;
    if (file_bytes < prefix + 2 || memcmp(file->file, PROOF_PREFIX, prefix) != 0) return STATUS_BAD_FORMAT;
    if (file->file[file_bytes - 1] != '\n') return STATUS_BAD_FORMAT;
    TRY(base64_decode(slice_of(file->file + prefix, file_bytes - prefix - 1), file->bytes, sizeof file->bytes,
                      &bytes));
    *ret_proof = slice_of(file->bytes, bytes);
    return STATUS_OK;
}

static int report(const struct invocation *invocation, const struct case_file *file, const struct proof *proof) {
    const char *name = file->roster.names[proof->member];
    const char *what = proof->kind == PROOF_FORK ? "signed two different batches at position"
                                                 : "signed votes that exclude each other in view";
    if (invocation->json) {
        (void)printf("{\"ok\": true, \"member\": %" PRIu32 ", \"name\": \"%s\", \"kind\": \"%s\", \"at\": %" PRIu64
                     "}\n",
                     proof->member, name, proof->kind == PROOF_FORK ? "fork" : "votes", proof->at);
    } else {
        (void)printf("PROVEN  %s %s %" PRIu64 "\n  no honest member does that; both signatures are good\n", name,
                     what, proof->at);
    }
    return COMMAND_DONE;
}

/* A key is a member's in one stretch of epochs and never comes back, so the proof is good in any epoch in whose roster it
 * stands. `ret_lines` counts the handovers that were followed; `ret_lost` says that the next one is no good. */
static enum status judge_in_any_epoch(struct case_file *file, struct slice proof_bytes, struct proof *ret_proof,
                                      uint64_t *ret_lines, bool *ret_lost) {
    struct slice handovers = slice_of(file->handovers, file->handovers_bytes);
    roster_of(&file->genesis, &file->roster);
    *ret_lost = false;
    for (*ret_lines = 0;; ++*ret_lines) {
        struct keyring keyring = roster_keyring(&file->roster);
        enum status status = proof_verify(proof_bytes, &file->chain, &keyring, ret_proof);
        if (status != STATUS_BAD_SIGNATURE && status != STATUS_UNKNOWN_MEMBER) return status;
        enum status next = handover_file_next(&handovers, &file->chain, file->scratch, &file->roster);
        *ret_lost = next != STATUS_OK && next != STATUS_NOT_FOUND;
        if (next != STATUS_OK) return *ret_lost ? next : status;
    }
}

static enum status load(const struct invocation *invocation, struct case_file *file, size_t *ret_file_bytes,
                        struct config_detail *ret_detail) {
    const char *handovers = option_text(invocation, OPTION_HANDOVERS, NULL);
    TRY(genesis_load(option_text(invocation, OPTION_GENESIS, ""), &file->genesis, ret_detail));
    genesis_chain(&file->genesis, &file->chain);
    if (handovers != NULL)
        TRY(file_read(handovers, false, file->handovers, sizeof file->handovers, &file->handovers_bytes, ret_detail));
    return file_read(invocation->arguments[0], false, file->file, sizeof file->file, ret_file_bytes, ret_detail);
}

static int judge(const struct invocation *invocation, struct case_file *file) {
    struct config_detail detail;
    struct slice bytes;
    struct proof proof;
    size_t file_bytes;
    enum status status = load(invocation, file, &file_bytes, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    status = unwrap(file, file_bytes, &bytes);
    uint64_t lines = 0;
    bool is_lost = false;
    if (status == STATUS_OK) status = judge_in_any_epoch(file, bytes, &proof, &lines, &is_lost);
    if (status == STATUS_OK) return report(invocation, file, &proof);
    if (is_lost)
        return command_refuse(invocation, status_name(status), "%s, line %" PRIu64 ": %s",
                              option_text(invocation, OPTION_HANDOVERS, ""), lines + 1, status_text(status));
    bool may_be_later = status == STATUS_BAD_SIGNATURE || status == STATUS_UNKNOWN_MEMBER;
    return command_refuse(invocation, status_name(status),
                          "REFUSED %s: it proves nothing against a member of this group: %s%s",
                          invocation->arguments[0], status_text(status),
                          may_be_later && !option_given(invocation, OPTION_HANDOVERS)
                              ? "; if the members have changed since the genesis, say how: --handovers"
                              : "");
}

static int verify(const struct invocation *invocation) {
    if (!option_given(invocation, OPTION_GENESIS)) return command_misuse(invocation, "--genesis FILE is missing");
    struct case_file *file = calloc(1, sizeof *file);
    CHECK(file != NULL);
    int code = judge(invocation, file);
    free(file);
    return code;
}

const struct command command_proof_list = {
    .name = "proof list",
    .arguments = "MEMBER_DIR",
    .help = "List the proofs of misbehaviour that a member knows",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = list,
};

const struct command command_proof_save = {
    .name = "proof save",
    .arguments = "MEMBER_DIR NUMBER",
    .help = "Write a proof of misbehaviour to a file",
    .options = save_options,
    .arguments_min = 2,
    .arguments_max = 2,
    .json = true,
    .run = save,
};

const struct command command_proof_verify = {
    .name = "proof verify",
    .arguments = "FILE --genesis FILE",
    .help = "Check a proof of misbehaviour offline, from the genesis on",
    .more =
        "Exit status 0 means: the member that it names signed two statements that no honest member signs both of.",
    .options = verify_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = verify,
};
