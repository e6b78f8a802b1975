#include "agent_serial.h"

#include "agent_poll.h"
#include "console.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { SEARCH_INTERVAL = 1000 };

static const char *port_name;
static struct session *session;
static long long next_search;
static bool has_warned;

/* A port whose host side is shut reports a hang-up at every poll. Edges tell when that changes: the kernel wakes those who wait on the
 * port as the host opens or shuts it. */
static int edges = -1;
static int edges_ticket = NOT_POLLED;

static bool has_name(const char *port, const char *wanted)
{
	char path[PATH_MAX], name[128] = { 0 };
	snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", port);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, name, sizeof name - 1);
	close(fd);
	if (length <= 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, wanted) == 0;
}

static int open_port(void)
{
	char path[PATH_MAX];
	int fd = -1;
	DIR *ports = opendir("/sys/class/virtio-ports");
	if (!ports)
		return -1;
	for (struct dirent *port; fd < 0 && (port = readdir(ports));) {
		if (port->d_name[0] == '.' || !has_name(port->d_name, port_name))
			continue;
		snprintf(path, sizeof path, "/dev/%s", port->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	}
	closedir(ports);
	return fd;
}

static void search(void)
{
	int fd = open_port();
	next_search = milliseconds_now() + SEARCH_INTERVAL;
	if (fd < 0) {
		if (!has_warned)
			console_warn("agent: no virtio-serial port %s (%s)", port_name, strerror(errno));
		has_warned = true;
		return;
	}
	struct epoll_event any = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	edges = epoll_create1(EPOLL_CLOEXEC);
	if (edges < 0 || epoll_ctl(edges, EPOLL_CTL_ADD, fd, &any) != 0 || !(session = session_create(TRANSPORT_SERIAL, fd, fd))) {
		if (edges >= 0)
			close(edges);
		edges = -1;
		close(fd);
		return;
	}
	has_warned = false;
	console_mark("agent serial %s", port_name);
}

void serial_begin(const char *name)
{
	port_name = name;
	search();
}

void serial_prepare(void)
{
	if (!port_name)
		return;
	if (!session) {
		poll_until(next_search);
		return;
	}
	edges_ticket = poll_want(session->hung_up ? edges : -1, POLLIN);
	session_prepare(session);
}

/* The port has gone: another of its name may come. */
void serial_end(void)
{
	if (!session)
		return;
	close(edges);
	edges = -1;
	session_destroy(session);
	session = NULL;
	next_search = milliseconds_now() + SEARCH_INTERVAL;
}

void serial_serve(void)
{
	if (!port_name)
		return;
	if (!session) {
		if (milliseconds_now() >= next_search)
			search();
		return;
	}
	if (poll_ready(edges_ticket, POLLIN)) {
		struct epoll_event event;
		(void)!epoll_wait(edges, &event, 1, 0);
		session->hung_up = false;
	}
	edges_ticket = NOT_POLLED;
	session_serve(session);
	if (session->state == SESSION_DEAD)
		serial_end();
}
