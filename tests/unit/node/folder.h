/* A folder that lives as long as a test. */
#ifndef TEST_NODE_FOLDER_H
#define TEST_NODE_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    char file[128];
};

static inline struct folder folder_new(void) {
    struct folder folder = {"/tmp/credimus-test-XXXXXX", ""};
    if (mkdtemp(folder.path) == NULL) abort();
    return folder;
}

/* The path of a file in it; valid until the next call. */
static inline const char *folder_file(struct folder *folder, const char *name) {
    (void)snprintf(folder->file, sizeof folder->file, "%s/%s", folder->path, name);
    return folder->file;
}

static inline void folder_put(struct folder *folder, const char *name, const char *text, mode_t mode) {
    FILE *file = fopen(folder_file(folder, name), "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(folder->file, mode) != 0) abort();
}

static inline void folder_delete(struct folder *folder) {
    static const char *const names[] = {"config.json", "genesis.json", "key", "key.next",
                                        "key.old",     "token",        "a",   "b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) (void)unlink(folder_file(folder, names[i]));
    (void)rmdir(folder->path);
}

#endif
