#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

static int make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat found;

	if (mkdir(path, mode) == 0) {
		/* The umask has no say, nor has a set-group-ID directory above. */
		if (chown(path, uid, gid) != 0 || chmod(path, mode) != 0)
			return -1;
		return 0;
	}
	/* A read-only file system says EROFS even where the directory exists. */
	int why = errno;
	if (stat(path, &found) != 0) {
		errno = why;
		return -1;
	}
	if (S_ISDIR(found.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int make_directories(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, length + 1);
	for (char *slash = part + 1; *part != '\0' && (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (make_directory(part, mode, uid, gid) != 0)
			return -1;
		*slash = '/';
	}
	return make_directory(part, mode, uid, gid);
}

char *read_file(const char *path, size_t limit, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;

	/* Files of /proc have no size that could be asked for; they are read until they end. */
	size_t capacity = 4096, used = 0;
	char *bytes = malloc(capacity);
	int why = ENOMEM;
	while (bytes != NULL) {
		ssize_t got = read(fd, bytes + used, capacity - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			why = errno;
			break;
		}
		used += (size_t)got;
		if (used > limit) {
			why = EFBIG;
			break;
		}
		if (got == 0) {
			close(fd);
			bytes[used] = '\0';
			*length = used;
			return bytes;
		}
		if (used + 1 == capacity) {
			char *larger = realloc(bytes, capacity * 2);
			if (larger == NULL)
				break;
			bytes = larger;
			capacity *= 2;
		}
	}
	free(bytes);
	close(fd);
	errno = why;
	return NULL;
}

int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

int write_existing(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	int result = write_all(fd, text, strlen(text));
	int why = errno;
	close(fd);
	errno = why;
	return result;
}

void random_bytes(void *bytes, size_t length)
{
	char *at = bytes;

	/* Kernels before 5.6 do not know GRND_INSECURE; theirs may have to wait for the pool at most once. */
	for (unsigned flags = GRND_INSECURE; length > 0;) {
		long got = syscall(SYS_getrandom, at, length, flags);
		if (got < 0 && errno == EINVAL && flags != 0) {
			flags = 0;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		at += got;
		length -= (size_t)got;
	}
	/* A kernel without getrandom: numbers that differ, which is all that is wanted of them. */
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned long seed = (unsigned long)now.tv_nsec ^ (unsigned long)getpid(); length > 0; length--) {
		seed = seed * 1103515245 + 12345;
		*at++ = (char)(seed >> 16);
	}
}
