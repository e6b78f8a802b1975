/* The agent as the init sees it: a process of its own, and a socket to it. */
#ifndef AGENT_PROCESS_H
#define AGENT_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent.h"
#include "conf.h"

/* Forks it if init.conf asks for one. */
void agent_start(const struct conf *conf);

/* The socket, or -1. */
int agent_socket(void);

/* Tells it something, and keeps what the next one will have to be told if it dies. */
void agent_tell(const struct control_message *message);

/* The next message from it, or false. */
bool agent_hear(struct control_message *message);

/* True if the process was the agent; it is started again later, for its clients connect anew. */
bool agent_reaped(pid_t pid, int status);
long long agent_due(void);
void agent_tick(void);
void agent_give_up(void);

#endif
