/* PID 1 for tests of the boot: does what small= on the kernel's command line says, with the marks of the real init. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

static char line[4096];

static void read_command_line(void) {
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	int fd = open("/proc/cmdline", O_RDONLY);
	if (fd < 0)
		return;
	ssize_t length = read(fd, line, sizeof line - 1);
	close(fd);
	if (length > 0)
		line[length] = 0;
}

static int asked(const char *word) {
	return strstr(line, word) != NULL;
}

int main(void) {
	read_command_line();
	setbuf(stdout, NULL);
	puts("command line: ");
	puts(line);
	puts("bootlayer: start 0.5");
	if (asked("small=panic"))
		return 1;
	if (asked("small=sleep"))
		for (;;)
			pause();
	if (asked("small=read")) {
		char typed[100] = "";
		puts("ready");
		if (fgets(typed, sizeof typed, stdin))
			printf("you typed: %s\n", typed);
	}
	if (asked("small=disks")) {
		mkdir("/dev", 0755);
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
		const char *names[] = {"/dev/nvme0n1", "/dev/nvme0n2"};
		for (int i = 0; i < 2; i++) {
			char text[17] = "";
			int fd = open(names[i], O_RDWR | O_SYNC);
			const char *mode = fd < 0 ? "read-only" : "writable";
			if (fd < 0)
				fd = open(names[i], O_RDONLY);
			if (fd < 0 || pread(fd, text, 16, 0) != 16)
				mode = "missing";
			printf("%s is %s: %s\n", names[i], mode, text);
			if (fd >= 0 && pwrite(fd, "written by guest", 16, 0) == 16)
				fsync(fd);
		}
	}
	puts("bootlayer: warning nothing of this is real");
	if (asked("small=signal"))
		puts("bootlayer: exit 137 signal 9 oom");
	else if (!asked("small=silent"))
		puts("bootlayer: exit 3");
	sync();
	reboot(asked("small=halt") ? RB_HALT_SYSTEM : RB_POWER_OFF);
	return 0;
}
