/* Ptys of the agent's programs. */
#ifndef AGENT_TERMINAL_H
#define AGENT_TERMINAL_H

#include <stdbool.h>

/* The master does not block. Descriptors that were opened are filled in also on failure, which leaves errno. */
bool terminal_open(unsigned rows, unsigned columns, int *master, int *slave);

void terminal_resize(int master, unsigned rows, unsigned columns);

/* A terminal's input has no end: its end-of-file character is typed, as a person would, TERMINAL_END times. Gives how many are typed
 * now, of which `typed` were before: fewer than all if the terminal has no room for now. */
enum { TERMINAL_END = 2 };
unsigned terminal_end_input(int master, unsigned typed);

#endif
