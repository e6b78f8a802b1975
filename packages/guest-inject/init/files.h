/* Files and directories of the guest, by the few ways in which the init touches them. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes a directory and those above it where they are missing; what is made has this mode and owner. 0, or -1 with errno. */
int make_directories(const char *path, mode_t mode, uid_t uid, gid_t gid);

/* The whole of a file of at most `limit` bytes, with a NUL after it; NULL with errno (EFBIG past the limit). Freed by the caller. */
char *read_file(const char *path, size_t limit, size_t *length);

/* Writes to a file that exists, such as one of /proc or /sys. 0, or -1 with errno. */
int write_existing(const char *path, const char *text);

/* Writes all of it to a descriptor that blocks. 0, or -1 with errno. */
int write_all(int fd, const char *bytes, size_t length);

/* Random bytes of the kernel's, without waiting for its pool to be full. */
void random_bytes(void *bytes, size_t length);

#endif
