#include "agent.h"

#include "agent_machine.h"
#include "agent_poll.h"
#include "agent_reap.h"
#include "agent_serial.h"
#include "agent_session.h"
#include "agent_vsock.h"
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Connections beyond the sessions are held as long as it takes to tell them so. */
enum { CONNECTIONS_MAX = SESSIONS_MAX + 4 };

static struct session *connections[CONNECTIONS_MAX];
static struct session *stdio_session;
static int signals;
static int signals_ticket = NOT_POLLED;

/* SIGTERM, SIGINT and SIGHUP end the agent, and with it every session. */
static void open_signals(void)
{
	sigset_t taken;
	sigemptyset(&taken);
	sigaddset(&taken, SIGCHLD);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGHUP);
	sigprocmask(SIG_SETMASK, &taken, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* an inherited SIG_IGN would lose exit codes */
	signals = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool take_signals(void)
{
	struct signalfd_siginfo info;
	bool goes_on = true;
	if (!poll_ready(signals_ticket, POLLIN))
		return true;
	while (read(signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap_forgotten();
		else
			goes_on = false;
	}
	return goes_on;
}

static void accept_connection(void)
{
	int fd = vsock_accept();
	if (fd < 0)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (!connections[i]) {
			connections[i] = session_create(TRANSPORT_VSOCK, fd, fd);
			if (!connections[i])
				close(fd);
			return;
		}
	close(fd);
}

static void end(int code) __attribute__((noreturn));
static void end(int code)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (connections[i])
			session_destroy(connections[i]);
	if (stdio_session)
		session_destroy(stdio_session);
	serial_end();
	exit(code);
}

static void begin(const struct agent_options *options)
{
	bool listens = false;
	open_signals();
	machine_begin(options);
	if (options->stdio) {
		if (fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK) != 0 ||
			fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK) != 0) {
			console_warn("agent: standard input and output: %s", strerror(errno));
			exit(1);
		}
		stdio_session = session_create(TRANSPORT_STDIO, STDIN_FILENO, STDOUT_FILENO);
		listens = stdio_session != NULL;
	}
	if (options->vsock_port)
		listens |= vsock_listen(options->vsock_port);
	if (options->serial_name) {
		serial_begin(options->serial_name);
		listens = true; /* its port may come later */
	}
	if (!listens)
		exit(1);
}

void agent_run(const struct agent_options *options)
{
	begin(options);
	for (;;) {
		poll_begin();
		signals_ticket = poll_want(signals, POLLIN);
		machine_prepare();
		vsock_prepare();
		serial_prepare();
		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			if (connections[i])
				session_prepare(connections[i]);
		if (stdio_session)
			session_prepare(stdio_session);
		poll_wait();

		if (!take_signals())
			end(0);
		machine_serve();
		serial_serve();
		for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
			if (!connections[i])
				continue;
			session_serve(connections[i]);
			if (connections[i]->state == SESSION_DEAD) {
				session_destroy(connections[i]);
				connections[i] = NULL;
			}
		}
		if (stdio_session) {
			session_serve(stdio_session);
			if (stdio_session->state == SESSION_DEAD)
				end(0);
		}
		accept_connection();
	}
}
