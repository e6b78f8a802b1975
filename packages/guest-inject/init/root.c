#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "console.h"
#include "devices.h"
#include "files.h"
#include "mounts.h"
#include "overlay.h"

static const unsigned long ramfs_magic = 0x858458f6, tmpfs_magic = 0x01021994;
static const char *const moved[] = { "/dev", "/proc", "/sys", "/run" };

/* Empties an initrd, for its files take memory; other file systems mounted in it stay. Takes the descriptor. */
static void delete_below(int directory_fd, dev_t device)
{
	DIR *directory = fdopendir(directory_fd);
	struct dirent *entry;
	struct stat found;

	if (directory == NULL) {
		close(directory_fd);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(directory_fd, name, &found, AT_SYMLINK_NOFOLLOW) != 0 || found.st_dev != device)
			continue;
		if (S_ISDIR(found.st_mode)) {
			int inner = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (inner >= 0)
				delete_below(inner, device);
		}
		unlinkat(directory_fd, name, S_ISDIR(found.st_mode) ? AT_REMOVEDIR : 0);
	}
	closedir(directory);
}

static void delete_initrd(int root)
{
	struct statfs kind;
	struct stat found;

	if (root < 0)
		return;
	/* Only what lives in memory is ever deleted. */
	bool in_memory = fstatfs(root, &kind) == 0 &&
			 ((unsigned long)kind.f_type == ramfs_magic || (unsigned long)kind.f_type == tmpfs_magic);
	if (in_memory && fstat(root, &found) == 0)
		delete_below(root, found.st_dev);
	else
		close(root);
}

static void move_mounts(const char *root)
{
	char target[PATH_MAX];

	for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
		if (!is_mount_point(moved[i]))
			continue;
		snprintf(target, sizeof target, "%s%s", root, moved[i]);
		if (make_directories(target, 0755, 0, 0) == 0 && mount(moved[i], target, NULL, MS_MOVE, NULL) == 0)
			continue;
		console_warn("cannot move %s to the root: %s", moved[i], strerror(errno));
		umount2(moved[i], MNT_DETACH);
	}
}

/* Makes a mounted directory the root of this process and of all that it will start. pivot_root is not for an initrd. */
static bool switch_root(const char *root, bool from_initrd)
{
	/* The old root of an image is the lower layer of the new one. */
	int old = from_initrd ? open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	move_mounts(root);
	if (chdir(root) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) {
		console_mark("failed cannot switch the root: %s", strerror(errno));
		return false;
	}
	delete_initrd(old);
	return true;
}

static bool mount_root(const struct mount_request *root)
{
	char device[PATH_MAX];
	const char *type = root->type;

	if (!device_find(root->device, device, sizeof device)) {
		console_mark("failed no root device %s", root->device);
		return false;
	}
	if (strcmp(type, "auto") == 0)
		type = device_file_system(device);
	if (type == NULL) {
		console_mark("failed the root device %s has no file system that is known", root->device);
		return false;
	}
	if (mount_with_options(device, STAGE_LOWER, type, root->options) != 0) {
		console_mark("failed cannot mount the root device %s as %s: %s", root->device, type,
			     errno == ENODEV ? "the kernel has no such file system, or its module is not loaded" : strerror(errno));
		return false;
	}
	return true;
}

static bool lacks_mount_points(const char *root)
{
	char path[PATH_MAX];
	struct stat found;

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", root, moved[i]);
		if (stat(path, &found) != 0)
			return true;
	}
	return false;
}

static void make_merged(const char *path, mode_t mode)
{
	char merged[PATH_MAX];

	/* What does not fit, or cannot be made, is told where it is mounted on. */
	if (snprintf(merged, sizeof merged, "%s%s", STAGE_MERGED, path) < (int)sizeof merged)
		make_directories(merged, mode, 0, 0);
}

static void make_mount_points(const struct conf *conf)
{
	for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
		make_merged(moved[i], 0755);
	make_merged("/tmp", 01777);
	for (size_t i = 0; i < conf->mount_count; i++)
		make_merged(conf->mounts[i].path, 0755);
	for (size_t i = 0; i < conf->tmpfs_count; i++)
		make_merged(conf->tmpfs[i].path, conf->tmpfs[i].mode);
}

bool root_enter(const struct conf *conf)
{
	bool from_initrd = conf->root.device != NULL;
	const char *root = from_initrd ? STAGE_LOWER : "/";
	struct overlay_request overlay = conf->overlay;
	bool staged = from_initrd || overlay.kind != OVERLAY_NONE;

	if (staged && !stage_prepare())
		return false;
	if (from_initrd && !mount_root(&conf->root))
		return false;
	/* An image may lack even /dev and /proc. Where they cannot be made, a layer in memory holds them, and nothing else. */
	bool mount_points_only = overlay.kind == OVERLAY_NONE && is_read_only(root) && lacks_mount_points(root);
	if (mount_points_only)
		overlay = (struct overlay_request){ .kind = OVERLAY_TMPFS, .size = "1m" };
	if (overlay.kind == OVERLAY_NONE)
		return !from_initrd || switch_root(STAGE_LOWER, true);

	if (!staged && !stage_prepare())
		return false;
	if (conf->overlay.kind != OVERLAY_NONE && !is_read_only(root) && mount(NULL, root, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
		console_warn("cannot make the root below the overlay read-only: %s", strerror(errno));
	if (mount_points_only)
		console_warn("the root cannot be written and lacks /dev, /proc or /sys: they are made in an overlay");
	if (!overlay_mount(root, &overlay))
		return false;
	if (mount_points_only)
		make_mount_points(conf);
	if (!switch_root(STAGE_MERGED, from_initrd))
		return false;
	if (mount_points_only && mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0)
		console_warn("cannot make the root read-only again: %s", strerror(errno));
	return true;
}
