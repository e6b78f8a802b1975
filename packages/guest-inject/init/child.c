#include "child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "console.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

void close_between(unsigned first, unsigned last)
{
	struct rlimit limit;

	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
	/* Kernels before 5.9. */
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		limit.rlim_cur = 1024;
	for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
		close((int)fd);
}

pid_t child_fork(const char *name, int keep)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int number = 1; number <= 64; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	console_after_fork();
	setsid();
	prctl(PR_SET_NAME, name);
	/* Nothing of PID 1's is left open but what was asked for. */
	if (keep > 3)
		close_between(3, (unsigned)keep - 1);
	close_between(keep < 3 ? 3 : (unsigned)keep + 1, ~0U);
	return 0;
}
