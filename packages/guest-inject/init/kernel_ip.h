/* `ip=` of the kernel's command line (Documentation/admin-guide/nfs/nfsroot.rst), for kernels that do not read it themselves, or whose network
 * driver is a module and comes too late for them. */
#ifndef KERNEL_IP_H
#define KERNEL_IP_H

#include <stdbool.h>

#include "address.h"

struct kernel_ip {
	bool dhcp;
	struct address address, gateway, name_servers[2]; /* family 0: not given */
	const char *hostname, *device;                    /* empty: not given; they point into the text */
};

/* Changes the text. False for what is no such thing, or asks for no network. */
bool kernel_ip_parse(char *text, struct kernel_ip *result);

#endif
