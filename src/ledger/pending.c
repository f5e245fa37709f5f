#include "ledger/pending.h"

#include <stdlib.h>
#include <string.h>

struct pending_write {
    struct pending_write *next;
    struct write write; /* its pieces are in `bytes` */
    uint8_t bytes[];
};

enum status pending_add(struct pending *pending, const struct write *write, const struct write **ret_copy) {
    size_t bytes = 0;
    for (size_t i = 0; i < WRITE_PIECES; i++) bytes += write->pieces[i].bytes;
    struct pending_write *added = malloc(sizeof *added + bytes);
    if (added == NULL) return STATUS_NO_SPACE;
    added->next = NULL;
    added->write = *write;
    uint8_t *end = added->bytes;
    for (size_t i = 0; i < WRITE_PIECES; i++) {
        struct slice *piece = &added->write.pieces[i];
        if (piece->bytes > 0) memcpy(end, piece->data, piece->bytes);
        piece->data = end;
        end += piece->bytes;
    }
    if (pending->last == NULL) {
        pending->first = added;
    } else {
        pending->last->next = added;
    }
    pending->last = added;
    *ret_copy = &added->write;
    return STATUS_OK;
}

enum status pending_apply(const struct pending *pending, struct ledger *ledger) {
    for (const struct pending_write *each = pending->first; each != NULL; each = each->next)
        TRY(write_apply(ledger, &each->write));
    return STATUS_OK;
}

void pending_clear(struct pending *pending) {
    while (pending->first != NULL) {
        struct pending_write *first = pending->first;
        pending->first = first->next;
        free(first);
    }
    pending->last = NULL;
}
