/* Pipe: the ends that OpenSSL reads from and writes to instead of a socket. What came from the socket is lent as a
 * slice, without a copy; what must go to the socket gathers in a buffer. Keeps every byte once and in order. */
#ifndef TRANSPORT_PIPE_H
#define TRANSPORT_PIPE_H

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "base/bytes.h"

/* Above this, what is gathered waits for the socket before anything more is encrypted: enough to fill a system's send
 * buffer in few calls, small beside a queue. */
#define PIPE_OUTPUT_TARGET ((size_t)256 * 1024)
/* Room past the target, for one record more and for what TLS itself says unasked (alerts, key updates). A peer that
 * makes us say more than this without reading it is cut off. */
#define PIPE_OUTPUT_MAX (PIPE_OUTPUT_TARGET + (size_t)64 * 1024)

struct pipe {
    struct slice input; /* read from the socket, not taken by OpenSSL yet; borrowed */
    uint8_t *output;    /* owned; bytes for the socket */
    size_t output_bytes;
    size_t output_capacity;
};

/* The kind of BIO that works on a pipe; NULL when OpenSSL has no memory. Freed with BIO_meth_free after every session
 * that uses it. */
BIO_METHOD *pipe_method(void);

/* Makes `session` read and write through `pipe`, which outlives it. False when there is no memory. */
bool pipe_attach(struct pipe *pipe, BIO_METHOD *method, SSL *session);

/* Hands over the gathered bytes, which the caller frees with free(); the pipe gathers anew. */
uint8_t *pipe_detach_output(struct pipe *pipe, size_t *ret_bytes);

/* Gives a large buffer back, when nothing is gathered. */
void pipe_shrink(struct pipe *pipe);

/* Frees the buffer. */
void pipe_clear(struct pipe *pipe);

#endif
