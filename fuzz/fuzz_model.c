/* Fuzz target: sensor models. Whatever a model that is taken says, a report is worth no more than an item may be, and no
 * row of it is a proof. */
#include "fuzz_exchange.h"

static void check_model(const struct model *model) {
    static const uint64_t counts[] = {1, 2, REPORT_COUNT_MAX};
    int64_t quanta[HYPOTHESES_MAX];
    uint32_t count;
    struct reports none = {.text = (char[]){""}};
    require(model->hypotheses_count >= HYPOTHESES_MIN && model->hypotheses_count <= HYPOTHESES_MAX);
    for (unsigned kind = 0; kind < REPORT_KINDS_COUNT; kind++) {
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            struct report report = {.kind = (enum report_kind)kind, .count = counts[i], .confidence = 100};
            enum status status = model_weigh(model, &none, &report, quanta, &count);
            require(status == STATUS_OK || status == STATUS_OVER_ITEM_LIMIT ||
                    (status == STATUS_NOT_FOUND && !model->table.has[kind]));
            for (uint32_t h = 0; status == STATUS_OK && h < count; h++)
                require(quanta[h] <= ITEM_LIMIT_QUANTA && quanta[h] >= -ITEM_LIMIT_QUANTA);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct tokens tokens;
    static struct model model;
    struct pieces pieces;
    begin(&tokens, &pieces, data, bytes, SIZE_MAX);
    if (model_read(&tokens, &model) == STATUS_OK) {
        check_model(&model);
    } else {
        check_blame(&tokens, bytes);
    }
    return 0;
}
