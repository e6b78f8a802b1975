#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "devices.h"
#include "mounts.h"

/* Both are out of sight once the root is switched; the descriptors keep a way to them. */
static int lower_fd = -1, upper_fd = -1;

bool stage_prepare(void)
{
	static const char *const directories[] = { STAGE_LOWER, STAGE_UPPER, STAGE_MERGED };

	if (mount("bootlayer", STAGE, "tmpfs", MS_NOSUID, "mode=0700,size=1m") != 0) {
		console_mark("failed cannot mount a tmpfs on %s: %s", STAGE, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		if (mkdir(directories[i], 0755) != 0) {
			console_mark("failed cannot make %s: %s", directories[i], strerror(errno));
			return false;
		}
	return true;
}

static bool mount_upper(const struct overlay_request *request)
{
	char device[PATH_MAX], options[64];
	const char *type = request->type;

	if (request->kind == OVERLAY_TMPFS) {
		snprintf(options, sizeof options, "mode=0755%s%s", *request->size == '\0' ? "" : ",size=", request->size);
		if (mount_with_options("overlay", STAGE_UPPER, "tmpfs", options) == 0)
			return true;
		console_mark("failed cannot mount the overlay's tmpfs: %s", strerror(errno));
		return false;
	}
	if (!device_find(request->device, device, sizeof device)) {
		console_mark("failed no disk for the overlay: %s", request->device);
		return false;
	}
	if (strcmp(type, "auto") == 0)
		type = device_file_system(device);
	if (type == NULL) {
		console_mark("failed the overlay's disk %s has no file system that is known", request->device);
		return false;
	}
	if (mount_with_options(device, STAGE_UPPER, type, "") == 0)
		return true;
	console_mark("failed cannot mount the overlay's disk %s as %s: %s", request->device, type, strerror(errno));
	return false;
}

/* The merged root's own mode and owner are those of the upper directory. */
static bool make_upper(const char *lower)
{
	struct stat root;

	return stat(lower, &root) == 0 && (mkdir(STAGE_UPPER "/work", 0755) == 0 || errno == EEXIST) &&
	       (mkdir(STAGE_UPPER "/upper", 0755) == 0
			? chown(STAGE_UPPER "/upper", root.st_uid, root.st_gid) == 0 &&
				  chmod(STAGE_UPPER "/upper", root.st_mode & 07777) == 0
			: errno == EEXIST);
}

bool overlay_mount(const char *lower, const struct overlay_request *request)
{
	char options[256];

	if (!mount_upper(request))
		return false;
	if (!make_upper(lower)) {
		console_mark("failed cannot make the overlay's directories: %s", strerror(errno));
		return false;
	}
	lower_fd = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	upper_fd = open(STAGE_UPPER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=" STAGE_UPPER "/upper,workdir=" STAGE_UPPER "/work", lower);
	if (mount("overlay", STAGE_MERGED, "overlay", 0, options) == 0)
		return true;
	console_mark("failed cannot mount the overlay: %s", errno == ENODEV ? "the kernel has none, or its module is not loaded"
									      : strerror(errno));
	return false;
}

static void settle(int fd)
{
	char path[32];

	if (fd < 0)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
		console_warn("cannot make a disk below the overlay read-only: %s", strerror(errno));
}

void overlay_settle(void)
{
	settle(upper_fd);
	settle(lower_fd);
}
