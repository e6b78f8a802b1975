#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "files.h"

enum { FIRST_OTHER = 3, REPORT = FIRST_OTHER, LAST_SIGNAL = 64 };

/* The child's side: tells its parent why, and ends. */
static void __attribute__((noreturn)) fail(const char *step)
{
	struct start_error error = { .number = errno, .step = step };

	/* A pointer to a constant means the same on both sides of a fork. */
	(void)!write(REPORT, &error, sizeof error);
	_exit(127);
}

/* Puts the stdio on 0, 1 and 2, the report pipe on 3, and closes all else. Every source is moved out of the way first, for it may
 * itself lie on one of these numbers. */
static void arrange_descriptors(const struct stdio *stdio, int report)
{
	int sources[] = { stdio->in, stdio->terminal ? stdio->in : stdio->out, stdio->terminal ? stdio->in : stdio->err, report };
	int null = -1;

	for (int fd = 0; fd <= REPORT; fd++) {
		if (sources[fd] < 0 && null < 0)
			null = open("/dev/null", O_RDWR | O_CLOEXEC);
		sources[fd] = fcntl(sources[fd] < 0 ? null : sources[fd], F_DUPFD_CLOEXEC, REPORT + 1);
	}
	dup2(sources[REPORT], REPORT);
	for (int fd = 0; fd < REPORT; fd++)
		if (dup2(sources[fd], fd) < 0)
			fail("/dev/null");
	fcntl(REPORT, F_SETFD, FD_CLOEXEC);
	close_between(REPORT + 1, ~0U);
}

static void default_signals(void)
{
	sigset_t none;

	for (int number = 1; number <= LAST_SIGNAL; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *variable(char *const *env, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (; *env != NULL; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			value = *env + length + 1;
	return value;
}

/* execve by PATH, as execvp does it, but by the program's own PATH and with no shell for files that lack a #! line. */
static void execute(const struct program *program)
{
	const char *name = program->argv[0];
	const char *path = variable(program->env, "PATH");
	char file[PATH_MAX];
	int denied = 0;

	if (strchr(name, '/') != NULL || *name == '\0') {
		execve(name, program->argv, program->env);
		return;
	}
	if (path == NULL)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (;;) {
		size_t length = strcspn(path, ":");
		size_t name_length = strlen(name);

		if (length + 1 + name_length < sizeof file) {
			memcpy(file, path, length);
			/* An empty entry is the working directory. */
			file[length] = '/';
			memcpy(file + length + (length > 0), name, name_length + 1);
			execve(file, program->argv, program->env);
			if (errno == EACCES)
				denied = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return;
		}
		if (path[length] == '\0')
			break;
		path += length + 1;
	}
	errno = denied != 0 ? denied : ENOENT;
}

static void __attribute__((noreturn)) run_child(const struct program *program, const struct stdio *stdio, int report)
{
	arrange_descriptors(stdio, report);
	default_signals();
	setsid();
	if (stdio->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0)
		fail("controlling terminal");
	umask(022);
	if (make_directories(program->cwd, 0755, program->uid, program->gid) != 0 || chdir(program->cwd) != 0)
		fail("working directory");
	for (size_t i = 0; i < program->limit_count; i++)
		if (setrlimit(program->limits[i].resource, &program->limits[i].value) != 0)
			fail("setrlimit");
	if (setgroups(program->group_count, program->groups) != 0)
		fail("setgroups");
	if (setresgid(program->gid, program->gid, program->gid) != 0)
		fail("setgid");
	if (setresuid(program->uid, program->uid, program->uid) != 0)
		fail("setuid");
	execute(program);
	fail("execve");
}

pid_t start_program(const struct program *program, const struct stdio *stdio, struct start_error *error)
{
	int report[2];

	*error = (struct start_error){ .step = "fork" };
	if (pipe2(report, O_CLOEXEC) != 0) {
		error->number = errno;
		return -1;
	}
	pid_t pid = fork();
	if (pid == 0)
		run_child(program, stdio, report[1]);
	if (pid < 0)
		error->number = errno;
	close(report[1]);

	/* Nothing to read: execve has closed it. */
	bool failed = pid < 0;
	while (!failed) {
		ssize_t got = read(report[0], error, sizeof *error);
		if (got < 0 && errno == EINTR)
			continue;
		failed = got == sizeof *error;
		break;
	}
	close(report[0]);
	if (!failed)
		return pid;
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -1;
}

const char *start_reason(const struct start_error *error, const struct program *program)
{
	const char *file = program->argv[0];

	if (strcmp(error->step, "execve") == 0 && error->number == ENOEXEC)
		return "not a program of this machine's architecture, nor a script with a #! line";
	if (strcmp(error->step, "execve") == 0 && error->number == ENOENT && *file == '/' && access(file, F_OK) == 0)
		return "it is there, but the interpreter that it names is not";
	return strerror(error->number);
}

int give_to_program(const struct program *program, int fd)
{
	return fchown(fd, program->uid, program->gid);
}
