/* One sentence for people (ledger/detail.h). */
#include "ledger/detail.h"

#include <stdio.h>

enum status detail_say(const struct detail *detail, enum status status, const char *sentence) {
    if (status != STATUS_OK && detail->bytes > 0 && detail->text[0] == '\0')
        (void)snprintf(detail->text, detail->bytes, "%s", sentence);
    return status;
}

enum status detail_explain(const struct detail *detail, enum status status, const char *what, const char *said) {
    if (status != STATUS_OK && detail->bytes > 0 && detail->text[0] == '\0')
        (void)snprintf(detail->text, detail->bytes, "%s: %s%s%s", what, status_text(status),
                       said[0] != '\0' ? ": " : "", said);
    return status;
}
