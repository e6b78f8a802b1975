/* Kernel modules, loaded in the order given. */
#ifndef MODULES_H
#define MODULES_H

#include <stddef.h>

/* A module that is there already is no failure; any other failure is a warning. */
void modules_load(const char *const *paths, size_t count);

#endif
