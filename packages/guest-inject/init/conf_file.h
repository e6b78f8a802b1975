/* init.conf from the disk. */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include <stdbool.h>

#include "conf.h"

/* False, having said why by a `failed` mark. */
bool conf_read(const char *path, struct conf *conf);

#endif
