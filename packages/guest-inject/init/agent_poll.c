#include "agent_poll.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct pollfd *wanted;
static size_t wanted_count, wanted_capacity;
static long long deadline;

long long milliseconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void poll_begin(void)
{
	wanted_count = 0;
	deadline = LLONG_MAX;
}

int poll_want(int fd, short events)
{
	if (fd < 0 || events == 0)
		return NOT_POLLED;
	if (wanted_count == wanted_capacity) {
		size_t capacity = wanted_capacity ? wanted_capacity * 2 : 32;
		struct pollfd *larger = realloc(wanted, capacity * sizeof *larger);
		if (!larger) {
			poll_until(milliseconds_now() + 100); /* without memory: look again soon */
			return NOT_POLLED;
		}
		wanted = larger;
		wanted_capacity = capacity;
	}
	wanted[wanted_count] = (struct pollfd){ .fd = fd, .events = events };
	return (int)wanted_count++;
}

void poll_until(long long milliseconds)
{
	if (milliseconds < deadline)
		deadline = milliseconds;
}

void poll_wait(void)
{
	int timeout = -1;
	if (deadline != LLONG_MAX) {
		long long left = deadline - milliseconds_now();
		timeout = left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
	}
	if (poll(wanted, wanted_count, timeout) < 0)
		for (size_t i = 0; i < wanted_count; i++)
			wanted[i].revents = 0;
}

bool poll_ready(int ticket, short events)
{
	return ticket != NOT_POLLED && (wanted[ticket].revents & (events | POLLERR | POLLHUP | POLLNVAL));
}
