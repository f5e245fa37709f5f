/* The live page (http/page.h). The policy names no other origin and allows no script or style inside of markup, so a text
 * that found its way into the markup could neither run nor send anything. */
#include "http/page.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "http/state.h"

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

enum status page_find(struct slice name, const struct page_file **ret_file) {
    for (size_t i = 0; i < page_files_count; i++) {
        if (!slice_equal(name, slice_of_text(page_files[i].name))) continue;
        *ret_file = &page_files[i];
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

const char *page_policy(const char *type) { return strncmp(type, "text/html", 9) == 0 ? policy : NULL; }

/* With just six decimals, as the formats say. */
static void put_time(struct text *text, uint64_t us) {
    char seconds[40];
    struct tm parts;
    time_t time = (time_t)(us / 1000000);
    CHECK(gmtime_r(&time, &parts) != NULL);
    CHECK(strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts) > 0);
    text_format(text, "\"%s.%06" PRIu64 "Z\"", seconds, us % 1000000);
}

void page_put_genesis(struct text *text, const struct genesis *genesis) {
    text_put_text(text, "{\"credimus\": 1, \"name\": ");
    text_put_string(text, slice_of_text(genesis->name));
    text_put_text(text, ", \"created\": ");
    put_time(text, genesis->created_us);
    text_format(text,
                ", \"threshold\": \"%" PRIu32 "/%" PRIu32 "\", \"state_bytes_max\": %" PRIu64 ", \"members\": [",
                genesis->threshold.numerator, genesis->threshold.denominator, genesis->state_bytes_max);
    for (uint32_t m = 0; m < genesis_heads(genesis); m++) {
        text_put_text(text, m > 0 ? ", {\"name\": " : "{\"name\": ");
        text_put_string(text, slice_of_text(genesis->member_names[m]));
        text_put_text(text, ", \"key\": ");
        text_put_hex(text, genesis->keys[m], KEY_BYTES);
        text_put_text(text, "}");
    }
    text_put_text(text, "]");
    /* As in genesis.json, which leaves it out when it is 0. */
    if (genesis->vacant > 0) text_format(text, ", \"vacant\": %" PRIu32, genesis->vacant);
    text_put_text(text, "}\n");
}

static void answer_page_file(struct request *request, const struct page_file *file) {
    struct text text = {0};
    text_put(&text, file->content.data, file->content.bytes);
    answer_text(request, MHD_HTTP_OK, file->type, &text);
}

void page_handle(struct request *request) {
    const struct page_file *file;
    CHECK(page_find(slice_of_text("index.html"), &file) == STATUS_OK);
    answer_page_file(request, file);
}

void page_handle_file(struct request *request) { answer_page_file(request, request->page_file); }

void page_handle_genesis(struct request *request) {
    struct text text = {0};
    page_put_genesis(&text, machine_genesis(replica_machine(http_replica(request->http))));
    answer_json(request, MHD_HTTP_OK, &text);
}
