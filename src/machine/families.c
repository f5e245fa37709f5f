#include "machine/families.h"

#include "base/check.h"
#include "calibration/calibration.h"
#include "machine/sheet.h"

_Static_assert(sizeof(struct family) <= FAMILY_CHARGE, "the charge covers the table");

/* Memory. */

static uint32_t answers_max(uint32_t members, uint32_t questions_capacity) {
    return (uint32_t)num_min_u64(FAMILY_ANSWERS_MAX, (uint64_t)members * questions_capacity);
}

/* The largest calibration that any family can need. */
static size_t run_bytes(uint32_t members, uint32_t answers) {
    struct calibration_input input = {
        .members = members,
        .labels = HYPOTHESES_MAX,
        .questions = (uint32_t)num_min_u64(answers / members, CALIBRATION_QUESTIONS_MAX),
        .entry_count = answers,
    };
    return calibration_bytes(&input);
}

static size_t labels_bytes(uint32_t answers) { return arena_rounded(answers * sizeof(struct calibration_label)); }

static size_t canaries_bytes(uint32_t members, uint32_t answers) {
    return arena_rounded(answers / members * sizeof(struct calibration_canary));
}

static size_t scratch_bytes(uint32_t members, uint32_t answers) {
    return labels_bytes(answers) + canaries_bytes(members, answers) + arena_rounded(run_bytes(members, answers));
}

size_t families_bytes(uint32_t members, uint32_t questions_capacity) {
    return arena_rounded(FAMILIES_MAX * sizeof(struct family)) +
           scratch_bytes(members, answers_max(members, questions_capacity));
}

void families_init(struct families *families, struct arena *arena, uint32_t members, uint32_t questions_capacity) {
    uint32_t answers = answers_max(members, questions_capacity);
    *families = (struct families){
        .families = arena_need(arena, FAMILIES_MAX * sizeof(struct family)),
        .members = members,
        .answers_max = answers,
        .scratch = arena_need(arena, scratch_bytes(members, answers)),
        .scratch_bytes = scratch_bytes(members, answers),
    };
}

/* Asking. */

static struct slice name_of(const struct family *family) { return slice_of(family->name, family->name_bytes); }

uint32_t families_find(const struct families *families, struct slice name) {
    for (uint32_t i = 0; i < families->count; i++)
        if (slice_equal(name_of(&families->families[i]), name)) return i;
    return FAMILIES_NONE;
}

static size_t result_bytes(uint32_t hypotheses) { return 2 + 2 * (size_t)hypotheses; }

/* All results of a family are one piece, which the pool may round up by a half. */
uint64_t families_charge(const struct families *families, const struct item_ask *ask) {
    if (ask->family.bytes == 0) return 0;
    uint64_t each = result_bytes(ask->hypotheses_count);
    bool is_new = families_find(families, ask->family) == FAMILIES_NONE;
    uint64_t record = 2 * (uint64_t)RECORD_CALIBRATION_BYTES_MAX;
    return each + each / 2 + 1 + (is_new ? FAMILY_CHARGE + record : 0);
}

enum status families_check_ask(const struct families *families, uint32_t member, const struct item_ask *ask) {
    if (ask->mode != MODE_PANEL) return STATUS_WRONG_FAMILY;
    uint32_t number = families_find(families, ask->family);
    if (number == FAMILIES_NONE) return families->count < FAMILIES_MAX ? STATUS_OK : STATUS_STATE_FULL;
    const struct family *family = &families->families[number];
    if (family->owner != member) return STATUS_NOT_ALLOWED;
    if (family->is_closing || family->is_closed) return STATUS_FAMILY_CLOSED;
    if (family->hypotheses != ask->hypotheses_count) return STATUS_WRONG_FAMILY;
    uint64_t answers = ((uint64_t)family->questions + 1) * families->members;
    bool fits = answers <= families->answers_max && answers * family->hypotheses <= FAMILY_CELLS_MAX;
    return fits ? STATUS_OK : STATUS_TOO_MANY;
}

static uint32_t found(struct families *families, uint32_t member, const struct item_ask *ask) {
    CHECK(families->count < FAMILIES_MAX && ask->family.bytes <= FAMILY_BYTES_MAX);
    struct family *family = &families->families[families->count];
    *family = (struct family){
        .name_bytes = (uint32_t)ask->family.bytes,
        .owner = member,
        .hypotheses = ask->hypotheses_count,
        .first = FAMILIES_NONE,
        .last = FAMILIES_NONE,
    };
    memcpy(family->name, ask->family.data, ask->family.bytes);
    return families->count++;
}

uint32_t families_add(struct families *families, struct docket *docket, uint32_t index, uint32_t member,
                      const struct item_ask *ask) {
    uint32_t number = families_find(families, ask->family);
    if (number == FAMILIES_NONE) number = found(families, member, ask);
    struct family *family = &families->families[number];
    docket->matters[index].family = number;
    docket->matters[index].next_of_family = FAMILIES_NONE;
    if (family->last == FAMILIES_NONE) {
        family->first = index;
    } else {
        docket->matters[family->last].next_of_family = index;
    }
    family->last = index;
    family->questions++;
    return number;
}

/* Closing. */

enum status families_check_close(const struct families *families, uint32_t member, struct slice name) {
    uint32_t number = families_find(families, name);
    if (number == FAMILIES_NONE) return STATUS_UNKNOWN_FAMILY;
    const struct family *family = &families->families[number];
    if (family->owner != member) return STATUS_NOT_ALLOWED;
    return family->is_closing || family->is_closed ? STATUS_FAMILY_CLOSED : STATUS_OK;
}

enum status families_close(struct families *families, struct docket *docket, uint32_t member, struct slice name) {
    TRY(families_check_close(families, member, name));
    struct family *family = &families->families[families_find(families, name)];
    for (uint32_t q = family->first; q != FAMILIES_NONE; q = docket->matters[q].next_of_family) {
        docket->matters[q].is_closing = true;
        marks_set(&docket->touched, q);
    }
    family->is_closing = true;
    families->any_closing = true;
    return STATUS_OK;
}

/* Calibration. */

static void add_labels(const struct matter *matter, uint32_t members, uint32_t place,
                       struct calibration_label *labels, uint32_t *count) {
    if (matter->sheet == NULL) return;
    for (uint32_t m = 0; m < members; m++) {
        uint8_t label = sheet_label(matter->sheet, m);
        if (label == SHEET_SILENT) continue;
        labels[(*count)++] = (struct calibration_label){.question = place, .member = (uint16_t)m, .label = label};
    }
}

/* The labels of all questions of the family, and those of its canaries that were opened; in the scratch. */
static struct calibration_input gather(struct families *families, const struct family *family,
                                       const struct docket *docket) {
    uint8_t *scratch = families->scratch;
    struct calibration_label *labels = (struct calibration_label *)(void *)scratch;
    struct calibration_canary *canaries =
        (struct calibration_canary *)(void *)(scratch + labels_bytes(families->answers_max));
    struct calibration_input input = {
        .members = families->members,
        .labels = family->hypotheses,
        .questions = family->questions,
        .entries = labels,
        .canaries = canaries,
    };
    uint32_t place = 0;
    for (uint32_t q = family->first; q != FAMILIES_NONE; q = docket->matters[q].next_of_family) {
        const struct matter *matter = &docket->matters[q];
        add_labels(matter, families->members, place, labels, &input.entry_count);
        if (matter->opening < family->hypotheses)
            canaries[input.canary_count++] =
                (struct calibration_canary){.question = place, .label = (uint8_t)matter->opening};
        place++;
    }
    return input;
}

static void run(struct families *families, const struct calibration_input *input, struct calibration_result *ret) {
    size_t before = labels_bytes(families->answers_max) + canaries_bytes(families->members, families->answers_max);
    uint8_t *memory = (uint8_t *)families->scratch + before;
    CHECK(calibration_run(memory, families->scratch_bytes - before, input, ret) == STATUS_OK);
}

static void keep_results(struct family *family, const struct calibration_result *result, struct pool *pool) {
    size_t each = result_bytes(family->hypotheses);
    family->results = pool_take(pool, each * family->questions);
    CHECK(family->results != NULL);
    for (uint32_t q = 0; q < family->questions; q++) {
        uint8_t *row = family->results + q * each;
        row[0] = result->label[q];
        row[1] = result->decided[q];
        memcpy(row + 2, result->posterior + (size_t)q * family->hypotheses, 2 * (size_t)family->hypotheses);
    }
}

void families_result(const struct family *family, const struct docket *docket, uint32_t place, uint32_t question,
                     struct record_calibrated *ret_result) {
    CHECK(family->is_closed && place < family->questions);
    const uint8_t *row = family->results + place * result_bytes(family->hypotheses);
    *ret_result = (struct record_calibrated){
        .question = docket->matters[question].id,
        .labels = family->hypotheses,
        .label = row[0],
        .decided = row[1] == 1,
    };
    for (uint32_t j = 0; j < family->hypotheses; j++) {
        uint16_t posterior;
        memcpy(&posterior, row + 2 + 2 * (size_t)j, sizeof posterior);
        ret_result->posterior[j] = posterior;
    }
}

static void results_root(const struct family *family, const struct docket *docket, struct hash *ret_root) {
    struct merkle_frontier frontier;
    uint32_t place = 0;
    merkle_frontier_init(&frontier);
    for (uint32_t q = family->first; q != FAMILIES_NONE; q = docket->matters[q].next_of_family) {
        uint8_t bytes[RECORD_CALIBRATED_BYTES_MAX];
        struct writer writer = writer_of(bytes, sizeof bytes);
        struct record_calibrated result;
        struct hash leaf;
        families_result(family, docket, place++, q, &result);
        record_calibrated_put(&writer, &result);
        CHECK(writer_status(&writer) == STATUS_OK);
        merkle_leaf(writer_slice(&writer), &leaf);
        merkle_append(&frontier, &leaf);
    }
    merkle_frontier_root(&frontier, ret_root);
}

static void fill_record(const struct family *family, const struct calibration_input *input,
                        const struct calibration_result *result, const struct setting *setting,
                        struct record_calibration *ret_record) {
    *ret_record = (struct record_calibration){
        .family = name_of(family),
        .labels = family->hypotheses,
        .questions = family->questions,
        .answers = input->entry_count,
        .decided = result->decided_count,
        .canaries = input->canary_count,
        .leak = result->leak,
        .alarm = result->alarm,
        .rivalled = result->margin != INT64_MAX,
        .margin = result->margin != INT64_MAX ? result->margin : 0,
        .members = result->members,
        .height = setting->height,
    };
    for (uint32_t m = 0; m < result->members; m++) {
        const struct calibration_member *member = &result->member[m];
        bool has_told = member->reports > 0;
        ret_record->skills[m] =
            (struct record_skill){member->reports, has_told ? member->skill : 0, member->group, member->discounted};
    }
}

static void leave(struct docket *docket, uint32_t question, struct setting *setting) {
    matter_leave_family(&docket->matters[question], setting);
    docket_update(docket, question);
}

bool families_calibrate(struct families *families, uint32_t number, struct docket *docket, struct setting *setting,
                        struct record_calibration *ret_record) {
    struct family *family = &families->families[number];
    struct calibration_result result;
    if (!family->is_closing) return false;
    struct calibration_input input = gather(families, family, docket);
    run(families, &input, &result);
    keep_results(family, &result, setting->pool);
    family->is_closing = false;
    family->is_closed = true;
    fill_record(family, &input, &result, setting, ret_record);
    results_root(family, docket, &ret_record->results);
    for (uint32_t q = family->first; q != FAMILIES_NONE; q = docket->matters[q].next_of_family)
        leave(docket, q, setting);
    return true;
}

void families_keep_record(struct family *family, struct pool *pool, struct slice record) {
    family->record = pool_take(pool, record.bytes);
    CHECK(family->record != NULL);
    memcpy(family->record, record.data, record.bytes);
    family->record_bytes = (uint32_t)record.bytes;
}

/* Snapshots. */

OUTLET_COVERS(struct family, 128);
OUTLET_COVERS(struct families, 40);

static void save_closed(const struct family *family, struct outlet *outlet) {
    outlet_put_u64(outlet, family->leaf);
    outlet_put_u32(outlet, family->record_bytes);
    outlet_put(outlet, family->record, family->record_bytes);
    for (uint32_t q = 0; q < family->questions; q++) {
        const uint8_t *row = family->results + q * result_bytes(family->hypotheses);
        outlet_put(outlet, row, 2);
        for (uint32_t j = 0; j < family->hypotheses; j++) {
            uint16_t posterior;
            memcpy(&posterior, row + 2 + 2 * (size_t)j, sizeof posterior);
            outlet_put_u16(outlet, posterior);
        }
    }
}

void families_save(const struct families *families, struct outlet *outlet) {
    CHECK(!families->any_closing);
    for (uint32_t i = 0; i < families->count; i++) {
        const struct family *family = &families->families[i];
        outlet_put_flag(outlet, family->is_closed);
        if (family->is_closed) save_closed(family, outlet);
    }
}

static enum status load_record(struct family *family, uint32_t members, struct pool *pool, struct reader *reader,
                               struct record_calibration *ret_record) {
    struct slice bytes;
    uint32_t count;
    TRY(reader_u32_to(reader, RECORD_CALIBRATION_BYTES_MAX, &count));
    TRY(reader_take(reader, count, &bytes));
    TRY(record_calibration_read(bytes, ret_record));
    bool is_its = slice_equal(ret_record->family, name_of(family)) && ret_record->labels == family->hypotheses &&
                  ret_record->questions == family->questions && ret_record->members == members;
    if (!is_its) return STATUS_CONFLICT;
    family->record = pool_take(pool, count);
    if (family->record == NULL) return STATUS_STATE_FULL;
    memcpy(family->record, bytes.data, count);
    family->record_bytes = count;
    return STATUS_OK;
}

/* Posteriors are kept as the calibration leaves them, in the machine's own order of bytes. */
static enum status load_row(const struct family *family, struct reader *reader, uint8_t *row) {
    enum { POSTERIOR_MAX = 4096 };
    TRY(reader_u8(reader, &row[0]));
    TRY(reader_u8(reader, &row[1]));
    if (row[0] >= family->hypotheses || row[1] > 1) return STATUS_BAD_VALUE;
    for (uint32_t j = 0; j < family->hypotheses; j++) {
        uint16_t posterior;
        TRY(reader_u16(reader, &posterior));
        if (posterior > POSTERIOR_MAX) return STATUS_BAD_VALUE;
        memcpy(row + 2 + 2 * (size_t)j, &posterior, sizeof posterior);
    }
    return STATUS_OK;
}

static enum status load_closed(struct family *family, const struct docket *docket, uint32_t members,
                               struct pool *pool, uint64_t leaves, struct reader *reader) {
    struct record_calibration record;
    struct hash root;
    size_t each = result_bytes(family->hypotheses);
    TRY(reader_u64_to(reader, leaves - 1, &family->leaf));
    TRY(load_record(family, members, pool, reader, &record));
    family->results = pool_take(pool, each * family->questions);
    if (family->results == NULL) return STATUS_STATE_FULL;
    for (uint32_t q = 0; q < family->questions; q++) TRY(load_row(family, reader, family->results + q * each));
    family->is_closed = true;
    results_root(family, docket, &root);
    return hash_equal(&root, &record.results) ? STATUS_OK : STATUS_BAD_HASH;
}

enum status families_load(struct families *families, const struct docket *docket, struct pool *pool, uint64_t leaves,
                          struct reader *reader) {
    for (uint32_t i = 0; i < families->count; i++) {
        bool is_closed;
        TRY(reader_flag(reader, &is_closed));
        if (is_closed) TRY(load_closed(&families->families[i], docket, families->members, pool, leaves, reader));
    }
    return STATUS_OK;
}
