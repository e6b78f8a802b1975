/* How each record of init.conf is checked and kept; the rules are listed by subject, each list ends with one that has no name. */
#ifndef CONF_RULES_H
#define CONF_RULES_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "records.h"

struct record_rule {
	const char *name;
	size_t fields;
	bool many; /* may occur more than once */
	const char *(*apply)(struct conf *conf, const char *const *fields); /* NULL, or why it is refused */
};

extern const struct record_rule conf_program_rules[], conf_machine_rules[], conf_network_rules[];

#define NO_MEMORY "no memory"
#define BAD_NUMBER "a number that is none, or out of range"
#define BAD_PATH "a path that is not absolute, or too long"

static inline bool is_path(const char *text)
{
	return *text == '/' && strlen(text) < PATH_MAX;
}

/* Makes room for one more element; arrays double in length whenever it reaches a power of two. */
static inline void *grow(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return realloc(array, (count == 0 ? 1 : count * 2) * size);
}

#define APPEND(array, count, ...)                                  \
	do {                                                       \
		void *grown = grow((array), (count), sizeof *(array)); \
		if (grown == NULL)                                 \
			return NO_MEMORY;                          \
		(array) = grown;                                   \
		(array)[(count)++] = __VA_ARGS__;                  \
	} while (0)

#endif
