/* Sessions and their streams: init/agent-protocol.md. One session is one host's connection; what runs in it are streams, each of a
 * kind with its own file. */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include "agent.h"
#include "agent_output.h"

#include <stdint.h>

enum { OPENING_SIZE = 24, STREAMS_MAX = 64, SESSIONS_MAX = 8, CREDIT_START = 262144, CREDIT_STEP = 65536 };

enum frame_type {
	FRAME_STATUS = 1,
	FRAME_STATUS_REPLY,
	FRAME_EXEC,
	FRAME_STARTED,
	FRAME_DATA,
	FRAME_CREDIT,
	FRAME_EXITED,
	FRAME_SIGNAL,
	FRAME_RESIZE,
	FRAME_WAIT,
	FRAME_PUT,
	FRAME_GET,
	FRAME_FILE,
	FRAME_DONE,
	FRAME_SHUTDOWN,
	FRAME_ERROR,
	FRAME_CLOSE,
};

struct session;
struct stream;

/* What a kind of stream does with what happens to it; NULL: such a frame breaks the rules. A function that takes bytes from outside
 * returns NULL, or what is wrong with them, which ends the session. */
struct stream_kind {
	const char *(*data)(struct session *session, struct stream *stream, const unsigned char *bytes, size_t length);
	const char *(*signal)(struct stream *stream, uint32_t number);
	const char *(*resize)(struct stream *stream, unsigned rows, unsigned columns);
	unsigned outputs; /* channels 1 .. outputs go to the host */
	void (*prepare)(struct session *session, struct stream *stream); /* asks the poll loop */
	void (*serve)(struct session *session, struct stream *stream);   /* after it; may end the stream */
	void (*drop)(struct stream *stream); /* the host does not want it any more; frees it */
};

/* The head of every kind's own structure. */
struct stream {
	uint32_t number;
	const struct stream_kind *kind;
	uint32_t may_send[3];  /* by channel: the credit that the host gave */
	uint32_t may_receive;  /* on channel 0: what is left of the credit given to the host */
	uint32_t used;         /* of it, taken and not yet given back */
};

enum transport { TRANSPORT_VSOCK, TRANSPORT_SERIAL, TRANSPORT_STDIO };

struct session {
	enum transport transport;
	int in, out;
	enum { SESSION_AWAITED, SESSION_OPEN, SESSION_CLOSING, SESSION_DEAD } state;
	bool hung_up;       /* nobody is at the other end of a serial port: it is not polled until agent_serial.c clears this */
	long long deadline; /* for an opening, or for the last answer to leave; 0: none */
	unsigned char *input; /* INPUT_CAPACITY */
	size_t input_start, input_end;
	struct output output;
	struct stream *streams[STREAMS_MAX];
	unsigned first; /* to be served: each turn another, so that none starves */
	int in_ticket, out_ticket;
};

/* A session on two descriptors (which may be the same), which it owns and closes; NULL without memory. */
struct session *session_create(enum transport transport, int in, int out);
void session_prepare(struct session *session);
void session_serve(struct session *session);
/* The host has gone: programs get SIGHUP. On a serial port another may come. */
void session_hang_up(struct session *session);
void session_destroy(struct session *session);

/* Gives a stream of a new number its place. The number has been checked. */
void session_add_stream(struct session *session, struct stream *stream, const struct stream_kind *kind, uint32_t number);
/* The last frame of a stream has been sent: its place is free. The structure belongs to the caller. */
void session_remove_stream(struct session *session, struct stream *stream);
struct stream *session_find_stream(struct session *session, uint32_t number);
/* A frame from the host, whose header has been checked. Returns what is wrong with it, which ends the session, or NULL. */
const char *session_take_frame(struct session *session, unsigned type, uint32_t number, const unsigned char *payload, size_t length);
/* Ends one stream, or a request that never became one, with `error`. */
void session_refuse(struct session *session, uint32_t number, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* `exited`: the code as a shell gives it, the signal or 0, and whether it was killed for lack of memory. */
void session_tell_exit(struct session *session, uint32_t number, int code, int signal, bool oom);
/* Input of this stream has been taken: it may be followed by as much. */
void session_give_credit(struct session *session, struct stream *stream, size_t length);

/* The requests, each in its kind's file. They return what is wrong with the payload, or NULL. */
const char *exec_request(struct session *session, uint32_t number, const unsigned char *payload, size_t length);
const char *put_request(struct session *session, uint32_t number, const unsigned char *payload, size_t length);
const char *get_request(struct session *session, uint32_t number, const unsigned char *payload, size_t length);
const char *wait_request(struct session *session, uint32_t number);
const char *shutdown_request(struct session *session, uint32_t number, unsigned reboot);
void status_request(struct session *session, uint32_t number);

/* The error code for an errno. */
const char *error_code(int number);

#endif
