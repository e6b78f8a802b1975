#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cmdline.h"
#include "console.h"
#include "control.h"
#include "oom.h"
#include "relay.h"
#include "services.h"

enum { AGENT_FLUSH = 2000, KILL_PATIENCE = 5000, NEVER = -1 };

static struct {
	const struct conf *conf;
	int signals;
	pid_t pid; /* 0: not started, or ended */
	bool ended, flushed, no_children;
	int code, signal;
	bool oom;
	unsigned long long oom_before;
	long long kill_at; /* when a program that was asked to stop is killed */
	enum exit_action action;
	bool reboot_asked;
} state = { .kill_at = NEVER };

void supervise_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* PID 1 is spared anyway, but not for certain where it writes to a program that is gone. */
	signal(SIGPIPE, SIG_IGN);
}

/* As `docker stop` does: the program alone is told, and tells its own. */
static void stop(void)
{
	if (state.pid == 0 || state.kill_at != NEVER)
		return;
	kill(state.pid, state.conf->stop_signal);
	state.kill_at = clock_milliseconds() + state.conf->stop_timeout * 1000LL;
}

static void record_end(int code, int signal, bool oom)
{
	state.pid = 0;
	state.ended = true;
	state.code = code;
	state.signal = signal;
	state.oom = oom;
	control_tell(&(struct control_message){
		.kind = CONTROL_EXITED, .a = code, .b = signal, .c = oom, .milliseconds = clock_milliseconds() });
}

static void program_ended(int status)
{
	unsigned long long killed = oom_kills() - state.oom_before;
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (killed > 0 && signal != SIGKILL)
		console_warn("the kernel ran out of memory and killed %llu processes", killed);
	record_end(signal != 0 ? 128 + signal : WEXITSTATUS(status), signal, killed > 0 && signal == SIGKILL);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == state.pid)
			program_ended(status);
		else if (!services_reaped(pid, status))
			control_reaped(pid, status); /* or an orphan, which nobody asks for */
	}
	state.no_children = pid < 0 && errno == ECHILD;
}

static void take_signals(void)
{
	struct signalfd_siginfo signal;

	while (read(state.signals, &signal, sizeof signal) == sizeof signal) {
		switch (signal.ssi_signo) {
		case SIGCHLD:
			reap();
			break;
		case SIGINT: /* Ctrl-Alt-Del, which hypervisors send for a graceful end */
		case SIGPWR:
			stop();
			break;
		default:
			if (state.pid > 0)
				kill(state.pid, (int)signal.ssi_signo);
		}
	}
}

static void take_control(void)
{
	struct control_message message;

	while (control_hear(&message)) {
		if (message.kind == CONTROL_SIGNAL && state.pid > 0) {
			kill(-state.pid, message.a);
		} else if (message.kind == CONTROL_SHUTDOWN) {
			state.reboot_asked = message.a == 1;
			state.action = state.reboot_asked ? REBOOT : POWER_OFF;
			stop();
		} else if (message.kind == CONTROL_FLUSHED) {
			state.flushed = true;
		}
	}
}

static long long earlier(long long one, long long other)
{
	return one == NEVER || (other != NEVER && other < one) ? other : one;
}

/* One turn: waits for something to happen, at most until `deadline`. */
static void turn(long long deadline)
{
	struct pollfd *fds = calloc(relay_size() + 2, sizeof *fds);
	size_t count = 0;

	if (fds == NULL) {
		usleep(100000);
		take_signals();
		return;
	}
	deadline = earlier(earlier(deadline, services_due()), earlier(control_due(), state.kill_at));
	fds[count++] = (struct pollfd){ .fd = state.signals, .events = POLLIN };
	fds[count++] = (struct pollfd){ .fd = control_socket(), .events = POLLIN };
	count += relay_prepare(fds + count);
	if (poll(fds, count, deadline == NEVER ? -1 : clock_until(deadline)) > 0) {
		relay_run(fds + 2, count - 2);
		if (fds[1].revents != 0)
			take_control();
		take_signals();
	}
	free(fds);
	if (state.kill_at != NEVER && clock_until(state.kill_at) == 0) {
		if (state.pid > 0 && kill(-state.pid, SIGKILL) != 0)
			kill(state.pid, SIGKILL);
		state.kill_at = NEVER;
	}
	services_tick();
	control_tick();
}

static void start_main(void)
{
	const struct conf *conf = state.conf;
	struct start_error error = { .step = "pipe" };
	struct stdio stdio;

	state.oom_before = oom_kills();
	bool opened = relay_open(&conf->program, conf->terminal, conf->console_input, &stdio);
	if (!opened)
		error = (struct start_error){ errno, conf->terminal ? "pty" : "pipe" };
	pid_t pid = opened ? start_program(&conf->program, &stdio, &error) : -1;
	long long now = clock_milliseconds();
	relay_started(&stdio);
	if (pid > 0) {
		state.pid = pid;
		console_mark("start %lld.%03lld", now / 1000, now % 1000);
		control_tell(&(struct control_message){ .kind = CONTROL_STARTED, .a = pid, .milliseconds = now });
		return;
	}
	console_mark("failed cannot start %s: %s: %s", conf->program.argv[0], error.step,
		     start_reason(&error, &conf->program));
	bool missing = strcmp(error.step, "execve") == 0 && (error.number == ENOENT || error.number == ENOTDIR);
	record_end(missing ? 127 : 126, 0, false);
}

static void end_all(void)
{
	services_give_up();
	control_give_up();
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	long long deadline = clock_milliseconds() + state.conf->stop_timeout * 1000LL;
	for (reap(); !state.no_children && clock_until(deadline) > 0; reap())
		turn(deadline);
	if (state.no_children)
		return;
	kill(-1, SIGKILL);
	deadline = clock_milliseconds() + KILL_PATIENCE;
	for (reap(); !state.no_children && clock_until(deadline) > 0; reap())
		turn(deadline);
	if (!state.no_children)
		console_warn("some processes did not end");
}

static void write_exit_mark(void)
{
	if (state.signal != 0)
		console_mark("exit %d signal %d%s", state.code, state.signal, state.oom ? " oom" : "");
	else
		console_mark("exit %d", state.code);
}

enum exit_action supervise(const struct conf *conf)
{
	sigset_t all;
	char wish[32];

	state.conf = conf;
	state.action = conf->on_exit;
	sigfillset(&all);
	state.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	control_start(conf);
	if (!services_start(conf))
		console_warn("no memory for services");
	start_main();
	while (!state.ended)
		turn(NEVER);
	state.kill_at = NEVER;
	long long deadline = clock_milliseconds() + AGENT_FLUSH;
	while (control_socket() >= 0 && !state.flushed && clock_until(deadline) > 0)
		turn(deadline);
	end_all();
	relay_finish();
	console_raw(false);
	/* A reboot that was asked for by hand is one; else the machine knows best how it ends. */
	if (!state.reboot_asked && cmdline_value("bootlayer.exit", wish, sizeof wish) && !conf_exit_action(wish, &state.action))
		console_warn("bootlayer.exit=%s is none of power-off, reboot, halt", wish);
	write_exit_mark();
	return state.action;
}
