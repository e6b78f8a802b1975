/* DHCP's messages (RFC 2131, options of RFC 2132 and 3442), inside of UDP and IPv4. All of a reply comes from outside. */
#ifndef DHCP_MESSAGE_H
#define DHCP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

enum dhcp_type { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5, DHCP_NAK = 6 };

enum { DHCP_MAX_ROUTES = 16, DHCP_MAX_SERVERS = 3, DHCP_MAX_BYTES = 1500, DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };

struct dhcp_route {
	struct address to, gateway; /* gateway 0.0.0.0: on the link itself */
};

struct dhcp_reply {
	enum dhcp_type type;
	struct address address; /* with the subnet's prefix */
	uint8_t server[4];
	struct dhcp_route routes[DHCP_MAX_ROUTES]; /* option 121, or else the router's default route */
	size_t route_count;
	struct address name_servers[DHCP_MAX_SERVERS];
	size_t name_server_count;
	char domain[254]; /* letters, digits, dots and hyphens alone; empty where none is given */
	unsigned mtu;     /* 0: not given */
	uint32_t lease, renew, rebind; /* seconds; 0xffffffff for ever */
};

struct dhcp_request {
	enum dhcp_type type;
	uint32_t transaction;
	uint8_t hardware[6];
	const uint8_t *requested; /* 4 bytes, or NULL */
	const uint8_t *server;    /* 4 bytes, or NULL */
	const uint8_t *client;    /* our address when it is in use already (renewal), or NULL */
	const char *hostname;     /* or NULL */
};

/* Returns the message's length. */
size_t dhcp_encode(const struct dhcp_request *request, uint8_t message[DHCP_MAX_BYTES]);

/* Puts IPv4 and UDP headers before a message, from 0.0.0.0 to everybody. Returns the packet's length. */
size_t dhcp_wrap(const uint8_t *message, size_t length, uint8_t packet[DHCP_MAX_BYTES]);

/* The message in an IPv4 packet, if it is one of UDP for DHCP's client; NULL otherwise. */
const uint8_t *dhcp_unwrap(const uint8_t *packet, size_t length, size_t *message_length);

/* False for what is not an answer to this transaction, or breaks the format. */
bool dhcp_decode(const uint8_t *message, size_t length, uint32_t transaction, const uint8_t hardware[6], struct dhcp_reply *reply);

#endif
