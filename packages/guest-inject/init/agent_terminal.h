/* Ptys of the agent's programs. */
#ifndef AGENT_TERMINAL_H
#define AGENT_TERMINAL_H

#include <stdbool.h>

/* The master does not block. Descriptors that were opened are filled in also on failure, which leaves errno. */
bool terminal_open(unsigned rows, unsigned columns, int *master, int *slave);

void terminal_resize(int master, unsigned rows, unsigned columns);

/* A terminal's input has no end: its end-of-file character is typed, as a person would. */
void terminal_end_input(int master);

#endif
