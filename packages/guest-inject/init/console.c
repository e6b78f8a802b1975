#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"

enum { HELD_STEP_MICROSECONDS = 2000 };

static struct {
	int fd;
	bool buffered; /* in PID 1; elsewhere lines are written to standard error at once */
	bool raw;
	bool mid_line;
	struct termios cooked;
	size_t start, end;
} console = { .fd = -1 };

/* Apart, so that its zeroes are not part of the binary. */
static char waiting[64 * 1024];

void console_open(void)
{
	int fd = open("/dev/console", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (console.fd >= 0)
		close(console.fd);
	console.fd = fd;
	console.buffered = true;
	if (tcgetattr(fd, &console.cooked) != 0)
		console.cooked = (struct termios){ 0 };
	/* PID 1's own descriptors block, for whoever inherits them: they may not share the description opened above. */
	int blocking = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	for (int standard = 0; standard <= 2; standard++)
		dup2(blocking < 0 ? fd : blocking, standard);
	if (blocking > 2)
		close(blocking);
}

int console_fd(void)
{
	return console.fd;
}

bool console_pending(void)
{
	return console.start < console.end;
}

size_t console_room(void)
{
	return sizeof waiting - (console.end - console.start);
}

void console_drain(void)
{
	while (console_pending()) {
		ssize_t written = write(console.fd, waiting + console.start, console.end - console.start);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written <= 0)
			written = (ssize_t)(console.end - console.start); /* nobody to read it */
		console.start += (size_t)written;
	}
	console.start = console.end = 0;
}

void console_flush(int milliseconds)
{
	long long deadline = clock_milliseconds() + milliseconds;

	for (console_drain(); console_pending() && clock_until(deadline) > 0; console_drain()) {
		struct pollfd writable = { .fd = console.fd, .events = POLLOUT };
		poll(&writable, 1, clock_until(deadline));
	}
	if (console_pending())
		return;
	/* What the kernel holds for the device goes too, but tcdrain waits for ever where the host does not read. */
	int held = 0;
	while (ioctl(console.fd, TIOCOUTQ, &held) == 0 && held > 0 && clock_until(deadline) > 0)
		usleep(HELD_STEP_MICROSECONDS);
	if (held == 0)
		tcdrain(console.fd);
}

void console_write(const char *bytes, size_t length)
{
	if (length == 0)
		return;
	if (console.end + length > sizeof waiting) {
		memmove(waiting, waiting + console.start, console.end - console.start);
		console.end -= console.start;
		console.start = 0;
	}
	if (length > sizeof waiting - console.end)
		length = sizeof waiting - console.end;
	memcpy(waiting + console.end, bytes, length);
	console.end += length;
	console.mid_line = bytes[length - 1] != '\n';
	console_drain();
}

static void put_line(const char *kind, const char *format, va_list arguments)
{
	char line[1024];
	const char *end = console.raw ? "\r\n" : "\n";
	int length = snprintf(line, sizeof line, "%s%s", console.mid_line ? end : "", kind);

	int text = vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
	if (text < 0)
		return;
	length += text;
	/* A text that is too long is cut; the end of the line always fits. */
	if (length > (int)(sizeof line - 3))
		length = (int)(sizeof line - 3);
	/* Names in it come from outside: a mark is one line, whatever they hold. */
	for (int i = console.mid_line ? (int)strlen(end) : 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	length += snprintf(line + length, 3, "%s", end);
	if (!console.buffered) {
		write_all(STDERR_FILENO, line, (size_t)length);
		return;
	}
	if (console_room() < (size_t)length)
		console_flush(2000);
	console_write(line, (size_t)length);
}

void console_mark(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_line("bootlayer: ", format, arguments);
	va_end(arguments);
}

void console_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_line("bootlayer: warning ", format, arguments);
	va_end(arguments);
}

void console_raw(bool raw)
{
	struct termios mode = console.cooked;

	if (console.fd < 0 || raw == console.raw)
		return;
	if (raw)
		cfmakeraw(&mode);
	tcsetattr(console.fd, TCSANOW, &mode);
	console.raw = raw;
}

void console_after_fork(void)
{
	console.start = console.end = 0;
	console.buffered = false;
	console.mid_line = false;
}
