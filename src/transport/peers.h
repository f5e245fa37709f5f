/* Peers: the table of the other members: whose key is whose, which link is whose, and what happens to a member when
 * its link comes or goes. */
#ifndef TRANSPORT_PEERS_H
#define TRANSPORT_PEERS_H

#include "transport/link.h"
#include "transport/transport.h"

/* Whether the list can be this member's view of the members. BAD_VALUE, DUPLICATE or BAD_KEY as transport_open;
 * `ret_detail` then says which. */
enum status peers_check(uint32_t self, const uint8_t self_key[KEY_BYTES], const struct transport_member *members,
                        size_t members_count, char *ret_detail, size_t detail_bytes) MUST_USE;

/* Gives every place of the table its number; before anything else. */
void peers_init(struct transport *transport);

/* Makes a checked list the table: ends the links of those that left or changed their key. Does not dial. IO: no
 * memory, nothing changed. */
enum status peers_set(struct transport *transport, const struct transport_member *members,
                      size_t members_count) MUST_USE;

/* Dials everyone who ought to be dialled and is not. */
void peers_dial(struct transport *transport);

/* Ends every link and every attempt, and lets go of the timers. */
void peers_close(struct transport *transport);

/* Frees what the table owns; when nothing uses it any more. */
void peers_free(struct transport *transport);

/* The member of this number, or NULL when it is none or this one itself. */
struct peer *peers_find(struct transport *transport, uint32_t number);

/* Decides on the key of a link's other end (NULL: it showed none), and notes who an accepted one claims to be.
 * BAD_KEY, CONFLICT, UNKNOWN_MEMBER, NOT_ALLOWED as transport_callbacks.on_refused. */
enum status peers_judge_key(struct link *link, const uint8_t *key) MUST_USE;

/* The link has proved itself: it becomes its member's, in place of any other. May end it, through the callbacks. */
void peers_on_link_up(struct link *link);

/* The link has just ended, from state `before`. */
void peers_on_link_end(struct link *link, enum link_state before);

#endif
