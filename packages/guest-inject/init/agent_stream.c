#include "agent_session.h"
#include "records.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

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

struct stream *session_find_stream(struct session *session, uint32_t number)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (session->streams[i] && session->streams[i]->number == number)
			return session->streams[i];
	return NULL;
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
