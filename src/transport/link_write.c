/* The way out of a link: two queues -> TLS records -> socket. Urgent frames go first, between two frames of the other queue: what is
 * short and waited for is behind one bulky frame at most, and behind what is encrypted already. At most PIPE_OUTPUT_TARGET encrypted bytes wait, either to
 * be offered to the system or with libuv, never both; all others stay in the queues, which is where the bound is. */
#include <openssl/err.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/num.h"
#include "transport/link.h"
#include "transport/state.h"

/* The largest record (RFC 8446 section 5.1). */
#define RECORD_BYTES_MAX ((size_t)16 * 1024)
/* AES-GCM is safe for 2^24.5 full records under one key (RFC 8446 section 5.5); a link may stay up for months. */
#define RECORDS_PER_KEY_MAX (UINT64_C(1) << 23)
/* After this much a link waits for the next turn of the loop, so that one fast peer does not keep all others waiting.
 */
#define TURN_BYTES_MAX ((size_t)4 * 1024 * 1024)

size_t link_queued_bytes(const struct link *link) { return link->urgent.bytes + link->bulk.bytes; }

size_t link_waiting_bytes(const struct link *link) {
    return link_queued_bytes(link) + link->pipe.output_bytes + link->writing_bytes;
}

/* Changes the sending key before it has sealed too much. False when TLS fails. */
static bool link_renew_key(struct link *link) {
    link->records += 1;
    if (link->records < RECORDS_PER_KEY_MAX) return true;
    link->records = 0;
    return SSL_key_update(link->session, SSL_KEY_UPDATE_NOT_REQUESTED) == 1;
}

/* Whose turn it is: a frame that has begun is finished, then the urgent ones go before all others. */
static struct queue *link_next_queue(struct link *link) {
    bool begun = link->bulk.frame_left > 0;
    return begun || link->urgent.bytes == 0 ? &link->bulk : &link->urgent;
}

/* The next bytes to encrypt, up to the end of a frame that others wait for. */
static struct slice link_front(const struct link *link, const struct queue *queue) {
    bool awaited = queue == &link->bulk && link->urgent.bytes > 0;
    return queue_front(queue, awaited ? num_min_size(queue->frame_left, RECORD_BYTES_MAX) : RECORD_BYTES_MAX);
}

/* Moves bytes from the queues through TLS into the pipe. False when TLS fails, which ends the link. */
static bool link_encrypt(struct link *link) {
    while (link->state == LINK_UP && link_queued_bytes(link) > 0 && link->pipe.output_bytes < PIPE_OUTPUT_TARGET) {
        struct queue *queue = link_next_queue(link);
        struct slice plain = link_front(link, queue);
        ERR_clear_error();
        if (!link_renew_key(link) || SSL_write(link->session, plain.data, (int)plain.bytes) != (int)plain.bytes) {
            link_end(link, STATUS_OK);
            return false;
        }
        queue_drop(queue, plain.bytes);
    }
    return true;
}

static void link_on_written(uv_write_t *request, int result) {
    struct link *link = request->data;
    free(link->writing);
    link->writing = NULL;
    link->writing_bytes = 0;
    if (link->state == LINK_ENDED) return;
    if (result != 0) {
        link_end(link, link_break_status(link));
        return;
    }
    link_flush(link);
}

/* Leaves the pipe's bytes, but the first `written`, to libuv. */
static void link_write_later(struct link *link, size_t written) {
    size_t bytes;
    link->writing = pipe_detach_output(&link->pipe, &bytes);
    link->writing_bytes = bytes - written;
    uv_buf_t rest = uv_buf_init((char *)link->writing + written, (unsigned int)(bytes - written));
    if (uv_write(&link->write, (uv_stream_t *)&link->tcp, &rest, 1, link_on_written) == 0) return;
    free(link->writing);
    link->writing = NULL;
    link->writing_bytes = 0;
    link_end(link, link_break_status(link));
}

void link_push(struct link *link) {
    if (link->state == LINK_ENDED || link->writing != NULL || link->pipe.output_bytes == 0) return;
    uv_buf_t output = uv_buf_init((char *)link->pipe.output, (unsigned int)link->pipe.output_bytes);
    int written = uv_try_write((uv_stream_t *)&link->tcp, &output, 1);
    if (written == UV_EAGAIN) written = 0;
    if (written < 0) {
        link_end(link, link_break_status(link));
    } else if ((size_t)written == link->pipe.output_bytes) {
        link->pipe.output_bytes = 0;
        if (link_queued_bytes(link) == 0) pipe_shrink(&link->pipe);
    } else {
        link_write_later(link, (size_t)written);
    }
}

void link_flush(struct link *link) {
    size_t turn_bytes = 0;
    while (link->state != LINK_ENDED && link->writing == NULL) {
        if (!link_encrypt(link)) return;
        if (link->pipe.output_bytes == 0) return;
        turn_bytes += link->pipe.output_bytes;
        if (turn_bytes > TURN_BYTES_MAX) {
            link_write_later(link, 0);
        } else {
            link_push(link);
        }
    }
}
