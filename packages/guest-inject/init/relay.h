/* Joins programs to the console: what they print is passed on, and what is typed may be. PID 1 stands between, for a console can be
 * reopened by root alone, and once: pipes and ptys belong to the program's user. */
#ifndef RELAY_H
#define RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "program.h"

/* Opens the descriptors for a program's stdio. False with errno. After the start, or its failure, `relay_started` closes the program's side. */
bool relay_open(const struct program *program, bool terminal, bool console_input, struct stdio *stdio);
void relay_started(const struct stdio *stdio);

/* How many entries `relay_prepare` fills at most. */
size_t relay_size(void);
size_t relay_prepare(struct pollfd *fds);
void relay_run(const struct pollfd *fds, size_t count);

/* Passes on all that is left, until every output has ended, or nothing moves for five seconds. */
void relay_finish(void);

#endif
