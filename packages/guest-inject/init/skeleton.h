/* A file system in memory over a directory that programs count on. */
#ifndef SKELETON_H
#define SKELETON_H

#include <sys/types.h>

/* Mounts a tmpfs over `path` (made if missing) with the owner of the directory that it covers, and makes the directories below that one
 * again, with their modes and owners; files stay below. An empty `size` is the kernel's default. 0, or -1 with errno. */
int mount_memory_over(const char *path, mode_t mode, const char *size);

#endif
