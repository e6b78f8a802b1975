/* The agent as the init sees it: a process of its own, and a socket to it. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent.h"
#include "conf.h"

/* Forks it if init.conf asks for one. */
void control_start(const struct conf *conf);

/* The socket, or -1. */
int control_socket(void);

/* Tells it something, and keeps what the next one will have to be told if it dies. */
void control_tell(const struct control_message *message);

/* The next message from it, or false. */
bool control_hear(struct control_message *message);

/* True if the process was the agent; it is started again later, for its clients connect anew. */
bool control_reaped(pid_t pid, int status);
long long control_due(void);
void control_tick(void);
void control_give_up(void);

#endif
