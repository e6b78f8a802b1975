#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "console.h"
#include "services.h"

enum { FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000, LONG_RUN = 60000 };

static const struct conf *conf;
static struct control_message last;
static pid_t agent_pid;
static int socket_fd = -1;
static long long due = -1, started;
static int pause_time = FIRST_PAUSE;

static void hang_up(void)
{
	if (socket_fd >= 0)
		close(socket_fd);
	socket_fd = -1;
}

static void start(void)
{
	int ends[2];

	due = -1;
	started = clock_milliseconds();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
		console_warn("cannot start the agent: socketpair: %s", strerror(errno));
		return;
	}
	agent_pid = child_fork("bootlayer-agent", ends[1]);
	if (agent_pid == 0)
		agent_run(&(struct agent_options){ .vsock_port = conf->agent_vsock,
						   .serial_name = conf->agent_serial,
						   .defaults = &conf->program,
						   .control = ends[1] });
	close(ends[1]);
	if (agent_pid < 0) {
		console_warn("cannot start the agent: fork: %s", strerror(errno));
		close(ends[0]);
		return;
	}
	socket_fd = ends[0];
	if (last.kind != 0)
		control_tell(&last);
}

void control_start(const struct conf *asked)
{
	conf = asked;
	if (conf->agent_vsock != 0 || conf->agent_serial != NULL)
		start();
}

int control_socket(void)
{
	return socket_fd;
}

void control_tell(const struct control_message *message)
{
	last = *message;
	if (socket_fd >= 0)
		(void)!send(socket_fd, message, sizeof *message, MSG_NOSIGNAL);
}

bool control_hear(struct control_message *message)
{
	if (socket_fd < 0)
		return false;
	ssize_t got = recv(socket_fd, message, sizeof *message, 0);
	if (got == 0)
		hang_up();
	return got == sizeof *message;
}

bool control_reaped(pid_t pid, int status)
{
	char text[32];

	if (agent_pid == 0 || pid != agent_pid)
		return false;
	agent_pid = 0;
	hang_up();
	if (conf != NULL) {
		/* As for services: one that cannot live here does not fill the console. */
		if (clock_milliseconds() - started >= LONG_RUN)
			pause_time = FIRST_PAUSE;
		console_warn("the agent ended: %s", describe_status(status, text));
		due = clock_milliseconds() + pause_time;
		pause_time = pause_time * 2 > LONGEST_PAUSE ? LONGEST_PAUSE : pause_time * 2;
	}
	return true;
}

long long control_due(void)
{
	return due;
}

void control_tick(void)
{
	if (due >= 0 && due <= clock_milliseconds())
		start();
}

void control_give_up(void)
{
	conf = NULL;
	due = -1;
}
