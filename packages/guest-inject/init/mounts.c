#include "mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "console.h"
#include "devices.h"
#include "files.h"
#include "skeleton.h"

struct base_mount {
	const char *type, *path;
	unsigned long flags;
	const char *data;
};

static const struct base_mount early[] = {
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755" },
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
};

static int early_errors[sizeof early / sizeof *early];

static int mount_base(const struct base_mount *wanted, mode_t mode)
{
	if (make_directories(wanted->path, mode, 0, 0) != 0)
		return errno;
	return mount(wanted->type, wanted->path, wanted->type, wanted->flags, wanted->data) == 0 ? 0 : errno;
}

bool is_mount_point(const char *path)
{
	struct stat here, root;

	return lstat(path, &here) == 0 && lstat("/", &root) == 0 && here.st_dev != root.st_dev;
}

void mounts_early(void)
{
	for (size_t i = 0; i < sizeof early / sizeof *early; i++)
		early_errors[i] = is_mount_point(early[i].path) ? 0 : mount_base(&early[i], 0755);
}

void mounts_report_early(void)
{
	for (size_t i = 0; i < sizeof early / sizeof *early; i++)
		if (early_errors[i] != 0)
			console_warn("cannot mount %s on %s: %s", early[i].type, early[i].path, strerror(early_errors[i]));
}

bool is_read_only(const char *path)
{
	struct statvfs found;

	return statvfs(path, &found) == 0 && (found.f_flag & ST_RDONLY) != 0;
}

/* A kernel without cgroups, message queues and the like is no failure: ENODEV goes without a word. */
static void mount_or_warn(const struct base_mount *wanted, mode_t mode)
{
	int error = mount_base(wanted, mode);

	if (error != 0 && error != ENODEV)
		console_warn("cannot mount %s on %s: %s", wanted->type, wanted->path, strerror(error));
}

static void link_or_warn(const char *target, const char *path)
{
	if (symlink(target, path) != 0 && errno != EEXIST)
		console_warn("cannot make %s: %s", path, strerror(errno));
}

/* An image may bring directories in /run and /tmp that its programs count on, so they stay as they are on a root that can be written. On
 * one that cannot, memory takes their place, with the same directories. */
static void replace_read_only(const char *path, mode_t mode)
{
	struct stat found;

	if (lstat(path, &found) == 0 && S_ISDIR(found.st_mode) && !is_read_only(path))
		return;
	if (!is_read_only("/")) {
		if (make_directories(path, mode, 0, 0) != 0 && errno != ENOTDIR)
			console_warn("cannot make %s: %s", path, strerror(errno));
		return;
	}
	if (mount_memory_over(path, mode, "") != 0)
		console_warn("cannot mount a tmpfs on %s: %s", path, strerror(errno));
}

void mounts_base(void)
{
	static const struct base_mount base[] = {
		{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=666" },
		{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
		{ "mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	};
	static const struct base_mount cgroup = { "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL };

	for (size_t i = 0; i < sizeof base / sizeof *base; i++)
		mount_or_warn(&base[i], 0755);
	/* The mount point comes with the kernel's cgroups; sysfs lets nobody make it. */
	if (access(cgroup.path, F_OK) == 0)
		mount_or_warn(&cgroup, 0755);
	link_or_warn("/proc/self/fd", "/dev/fd");
	link_or_warn("/proc/self/fd/0", "/dev/stdin");
	link_or_warn("/proc/self/fd/1", "/dev/stdout");
	link_or_warn("/proc/self/fd/2", "/dev/stderr");
	replace_read_only("/run", 0755);
	replace_read_only("/tmp", 01777);
}

static const struct {
	const char *name;
	unsigned long set, clear;
} flag_options[] = {
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "nodev", MS_NODEV, 0 },
	{ "noexec", MS_NOEXEC, 0 },
	{ "noatime", MS_NOATIME, 0 },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "relatime", MS_RELATIME, 0 },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "lazytime", MS_LAZYTIME, 0 },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "bind", MS_BIND, 0 },
	{ "rbind", MS_BIND | MS_REC, 0 },
	{ "defaults", 0, 0 },
};

static bool flag_option(const char *option, size_t length, unsigned long *flags)
{
	for (size_t i = 0; i < sizeof flag_options / sizeof *flag_options; i++)
		if (strlen(flag_options[i].name) == length && memcmp(flag_options[i].name, option, length) == 0) {
			*flags = (*flags | flag_options[i].set) & ~flag_options[i].clear;
			return true;
		}
	return false;
}

int mount_with_options(const char *device, const char *path, const char *type, const char *options)
{
	char data[4096]; /* a page is what mount(2) takes */
	size_t used = 0;
	unsigned long flags = 0;

	while (*options != '\0') {
		size_t length = strcspn(options, ",");

		if (length > 0 && !flag_option(options, length, &flags)) {
			if (used + length + 2 > sizeof data) {
				errno = E2BIG;
				return -1;
			}
			if (used > 0)
				data[used++] = ',';
			memcpy(data + used, options, length);
			used += length;
		}
		options += length + (options[length] == ',');
	}
	data[used] = '\0';
	if (mount(device, path, type, flags, data) == 0)
		return 0;
	/* A disk that cannot be written to is mounted as it can be, as mount(8) does. */
	if ((errno != EACCES && errno != EROFS) || (flags & (MS_RDONLY | MS_BIND)) != 0)
		return -1;
	return mount(device, path, type, flags | MS_RDONLY, data);
}

static void mount_requested(const struct mount_request *request)
{
	char found[PATH_MAX];
	const char *device = request->device, *type = request->type;

	if (!device_find(device, found, sizeof found))
		return;
	if (strcmp(type, "auto") == 0)
		type = device_file_system(found);
	if (type == NULL)
		console_warn("cannot mount %s on %s: no file system is known there", device, request->path);
	else if (make_directories(request->path, 0755, 0, 0) != 0)
		console_warn("cannot make the mount point %s: %s", request->path, strerror(errno));
	else if (mount_with_options(found, request->path, type, request->options) != 0)
		console_warn("cannot mount %s on %s as %s: %s", device, request->path, type, strerror(errno));
}

void mounts_requested(const struct conf *conf)
{
	for (size_t i = 0; i < conf->mount_count; i++)
		mount_requested(&conf->mounts[i]);
	for (size_t i = 0; i < conf->tmpfs_count; i++) {
		const struct tmpfs_request *request = &conf->tmpfs[i];

		if (mount_memory_over(request->path, request->mode, request->size) != 0)
			console_warn("cannot mount a tmpfs on %s: %s", request->path, strerror(errno));
	}
}
