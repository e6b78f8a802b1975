#include "cmdline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

bool cmdline_value(const char *name, char *value, size_t size)
{
	size_t length, name_length = strlen(name);
	char *line = read_file("/proc/cmdline", 64 * 1024, &length);
	bool found = false;

	if (line == NULL)
		return false;
	for (char *rest = line, *word; (word = strsep(&rest, " \t\n")) != NULL;)
		if (strncmp(word, name, name_length) == 0 && word[name_length] == '=')
			found = snprintf(value, size, "%s", word + name_length + 1) < (int)size;
	free(line);
	return found;
}
