#include "agent_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* glibc and musl do not agree on the type of the request. */
static bool control(int fd, unsigned long request, void *argument)
{
	return syscall(SYS_ioctl, fd, request, argument) == 0;
}

void terminal_resize(int master, unsigned rows, unsigned columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };
	control(master, TIOCSWINSZ, &size);
}

bool terminal_open(unsigned rows, unsigned columns, int *master, int *slave)
{
	int unlocked = 0, number;
	char path[32];

	*master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0 || !control(*master, TIOCSPTLCK, &unlocked) || !control(*master, TIOCGPTN, &number))
		return false;
	*slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0) {
		/* Kernels before 4.13. */
		snprintf(path, sizeof path, "/dev/pts/%d", number);
		*slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	if (*slave < 0)
		return false;
	terminal_resize(*master, rows, columns);
	return true;
}

unsigned terminal_end_input(int master, unsigned typed)
{
	struct termios modes;
	if (tcgetattr(master, &modes) != 0 || !(modes.c_lflag & ICANON))
		return TERMINAL_END;
	/* The first one ends a line that has begun, the second the input. One too many ends the next read, which the same host's
	 * input was to be as well. */
	unsigned char ends[TERMINAL_END] = { modes.c_cc[VEOF], modes.c_cc[VEOF] };
	ssize_t written = write(master, ends, TERMINAL_END - typed);
	if (written < 0)
		return errno == EAGAIN || errno == EINTR ? typed : TERMINAL_END;
	return typed + (unsigned)written;
}
