#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "console.h"

enum { CHUNK = 4096, STALL_MILLISECONDS = 5000 };

static int *outputs;
static size_t output_count;
static struct {
	int fd; /* -1: nobody wants what is typed */
	size_t start, end;
} input = { .fd = -1 };
static char typed[CHUNK];

static bool add_output(int fd)
{
	int *grown = realloc(outputs, (output_count + 1) * sizeof *grown);

	if (grown == NULL)
		return false;
	outputs = grown;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return false;
	outputs[output_count++] = fd;
	return true;
}

static void set_input(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	input.fd = fd;
}

static bool open_terminal(const struct program *program, bool console_input, struct stdio *stdio)
{
	char name[32];
	int unlock = 0, number;
	struct winsize size = { .ws_row = 24, .ws_col = 80 }, known;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0 || ioctl(master, (int)TIOCGPTN, &number) != 0)
		return false;
	if (ioctl(console_fd(), TIOCGWINSZ, &known) == 0 && known.ws_row > 0 && known.ws_col > 0)
		size = known;
	ioctl(master, TIOCSWINSZ, &size);
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	stdio->in = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	/* The group is devpts' own, `tty`, and may write only. */
	if (stdio->in < 0 || fchown(stdio->in, program->uid, (gid_t)-1) != 0)
		return false;
	stdio->terminal = true;
	console_raw(true);
	if (console_input) {
		int own = fcntl(master, F_DUPFD_CLOEXEC, 0);
		if (own < 0)
			return false;
		set_input(own);
	}
	return add_output(master);
}

static bool open_output(const struct program *program, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	*theirs = ends[1];
	/* A program that starts as root and steps down opens /dev/stdout again as somebody else. */
	if (give_to_program(program, ends[1]) == 0 && fchmod(ends[1], 0622) == 0 && add_output(ends[0]))
		return true;
	int why = errno;
	close(ends[0]);
	errno = why;
	return false;
}

bool relay_open(const struct program *program, bool terminal, bool console_input, struct stdio *stdio)
{
	int ends[2];

	*stdio = (struct stdio){ .in = -1, .out = -1, .err = -1 };
	if (terminal)
		return open_terminal(program, console_input, stdio);
	if (console_input) {
		if (pipe2(ends, O_CLOEXEC) != 0)
			return false;
		stdio->in = ends[0];
		set_input(ends[1]);
		if (give_to_program(program, ends[0]) != 0)
			return false;
	}
	return open_output(program, &stdio->out) && open_output(program, &stdio->err);
}

void relay_started(const struct stdio *stdio)
{
	const int fds[] = { stdio->in, stdio->out, stdio->err };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

size_t relay_size(void)
{
	return output_count + 2;
}

size_t relay_prepare(struct pollfd *fds)
{
	size_t count = 0;
	short console = 0;

	if (console_pending())
		console |= POLLOUT;
	if (input.fd >= 0 && input.start == input.end)
		console |= POLLIN;
	if (console != 0)
		fds[count++] = (struct pollfd){ .fd = console_fd(), .events = console };
	if (input.start < input.end)
		fds[count++] = (struct pollfd){ .fd = input.fd, .events = POLLOUT };
	/* A console that takes no more is waited for, and the programs with it. */
	if (console_room() >= CHUNK)
		for (size_t i = 0; i < output_count; i++)
			fds[count++] = (struct pollfd){ .fd = outputs[i], .events = POLLIN };
	return count;
}

static void end_input(void)
{
	if (input.fd >= 0)
		close(input.fd);
	input.fd = -1;
	input.start = input.end = 0;
}

static void pass_input(void)
{
	ssize_t written = write(input.fd, typed + input.start, input.end - input.start);

	if (written > 0)
		input.start += (size_t)written;
	else if (written < 0 && errno != EAGAIN && errno != EINTR)
		end_input();
}

static void read_console(void)
{
	ssize_t got = read(console_fd(), typed, sizeof typed);

	if (got > 0) {
		input.start = 0;
		input.end = (size_t)got;
		pass_input();
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		end_input(); /* Ctrl-D on an empty line, or a console that is gone */
	}
}

static void end_output(int fd)
{
	for (size_t i = 0; i < output_count; i++)
		if (outputs[i] == fd) {
			outputs[i] = outputs[--output_count];
			close(fd);
			return;
		}
}

static void read_output(int fd)
{
	char bytes[CHUNK];

	if (console_room() < sizeof bytes)
		return;
	ssize_t got = read(fd, bytes, sizeof bytes);
	if (got > 0)
		console_write(bytes, (size_t)got);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		end_output(fd); /* a pty whose last slave is closed says EIO */
}

void relay_run(const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i].revents == 0)
			continue;
		if (fds[i].fd == console_fd()) {
			if (fds[i].revents & POLLOUT)
				console_drain();
			if (input.fd >= 0 && input.start == input.end && (fds[i].events & POLLIN) && (fds[i].revents & ~POLLOUT))
				read_console();
		} else if (fds[i].fd == input.fd) {
			pass_input();
		} else {
			read_output(fds[i].fd);
		}
	}
}

void relay_finish(void)
{
	struct pollfd fds[1];

	end_input();
	while (output_count > 0) {
		/* One after another, so that what one program printed last comes whole. */
		long long deadline = clock_milliseconds() + STALL_MILLISECONDS;

		fds[0] = (struct pollfd){ .fd = outputs[0], .events = POLLIN };
		if (poll(fds, 1, STALL_MILLISECONDS) <= 0)
			end_output(outputs[0]);
		else if (console_room() >= CHUNK)
			read_output(outputs[0]);
		else
			console_flush(clock_until(deadline));
		if (console_room() < CHUNK && clock_until(deadline) == 0)
			break;
	}
	console_flush(STALL_MILLISECONDS);
}
