/* Several transports on one loop and free ports of this machine. Waiting is for a condition, with a watchdog that is far beyond any of
 * them; nothing is asserted about time. */
#ifndef TESTS_TRANSPORT_NODES_H
#define TESTS_TRANSPORT_NODES_H

#include <uv.h>

#include "base/limits.h"
#include "transport/transport.h"

#define QUEUE_BYTES_MAX ((size_t)FRAME_BYTES_MAX + 4)
enum { NODES = 4 };

/* A member and what its callbacks have seen. */
struct node {
    struct transport *transport;
    uint32_t number;
    uint8_t key[KEY_BYTES];
    uint8_t secret[SECRET_BYTES];
    size_t frames;
    size_t frame_bytes;
    size_t sizes[8]; /* of the first frames, in the order of their arrival */
    size_t ups[NODES];
    size_t downs[NODES];
    size_t refused;
    enum status refused_why; /* the last one */
    char refused_address[64];
    bool check_frames; /* frames must be pattern_frame(from, 0), (from, 1) ... */
    size_t next_frame[NODES];
    bool close_on_frame;
    bool closed;
};

extern uv_loop_t loop;
extern struct node nodes[NODES];
extern bool out_of_time;

/* Runs the loop until `done(context)`. */
void run_until(bool (*done)(const void *context), const void *context);
void run_turns(int turns);

/* The frames that a node sends to be checked: sizes of all kinds, no two alike. */
size_t pattern_size(size_t index);
uint8_t pattern_byte(uint32_t from, size_t index, size_t at);

struct transport_config node_config(struct node *node);
void node_open(struct node *node, uint16_t port);
void node_close(struct node *node);
struct transport_member node_member(const struct node *node);
/* Tells `node` of the nodes 0 .. count-1. */
void node_introduce(struct node *node, size_t count);
void wait_for_link(const struct node *node, uint32_t member, bool up);
/* `context` is how many of the nodes. */
bool all_linked(const void *context);
void open_linked(size_t count);

struct arrival {
    const struct node *node;
    size_t frames;
};
/* `context` is an arrival: so many frames have come. */
bool has_arrived(const void *context);

int setup(void **state);
/* Every handle must be gone: uv_loop_close says so. */
int teardown(void **state);

#endif
