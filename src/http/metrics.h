/* Metrics in the Prometheus text format 0.0.4. Names are credimus_*; counters end in _total and only grow while the
 * process lives. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "http/http.h"
#include "http/text.h"
#include "replica/replica.h"

/* What the server counts of itself. */
struct metrics_http {
    uint64_t answers[6]; /* by hundreds of the code: [2] is 2xx */
    uint64_t items_accepted;
    uint64_t items_repeated;
    uint64_t waiting;
    uint64_t connections;
    uint64_t connections_ended;
    uint64_t requests_limited;
    uint64_t streams;
    uint64_t streams_dropped;
    uint64_t body_bytes;
    enum http_disk disk;
};

void metrics_put(struct text *text, struct replica *replica, struct replica_time now,
                 const struct metrics_http *http);

#endif
