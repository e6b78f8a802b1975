#include "agent_session.h"
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_poll.h"

enum { CONTENT = 1 };

/* A file on its way to the host. */
struct get {
	struct stream head;
	int fd;
};

static void free_get(struct get *get)
{
	close(get->fd);
	free(get);
}

/* Files are always ready: the loop comes back at once while the host takes more. */
static bool may_read(const struct session *session, const struct stream *stream)
{
	return stream->may_send[CONTENT] > 0 && output_takes_bulk(&session->output);
}

static void prepare_get(struct session *session, struct stream *stream)
{
	if (may_read(session, stream))
		poll_until(0);
}

static void serve_get(struct session *session, struct stream *stream)
{
	struct get *get = (struct get *)stream;
	size_t room;
	unsigned char *place = output_bulk(&session->output, &room);
	if (!place || !may_read(session, stream))
		return;
	room -= 1;
	ssize_t got = read(get->fd, place + 1, room < stream->may_send[CONTENT] ? room : stream->may_send[CONTENT]);
	if (got < 0 && errno == EINTR)
		return;
	if (got > 0) {
		place[0] = CONTENT;
		stream->may_send[CONTENT] -= (uint32_t)got;
		output_commit(&session->output, FRAME_DATA, stream->number, 1 + (size_t)got);
		return;
	}
	if (got < 0) {
		session_refuse(session, stream->number, error_code(errno), "read: %s", strerror(errno));
	} else {
		unsigned char channel = CONTENT;
		output_frame(&session->output, FRAME_DATA, stream->number, &channel, 1);
		output_frame(&session->output, FRAME_DONE, stream->number, NULL, 0);
	}
	session_remove_stream(session, stream);
	free_get(get);
}

static void drop_get(struct stream *stream)
{
	free_get((struct get *)stream);
}

static const struct stream_kind get_kind = {
	.outputs = CONTENT,
	.prepare = prepare_get,
	.serve = serve_get,
	.drop = drop_get,
};

static void tell_attributes(struct session *session, uint32_t number, const struct stat *file)
{
	char records[512];
	struct record_writer writer;
	records_begin(&writer, records, sizeof records);
	record_begin(&writer, "mode");
	record_field_octal(&writer, file->st_mode & 07777);
	record_end(&writer);
	record_begin(&writer, "user");
	record_field_number(&writer, file->st_uid);
	record_field_number(&writer, file->st_gid);
	record_end(&writer);
	record_begin(&writer, "size");
	record_field_number(&writer, (unsigned long long)file->st_size);
	record_end(&writer);
	record_begin(&writer, "modified");
	record_field_number(&writer, file->st_mtim.tv_sec < 0 ? 0 : (unsigned long long)file->st_mtim.tv_sec);
	record_field_number(&writer, (unsigned long long)file->st_mtim.tv_nsec);
	record_end(&writer);
	output_frame(&session->output, FRAME_FILE, number, records, writer.length);
}

static void open_file(struct session *session, uint32_t number, const char *path)
{
	struct stat file;
	/* Not to wait for the other end of a fifo, and for no device to begin anything: the kind is looked at first. */
	if (stat(path, &file) != 0) {
		session_refuse(session, number, error_code(errno), "%.200s: %s", path, strerror(errno));
		return;
	}
	if (!S_ISREG(file.st_mode)) {
		session_refuse(session, number, "invalid", "%.200s is no regular file", path);
		return;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &file) != 0) {
		session_refuse(session, number, error_code(errno), "%.200s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	struct get *get = calloc(1, sizeof *get);
	if (!get) {
		close(fd);
		session_refuse(session, number, "limit", "no memory for one more stream");
		return;
	}
	get->fd = fd;
	tell_attributes(session, number, &file);
	session_add_stream(session, &get->head, &get_kind, number);
}

const char *get_request(struct session *session, uint32_t number, const unsigned char *payload, size_t length)
{
	char *text = malloc(length + 1);
	if (!text) {
		session_refuse(session, number, "limit", "no memory for one more stream");
		return NULL;
	}
	if (length > 0)
		memcpy(text, payload, length);
	struct record_reader reader;
	struct record record;
	const char *problem = NULL;
	records_open(&reader, text, length);
	if (records_next(&reader, &record) != RECORD_READ || strcmp(record.name, "path") != 0 || record.count != 1) {
		problem = "a get without a path";
	} else {
		const char *path = record.fields[0];
		if (records_next(&reader, &record) != RECORD_END)
			problem = "a record that get does not have";
		else if (path[0] != '/')
			session_refuse(session, number, "invalid", "%.200s is not an absolute path", path);
		else
			open_file(session, number, path);
	}
	free(text);
	return problem;
}
