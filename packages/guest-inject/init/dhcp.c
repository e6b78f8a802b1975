#include "dhcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "console.h"
#include "dhcp_message.h"
#include "etc_file.h"
#include "files.h"
#include "netlink.h"

enum { FIRST_WAIT = 1000, LONGEST_WAIT = 64000, PATIENCE = 15000, SHORTEST_RENEWAL = 10000 };

/* Below UDP: an interface without an address gets no answers to a socket of UDP's that all kernels' filters let pass. */
static int open_packet_socket(const struct dhcp_interface *interface)
{
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)interface->index };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0)
		return fd;
	int why = errno;
	if (fd >= 0)
		close(fd);
	errno = why;
	return -1;
}

static void broadcast(const struct dhcp_interface *interface, int fd, const struct dhcp_request *request)
{
	uint8_t message[DHCP_MAX_BYTES], packet[DHCP_MAX_BYTES];
	struct sockaddr_ll everybody = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_IP),
					 .sll_ifindex = (int)interface->index,
					 .sll_halen = 6,
					 .sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	size_t length = dhcp_wrap(message, dhcp_encode(request, message), packet);

	/* What is lost, an unplugged cable included, is sent again. */
	(void)!sendto(fd, packet, length, 0, (struct sockaddr *)&everybody, sizeof everybody);
}

static void sleep_until(long long moment)
{
	while (clock_until(moment) > 0)
		poll(NULL, 0, clock_until(moment));
}

/* The next fitting reply until `deadline`: an offer where one was asked for, else an acknowledgement or a refusal. */
static bool receive(const struct dhcp_interface *interface, int fd, const struct dhcp_request *request, long long deadline,
		    struct dhcp_reply *reply)
{
	uint8_t packet[DHCP_MAX_BYTES];
	size_t length;

	for (;;) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };
		/* A neighbour who sends without end does not hold us past the deadline. */
		if (clock_until(deadline) == 0 || poll(&readable, 1, clock_until(deadline)) <= 0)
			return false;
		ssize_t got = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
		const uint8_t *message = got <= 0 ? NULL : dhcp_unwrap(packet, (size_t)got, &length);
		if (got < 0 && errno != EAGAIN && errno != EINTR) {
			/* An interface that is down says so at once, and again; the pace stays that of the questions. */
			sleep_until(deadline);
			return false;
		}
		if (message == NULL || !dhcp_decode(message, length, request->transaction, interface->hardware, reply))
			continue;
		if ((reply->type == DHCP_OFFER) == (request->type == DHCP_DISCOVER))
			return true;
	}
}

/* Sends again and again, waiting twice as long each time, until there is an answer or `deadline` has come. */
static bool ask(const struct dhcp_interface *interface, int fd, struct dhcp_request *request, long long deadline, struct dhcp_reply *reply)
{
	int wait = FIRST_WAIT;

	while (clock_until(deadline) > 0) {
		long long until = clock_milliseconds() + wait;
		broadcast(interface, fd, request);
		if (receive(interface, fd, request, until < deadline ? until : deadline, reply))
			return true;
		wait = wait * 2 > LONGEST_WAIT ? LONGEST_WAIT : wait * 2;
	}
	return false;
}

static struct dhcp_request new_request(const struct dhcp_interface *interface, enum dhcp_type type)
{
	struct dhcp_request request = { .type = type, .hostname = interface->hostname };

	memcpy(request.hardware, interface->hardware, sizeof request.hardware);
	random_bytes(&request.transaction, sizeof request.transaction);
	return request;
}

static bool acquire(const struct dhcp_interface *interface, int fd, long long deadline, struct dhcp_reply *lease)
{
	while (clock_until(deadline) > 0) {
		struct dhcp_request request = new_request(interface, DHCP_DISCOVER);
		struct dhcp_reply offer;

		if (!ask(interface, fd, &request, deadline, &offer))
			return false;
		request.type = DHCP_REQUEST;
		request.requested = offer.address.bytes;
		request.server = offer.server;
		/* A server that made an offer answers soon, or has changed its mind. */
		long long soon = clock_milliseconds() + 4 * FIRST_WAIT;
		if (ask(interface, fd, &request, soon < deadline ? soon : deadline, lease) && lease->type == DHCP_ACK)
			return true;
		/* One that refuses what it has just offered sets no faster pace than this. */
		sleep_until(clock_milliseconds() + FIRST_WAIT);
	}
	return false;
}

/* Asks for more time by broadcast, which the server that gave the lease hears as well as any other, so one way serves renewal and
 * rebinding both. */
static bool renew(const struct dhcp_interface *interface, int fd, long long deadline, const struct dhcp_reply *old, struct dhcp_reply *lease)
{
	struct dhcp_request request = new_request(interface, DHCP_REQUEST);

	request.client = old->address.bytes;
	return ask(interface, fd, &request, deadline, lease) && lease->type == DHCP_ACK;
}

static void warn(const struct dhcp_interface *interface, const char *what)
{
	console_warn("dhcp on %s: %s: %s", interface->name, what, strerror(errno));
}

static void write_resolv_conf(const struct dhcp_reply *lease)
{
	char texts[DHCP_MAX_SERVERS][ADDRESS_TEXT];
	const char *servers[DHCP_MAX_SERVERS + 1] = { NULL };

	for (size_t i = 0; i < lease->name_server_count; i++)
		servers[i] = format_address(&lease->name_servers[i], texts[i]);
	resolv_conf_write(servers, lease->domain);
}

static void apply(const struct dhcp_interface *interface, const struct dhcp_reply *lease)
{
	static const unsigned char nowhere[4];

	if (interface->mtu == 0 && lease->mtu != 0 && link_up(interface->index, lease->mtu) != 0)
		warn(interface, "cannot set the MTU");
	if (address_add(interface->index, &lease->address) != 0)
		warn(interface, "cannot add the address");
	for (size_t i = 0; i < lease->route_count; i++) {
		const struct dhcp_route *route = &lease->routes[i];
		bool direct = memcmp(route->gateway.bytes, nowhere, 4) == 0;

		if (route_add(interface->index, &route->to, direct ? NULL : &route->gateway) != 0)
			warn(interface, "cannot add a route");
	}
	if (interface->write_resolv_conf)
		write_resolv_conf(lease);
}

static bool same_address(const struct dhcp_reply *one, const struct dhcp_reply *other)
{
	return one->address.prefix == other->address.prefix && memcmp(one->address.bytes, other->address.bytes, 4) == 0;
}

static int open_or_wait(const struct dhcp_interface *interface)
{
	int fd;

	while ((fd = open_packet_socket(interface)) < 0)
		poll(NULL, 0, LONGEST_WAIT);
	return fd;
}

/* The keeper: sleeps until half of the lease is over, renews it, or else loses the address and asks anew. */
static void __attribute__((noreturn)) keep(const struct dhcp_interface *interface, struct dhcp_reply *lease, bool bound)
{
	for (;;) {
		struct dhcp_reply next;
		long long now = clock_milliseconds();

		if (!bound) {
			int fd = open_or_wait(interface);
			bound = acquire(interface, fd, now + 10LL * LONGEST_WAIT, &next);
			close(fd);
			if (bound) {
				*lease = next;
				apply(interface, lease);
			}
			continue;
		}
		if (lease->lease == UINT32_MAX)
			for (;;)
				pause();
		long long pause_time = lease->renew * 1000LL;
		sleep_until(now + (pause_time < SHORTEST_RENEWAL ? SHORTEST_RENEWAL : pause_time));
		/* Open only while it asks: nobody reads what would pile up in between. */
		int fd = open_or_wait(interface);
		bound = renew(interface, fd, now + lease->lease * 1000LL, lease, &next);
		close(fd);
		if (bound && same_address(lease, &next)) {
			*lease = next;
			continue;
		}
		if (!bound)
			console_warn("dhcp on %s: the lease was not renewed", interface->name);
		address_delete(interface->index, &lease->address);
		if (bound) {
			*lease = next;
			apply(interface, lease);
		}
	}
}

void dhcp_configure(const struct dhcp_interface *interface)
{
	struct dhcp_reply lease = { 0 };
	int fd = open_packet_socket(interface);

	if (fd < 0) {
		warn(interface, "cannot open a packet socket");
		return;
	}
	bool bound = acquire(interface, fd, clock_milliseconds() + PATIENCE, &lease);
	close(fd);
	if (bound)
		apply(interface, &lease);
	else
		console_warn("dhcp on %s: no answer within %d s; it goes on asking", interface->name, PATIENCE / 1000);
	if (child_fork("bootlayer-dhcp", -1) == 0)
		keep(interface, &lease, bound);
}
