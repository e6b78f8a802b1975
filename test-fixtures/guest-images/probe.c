/*
 * The program of the test images: does what its arguments say, one command after another, and so shows how a guest runs
 * a program. Every line of its own starts with "probe: ". See README.md beside this file for the commands.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* What main was given, for `report`. */
static char **arguments;

static void die(const char *what)
{
	printf("probe: failed %s: %s\n", what, strerror(errno));
	exit(125);
}

static long number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		errno = EINVAL;
		die(text);
	}
	return value;
}

static void sleep_milliseconds(long milliseconds)
{
	struct timespec left = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* Bytes beyond ASCII become the code points of the same number. */
static void print_json_string(const char *text)
{
	putchar('"');
	for (const unsigned char *byte = (const unsigned char *)text; *byte != '\0'; byte++) {
		if (*byte == '"' || *byte == '\\')
			printf("\\%c", *byte);
		else if (*byte < 0x20 || *byte > 0x7e)
			printf("\\u%04x", *byte);
		else
			putchar(*byte);
	}
	putchar('"');
}

static void print_json_strings(const char *name, char **strings)
{
	printf(",\"%s\":[", name);
	for (int index = 0; strings[index] != NULL; index++) {
		if (index > 0)
			putchar(',');
		print_json_string(strings[index]);
	}
	putchar(']');
}

static const char *descriptor_type(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return "closed";
	if (isatty(descriptor))
		return "terminal";
	switch (status.st_mode & S_IFMT) {
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	case S_IFREG:
		return "file";
	default:
		return "device";
	}
}

static void report(void)
{
	char cwd[PATH_MAX] = "";
	gid_t groups[256];
	int count = getgroups(256, groups);
	mode_t mask = umask(0);
	struct rlimit files;
	sigset_t blocked;
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	bool first = true;

	umask(mask);
	if (getcwd(cwd, sizeof(cwd)) == NULL || count < 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
		die("report");
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	printf("probe: {\"pid\":%d,\"ppid\":%d,\"sid\":%d,\"pgid\":%d", getpid(), getppid(), getsid(0), getpgid(0));
	printf(",\"uid\":%u,\"euid\":%u,\"gid\":%u,\"egid\":%u,\"groups\":[", getuid(), geteuid(), getgid(), getegid());
	for (int index = 0; index < count; index++)
		printf("%s%u", index > 0 ? "," : "", groups[index]);
	printf("],\"umask\":%u,\"nofile\":[%llu,%llu]", mask, (unsigned long long)files.rlim_cur,
	       (unsigned long long)files.rlim_max);
	printf(",\"stdin\":\"%s\",\"stdout\":\"%s\",\"stderr\":\"%s\"", descriptor_type(0), descriptor_type(1),
	       descriptor_type(2));
	printf(",\"controllingTerminal\":%s", terminal >= 0 ? "true" : "false");
	printf(",\"blockedOrIgnored\":[");
	for (int signal = 1; signal < 32; signal++) {
		struct sigaction action;

		if (sigaction(signal, NULL, &action) != 0)
			continue;
		if (action.sa_handler != SIG_IGN && !sigismember(&blocked, signal))
			continue;
		printf("%s%d", first ? "" : ",", signal);
		first = false;
	}
	printf("],\"cwd\":");
	print_json_string(cwd);
	print_json_strings("argv", arguments);
	print_json_strings("env", environ);
	puts("}");
	if (terminal >= 0)
		close(terminal);
}

/* Each child leaves a child of its own behind, which ends a little later. */
static void leave_orphans(long count)
{
	fflush(stdout);
	for (long index = 0; index < count; index++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0) {
			if (fork() == 0)
				sleep_milliseconds(100);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	printf("probe: orphans %ld\n", count);
}

static void leave_daemon(void)
{
	fflush(stdout);
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		for (;;)
			pause();
	}
	printf("probe: daemon %d\n", child);
}

static void count_processes(void)
{
	int all = 0, zombies = 0;
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	if (directory == NULL)
		die("/proc");
	while ((entry = readdir(directory)) != NULL) {
		char path[300], line[512] = "";
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if ((file = fopen(path, "re")) == NULL)
			continue;
		if (fgets(line, sizeof(line), file) != NULL) {
			const char *after_name = strrchr(line, ')');

			all++;
			if (after_name != NULL && after_name[1] == ' ' && after_name[2] == 'Z')
				zombies++;
		}
		fclose(file);
	}
	closedir(directory);
	printf("probe: processes %d zombies %d\n", all, zombies);
}

static void allocate(long mebibytes)
{
	for (long index = 0; mebibytes == 0 || index < mebibytes; index++) {
		char *block = malloc(1 << 20);

		if (block == NULL)
			die("malloc");
		/* Not zero: pages of zeros may be shared. */
		memset(block, 1 + (int)(index % 255), 1 << 20);
	}
	printf("probe: allocated %ld\n", mebibytes);
}

static void take_memory_of_others_first(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "we");

	/* Without /proc the kernel's choice stands: the largest, so most likely this one. */
	if (file != NULL) {
		fputs("1000\n", file);
		fclose(file);
	}
}

static void wait_for_signal(void)
{
	sigset_t all;
	int signal;

	sigfillset(&all);
	sigdelset(&all, SIGCHLD);
	sigprocmask(SIG_BLOCK, &all, NULL);
	puts("probe: waiting");
	sigwait(&all, &signal);
	printf("probe: signal %d\n", signal);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static void die_by_signal(int number)
{
	sigset_t one;

	signal(number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	fflush(stdout);
	kill(getpid(), number);
	sleep_milliseconds(1000);
	printf("probe: survived %d\n", number);
}

static void send_all(int connection, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t sent = send(connection, text, left, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		left -= (size_t)sent;
	}
}

/* Answers any HTTP request with one line; `times` of 0 means for ever. */
static void serve(long port, long times)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in older = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int on = 1, off = 0;
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int bound;

	if (listener >= 0) {
		setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		bound = bind(listener, (struct sockaddr *)&address, sizeof(address));
	} else {
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		bound = bind(listener, (struct sockaddr *)&older, sizeof(older));
	}
	if (bound != 0 || listen(listener, 16) != 0)
		die("serve");
	printf("probe: serving %ld\n", port);
	for (long served = 0; times == 0 || served < times; served++) {
		char request[4096] = "", answer[256], body[64];
		size_t length = 0;
		int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			die("accept");
		while (length < sizeof(request) - 1 && strstr(request, "\r\n\r\n") == NULL) {
			ssize_t received = recv(connection, request + length, sizeof(request) - 1 - length, 0);

			if (received <= 0)
				break;
			length += (size_t)received;
			request[length] = '\0';
		}
		snprintf(body, sizeof(body), "probe on %ld\n", port);
		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
			 "Connection: close\r\n\r\n%s",
			 strlen(body), body);
		send_all(connection, answer);
		close(connection);
	}
	close(listener);
}

static void resolve(const char *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int failure = getaddrinfo(host, NULL, &hints, &found);
	char text[NI_MAXHOST];

	if (failure != 0) {
		printf("probe: unresolved %s: %s\n", host, gai_strerror(failure));
		return;
	}
	for (const struct addrinfo *next = found; next != NULL; next = next->ai_next)
		if (getnameinfo(next->ai_addr, next->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
			printf("probe: resolved %s %s\n", host, text);
	freeaddrinfo(found);
}

/* Prints the first line that a server sends after it was asked for "/". */
static void fetch(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char line[512] = "";
	int connection;
	FILE *stream;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		die("address");
	connection = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection < 0 || connect(connection, found->ai_addr, found->ai_addrlen) != 0)
		die("connect");
	freeaddrinfo(found);
	send_all(connection, "GET / HTTP/1.0\r\n\r\n");
	stream = fdopen(connection, "r");
	if (stream == NULL || fgets(line, sizeof(line), stream) == NULL)
		die("fetch");
	line[strcspn(line, "\r\n")] = '\0';
	printf("probe: fetched %s\n", line);
	fclose(stream);
}

static void copy(int from)
{
	char block[4096];
	ssize_t length;

	while ((length = read(from, block, sizeof(block))) > 0)
		fwrite(block, 1, (size_t)length, stdout);
	if (length < 0)
		die("read");
}

static void print_file(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		die(path);
	copy(file);
	close(file);
}

/* Opens and writes as a shell's `echo TEXT >> PATH` does, /dev/stdout included. */
static void append(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (file < 0)
		die(path);
	fflush(stdout);
	if (dprintf(file, "%s\n", text) < 0 || close(file) != 0)
		die(path);
}

static void print_status(const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		printf("probe: stat %s missing\n", path);
	else
		printf("probe: stat %s %06o %u %u\n", path, status.st_mode, status.st_uid, status.st_gid);
}

static void list(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (directory == NULL)
		die(path);
	while ((entry = readdir(directory)) != NULL)
		printf("probe: entry %s\n", entry->d_name);
	closedir(directory);
}

/* Lines of 64 bytes, numbered, so that a missing one is seen. */
static void flood(long lines)
{
	for (long index = 0; index < lines; index++)
		printf("probe: line %08ld %042d\n", index, 0);
}

/* Runs the command at `words`, and returns how many words it was, or 0 for an unknown one. */
static int run(char **words, int count)
{
	const char *command = words[0];
	const char *first = count > 1 ? words[1] : NULL;
	const char *second = count > 2 ? words[2] : NULL;

#define COMMAND(name, words) (strcmp(command, (name)) == 0 && count >= (words))
	if (COMMAND("report", 1))
		return report(), 1;
	if (COMMAND("processes", 1))
		return count_processes(), 1;
	if (COMMAND("wait", 1))
		return wait_for_signal(), 1;
	if (COMMAND("daemon", 1))
		return leave_daemon(), 1;
	if (COMMAND("stdin", 1))
		return copy(STDIN_FILENO), 1;
	if (COMMAND("exit", 2))
		exit((int)number(first));
	if (COMMAND("signal", 2))
		return die_by_signal((int)number(first)), 2;
	if (COMMAND("ignore", 2))
		return signal((int)number(first), SIG_IGN), 2;
	if (COMMAND("sleep", 2))
		return sleep_milliseconds(number(first)), 2;
	if (COMMAND("print", 2))
		return puts(first), 2;
	if (COMMAND("error", 2))
		return fprintf(stderr, "%s\n", first), 2;
	if (COMMAND("orphans", 2))
		return leave_orphans(number(first)), 2;
	if (COMMAND("allocate", 2))
		return take_memory_of_others_first(), allocate(number(first)), 2;
	if (COMMAND("flood", 2))
		return flood(number(first)), 2;
	if (COMMAND("cat", 2))
		return print_file(first), 2;
	if (COMMAND("stat", 2))
		return print_status(first), 2;
	if (COMMAND("list", 2))
		return list(first), 2;
	if (COMMAND("resolve", 2))
		return resolve(first), 2;
	if (COMMAND("append", 3))
		return append(first, second), 3;
	if (COMMAND("fetch", 3))
		return fetch(first, second), 3;
	if (COMMAND("serve", 3))
		return serve(number(first), number(second)), 3;
#undef COMMAND
	return 0;
}

int main(int count, char **words)
{
	arguments = words;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int next = 1; next < count;) {
		int taken = run(words + next, count - next);

		if (taken == 0) {
			printf("probe: unknown command, or too few words: %s\n", words[next]);
			return 64;
		}
		next += taken;
	}
	return 0;
}
