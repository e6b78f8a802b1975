#include "agent_machine.h"
#include "agent_session.h"

/* A request makes a stream, or is answered at once. */
static const char *take_request(struct session *session, unsigned type, uint32_t number, const unsigned char *payload, size_t length)
{
	if (number == 0)
		return "a request on stream 0";
	if (session_find_stream(session, number))
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
const char *session_take_frame(struct session *session, unsigned type, uint32_t number, const unsigned char *payload, size_t length)
{
	struct stream *stream = session_find_stream(session, number);
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
