/* Kinds of problems (RFC 9457, section 3.1.1): where the `type` of a refusal leads. */
#include "http/state.h"

void problems_handle(struct request *request) {
    const char *name = status_name(request->problem);
    struct text text = {0};
    text_format(&text, "{\"type\": \"" REFUSAL_TYPE "%s\", \"title\": ", name);
    text_put_string(&text, slice_of_text(status_text(request->problem)));
    text_format(&text, ", \"status\": %u, \"error\": \"%s\"}\n", refusal_code(request->problem), name);
    answer_json(request, MHD_HTTP_OK, &text);
}
