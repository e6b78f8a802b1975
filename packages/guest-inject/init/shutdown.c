#include "shutdown.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "console.h"
#include "files.h"
#include "overlay.h"

/* /proc/self/mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape_octal(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++, out++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
		    text[3] <= '7') {
			*out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*out = *text;
		}
	}
	*out = '\0';
}

/* The kernel's own stay until the end: there is nothing in them to be saved. */
static bool is_kept(const char *path)
{
	static const char *const kept[] = { "/dev", "/proc", "/sys" };

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		size_t length = strlen(kept[i]);
		if (strncmp(path, kept[i], length) == 0 && (path[length] == '\0' || path[length] == '/'))
			return true;
	}
	return strcmp(path, "/") == 0;
}

static void unmount(const char *path)
{
	if (umount2(path, UMOUNT_NOFOLLOW) == 0)
		return;
	int why = errno;
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
		console_warn("cannot unmount %s: %s", path, strerror(why));
	umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/* In reverse order of mounting, so that what lies on top goes first. */
static void unmount_all(void)
{
	size_t length;
	char *text = read_file("/proc/self/mountinfo", 4 * 1024 * 1024, &length);

	while (text != NULL && length > 0) {
		text[--length] = '\0';
		char *line = strrchr(text, '\n'), *path;
		line = line == NULL ? text : line + 1;
		length = (size_t)(line - text);
		/* 36 35 98:0 /below /mount/point … */
		for (int field = 0; field < 4 && line != NULL; field++)
			strsep(&line, " ");
		path = line == NULL ? NULL : strsep(&line, " ");
		if (path == NULL)
			continue;
		unescape_octal(path);
		if (!is_kept(path))
			unmount(path);
	}
	free(text);
}

void shutdown_machine(enum exit_action action)
{
	sync();
	unmount_all();
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
		console_warn("cannot make the root read-only: %s", strerror(errno));
	overlay_settle();
	sync();
	console_raw(false);
	console_flush(5000);
	if (action == POWER_OFF)
		reboot(RB_POWER_OFF);
	else if (action == HALT)
		reboot((int)RB_HALT_SYSTEM);
	/* A machine that cannot do this can at least not go on. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
