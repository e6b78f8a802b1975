#include "agent_put_file.h"

#include "agent_reap.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* The directory of a path, and its last name. */
static const char *open_directory(struct put_file *file, const char *path, bool parents)
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
	strcpy(file->name, slash + 1);
	if (parents && make_directories(directory, 0755, 0, 0) != 0)
		return "mkdir";
	file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return file->directory < 0 ? "open" : NULL;
}

static const char *open_aside(struct put_file *file)
{
	for (int tries = 0; tries < 16; tries++) {
		unsigned long long chance;
		random_bytes(&chance, sizeof chance);
		snprintf(file->aside, sizeof file->aside, ".bootlayer-put-%016llx", chance);
		file->fd = openat(file->directory, file->aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file->fd >= 0)
			return NULL;
		if (errno != EEXIST)
			break;
	}
	file->aside[0] = '\0';
	return "create";
}

const char *put_file_open(struct put_file *file, const char *path, bool parents)
{
	struct stat there;
	const char *failed = open_directory(file, path, parents);
	if (failed)
		return failed;
	/* Told before all the content has come for nothing. Whoever makes one meanwhile is told by the rename. */
	if (fstatat(file->directory, file->name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(there.st_mode)) {
		errno = EISDIR;
		return "path";
	}
	return open_aside(file);
}

/* The child's side. Its exit code is an errno, all of which fit. */
static int place(const struct put_file *file)
{
	int fd = fcntl(file->fd, F_DUPFD, 3), directory = fcntl(file->directory, F_DUPFD, 3);
	/* What the agent holds open would be held as long as this takes: the input of a program could not end. Before Linux 5.9 it is. */
	if (dup2(fd, 0) < 0 || dup2(directory, 1) < 0)
		return errno;
	syscall(SYS_close_range, 2U, ~0U, 0);
	/* The owner first: changing it takes the setuid bit away. */
	if (fchown(0, file->uid, file->gid) != 0 || fchmod(0, file->mode) != 0 || fsync(0) != 0 ||
		renameat(1, file->aside, 1, file->name) != 0)
		return errno;
	/* Some file systems cannot do it for a directory. */
	return fsync(1) == 0 || errno == EINVAL ? 0 : errno;
}

bool put_file_place(struct put_file *file)
{
	pid_t child = fork();
	if (child == 0)
		_exit(place(file));
	if (child < 0)
		return false;
	file->placer = child;
	return true;
}

int put_file_placed(struct put_file *file)
{
	int status;
	pid_t ended = waitpid(file->placer, &status, WNOHANG);
	if (ended == 0 || (ended < 0 && errno == EINTR))
		return -1;
	file->placer = 0;
	if (ended < 0 || !WIFEXITED(status))
		return EIO;
	if (WEXITSTATUS(status) == 0)
		file->aside[0] = '\0';
	return WEXITSTATUS(status);
}

void put_file_drop(struct put_file *file)
{
	if (file->placer > 0) {
		kill(file->placer, SIGKILL);
		reap_later(file->placer);
	}
	if (file->fd >= 0)
		close(file->fd);
	if (file->aside[0])
		unlinkat(file->directory, file->aside, 0);
	if (file->directory >= 0)
		close(file->directory);
}
