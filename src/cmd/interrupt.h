/* Ctrl-C and its like, for commands that leave nothing half done: they look now and then, and end by themselves. */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP are noted; the second of one kind ends the process as usual. */
void interrupt_catch(void);
bool interrupt_seen(void);

#endif
