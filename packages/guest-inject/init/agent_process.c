#include "agent_process.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "console.h"
#include "services.h"

enum { PAUSE = 1000 };

static const struct conf *conf;
static struct control_message last;
static pid_t agent_pid;
static int control = -1;
static long long due = -1;

static void start(void)
{
	int ends[2];

	due = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
		console_warn("cannot start the agent: socketpair: %s", strerror(errno));
		return;
	}
	agent_pid = child_fork("bootlayer-agent", ends[1]);
	if (agent_pid == 0)
		agent_run(&(struct agent_options){ .vsock_port = conf->agent_vsock,
						   .serial_name = conf->agent_serial,
						   .defaults = conf->hand_over == NULL ? &conf->program : NULL,
						   .control = ends[1] });
	close(ends[1]);
	if (agent_pid < 0) {
		console_warn("cannot start the agent: fork: %s", strerror(errno));
		close(ends[0]);
		return;
	}
	control = ends[0];
	if (last.kind != 0)
		agent_tell(&last);
}

void agent_start(const struct conf *asked)
{
	conf = asked;
	if (conf->agent_vsock != 0 || conf->agent_serial != NULL)
		start();
}

int agent_socket(void)
{
	return control;
}

void agent_tell(const struct control_message *message)
{
	last = *message;
	if (control >= 0)
		(void)!send(control, message, sizeof *message, MSG_NOSIGNAL);
}

bool agent_hear(struct control_message *message)
{
	return control >= 0 && recv(control, message, sizeof *message, 0) == sizeof *message;
}

bool agent_reaped(pid_t pid, int status)
{
	char text[32];

	if (agent_pid == 0 || pid != agent_pid)
		return false;
	agent_pid = 0;
	close(control);
	control = -1;
	if (conf != NULL) {
		console_warn("the agent ended: %s", describe_status(status, text));
		due = clock_milliseconds() + PAUSE;
	}
	return true;
}

long long agent_due(void)
{
	return due;
}

void agent_tick(void)
{
	if (due >= 0 && due <= clock_milliseconds())
		start();
}

void agent_give_up(void)
{
	conf = NULL;
	due = -1;
}
