/* A DHCP client (RFC 2131) for one Ethernet interface, and the keeper of its lease. */
#ifndef DHCP_H
#define DHCP_H

#include <stdbool.h>

#include "conf.h"

struct dhcp_interface {
	unsigned index;
	const char *name;
	unsigned char hardware[6];
	const char *hostname; /* told to the server; or NULL */
	unsigned mtu;         /* asked for by init.conf; 0: the server's word counts */
	bool write_resolv_conf;
};

/* Asks for up to 15 s, and sets the interface up with the answer. Then a process of its own renews the lease before it ends, or, with a
 * warning, goes on asking. */
void dhcp_configure(const struct dhcp_interface *interface);

#endif
