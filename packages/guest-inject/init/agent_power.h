/* Stopping a machine whose init is not ours. */
#ifndef AGENT_POWER_H
#define AGENT_POWER_H

#include <stdbool.h>

/* Asks the init that runs the machine. What becomes of it shows in the machine's end alone. */
void power_down(bool reboot);

#endif
