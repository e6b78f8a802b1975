/* The network as init.conf asks for it. Whatever fails is a warning: a program may do without. */
#ifndef NETWORK_H
#define NETWORK_H

#include "conf.h"

void network_configure(const struct conf *conf);

#endif
