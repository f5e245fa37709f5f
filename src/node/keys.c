/* Secrets on disk (node/keys.h): a secret that others could have read is refused, because whoever has a member's key
 * is that member. Files are created in one go and synced, so that a crash leaves a whole file or none that counts. */
#include "node/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/ed25519.h"
#include "crypto/secret.h"

#define KEY_PREFIX "credimus-key/1 "

enum {
    KEY_PREFIX_BYTES = sizeof KEY_PREFIX - 1,
    KEY_FILE_BYTES = KEY_PREFIX_BYTES + 2 * ED25519_SEED_BYTES + 1,
    TOKEN_FILE_BYTES = CONFIG_TOKEN_CHARACTERS + 1,
    /* A little more is read than fits, so that a longer file is called malformed and not cut off. */
    SECRET_FILE_BYTES_MAX = 256,
};

static enum status write_all(int file, struct slice bytes) {
    while (bytes.bytes > 0) {
        ssize_t written = write(file, bytes.data, bytes.bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return errno == ENOSPC || errno == EDQUOT ? STATUS_DISK_FULL : STATUS_IO;
        bytes = slice_of(bytes.data + written, bytes.bytes - (size_t)written);
    }
    return STATUS_OK;
}

enum status file_sync_name(const char *path) {
    char copy[CONFIG_PATH_BYTES];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) return STATUS_TOO_LARGE;
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return STATUS_IO;
    enum status status = fsync(directory) == 0 ? STATUS_OK : STATUS_IO;
    (void)close(directory);
    return status;
}

static enum status fill_and_sync(int file, const char *path, unsigned mode, struct slice bytes) {
    /* The mode given to open is narrowed by the umask. */
    if (fchmod(file, mode) != 0) return STATUS_IO;
    TRY(write_all(file, bytes));
    if (fsync(file) != 0) return STATUS_IO;
    return file_sync_name(path);
}

enum status file_create(const char *path, unsigned mode, struct slice bytes, struct config_detail *ret_detail) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) {
        bool exists = errno == EEXIST;
        config_detail_set(ret_detail,
                          exists ? "%s exists already and is not overwritten" : "%s cannot be created: %s", path,
                          strerror(errno));
        return exists ? STATUS_CONFLICT : STATUS_IO;
    }
    enum status status = fill_and_sync(file, path, mode, bytes);
    int error = errno;
    if (close(file) != 0 && status == STATUS_OK) status = STATUS_IO;
    if (status == STATUS_OK) return STATUS_OK;
    (void)unlink(path);
    config_detail_set(ret_detail, "%s cannot be written: %s", path, strerror(error));
    return status;
}

/* Reads to the end; STATUS_TOO_LARGE when there is more than fits. */
static enum status read_all(int file, void *data, size_t capacity, size_t *ret_bytes) {
    size_t bytes = 0;
    for (;;) {
        uint8_t beyond;
        bool full = bytes == capacity;
        ssize_t got = read(file, full ? &beyond : (uint8_t *)data + bytes, full ? 1 : capacity - bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return STATUS_IO;
        if (got == 0) break;
        if (full) return STATUS_TOO_LARGE;
        bytes += (size_t)got;
    }
    *ret_bytes = bytes;
    return STATUS_OK;
}

/* The rights are those of the open file: between a check by name and the opening it could be another one. */
static enum status file_judge(int file, const char *path, bool secret, struct config_detail *ret_detail) {
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        config_detail_set(ret_detail, "%s is not a regular file", path);
        return STATUS_IO;
    }
    if (secret && (about.st_mode & 077) != 0) {
        config_detail_set(
            ret_detail,
            "%s can be used by others (mode %04o); if nobody has read it, chmod 600 %s, else make a new one", path,
            (unsigned)(about.st_mode & 07777), path);
        return STATUS_NOT_ALLOWED;
    }
    return STATUS_OK;
}

enum status file_read(const char *path, bool secret, void *ret_data, size_t capacity, size_t *ret_bytes,
                      struct config_detail *ret_detail) {
    /* Without O_NONBLOCK a named pipe in the place of the file would hold the process up for ever. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        enum status status = errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_IO;
        config_detail_set(ret_detail, "%s cannot be read: %s", path, strerror(errno));
        return status;
    }
    enum status status = file_judge(file, path, secret, ret_detail);
    if (status == STATUS_OK) {
        status = read_all(file, ret_data, capacity, ret_bytes);
        if (status == STATUS_TOO_LARGE) config_detail_set(ret_detail, "%s is longer than %zu bytes", path, capacity);
        if (status == STATUS_IO) config_detail_set(ret_detail, "%s cannot be read: %s", path, strerror(errno));
    }
    (void)close(file);
    return status;
}

static void random_fill(void *ret_data, size_t bytes) {
    CHECK(sodium_init() >= 0);
    randombytes_buf(ret_data, bytes);
}

enum status key_create(const char *path, uint8_t ret_key[KEY_BYTES], struct config_detail *ret_detail) {
    uint8_t seed[ED25519_SEED_BYTES];
    uint8_t secret[SECRET_BYTES];
    uint8_t key[KEY_BYTES];
    char line[KEY_FILE_BYTES + 1] = KEY_PREFIX;
    random_fill(seed, sizeof seed);
    bytes_to_hex(seed, sizeof seed, line + KEY_PREFIX_BYTES);
    line[KEY_FILE_BYTES - 1] = '\n';
    enum status status = file_create(path, 0600, slice_of(line, KEY_FILE_BYTES), ret_detail);
    if (status == STATUS_OK) {
        ed25519_from_seed(seed, secret, key);
        memcpy(ret_key, key, KEY_BYTES);
        crypto_wipe(secret, sizeof secret);
    }
    crypto_wipe(seed, sizeof seed);
    crypto_wipe(line, sizeof line);
    return status;
}

/* "credimus-key/1 ", the seed in hex, and a newline that an editor may have dropped. */
static enum status seed_parse(struct slice line, uint8_t ret_seed[ED25519_SEED_BYTES]) {
    if (line.bytes > 0 && line.data[line.bytes - 1] == '\n') line.bytes--;
    if (line.bytes != KEY_FILE_BYTES - 1) return STATUS_BAD_FORMAT;
    if (memcmp(line.data, KEY_PREFIX, KEY_PREFIX_BYTES) != 0) return STATUS_BAD_FORMAT;
    struct slice hex = slice_of(line.data + KEY_PREFIX_BYTES, line.bytes - KEY_PREFIX_BYTES);
    return bytes_from_hex(hex, ret_seed, ED25519_SEED_BYTES);
}

enum status key_load(const char *path, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES],
                     struct config_detail *ret_detail) {
    char line[SECRET_FILE_BYTES_MAX];
    uint8_t seed[ED25519_SEED_BYTES];
    size_t bytes = 0;
    enum status status = file_read(path, true, line, sizeof line, &bytes, ret_detail);
    if (status == STATUS_OK) {
        status = seed_parse(slice_of(line, bytes), seed);
        if (status == STATUS_OK) {
            ed25519_from_seed(seed, ret_secret, ret_key);
        } else {
            config_detail_set(ret_detail, "%s is not a key file: one line, \"" KEY_PREFIX "\" and 64 hex digits",
                              path);
        }
    }
    crypto_wipe(seed, sizeof seed);
    crypto_wipe(line, sizeof line);
    return status;
}

/* --- the change from one key to the next --- */

struct rotation {
    char key[CONFIG_PATH_BYTES];
    char next[CONFIG_PATH_BYTES];
    char old[CONFIG_PATH_BYTES];
};

static enum status rotation_of(const char *directory, struct rotation *ret_rotation) {
    TRY(config_path(directory, KEY_FILE, ret_rotation->key, sizeof ret_rotation->key));
    TRY(config_path(directory, KEY_NEXT_FILE, ret_rotation->next, sizeof ret_rotation->next));
    return config_path(directory, KEY_OLD_FILE, ret_rotation->old, sizeof ret_rotation->old);
}

static bool holds_key(const char *path, const uint8_t key[KEY_BYTES]) {
    uint8_t secret[SECRET_BYTES];
    uint8_t found[KEY_BYTES];
    struct config_detail detail;
    enum status status = key_load(path, secret, found, &detail);
    crypto_wipe(secret, sizeof secret);
    return status == STATUS_OK && memcmp(found, key, KEY_BYTES) == 0;
}

/* `key` names a whole file at any moment: its second name is made first, and then the first one moves in one go. */
static enum status rotate(const struct rotation *rotation) {
    if (unlink(rotation->old) != 0 && errno != ENOENT) return STATUS_IO;
    if (link(rotation->key, rotation->old) != 0) return STATUS_IO;
    TRY(file_sync_name(rotation->key));
    if (rename(rotation->next, rotation->key) != 0) return STATUS_IO;
    return file_sync_name(rotation->key);
}

enum status key_rotate(const char *directory, const uint8_t key[KEY_BYTES], struct config_detail *ret_detail) {
    struct rotation rotation;
    TRY(rotation_of(directory, &rotation));
    if (holds_key(rotation.key, key)) return STATUS_OK;
    if (!holds_key(rotation.next, key)) {
        config_detail_set(ret_detail, "%s is not the key that is wanted", rotation.next);
        return STATUS_NOT_FOUND;
    }
    enum status status = rotate(&rotation);
    if (status != STATUS_OK)
        config_detail_set(ret_detail, "%s can't take the place of %s: %s", rotation.next, rotation.key,
                          strerror(errno));
    return status;
}

enum status token_create(const char *path, struct config_detail *ret_detail) {
    uint8_t random[CONFIG_TOKEN_CHARACTERS / 2];
    char line[TOKEN_FILE_BYTES + 1];
    random_fill(random, sizeof random);
    bytes_to_hex(random, sizeof random, line);
    line[TOKEN_FILE_BYTES - 1] = '\n';
    enum status status = file_create(path, 0600, slice_of(line, TOKEN_FILE_BYTES), ret_detail);
    crypto_wipe(random, sizeof random);
    crypto_wipe(line, sizeof line);
    return status;
}

enum status token_load(const char *path, char ret_token[CONFIG_TOKEN_CHARACTERS + 1],
                       struct config_detail *ret_detail) {
    char line[SECRET_FILE_BYTES_MAX];
    uint8_t token[CONFIG_TOKEN_CHARACTERS / 2];
    size_t bytes = 0;
    enum status status = file_read(path, true, line, sizeof line, &bytes, ret_detail);
    if (status == STATUS_OK) {
        if (bytes > 0 && line[bytes - 1] == '\n') bytes--;
        status = bytes_from_hex(slice_of(line, bytes), token, sizeof token);
        if (status == STATUS_OK) {
            bytes_to_hex(token, sizeof token, ret_token);
        } else {
            config_detail_set(ret_detail, "%s is not a token: one line of 64 hex digits", path);
        }
    }
    crypto_wipe(token, sizeof token);
    crypto_wipe(line, sizeof line);
    return status;
}
