/* Holds src/wire and src/verifier against the vectors of docs/formats.md. Each object is read, must say what the vector says, and is
 * written again to the same bytes, signatures included: Ed25519 is deterministic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "crypto/ed25519.h"
#include "verifier/receipt.h"
#include "verifier/verify.h"
#include "wire/block.h"
#include "wire/handover_file.h"
#include "wire/proof.h"
#include "wire/roster.h"

enum { BYTES_MAX = 65536, KEYS = 4, EPOCHS = 4 };

static json_t *vectors;
static struct genesis genesis;
static struct hash chain;
static uint8_t secrets[KEYS][SECRET_BYTES];
static uint8_t written[BYTES_MAX];

/* The bytes of a field in hex, in memory of its own until the next call with the same `buffer`. */
static struct slice bytes_of(const json_t *object, const char *field, uint8_t *buffer) {
    const char *hex = json_string_value(json_object_get(object, field));
    assert_non_null(hex);
    size_t bytes = strlen(hex) / 2;
    assert_true(bytes <= BYTES_MAX);
    assert_int_equal(bytes_from_hex(slice_of_text(hex), buffer, bytes), STATUS_OK);
    return slice_of(buffer, bytes);
}

static struct slice text_of(const json_t *object, const char *field) {
    const char *text = json_string_value(json_object_get(object, field));
    assert_non_null(text);
    return slice_of_text(text);
}

static uint64_t number_of(const json_t *object, const char *field) {
    return (uint64_t)json_integer_value(json_object_get(object, field));
}

static void assert_hash(const json_t *object, const char *field, const struct hash *hash) {
    uint8_t expected[BYTES_MAX];
    struct slice bytes = bytes_of(object, field, expected);
    assert_int_equal(bytes.bytes, HASH_BYTES);
    assert_memory_equal(bytes.data, hash->bytes, HASH_BYTES);
}

static void assert_written(const struct writer *writer, struct slice expected) {
    assert_int_equal(writer_status(writer), STATUS_OK);
    assert_int_equal(writer->bytes, expected.bytes);
    assert_memory_equal(writer->data, expected.data, expected.bytes);
}

static struct writer again(void) { return writer_of(written, sizeof written); }

static const json_t *list_of(const char *name) {
    const json_t *list = json_object_get(vectors, name);
    assert_true(json_array_size(list) > 0);
    return list;
}

static void keys_and_genesis_then_the_chain(void **state) {
    (void)state;
    uint8_t buffer[BYTES_MAX];
    uint8_t key[KEY_BYTES];
    const json_t *object = json_object_get(vectors, "genesis");
    struct writer writer = again();
    struct slice bytes = bytes_of(object, "bytes", buffer);
    assert_int_equal(genesis_read(bytes, &genesis), STATUS_OK);
    genesis_put(&writer, &genesis);
    assert_written(&writer, bytes);
    genesis_chain(&genesis, &chain);
    assert_hash(object, "chain", &chain);
    assert_int_equal(genesis.members, KEYS);
    for (uint32_t i = 0; i < KEYS; i++) {
        const json_t *member = json_array_get(list_of("keys"), i);
        ed25519_from_seed(bytes_of(member, "seed", buffer).data, secrets[i], key);
        assert_memory_equal(key, bytes_of(member, "key", buffer).data, KEY_BYTES);
        assert_memory_equal(key, genesis.keys[i], KEY_BYTES);
        assert_true(slice_equal(text_of(member, "name"), slice_of_text(genesis.member_names[i])));
    }
}

static void commitments_then_these_hashes(void **state) {
    (void)state;
    size_t i;
    const json_t *object;
    json_array_foreach(list_of("commitments"), i, object) {
        uint8_t buffer[BYTES_MAX];
        const json_t *hypothesis = json_object_get(object, "hypothesis");
        struct hash hash;
        uint32_t opening = json_is_null(hypothesis) ? OPENING_ORDINARY : (uint32_t)json_integer_value(hypothesis);
        commitment_of(bytes_of(object, "salt", buffer).data, opening, &hash);
        assert_hash(object, "hash", &hash);
    }
}

static const char *kind_name(enum item_kind kind) {
    static const char *const names[] = {[ITEM_ASK] = "ask",
                                        [ITEM_TELL] = "tell",
                                        [ITEM_RETRACT] = "retract",
                                        [ITEM_CLOSE] = "close",
                                        [ITEM_ANSWER] = "answer",
                                        [ITEM_LEVEL] = "level",
                                        [ITEM_REVEAL] = "reveal",
                                        [ITEM_CLOSE_FAMILY] = "close_family",
                                        [ITEM_RECONFIGURE] = "reconfigure"};
    return names[kind];
}

static void items_then_read_and_written_the_same(void **state) {
    (void)state;
    size_t i;
    const json_t *object;
    uint32_t kinds = 0;
    json_array_foreach(list_of("items"), i, object) {
        uint8_t buffer[BYTES_MAX];
        uint8_t id[BYTES_MAX];
        struct item item;
        struct hash hash;
        struct question_id question;
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        struct reader reader = reader_of(bytes);
        assert_int_equal(item_take(&reader, &item, NULL), STATUS_OK);
        assert_int_equal(reader.bytes, 0);
        assert_true(slice_equal(text_of(object, "kind"), slice_of_text(kind_name(item.kind))));
        item_put(&writer, &item);
        assert_written(&writer, bytes);
        merkle_leaf(bytes, &hash);
        assert_hash(object, "leaf", &hash);
        kinds |= 1u << item.kind;
        if (item.kind != ITEM_ASK) continue;
        item_question_id((uint32_t)number_of(object, "asker"), bytes, &question);
        assert_memory_equal(bytes_of(object, "question", id).data, question.bytes, QUESTION_ID_BYTES);
    }
    assert_int_equal(kinds, 1u << ITEM_ASK | 1u << ITEM_TELL | 1u << ITEM_RETRACT | 1u << ITEM_CLOSE |
                                1u << ITEM_ANSWER | 1u << ITEM_LEVEL | 1u << ITEM_RECONFIGURE | 1u << ITEM_REVEAL |
                                1u << ITEM_CLOSE_FAMILY);
}

static void headers_then_signed_the_same(void **state) {
    (void)state;
    size_t i;
    const json_t *object;
    json_array_foreach(list_of("headers"), i, object) {
        uint8_t buffer[BYTES_MAX];
        uint8_t body[BYTES_MAX];
        struct header header;
        struct hash hash;
        struct hash root;
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        struct slice items = bytes_of(object, "body", body);
        assert_int_equal(header_read(bytes, &chain, &header, &hash), STATUS_OK);
        assert_hash(object, "hash", &hash);
        assert_int_equal(header_verify(bytes, &chain, genesis.keys[header.member]), STATUS_OK);
        assert_int_equal(header.bytes, items.bytes);
        assert_int_equal(items_check(items, header.count, &root), STATUS_OK);
        assert_true(hash_equal(&root, &header.root));
        header_sign(&header, &chain, secrets[header.member], &writer, &hash);
        assert_written(&writer, bytes);
    }
}

static void votes_then_signed_the_same(void **state) {
    (void)state;
    static const char *const names[] = {
        [VOTE_NOTARIZE] = "notarize", [VOTE_NULLIFY] = "nullify", [VOTE_FINALIZE] = "finalize"};
    const struct keyring keyring = {.keys = (const uint8_t(*)[KEY_BYTES])genesis.keys, .members = genesis.members};
    size_t i;
    const json_t *object;
    json_array_foreach(list_of("votes"), i, object) {
        uint8_t buffer[BYTES_MAX];
        struct vote vote;
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        struct reader reader = reader_of(bytes);
        assert_int_equal(vote_take(&reader, &vote), STATUS_OK);
        assert_int_equal(vote_verify(&vote, &chain, &keyring), STATUS_OK);
        assert_true(slice_equal(text_of(object, "kind"), slice_of_text(names[vote.kind])));
        memset(vote.signature, 0, sizeof vote.signature);
        vote_sign(&vote, &chain, secrets[vote.member]);
        vote_put(&writer, &vote);
        assert_written(&writer, bytes);
    }
    json_array_foreach(list_of("vote_certificates"), i, object) {
        static struct vote_certificate certificate;
        uint8_t buffer[BYTES_MAX];
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        struct reader reader = reader_of(bytes);
        assert_int_equal(vote_certificate_take(&reader, &certificate), STATUS_OK);
        assert_int_equal(vote_certificate_verify(&certificate, &chain, &keyring, genesis.threshold), STATUS_OK);
        vote_certificate_put(&writer, &certificate);
        assert_written(&writer, bytes);
    }
}

static void blocks_and_proofs_then_read_and_written_the_same(void **state) {
    (void)state;
    const struct keyring keyring = {.keys = (const uint8_t(*)[KEY_BYTES])genesis.keys, .members = genesis.members};
    static struct block block;
    size_t i;
    const json_t *object;
    json_array_foreach(list_of("blocks"), i, object) {
        uint8_t buffer[BYTES_MAX];
        struct hash hash;
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        assert_int_equal(block_read(bytes, &chain, &block, &hash), STATUS_OK);
        block_put(&writer, &block, &chain);
        assert_written(&writer, bytes);
        assert_hash(object, "hash", &hash);
    }
    json_array_foreach(list_of("proofs"), i, object) {
        uint8_t buffer[BYTES_MAX];
        struct proof proof;
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        assert_int_equal(proof_verify(bytes, &chain, &keyring, &proof), STATUS_OK);
        assert_int_equal(proof.member, number_of(object, "member"));
        assert_int_equal(proof.at, number_of(object, "at"));
        assert_true(slice_equal(text_of(object, "kind"), slice_of_text(proof.kind == PROOF_FORK ? "fork" : "vote")));
        proof_put(&writer, proof.kind, proof.b, proof.a);
        assert_written(&writer, bytes);
    }
}

static void put_belief(struct slice bytes, struct writer *writer) {
    struct record_belief belief;
    enum record_kind kind;
    assert_int_equal(record_belief_read(bytes, &kind, &belief), STATUS_OK);
    record_belief_put(writer, kind, &belief);
}

static void put_state(struct slice bytes, struct writer *writer) {
    struct record_state record;
    assert_int_equal(record_state_read(bytes, &record), STATUS_OK);
    record_state_put(writer, &record);
}

static void put_member(struct slice bytes, struct writer *writer) {
    struct record_member record;
    assert_int_equal(record_member_read(bytes, &record), STATUS_OK);
    record_member_put(writer, &record);
}

static void put_parameters(struct slice bytes, struct writer *writer) {
    struct record_parameters parameters;
    assert_int_equal(record_parameters_read(bytes, &parameters), STATUS_OK);
    record_parameters_put(writer, &parameters);
}

static void put_suspicion(struct slice bytes, struct writer *writer) {
    struct record_suspicion record;
    assert_int_equal(record_suspicion_read(bytes, &record), STATUS_OK);
    record_suspicion_put(writer, &record);
}

static void put_calibration(struct slice bytes, struct writer *writer) {
    static struct record_calibration record;
    assert_int_equal(record_calibration_read(bytes, &record), STATUS_OK);
    record_calibration_put(writer, &record);
}

static void put_calibrated(struct slice bytes, struct writer *writer) {
    struct record_calibrated record;
    assert_int_equal(record_calibrated_read(bytes, &record), STATUS_OK);
    record_calibrated_put(writer, &record);
}

static void put_genesis(struct slice bytes, struct writer *writer) {
    static struct genesis read;
    assert_int_equal(genesis_read(bytes, &read), STATUS_OK);
    genesis_put(writer, &read);
}

static void put_roster(struct slice bytes, struct writer *writer) {
    static struct roster read;
    assert_int_equal(roster_read(bytes, &read), STATUS_OK);
    roster_put(writer, &read);
}

/* [11, bstr]: the proof is what follows the head, which for these is three bytes. */
static void put_proof(struct slice bytes, struct writer *writer) {
    enum { HEAD = 1 + 1 + 3 };
    record_proof_put(writer, slice_of(bytes.data + HEAD, bytes.bytes - HEAD));
}

static const struct {
    const char *kind;
    void (*put)(struct slice bytes, struct writer *writer);
} record_kinds[] = {
    {"genesis", put_genesis},       {"proof", put_proof},         {"verdict", put_belief},
    {"question", put_belief},       {"state", put_state},         {"member", put_member},
    {"parameters", put_parameters}, {"suspicion", put_suspicion}, {"calibration", put_calibration},
    {"calibrated", put_calibrated}, {"roster", put_roster},
};

static void records_then_read_and_written_the_same(void **state) {
    (void)state;
    size_t i;
    const json_t *object;
    uint32_t seen = 0;
    json_array_foreach(list_of("records"), i, object) {
        uint8_t buffer[BYTES_MAX];
        struct hash hash;
        struct slice bytes = bytes_of(object, "bytes", buffer);
        merkle_leaf(bytes, &hash);
        assert_hash(object, "leaf", &hash);
        for (uint32_t k = 0; k < sizeof record_kinds / sizeof record_kinds[0]; k++) {
            struct writer writer = again();
            if (!slice_equal(text_of(object, "kind"), slice_of_text(record_kinds[k].kind))) continue;
            seen |= 1u << k;
            record_kinds[k].put(bytes, &writer);
            assert_written(&writer, bytes);
        }
    }
    assert_int_equal(seen, (1u << sizeof record_kinds / sizeof record_kinds[0]) - 1);
}

static void log_then_its_root_and_paths(void **state) {
    (void)state;
    const json_t *object = json_object_get(vectors, "log");
    const json_t *entries = json_object_get(object, "entries");
    struct merkle_frontier frontier;
    struct hash root;
    merkle_frontier_init(&frontier);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        uint8_t buffer[BYTES_MAX];
        const char *hex = json_string_value(json_array_get(entries, i));
        struct hash leaf;
        assert_int_equal(bytes_from_hex(slice_of_text(hex), buffer, strlen(hex) / 2), STATUS_OK);
        merkle_leaf(slice_of(buffer, strlen(hex) / 2), &leaf);
        merkle_append(&frontier, &leaf);
    }
    merkle_frontier_root(&frontier, &root);
    assert_hash(object, "root", &root);
}

static void checkpoint_then_signed_and_noted_the_same(void **state) {
    (void)state;
    const json_t *object = json_object_get(vectors, "checkpoint");
    const json_t *expected = json_object_get(object, "signatures");
    struct checkpoint checkpoint;
    struct checkpoint_signature signatures[MEMBERS_MAX];
    uint32_t count;
    struct writer writer = again();
    assert_int_equal(checkpoint_read(text_of(object, "text"), &chain, &checkpoint), STATUS_OK);
    checkpoint_put(&writer, &checkpoint, &chain);
    assert_written(&writer, text_of(object, "text"));
    for (uint32_t m = 0; m < KEYS; m++) {
        uint8_t signature[SIGNATURE_BYTES];
        char hex[2 * SIGNATURE_BYTES + 1];
        checkpoint_sign(&checkpoint, &chain, secrets[m], signature);
        bytes_to_hex(signature, SIGNATURE_BYTES, hex);
        assert_string_equal(hex, json_string_value(json_array_get(expected, m)));
    }
    struct roster roster;
    roster_of(&genesis, &roster);
    assert_int_equal(checkpoint_note_read(text_of(object, "note"), &chain, &roster, &checkpoint, signatures, &count),
                     STATUS_OK);
    assert_int_equal(count, 3);
    writer = again();
    checkpoint_note_put(&writer, &checkpoint, &chain, &roster, signatures, count);
    assert_written(&writer, text_of(object, "note"));
}

static void certificates_then_they_hold(void **state) {
    (void)state;
    static const struct verify_policy policy = {.has_threshold = true, .threshold = {3, 4}};
    static struct verify_result result;
    size_t i;
    const json_t *object;
    json_array_foreach(list_of("certificates"), i, object) {
        uint8_t scratch[BYTES_MAX];
        enum verify_step step;
        struct slice file = text_of(object, "file");
        assert_int_equal(verify_certificate(file, &genesis, &policy, scratch, sizeof scratch, &result, &step),
                         STATUS_OK);
        assert_int_equal(result.is_verdict, i == 0);
        assert_int_equal(result.signers, 3);
        struct certificate certificate;
        struct writer writer = again();
        assert_int_equal(certificate_read(file, scratch, sizeof scratch, &certificate), STATUS_OK);
        certificate_put(&writer, &certificate);
        assert_written(&writer, file);
    }
}

/* --- Epochs --- */

static struct genesis vacant_genesis(struct hash *ret_chain) {
    static struct genesis read;
    uint8_t buffer[BYTES_MAX];
    const json_t *object = json_object_get(json_object_get(vectors, "epochs"), "genesis");
    struct slice bytes = bytes_of(object, "bytes", buffer);
    struct writer writer = again();
    assert_int_equal(genesis_read(bytes, &read), STATUS_OK);
    genesis_put(&writer, &read);
    assert_written(&writer, bytes);
    genesis_chain(&read, ret_chain);
    assert_hash(object, "chain", ret_chain);
    return read;
}

static const json_t *epochs_list(const char *name) {
    const json_t *list = json_object_get(json_object_get(vectors, "epochs"), name);
    assert_true(json_array_size(list) > 0);
    return list;
}

/* The change makes the roster that the record says, and the handover leads to the same. */
static void assert_epoch_ends(const json_t *object, const struct hash *of_chain, struct roster *roster) {
    static struct handover handover;
    static struct roster next;
    uint8_t buffer[BYTES_MAX];
    uint8_t record_buffer[BYTES_MAX];
    struct item item;
    struct writer writer = again();
    struct slice bytes = bytes_of(object, "handover", buffer);
    assert_int_equal(handover_read(bytes, &handover), STATUS_OK);
    handover_put(&writer, &handover);
    assert_written(&writer, bytes);
    assert_int_equal(handover_verify(&handover, of_chain, roster, &next), STATUS_OK);

    struct slice record = bytes_of(object, "roster", record_buffer);
    writer = again();
    roster_put(&writer, &next);
    assert_written(&writer, record);

    struct reader reader = reader_of(bytes_of(object, "change", buffer));
    assert_int_equal(item_take(&reader, &item, NULL), STATUS_OK);
    assert_int_equal(item.kind, ITEM_RECONFIGURE);
    roster_apply(roster, &item.reconfigure, number_of(object, "height"));
    writer = again();
    roster_put(&writer, roster);
    assert_written(&writer, record);
}

static void epochs_then_each_leads_to_the_next(void **state) {
    (void)state;
    static struct roster roster;
    struct hash of_chain;
    struct genesis first = vacant_genesis(&of_chain);
    size_t i;
    const json_t *object;
    assert_int_equal(first.vacant, 2);
    roster_of(&first, &roster);
    json_array_foreach(epochs_list("ended"), i, object) assert_epoch_ends(object, &of_chain, &roster);
    assert_int_equal(roster.epoch, EPOCHS);
}

/* The handovers of all epochs that ended, as a file. */
static struct slice handover_file(uint8_t ret_text[BYTES_MAX]) {
    struct writer writer = writer_of(ret_text, BYTES_MAX);
    size_t i;
    const json_t *object;
    json_array_foreach(epochs_list("ended"), i, object) {
        uint8_t buffer[BYTES_MAX];
        handover_file_put(&writer, bytes_of(object, "handover", buffer));
    }
    assert_int_equal(writer_status(&writer), STATUS_OK);
    return writer_slice(&writer);
}

static enum status follow(struct slice text, uint64_t *ret_lines, struct roster *ret_roster) {
    static uint8_t scratch_of_line[HANDOVER_BYTES_MAX];
    struct hash of_chain;
    struct genesis first = vacant_genesis(&of_chain);
    roster_of(&first, ret_roster);
    return handover_file_follow(text, &of_chain, scratch_of_line, ret_roster, ret_lines);
}

static void file_of_handovers_then_it_leads_to_the_last_epoch(void **state) {
    (void)state;
    static uint8_t text[BYTES_MAX];
    static struct roster roster, direct;
    uint64_t lines;
    struct slice whole = handover_file(text);
    assert_int_equal(follow(whole, &lines, &roster), STATUS_OK);
    assert_int_equal(lines, EPOCHS);
    assert_int_equal(roster.epoch, EPOCHS);
    assert_int_equal(follow(slice_of(text, 0), &lines, &direct), STATUS_OK);
    assert_int_equal(direct.epoch, 0);
}

static size_t line_end(struct slice text, size_t from) {
    const uint8_t *newline = memchr(text.data + from, '\n', text.bytes - from);
    assert_non_null(newline);
    return (size_t)(newline - text.data) + 1;
}

/* Cut at the end of a line it leads less far; anywhere else, and with any character changed, it is refused. */
static void file_of_handovers_cut_or_changed_then_refused(void **state) {
    (void)state;
    static uint8_t text[BYTES_MAX];
    static struct roster roster;
    uint64_t lines;
    struct slice whole = handover_file(text);
    size_t first = line_end(whole, 0), second = line_end(whole, first);
    assert_int_equal(follow(slice_of(text, second), &lines, &roster), STATUS_OK);
    assert_int_equal(roster.epoch, 2);
    for (size_t bytes = first + 1; bytes < second; bytes++) {
        assert_int_not_equal(follow(slice_of(text, bytes), &lines, &roster), STATUS_OK);
        assert_int_equal(lines, 1);
    }
    for (size_t at = 0; at < second; at++) {
        text[at] ^= 1;
        assert_int_not_equal(follow(slice_of(text, second), &lines, &roster), STATUS_OK);
        assert_int_equal(lines, at < first ? 0 : 1);
        text[at] ^= 1;
    }
    assert_int_equal(follow(slice_of(text + first, second - first), &lines, &roster), STATUS_WRONG_EPOCH);
    text[second] = '\n';
    assert_int_equal(follow(slice_of(text, second + 1), &lines, &roster), STATUS_BAD_FORMAT);
}

static void certificates_over_epochs_then_they_hold(void **state) {
    (void)state;
    static const struct verify_policy policy = {0};
    static struct verify_result result;
    struct hash of_chain;
    struct genesis first = vacant_genesis(&of_chain);
    size_t i;
    const json_t *object;
    json_array_foreach(epochs_list("certificates"), i, object) {
        uint8_t scratch[BYTES_MAX];
        enum verify_step step;
        struct certificate certificate;
        struct writer writer = again();
        struct slice file = text_of(object, "file");
        assert_int_equal(verify_certificate(file, &first, &policy, scratch, sizeof scratch, &result, &step),
                         STATUS_OK);
        assert_int_equal(result.roster.epoch, number_of(object, "epoch"));
        assert_int_equal(certificate_read(file, scratch, sizeof scratch, &certificate), STATUS_OK);
        certificate_put(&writer, &certificate);
        assert_written(&writer, file);
    }
}

static enum verify_step step_named(struct slice name) {
    static const char *const names[VERIFY_DONE] = {[VERIFY_EPOCH] = "epoch",
                                                   [VERIFY_NOTE] = "note",
                                                   [VERIFY_BASE] = "base",
                                                   [VERIFY_HEADS] = "heads",
                                                   [VERIFY_MEMBERS] = "members"};
    for (unsigned step = 0; step < VERIFY_DONE; step++)
        if (names[step] != NULL && slice_equal(name, slice_of_text(names[step]))) return (enum verify_step)step;
    return VERIFY_DONE;
}

static void certificates_over_epochs_that_are_wrong_then_refused_at_their_step(void **state) {
    (void)state;
    static const struct verify_policy policy = {0};
    static struct verify_result result;
    struct hash of_chain;
    struct genesis first = vacant_genesis(&of_chain);
    size_t i;
    const json_t *object;
    json_array_foreach(epochs_list("refused"), i, object) {
        uint8_t scratch[BYTES_MAX];
        enum verify_step step;
        enum status status =
            verify_certificate(text_of(object, "file"), &first, &policy, scratch, sizeof scratch, &result, &step);
        if (status == STATUS_OK || step != step_named(text_of(object, "step")))
            fail_msg("%s: %s, %s", json_string_value(json_object_get(object, "about")), status_text(status),
                     verify_step_text(step));
    }
}

static void receipts_then_signed_the_same(void **state) {
    (void)state;
    size_t i;
    const json_t *object;
    uint8_t root_buffer[BYTES_MAX];
    struct hash root;
    memcpy(root.bytes, bytes_of(json_object_get(vectors, "log"), "root", root_buffer).data, HASH_BYTES);
    json_array_foreach(list_of("receipts"), i, object) {
        uint8_t buffer[BYTES_MAX];
        uint8_t entry[BYTES_MAX];
        struct receipt receipt;
        struct writer writer = again();
        struct slice bytes = bytes_of(object, "bytes", buffer);
        uint32_t member = (uint32_t)number_of(object, "member");
        assert_int_equal(
            receipt_verify(bytes, bytes_of(object, "entry", entry), &chain, genesis.keys[member], &receipt),
            STATUS_OK);
        assert_int_equal(receipt.member, member);
        assert_int_equal(receipt.index, number_of(object, "index"));
        receipt_sign(&receipt, &root, &chain, secrets[member], &writer);
        assert_written(&writer, bytes);
    }
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_genesis_then_the_chain),
        cmocka_unit_test(commitments_then_these_hashes),
        cmocka_unit_test(items_then_read_and_written_the_same),
        cmocka_unit_test(headers_then_signed_the_same),
        cmocka_unit_test(votes_then_signed_the_same),
        cmocka_unit_test(blocks_and_proofs_then_read_and_written_the_same),
        cmocka_unit_test(records_then_read_and_written_the_same),
        cmocka_unit_test(log_then_its_root_and_paths),
        cmocka_unit_test(checkpoint_then_signed_and_noted_the_same),
        cmocka_unit_test(certificates_then_they_hold),
        cmocka_unit_test(epochs_then_each_leads_to_the_next),
        cmocka_unit_test(file_of_handovers_then_it_leads_to_the_last_epoch),
        cmocka_unit_test(file_of_handovers_cut_or_changed_then_refused),
        cmocka_unit_test(certificates_over_epochs_then_they_hold),
        cmocka_unit_test(certificates_over_epochs_that_are_wrong_then_refused_at_their_step),
        cmocka_unit_test(receipts_then_signed_the_same),
    };
    vectors = count == 2 ? json_load_file(arguments[1], JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (vectors == NULL) return 2;
    int failed = cmocka_run_group_tests_name("formats", tests, NULL, NULL);
    json_decref(vectors);
    return failed;
}
