#include "transport/pipe.h"

#include <stdlib.h>

#include "base/num.h"

/* What a quiet link keeps; a handshake or a burst of votes fits. */
#define PIPE_OUTPUT_KEPT ((size_t)32 * 1024)

static bool pipe_make_room(struct pipe *pipe, size_t bytes) {
    if (bytes > PIPE_OUTPUT_MAX - pipe->output_bytes) return false;
    size_t needed = pipe->output_bytes + bytes;
    if (needed <= pipe->output_capacity) return true;
    size_t capacity = pipe->output_capacity < PIPE_OUTPUT_KEPT ? PIPE_OUTPUT_KEPT : PIPE_OUTPUT_MAX;
    if (capacity < needed) capacity = PIPE_OUTPUT_MAX;
    uint8_t *output = realloc(pipe->output, capacity);
    if (output == NULL) return false;
    pipe->output = output;
    pipe->output_capacity = capacity;
    return true;
}

static int pipe_on_write(BIO *bio, const char *data, size_t bytes, size_t *ret_written) {
    struct pipe *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!pipe_make_room(pipe, bytes)) return 0;
    memcpy(pipe->output + pipe->output_bytes, data, bytes);
    pipe->output_bytes += bytes;
    *ret_written = bytes;
    return 1;
}

static int pipe_on_read(BIO *bio, char *data, size_t bytes, size_t *ret_read) {
    struct pipe *pipe = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (pipe->input.bytes == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    size_t taken = num_min_size(bytes, pipe->input.bytes);
    memcpy(data, pipe->input.data, taken);
    pipe->input.data += taken;
    pipe->input.bytes -= taken;
    *ret_read = taken;
    return 1;
}

static long pipe_on_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    /* OpenSSL flushes after every flight and treats a refusal as an error; the rest does not concern a pipe. */
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *pipe_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_MEM, "transport pipe");
    if (method == NULL) return NULL;
    if (BIO_meth_set_write_ex(method, pipe_on_write) == 1 && BIO_meth_set_read_ex(method, pipe_on_read) == 1 &&
        BIO_meth_set_ctrl(method, pipe_on_control) == 1) {
        return method;
    }
    BIO_meth_free(method);
    return NULL;
}

bool pipe_attach(struct pipe *pipe, BIO_METHOD *method, SSL *session) {
    BIO *bio = BIO_new(method);
    if (bio == NULL) return false;
    BIO_set_data(bio, pipe);
    BIO_set_init(bio, 1);
    SSL_set_bio(session, bio, bio);
    return true;
}

uint8_t *pipe_detach_output(struct pipe *pipe, size_t *ret_bytes) {
    uint8_t *output = pipe->output;
    *ret_bytes = pipe->output_bytes;
    pipe->output = NULL;
    pipe->output_bytes = 0;
    pipe->output_capacity = 0;
    return output;
}

void pipe_shrink(struct pipe *pipe) {
    if (pipe->output_bytes == 0 && pipe->output_capacity > PIPE_OUTPUT_KEPT) pipe_clear(pipe);
}

void pipe_clear(struct pipe *pipe) {
    free(pipe->output);
    pipe->output = NULL;
    pipe->output_bytes = 0;
    pipe->output_capacity = 0;
}
