/* What a function has to say to people besides its status: one sentence, the first that is said. Inside this room only. */
#ifndef LEDGER_DETAIL_H
#define LEDGER_DETAIL_H

#include <stddef.h>

#include "base/status.h"

struct detail {
    char *text;
    size_t bytes;
};

/* Notes a sentence that needs no status in words; otherwise as detail_explain. */
enum status detail_say(const struct detail *detail, enum status status, const char *sentence);
/* Notes "what: the status in words: said", unless the status is STATUS_OK or something was noted before; `said` may be the empty text.
 * Returns the status. */
enum status detail_explain(const struct detail *detail, enum status status, const char *what, const char *said);

#endif
