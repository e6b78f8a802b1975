/* The machine's console: lines for the host to read (marks, init-conf.md) and the programs' output. Before `console_open`, and in a
 * subcommand under another init, lines go to standard error. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* Opens /dev/console for PID 1, without blocking writes: a host that does not read must not stop the machine. */
void console_open(void);

/* `bootlayer: KIND TEXT\n`, on a line of its own. In a process forked from PID 1 it is written at once. */
void console_mark(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `bootlayer: warning TEXT` */
void console_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The descriptor of the console, -1 if there is none. */
int console_fd(void);

/* How many bytes `console_write` takes now. */
size_t console_room(void);
void console_write(const char *bytes, size_t length);

/* Whether bytes wait to be written; `console_drain` writes what goes without waiting, `console_flush` waits for so long at most. */
bool console_pending(void);
void console_drain(void);
void console_flush(int milliseconds);

/* While a program has a pty, the console passes bytes on as they are. */
void console_raw(bool raw);

/* In a process forked from PID 1: drops what waits, for PID 1 writes it. Standard error is the console then. */
void console_after_fork(void);

#endif
