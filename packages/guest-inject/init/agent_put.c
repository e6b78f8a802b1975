#include "agent_session.h"
#include "files.h"
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file on its way from the host: written beside its place under a name of its own, then renamed. */
struct put {
	struct stream head;
	int directory, fd;
	char aside[64];
	char name[NAME_MAX + 1];
	mode_t mode;
	uid_t uid;
	gid_t gid;
	unsigned long long left;
};

static void free_put(struct put *put)
{
	if (put->fd >= 0)
		close(put->fd);
	if (put->aside[0])
		unlinkat(put->directory, put->aside, 0);
	if (put->directory >= 0)
		close(put->directory);
	free(put);
}

static void drop_put(struct stream *stream)
{
	free_put((struct put *)stream);
}

static void fail_put(struct session *session, struct put *put, const char *step)
{
	session_refuse(session, put->head.number, error_code(errno), "%.200s: %s: %s", put->name, step, strerror(errno));
	session_remove_stream(session, &put->head);
	free_put(put);
}

static void finish_put(struct session *session, struct put *put)
{
	/* The owner first: changing it takes the setuid bit away. */
	if (fchown(put->fd, put->uid, put->gid) != 0)
		return fail_put(session, put, "chown");
	if (fchmod(put->fd, put->mode) != 0)
		return fail_put(session, put, "chmod");
	if (fsync(put->fd) != 0)
		return fail_put(session, put, "fsync");
	if (renameat(put->directory, put->aside, put->directory, put->name) != 0)
		return fail_put(session, put, "rename");
	put->aside[0] = '\0';
	if (fsync(put->directory) != 0 && errno != EINVAL)
		return fail_put(session, put, "fsync of its directory");
	output_frame(&session->output, FRAME_DONE, put->head.number, NULL, 0);
	session_remove_stream(session, &put->head);
	free_put(put);
}

static const char *take_content(struct session *session, struct stream *stream, const unsigned char *bytes, size_t length)
{
	struct put *put = (struct put *)stream;
	if (length > put->left || (length == 0 && put->left > 0))
		return length ? "more content than the size says" : "less content than the size says";
	if (length == 0) {
		finish_put(session, put);
		return NULL;
	}
	for (size_t written = 0; written < length;) {
		ssize_t more = write(put->fd, bytes + written, length - written);
		if (more < 0 && errno != EINTR) {
			fail_put(session, put, "write");
			return NULL;
		}
		if (more > 0)
			written += (size_t)more;
	}
	put->left -= length;
	session_give_credit(session, stream, length);
	return NULL;
}

static void wait_for_content(struct session *session, struct stream *stream)
{
	(void)session;
	(void)stream;
}

static const struct stream_kind put_kind = {
	.data = take_content,
	.prepare = wait_for_content,
	.serve = wait_for_content,
	.drop = drop_put,
};

/* The directory of a path, and its last name. Gives what failed, with errno, or NULL. */
static const char *open_directory(struct put *put, const char *path, bool parents)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t length = (size_t)(slash - path);
	errno = ENAMETOOLONG;
	if (length + 2 > sizeof directory || strlen(slash + 1) > NAME_MAX)
		return "path";
	errno = EISDIR;
	if (slash[1] == '\0' || strcmp(slash + 1, ".") == 0 || strcmp(slash + 1, "..") == 0)
		return "path";
	memcpy(directory, path, length);
	strcpy(directory + length, length == 0 ? "/" : "");
	strcpy(put->name, slash + 1);
	if (parents && make_directories(directory, 0755, 0, 0) != 0)
		return "mkdir";
	put->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return put->directory < 0 ? "open" : NULL;
}

static const char *open_aside(struct put *put)
{
	for (int tries = 0; tries < 16; tries++) {
		unsigned char chance[8];
		random_bytes(chance, sizeof chance);
		snprintf(put->aside, sizeof put->aside, ".bootlayer-put-%02x%02x%02x%02x%02x%02x%02x%02x", chance[0], chance[1],
			chance[2], chance[3], chance[4], chance[5], chance[6], chance[7]);
		put->fd = openat(put->directory, put->aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (put->fd >= 0)
			return NULL;
		if (errno != EEXIST)
			break;
	}
	put->aside[0] = '\0';
	return "create";
}

static bool read_owner(const struct record *record, struct put *put)
{
	unsigned long long uid, gid;
	if (record->count != 2 || !record_number(record->fields[0], UINT32_MAX - 1, &uid) ||
		!record_number(record->fields[1], UINT32_MAX - 1, &gid))
		return false;
	put->uid = (uid_t)uid;
	put->gid = (gid_t)gid;
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
		put->mode = mode;
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
	const char *failed;
	if (destination->path[0] != '/') {
		session_refuse(session, number, "invalid", "%.200s is not an absolute path", destination->path);
		free_put(put);
		return;
	}
	failed = open_directory(put, destination->path, destination->parents);
	if (!failed)
		failed = open_aside(put);
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
	put->directory = put->fd = -1;
	put->mode = 0644;
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
