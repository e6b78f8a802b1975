#include "conf_strings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A list for execve: its NULL is put after every string. */
static bool append_string(char ***list, size_t *count, const char *text)
{
	size_t capacity = *count + 2;
	char **grown = *list;

	if (grown == NULL || (capacity & (capacity - 1)) == 0)
		grown = realloc(*list, (capacity < 8 ? 8 : capacity * 2) * sizeof *grown);
	if (grown == NULL)
		return false;
	/* execve's signature is older than const; nobody writes to them. */
	grown[(*count)++] = (char *)text;
	grown[*count] = NULL;
	*list = grown;
	return true;
}

static bool same_variable(const char *left, const char *right)
{
	size_t length = strcspn(left, "=");

	return strncmp(left, right, length + 1) == 0;
}

const char *put_variable(char ***env, size_t *count, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return "not NAME=VALUE";
	for (size_t i = 0; i < *count; i++)
		if (same_variable((*env)[i], text)) {
			(*env)[i] = (char *)text;
			return NULL;
		}
	return append_string(env, count, text) ? NULL : "no memory";
}

const char *put_argument(char ***argv, size_t *count, const char *text)
{
	if (*count == 0 && (*text == '\0' || (*text != '/' && strchr(text, '/') != NULL)))
		return "neither an absolute path nor a name without a slash";
	return append_string(argv, count, text) ? NULL : "no memory";
}
