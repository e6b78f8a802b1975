#include "agent_session.h"

#include "agent_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_CAPACITY = 2 * (FRAME_HEADER + PAYLOAD_MAX), OPENING_TIMEOUT = 10000, CLOSING_TIMEOUT = 2000 };

static const char magic[8] = "BLAGENT1";
static unsigned open_sessions;

struct session *session_create(enum transport transport, int in, int out)
{
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		return NULL;
	session->input = malloc(INPUT_CAPACITY);
	session->output.bytes = malloc(OUTPUT_CAPACITY);
	if (!session->input || !session->output.bytes) {
		free(session->input);
		free(session->output.bytes);
		free(session);
		return NULL;
	}
	session->transport = transport;
	session->in = in;
	session->out = out;
	session->in_ticket = session->out_ticket = NOT_POLLED;
	if (transport == TRANSPORT_VSOCK)
		session->deadline = milliseconds_now() + OPENING_TIMEOUT;
	return session;
}

static void drop_streams(struct session *session)
{
	if (session->state == SESSION_OPEN)
		open_sessions--;
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = session->streams[i];
		session->streams[i] = NULL;
		if (stream)
			stream->kind->drop(stream);
	}
}

void session_hang_up(struct session *session)
{
	drop_streams(session);
	session->output.start = session->output.end = 0;
	session->input_start = session->input_end = 0;
	session->hung_up = true;
	session->state = session->transport == TRANSPORT_SERIAL ? SESSION_AWAITED : SESSION_DEAD;
	session->deadline = 0;
}

void session_destroy(struct session *session)
{
	drop_streams(session);
	if (session->out != session->in)
		close(session->out);
	close(session->in);
	free(session->input);
	free(session->output.bytes);
	free(session);
}

/* After the last words. A serial port cannot be closed: the next opening is waited for while they leave. */
static void session_close(struct session *session)
{
	drop_streams(session);
	session->state = session->transport == TRANSPORT_SERIAL ? SESSION_AWAITED : SESSION_CLOSING;
	session->deadline = session->transport == TRANSPORT_SERIAL ? 0 : milliseconds_now() + CLOSING_TIMEOUT;
}

static void open_session(struct session *session, const unsigned char *opening)
{
	drop_streams(session);
	session->output.start = session->output.end = 0;
	memcpy(session->output.bytes, opening, OPENING_SIZE);
	session->output.end = OPENING_SIZE;
	session->deadline = 0;
	session->state = SESSION_AWAITED;
	if (open_sessions == SESSIONS_MAX) {
		session_refuse(session, 0, "limit", "there are %d sessions already", SESSIONS_MAX);
		session_close(session);
	} else {
		session->state = SESSION_OPEN;
		open_sessions++;
	}
}

/* Takes the next opening or frame from the input. False: more bytes are needed, or fewer answers under way. */
static bool take_next(struct session *session)
{
	const unsigned char *bytes = session->input + session->input_start;
	size_t length = session->input_end - session->input_start;
	if (session->state == SESSION_CLOSING || session->state == SESSION_DEAD) {
		session->input_start = session->input_end;
		return false;
	}
	if (length == 0 || output_is_full(&session->output))
		return false;
	/* No frame begins so: as a length it is far too much. */
	size_t head = length < sizeof magic ? length : sizeof magic;
	if (memcmp(bytes, magic, head) == 0) {
		if (length < OPENING_SIZE)
			return false;
		session->input_start += OPENING_SIZE;
		open_session(session, bytes);
		return true;
	}
	if (session->state == SESSION_AWAITED) {
		session->input_start++;
		return true;
	}
	if (length < FRAME_HEADER)
		return false;
	const char *problem = NULL;
	uint32_t payload = get_u32(bytes);
	if (payload > PAYLOAD_MAX || bytes[9] || bytes[10] || bytes[11])
		problem = "a frame whose header breaks the rules";
	else if (length - FRAME_HEADER < payload)
		return false;
	else {
		session->input_start += FRAME_HEADER + payload;
		problem = session_take_frame(session, bytes[8], get_u32(bytes + 4), bytes + FRAME_HEADER, payload);
	}
	if (problem) {
		session_refuse(session, 0, "protocol", "%s", problem);
		session_close(session);
	}
	return true;
}

static void take_input(struct session *session)
{
	if (session->input_start > 0) {
		memmove(session->input, session->input + session->input_start, session->input_end - session->input_start);
		session->input_end -= session->input_start;
		session->input_start = 0;
	}
	size_t room = INPUT_CAPACITY - session->input_end;
	if (room == 0)
		return;
	ssize_t taken = read(session->in, session->input + session->input_end, room);
	if (taken > 0)
		session->input_end += (size_t)taken;
	else if (taken == 0)
		session_hang_up(session);
	else if (errno != EAGAIN && errno != EINTR) {
		session_hang_up(session);
		session->state = SESSION_DEAD;
	}
}

void session_prepare(struct session *session)
{
	bool wants_input = session->state != SESSION_DEAD && !session->hung_up && !output_is_full(&session->output) &&
		session->input_end - session->input_start < INPUT_CAPACITY;
	bool has_output = session->output.start < session->output.end;
	if (session->in == session->out) {
		session->in_ticket = session->out_ticket =
			poll_want(session->in, (short)((wants_input ? POLLIN : 0) | (has_output ? POLLOUT : 0)));
	} else {
		session->in_ticket = poll_want(session->in, wants_input ? POLLIN : 0);
		session->out_ticket = poll_want(session->out, has_output ? POLLOUT : 0);
	}
	if (session->deadline)
		poll_until(session->deadline);
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (session->streams[i])
			session->streams[i]->kind->prepare(session, session->streams[i]);
}

void session_serve(struct session *session)
{
	if (poll_ready(session->in_ticket, POLLIN))
		take_input(session);
	session->in_ticket = NOT_POLLED;
	session->first = (session->first + 1) % STREAMS_MAX;
	for (unsigned i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = session->streams[(session->first + i) % STREAMS_MAX];
		if (stream)
			stream->kind->serve(session, stream);
	}
	do {
		while (take_next(session))
			;
		if (!output_flush(&session->output, session->out))
			session_hang_up(session);
	} while (!output_is_full(&session->output) && take_next(session));
	bool flushed = session->output.start == session->output.end;
	bool late = session->deadline && milliseconds_now() >= session->deadline;
	if (late || (session->state == SESSION_CLOSING && flushed))
		session->state = SESSION_DEAD;
}
