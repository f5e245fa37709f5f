/* Receipts (docs/receipts.md): GET /v1/receipts/..., one row of the table of routes for four paths:
 *
 *     ID                         the receipt of a question's verdict
 *     ID/entry                   the verdict's record: the bytes that the receipt is about
 *     batches/MEMBER/SEQ         the receipt of an executed batch, by the number of the member and the place in its lane
 *     batches/MEMBER/SEQ/entry   the header of that batch
 *
 * Receipts are made by the backend, which has the log and the key. */
#ifndef HTTP_RECEIPTS_H
#define HTTP_RECEIPTS_H

#include "http/http.h"
#include "http/refusal.h"

/* What the path behind /v1/receipts/ asks for. */
struct receipts_wanted {
    struct http_entry entry;
    bool is_entry; /* the bytes of the entry, not the receipt */
};

/* Reads all of `key`; the refusal says what a path looks like. */
enum status receipts_read(struct slice key, struct receipts_wanted *ret_wanted, struct refusal *ret_refusal) MUST_USE;

#endif
