/* credimus testnet new: keys, genesis and configurations of a group on one machine, to try things out. A real group
 * makes each key on its member's own machine (credimus key new) and shares public halves only. */
#include "cmd/testnet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "cmd/options.h"
#include "codec/note.h"
#include "node/keys.h"

enum status testnet_member_directory(const char *directory, uint32_t member, char *ret_path, size_t path_bytes) {
    char name[16];
    (void)snprintf(name, sizeof name, "m%u", member);
    return config_path(directory, name, ret_path, path_bytes);
}

/* One that exists is fine: what must not be there are the files. */
static enum status make_directory(const char *path, struct config_detail *ret_detail) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return STATUS_OK;
    config_detail_set(ret_detail, "%s cannot be created: %s", path, strerror(errno));
    return STATUS_IO;
}

static enum status path_of(const char *directory, const char *name, char ret_path[CONFIG_PATH_BYTES],
                           struct config_detail *ret_detail) {
    enum status status = config_path(directory, name, ret_path, CONFIG_PATH_BYTES);
    if (status != STATUS_OK) config_detail_set(ret_detail, "the path %s is too long", directory);
    return status;
}

/* Before any file is made, so that a bad name leaves nothing behind. */
static enum status judge_name(const struct genesis *genesis, uint32_t member, struct config_detail *ret_detail) {
    const char *name = genesis->member_names[member];
    if (!note_name_valid(slice_of_text(name))) {
        config_detail_set(ret_detail, "\"%s\" cannot be a name: no spaces, no '+', no control characters", name);
        return STATUS_BAD_FORMAT;
    }
    for (uint32_t i = 0; i < member; i++) {
        if (strcmp(genesis->member_names[i], name) != 0) continue;
        config_detail_set(ret_detail, "--names has \"%s\" twice", name);
        return STATUS_DUPLICATE;
    }
    return STATUS_OK;
}

/* Takes names off "a,b,c"; without a list they are m0, m1, ... */
static enum status name_members(const char *names, struct genesis *genesis, struct config_detail *ret_detail) {
    for (uint32_t i = 0; i < genesis_heads(genesis); i++) {
        char *name = genesis->member_names[i];
        if (names == NULL) {
            (void)snprintf(name, MEMBER_NAME_BYTES_MAX + 1, "m%u", i);
            continue;
        }
        size_t bytes = strcspn(names, ",");
        bool is_last = names[bytes] == '\0';
        if (is_last != (i + 1 == genesis_heads(genesis))) {
            config_detail_set(ret_detail, "--names must name each of the %u members once", genesis_heads(genesis));
            return STATUS_BAD_VALUE;
        }
        if (bytes == 0 || bytes > MEMBER_NAME_BYTES_MAX) {
            config_detail_set(ret_detail, "the name of member %u has no characters or more than %u bytes", i,
                              MEMBER_NAME_BYTES_MAX);
            return STATUS_BAD_VALUE;
        }
        memcpy(name, names, bytes);
        name[bytes] = '\0';
        TRY(judge_name(genesis, i, ret_detail));
        names += bytes + (is_last ? 0 : 1);
    }
    return STATUS_OK;
}

static enum status make_secrets(const struct testnet_plan *plan, uint32_t member, uint8_t ret_key[KEY_BYTES],
                                struct config_detail *ret_detail) {
    char directory[CONFIG_PATH_BYTES];
    char path[CONFIG_PATH_BYTES];
    TRY(testnet_member_directory(plan->directory, member, directory, sizeof directory));
    TRY(make_directory(directory, ret_detail));
    TRY(path_of(directory, KEY_FILE, path, ret_detail));
    TRY(key_create(path, ret_key, ret_detail));
    TRY(path_of(directory, TOKEN_FILE, path, ret_detail));
    return token_create(path, ret_detail);
}

static enum status write_member(struct node_config *config, const struct testnet_plan *plan, uint32_t member,
                                struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    unsigned port = plan->base_port + member;
    config->member = member;
    TRY(testnet_member_directory(plan->directory, member, config->directory, sizeof config->directory));
    (void)snprintf(config->listen, sizeof config->listen, "127.0.0.1:%u", port);
    (void)snprintf(config->api, sizeof config->api, "127.0.0.1:%u", port + TESTNET_API_PORT_OFFSET);
    TRY(path_of(config->directory, GENESIS_FILE, path, ret_detail));
    TRY(genesis_write(path, &config->genesis, ret_detail));
    return node_config_write(config, ret_detail);
}

static uint64_t wall_us(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void plan_genesis(const struct testnet_plan *plan, struct node_config *config) {
    struct genesis *genesis = &config->genesis;
    (void)snprintf(genesis->name, sizeof genesis->name, "testnet");
    genesis->created_us = wall_us();
    genesis->threshold = plan->threshold;
    genesis->members = plan->members + plan->vacant;
    genesis->vacant = plan->vacant;
    genesis->state_bytes_max = STATE_BYTES_DEFAULT;
    for (uint32_t i = 0; i < plan->members; i++) {
        (void)snprintf(config->peers[i], sizeof config->peers[i], "127.0.0.1:%u", plan->base_port + i);
    }
}

static enum status create(const struct testnet_plan *plan, struct node_config *config,
                          struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    plan_genesis(plan, config);
    TRY(name_members(plan->names, &config->genesis, ret_detail));
    TRY(make_directory(plan->directory, ret_detail));
    TRY(path_of(plan->directory, GENESIS_FILE, path, ret_detail));
    struct stat about;
    if (stat(path, &about) == 0) {
        config_detail_set(ret_detail, "%s exists: there is a group in %s already", path, plan->directory);
        return STATUS_CONFLICT;
    }
    for (uint32_t i = 0; i < plan->members; i++) {
        TRY(make_secrets(plan, i, config->genesis.keys[i], ret_detail));
    }
    CHECK(genesis_valid(&config->genesis) == STATUS_OK);
    for (uint32_t i = 0; i < plan->members; i++) TRY(write_member(config, plan, i, ret_detail));
    /* Last, because its presence says that the group is whole. */
    return genesis_write(path, &config->genesis, ret_detail);
}

enum status testnet_create(const struct testnet_plan *plan, struct config_detail *ret_detail) {
    struct node_config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    config_detail_set(ret_detail, "the path %s is too long", plan->directory);
    enum status status = create(plan, config, ret_detail);
    free(config);
    return status;
}

int testnet_plan_from(const struct invocation *invocation, uint32_t members_option, uint32_t threshold_option,
                      uint32_t base_port_option, struct testnet_plan *ret_plan) {
    struct testnet_plan plan = {.directory = invocation->arguments[0]};
    uint64_t members;
    uint64_t port;
    int code = option_number(invocation, members_option, MEMBERS_MIN, MEMBERS_MAX, TESTNET_MEMBERS_DEFAULT, &members);
    if (code != COMMAND_DONE) return code;
    code = option_number(invocation, base_port_option, 1, UINT16_MAX - TESTNET_API_PORT_OFFSET - members + 1,
                         TESTNET_PORT_DEFAULT, &port);
    if (code != COMMAND_DONE) return code;
    code = option_threshold(invocation, threshold_option, THRESHOLD_DEFAULT, &plan.threshold);
    if (code != COMMAND_DONE) return code;
    plan.members = (uint32_t)members;
    plan.base_port = (uint16_t)port;
    *ret_plan = plan;
    return COMMAND_DONE;
}

enum { OPTION_MEMBERS, OPTION_THRESHOLD, OPTION_BASE_PORT, OPTION_NAMES, OPTION_VACANT };

static const struct option_spec options[] = {
    {"members", "N", "4 to 256 (default 4)", 0},
    {"threshold", "FRACTION", "above 2/3 and at most 1 (default 3/4)", 0},
    {"base-port", "P", "member i listens on P + i, its API on P + 1000 + i (default 7100)", 0},
    {"names", "A,B,...", "names of the members (default m0,m1,...)", 0},
    {"vacant", "N", "places for members that are added later (default 0)", 0},
    {0},
};

static int print_created(const struct testnet_plan *plan) {
    (void)printf("%s: genesis.json and %u members, m0 to m%u\nstart them: credimus testnet up %s\n", plan->directory,
                 plan->members, plan->members - 1, plan->directory);
    return COMMAND_DONE;
}

static int run(const struct invocation *invocation) {
    struct testnet_plan plan;
    struct config_detail detail;
    int code = testnet_plan_from(invocation, OPTION_MEMBERS, OPTION_THRESHOLD, OPTION_BASE_PORT, &plan);
    if (code != COMMAND_DONE) return code;
    plan.names = option_text(invocation, OPTION_NAMES, NULL);
    uint64_t vacant;
    code = option_number(invocation, OPTION_VACANT, 0, MEMBERS_MAX - plan.members, 0, &vacant);
    if (code != COMMAND_DONE) return code;
    plan.vacant = (uint32_t)vacant;
    enum status status = testnet_create(&plan, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return print_created(&plan);
}

const struct command command_testnet_new = {
    .name = "testnet new",
    .arguments = "DIR",
    .help = "Make a group on this machine: genesis, keys, tokens, configurations",
    .more = "For trying things out: all keys are made in one place. In a real group each member makes its own key\n"
            "(credimus key new) and hands over the public half.",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
