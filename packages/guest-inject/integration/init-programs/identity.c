/* Prints what a program was started with: arguments and environment in hexadecimal, the rest as the kernel has it. The first argument
 * that is a number becomes the exit code. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_hex(const char *name, const char *text)
{
	printf("%s ", name);
	for (; *text != '\0'; text++)
		printf("%02x", (unsigned char)*text);
	printf("\n");
}

static void print_file(const char *path, const char *const *starts)
{
	char line[512];
	FILE *file = fopen(path, "r");

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		for (const char *const *start = starts; *start != NULL; start++)
			if (strncmp(line, *start, strlen(*start)) == 0)
				fputs(line, stdout);
}

int main(int argc, char **argv, char **env)
{
	static const char *const status[] = { "Uid:", "Gid:", "Groups:", "SigBlk:", "SigIgn:", "SigCgt:", NULL };
	static const char *const limits[] = { "Max open files", "Max core file size", NULL };
	char directory[512], target[512];
	int code = 0;

	for (int i = 0; i < argc; i++) {
		print_hex("argv", argv[i]);
		if (code == 0 && i > 0 && isdigit(argv[i][0]))
			code = atoi(argv[i]);
	}
	for (; *env != NULL; env++)
		print_hex("env", *env);
	printf("cwd %s\n", getcwd(directory, sizeof directory));
	printf("leader %d\n", getpid() == getsid(0) && getpid() == getpgrp());
	printf("umask %03o\n", umask(0));
	for (int fd = 0; fd < 64; fd++) {
		char name[32];
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		ssize_t length = readlink(name, target, sizeof target - 1);
		if (length > 0)
			printf("fd %d %.*s\n", fd, (int)strcspn((target[length] = '\0', target), "["), target);
	}
	print_file("/proc/self/status", status);
	print_file("/proc/self/limits", limits);
	return code;
}
