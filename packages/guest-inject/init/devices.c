#include "devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "console.h"
#include "superblock.h"

enum { WAIT_MILLISECONDS = 10000, STEP_MILLISECONDS = 20 };

static bool probe(const char *path, struct superblock *found)
{
	unsigned char bytes[SUPERBLOCK_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*found = (struct superblock){ 0 };
	if (fd < 0)
		return false;
	ssize_t got = pread(fd, bytes, sizeof bytes, 0);
	close(fd);
	if (got == sizeof bytes)
		superblock_probe(bytes, found);
	return found->type != NULL;
}

/* Device names have `!` in /sys where the path has a slash. */
static void device_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, "/dev/%s", name);
	for (char *at = path; (at = strchr(at, '!')) != NULL;)
		*at = '/';
}

static bool scan(const char *uuid, const char *label, char *path, size_t size)
{
	struct superblock found;
	struct dirent *entry;
	bool matches = false;
	DIR *blocks = opendir("/sys/class/block");

	while (!matches && blocks != NULL && (entry = readdir(blocks)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		device_path(entry->d_name, path, size);
		if (!probe(path, &found))
			continue;
		matches = uuid != NULL ? *uuid != '\0' && strcasecmp(uuid, found.uuid) == 0
				       : *label != '\0' && strcmp(label, found.label) == 0;
	}
	if (blocks != NULL)
		closedir(blocks);
	return matches;
}

static void warn_missing(const char *device)
{
	char names[512] = "none";
	size_t used = 0;
	struct dirent *entry;
	DIR *blocks = opendir("/sys/class/block");

	while (blocks != NULL && (entry = readdir(blocks)) != NULL)
		if (entry->d_name[0] != '.' && used + strlen(entry->d_name) + 2 < sizeof names)
			used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? " " : "", entry->d_name);
	if (blocks != NULL)
		closedir(blocks);
	console_warn("%s did not appear within %d s; block devices: %s", device, WAIT_MILLISECONDS / 1000, names);
}

bool device_find(const char *device, char *path, size_t size)
{
	const char *uuid = strncmp(device, "UUID=", 5) == 0 ? device + 5 : NULL;
	const char *label = strncmp(device, "LABEL=", 6) == 0 ? device + 6 : NULL;
	bool by_content = uuid != NULL || label != NULL;

	if (snprintf(path, size, "%s", device) >= (int)size) {
		console_warn("a device's name is too long: %s", device);
		return false;
	}
	if (!by_content && *device != '/')
		return true;
	for (int waited = 0;; waited += STEP_MILLISECONDS) {
		if (by_content ? scan(uuid, label, path, size) : access(path, F_OK) == 0)
			return true;
		if (waited >= WAIT_MILLISECONDS)
			break;
		usleep(STEP_MILLISECONDS * 1000);
	}
	warn_missing(device);
	return false;
}

const char *device_file_system(const char *path)
{
	struct superblock found;

	return probe(path, &found) ? found.type : NULL;
}
