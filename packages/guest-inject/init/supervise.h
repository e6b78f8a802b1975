/* The life of the main program, from its start to the last process. */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <signal.h>

#include "conf.h"

/* Blocks the signals that `supervise` waits for; before anything is started. */
void supervise_signals(void);

/* Starts services, the agent and the program, waits for its end, ends all else, writes the exit mark. Returns what the machine does. */
enum exit_action supervise(const struct conf *conf);

#endif
