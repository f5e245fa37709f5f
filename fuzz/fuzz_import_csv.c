/* Fuzz target: CSV files of evidence. What is taken is one JSON object a line, with a line of the
 * file each. A NUL byte is passed on as \u0000, for the member to refuse. */
#include <jansson.h>
#include <stdlib.h>

#include "cmd/upload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds) {
    if (!holds) abort();
}

static void check_lines(const struct upload *upload, size_t bytes) {
    json_error_t error;
    for (size_t i = 0; i < upload->count; i++) {
        size_t begin = upload_begin(upload, i);
        json_t *json = json_loadb(upload->text + begin, upload->lines[i].end - begin, JSON_ALLOW_NUL, &error);
        require(json_is_object(json));
        require(upload->lines[i].line >= 2 && upload->lines[i].line <= bytes + 1);
        json_decref(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct upload upload;
    struct config_detail detail;
    uint64_t line = 0;
    char *text = malloc(bytes + 1);
    if (text == NULL) abort();
    if (bytes > 0) memcpy(text, data, bytes);
    enum status status = upload_from_csv(text, bytes, "00112233445566778899aabbccddeeff", &upload, &line, &detail);
    if (status == STATUS_OK) check_lines(&upload, bytes);
    upload_free(&upload);
    free(text);
    return 0;
}
