/* credimus key: makes a member's key, and shows the public half that goes into the genesis. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "crypto/secret.h"
#include "node/keys.h"

static int print_key(const struct invocation *invocation, const uint8_t key[KEY_BYTES]) {
    char hex[2 * KEY_BYTES + 1];
    bytes_to_hex(key, KEY_BYTES, hex);
    (void)printf(invocation->json ? "{\"key\": \"%s\"}\n" : "%s\n", hex);
    return COMMAND_DONE;
}

static int run_new(const struct invocation *invocation) {
    uint8_t key[KEY_BYTES];
    struct config_detail detail;
    enum status status = key_create(invocation->arguments[0], key, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return print_key(invocation, key);
}

/* In a directory that has a key already: what is made here takes its place later. */
static enum status make_next(const char *directory, uint8_t ret_key[KEY_BYTES], struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    uint8_t secret[SECRET_BYTES];
    uint8_t present[KEY_BYTES];
    config_detail_set(ret_detail, "the path %s is too long", directory);
    TRY(config_path(directory, KEY_FILE, path, sizeof path));
    enum status status = key_load(path, secret, present, ret_detail);
    crypto_wipe(secret, sizeof secret);
    if (status != STATUS_OK) return status;
    TRY(config_path(directory, KEY_NEXT_FILE, path, sizeof path));
    return key_create(path, ret_key, ret_detail);
}

static int run_next(const struct invocation *invocation) {
    uint8_t key[KEY_BYTES];
    struct config_detail detail;
    enum status status = make_next(invocation->arguments[0], key, &detail);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return print_key(invocation, key);
}

static int run_show(const struct invocation *invocation) {
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    struct config_detail detail;
    enum status status = key_load(invocation->arguments[0], secret, key, &detail);
    crypto_wipe(secret, sizeof secret);
    if (status != STATUS_OK) return command_refuse(invocation, status_name(status), "%s", detail.text);
    return print_key(invocation, key);
}

const struct command command_key_new = {
    .name = "key new",
    .arguments = "FILE",
    .help = "Make a new key (mode 0600) and print its public half",
    .more = "A key is never overwritten. The file is the member: whoever reads it can sign for it.",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run_new,
};

const struct command command_key_next = {
    .name = "key next",
    .arguments = "MEMBER_DIR",
    .help = "Make the key that is to replace a member's (key.next), print its public half",
    .more = "The member loads it when it starts or gets SIGHUP. When the group has agreed on it, the member signs "
            "with it\n"
            "at once and swaps the files: key becomes key.old, key.next becomes key. Nothing is overwritten before.",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run_next,
};

const struct command command_key_show = {
    .name = "key show",
    .arguments = "FILE",
    .help = "Print the public half of a key, as it stands in a genesis",
    .arguments_min = 1,
    .arguments_max = 1,
    .json = true,
    .run = run_show,
};
