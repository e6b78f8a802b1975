#include "oom.h"

#include <stdlib.h>
#include <string.h>

#include "files.h"

/* The whole machine is the program's, so the machine's counter is as good as that of a cgroup, which would need one of its own and a kernel
 * with the memory controller. */
unsigned long long oom_kills(void)
{
	size_t length;
	unsigned long long count = 0;
	char *text = read_file("/proc/vmstat", 256 * 1024, &length);

	if (text == NULL)
		return 0;
	const char *line = strstr(text, "\noom_kill ");
	if (line != NULL)
		count = strtoull(line + strlen("\noom_kill "), NULL, 10);
	free(text);
	return count;
}
