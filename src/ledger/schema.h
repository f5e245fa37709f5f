/* The SQL of a ledger: its tables, the statements that are kept prepared, and those of a visit. Inside this room only. */
#ifndef LEDGER_SCHEMA_H
#define LEDGER_SCHEMA_H

/* Raised with every change of the tables; a ledger of another version is refused. */
#define SCHEMA_VERSION 1
/* "cred": how `file` and SQLite tell a ledger from other databases. */
#define SCHEMA_APPLICATION_ID 0x63726564

/* One text an entry: a table with its indexes, or a view. */
enum { SCHEMA_TABLES_COUNT = 15 };
extern const char *const SCHEMA_TABLES[SCHEMA_TABLES_COUNT];

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_FIND_BATCH,
    STATEMENT_ADD_BATCH,
    STATEMENT_ADD_BODY,
    STATEMENT_ADD_CONTENT,
    STATEMENT_EXECUTE_BATCH,
    STATEMENT_ADD_VOTE,
    STATEMENT_FIND_VOTE,
    STATEMENT_ADD_CERTIFICATE,
    STATEMENT_ADD_BLOCK,
    STATEMENT_ADD_LEAF,
    STATEMENT_ADD_NODE,
    STATEMENT_ADD_HEIGHT,
    STATEMENT_FIND_HEIGHT,
    STATEMENT_PRUNE_VOTES,
    STATEMENT_PRUNE_CERTIFICATES,
    STATEMENT_PRUNE_BLOCKS,
    STATEMENT_FIND_CERTIFIED,
    STATEMENT_SET_CERTIFIED,
    STATEMENT_FIND_PROOF,
    STATEMENT_ADD_PROOF,
    STATEMENT_READ_BATCH,
    STATEMENT_MEASURE_CONTENTS,
    STATEMENT_READ_CONTENTS,
    STATEMENT_READ_LANE,
    STATEMENT_READ_HEIGHT,
    STATEMENT_READ_CHECKPOINT,
    STATEMENT_ADD_EPOCH,
    STATEMENT_READ_EPOCH,
    STATEMENT_READ_CERTIFIED,
    STATEMENT_READ_LEAF,
    STATEMENT_READ_LEAF_HASH,
    STATEMENT_READ_NODE,
    STATEMENT_COUNT,
};

extern const char *const STATEMENT_TEXTS[STATEMENT_COUNT];

extern const char VISIT_HEIGHTS[];
extern const char VISIT_BATCHES[];
extern const char VISIT_BLOCKS[];
extern const char VISIT_CERTIFICATES[];
extern const char VISIT_VOTES[];
extern const char VISIT_PROOFS[];

#endif
