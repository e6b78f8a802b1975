/* The machine's end. */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include "conf.h"

/* With no process but PID 1 left: file systems are synced, unmounted or made read-only, and the machine does what is asked. */
void shutdown_machine(enum exit_action action) __attribute__((noreturn));

#endif
