/* Asking: questions from the ask to the verdict, and canaries to their reveal. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "lab/run.h"

static void fill_ask(const struct run *run, const char *title, struct item_ask *ret_ask) {
    static char names[HYPOTHESES_MAX][16];
    const struct lab_config *config = &run->config;
    const struct asking *asking = &run->asking;
    *ret_ask = (struct item_ask){
        .title = slice_of_text(title),
        .hypotheses_count = config->hypotheses,
        .mode = config->is_pool ? MODE_POOL : MODE_PANEL,
        .cap = config->cap,
        .decide_at = config->is_endless ? PARAMETER_LIMIT_QUANTA : QUESTION_DECIDE_AT_DEFAULT,
        .window_us = RUN_WINDOW_US,
    };
    for (uint32_t j = 0; j < config->hypotheses; j++) {
        (void)snprintf(names[j], sizeof names[j], "h%u", j);
        ret_ask->hypotheses[j] = slice_of_text(names[j]);
    }
    commitment_of(asking->salt, asking->is_canary ? asking->truth : OPENING_ORDINARY, &ret_ask->commitment);
}

static void block_of_asker(struct run *run, const struct item *item) {
    run->time_us += RUN_WINDOW_US;
    group_say(run->group, run->asker, item);
    group_seal(run->group, run->asker, run->time_us, false);
    group_block(run->group);
}

void asking_open(struct run *run) {
    struct asking *asking = &run->asking;
    struct item item = {.kind = ITEM_ASK};
    char title[32];
    memset(asking, 0, sizeof *asking);
    uint32_t k = run->config.hypotheses;
    asking->is_open = true;
    asking->truth = (uint32_t)prng_below(&run->nature, k);
    run->scene.truth = asking->truth;
    run->scene.rival = (asking->truth + 1 + (uint32_t)prng_below(&run->nature, k - 1)) % k;
    uint32_t canaries = run->config.attack != NULL ? run->config.attack->canaries : 0;
    asking->is_canary = prng_chance(&run->nature, canaries, 100);
    for (size_t i = 0; i < sizeof asking->salt; i++) asking->salt[i] = (uint8_t)prng_next(&run->nature);
    (void)snprintf(title, sizeof title, "question %u", run->scene.question);
    fill_ask(run, title, &item.ask);
    run->time_us += RUN_WINDOW_US;
    asking->id = group_say(run->group, run->asker, &item);
    group_seal(run->group, run->asker, run->time_us, false);
    group_block(run->group);
    CHECK(machine_find_question(group_machine(run->group), &asking->id, &asking->index) == STATUS_OK);
}

static void close_question(struct run *run) {
    struct item item = {.kind = ITEM_CLOSE};
    item.close.question = run->asking.id;
    block_of_asker(run, &item);
}

static void reveal(struct run *run) {
    struct item item = {.kind = ITEM_REVEAL};
    item.reveal.question = run->asking.id;
    item.reveal.hypothesis = run->asking.truth;
    memcpy(item.reveal.salt, run->asking.salt, sizeof item.reveal.salt);
    block_of_asker(run, &item);
}

void asking_settle(struct run *run) {
    struct asking *asking = &run->asking;
    struct record_belief belief;
    bool is_last = asking->rounds >= run->config.rounds || run->scene.panel >= run->config.panels;
    CHECK(machine_belief_at(group_machine(run->group), asking->index, &belief) == STATUS_OK);
    if (belief.status == QUESTION_OPEN && !is_last) return;
    if (belief.status == QUESTION_OPEN) {
        close_question(run);
        CHECK(machine_belief_at(group_machine(run->group), asking->index, &belief) == STATUS_OK);
    }
    tally_verdict(run, &belief);
    if (asking->is_canary) reveal(run);
    asking->is_open = false;
    run->scene.question++;
}
