/* The tables of a ledger, as an auditor finds them with `.schema` in the sqlite3 shell: the comments are part of the stored
 * statements. Bytes are blobs, numbers are plain integers.
 *
 * A batch is in three tables. Its numbers change once, when it is executed, and rows are written anew as a whole when they change, so
 * the bytes stand apart; contents stand apart again, so that one of them can be erased (bytes set to NULL) and everything else still
 * verifies: what is signed is their hash. */
#include "ledger/schema.h"

const char *const SCHEMA_TABLES[SCHEMA_TABLES_COUNT] = {
    "CREATE TABLE meta (\n"
    "  key TEXT PRIMARY KEY,  -- 'chain': the chain id; 'member': whose ledger this is, by number\n"
    "  value NOT NULL\n"
    ") WITHOUT ROWID;\n",

    "CREATE TABLE batch (\n"
    "  id INTEGER PRIMARY KEY,    -- in the order of arrival: after all that it refers to\n"
    "  prefix INTEGER NOT NULL,   -- the first 8 bytes of hash, big-endian: what the index is over\n"
    "  hash BLOB NOT NULL,        -- of the header's Sig_structure, SHA-256\n"
    "  member INTEGER NOT NULL,   -- whose lane\n"
    "  seq INTEGER NOT NULL,      -- position in the lane, from 1\n"
    "  wall_us INTEGER NOT NULL,  -- wall clock of its author, microseconds since the Unix epoch\n"
    "  items INTEGER NOT NULL,    -- how many\n"
    "  bytes INTEGER NOT NULL,    -- length of the encoded items\n"
    "  height INTEGER             -- of the block that executed it; NULL until then\n"
    ");\n"
    "CREATE INDEX batch_prefix ON batch (prefix);\n"
    "CREATE UNIQUE INDEX batch_lane ON batch (member, seq) WHERE height IS NOT NULL;\n"
    "CREATE INDEX batch_pending ON batch (id) WHERE height IS NULL;\n",

    "CREATE TABLE body (\n"
    "  batch INTEGER PRIMARY KEY,  -- batch.id\n"
    "  header BLOB NOT NULL,       -- COSE_Sign1, signed by the author\n"
    "  items BLOB NOT NULL         -- CBOR array; its Merkle root is in the header\n"
    ");\n",

    "CREATE TABLE content (\n"
    "  batch INTEGER NOT NULL,  -- batch.id\n"
    "  item INTEGER NOT NULL,   -- which item of the batch it belongs to, from 0\n"
    "  sha256 BLOB NOT NULL,    -- of the bytes; the item says the same\n"
    "  bytes BLOB,              -- NULL: erased\n"
    "  UNIQUE (batch, item)\n"
    ");\n",

    "CREATE TABLE vote (\n"
    "  epoch INTEGER NOT NULL,\n"
    "  view INTEGER NOT NULL,\n"
    "  kind INTEGER NOT NULL,  -- 1 notarize, 2 nullify, 3 finalize\n"
    "  block BLOB NOT NULL,    -- hash of the block, zeros for nullify\n"
    "  bytes BLOB NOT NULL,    -- own signed vote, as it was sent\n"
    "  PRIMARY KEY (epoch, view, kind)\n"
    ") WITHOUT ROWID;\n",

    "CREATE TABLE block (\n"
    "  hash BLOB PRIMARY KEY,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  view INTEGER NOT NULL,\n"
    "  bytes BLOB NOT NULL      -- a candidate: not final yet\n"
    ");\n"
    "CREATE INDEX block_view ON block (epoch, view);\n",

    "CREATE TABLE certificate (\n"
    "  epoch INTEGER NOT NULL,\n"
    "  view INTEGER NOT NULL,\n"
    "  kind INTEGER NOT NULL,  -- 1 notarization, 2 nullification, 3 finalization\n"
    "  bytes BLOB NOT NULL,    -- a quorum of votes\n"
    "  PRIMARY KEY (epoch, view, kind)\n"
    ");\n",

    "CREATE TABLE height (\n"
    "  height INTEGER PRIMARY KEY,\n"
    "  block_hash BLOB NOT NULL,\n"
    "  block BLOB NOT NULL,         -- empty at the height of the snapshot that the ledger began with\n"
    "  finalization BLOB NOT NULL,  -- a quorum of finalize votes; empty when a later block's covers it\n"
    "  time_us INTEGER NOT NULL,    -- of the block: weighted median of the clocks it moves\n"
    "  size INTEGER NOT NULL,       -- leaves of the log after it\n"
    "  root BLOB NOT NULL,          -- over those leaves\n"
    "  epoch INTEGER NOT NULL,\n"
    "  threshold_numerator INTEGER NOT NULL,\n"
    "  threshold_denominator INTEGER NOT NULL\n"
    ");\n",

    "CREATE TABLE leaf (\n"
    "  idx INTEGER PRIMARY KEY,  -- from 0, which is the genesis\n"
    "  hash BLOB NOT NULL,       -- SHA-256(00 || bytes)\n"
    "  bytes BLOB NOT NULL       -- header of an executed batch, proof, verdict, or state record (last of a height)\n"
    ");\n",

    "CREATE TABLE node (\n"
    "  level INTEGER NOT NULL,  -- from 1; level 0 is leaf.hash, but for one leaf that was before the ledger began\n"
    "  idx INTEGER NOT NULL,\n"
    "  hash BLOB NOT NULL,      -- SHA-256(01 || left || right), over 2^level leaves from idx * 2^level on\n"
    "  PRIMARY KEY (level, idx)\n"
    ") WITHOUT ROWID;\n",

    "CREATE TABLE certified (\n"
    "  one INTEGER PRIMARY KEY CHECK (one = 1),  -- the newest certificate only\n"
    "  height INTEGER NOT NULL,\n"
    "  size INTEGER NOT NULL,\n"
    "  root BLOB NOT NULL,\n"
    "  epoch INTEGER NOT NULL,\n"
    "  threshold_numerator INTEGER NOT NULL,\n"
    "  threshold_denominator INTEGER NOT NULL,\n"
    "  signers INTEGER NOT NULL,\n"
    "  signatures BLOB NOT NULL  -- for each signer: number (4 bytes, big-endian), Ed25519 signature (64)\n"
    ");\n",

    "CREATE TABLE proof (\n"
    "  member INTEGER NOT NULL,  -- who misbehaved\n"
    "  n INTEGER NOT NULL,       -- from 0\n"
    "  bytes BLOB NOT NULL,      -- two conflicting signed objects\n"
    "  PRIMARY KEY (member, n)\n"
    ");\n",

    "CREATE TABLE epoch (\n"
    "  epoch INTEGER NOT NULL,      -- that has ended\n"
    "  position INTEGER NOT NULL,   -- 0: the handover to the next one; else so many blocks behind its last one\n"
    "  bytes BLOB NOT NULL,         -- the handover, or a block that is void\n"
    "  finalization BLOB NOT NULL,  -- of that block; empty for all but the last\n"
    "  PRIMARY KEY (epoch, position)\n"
    ");\n",

    "CREATE TABLE snapshot (\n"
    "  height INTEGER PRIMARY KEY,  -- whose state names it\n"
    "  bytes INTEGER NOT NULL,\n"
    "  root BLOB NOT NULL           -- over its chunks, as that state says\n"
    ");\n",

    "CREATE TABLE chunk (\n"
    "  height INTEGER NOT NULL,  -- snapshot.height\n"
    "  idx INTEGER NOT NULL,     -- from 0\n"
    "  bytes BLOB NOT NULL,      -- 65536 each, the last one fewer\n"
    "  PRIMARY KEY (height, idx)\n"
    ");\n",

    "CREATE VIEW lanes AS  -- one row a member: how far its lane is held and executed\n"
    "  SELECT member, max(seq) AS held, max(CASE WHEN height IS NOT NULL THEN seq END) AS executed,\n"
    "         count(*) AS batches, sum(items) AS items, sum(bytes) AS bytes,\n"
    "         strftime('%Y-%m-%d %H:%M:%f', max(wall_us) / 1e6, 'unixepoch') AS latest\n"
    "  FROM batch GROUP BY member;\n",

    "CREATE VIEW history AS  -- one row a height: when, how much, and the root that the members sign\n"
    "  SELECT h.height, strftime('%Y-%m-%d %H:%M:%f', h.time_us / 1e6, 'unixepoch') AS time,\n"
    "         coalesce(b.batches, 0) AS batches, coalesce(b.items, 0) AS items, h.size AS leaves,\n"
    "         lower(hex(h.root)) AS root, lower(hex(h.block_hash)) AS block\n"
    "  FROM height h LEFT JOIN\n"
    "       (SELECT height, count(*) AS batches, sum(items) AS items FROM batch GROUP BY height) b USING (height)\n"
    "  ORDER BY h.height;\n",
};

#define CHECKPOINT_COLUMNS "height, size, root, epoch, threshold_numerator, threshold_denominator"

const char *const STATEMENT_TEXTS[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_FIND_BATCH] = "SELECT id, height FROM batch WHERE prefix = ?1 AND hash = ?2",
    [STATEMENT_ADD_BATCH] =
        "INSERT INTO batch (prefix, hash, member, seq, wall_us, items, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [STATEMENT_ADD_BODY] = "INSERT INTO body (batch, header, items) VALUES (?1, ?2, ?3)",
    [STATEMENT_ADD_CONTENT] = "INSERT INTO content (batch, item, sha256, bytes) VALUES (?1, ?2, ?3, ?4)",
    [STATEMENT_EXECUTE_BATCH] = "UPDATE batch SET height = ?2 WHERE id = ?1",
    [STATEMENT_ADD_VOTE] =
        "INSERT INTO vote (epoch, view, kind, block, bytes) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    [STATEMENT_FIND_VOTE] = "SELECT block FROM vote WHERE epoch = ?1 AND view = ?2 AND kind = ?3",
    [STATEMENT_ADD_CERTIFICATE] =
        "INSERT INTO certificate (epoch, view, kind, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    [STATEMENT_ADD_BLOCK] =
        "INSERT INTO block (hash, epoch, view, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    [STATEMENT_ADD_LEAF] = "INSERT INTO leaf (idx, hash, bytes) VALUES (?1, ?2, ?3)",
    [STATEMENT_ADD_NODE] = "INSERT INTO node (level, idx, hash) VALUES (?1, ?2, ?3)",
    [STATEMENT_ADD_HEIGHT] = ("INSERT INTO height (" CHECKPOINT_COLUMNS ", block_hash, block, finalization, time_us) "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
    [STATEMENT_FIND_HEIGHT] = "SELECT block_hash FROM height WHERE height = ?1",
    [STATEMENT_PRUNE_VOTES] = "DELETE FROM vote WHERE (epoch, view) <= (?1, ?2)",
    [STATEMENT_PRUNE_CERTIFICATES] = "DELETE FROM certificate WHERE (epoch, view) <= (?1, ?2)",
    [STATEMENT_PRUNE_BLOCKS] = "DELETE FROM block WHERE (epoch, view) <= (?1, ?2)",
    [STATEMENT_FIND_CERTIFIED] = "SELECT height, signers FROM certified",
    [STATEMENT_SET_CERTIFIED] =
        ("INSERT OR REPLACE INTO certified (one, " CHECKPOINT_COLUMNS ", signers, signatures) "
         "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
    [STATEMENT_FIND_PROOF] = "SELECT count(*), total(bytes = ?2) FROM proof WHERE member = ?1",
    [STATEMENT_ADD_PROOF] = "INSERT INTO proof (member, n, bytes) VALUES (?1, ?2, ?3)",
    [STATEMENT_READ_BATCH] = ("SELECT b.id, d.header, d.items FROM batch b JOIN body d ON d.batch = b.id "
                              "WHERE b.prefix = ?1 AND b.hash = ?2"),
    [STATEMENT_MEASURE_CONTENTS] =
        "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM content WHERE batch = ?1 AND bytes IS NOT NULL",
    [STATEMENT_READ_CONTENTS] =
        "SELECT item, bytes FROM content WHERE batch = ?1 AND bytes IS NOT NULL ORDER BY item",
    [STATEMENT_READ_LANE] = "SELECT hash FROM batch WHERE member = ?1 AND seq = ?2 AND height IS NOT NULL",
    [STATEMENT_READ_HEIGHT] = "SELECT block, finalization FROM height WHERE height = ?1",
    [STATEMENT_READ_CHECKPOINT] = ("SELECT " CHECKPOINT_COLUMNS ", time_us FROM height WHERE height = ?1"),
    [STATEMENT_ADD_EPOCH] =
        "INSERT INTO epoch (epoch, position, bytes, finalization) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    [STATEMENT_READ_EPOCH] = "SELECT bytes, finalization FROM epoch WHERE epoch = ?1 AND position = ?2",
    [STATEMENT_READ_CERTIFIED] = ("SELECT " CHECKPOINT_COLUMNS ", signers, signatures FROM certified"),
    [STATEMENT_READ_LEAF] = "SELECT bytes FROM leaf WHERE idx = ?1",
    [STATEMENT_READ_LEAF_HASH] = "SELECT hash FROM leaf WHERE idx = ?1",
    [STATEMENT_READ_NODE] = "SELECT hash FROM node WHERE level = ?1 AND idx = ?2",
    [STATEMENT_ADD_SNAPSHOT] = "INSERT INTO snapshot (height, bytes, root) VALUES (?1, ?2, ?3)",
    [STATEMENT_ADD_CHUNK] = "INSERT INTO chunk (height, idx, bytes) VALUES (?1, ?2, ?3)",
    [STATEMENT_NEWEST_SNAPSHOT] =
        "SELECT height, bytes, root FROM snapshot WHERE height <= ?1 ORDER BY height DESC LIMIT 1",
    [STATEMENT_OLDEST_SNAPSHOT] =
        "SELECT height, bytes, root FROM snapshot WHERE height >= ?1 ORDER BY height LIMIT 1",
    [STATEMENT_READ_CHUNK] = "SELECT bytes FROM chunk WHERE height = ?1 AND idx = ?2",
    [STATEMENT_PRUNE_CONTENTS] = "DELETE FROM content WHERE batch IN (SELECT id FROM batch WHERE height <= ?1)",
    [STATEMENT_PRUNE_BODIES] = "DELETE FROM body WHERE batch IN (SELECT id FROM batch WHERE height <= ?1)",
    [STATEMENT_PRUNE_BATCHES] = "DELETE FROM batch WHERE height <= ?1",
    [STATEMENT_PRUNE_HEIGHTS] = "DELETE FROM height WHERE height < ?1",
    [STATEMENT_PRUNE_SNAPSHOTS] =
        "DELETE FROM snapshot WHERE height < ?1 AND height <> (SELECT min(height) FROM height)",
    [STATEMENT_PRUNE_CHUNKS] = "DELETE FROM chunk WHERE height < ?1 AND height <> (SELECT min(height) FROM height)",
};

const char VISIT_HEIGHTS[] =
    "SELECT " CHECKPOINT_COLUMNS ", block, finalization FROM height WHERE height >= ?1 ORDER BY height";
const char VISIT_BATCHES[] = "SELECT b.id, d.header, d.items FROM batch b INDEXED BY batch_pending "
                             "LEFT JOIN body d ON d.batch = b.id WHERE b.height IS NULL ORDER BY b.id";
const char VISIT_BLOCKS[] = "SELECT hash, bytes FROM block ORDER BY epoch, view";
const char VISIT_CERTIFICATES[] = "SELECT bytes FROM certificate ORDER BY epoch, view, kind";
const char VISIT_VOTES[] = "SELECT bytes FROM vote ORDER BY epoch, view, kind";
const char VISIT_PROOFS[] = "SELECT bytes FROM proof ORDER BY member, n";
