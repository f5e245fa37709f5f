/* Sweeps: every cell once, and outputs that can be read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/sweep.h"

static struct sweep_plan small_plan(void) {
    return (struct sweep_plan){.attacks_count = 2,
                               .attacks = {attack_find("gross-lie"), attack_find("mimic")},
                               .members = {1, {4}},
                               .hypotheses = {2, {2, 3}},
                               .percents = {2, {0, 25}},
                               .panel = true,
                               .pool = true,
                               .panels = 8,
                               .seeds = 2,
                               .seed = 1};
}

static size_t runs_told;
static void on_run(void *context, size_t done) {
    (void)context;
    runs_told = done;
}

static char *printed(const struct sweep *sweep, void (*print)(FILE *out, const struct sweep *sweep)) {
    static char *text;
    static size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    print(out, sweep);
    assert_int_equal(fclose(out), 0);
    return text;
}

static size_t count_of(const char *text, const char *what) {
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) count++;
    return count;
}

static void each_combination_is_a_cell_and_each_seed_a_run(void **state) {
    struct sweep_plan plan = small_plan();
    struct sweep sweep = sweep_run(&plan, on_run, NULL);
    (void)state;
    assert_int_equal(sweep.count, 2 * 2 * 2 * 2);
    assert_int_equal(sweep_runs(&plan), 32);
    assert_int_equal(runs_told, 32);
    for (size_t i = 0; i < sweep.count; i++) {
        assert_int_equal(sweep.cells[i].figures.runs, 2);
        assert_int_equal(sweep.cells[i].figures.panels, 16);
        assert_int_equal(sweep.cells[i].config.percent, i % 2 == 0 ? 0 : 25);
        assert_int_equal(sweep.cells[i].figures.liars, i % 2 == 0 ? 0 : 2);
    }
    assert_int_equal(sweep_broken(&sweep), 0);
    sweep_free(&sweep);
}

static void csv_has_a_row_a_cell_and_estimator_with_as_many_fields_as_the_header(void **state) {
    struct sweep_plan plan = small_plan();
    struct sweep sweep = sweep_run(&plan, NULL, NULL);
    char *text = printed(&sweep, sweep_print_csv);
    (void)state;
    size_t commas = 0;
    for (const char *at = text; *at != '\n'; at++) commas += *at == ',';
    assert_int_equal(count_of(text, "\n"), 1 + sweep.count * ESTIMATORS);
    assert_int_equal(count_of(text, ","), commas * count_of(text, "\n"));
    free(text);
    sweep_free(&sweep);
}

static void the_page_asks_nothing_of_anybody_and_closes_what_it_opens(void **state) {
    struct sweep_plan plan = small_plan();
    struct sweep sweep = sweep_run(&plan, NULL, NULL);
    char *text = printed(&sweep, sweep_print_page);
    (void)state;
    assert_int_equal(
        count_of(text, "http:") + count_of(text, "https:") + count_of(text, "<script") + count_of(text, "url("), 0);
    assert_int_equal(count_of(text, "<svg"), count_of(text, "</svg>"));
    assert_int_equal(count_of(text, "<g "), count_of(text, "</g>"));
    /* Four plots a panel attack, three a pool attack. */
    assert_int_equal(count_of(text, "<svg"), 2 * 2 * (4 + 3));
    assert_int_equal(count_of(text, "nan"), 0);
    free(text);
    sweep_free(&sweep);
}

static void the_table_has_a_row_a_cell(void **state) {
    struct sweep_plan plan = small_plan();
    struct sweep sweep = sweep_run(&plan, NULL, NULL);
    char *text = printed(&sweep, sweep_print_table);
    (void)state;
    assert_int_equal(count_of(text, "\ngross-lie") + count_of(text, "\nmimic"), sweep.count);
    assert_int_equal(count_of(text, "BROKEN"), 0);
    free(text);
    sweep_free(&sweep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_combination_is_a_cell_and_each_seed_a_run),
        cmocka_unit_test(csv_has_a_row_a_cell_and_estimator_with_as_many_fields_as_the_header),
        cmocka_unit_test(the_page_asks_nothing_of_anybody_and_closes_what_it_opens),
        cmocka_unit_test(the_table_has_a_row_a_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
