#include "agent.h"
#include "agent_vsock_address.h"
#include "console.h"
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_OF_ROOT = 512 };

/* One way of a connection. */
struct way {
	int from, to;
	unsigned char bytes[65536];
	size_t start, end;
	bool ended;
};

/* False when the way can carry no more. */
static bool carry(struct way *way)
{
	if (way->start == way->end && !way->ended) {
		ssize_t got = read(way->from, way->bytes, sizeof way->bytes);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		way->ended = got == 0;
		way->start = 0;
		way->end = got > 0 ? (size_t)got : 0;
	}
	while (way->start < way->end) {
		ssize_t written = write(way->to, way->bytes + way->start, way->end - way->start);
		if (written < 0)
			return errno == EAGAIN || errno == EINTR;
		way->start += (size_t)written;
	}
	return true;
}

static int join(int connection)
{
	static struct way out, in;
	out = (struct way){ .from = STDIN_FILENO, .to = connection };
	in = (struct way){ .from = connection, .to = STDOUT_FILENO };
	bool shut = false;
	while (!in.ended || in.start < in.end) {
		bool out_waits = out.start < out.end, in_waits = in.start < in.end;
		struct pollfd ends[3] = {
			{ .fd = out_waits || out.ended ? -1 : STDIN_FILENO, .events = POLLIN },
			{ .fd = out_waits || !in_waits ? connection : -1,
				.events = (short)((out_waits ? POLLOUT : 0) | (in_waits ? 0 : POLLIN)) },
			{ .fd = in_waits ? STDOUT_FILENO : -1, .events = POLLOUT },
		};
		if (poll(ends, 3, -1) < 0 && errno != EINTR)
			return 1;
		if ((ends[0].revents || ends[1].revents & (POLLOUT | POLLERR | POLLHUP)) && !carry(&out))
			return 1;
		if ((ends[2].revents || ends[1].revents & (POLLIN | POLLERR | POLLHUP)) && !carry(&in))
			return 1;
		if (out.ended && out.start == out.end && !shut) {
			shut = true;
			shutdown(connection, SHUT_WR);
		}
	}
	return 0;
}

/* An agent in the same machine trusts those ports that only root may bind. Any other peer does not care. */
static void bind_reserved_port(int connection)
{
	struct vsock_address address = { .family = AF_VSOCK, .cid = VSOCK_CID_ANY };
	for (unsigned port = VSOCK_LAST_RESERVED_PORT; port >= FIRST_OF_ROOT; port--) {
		address.port = port;
		if (bind(connection, (struct sockaddr *)&address, sizeof address) == 0 || errno != EADDRINUSE)
			return;
	}
}

int vsock_connect_command(int argc, char **argv)
{
	unsigned long long cid, port;
	if (argc != 3 || !record_number(argv[1], UINT32_MAX - 1, &cid) || !record_number(argv[2], UINT32_MAX - 1, &port)) {
		console_warn("usage: vsock-connect CID PORT");
		return 2;
	}
	struct vsock_address address = { .family = AF_VSOCK, .cid = (unsigned)cid, .port = (unsigned)port };
	signal(SIGPIPE, SIG_IGN);
	int connection = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection >= 0 && cid == VSOCK_CID_LOOPBACK)
		bind_reserved_port(connection);
	if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0) {
		console_warn("vsock %llu:%llu: %s", cid, port, strerror(errno));
		return 1;
	}
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	fcntl(connection, F_SETFL, O_NONBLOCK);
	return join(connection);
}
