#include "skeleton.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

/* An image's /run and /tmp have a handful; whatever else somebody built, memory and descriptors stay bounded. */
enum { MAX_DEPTH = 16, MAX_DIRECTORIES = 4096 };

static void copy_directories(int from, int to, int depth, int *left)
{
	DIR *directory = fdopendir(from);
	struct dirent *entry;
	struct stat found;

	if (directory == NULL) {
		close(from);
		return;
	}
	while (*left > 0 && (entry = readdir(directory)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(from, name, &found, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(found.st_mode))
			continue;
		(*left)--;
		if (mkdirat(to, name, 0700) != 0)
			continue;
		int inner_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int inner_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* Owner first: a change of owner clears the set-group-ID bit. */
		if (inner_to >= 0 && fchown(inner_to, found.st_uid, found.st_gid) == 0)
			(void)!fchmod(inner_to, found.st_mode & 07777);
		if (inner_from >= 0 && inner_to >= 0 && depth < MAX_DEPTH)
			copy_directories(inner_from, inner_to, depth + 1, left);
		else if (inner_from >= 0)
			close(inner_from);
		if (inner_to >= 0)
			close(inner_to);
	}
	closedir(directory);
}

int mount_memory_over(const char *path, mode_t mode, const char *size)
{
	char options[128];
	struct stat covered;
	int left = MAX_DIRECTORIES;

	if (make_directories(path, mode, 0, 0) != 0)
		return -1;
	int below = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return -1;
	int length = snprintf(options, sizeof options, "mode=%o%s%s", mode, *size == '\0' ? "" : ",size=", size);
	if (length >= (int)sizeof options)
		errno = EINVAL;
	else if (fstat(below, &covered) == 0 && mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0) {
		int memory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (memory >= 0) {
			if (fchown(memory, covered.st_uid, covered.st_gid) == 0)
				(void)!fchmod(memory, mode);
			copy_directories(below, memory, 0, &left);
			close(memory);
			return 0;
		}
	}
	int why = errno;
	close(below);
	errno = why;
	return -1;
}
