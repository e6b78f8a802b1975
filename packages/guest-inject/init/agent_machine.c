#include "agent_machine.h"

#include "agent_poll.h"
#include "agent_power.h"
#include "agent_session.h"
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef BOOTLAYER_VERSION
#define BOOTLAYER_VERSION "0.1.0"
#endif

enum { CONFIRMATION_TIMEOUT = 1000, SHUTDOWN_DELAY = 100 };

enum state { STATE_UNMANAGED, STATE_STARTING, STATE_RUNNING, STATE_EXITED };

static char *plain_env[] = {
	(char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
	(char[]){ "HOME=/root" },
	NULL,
};
static const struct program plain = { .env = plain_env, .cwd = "/" };

static const struct program *defaults = &plain;
static int control = -1;
static int control_ticket = NOT_POLLED;
static enum state state;
static struct control_message started, ended;

/* Hosts that wait for the main program. A told one stays until it confirms by `close`: only then is the answer known to have left a
 * machine that is about to power off. */
static unsigned waiting_streams;
static long long confirmation_deadline;
static bool flushed_is_due;

/* A shutdown that has been granted, a moment later: the answer leaves first. 0: none. */
static long long shutdown_time;
static bool shutdown_is_reboot;

void machine_begin(const struct agent_options *options)
{
	if (options->defaults)
		defaults = options->defaults;
	control = options->control;
	state = control < 0 ? STATE_UNMANAGED : STATE_STARTING;
}

const struct program *machine_defaults(void)
{
	return defaults;
}

unsigned long long machine_oom_kills(void)
{
	char text[16384];
	size_t length = 0;
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	for (ssize_t got; length < sizeof text - 1 && (got = read(fd, text + length, sizeof text - 1 - length)) > 0;)
		length += (size_t)got;
	close(fd);
	text[length] = '\0';
	const char *line = strstr(text, "\noom_kill ");
	return line ? strtoull(line + strlen("\noom_kill "), NULL, 10) : 0;
}

static void tell_init(unsigned kind, int a)
{
	struct control_message message = { .kind = kind, .a = a };
	if (control >= 0)
		(void)!send(control, &message, sizeof message, MSG_NOSIGNAL);
}

void machine_signal(uint32_t number)
{
	if (state == STATE_RUNNING)
		tell_init(CONTROL_SIGNAL, (int)number);
}

/* A stream that waits for the main program's end. */
struct waiting {
	struct stream head;
	bool told;
};

static void prepare_waiting(struct session *session, struct stream *stream)
{
	(void)session;
	(void)stream;
}

static void serve_waiting(struct session *session, struct stream *stream)
{
	struct waiting *waiting = (struct waiting *)stream;
	if (state != STATE_EXITED || waiting->told)
		return;
	session_tell_exit(session, stream->number, ended.a, ended.b, ended.c != 0);
	waiting->told = true;
}

static void drop_waiting(struct stream *stream)
{
	free(stream);
	waiting_streams--;
}

static const struct stream_kind waiting_kind = {
	.prepare = prepare_waiting,
	.serve = serve_waiting,
	.drop = drop_waiting,
};

const char *wait_request(struct session *session, uint32_t number)
{
	if (state == STATE_UNMANAGED) {
		session_refuse(session, number, "unsupported", "another init runs this machine: there is no main program to wait for");
		return NULL;
	}
	struct waiting *waiting = calloc(1, sizeof *waiting);
	if (!waiting) {
		session_refuse(session, number, "limit", "no memory for one more stream");
		return NULL;
	}
	session_add_stream(session, &waiting->head, &waiting_kind, number);
	waiting_streams++;
	serve_waiting(session, &waiting->head);
	return NULL;
}

const char *shutdown_request(struct session *session, uint32_t number, unsigned reboot)
{
	output_frame(&session->output, FRAME_DONE, number, NULL, 0);
	shutdown_is_reboot = reboot;
	shutdown_time = milliseconds_now() + SHUTDOWN_DELAY;
	return NULL;
}

static void number_record(struct record_writer *writer, const char *name, unsigned long long value)
{
	record_begin(writer, name);
	record_field_number(writer, value);
	record_end(writer);
}

static void text_record(struct record_writer *writer, const char *name, const char *value)
{
	record_begin(writer, name);
	record_field(writer, value);
	record_end(writer);
}

void status_request(struct session *session, uint32_t number)
{
	static const char *const names[] = { "unmanaged", "starting", "running", "exited" };
	char records[2048];
	struct record_writer writer;
	struct utsname machine;
	records_begin(&writer, records, sizeof records);
	text_record(&writer, "agent", BOOTLAYER_VERSION);
	number_record(&writer, "protocol", 1);
	text_record(&writer, "state", names[state]);
	if (state == STATE_RUNNING)
		number_record(&writer, "pid", (unsigned long long)started.a);
	if (state == STATE_EXITED) {
		number_record(&writer, "exit", (unsigned long long)ended.a);
		if (ended.b)
			number_record(&writer, "signal", (unsigned long long)ended.b);
		if (ended.c) {
			record_begin(&writer, "oom");
			record_end(&writer);
		}
	}
	number_record(&writer, "uptime", (unsigned long long)milliseconds_now());
	if (started.kind == CONTROL_STARTED)
		number_record(&writer, "started", (unsigned long long)started.milliseconds);
	if (uname(&machine) == 0) {
		text_record(&writer, "hostname", machine.nodename);
		text_record(&writer, "kernel", machine.release);
	}
	output_frame(&session->output, FRAME_STATUS_REPLY, number, records, writer.length);
}

static void take_control(void)
{
	struct control_message message;
	ssize_t length = recv(control, &message, sizeof message, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0)
		exit(1); /* the init is gone, and the machine with it */
	if (length != sizeof message)
		return;
	if (message.kind == CONTROL_STARTED) {
		started = message;
		state = STATE_RUNNING;
	} else if (message.kind == CONTROL_EXITED) {
		ended = message;
		state = STATE_EXITED;
		flushed_is_due = true;
		confirmation_deadline = milliseconds_now() + CONFIRMATION_TIMEOUT;
	}
}

void machine_prepare(void)
{
	control_ticket = poll_want(control, POLLIN);
	if (flushed_is_due)
		poll_until(waiting_streams == 0 ? 0 : confirmation_deadline);
	if (shutdown_time)
		poll_until(shutdown_time);
}

/* Before the sessions, so that they tell their hosts of an end in the same turn. */
void machine_serve(void)
{
	if (poll_ready(control_ticket, POLLIN))
		take_control();
	if (flushed_is_due && (waiting_streams == 0 || milliseconds_now() >= confirmation_deadline)) {
		flushed_is_due = false;
		tell_init(CONTROL_FLUSHED, 0);
	}
	if (shutdown_time && milliseconds_now() >= shutdown_time) {
		shutdown_time = 0;
		if (state == STATE_UNMANAGED)
			power_down(shutdown_is_reboot);
		else
			tell_init(CONTROL_SHUTDOWN, shutdown_is_reboot);
	}
}
