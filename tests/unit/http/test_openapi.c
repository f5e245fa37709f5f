/* The table of routes beside web/openapi.yaml, both ways: paths, methods, arguments. The file is read by its lines, as it
 * is written: paths at two spaces, methods at four, a parameter's name before its place. */
#include "http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OPERATIONS_MAX = 64, ARGUMENTS_MAX = 8, LINE_BYTES = 1024 };

/* What the file says of one method of one path. */
struct operation {
    char method[8];
    char path[128]; /* every {name} as {} */
    char arguments[ARGUMENTS_MAX][32];
    unsigned arguments_count;
    bool is_open; /* security: [] */
};

/* Parameters that are referred to by name. */
struct shared {
    char reference[32];
    char name[32];
    bool is_query;
};

struct document {
    struct operation operations[OPERATIONS_MAX];
    unsigned operations_count;
    struct shared shared[OPERATIONS_MAX];
    unsigned shared_count;
};

static struct document document;

static void normalize(const char *path, char ret_path[128]) {
    size_t bytes = 0;
    for (; *path != '\0'; path++) {
        assert_true(bytes + 2 < 128);
        ret_path[bytes++] = *path;
        if (*path != '{') continue;
        path = strchr(path, '}');
        assert_non_null(path);
        ret_path[bytes++] = '}';
    }
    ret_path[bytes] = '\0';
}

static bool is_any(const char *word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) return true;
    return false;
}

static void add_argument(struct operation *operation, const char *name) {
    assert_true(operation->arguments_count < ARGUMENTS_MAX);
    (void)snprintf(operation->arguments[operation->arguments_count++], 32, "%s", name);
}

static void read_operations(FILE *file) {
    static const char *const methods[] = {"get", "post", "put", "delete", "patch", "head", "options", "trace"};
    struct document *d = &document;
    struct operation *operation = NULL;
    char line[LINE_BYTES];
    char path[128] = "";
    char name[64] = "";
    char word[64];
    bool is_inside = false;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != ' ' && line[0] != '\n') is_inside = strncmp(line, "paths:", 6) == 0;
        if (!is_inside) continue;
        if (strncmp(line, "  /", 3) == 0) {
            *strrchr(line, ':') = '\0';
            normalize(line + 2, path);
            operation = NULL;
        } else if (sscanf(line, "    %63[a-z]:", word) == 1 && line[4] != ' ' &&
                   is_any(word, methods, sizeof methods / sizeof methods[0])) {
            assert_true(d->operations_count < OPERATIONS_MAX);
            operation = &d->operations[d->operations_count++];
            for (size_t i = 0; i <= strlen(word); i++)
                operation->method[i] = (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
            (void)snprintf(operation->path, sizeof operation->path, "%s", path);
        }
        if (operation == NULL) continue;
        if (strstr(line, "security: []") != NULL) operation->is_open = true;
        if (sscanf(line, "        - name: %63s", name) == 1) continue;
        if (strcmp(line, "          in: query\n") == 0) add_argument(operation, name);
        if (sscanf(line, "        - $ref: '#/components/parameters/%63[A-Za-z]'", word) == 1) {
            for (unsigned i = 0; i < d->shared_count; i++)
                if (strcmp(d->shared[i].reference, word) == 0 && d->shared[i].is_query)
                    add_argument(operation, d->shared[i].name);
        }
    }
}

static void read_shared(FILE *file) {
    struct document *d = &document;
    char line[LINE_BYTES];
    char word[32];
    bool is_inside = false;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "  ", 2) == 0 && line[2] != ' ') is_inside = strcmp(line, "  parameters:\n") == 0;
        if (!is_inside) continue;
        if (sscanf(line, "    %31[A-Za-z]:", word) == 1 && line[4] != ' ') {
            assert_true(d->shared_count < OPERATIONS_MAX);
            (void)snprintf(d->shared[d->shared_count++].reference, 32, "%s", word);
        }
        if (d->shared_count == 0) continue;
        struct shared *shared = &d->shared[d->shared_count - 1];
        (void)sscanf(line, "      name: %31s", shared->name);
        if (strcmp(line, "      in: query\n") == 0) shared->is_query = true;
    }
}

static int read_document(void **state) {
    (void)state;
    const char *path = getenv("OPENAPI");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    if (file == NULL) {
        print_error("OPENAPI does not name web/openapi.yaml\n");
        return -1;
    }
    read_shared(file);
    rewind(file);
    read_operations(file);
    (void)fclose(file);
    return document.operations_count > 0 ? 0 : -1;
}

static void path_of(const struct route *route, char ret_path[128]) {
    (void)snprintf(ret_path, 128, "%s%s%s", route->path, route->key != KEY_NONE ? "{}" : "", route->suffix);
}

static const struct operation *find_operation(const struct route *route) {
    char path[128];
    path_of(route, path);
    for (unsigned i = 0; i < document.operations_count; i++) {
        const struct operation *operation = &document.operations[i];
        if (strcmp(operation->method, route->method) == 0 && strcmp(operation->path, path) == 0) return operation;
    }
    print_error("%s %s is not in web/openapi.yaml\n", route->method, path);
    return NULL;
}

static void every_route_then_in_the_document(void **state) {
    (void)state;
    for (unsigned i = 0; i < ROUTES; i++) assert_non_null(find_operation(router_row((enum route_name)i)));
}

static void every_operation_of_the_document_then_a_route(void **state) {
    (void)state;
    for (unsigned i = 0; i < document.operations_count; i++) {
        const struct operation *operation = &document.operations[i];
        unsigned found = 0;
        for (unsigned r = 0; r < ROUTES; r++) {
            char path[128];
            const struct route *route = router_row((enum route_name)r);
            path_of(route, path);
            found += strcmp(route->method, operation->method) == 0 && strcmp(path, operation->path) == 0;
        }
        if (found != 1) print_error("%s %s\n", operation->method, operation->path);
        assert_int_equal(found, 1);
    }
}

static unsigned count_words(const char *text) {
    unsigned words = 0;
    for (; *text != '\0'; text += strspn(text, " ")) {
        words++;
        text += strcspn(text, " ");
    }
    return words;
}

static void arguments_then_the_same_in_both(void **state) {
    (void)state;
    for (unsigned i = 0; i < ROUTES; i++) {
        const struct route *route = router_row((enum route_name)i);
        const struct operation *operation = find_operation(route);
        assert_non_null(operation);
        if (operation->arguments_count != count_words(route->arguments))
            print_error("%s %s: %s\n", operation->method, operation->path, route->arguments);
        assert_int_equal(operation->arguments_count, count_words(route->arguments));
        for (unsigned a = 0; a < operation->arguments_count; a++)
            assert_true(router_takes((enum route_name)i, operation->arguments[a]));
    }
}

static void open_to_everybody_then_the_same_in_both(void **state) {
    (void)state;
    for (unsigned i = 0; i < ROUTES; i++) {
        const struct operation *operation = find_operation(router_row((enum route_name)i));
        assert_non_null(operation);
        assert_int_equal(operation->is_open, router_row((enum route_name)i)->is_open);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_then_in_the_document),
        cmocka_unit_test(every_operation_of_the_document_then_a_route),
        cmocka_unit_test(arguments_then_the_same_in_both),
        cmocka_unit_test(open_to_everybody_then_the_same_in_both),
    };
    return cmocka_run_group_tests(tests, read_document, NULL);
}
