/* Fuzz target: a signed note that is accepted is written again byte for byte from its parts; so is the text of a
 * checkpoint, the note's or the input itself. */
#include <stdlib.h>

#include "codec/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool condition) {
    if (!condition) abort();
}

static void write_checkpoint_again(struct slice text) {
    struct note_checkpoint checkpoint;
    if (note_checkpoint_read(text, &checkpoint) != STATUS_OK) return;
    uint8_t *again = malloc(text.bytes);
    if (again == NULL) abort();
    struct writer writer = writer_of(again, text.bytes);
    note_checkpoint_put(&writer, checkpoint.origin, checkpoint.size, &checkpoint.root);
    writer_put(&writer, checkpoint.extensions.data, checkpoint.extensions.bytes);
    require(writer_status(&writer) == STATUS_OK && slice_equal(writer_slice(&writer), text));
    free(again);
}

static void write_note_again(struct slice whole, const struct note *note) {
    uint8_t *again = malloc(whole.bytes);
    if (again == NULL) abort();
    struct writer writer = writer_of(again, whole.bytes);
    struct slice rest = note->signatures;
    struct note_signature signature;
    note_put_text(&writer, note->text);
    while (rest.bytes > 0) {
        require(note_next_signature(&rest, &signature) == STATUS_OK);
        note_put_signature(&writer, signature.name, signature.key_id, signature.signature);
    }
    require(note_next_signature(&rest, &signature) == STATUS_NOT_FOUND);
    require(writer_status(&writer) == STATUS_OK && slice_equal(writer_slice(&writer), whole));
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice whole = slice_of(data, bytes);
    struct note note;
    write_checkpoint_again(whole);
    if (note_read(whole, &note) != STATUS_OK) return 0;
    write_note_again(whole, &note);
    write_checkpoint_again(note.text);
    return 0;
}
