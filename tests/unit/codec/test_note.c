/* Tests of codec/note.h: the examples of c2sp.org/signed-note and c2sp.org/tlog-checkpoint, and the note of Go's
 * golang.org/x/mod/sumdb/note, whose key is known. Hashes and signatures are checked by libsodium itself. */
#include "codec/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/prng.h"
#include "codec/base64.h"

#define DASH "\xe2\x80\x94 "
#define BLOB "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc="
#define LINE DASH "a.example/b " BLOB "\n"

enum { BUFFER_BYTES = 2048 };

static const char spec_text[] = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
                                "ed \xc3\xa8 subito sera.\n";
static const char spec_note[] = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
                                "ed \xc3\xa8 subito sera.\n\n" DASH "quasimodo.example/salvatore " BLOB "\n";

static const char go_text[] = "If you think cryptography is the answer to your problem,\n"
                              "then you don't know what your problem is.\n";
static const char go_note[] =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" DASH
    "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
/* PeterNeumann+c74f20a3+<type and key> */
static const char go_key[] = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

static const char spec_checkpoint[] =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" DASH
    "example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

static void note_of_the_spec_then_text_and_one_signature(void **state) {
    (void)state;
    struct note note;
    struct note_signature signature;
    assert_int_equal(note_read(slice_of_text(spec_note), &note), STATUS_OK);
    assert_true(slice_equal(note.text, slice_of_text(spec_text)));
    assert_int_equal(note_next_signature(&note.signatures, &signature), STATUS_OK);
    assert_true(slice_equal(signature.name, slice_of_text("quasimodo.example/salvatore")));
    assert_memory_equal(signature.key_id, "\x36\x7b\xa0\x4b", NOTE_KEY_ID_BYTES);
    assert_int_equal(note_next_signature(&note.signatures, &signature), STATUS_NOT_FOUND);
}

static void note_put_from_its_parts_then_the_same_bytes(void **state) {
    (void)state;
    static const char *const notes[] = {spec_note, go_note, spec_checkpoint};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        uint8_t buffer[BUFFER_BYTES];
        struct writer writer = writer_of(buffer, sizeof buffer);
        struct note note;
        struct note_signature signature;
        assert_int_equal(note_read(slice_of_text(notes[i]), &note), STATUS_OK);
        assert_int_equal(note_next_signature(&note.signatures, &signature), STATUS_OK);
        note_put_text(&writer, note.text);
        note_put_signature(&writer, signature.name, signature.key_id, signature.signature);
        assert_true(slice_equal(writer_slice(&writer), slice_of_text(notes[i])));
    }
}

static void known_key_then_key_id_and_signature_verify(void **state) {
    (void)state;
    struct note note;
    struct note_signature signature;
    uint8_t key[1 + KEY_BYTES], input[NOTE_KEY_ID_INPUT_BYTES_MAX], hash[HASH_BYTES];
    size_t bytes;
    assert_int_equal(note_read(slice_of_text(go_note), &note), STATUS_OK);
    assert_true(slice_equal(note.text, slice_of_text(go_text)));
    assert_int_equal(note_next_signature(&note.signatures, &signature), STATUS_OK);
    assert_int_equal(base64_decode(slice_of_text(go_key), key, sizeof key, &bytes), STATUS_OK);
    assert_int_equal(key[0], NOTE_ED25519);

    struct writer writer = writer_of(input, sizeof input);
    note_key_id_input(&writer, signature.name, key + 1);
    assert_int_equal(writer_status(&writer), STATUS_OK);
    crypto_hash_sha256(hash, input, writer.bytes);
    assert_memory_equal(hash, "\xc7\x4f\x20\xa3", NOTE_KEY_ID_BYTES);
    assert_memory_equal(signature.key_id, hash, NOTE_KEY_ID_BYTES);
    assert_int_equal(crypto_sign_verify_detached(signature.signature, note.text.data, note.text.bytes, key + 1), 0);
    assert_int_not_equal(
        crypto_sign_verify_detached(signature.signature, note.text.data, note.text.bytes - 1, key + 1), 0);
}

static void many_signatures_then_each_in_order(void **state) {
    (void)state;
    enum { SIGNERS = 256 };
    static uint8_t buffer[64 + SIGNERS * NOTE_SIGNATURE_LINE_BYTES_MAX];
    struct writer writer = writer_of(buffer, sizeof buffer);
    note_put_text(&writer, slice_of_text("text\n"));
    for (unsigned i = 0; i < SIGNERS; i++) {
        uint8_t name[MEMBER_NAME_BYTES_MAX], id[NOTE_KEY_ID_BYTES] = {(uint8_t)i},
                                             blob[SIGNATURE_BYTES] = {(uint8_t)i, 1};
        memset(name, 'm', sizeof name);
        note_put_signature(&writer, slice_of(name, 1 + i % sizeof name), id, blob);
    }
    struct note note;
    assert_int_equal(writer_status(&writer), STATUS_OK);
    assert_int_equal(note_read(writer_slice(&writer), &note), STATUS_OK);
    for (unsigned i = 0; i < SIGNERS; i++) {
        struct note_signature signature;
        assert_int_equal(note_next_signature(&note.signatures, &signature), STATUS_OK);
        assert_int_equal(signature.name.bytes, 1 + i % MEMBER_NAME_BYTES_MAX);
        assert_int_equal(signature.key_id[0], i);
        assert_int_equal(signature.signature[0], i);
        assert_int_equal(signature.signature[1], 1);
    }
    assert_int_equal(note.signatures.bytes, 0);
}

static void longest_signature_line_then_exactly_the_bound(void **state) {
    (void)state;
    uint8_t buffer[BUFFER_BYTES], name[MEMBER_NAME_BYTES_MAX], id[NOTE_KEY_ID_BYTES] = {0},
                                                               blob[SIGNATURE_BYTES] = {0};
    memset(name, 'm', sizeof name);
    struct writer writer = writer_of(buffer, sizeof buffer);
    note_put_signature(&writer, slice_of(name, sizeof name), id, blob);
    assert_int_equal(writer.bytes, NOTE_SIGNATURE_LINE_BYTES_MAX);
    struct hash root = {{0}};
    writer = writer_of(buffer, sizeof buffer);
    note_checkpoint_put(&writer, slice_of(name, sizeof name), UINT64_MAX, &root);
    assert_int_equal(writer.bytes, sizeof name + NOTE_CHECKPOINT_OVERHEAD_BYTES);
}

static void note_with_blank_lines_in_its_text_then_split_at_the_last(void **state) {
    (void)state;
    struct note note;
    assert_int_equal(note_read(slice_of_text("a\n\nb\n\n\n" LINE LINE), &note), STATUS_OK);
    assert_true(slice_equal(note.text, slice_of_text("a\n\nb\n\n")));
    assert_true(slice_equal(note.signatures, slice_of_text(LINE LINE)));
    assert_int_equal(note_read(slice_of_text("\n\n" LINE), &note), STATUS_OK);
    assert_true(slice_equal(note.text, slice_of_text("\n")));
    assert_int_equal(note_read(slice_of_text("a\n\n" LINE "\n" LINE), &note), STATUS_OK);
    assert_true(slice_equal(note.text, slice_of_text("a\n\n" LINE)));
}

static void malformed_note_then_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        LINE,
        "\n" LINE,
        "text\n" LINE,
        "text\n\n" LINE "\n",
        "text\n\n" LINE "more\n",
        "text\n\n" DASH "a.example/b " BLOB,
        "text\r\n\r\n" LINE,
        "te\txt\n\n" LINE,
        "te\x01xt\n\n" LINE,
        "te\xffxt\n\n" LINE,
        "te\xed\xa0\x80xt\n\n" LINE,
        "text\n\n- a.example/b " BLOB "\n",
        "text\n\n\xe2\x80\x93 a.example/b " BLOB "\n",
        "text\n\n\xe2\x80\x94"
        "a.example/b " BLOB "\n",
        "text\n\n" DASH " a.example/b " BLOB "\n",
        "text\n\n" DASH "a.example/b  " BLOB "\n",
        "text\n\n" DASH "a.example/b " BLOB " \n",
        "text\n\n" DASH "a example/b " BLOB "\n",
        "text\n\n" DASH "a+b " BLOB "\n",
        "text\n\n" DASH "a\xc2\xa0"
        "b " BLOB "\n",
        "text\n\n" DASH BLOB "\n",
        "text\n\n" DASH "a.example/b\n",
        "text\n\n" DASH "a.example/b \n",
        "text\n\n" DASH "a.example/b NnugSw==\n",
        "text\n\n" DASH "a.example/b " BLOB BLOB "\n",
        /* one byte less, one more, unused bits set */
        "text\n\n" DASH
        "a.example/b NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtA==\n",
        "text\n\n" DASH
        "a.example/b NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIcA\n",
        "text\n\n" DASH
        "a.example/b NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtId=\n",
        "text\n\n" DASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " BLOB "\n",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct note note, before;
        memset(&note, 0x5a, sizeof note);
        before = note;
        enum status status = note_read(slice_of_text(refused[i]), &note);
        if (status != STATUS_BAD_FORMAT) fail_msg("note %zu: %s", i, status_name(status));
        assert_memory_equal(&note, &before, sizeof note);
    }
}

static void malformed_line_then_refused_and_not_passed(void **state) {
    (void)state;
    struct slice rest = slice_of_text(DASH "a.example/b AAAA\n" LINE);
    struct note_signature signature, before;
    memset(&signature, 0x5a, sizeof signature);
    before = signature;
    assert_int_equal(note_next_signature(&rest, &signature), STATUS_BAD_FORMAT);
    assert_true(slice_equal(rest, slice_of_text(DASH "a.example/b AAAA\n" LINE)));
    assert_memory_equal(&signature, &before, sizeof signature);
}

static void names_then_valid_or_not(void **state) {
    (void)state;
    static const char *const valid[] = {"a",
                                        "example.com/log42",
                                        "\xe2\x80\x94",
                                        "\xc3\xa8",
                                        "\xe3\x80\x81",
                                        "=",
                                        "\x7f",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const invalid[] = {
        "",
        "a b",
        "a+b",
        "+",
        "a\n",
        "\t",
        "a\xff",
        "\xc2\x85",
        "a\xc2\xa0",
        "\xe1\x9a\x80",
        "\xe2\x80\x80",
        "\xe2\x80\x8a",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xe2\x80\xaf",
        "\xe2\x81\x9f",
        "\xe3\x80\x80",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) assert_true(note_name_valid(slice_of_text(valid[i])));
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_false(note_name_valid(slice_of_text(invalid[i])));
}

static void checkpoint_of_the_spec_then_its_parts_and_the_same_bytes(void **state) {
    (void)state;
    struct note note;
    struct note_checkpoint checkpoint;
    uint8_t buffer[BUFFER_BYTES];
    assert_int_equal(note_read(slice_of_text(spec_checkpoint), &note), STATUS_OK);
    assert_int_equal(note_checkpoint_read(note.text, &checkpoint), STATUS_OK);
    assert_true(slice_equal(checkpoint.origin, slice_of_text("example.com/behind-the-sofa")));
    assert_true(checkpoint.size == 20852163);
    assert_memory_equal(checkpoint.root.bytes, "\x0a\xc5\x18\x6a\x91\x86\x3e\x8e", 8);
    assert_int_equal(checkpoint.extensions.bytes, 0);
    struct writer writer = writer_of(buffer, sizeof buffer);
    note_checkpoint_put(&writer, checkpoint.origin, checkpoint.size, &checkpoint.root);
    assert_true(slice_equal(writer_slice(&writer), note.text));
}

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static void checkpoints_then_accepted_or_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum status status;
    } texts[] = {
        {"o\n0\n" ROOT, STATUS_OK},
        {"o\n18446744073709551615\n" ROOT, STATUS_OK},
        {"o+ o\n7\n" ROOT "extension\nanother\n", STATUS_OK},
        {"o\n18446744073709551616\n" ROOT, STATUS_OVERFLOW},
        {"o\n99999999999999999999999\n" ROOT, STATUS_OVERFLOW},
        {"o\n00\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n01\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n+1\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n-1\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n 1\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n1 \n" ROOT, STATUS_BAD_FORMAT},
        {"o\n0x1\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n1/\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n1:\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n\n" ROOT, STATUS_BAD_FORMAT},
        {"\n1\n" ROOT, STATUS_BAD_FORMAT},
        {"", STATUS_BAD_FORMAT},
        {"o\n", STATUS_BAD_FORMAT},
        {"o\n1\n", STATUS_BAD_FORMAT},
        {"o\n1\n\n", STATUS_BAD_FORMAT},
        {"o\n1\n" ROOT "\n", STATUS_BAD_FORMAT},
        {"o\n1\n" ROOT "extension\n\n", STATUS_BAD_FORMAT},
        {"o\n1\n" ROOT "extension", STATUS_BAD_FORMAT},
        {"o\n1\n" ROOT "ext\tension\n", STATUS_BAD_FORMAT},
        {"o\xff\n1\n" ROOT, STATUS_BAD_FORMAT},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n", STATUS_BAD_FORMAT},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", STATUS_BAD_FORMAT},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", STATUS_BAD_FORMAT},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n", STATUS_BAD_FORMAT},
        {"o\n1\n"
         "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= \n",
         STATUS_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct note_checkpoint checkpoint, before;
        memset(&checkpoint, 0x5a, sizeof checkpoint);
        before = checkpoint;
        enum status status = note_checkpoint_read(slice_of_text(texts[i].text), &checkpoint);
        if (status != texts[i].status) fail_msg("text %zu: %s", i, status_name(status));
        if (status != STATUS_OK) assert_memory_equal(&checkpoint, &before, sizeof checkpoint);
    }
}

static void checkpoint_with_extensions_then_they_are_handed_out(void **state) {
    (void)state;
    struct note_checkpoint checkpoint;
    assert_int_equal(note_checkpoint_read(slice_of_text("o\n7\n" ROOT "one\ntwo\n"), &checkpoint), STATUS_OK);
    assert_true(slice_equal(checkpoint.extensions, slice_of_text("one\ntwo\n")));
}

/* Reads a note and writes it again from its parts. */
static struct slice rewritten(const struct note *note, uint8_t buffer[BUFFER_BYTES]) {
    struct writer writer = writer_of(buffer, BUFFER_BYTES);
    struct slice rest = note->signatures;
    struct note_signature signature;
    note_put_text(&writer, note->text);
    while (rest.bytes > 0) {
        assert_int_equal(note_next_signature(&rest, &signature), STATUS_OK);
        note_put_signature(&writer, signature.name, signature.key_id, signature.signature);
    }
    assert_int_equal(writer_status(&writer), STATUS_OK);
    return writer_slice(&writer);
}

static void random_change_then_refused_or_written_again_the_same(void **state) {
    (void)state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)seed);
    struct prng prng = prng_seeded(seed);
    static const char *const notes[] = {spec_note, go_note, spec_checkpoint, "a\n\n" LINE LINE LINE};
    for (int round = 0; round < 100000; round++) {
        uint8_t again[BUFFER_BYTES];
        struct slice from = slice_of_text(notes[prng_below(&prng, sizeof notes / sizeof notes[0])]);
        uint8_t *changed = malloc(from.bytes);
        assert_non_null(changed);
        memcpy(changed, from.data, from.bytes);
        changed[prng_below(&prng, from.bytes)] =
            prng_chance(&prng, 1, 2) ? (uint8_t)prng_next(&prng) : (uint8_t) "\n =+A\xe2"[prng_below(&prng, 6)];
        struct note note;
        struct slice whole = slice_of(changed, from.bytes);
        if (note_read(whole, &note) == STATUS_OK) assert_true(slice_equal(rewritten(&note, again), whole));
        free(changed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(note_of_the_spec_then_text_and_one_signature),
        cmocka_unit_test(note_put_from_its_parts_then_the_same_bytes),
        cmocka_unit_test(known_key_then_key_id_and_signature_verify),
        cmocka_unit_test(many_signatures_then_each_in_order),
        cmocka_unit_test(longest_signature_line_then_exactly_the_bound),
        cmocka_unit_test(note_with_blank_lines_in_its_text_then_split_at_the_last),
        cmocka_unit_test(malformed_note_then_refused),
        cmocka_unit_test(malformed_line_then_refused_and_not_passed),
        cmocka_unit_test(names_then_valid_or_not),
        cmocka_unit_test(checkpoint_of_the_spec_then_its_parts_and_the_same_bytes),
        cmocka_unit_test(checkpoints_then_accepted_or_refused_by_name),
        cmocka_unit_test(checkpoint_with_extensions_then_they_are_handed_out),
        cmocka_unit_test(random_change_then_refused_or_written_again_the_same),
    };
    return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
