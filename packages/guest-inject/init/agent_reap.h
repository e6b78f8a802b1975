/* Programs that nobody asks about any more, but that are the agent's children still. */
#ifndef AGENT_REAP_H
#define AGENT_REAP_H

#include <sys/types.h>

void reap_later(pid_t pid);

/* After SIGCHLD. */
void reap_forgotten(void);

/* Grows whenever children may have ended. */
unsigned reap_count(void);

#endif
