/* The live page (docs/page.md): the files of web/, carried in the binary, and the genesis that the page verifies with.
 *
 *     GET /            web/index.html
 *     GET /web/NAME    one file of web/
 *     GET /v1/genesis  the genesis as people write it (docs/formats.md)
 *
 * The files are the same for everybody and hold nothing of the group, so they are open to whoever can connect; what the
 * page then reads is subject to the rules of all reads. Invariant: a browser runs nothing on this page but these files
 * and asks nobody but this member, whatever texts the page shows (Content-Security-Policy). */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/status.h"
#include "http/text.h"
#include "wire/genesis.h"

struct page_file {
    const char *name; /* without a folder */
    const char *type; /* its media type */
    struct slice content;
};

/* Written by scripts/embed from web/. */
extern const struct page_file page_files[];
extern const size_t page_files_count;

/* The file of this name, in static storage. STATUS_NOT_FOUND. Cost: a comparison for each of a handful of files. */
enum status page_find(struct slice name, const struct page_file **ret_file) MUST_USE;

/* What a page of this media type may do in a browser; NULL: it is no page. Static storage. */
const char *page_policy(const char *type);

/* genesis.json as people write it, with a newline. */
void page_put_genesis(struct text *text, const struct genesis *genesis);

#endif
