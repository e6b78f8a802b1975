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

/* What a disk is known by: `UUID=`, `LABEL=` or `TYPE=` and a text. False for all else. */
static bool by_content(const char *device, const char **text)
{
	static const char *const forms[] = { "UUID=", "LABEL=", "TYPE=" };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (strncmp(device, forms[i], strlen(forms[i])) == 0) {
			*text = device + strlen(forms[i]);
			return true;
		}
	return false;
}

static bool matches(const char *device, const char *text, const struct superblock *found)
{
	if (*text == '\0')
		return false;
	if (*device == 'U')
		return strcasecmp(text, found->uuid) == 0;
	return strcmp(text, *device == 'L' ? found->label : found->type) == 0;
}

/* The first one by name, whatever order the kernel lists them in: vda before vdb, and sda before sdaa. */
static bool comes_before(const char *name, const char *other)
{
	size_t length = strlen(name);
	size_t other_length = strlen(other);

	return other_length == 0 || length < other_length || (length == other_length && strcmp(name, other) < 0);
}

static bool scan(const char *device, const char *text, char *path, size_t size)
{
	struct superblock found;
	struct dirent *entry;
	char best[256] = "";
	DIR *blocks = opendir("/sys/class/block");

	while (blocks != NULL && (entry = readdir(blocks)) != NULL) {
		if (entry->d_name[0] == '.' || !comes_before(entry->d_name, best))
			continue;
		device_path(entry->d_name, path, size);
		if (probe(path, &found) && matches(device, text, &found))
			snprintf(best, sizeof best, "%s", entry->d_name);
	}
	if (blocks != NULL)
		closedir(blocks);
	device_path(best, path, size);
	return *best != '\0';
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
	const char *text = NULL;
	bool is_content = by_content(device, &text);

	if (snprintf(path, size, "%s", device) >= (int)size) {
		console_warn("a device's name is too long: %s", device);
		return false;
	}
	if (!is_content && *device != '/')
		return true;
	for (int waited = 0;; waited += STEP_MILLISECONDS) {
		if (is_content ? scan(device, text, path, size) : access(path, F_OK) == 0)
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
