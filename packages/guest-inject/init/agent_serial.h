/* The virtio-serial port: found by its name, held while it is there, whoever comes and goes at its other end. */
#ifndef AGENT_SERIAL_H
#define AGENT_SERIAL_H

#include "agent_session.h"

void serial_begin(const char *name);
void serial_prepare(void);
void serial_serve(void);
void serial_end(void);

#endif
