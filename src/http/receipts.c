/* Receipts: reads what is asked for, and hands out what the backend makes of it. */
#include "http/receipts.h"

#include "http/state.h"

/* RFC 9052, section 2: a tagged object says by itself that it is a COSE_Sign1. */
static const char receipt_type[] = "application/cose; cose-type=\"cose-sign1\"";
/* A record is CBOR, and so is a header. */
static const char entry_type[] = "application/cbor";

/* Cuts `suffix` off the end of `text`, when it is there and something is before it. */
static bool cut_suffix(struct slice *text, const char *suffix) {
    size_t bytes = strlen(suffix);
    if (text->bytes <= bytes || memcmp(text->data + text->bytes - bytes, suffix, bytes) != 0) return false;
    text->bytes -= bytes;
    return true;
}

static bool cut_prefix(struct slice *text, const char *prefix) {
    size_t bytes = strlen(prefix);
    if (text->bytes <= bytes || memcmp(text->data, prefix, bytes) != 0) return false;
    *text = slice_of(text->data + bytes, text->bytes - bytes);
    return true;
}

static bool read_batch(struct slice text, struct http_entry *ret_entry) {
    const uint8_t *slash = memchr(text.data, '/', text.bytes);
    uint64_t member;
    if (slash == NULL) return false;
    size_t before = (size_t)(slash - text.data);
    if (form_read_number(slice_of(text.data, before), MEMBERS_MAX - 1, &member) != STATUS_OK) return false;
    ret_entry->member = (uint32_t)member;
    struct slice seq = slice_of(slash + 1, text.bytes - before - 1);
    return form_read_number(seq, INT64_MAX, &ret_entry->seq) == STATUS_OK;
}

enum status receipts_read(struct slice key, struct receipts_wanted *ret_wanted, struct refusal *ret_refusal) {
    struct receipts_wanted wanted = {0};
    wanted.is_entry = cut_suffix(&key, "/entry");
    wanted.entry.is_batch = cut_prefix(&key, "batches/");
    bool good = wanted.entry.is_batch ? read_batch(key, &wanted.entry)
                                      : form_read_question(key, &wanted.entry.question) == STATUS_OK;
    if (!good) {
        return refusal_say(
            ret_refusal, STATUS_BAD_FORMAT,
            "a receipt is of the 32 hexadecimal digits of a question, or of batches/MEMBER/SEQ in numbers");
    }
    *ret_wanted = wanted;
    return STATUS_OK;
}

static void refuse(struct request *request, enum status status) {
    const struct http_entry *entry = &request->receipt.entry;
    struct refusal refusal;
    if (status == STATUS_TOO_EARLY) {
        (void)refusal_say(&refusal, status, "the question has no verdict yet: there is nothing in the log to prove");
    } else if (status == STATUS_NOT_FOUND && entry->is_batch) {
        (void)refusal_say(&refusal, status, "no such batch is executed");
    } else {
        (void)refusal_of(&refusal, status, NULL);
    }
    answer_refusal(request, &refusal);
}

void receipts_handle(struct request *request) {
    const struct http_backend *backend = &request->http->backend;
    const struct receipts_wanted *wanted = &request->receipt;
    struct slice receipt;
    struct slice entry;
    struct text text = {0};
    enum status status = STATUS_UNAVAILABLE;
    if (backend->receipt != NULL) status = backend->receipt(backend->context, &wanted->entry, &receipt, &entry);
    if (status == STATUS_NOT_FINAL && waiting_add(request, HTTP_READ_WAIT_MS)) return;
    if (status != STATUS_OK) {
        refuse(request, status);
        return;
    }
    struct slice bytes = wanted->is_entry ? entry : receipt;
    text_put(&text, bytes.data, bytes.bytes);
    answer_text(request, MHD_HTTP_OK, wanted->is_entry ? entry_type : receipt_type, &text);
}
