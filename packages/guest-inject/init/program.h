/* A program with its identity, as init.conf and the agent's `exec` describe it, and how it is started. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

struct limit {
	int resource;
	struct rlimit value;
};

struct program {
	char **argv; /* NULL-terminated */
	char **env;  /* NULL-terminated; the whole environment */
	const char *cwd;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t group_count;
	struct limit *limits;
	size_t limit_count;
};

/* The child's descriptors 0, 1 and 2; -1 is /dev/null. With `terminal`, `in` is the slave of a pty: all three, and the controlling
 * terminal. The caller keeps and closes its copies. */
struct stdio {
	int in, out, err;
	bool terminal;
};

/* Why a program did not start: an errno and the step that gave it ("execve", "chdir", "setgroups" ...). */
struct start_error {
	int number;
	const char *step;
};

/* Starts a program as leader of a new session, with default signal handlers, an empty signal mask and no further descriptors.
 * Pipes and ptys given as stdio must already belong to its user (`give_to_program`). Returns its pid once execve has succeeded,
 * or -1 with `error` filled: a close-on-exec pipe tells the two apart. */
pid_t start_program(const struct program *program, const struct stdio *stdio, struct start_error *error);

/* What to tell people: execve's errors are about more than the file itself. */
const char *start_reason(const struct start_error *error, const struct program *program);

/* Lets the program reopen a pipe or pty by name (/dev/stdout, /proc/self/fd/1): both ends get its owner. */
int give_to_program(const struct program *program, int fd);

#endif
