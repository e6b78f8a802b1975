#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	} body;
	char attributes[128];
};

static void begin(struct request *request, unsigned short type, unsigned short flags, size_t body)
{
	*request = (struct request){
		.header = { .nlmsg_len = (unsigned)NLMSG_LENGTH(body),
			    .nlmsg_type = type,
			    .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags) },
	};
}

/* The callers' attributes always fit. */
static void put(struct request *request, unsigned short type, const void *value, size_t length)
{
	struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(length);
	memcpy(RTA_DATA(attribute), value, length);
	request->header.nlmsg_len = (unsigned)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_SPACE(length));
}

static int transact(const struct request *request)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} reply;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int result = -1;

	if (fd < 0)
		return -1;
	if (sendto(fd, request, request->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) >= 0) {
		ssize_t got = recv(fd, &reply, sizeof reply, 0);
		if (got >= (ssize_t)NLMSG_LENGTH(sizeof reply.error) && reply.header.nlmsg_type == NLMSG_ERROR) {
			errno = -reply.error.error;
			result = errno == 0 ? 0 : -1;
		} else if (got >= 0) {
			errno = EPROTO;
		}
	}
	int why = errno;
	close(fd);
	errno = why;
	return result;
}

int link_up(unsigned index, unsigned mtu)
{
	struct request request;

	begin(&request, RTM_NEWLINK, 0, sizeof request.body.link);
	request.body.link = (struct ifinfomsg){ .ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	if (mtu != 0)
		put(&request, IFLA_MTU, &mtu, sizeof mtu);
	return transact(&request);
}

static int change_address(unsigned short type, unsigned short flags, unsigned index, const struct address *address)
{
	struct request request;
	size_t length = address_length(address);

	begin(&request, type, flags, sizeof request.body.address);
	request.body.address = (struct ifaddrmsg){
		.ifa_family = (unsigned char)address->family,
		.ifa_prefixlen = (unsigned char)address->prefix,
		/* Nobody else may have it, and the program wants it at once. */
		.ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = index,
	};
	put(&request, IFA_LOCAL, address->bytes, length);
	put(&request, IFA_ADDRESS, address->bytes, length);
	if (address->family == AF_INET && address->prefix < 31) {
		unsigned char broadcast[4];
		for (unsigned i = 0; i < 4; i++) {
			unsigned kept = address->prefix <= i * 8 ? 0 : address->prefix - i * 8;
			broadcast[i] = (unsigned char)(address->bytes[i] | (kept >= 8 ? 0 : 0xff >> kept));
		}
		put(&request, IFA_BROADCAST, broadcast, 4);
	}
	return transact(&request);
}

int address_add(unsigned index, const struct address *address)
{
	int result = change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address);

	return result != 0 && errno == EEXIST ? 0 : result;
}

int address_delete(unsigned index, const struct address *address)
{
	return change_address(RTM_DELADDR, 0, index, address);
}

int route_add(unsigned index, const struct address *to, const struct address *gateway)
{
	struct request request;
	size_t length = address_length(to);

	begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof request.body.route);
	request.body.route = (struct rtmsg){
		.rtm_family = (unsigned char)to->family,
		.rtm_dst_len = (unsigned char)to->prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = gateway == NULL ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		/* Clouds give a single address and a gateway outside of its prefix. */
		.rtm_flags = gateway == NULL ? 0 : RTNH_F_ONLINK,
	};
	if (to->prefix > 0)
		put(&request, RTA_DST, to->bytes, length);
	if (gateway != NULL)
		put(&request, RTA_GATEWAY, gateway->bytes, length);
	put(&request, RTA_OIF, &index, sizeof index);
	return transact(&request);
}
