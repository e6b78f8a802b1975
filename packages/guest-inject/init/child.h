/* Processes of the init's own code, beside the programs: the agent, the keeper of the network's lease. */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

/* As fork, with signals as a program has them, no descriptors but 0, 1, 2 and `keep` (-1: none), and messages that go out at once. */
pid_t child_fork(const char *name, int keep);

/* Closes all descriptors from one number to another. */
void close_between(unsigned first, unsigned last);

#endif
