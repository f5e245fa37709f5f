/* A ledger file in a directory of its own, for one test. */
#ifndef TESTS_LEDGER_FILES_H
#define TESTS_LEDGER_FILES_H

#include "ledger/ledger.h"
#include "sample.h"

enum { PATH_BYTES = 256 };

/* A fresh directory; `ret_path` is where a ledger may be made in it. */
void file_make(char ret_path[PATH_BYTES]);
/* Removes the ledger, what SQLite keeps beside it, and the directory. */
void file_remove(const char *path);
/* Opens it as SAMPLE_SELF's; fails the test when that fails. */
struct ledger *file_open(const char *path, const struct hash *chain);
/* Runs SQL on a closed ledger, as an auditor or a vandal would; fails the test when that fails. */
void file_sql(const char *path, const char *text);

#endif
