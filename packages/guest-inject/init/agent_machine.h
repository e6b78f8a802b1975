/* The main program and the machine, as the agent knows them: from the init through the control socket, or nothing under another init. */
#ifndef AGENT_MACHINE_H
#define AGENT_MACHINE_H

#include "agent.h"

#include <stdint.h>

void machine_begin(const struct agent_options *options);
void machine_prepare(void);
void machine_serve(void);

/* Passes a signal on to the main program's process group, if there is one. */
void machine_signal(uint32_t number);

/* What `exec` leaves out. */
const struct program *machine_defaults(void);

/* How often the kernel has killed for lack of memory so far. */
unsigned long long machine_oom_kills(void);

#endif
