/* A file that is written beside its place under a name of its own, and takes its place whole, on the disk, or not at all. */
#ifndef AGENT_PUT_FILE_H
#define AGENT_PUT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct put_file {
	int directory, fd; /* -1: not open */
	char aside[64];    /* its name until it is in place; empty: there is none to be removed */
	char name[NAME_MAX + 1];
	mode_t mode;
	uid_t uid;
	gid_t gid;
	pid_t placer; /* the child that puts it in place; 0: not yet */
};

/* Makes the file beside `path`, which is absolute. Gives what failed, with errno, or NULL. */
const char *put_file_open(struct put_file *file, const char *path, bool parents);

/* Begins to put it in place: a child does it, because fsync takes as long as the disk does, and in the agent's one loop every other
 * stream would stand still meanwhile. False, with errno, without a child. */
bool put_file_place(struct put_file *file);

/* After a SIGCHLD: 0 once it is in place, an errno if it could not be; -1 while the child is at work. */
int put_file_placed(struct put_file *file);

/* Closes it, and removes what is not in place. A child that is still at work is killed. */
void put_file_drop(struct put_file *file);

#endif
