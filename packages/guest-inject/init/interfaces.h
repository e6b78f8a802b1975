/* Network interfaces as /sys names them. */
#ifndef INTERFACES_H
#define INTERFACES_H

#include <net/if.h>
#include <stdbool.h>

struct interface {
	char name[IF_NAMESIZE];
	unsigned index;
	unsigned char hardware[6];
	bool has_ipv4; /* the kernel has set it up */
};

/* The one of this name, or (NULL) the first Ethernet that is neither a tunnel nor a dummy, after waiting up to 5 s for it. False, with a
 * warning that names what there is. */
bool interface_find(const char *name, struct interface *found);

#endif
