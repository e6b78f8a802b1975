#include "agent_session.h"

#include "agent_machine.h"
#include "agent_poll.h"
#include "records.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

void session_refuse(struct session *session, uint32_t number, const char *code, const char *format, ...)
{
	char message[256], records[2048];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	struct record_writer writer;
	records_begin(&writer, records, sizeof records);
	record_begin(&writer, "code");
	record_field(&writer, code);
	record_end(&writer);
	record_begin(&writer, "message");
	record_field(&writer, message);
	record_end(&writer);
	output_frame(&session->output, FRAME_ERROR, number, records, writer.length);
}

void session_tell_exit(struct session *session, uint32_t number, int code, int signal, bool oom)
{
	enum { KILLED_FOR_LACK_OF_MEMORY = 1 };
	unsigned char payload[12];
	put_u32(payload, (uint32_t)code);
	put_u32(payload + 4, (uint32_t)signal);
	put_u32(payload + 8, oom ? KILLED_FOR_LACK_OF_MEMORY : 0);
	output_frame(&session->output, FRAME_EXITED, number, payload, sizeof payload);
}

void session_add_stream(struct session *session, struct stream *stream, const struct stream_kind *kind, uint32_t number)
{
	stream->number = number;
	stream->kind = kind;
	stream->may_send[1] = stream->may_send[2] = stream->may_receive = CREDIT_START;
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (!session->streams[i]) {
			session->streams[i] = stream;
			return;
		}
}

void session_remove_stream(struct session *session, struct stream *stream)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (session->streams[i] == stream)
			session->streams[i] = NULL;
}

void session_give_credit(struct session *session, struct stream *stream, size_t length)
{
	stream->used += (uint32_t)length;
	if (stream->used < CREDIT_STEP)
		return;
	unsigned char payload[5] = { 0 };
	put_u32(payload + 1, stream->used);
	stream->may_receive += stream->used;
	stream->used = 0;
	output_frame(&session->output, FRAME_CREDIT, stream->number, payload, sizeof payload);
}

static struct stream *find_stream(struct session *session, uint32_t number)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (session->streams[i] && session->streams[i]->number == number)
			return session->streams[i];
	return NULL;
}

/* A request makes a stream, or is answered at once. */
static const char *take_request(struct session *session, unsigned type, uint32_t number, const unsigned char *payload, size_t length)
{
	if (number == 0)
		return "a request on stream 0";
	if (find_stream(session, number))
		return "a request on a stream that is in use";
	size_t count = 0;
	for (size_t i = 0; i < STREAMS_MAX; i++)
		count += session->streams[i] != NULL;
	if (count == STREAMS_MAX) {
		session_refuse(session, number, "limit", "there are %d streams in this session already", STREAMS_MAX);
		return NULL;
	}
	switch (type) {
	case FRAME_EXEC:
		return exec_request(session, number, payload, length);
	case FRAME_PUT:
		return put_request(session, number, payload, length);
	case FRAME_GET:
		return get_request(session, number, payload, length);
	case FRAME_SHUTDOWN:
		return length == 1 && payload[0] <= 1 ? shutdown_request(session, number, payload[0]) : "a shutdown of an unknown kind";
	case FRAME_WAIT:
		return length == 0 ? wait_request(session, number) : "a payload where there is none";
	default:
		if (length != 0)
			return "a payload where there is none";
		status_request(session, number);
		return NULL;
	}
}

static const char *take_data(struct session *session, struct stream *stream, const unsigned char *payload, size_t length)
{
	if (length == 0 || payload[0] != 0 || !stream->kind->data)
		return "data on a channel that takes none";
	if (length - 1 > stream->may_receive)
		return "more data than there was credit for";
	stream->may_receive -= (uint32_t)(length - 1);
	return stream->kind->data(session, stream, payload + 1, length - 1);
}

static const char *take_credit(struct stream *stream, const unsigned char *payload, size_t length)
{
	if (length != 5 || payload[0] == 0 || payload[0] > stream->kind->outputs)
		return "credit for a channel that sends nothing";
	uint32_t more = get_u32(payload + 1);
	if (more > UINT32_MAX - stream->may_send[payload[0]])
		return "more credit than can be counted";
	stream->may_send[payload[0]] += more;
	return NULL;
}

static const char *take_signal(struct stream *stream, uint32_t number, const unsigned char *payload, size_t length)
{
	if (length != 4 || get_u32(payload) == 0 || get_u32(payload) > 64)
		return "a signal that does not exist";
	if (number == 0)
		machine_signal(get_u32(payload));
	else if (stream)
		return stream->kind->signal ? stream->kind->signal(stream, get_u32(payload)) : "a signal for something that is no program";
	return NULL;
}

static const char *take_resize(struct stream *stream, const unsigned char *payload, size_t length)
{
	if (length != 4 || !stream->kind->resize)
		return "a new size of something that is no terminal";
	return stream->kind->resize(stream, payload[0] | (unsigned)payload[1] << 8, payload[2] | (unsigned)payload[3] << 8);
}

/* A stream that is not there has ended: the frame has crossed its last answer. */
static const char *take_frame(struct session *session, unsigned type, uint32_t number, const unsigned char *payload, size_t length)
{
	struct stream *stream = find_stream(session, number);
	switch (type) {
	case FRAME_STATUS:
	case FRAME_EXEC:
	case FRAME_WAIT:
	case FRAME_PUT:
	case FRAME_GET:
	case FRAME_SHUTDOWN:
		return take_request(session, type, number, payload, length);
	case FRAME_DATA:
		return stream ? take_data(session, stream, payload, length) : NULL;
	case FRAME_CREDIT:
		return stream ? take_credit(stream, payload, length) : NULL;
	case FRAME_SIGNAL:
		return take_signal(stream, number, payload, length);
	case FRAME_RESIZE:
		return stream ? take_resize(stream, payload, length) : NULL;
	case FRAME_CLOSE:
		if (stream) {
			session_remove_stream(session, stream);
			stream->kind->drop(stream);
		}
		return length == 0 ? NULL : "a payload where there is none";
	default:
		return "a frame of a type that hosts do not send";
	}
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
		problem = take_frame(session, bytes[8], get_u32(bytes + 4), bytes + FRAME_HEADER, payload);
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

const char *error_code(int number)
{
	switch (number) {
	case ENOENT:
		return "not-found";
	case EACCES:
	case EPERM:
	case EROFS:
		return "permission";
	case ENOEXEC:
		return "not-executable";
	case EEXIST:
	case EISDIR:
	case ENOTEMPTY:
		return "exists";
	case ENOSPC:
	case EDQUOT:
		return "no-space";
	case E2BIG:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
	case EFBIG:
		return "limit";
	case EINVAL:
	case ELOOP:
	case ENOTDIR:
	case ENAMETOOLONG:
		return "invalid";
	default:
		return "io";
	}
}
