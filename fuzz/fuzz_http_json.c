/* Fuzz target: what clients send, as each of the forms and lists that the API takes. The first byte chooses. A draft
 * that is taken is a valid item whose encoding is read back the same, and its content is the one that it names; a
 * refusal says why in printable words, and answering it is well-formed as well. */
#include "codec/utf8.h"
#include "crypto/sha256.h"
#include "fuzz_wire.h"
#include "http/form.h"

static void check_refusal(const struct refusal *refusal, enum status status) {
    struct text text = {0};
    require(refusal->status == status && status != STATUS_OK);
    for (const char *at = refusal->detail; *at != '\0'; at++) require(*at >= ' ' && *at < 127);
    unsigned code = refusal_code(status);
    require(code >= 400 && code <= 507);
    refusal_put(&text, refusal, "");
    require(!text.failed && text.bytes > 0);
    text_free(&text);
}

static void check_draft(const struct draft *draft, struct slice input) {
    static uint8_t bytes[ITEM_BYTES_MAX];
    struct item again;
    struct slice own;
    struct hash hash;
    require(item_valid(&draft->item) == STATUS_OK);
    struct writer writer = writer_of(bytes, sizeof bytes);
    item_put(&writer, &draft->item);
    require(writer_status(&writer) == STATUS_OK);
    struct reader reader = reader_of(writer_slice(&writer));
    require(item_take(&reader, &again, &own) == STATUS_OK && reader_end(&reader) == STATUS_OK);
    require(again.kind == draft->item.kind && own.bytes == writer.bytes);
    require(draft->content.bytes <= CONTENT_BYTES_MAX && draft->content.bytes <= input.bytes);
    if (draft->content.bytes == 0) return;
    sha256_of(draft->content, &hash);
    require(draft->item.kind == ITEM_TELL && draft->item.tell.has_content &&
            hash_equal(&hash, &draft->item.tell.content));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const form_take takes[] = {form_take_ask, form_take_tell, form_take_retract, form_take_close};
    static uint8_t scratch[CONTENT_BYTES_MAX];
    if (bytes == 0) return 0;
    uint8_t *text = malloc(bytes);
    if (text == NULL) abort();
    memcpy(text, data + 1, bytes - 1);
    struct form_list list = form_list_of(text, bytes - 1, takes[data[0] % 4], data[0] / 4 % 2 == 1);
    struct refusal refusal = {0};
    enum status status;
    do {
        struct draft draft = {.scratch = scratch};
        status = form_list_next(&list, &draft, &refusal);
        require(list.json.at <= list.json.end);
        if (status == STATUS_OK) check_draft(&draft, slice_of(text, bytes - 1));
    } while (status == STATUS_OK);
    if (status != STATUS_NOT_FOUND) check_refusal(&refusal, status);
    free(text);
    return 0;
}
