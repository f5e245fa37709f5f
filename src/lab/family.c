#include "lab/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "lab/group.h"

/* What a label is said to be worth: ln 9, so that full agreement is 90 %. A panel of one observation can come no higher,
 * and is taken as decided at 1 nat, with the usual margin. */
#define LABEL_WORTH INT64_C(2197224577)
#define DECIDE_AT   (1 * QUANTA_PER_NAT)
#define WINDOW_US   UINT64_C(1000000)
/* Items in a batch: well within its bytes. */
#define BATCH_ITEMS 4096
/* Whoever asks; it has no say in the numbers. */
enum { OWNER = 0 };

struct family {
    const struct crowd *crowd;
    const bool *is_canary;
    struct group *group;
    struct question_id *questions;
    uint64_t time_us;
    uint32_t items; /* in the batch that is being filled */
};

static const uint8_t salt[COMMITMENT_SALT_BYTES] = "the lab has no secrets";

static uint32_t opening_of(const struct family *family, uint32_t task) {
    return family->is_canary[task] ? family->crowd->truth[task] : OPENING_ORDINARY;
}

static void seal(struct family *family, uint32_t member) {
    group_seal(family->group, member, family->time_us, false);
    family->items = 0;
}

/* Another item of `member`; a full batch is sealed. */
static struct question_id say(struct family *family, uint32_t member, const struct item *item) {
    struct question_id id = group_say(family->group, member, item);
    if (++family->items == BATCH_ITEMS) seal(family, member);
    return id;
}

static void block_of_owner(struct family *family) {
    if (family->items > 0) seal(family, OWNER);
    family->time_us += WINDOW_US;
    group_block(family->group);
}

static void ask_all(struct family *family) {
    static char names[HYPOTHESES_MAX][24];
    for (uint32_t t = 0; t < family->crowd->tasks; t++) {
        struct item item = {.kind = ITEM_ASK};
        char title[32];
        (void)snprintf(title, sizeof title, "task %u", t);
        item.ask.title = slice_of_text(title);
        item.ask.hypotheses_count = family->crowd->labels;
        for (uint32_t j = 0; j < family->crowd->labels; j++) {
            (void)snprintf(names[j], sizeof names[j], "label %u", j);
            item.ask.hypotheses[j] = slice_of_text(names[j]);
        }
        item.ask.mode = MODE_PANEL;
        item.ask.cap = QUESTION_CAP_DEFAULT;
        item.ask.decide_at = DECIDE_AT;
        item.ask.window_us = WINDOW_US;
        item.ask.family = slice_of_text("crowd");
        commitment_of(salt, opening_of(family, t), &item.ask.commitment);
        family->questions[t] = say(family, OWNER, &item);
    }
    block_of_owner(family);
}

static void tell_all(struct family *family) {
    const struct crowd *crowd = family->crowd;
    for (uint32_t p = 0; p < crowd->people; p++) {
        for (uint32_t t = 0; t < crowd->tasks; t++) {
            uint8_t answer = crowd->answer[(size_t)t * crowd->people + p];
            struct item item = {.kind = ITEM_TELL};
            if (answer == CROWD_SILENT) continue;
            item.tell.question = family->questions[t];
            item.tell.observation = slice_of_text("the task");
            item.tell.loglik_count = crowd->labels;
            item.tell.loglik[answer] = LABEL_WORTH;
            (void)say(family, p, &item);
        }
        seal(family, p);
    }
    group_block(family->group);
    /* Tasks that not everybody answered are sealed when their window has ended. */
    family->time_us += 2 * WINDOW_US;
    for (uint32_t p = 0; p < crowd->people; p++) seal(family, p);
    group_block(family->group);
}

/* A canary opens after its verdict, and before the family closes. */
static void open_canaries(struct family *family) {
    for (uint32_t t = 0; t < family->crowd->tasks; t++) {
        struct item item = {.kind = ITEM_CLOSE};
        if (!family->is_canary[t]) continue;
        item.close.question = family->questions[t];
        (void)say(family, OWNER, &item);
    }
    block_of_owner(family);
    for (uint32_t t = 0; t < family->crowd->tasks; t++) {
        struct item item = {.kind = ITEM_REVEAL};
        if (!family->is_canary[t]) continue;
        item.reveal.question = family->questions[t];
        item.reveal.hypothesis = family->crowd->truth[t];
        memcpy(item.reveal.salt, salt, sizeof salt);
        (void)say(family, OWNER, &item);
    }
    block_of_owner(family);
}

static void close_family(struct family *family) {
    struct item item = {.kind = ITEM_CLOSE_FAMILY};
    item.close_family.family = slice_of_text("crowd");
    (void)say(family, OWNER, &item);
    block_of_owner(family);
}

static void read_panel(const struct family *family, struct verdict_of_task *ret_panel) {
    const struct machine *machine = group_machine(family->group);
    for (uint32_t t = 0; t < family->crowd->tasks; t++) {
        uint64_t index;
        struct record_belief belief;
        CHECK(machine_find_question(machine, &family->questions[t], &index) == STATUS_OK);
        CHECK(machine_belief_at(machine, index, &belief) == STATUS_OK);
        ret_panel[t] = (struct verdict_of_task){(uint8_t)belief.top, belief.status == QUESTION_DECIDED};
    }
}

/* Questions are asked in the order of tasks, and a family keeps that order. */
static void read_calibrated(const struct family *family, struct verdict_of_task *ret_calibrated) {
    const struct machine *machine = group_machine(family->group);
    uint32_t number;
    uint32_t question = UINT32_MAX;
    uint32_t place = 0;
    struct record_calibrated result;
    CHECK(machine_find_family(machine, slice_of_text("crowd"), &number) == STATUS_OK);
    while (machine_family_next(machine, number, place, &question, &result)) {
        CHECK(question_id_equal(&result.question, &family->questions[place]));
        ret_calibrated[place++] = (struct verdict_of_task){(uint8_t)result.label, result.decided};
    }
    CHECK(place == family->crowd->tasks);
}

void family_run(const struct crowd *crowd, const bool *is_canary, struct verdict_of_task *ret_calibrated,
                struct verdict_of_task *ret_panel) {
    CHECK(crowd_fits_family(crowd));
    struct family family = {.crowd = crowd,
                            .is_canary = is_canary,
                            .group = group_new(crowd->people),
                            .questions = calloc(crowd->tasks, sizeof(struct question_id)),
                            .time_us = WINDOW_US};
    CHECK(family.questions != NULL);
    ask_all(&family);
    tell_all(&family);
    open_canaries(&family);
    close_family(&family);
    read_panel(&family, ret_panel);
    read_calibrated(&family, ret_calibrated);
    group_free(family.group);
    free(family.questions);
}
