/* vsock addresses, as the kernel takes them (linux/vm_sockets.h, which musl does not have). */
#ifndef AGENT_VSOCK_ADDRESS_H
#define AGENT_VSOCK_ADDRESS_H

#include <sys/socket.h>

enum vsock_cid { VSOCK_CID_HYPERVISOR = 0, VSOCK_CID_LOOPBACK = 1, VSOCK_CID_HOST = 2 };
#define VSOCK_CID_ANY 0xffffffffU

/* Only root may bind ports up to here. */
enum { VSOCK_LAST_RESERVED_PORT = 1023 };

struct vsock_address {
	sa_family_t family; /* AF_VSOCK */
	unsigned short reserved;
	unsigned port, cid;
	unsigned char zero[4];
};
_Static_assert(sizeof(struct vsock_address) == 16, "as struct sockaddr_vm");

#endif
