/* Arguments and variables of init.conf, in lists for execve. Each function returns NULL, or why it refuses the text. */
#ifndef CONF_STRINGS_H
#define CONF_STRINGS_H

#include <stddef.h>

/* The first is the program: an absolute path, or a name to be looked up. */
const char *put_argument(char ***argv, size_t *count, const char *text);

/* `NAME=VALUE`; a later value takes the place of an earlier one. */
const char *put_variable(char ***env, size_t *count, const char *text);

#endif
