/* Leaves orphans behind, waits until they have ended, and counts what is left of them as zombies. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int count_zombies(void)
{
	char path[300], line[512];
	struct dirent *entry;
	int zombies = 0;
	DIR *processes = opendir("/proc");

	while ((entry = readdir(processes)) != NULL) {
		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
		FILE *status = fopen(path, "r");
		while (status != NULL && fgets(line, sizeof line, status) != NULL)
			zombies += strncmp(line, "State:\tZ", 8) == 0;
		if (status != NULL)
			fclose(status);
	}
	closedir(processes);
	return zombies;
}

int main(void)
{
	int ended[2];
	char byte;

	if (pipe(ended) != 0)
		return 1;
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (child == 0) {
			if (fork() == 0) {
				usleep(100000); /* its parent is gone by then */
				printf("orphan of %s\n", getppid() == 1 ? "init" : "another");
				fflush(stdout);
				_exit(0);
			}
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	close(ended[1]);
	/* The pipe's end is the last orphan's end. */
	while (read(ended[0], &byte, 1) > 0)
		;
	for (int tries = 0; tries < 50 && count_zombies() > 0; tries++)
		usleep(100000);
	printf("zombies %d\n", count_zombies());
	return 0;
}
