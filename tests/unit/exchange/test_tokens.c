/* JSON as a stream: exactly the grammar, in pieces of any size, and each refusal with its place. */
#include "exchange/tokens.h"

#include "text_source.h"

static struct tokens tokens;

/* Reads a whole document and writes its tokens as letters, into `ret_shape` unless it is NULL. */
static enum status shape_of_bytes(struct slice text, size_t piece, char *ret_shape) {
    static const char letters[] = ".{}[]ksntf0";
    struct text_source source;
    enum token token;
    size_t count = 0;
    tokens_of(&tokens, &source, text, piece);
    for (;;) {
        enum status status = tokens_next(&tokens, &token);
        if (ret_shape != NULL) ret_shape[count] = '\0';
        if (status != STATUS_OK || token == TOKEN_END) return status;
        if (ret_shape != NULL) ret_shape[count++] = letters[token];
    }
}

static enum status shape_of(const char *text, char *ret_shape) {
    return shape_of_bytes(slice_of_text(text), SIZE_MAX, ret_shape);
}

static void document_comes_as_tokens_in_pieces_of_any_size(void **state) {
    static const char text[] = " {\"a\" : [1, -2.5e+3, true ,false,null, \"x\\u00e4\\ud83d\\ude00\"] ,\"b\":{}} \n";
    char shape[64];
    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        assert_int_equal(shape_of_bytes(slice_of_text(text), piece, shape), STATUS_OK);
        assert_string_equal(shape, "{k[nntf0s]k{}}");
    }
}

static void texts_are_decoded_and_numbers_keep_their_digits(void **state) {
    static const char text[] =
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\uD83D\\uDE00\",0.10000000000000000000000001]";
    struct text_source source;
    enum token token;
    (void)state;
    tokens_of(&tokens, &source, slice_of_text(text), 3);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(token, TOKEN_TEXT);
    assert_true(tokens_text_is(&tokens, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(token, TOKEN_NUMBER);
    assert_true(tokens_text_is(&tokens, "0.10000000000000000000000001"));
}

static void what_is_no_json_is_refused(void **state) {
    static const struct {
        const char *text;
        enum status status;
    } rows[] = {
        {"", STATUS_TRUNCATED},
        {"  ", STATUS_TRUNCATED},
        {"{", STATUS_TRUNCATED},
        {"[1", STATUS_TRUNCATED},
        {"{\"a\"", STATUS_TRUNCATED},
        {"{\"a\":", STATUS_TRUNCATED},
        {"\"abc", STATUS_TRUNCATED},
        {"\"a\\", STATUS_TRUNCATED},
        {"\"\\u00", STATUS_TRUNCATED},
        {"tru", STATUS_TRUNCATED},
        {"-", STATUS_TRUNCATED},
        {"1.", STATUS_TRUNCATED},
        {"1e", STATUS_TRUNCATED},
        {"[1,]", STATUS_BAD_FORMAT},
        {"[,1]", STATUS_BAD_FORMAT},
        {"[1 2]", STATUS_BAD_FORMAT},
        {"{\"a\" 1}", STATUS_BAD_FORMAT},
        {"{\"a\":1,}", STATUS_BAD_FORMAT},
        {"{a:1}", STATUS_BAD_FORMAT},
        {"{1:1}", STATUS_BAD_FORMAT},
        {"[1}", STATUS_BAD_FORMAT},
        {"{\"a\":1]", STATUS_BAD_FORMAT},
        {"'a'", STATUS_BAD_FORMAT},
        {"01", STATUS_BAD_FORMAT},
        {"1.x", STATUS_BAD_FORMAT},
        {".5", STATUS_BAD_FORMAT},
        {"+1", STATUS_BAD_FORMAT},
        {"1ee5", STATUS_BAD_FORMAT},
        {"0x10", STATUS_BAD_FORMAT},
        {"NaN", STATUS_BAD_FORMAT},
        {"Infinity", STATUS_BAD_FORMAT},
        {"-Infinity", STATUS_BAD_FORMAT},
        {"True", STATUS_BAD_FORMAT},
        {"nul!", STATUS_BAD_FORMAT},
        {"\"\\x\"", STATUS_BAD_FORMAT},
        {"\"\\u12g4\"", STATUS_BAD_FORMAT},
        {"\"a\nb\"", STATUS_BAD_FORMAT},
        {"\"a\tb\"", STATUS_BAD_FORMAT},
        {"\"\\u0000\"", STATUS_BAD_FORMAT},
        {"\"\\ud800\"", STATUS_BAD_FORMAT},
        {"\"\\ud800x\"", STATUS_BAD_FORMAT},
        {"\"\\ud800\\n\"", STATUS_BAD_FORMAT},
        {"\"\\ud800\\u0041\"", STATUS_BAD_FORMAT},
        {"\"\\ud800\\ud800\"", STATUS_BAD_FORMAT},
        {"\"\\udc00\"", STATUS_BAD_FORMAT},
        {"\"\xff\"", STATUS_BAD_FORMAT},
        {"\"\xc3\"", STATUS_BAD_FORMAT},
        {"\"\xc0\xaf\"", STATUS_BAD_FORMAT},
        {"\"\xed\xa0\x80\"", STATUS_BAD_FORMAT},
        {"\"\xf4\x90\x80\x80\"", STATUS_BAD_FORMAT},
        {"\"\xe2\x82", STATUS_BAD_FORMAT},
        {"\xef\xbb\xbf{}", STATUS_BAD_FORMAT},
        {"// a\n{}", STATUS_BAD_FORMAT},
        {"{} {}", STATUS_TRAILING_BYTES},
        {"1 1", STATUS_TRAILING_BYTES},
        {"[]]", STATUS_TRAILING_BYTES},
        {"{\"a\":1,\"a\":2}", STATUS_DUPLICATE},
        {"{\"a\":1,\"b\":{},\"\\u0061\":2}", STATUS_DUPLICATE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (shape_of(rows[i].text, NULL) != rows[i].status) fail_msg("%s", rows[i].text);
        if (shape_of_bytes(slice_of_text(rows[i].text), 1, NULL) != rows[i].status) fail_msg("%s", rows[i].text);
        assert_true(tokens.blame.text[0] != '\0' && tokens.blame.line >= 1);
    }
}

static void nul_byte_is_refused_wherever_it_stands(void **state) {
    (void)state;
    assert_int_equal(shape_of_bytes(slice_of("\"a\0b\"", 5), 1, NULL), STATUS_BAD_FORMAT);
    assert_int_equal(shape_of_bytes(slice_of("\0", 1), 1, NULL), STATUS_BAD_FORMAT);
    assert_int_equal(shape_of_bytes(slice_of("{}\0", 3), 1, NULL), STATUS_TRAILING_BYTES);
}

static void same_key_in_different_objects_is_taken(void **state) {
    (void)state;
    assert_int_equal(shape_of("[{\"a\":{\"a\":1}},{\"a\":2}]", NULL), STATUS_OK);
}

static void refusal_names_line_and_path(void **state) {
    (void)state;
    assert_int_equal(shape_of("{\"x\": 1,\n \"objects\": [{},\n  {\"count\":\n   nope}]}", NULL), STATUS_BAD_FORMAT);
    assert_int_equal(tokens.blame.line, 4);
    assert_string_equal(tokens.blame.path, "objects[1].count");
    assert_int_equal(shape_of("[[0, 1], [2,\n\n {\"a b\x1b\": [00]}]]", NULL), STATUS_BAD_FORMAT);
    assert_int_equal(shape_of("[[0, 1], [2,\n\n {\"a b\\u001b\": [00]}]]", NULL), STATUS_BAD_FORMAT);
    assert_int_equal(tokens.blame.line, 3);
    assert_string_equal(tokens.blame.path, "[1][1].a?b?[0]");
}

static void depth_is_bounded_and_the_bound_itself_is_taken(void **state) {
    char text[2 * TOKENS_DEPTH_MAX + 8];
    (void)state;
    memset(text, '[', sizeof text);
    memset(text + TOKENS_DEPTH_MAX, ']', TOKENS_DEPTH_MAX);
    text[2 * TOKENS_DEPTH_MAX] = '\0';
    assert_int_equal(shape_of(text, NULL), STATUS_OK);
    text[TOKENS_DEPTH_MAX] = '[';
    assert_int_equal(shape_of(text, NULL), STATUS_TOO_DEEP);
}

static void keys_of_one_object_are_bounded(void **state) {
    static char text[TOKENS_KEYS_MAX * 16 + 64];
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        size_t at = 0;
        text[at++] = '{';
        for (int i = 0; i < TOKENS_KEYS_MAX + extra; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s\"k%d\":0", i > 0 ? "," : "", i);
        (void)snprintf(text + at, sizeof text - at, "}");
        assert_int_equal(shape_of(text, NULL), extra == 0 ? STATUS_OK : STATUS_TOO_MANY);
    }
}

static void long_text_is_judged_to_its_end_but_kept_in_part(void **state) {
    static char text[8 * TOKENS_TEXT_BYTES_MAX];
    (void)state;
    memset(text, 'a', sizeof text);
    text[0] = '"';
    (void)snprintf(text + sizeof text - 3, 3, "\"");
    assert_int_equal(shape_of(text, NULL), STATUS_OK);
    assert_true(tokens.text_cut && tokens.text_bytes < TOKENS_TEXT_BYTES_MAX);
    text[sizeof text - 8] = '\x01';
    assert_int_equal(shape_of(text, NULL), STATUS_BAD_FORMAT);
}

static void number_of_many_digits_is_refused(void **state) {
    char text[256];
    (void)state;
    memset(text, '9', sizeof text);
    text[128] = '\0';
    assert_int_equal(shape_of(text, NULL), STATUS_OK);
    text[128] = '9';
    text[129] = '\0';
    assert_int_equal(shape_of(text, NULL), STATUS_TOO_LARGE);
}

static void skipping_passes_over_whole_values_and_still_judges_them(void **state) {
    struct text_source source;
    enum token token;
    (void)state;
    tokens_of(&tokens, &source, slice_of_text("[{\"a\":[1,{\"b\":2}]},7]"), 2);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(tokens_skip(&tokens, token), STATUS_OK);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(token, TOKEN_NUMBER);
    assert_true(tokens_text_is(&tokens, "7"));
    tokens_of(&tokens, &source, slice_of_text("[{\"a\":[1,{\"b\":nope}]},7]"), 2);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(tokens_next(&tokens, &token), STATUS_OK);
    assert_int_equal(tokens_skip(&tokens, token), STATUS_BAD_FORMAT);
}

/* Endless white space, and no memory of it. */
static enum status endless(void *context, uint8_t *data, size_t capacity, size_t *ret_bytes) {
    uint64_t *handed = context;
    memset(data, ' ', capacity);
    *handed += capacity;
    *ret_bytes = capacity;
    return STATUS_OK;
}

static enum status broken(void *context, uint8_t *data, size_t capacity, size_t *ret_bytes) {
    (void)context;
    memset(data, ' ', capacity);
    *ret_bytes = 0;
    return STATUS_IO;
}

static void endless_source_is_given_up_and_a_broken_one_is_told(void **state) {
    uint64_t handed = 0;
    enum token token;
    (void)state;
    tokens_init(&tokens, (struct source){endless, &handed});
    assert_int_equal(tokens_next(&tokens, &token), STATUS_TOO_LARGE);
    assert_true(handed <= TOKENS_BYTES_MAX + TOKENS_BUFFER_BYTES);
    tokens_init(&tokens, (struct source){broken, NULL});
    assert_int_equal(tokens_next(&tokens, &token), STATUS_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_comes_as_tokens_in_pieces_of_any_size),
        cmocka_unit_test(texts_are_decoded_and_numbers_keep_their_digits),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(nul_byte_is_refused_wherever_it_stands),
        cmocka_unit_test(same_key_in_different_objects_is_taken),
        cmocka_unit_test(refusal_names_line_and_path),
        cmocka_unit_test(depth_is_bounded_and_the_bound_itself_is_taken),
        cmocka_unit_test(keys_of_one_object_are_bounded),
        cmocka_unit_test(long_text_is_judged_to_its_end_but_kept_in_part),
        cmocka_unit_test(number_of_many_digits_is_refused),
        cmocka_unit_test(skipping_passes_over_whole_values_and_still_judges_them),
        cmocka_unit_test(endless_source_is_given_up_and_a_broken_one_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
