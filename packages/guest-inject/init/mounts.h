/* File systems that a machine wants and a container's image does not bring. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>

#include "conf.h"

/* /dev, /proc and /sys: what the init itself needs, as early as can be. Those that are mounted already stay. Warnings are left to
 * `mounts_report_early`, for there is no console yet. */
void mounts_early(void);
void mounts_report_early(void);

/* On the final root: the rest of /dev, cgroup2, and on a root that cannot be written /run and /tmp in memory. */
void mounts_base(void);

/* What init.conf asks for by `mount` and `tmpfs`. */
void mounts_requested(const struct conf *conf);

/* mount(2) with options as in fstab: `ro,noatime,data=ordered`. 0, or -1 with errno. */
int mount_with_options(const char *device, const char *path, const char *type, const char *options);

/* Whether something is mounted on a directory of the root. */
bool is_mount_point(const char *path);

/* Whether a path lies on a file system that cannot be written. */
bool is_read_only(const char *path);

#endif
