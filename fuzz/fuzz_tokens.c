/* Fuzz target: JSON as a stream, against another reader (jansson): whatever is taken here, it takes too. It has limits of
 * its own for numbers, which it turns into binary ones; nothing of what is read here is. */
#include <jansson.h>

#include "fuzz_exchange.h"

static enum status walk(struct tokens *tokens) {
    enum token token = TOKEN_NULL;
    while (token != TOKEN_END) TRY(tokens_next(tokens, &token));
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct tokens tokens;
    struct pieces pieces;
    json_error_t error;
    begin(&tokens, &pieces, data, bytes, 3);
    enum status status = walk(&tokens);
    json_t *json = json_loadb((const char *)data, bytes, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (status != STATUS_OK) check_blame(&tokens, bytes);
    if (status == STATUS_OK && json == NULL) require(json_error_code(&error) == json_error_numeric_overflow);
    /* The other one takes a NUL byte for the end of the text. */
    if (status != STATUS_OK && json != NULL && memchr(data, 0, bytes) == NULL)
        require(status == STATUS_TOO_DEEP || status == STATUS_TOO_MANY || status == STATUS_TOO_LARGE);
    json_decref(json);
    return 0;
}
