#include "agent_put_file.h"
#include "agent_reap.h"
#include "agent_session.h"
#include "records.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file on its way from the host. */
struct put {
	struct stream head;
	struct put_file file;
	unsigned long long left; /* bytes of content that have not come */
	unsigned reaped;         /* the last `reap_count` at which the file was looked for in its place */
};

static void free_put(struct put *put)
{
	put_file_drop(&put->file);
	free(put);
}

static void drop_put(struct stream *stream)
{
	free_put((struct put *)stream);
}

static void fail_put(struct session *session, struct put *put, const char *step, int number)
{
	session_refuse(session, put->head.number, error_code(number), "%.200s: %s: %s", put->file.name, step, strerror(number));
	session_remove_stream(session, &put->head);
	free_put(put);
}

static const char *take_content(struct session *session, struct stream *stream, const unsigned char *bytes, size_t length)
{
	struct put *put = (struct put *)stream;
	if (put->file.placer)
		return "content after its end";
	if (length > put->left || (length == 0 && put->left > 0))
		return length ? "more content than the size says" : "less content than the size says";
	if (length == 0) {
		put->reaped = reap_count();
		if (!put_file_place(&put->file))
			fail_put(session, put, "fork", errno);
		return NULL;
	}
	for (size_t written = 0; written < length;) {
		ssize_t more = write(put->file.fd, bytes + written, length - written);
		if (more < 0 && errno != EINTR) {
			fail_put(session, put, "write", errno);
			return NULL;
		}
		if (more > 0)
			written += (size_t)more;
	}
	put->left -= length;
	session_give_credit(session, stream, length);
	return NULL;
}

static void prepare_put(struct session *session, struct stream *stream)
{
	(void)session;
	(void)stream;
}

static void serve_put(struct session *session, struct stream *stream)
{
	struct put *put = (struct put *)stream;
	if (!put->file.placer || put->reaped == reap_count())
		return;
	put->reaped = reap_count();
	int number = put_file_placed(&put->file);
	if (number > 0)
		fail_put(session, put, "putting it in place", number);
	if (number != 0)
		return;
	output_frame(&session->output, FRAME_DONE, stream->number, NULL, 0);
	session_remove_stream(session, stream);
	free_put(put);
}

static const struct stream_kind put_kind = {
	.data = take_content,
	.prepare = prepare_put,
	.serve = serve_put,
	.drop = drop_put,
};

static bool read_owner(const struct record *record, struct put *put)
{
	unsigned long long uid, gid;
	if (record->count != 2 || !record_number(record->fields[0], UINT32_MAX - 1, &uid) ||
		!record_number(record->fields[1], UINT32_MAX - 1, &gid))
		return false;
	put->file.uid = (uid_t)uid;
	put->file.gid = (gid_t)gid;
	return true;
}

struct destination {
	const char *path;
	bool parents, sized;
};

static const char *take_record(struct put *put, struct destination *destination, const struct record *record)
{
	const char *first = record->fields[0];
	unsigned mode;
	if (strcmp(record->name, "user") == 0)
		return read_owner(record, put) ? NULL : "a user that is no two numbers";
	if (strcmp(record->name, "parents") == 0 && record->count == 0) {
		destination->parents = true;
		return NULL;
	}
	if (record->count != 1)
		return "a record that put does not have";
	if (strcmp(record->name, "path") == 0) {
		destination->path = first;
		return NULL;
	}
	if (strcmp(record->name, "mode") == 0 && record_mode(first, &mode)) {
		put->file.mode = mode;
		return NULL;
	}
	if (strcmp(record->name, "size") == 0 && record_number(first, LLONG_MAX, &put->left)) {
		destination->sized = true;
		return NULL;
	}
	return "a record that put does not have";
}

static const char *read_put(struct put *put, struct destination *destination, char *text, size_t length)
{
	struct record_reader reader;
	struct record record;
	enum record_result result;
	records_open(&reader, text, length);
	while ((result = records_next(&reader, &record)) == RECORD_READ) {
		const char *problem = take_record(put, destination, &record);
		if (problem)
			return problem;
	}
	if (result == RECORD_MALFORMED)
		return "a malformed record";
	return destination->path && destination->sized ? NULL : "a put without path or size";
}

/* Gives the stream a place, or refuses it. */
static void start_put(struct session *session, struct put *put, const struct destination *destination, uint32_t number)
{
	if (destination->path[0] != '/') {
		session_refuse(session, number, "invalid", "%.200s is not an absolute path", destination->path);
		free_put(put);
		return;
	}
	const char *failed = put_file_open(&put->file, destination->path, destination->parents);
	if (failed) {
		session_refuse(session, number, error_code(errno), "%.200s: %s: %s", destination->path, failed, strerror(errno));
		free_put(put);
		return;
	}
	session_add_stream(session, &put->head, &put_kind, number);
}

const char *put_request(struct session *session, uint32_t number, const unsigned char *payload, size_t length)
{
	struct put *put = calloc(1, sizeof *put);
	char *text = malloc(length + 1);
	struct destination destination = { .path = NULL };
	if (!put || !text) {
		free(put);
		free(text);
		session_refuse(session, number, "limit", "no memory for one more stream");
		return NULL;
	}
	put->file.directory = put->file.fd = -1;
	put->file.mode = 0644;
	if (length > 0)
		memcpy(text, payload, length);
	const char *problem = read_put(put, &destination, text, length);
	if (problem)
		free_put(put);
	else
		start_put(session, put, &destination, number);
	free(text);
	return problem;
}
