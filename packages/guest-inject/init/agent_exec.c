#include "agent_exec_request.h"
#include "agent_machine.h"
#include "agent_poll.h"
#include "agent_reap.h"
#include "agent_session.h"
#include "agent_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STDOUT, STDERR, OUTPUTS };

/* A program on pipes or on a pty. Its leader stays a zombie until its output has ended, so that its process group's number is not
 * given to another while signals may still be asked for. */
struct exec {
	struct stream head;
	pid_t pid;
	int in, out[OUTPUTS]; /* -1: ended */
	int slave;            /* kept open until the program ends, or a program that reopens its terminal would look ended; -1: no terminal */
	bool terminal, sends_input, input_ended;
	bool ended, oom;
	int code, signal;
	unsigned reaped;              /* the last `reap_count` at which it was looked for */
	unsigned long long oom_kills; /* of the machine, before it started */
	unsigned char *pending;       /* input that it has not read: at most CREDIT_START bytes */
	size_t pending_start, pending_end;
	unsigned end_typed; /* of a terminal's TERMINAL_END */
	int in_ticket, out_ticket[OUTPUTS];
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_input(struct exec *exec)
{
	close_end(&exec->in);
	free(exec->pending);
	exec->pending = NULL;
	exec->pending_start = exec->pending_end = 0;
}

static void free_exec(struct exec *exec)
{
	close_input(exec);
	close_end(&exec->out[STDOUT]);
	close_end(&exec->out[STDERR]);
	close_end(&exec->slave);
	free(exec);
}

/* Input. */

static size_t pending_size(const struct exec *exec)
{
	return exec->pending_end - exec->pending_start;
}

/* How many bytes the program's end takes now. A program that does not read any more takes all, and loses them. */
static size_t write_input(struct exec *exec, const unsigned char *bytes, size_t length)
{
	size_t taken = 0;
	while (taken < length) {
		ssize_t written = write(exec->in, bytes + taken, length - taken);
		if (written >= 0) {
			taken += (size_t)written;
		} else if (errno == EAGAIN) {
			return taken;
		} else if (errno != EINTR) {
			close_end(&exec->in);
			return length;
		}
	}
	return taken;
}

static bool has_end_to_type(const struct exec *exec)
{
	return exec->in >= 0 && exec->terminal && exec->input_ended && exec->end_typed < TERMINAL_END;
}

static void push_input(struct session *session, struct exec *exec)
{
	if (exec->in >= 0 && pending_size(exec) > 0) {
		size_t taken = write_input(exec, exec->pending + exec->pending_start, pending_size(exec));
		exec->pending_start += taken;
		session_give_credit(session, &exec->head, taken);
	}
	if (pending_size(exec) > 0)
		return;
	if (has_end_to_type(exec)) {
		exec->end_typed = terminal_end_input(exec->in, exec->end_typed);
		if (has_end_to_type(exec))
			return;
	}
	if (exec->in < 0 || exec->input_ended)
		close_input(exec);
	free(exec->pending);
	exec->pending = NULL;
	exec->pending_start = exec->pending_end = 0;
}

static const char *take_input(struct session *session, struct stream *stream, const unsigned char *bytes, size_t length)
{
	struct exec *exec = (struct exec *)stream;
	if (exec->input_ended)
		return "data after its end";
	if (!exec->sends_input)
		return length == 0 ? NULL : "input for a program that was to have none";
	if (length == 0) {
		exec->input_ended = true;
		push_input(session, exec);
		return NULL;
	}
	if (pending_size(exec) == 0) {
		size_t taken = exec->in < 0 ? length : write_input(exec, bytes, length);
		session_give_credit(session, stream, taken);
		bytes += taken;
		length -= taken;
	}
	if (length == 0)
		return NULL;
	if (!exec->pending)
		exec->pending = malloc(CREDIT_START);
	if (!exec->pending)
		return "more input than there is memory for";
	if (CREDIT_START - exec->pending_end < length) {
		memmove(exec->pending, exec->pending + exec->pending_start, pending_size(exec));
		exec->pending_end -= exec->pending_start;
		exec->pending_start = 0;
	}
	/* It fits: the credit is no larger. */
	memcpy(exec->pending + exec->pending_end, bytes, length);
	exec->pending_end += length;
	return NULL;
}

/* Output. */

static void end_channel(struct session *session, struct exec *exec, int channel)
{
	unsigned char payload = (unsigned char)(1 + channel);
	close_end(&exec->out[channel]);
	output_frame(&session->output, FRAME_DATA, exec->head.number, &payload, 1);
}

static void pass_output(struct session *session, struct exec *exec, int channel)
{
	size_t room;
	uint32_t *credit = &exec->head.may_send[1 + channel];
	unsigned char *place = output_bulk(&session->output, &room);
	if (!place || *credit == 0)
		return;
	room -= 1;
	ssize_t got = read(exec->out[channel], place + 1, room < *credit ? room : *credit);
	if (got > 0) {
		place[0] = (unsigned char)(1 + channel);
		*credit -= (uint32_t)got;
		output_commit(&session->output, FRAME_DATA, exec->head.number, 1 + (size_t)got);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		end_channel(session, exec, channel); /* a pty ends with EIO */
	}
}

static void look_for_end(struct exec *exec)
{
	siginfo_t info = { .si_pid = 0 };
	if (exec->ended || exec->reaped == reap_count())
		return;
	exec->reaped = reap_count();
	if (waitid(P_PID, (id_t)exec->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
		return;
	exec->ended = true;
	exec->code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	close_end(&exec->slave);
	close_input(exec);
	if (info.si_code == CLD_EXITED)
		return;
	exec->signal = info.si_status;
	exec->oom = info.si_status == SIGKILL && machine_oom_kills() > exec->oom_kills;
}

static void serve_exec(struct session *session, struct stream *stream)
{
	struct exec *exec = (struct exec *)stream;
	if (poll_ready(exec->in_ticket, POLLOUT))
		push_input(session, exec);
	exec->in_ticket = NOT_POLLED;
	for (int channel = 0; channel < OUTPUTS; channel++) {
		if (poll_ready(exec->out_ticket[channel], POLLIN))
			pass_output(session, exec, channel);
		exec->out_ticket[channel] = NOT_POLLED;
	}
	look_for_end(exec);
	if (!exec->ended || exec->out[STDOUT] >= 0 || exec->out[STDERR] >= 0)
		return;
	session_tell_exit(session, stream->number, exec->code, exec->signal, exec->oom);
	session_remove_stream(session, stream);
	waitpid(exec->pid, NULL, WNOHANG);
	free_exec(exec);
}

static void prepare_exec(struct session *session, struct stream *stream)
{
	struct exec *exec = (struct exec *)stream;
	bool room = output_takes_bulk(&session->output);
	exec->in_ticket = poll_want(exec->in, pending_size(exec) > 0 || has_end_to_type(exec) ? POLLOUT : 0);
	for (int channel = 0; channel < OUTPUTS; channel++)
		exec->out_ticket[channel] = poll_want(exec->out[channel], room && stream->may_send[1 + channel] > 0 ? POLLIN : 0);
}

static const char *signal_exec(struct stream *stream, uint32_t number)
{
	kill(-((struct exec *)stream)->pid, (int)number);
	return NULL;
}

static const char *resize_exec(struct stream *stream, unsigned rows, unsigned columns)
{
	struct exec *exec = (struct exec *)stream;
	if (!exec->terminal)
		return "a new size of something that is no terminal";
	terminal_resize(exec->out[STDOUT], rows, columns);
	return NULL;
}

static void drop_exec(struct stream *stream)
{
	struct exec *exec = (struct exec *)stream;
	kill(-exec->pid, SIGHUP);
	kill(-exec->pid, SIGCONT); /* a stopped program would never hear of it */
	reap_later(exec->pid);
	free_exec(exec);
}

static const struct stream_kind exec_kind = {
	.data = take_input,
	.signal = signal_exec,
	.resize = resize_exec,
	.outputs = OUTPUTS,
	.prepare = prepare_exec,
	.serve = serve_exec,
	.drop = drop_exec,
};

/* Starting. */

static bool open_pipe(const struct program *program, int *own, int *programs, bool for_input)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	*own = ends[for_input];
	*programs = ends[!for_input];
	return fcntl(*own, F_SETFL, O_NONBLOCK) == 0 && give_to_program(program, *own) == 0;
}

static bool open_ends(struct exec *exec, const struct exec_request *request, struct stdio *stdio)
{
	const struct program *program = &request->program;
	*stdio = (struct stdio){ .in = -1, .out = -1, .err = -1, .terminal = request->terminal };
	if (request->terminal) {
		if (!terminal_open(request->rows, request->columns, &exec->out[STDOUT], &exec->slave))
			return false;
		exec->in = fcntl(exec->out[STDOUT], F_DUPFD_CLOEXEC, 0);
		stdio->in = exec->slave;
		return exec->in >= 0 && give_to_program(program, exec->slave) == 0;
	}
	return (!request->sends_input || open_pipe(program, &exec->in, &stdio->in, true)) &&
		open_pipe(program, &exec->out[STDOUT], &stdio->out, false) &&
		open_pipe(program, &exec->out[STDERR], &stdio->err, false);
}

static bool start_exec(struct session *session, struct exec *exec, const struct exec_request *request, uint32_t number)
{
	struct stdio stdio;
	struct start_error error = { .number = 0 };
	if (!open_ends(exec, request, &stdio)) {
		error = (struct start_error){ .number = errno, .step = request->terminal ? "terminal" : "pipe" };
		exec->pid = -1;
	} else {
		exec->oom_kills = machine_oom_kills();
		exec->pid = start_program(&request->program, &stdio, &error);
	}
	if (!request->terminal) {
		close_end(&stdio.in);
		close_end(&stdio.out);
		close_end(&stdio.err);
	}
	if (exec->pid > 0)
		return true;
	bool executing = strcmp(error.step, "execve") == 0;
	session_refuse(session, number, executing && error.number == EACCES ? "not-executable" : error_code(error.number),
		"%.100s: %s: %s", request->program.argv[0], error.step, strerror(error.number));
	return false;
}

static void run_request(struct session *session, const struct exec_request *request, uint32_t number)
{
	if (request->program.cwd[0] != '/') {
		session_refuse(session, number, "invalid", "%.100s is not an absolute path", request->program.cwd);
		return;
	}
	struct exec *exec = calloc(1, sizeof *exec);
	if (!exec) {
		session_refuse(session, number, "limit", "%s", exec_no_memory);
		return;
	}
	exec->in = exec->out[STDOUT] = exec->out[STDERR] = exec->slave = -1;
	exec->in_ticket = exec->out_ticket[STDOUT] = exec->out_ticket[STDERR] = NOT_POLLED;
	exec->terminal = request->terminal;
	exec->sends_input = request->sends_input || request->terminal;
	exec->reaped = reap_count() - 1;
	if (!start_exec(session, exec, request, number)) {
		free_exec(exec);
		return;
	}
	unsigned char pid[4];
	put_u32(pid, (uint32_t)exec->pid);
	output_frame(&session->output, FRAME_STARTED, number, pid, sizeof pid);
	session_add_stream(session, &exec->head, &exec_kind, number);
	/* A terminal has one output: the other ends at once. */
	if (exec->terminal)
		end_channel(session, exec, STDERR);
}

const char *exec_request(struct session *session, uint32_t number, const unsigned char *payload, size_t length)
{
	struct exec_request request;
	const char *problem = read_exec_request(&request, machine_defaults(), payload, length);
	if (problem == exec_no_memory) {
		session_refuse(session, number, "limit", "%s", problem);
		problem = NULL;
	} else if (!problem) {
		run_request(session, &request, number);
	}
	exec_request_free(&request);
	return problem;
}
