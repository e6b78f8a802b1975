#include "etc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "files.h"

/* Only a regular file is written to: a FIFO or a device in its place would make the machine wait, or worse. */
static int open_regular(const char *path, int flags)
{
	struct stat found;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, 0644);

	if (fd < 0)
		return -1;
	if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
		return fd;
	close(fd);
	errno = ENXIO;
	return -1;
}

static int write_and_close(int fd, const char *text, size_t length)
{
	int result = ftruncate(fd, 0) == 0 ? write_all(fd, text, length) : -1;
	int why = errno;

	close(fd);
	errno = why;
	return result;
}

static int write_in_place(const char *path, const char *text, size_t length)
{
	int fd = open_regular(path, 0);

	if (fd < 0 && errno == EROFS)
		return -1;
	if (fd < 0) {
		/* Nothing there, a link to nothing or in circles, or not a file: a new file takes its place. */
		if (unlink(path) != 0 && errno != ENOENT)
			return -1;
		fd = open_regular(path, O_CREAT | O_EXCL);
	}
	return fd < 0 ? -1 : write_and_close(fd, text, length);
}

static int mount_over(const char *path, const char *text, size_t length)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "/run/bootlayer%s", strrchr(path, '/'));
	if (access(path, F_OK) != 0 || make_directories("/run/bootlayer", 0755, 0, 0) != 0 || write_in_place(copy, text, length) != 0)
		return -1;
	return mount(copy, path, NULL, MS_BIND, NULL);
}

void etc_file_write(const char *path, const char *text, size_t length)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof directory, "%s", path);
	*strrchr(directory, '/') = '\0';
	make_directories(directory, 0755, 0, 0);
	if (write_in_place(path, text, length) == 0)
		return;
	if (errno == EROFS && mount_over(path, text, length) == 0)
		return;
	console_warn("cannot write %s: %s", path, strerror(errno));
}

void machine_id_write(void)
{
	static const char path[] = "/etc/machine-id";
	unsigned char random[16];
	char text[34];
	size_t length;
	char *found = read_file(path, 64, &length);
	/* systemd's way to say that there is none yet */
	bool known = found != NULL && length > 0 && strcmp(found, "uninitialized\n") != 0;

	free(found);
	if (known)
		return;
	random_bytes(random, sizeof random);
	/* A version 4 UUID, as machine-id(5) has it. */
	random[6] = (unsigned char)((random[6] & 0x0f) | 0x40);
	random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	text[32] = '\n';
	etc_file_write(path, text, 33);
}

void resolv_conf_write(const char *const *servers, const char *domain)
{
	char text[1024];
	size_t length = 0;

	if (domain != NULL && *domain != '\0')
		length += (size_t)snprintf(text, sizeof text, "search %.500s\n", domain);
	for (int i = 0; i < 3 && servers[i] != NULL; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "nameserver %.100s\n", servers[i]);
	if (length > 0)
		etc_file_write("/etc/resolv.conf", text, length);
}
