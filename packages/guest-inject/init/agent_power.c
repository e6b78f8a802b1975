#include "agent_power.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* glibc's SIGRTMIN, by which systemd counts; musl's is another. */
enum { SYSTEMD_SIGRTMIN = 34, SYSTEMD_POWER_OFF = SYSTEMD_SIGRTMIN + 4, SYSTEMD_REBOOT = SYSTEMD_SIGRTMIN + 5 };

static bool is_systemd(void)
{
	char name[16] = { 0 };
	int fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, name, sizeof name - 1);
	close(fd);
	return length > 0 && strcmp(name, "systemd\n") == 0;
}

void power_down(bool reboot)
{
	if (is_systemd()) {
		kill(1, reboot ? SYSTEMD_REBOOT : SYSTEMD_POWER_OFF);
		return;
	}
	const char *path = reboot ? "/sbin/reboot" : "/sbin/poweroff";
	char *const env[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	if (fork() == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		execle(path, path, (char *)NULL, env);
		_exit(127);
	}
}
