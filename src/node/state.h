/* The node's own state; private to this room. */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include <uv.h>

#include "http/http.h"
#include "ledger/ledger.h"
#include "node/config.h"
#include "replica/replica.h"
#include "transport/transport.h"
#include "wire/certificate.h"

/* A frame that waits for the commit. */
struct outgoing {
    uint32_t to;
    size_t offset;
    size_t bytes;
};

/* The belief of an open question at one height, with its proof: until a certificate covers that height. */
struct capture {
    bool used;
    uint64_t question;
    uint64_t height;
    uint64_t belief_height;
    uint64_t questions;
    uint32_t proof_count;
    struct hash proof[MERKLE_PROOF_MAX];
    size_t bytes;
    uint8_t record[RECORD_BELIEF_BYTES_MAX];
};

enum { CAPTURES_MAX = 32 };

struct node {
    struct node_config *config;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_prepare_t turn;
    uv_signal_t interrupted;
    uv_signal_t terminated;
    struct ledger *ledger;
    struct transport *transport;
    struct http *http;
    struct replica *replica;
    void *memory;
    size_t memory_bytes;
    bool dirty; /* something came in since the last commit */
    bool closing;
    int exit_status;

    struct outgoing *outbox;
    size_t outbox_count;
    size_t outbox_capacity;
    uint8_t *outbox_data;
    size_t outbox_bytes;
    size_t outbox_data_capacity;

    uint64_t disk_looked_us;
    bool disk_low;

    struct capture captures[CAPTURES_MAX];
    uint32_t captures_next;
    uint8_t *certificate; /* CERTIFICATE_BYTES_MAX */
    uint8_t *pieces;      /* decoded parts of it: records, note */
};

/* log.c: one line on standard error, "time level text". */
enum log_level { LOG_INFO, LOG_WARNING, LOG_ERROR };
void node_log(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ports.c */
struct replica_ports node_ports(struct node *node);
void node_release(struct node *node);

/* restore.c */
enum status node_restore(struct node *node);

/* certificate.c */
enum status node_certificate(void *context, uint64_t question, struct slice *ret_file);

#endif
