#include "wire/handover_file.h"

#include "codec/base64.h"
#include "wire/line.h"

static const char word[] = "handover";

static enum status take_line(struct slice *rest, uint8_t *scratch, struct handover *ret_handover) {
    struct slice text;
    size_t bytes;
    TRY(line_take_value(rest, word, &text));
    if (text.bytes == 0) return STATUS_BAD_FORMAT;
    if (text.bytes > base64_encoded_bytes(HANDOVER_BYTES_MAX)) return STATUS_TOO_LARGE;
    TRY(base64_decode(text, scratch, HANDOVER_BYTES_MAX, &bytes));
    return handover_read(slice_of(scratch, bytes), ret_handover);
}

enum status handover_file_next(struct slice *text, const struct hash *chain, uint8_t *scratch,
                               struct roster *roster) {
    struct handover handover;
    if (text->bytes == 0) return STATUS_NOT_FOUND;
    TRY(take_line(text, scratch, &handover));
    return handover_verify(&handover, chain, roster, roster);
}

enum status handover_file_follow(struct slice text, const struct hash *chain, uint8_t *scratch, struct roster *roster,
                                 uint64_t *ret_lines) {
    *ret_lines = 0;
    if (text.bytes > HANDOVER_FILE_BYTES_MAX) return STATUS_TOO_LARGE;
    for (;;) {
        enum status status = handover_file_next(&text, chain, scratch, roster);
        if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_OK : status;
        ++*ret_lines;
    }
}

void handover_file_put(struct writer *writer, struct slice handover) { line_put_base64(writer, word, handover); }
