/* The node's own state; private to this room. */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include <uv.h>

#include "http/http.h"
#include "ledger/ledger.h"
#include "ledger/snapshot.h"
#include "node/config.h"
#include "node/log.h"
#include "node/notify.h"
#include "node/turn.h"
#include "replica/certificate.h"
#include "transport/transport.h"

/* A frame that waits for the commit. */
struct outgoing {
    uint32_t to;
    size_t offset;
    size_t bytes;
};

/* A question that somebody asked a certificate of, and the newest file. */
struct wanted {
    bool used;
    uint64_t question;
    uint64_t until_height; /* captured at each height up to this one */
    uint64_t file_height;  /* 0: no file yet */
    uint8_t *file;
    size_t file_bytes;
};

enum { CAPTURES_MAX = 64, WANTED_MAX = 16, WANTED_HEIGHTS = 64 };

struct node {
    struct node_config *config;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_signal_t interrupted;
    uv_signal_t terminated;
    uv_signal_t hangup; /* service.c */
    uv_timer_t tell;    /* service.c */
    int hold;           /* of its directory: node/directory.h */
    struct ledger *ledger;
    struct transport *transport;
    struct http *http;
    struct replica *replica;
    void *memory;
    size_t memory_bytes;
    struct turn turn;
    bool closing;
    bool forgetful;    /* amnesia: the mark is on the disk */
    bool roster_moved; /* an epoch has ended: what goes by the roster is yet to follow */
    int exit_status;

    struct outgoing *outbox;
    size_t outbox_count;
    size_t outbox_capacity;
    uint8_t *outbox_data;
    size_t outbox_bytes;
    size_t outbox_data_capacity;

    uint64_t disk_looked_us;
    bool disk_low;

    uint64_t certified_height; /* of the last commit */

    struct certificate_capture captures[CAPTURES_MAX];
    uint32_t captures_next;
    struct wanted wanted[WANTED_MAX];
    uint32_t wanted_next;
    uint8_t *certificate; /* CERTIFICATE_BYTES_MAX */
    uint8_t *pieces;      /* decoded parts of it: records, note */
};

/* ports.c */
struct replica_ports node_ports(struct node *node);
void node_release(struct node *node);

/* members.c: a name for people, good until the next call: that of the roster, or "place 4". */
const char *node_member_name(const struct node *node, uint32_t member);
/* The key that this member signs with, or would sign with if it were a member. */
const uint8_t *node_own_key(const struct node *node);
/* Once the key to come stands in the roster it becomes the key, in memory and on the disk. */
void node_take_key(struct node *node);
/* Who may link with this member: those of its epoch, or of a later one that it has learned of. */
const struct roster *node_link_roster(const struct node *node);
/* Fills in who this member is and who the others are. */
void node_transport_config(const struct node *node, struct transport_config *ret_config);
/* Tells the transport what may have changed of that: keys and addresses. */
void node_transport_follow(struct node *node);
/* A line in the log when this member is none. */
void node_tell_membership(const struct node *node);
/* An epoch has ended, and that is durable: links and marks follow. Ends and begins links. */
void node_follow_roster(struct node *node);

/* marks.c: whether the ledger may know less than was signed: it is gone although the member ran before, or somebody says
 * so (`recover`), or that was so at the last start and the others had not told everything yet. The marks are on the disk
 * when this returns. */
enum status node_look_for_amnesia(struct node *node, bool recover, enum replica_memory *ret_memory) MUST_USE;
/* What the replica found out about its ledger by itself; before anything that it signed has left. */
enum status node_look_at_replica(struct node *node) MUST_USE;
/* Removes the mark once the others have told. */
void node_look_for_reminded(struct node *node);
/* Removes the mark of a lane that is open again, under another key. */
void node_lane_follow(struct node *node);

/* service.c: before anything can fail; when everything is open; before the loop ends. */
void node_service_open(struct node *node);
void node_service_ready(struct node *node);
void node_service_close(struct node *node);

/* reload.c: reads the member's directory again. */
void node_reload(struct node *node);

/* restore.c */
enum status node_restore(struct node *node);

/* certificate.c */
enum status node_certificate(void *context, uint64_t question, struct slice *ret_file);
enum status node_certificate_family(void *context, uint32_t family, struct slice *ret_file);
enum status node_receipt(void *context, const struct http_entry *entry, struct slice *ret_receipt,
                         struct slice *ret_entry); /* receipt.c */
enum status node_snapshot(void *context, struct slice *ret_file);
enum status node_snapshot_chunk(void *context, uint64_t height, uint64_t index, struct slice *ret_chunk);
void node_kept(void *context, struct http_kept *ret_kept);
void node_certificate_executed(struct node *node);
/* snapshots.c: a height was executed. */
void node_snapshot_executed(struct node *node);
void node_certificate_certified(struct node *node, uint64_t height);
void node_certificate_free(struct node *node);

#endif
