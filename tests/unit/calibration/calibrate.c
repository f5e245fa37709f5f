/* Reads cases from standard input and prints their results, for the comparison with tests/oracle/calibration.py. */
#include "case_text.h"

int main(void) {
    static struct case_text text;
    while (case_read(stdin, &text)) {
        struct calibration_result result;
        void *memory = NULL;
        enum status status = case_run(&text, &result, &memory);
        if (status != STATUS_OK) printf("refused %s %s\n", text.name, status_name(status));
        if (status == STATUS_OK) case_print_result(stdout, text.name, &result);
        free(memory);
    }
    return 0;
}
