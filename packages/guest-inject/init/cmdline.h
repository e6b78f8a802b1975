/* The kernel's command line. */
#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/* The value of the last `NAME=VALUE`, or false. */
bool cmdline_value(const char *name, char *value, size_t size);

#endif
