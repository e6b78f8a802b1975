/* Links, addresses and routes by rtnetlink(7). Every function returns 0, or -1 with errno. */
#ifndef NETLINK_H
#define NETLINK_H

#include "address.h"

/* Sets a link up; `mtu` 0 leaves it as it is. */
int link_up(unsigned index, unsigned mtu);

/* An address that is there already (EEXIST) is no failure. */
int address_add(unsigned index, const struct address *address);
int address_delete(unsigned index, const struct address *address);

/* A route to `to` (prefix 0: the default route) by a gateway, or by the link itself where `gateway` is NULL. */
int route_add(unsigned index, const struct address *to, const struct address *gateway);

#endif
