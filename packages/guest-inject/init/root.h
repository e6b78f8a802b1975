/* The root that programs see: the one that the kernel has mounted, or in an initrd a device; with a layer to write to where asked for. */
#ifndef ROOT_H
#define ROOT_H

#include <stdbool.h>

#include "conf.h"

/* False, having said why, if there is no such root. */
bool root_enter(const struct conf *conf);

#endif
