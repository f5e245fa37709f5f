/* credimus erase: takes the content bytes of an observation out of one stopped member's ledger (ledger/erase.h). Everything signed stays and still
 * verifies; other members, backups and whoever read the bytes have them still, and this says so. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/describe.h"
#include "cmd/options.h"
#include "cmd/screen.h"
#include "ledger/erase.h"
#include "node/config.h"

enum { OPTION_MEMBER };

static const struct option_spec options[] = {
    {"member", "NAME", "only what this member told; else what anybody told", 0},
    {0},
};

struct erasing {
    const struct invocation *invocation;
    struct node_config config;
    struct ledger_erasure erasure;
};

static int find_member(struct erasing *erasing) {
    const char *name = option_text(erasing->invocation, OPTION_MEMBER, NULL);
    erasing->erasure.member = MEMBERS_MAX;
    if (name == NULL) return COMMAND_DONE;
    for (uint32_t i = 0; i < erasing->config.genesis.members; i++) {
        if (strcmp(erasing->config.genesis.member_names[i], name) == 0) erasing->erasure.member = i;
    }
    if (erasing->erasure.member != MEMBERS_MAX) return COMMAND_DONE;
    return command_refuse(erasing->invocation, status_name(STATUS_UNKNOWN_MEMBER), "no member is called \"%s\"",
                          name);
}

static int read_arguments(struct erasing *erasing) {
    const struct invocation *invocation = erasing->invocation;
    char question[QUESTION_TEXT_BYTES];
    int code = question_parse(invocation, invocation->arguments[1], question);
    if (code != COMMAND_DONE) return code;
    enum status status = bytes_from_hex(slice_of_text(question), erasing->erasure.question.bytes, QUESTION_ID_BYTES);
    CHECK(status == STATUS_OK);
    erasing->erasure.observation = slice_of_text(invocation->arguments[2]);
    struct config_detail detail;
    status = node_config_load_public(invocation->arguments[0], &erasing->config, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return find_member(erasing);
}

static int refuse_open(const struct erasing *erasing, enum status status, const char *detail) {
    const char *path = erasing->config.ledger_path;
    if (status == STATUS_LOCKED)
        return command_refuse(erasing->invocation, status_name(status),
                              "%s is in use: stop the member, erase, and start it again; it catches up by itself",
                              path);
    return command_refuse(erasing->invocation, status_name(status), "%s: %s", path,
                          *detail != '\0' ? detail : status_text(status));
}

static void print_erased(const struct ledger_erased *erased) {
    if (erased->contents > 0) {
        (void)printf("erased: %" PRIu64 " content%s of %" PRIu64 " bytes, from this ledger and its log\n",
                     erased->contents, erased->contents == 1 ? "" : "s", erased->bytes);
    } else {
        (void)printf("already erased: nothing of it was in this ledger any more; the file was written anew\n");
    }
    if (erased->elsewhere > 0)
        (void)printf("the same bytes stand under %" PRIu64 " other tells, and stay there\n", erased->elsewhere);
    (void)printf("other members, backups and whoever read it may have it still\n");
}

static int print(const struct erasing *erasing, const struct ledger_erased *erased) {
    const struct invocation *invocation = erasing->invocation;
    if (!erased->question_known)
        return command_refuse(invocation, status_name(STATUS_UNKNOWN_QUESTION), "%s knows no question %s",
                              erasing->config.ledger_path, invocation->arguments[1]);
    if (erased->tells == 0) {
        const char *name = option_text(invocation, OPTION_MEMBER, NULL);
        return command_refuse(invocation, status_name(STATUS_NOT_FOUND), "%s%s \"%s\" about this question",
                              name != NULL ? name : "nobody", name != NULL ? " did not tell" : " told",
                              invocation->arguments[2]);
    }
    if (erased->contents + erased->before == 0)
        return command_refuse(invocation, status_name(STATUS_NOT_FOUND),
                              "\"%s\" has no content in this ledger: there is nothing to erase",
                              invocation->arguments[2]);
    if (!invocation->json) {
        print_erased(erased);
    } else {
        (void)printf("{\"erased\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"erased_before\": %" PRIu64
                     ", \"elsewhere\": %" PRIu64 "}\n",
                     erased->contents, erased->bytes, erased->before, erased->elsewhere);
    }
    return COMMAND_DONE;
}

static int erase(struct erasing *erasing) {
    char detail[512] = "";
    struct ledger *ledger;
    struct ledger_erased erased;
    /* Opening would make a new one. */
    if (access(erasing->config.ledger_path, F_OK) != 0)
        return refuse_open(erasing, STATUS_NOT_FOUND, "there is no ledger");
    enum status status = ledger_open(erasing->config.ledger_path, &erasing->config.chain, erasing->config.member,
                                     &ledger, detail, sizeof detail);
    if (status != STATUS_OK) return refuse_open(erasing, status, detail);
    status = ledger_erase(ledger, &erasing->erasure, &erased);
    const char *said = ledger_error_text(ledger);
    int code =
        status == STATUS_OK ? print(erasing, &erased)
        : status == STATUS_LOCKED && *said == '\0'
            ? command_refuse(erasing->invocation, status_name(status),
                             "a backup of %s is being made; erase when it is done", erasing->config.ledger_path)
            : command_refuse(erasing->invocation, status_name(status),
                             "%s: %s; the bytes may still be there, call this again", erasing->config.ledger_path,
                             *said != '\0' ? said : status_text(status));
    ledger_close(ledger);
    return code;
}

static int run(const struct invocation *invocation) {
    struct erasing *erasing = calloc(1, sizeof *erasing);
    CHECK(erasing != NULL);
    erasing->invocation = invocation;
    int code = read_arguments(erasing);
    if (code == COMMAND_DONE) {
        /* The file that the ledger is written anew through is as large and as secret as the ledger: not in a public place. */
        (void)setenv("SQLITE_TMPDIR", erasing->config.directory, 1);
        code = erase(erasing);
    }
    free(erasing);
    return code;
}

const struct command command_erase = {
    .name = "erase",
    .arguments = "MEMBER_DIR QUESTION OBSERVATION",
    .help = "Erase the content of an observation from the ledger of a stopped member",
    .more =
        "Only the bytes go: proofs, signatures and certificates are over their hash and still verify. The ledger is\n"
        "written anew, which takes time and, for a while, three times its room. Other members and backups keep what\n"
        "they have: erase there too, and make new backups in place of old ones.",
    .options = options,
    .arguments_min = 3,
    .arguments_max = 3,
    .json = true,
    .run = run,
};
