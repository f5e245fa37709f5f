/* CHECK: an invariant of our own code. It stays on in release builds and stops the process when it is broken.
 *
 * Whatever a peer or a user sends is answered by a status instead; a CHECK that outside bytes can reach is a bug. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Writes one line to standard error and aborts. The only function of floors 0-5 that touches the outside: a member
 * whose invariants are broken has nothing better to do than to say where. */
_Noreturn void check_failed(const char *expression, const char *file, int line);

#define CHECK(condition)                                                                                             \
    do {                                                                                                             \
        if (__builtin_expect(!(condition), 0)) check_failed(#condition, __FILE__, __LINE__);                         \
    } while (0)

#endif
