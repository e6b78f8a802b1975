/* The agent: serves init/agent-protocol.md over vsock, a virtio-serial port or its own standard input and output. It is a process of
 * its own below the init (or below another init, as a service), reaps what it starts, and leaves orphans to PID 1. */
#ifndef AGENT_H
#define AGENT_H

#include "program.h"

struct agent_options {
	unsigned vsock_port;       /* 0: none */
	const char *serial_name;   /* NULL: none */
	bool stdio;                /* serve one session on descriptors 0 and 1, then end */
	const struct program *defaults; /* what `exec` leaves out; NULL under another init: root, /, a plain PATH */
	int control;               /* SOCK_SEQPACKET to the init; -1 under another init */
};

/* Never returns. */
void agent_run(const struct agent_options *options) __attribute__((noreturn));

/* The subcommands: argv[0] is the subcommand's own name. They return an exit code, 2 for arguments that make no sense. */
int agent_command(int argc, char **argv);         /* agent [--vsock PORT] [--serial NAME] [--stdio] */
int vsock_connect_command(int argc, char **argv); /* vsock-connect CID PORT */

/* One datagram on the control socket, in either direction. */
struct control_message {
	unsigned kind;
	int a, b, c;
	long long milliseconds;
};

enum {
	/* init -> agent */
	CONTROL_STARTED = 1, /* a: pid; milliseconds since the kernel started */
	CONTROL_EXITED = 2,  /* a: code, b: signal or 0, c: 1 if killed for lack of memory; the agent answers CONTROL_FLUSHED */
	/* agent -> init */
	CONTROL_SIGNAL = 16,   /* a: number, for the main program's process group */
	CONTROL_SHUTDOWN = 17, /* a: 0 power-off, 1 reboot */
	CONTROL_FLUSHED = 18,  /* every waiting client has been told */
};

#endif
