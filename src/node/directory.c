/* Holding a member's directory, and the marks of a restored ledger (node/directory.h). The order is that of caution: what closes the lane
 * comes first, and all of them are durable before a ledger is put there. */
#include "node/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "node/keys.h"

static const struct {
    const char *name;
    const char *text;
    uint32_t bit;
} MARKS[] = {
    {LANE_CLOSED_FILE,
     "the ledger was restored from a backup: places of the lane may be signed that it does not know\n",
     MARK_LANE_CLOSED},
    {FORGETFUL_FILE, "the ledger was restored from a backup: this member may have signed what it does not know\n",
     MARK_FORGETFUL},
    {STARTED_FILE, "this member has signed; its ledger must not be lost\n", MARK_STARTED},
};

enum status directory_hold(const char *directory, int *ret_hold, struct config_detail *ret_detail) {
    int hold = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (hold < 0) {
        config_detail_set(ret_detail, "%s can't be opened: %s", directory, strerror(errno));
        return STATUS_IO;
    }
    if (flock(hold, LOCK_EX | LOCK_NB) == 0) {
        *ret_hold = hold;
        return STATUS_OK;
    }
    int error = errno;
    (void)close(hold);
    if (error == EWOULDBLOCK) {
        config_detail_set(ret_detail, "%s is in use: another process runs this member or works on its ledger",
                          directory);
        return STATUS_LOCKED;
    }
    config_detail_set(ret_detail, "%s can't be locked: %s", directory, strerror(error));
    return STATUS_IO;
}

void directory_release(int hold) {
    if (hold >= 0) (void)close(hold);
}

static enum status leave(const char *directory, size_t mark, uint32_t *left, struct config_detail *ret_detail) {
    char path[CONFIG_PATH_BYTES];
    enum status status = config_path(directory, MARKS[mark].name, path, sizeof path);
    if (status != STATUS_OK) {
        config_detail_set(ret_detail, "%s: the path is too long", directory);
        return status;
    }
    status = file_create(path, 0600, slice_of_text(MARKS[mark].text), ret_detail);
    if (status == STATUS_OK) *left |= MARKS[mark].bit;
    return status == STATUS_CONFLICT ? STATUS_OK : status;
}

enum status directory_mark_restored(const char *directory, uint32_t *ret_left, struct config_detail *ret_detail) {
    uint32_t left = 0;
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++) {
        enum status status = leave(directory, i, &left, ret_detail);
        if (status == STATUS_OK) continue;
        directory_unmark(directory, left);
        return status;
    }
    *ret_left = left;
    return STATUS_OK;
}

void directory_unmark(const char *directory, uint32_t left) {
    char path[CONFIG_PATH_BYTES];
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++) {
        if ((left & MARKS[i].bit) != 0 && config_path(directory, MARKS[i].name, path, sizeof path) == STATUS_OK)
            (void)unlink(path);
    }
}
