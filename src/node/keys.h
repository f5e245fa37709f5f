/* Secrets on disk: a member's keys and its API token, each one line in a file of mode 0600.
 *
 *     key      credimus-key/1 <64 hex digits: the Ed25519 seed>
 *     token    <64 hex digits>
 *
 * Invariant: a secret is never read from a file that others may read or write, never written over an existing file,
 * and wiped from memory as soon as it is handed out. */
#ifndef NODE_KEYS_H
#define NODE_KEYS_H

#include "base/bytes.h"
#include "base/status.h"
#include "node/config.h"

/* Draws a new key and creates the file. STATUS_CONFLICT when there is one already: a key is never overwritten.
 * STATUS_IO. */
enum status key_create(const char *path, uint8_t ret_key[KEY_BYTES], struct config_detail *ret_detail) MUST_USE;
/* STATUS_NOT_FOUND, STATUS_IO, STATUS_NOT_ALLOWED when group or others have any right to it, STATUS_BAD_FORMAT. Wipe
 * `ret_secret` (crypto_wipe) when done. */
enum status key_load(const char *path, uint8_t ret_secret[SECRET_BYTES], uint8_t ret_key[KEY_BYTES],
                     struct config_detail *ret_detail) MUST_USE;

/* The key that was kept ready becomes the key of the member's directory: key -> key.old, key.next -> key, each step
 * durable before the next. `key` is the public half of the one that it has to be: done already is STATUS_OK, and
 * STATUS_NOT_FOUND says that key.next is another one. After a crash at any point the directory loads, with both keys until
 * the last step, and the same call finishes it. STATUS_IO. */
enum status key_rotate(const char *directory, const uint8_t key[KEY_BYTES],
                       struct config_detail *ret_detail) MUST_USE;

/* The same for a token. */
enum status token_create(const char *path, struct config_detail *ret_detail) MUST_USE;
enum status token_load(const char *path, char ret_token[CONFIG_TOKEN_CHARACTERS + 1],
                       struct config_detail *ret_detail) MUST_USE;

/* Creates a file of the given mode with these bytes, synced, the directory too; never replaces one:
 * STATUS_CONFLICT. */
enum status file_create(const char *path, unsigned mode, struct slice bytes,
                        struct config_detail *ret_detail) MUST_USE;
/* Makes a name that a file was given, or lost, as durable as its bytes: syncs its directory. STATUS_TOO_LARGE, STATUS_IO. */
enum status file_sync_name(const char *path) MUST_USE;
/* Reads a whole file of at most `capacity` bytes. With `secret`, refuses one that group or others have any right to.
 * STATUS_NOT_FOUND, STATUS_TOO_LARGE, STATUS_IO, STATUS_NOT_ALLOWED. */
enum status file_read(const char *path, bool secret, void *ret_data, size_t capacity, size_t *ret_bytes,
                      struct config_detail *ret_detail) MUST_USE;

#endif
