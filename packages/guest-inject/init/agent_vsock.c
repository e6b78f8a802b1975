#include "agent_vsock.h"

#include "agent_poll.h"
#include "agent_vsock_address.h"
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int listener = -1;
static int ticket = NOT_POLLED;

bool vsock_listen(unsigned port)
{
	struct vsock_address address = { .family = AF_VSOCK, .cid = VSOCK_CID_ANY, .port = port };
	const char *step = "socket";
	listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener >= 0) {
		step = "bind";
		if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0) {
			step = "listen";
			if (listen(listener, 16) == 0) {
				console_mark("agent vsock %u", port);
				return true;
			}
		}
	}
	console_warn("agent: no vsock (%s: %s)", step, strerror(errno));
	if (listener >= 0)
		close(listener);
	listener = -1;
	return false;
}

void vsock_prepare(void)
{
	ticket = poll_want(listener, POLLIN);
}

/* The agent does what root may. The host may as well; from within the machine only those who are root already come from a reserved
 * port; other guests have no business here. */
static bool is_allowed(const struct vsock_address *peer)
{
	return peer->cid == VSOCK_CID_HOST || peer->cid == VSOCK_CID_HYPERVISOR ||
		(peer->cid == VSOCK_CID_LOOPBACK && peer->port <= VSOCK_LAST_RESERVED_PORT);
}

int vsock_accept(void)
{
	struct vsock_address peer = { 0 };
	socklen_t size = sizeof peer;
	if (!poll_ready(ticket, POLLIN))
		return -1;
	int fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ticket = NOT_POLLED;
	if (fd >= 0 && !is_allowed(&peer)) {
		close(fd);
		return -1;
	}
	return fd;
}
