/* One turn of the agent's loop: who waits for which descriptor, and until when. */
#ifndef AGENT_POLL_H
#define AGENT_POLL_H

#include <poll.h>
#include <stdbool.h>

enum { NOT_POLLED = -1 };

/* Since the kernel started, time asleep included. */
long long milliseconds_now(void);

/* Forgets what the last turn waited for. */
void poll_begin(void);

/* Asks for events on a descriptor in this turn. Gives a ticket for `poll_ready`. No descriptor (-1) or no events: NOT_POLLED, so
 * that a peer that has hung up wakes nobody who has no use for it. */
int poll_want(int fd, short events);

/* The turn ends no later than this. */
void poll_until(long long milliseconds);

void poll_wait(void);

/* One of the events, an error or a hang-up has come. */
bool poll_ready(int ticket, short events);

#endif
