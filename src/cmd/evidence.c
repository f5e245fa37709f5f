/* Questions and evidence on their way to a member (cmd/evidence.h). */
#include "cmd/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cmd/options.h"
#include "codec/base64.h"
#include "node/keys.h"

const char *const evidence_acks[] = {"local", "available", "committed", "final", NULL};

static const char *const ack_texts[] = {
    "durable in this member's lane",
    "acknowledged by enough members that at least one honest one holds it",
    "ordered by a quorum",
    "certified at the threshold in force",
};

static size_t ack_rank(const char *ack) {
    size_t rank = 0;
    while (evidence_acks[rank] != NULL && strcmp(evidence_acks[rank], ack) != 0) rank++;
    return rank;
}

const char *evidence_ack_text(const char *ack) {
    size_t rank = ack_rank(ack);
    return evidence_acks[rank] != NULL ? ack_texts[rank] : ack;
}

bool evidence_ack_reached(const char *reached, const char *wanted) {
    return evidence_acks[ack_rank(reached)] != NULL && ack_rank(reached) >= ack_rank(wanted);
}

json_t *evidence_list(const char *text, char separator) {
    if (text == NULL) return NULL;
    json_t *list = json_array();
    for (;;) {
        const char *end = strchrnul(text, separator);
        json_t *part = json_stringn(text, (size_t)(end - text));
        /* A text that is not UTF-8 cannot be in JSON; an empty one is refused by the member. */
        CHECK(json_array_append_new(list, part != NULL ? part : json_string("")) == 0);
        if (*end == '\0') return list;
        text = end + 1;
    }
}

void evidence_set_text(json_t *object, const char *name, const char *text) {
    if (text == NULL) return;
    json_t *value = json_string(text);
    CHECK(json_object_set_new(object, name, value != NULL ? value : json_string("")) == 0);
}

enum status evidence_set_content(json_t *object, const char *path, struct config_detail *ret_detail) {
    static uint8_t content[CONTENT_BYTES_MAX];
    size_t bytes;
    TRY(file_read(path, false, content, sizeof content, &bytes, ret_detail));
    size_t characters = base64_encoded_bytes(bytes);
    char *text = malloc(characters + 1);
    CHECK(text != NULL);
    base64_encode(slice_of(content, bytes), text);
    CHECK(json_object_set_new(object, "content_base64", json_stringn(text, characters)) == 0);
    free(text);
    return STATUS_OK;
}

int evidence_post(struct client *client, const char *path, const json_t *object, struct reply *ret_reply) {
    char *text = json_dumps(object, JSON_COMPACT);
    CHECK(text != NULL);
    int code = client_demand(client, path, slice_of_text(text), "application/json", ret_reply);
    free(text);
    return code;
}

int evidence_print_accepted(const struct invocation *invocation, const struct reply *reply, const char *wanted) {
    const char *reached = reply_text(reply->json, "ack", "local");
    bool enough = evidence_ack_reached(reached, wanted);
    if (invocation->json) {
        (void)json_dumpf(reply->json, stdout, 0);
        (void)putchar('\n');
    } else {
        (void)printf("accepted: %s, batch %lld item %lld\n", evidence_ack_text(reached),
                     reply_whole(reply->json, "seq"), reply_whole(reply->json, "index"));
    }
    if (!enough && !invocation->json) {
        (void)fprintf(stderr, "credimus %s: it is not %s yet, but it is kept and on its way (credimus status)\n",
                      invocation->command->name, wanted);
    }
    return enough ? COMMAND_DONE : COMMAND_REFUSED;
}

static int say(const struct invocation *invocation, const char *route, uint32_t option_ack, json_t *object) {
    char question[QUESTION_TEXT_BYTES];
    char path[64];
    const char *ack;
    struct client *client;
    struct reply reply;
    int code = question_parse(invocation, invocation->arguments[1], question);
    if (code == COMMAND_DONE) code = option_word(invocation, option_ack, evidence_acks, "committed", &ack);
    if (code == COMMAND_DONE) code = client_open(invocation, invocation->arguments[0], true, &client);
    if (code != COMMAND_DONE) return code;
    (void)snprintf(path, sizeof path, "/v1/%s?ack=%s", route, ack);
    evidence_set_text(object, "question", question);
    code = evidence_post(client, path, object, &reply);
    if (code == COMMAND_DONE) {
        code = evidence_print_accepted(invocation, &reply, ack);
        reply_free(&reply);
    }
    client_close(client);
    return code;
}

int evidence_say(const struct invocation *invocation, const char *route, uint32_t option_ack, json_t *object) {
    int code = say(invocation, route, option_ack, object);
    json_decref(object);
    return code;
}
