/* The records of `exec`, and the program that they make of the main one. */
#ifndef AGENT_EXEC_REQUEST_H
#define AGENT_EXEC_REQUEST_H

#include "program.h"

struct exec_request {
	struct program program;
	bool terminal, sends_input;
	unsigned short rows, columns;
	char *text; /* the payload, into which the program points */
};

/* NULL, or what is wrong: "no memory" is not the payload's fault. Whatever it says, `exec_request_free` is to be called. */
const char *read_exec_request(struct exec_request *request, const struct program *defaults, const unsigned char *payload, size_t length);
void exec_request_free(struct exec_request *request);

extern const char exec_no_memory[];

#endif
