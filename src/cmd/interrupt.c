#include "cmd/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

void interrupt_catch(void) {
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++) (void)sigaction(SIGNALS[i], &action, NULL);
}

bool interrupt_seen(void) { return interrupted != 0; }
