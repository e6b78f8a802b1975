/* The vsock listener. */
#ifndef AGENT_VSOCK_H
#define AGENT_VSOCK_H

#include "agent_session.h"

/* False if the machine has no vsock; a warning has been given. */
bool vsock_listen(unsigned port);
void vsock_prepare(void);
/* A connection of the host's, or -1. It does not block. */
int vsock_accept(void);

#endif
