/* A listening TCP socket, with words for what can go wrong. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* `host` is numeric or a name, `port` 0 any free one. `ret_socket` is the caller's to close; it does not block and is
 * not inherited. Failures are put into words in `ret_detail`: UNAVAILABLE, IO. */
enum status listen_open(const char *host, uint16_t port, int *ret_socket, uint16_t *ret_port, char *ret_detail,
                        size_t detail_bytes) MUST_USE;

#endif
