#include "dhcp_message.h"

#include <string.h>
#include <sys/socket.h>

/* The fixed part, up to and with the magic cookie. */
enum { FIXED = 240, FLAGS = 10, CLIENT = 12, YOURS = 16, HARDWARE = 28, SERVER_NAME = 44, FILE_NAME = 108, COOKIE = 236 };
enum { IP_HEADER = 20, UDP_HEADER = 8 };

enum option {
	PAD = 0, SUBNET = 1, ROUTER = 3, NAME_SERVERS = 6, HOST_NAME = 12, DOMAIN = 15, MTU = 26, REQUESTED = 50, LEASE = 51,
	OVERLOAD = 52, TYPE = 53, SERVER = 54, WANTED = 55, MAX_SIZE = 57, RENEW = 58, REBIND = 59, CLIENT_ID = 61, ROUTES = 121, END = 255,
};

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get32(const uint8_t *bytes)
{
	return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static void put16(uint8_t *bytes, size_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static uint8_t *put_option(uint8_t *at, enum option option, const void *value, size_t length)
{
	*at++ = (uint8_t)option;
	*at++ = (uint8_t)length;
	memcpy(at, value, length);
	return at + length;
}

size_t dhcp_encode(const struct dhcp_request *request, uint8_t message[DHCP_MAX_BYTES])
{
	static const uint8_t wanted[] = { SUBNET, ROUTES, ROUTER, NAME_SERVERS, DOMAIN, MTU, LEASE, RENEW, REBIND };
	const uint8_t type = (uint8_t)request->type;
	uint8_t *at = message + FIXED, size[2], identity[7] = { 1 };

	memset(message, 0, DHCP_MAX_BYTES);
	message[0] = 1; /* a request */
	message[1] = 1; /* over Ethernet */
	message[2] = sizeof request->hardware;
	put16(message + 4, request->transaction >> 16);
	put16(message + 6, request->transaction);
	if (request->client != NULL)
		memcpy(message + CLIENT, request->client, 4);
	else
		message[FLAGS] = 0x80; /* answers to everybody: we have no address yet */
	memcpy(message + HARDWARE, request->hardware, sizeof request->hardware);
	memcpy(message + COOKIE, cookie, sizeof cookie);

	at = put_option(at, TYPE, &type, 1);
	memcpy(identity + 1, request->hardware, sizeof request->hardware);
	at = put_option(at, CLIENT_ID, identity, sizeof identity);
	put16(size, DHCP_MAX_BYTES - IP_HEADER - UDP_HEADER);
	at = put_option(at, MAX_SIZE, size, sizeof size);
	if (request->requested != NULL)
		at = put_option(at, REQUESTED, request->requested, 4);
	if (request->server != NULL)
		at = put_option(at, SERVER, request->server, 4);
	if (request->hostname != NULL && *request->hostname != '\0')
		at = put_option(at, HOST_NAME, request->hostname, strnlen(request->hostname, 63));
	at = put_option(at, WANTED, wanted, sizeof wanted);
	*at++ = END;
	/* Old relays drop what is shorter than BOOTP's 300 bytes. */
	return at - message < 300 ? 300 : (size_t)(at - message);
}

static uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (; length > 1; bytes += 2, length -= 2)
		sum += get16(bytes);
	return length == 0 ? sum : sum + (uint32_t)(*bytes << 8);
}

static uint16_t fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t dhcp_wrap(const uint8_t *message, size_t length, uint8_t packet[DHCP_MAX_BYTES])
{
	uint8_t *udp = packet + IP_HEADER;
	size_t total = IP_HEADER + UDP_HEADER + length;

	if (total > DHCP_MAX_BYTES)
		return 0;
	memset(packet, 0, IP_HEADER + UDP_HEADER);
	packet[0] = 0x45;
	put16(packet + 2, total);
	packet[8] = 64; /* hops */
	packet[9] = 17; /* UDP */
	memset(packet + 16, 0xff, 4);
	put16(packet + 10, fold(sum16(0, packet, IP_HEADER)));
	put16(udp, DHCP_CLIENT_PORT);
	put16(udp + 2, DHCP_SERVER_PORT);
	put16(udp + 4, UDP_HEADER + length);
	memcpy(udp + UDP_HEADER, message, length);
	/* Over the pseudo header too: both addresses, the protocol, the length. */
	uint16_t checksum = fold(sum16(sum16(17 + (uint32_t)(UDP_HEADER + length), packet + 12, 8), udp, UDP_HEADER + length));
	put16(udp + 6, checksum == 0 ? 0xffff : checksum);
	return total;
}

/* Checksums are not looked at: a virtual network leaves them out. */
const uint8_t *dhcp_unwrap(const uint8_t *packet, size_t length, size_t *message_length)
{
	if (length < IP_HEADER || packet[0] >> 4 != 4)
		return NULL;
	size_t header = (size_t)(packet[0] & 15) * 4, total = get16(packet + 2);
	bool fragment = (get16(packet + 6) & 0x3fff) != 0;
	if (header < IP_HEADER || total > length || total < header + UDP_HEADER || packet[9] != 17 || fragment)
		return NULL;
	const uint8_t *udp = packet + header;
	size_t size = get16(udp + 4);
	if (get16(udp + 2) != DHCP_CLIENT_PORT || size < UDP_HEADER || size > total - header)
		return NULL;
	*message_length = size - UDP_HEADER;
	return udp + UDP_HEADER;
}

static unsigned prefix_of(const uint8_t mask[4])
{
	unsigned prefix = 0;

	while (prefix < 32 && (mask[prefix / 8] & 0x80 >> prefix % 8) != 0)
		prefix++;
	return prefix;
}

static struct address ipv4(const uint8_t *bytes, unsigned prefix)
{
	struct address address = { .family = AF_INET, .prefix = prefix };

	memcpy(address.bytes, bytes, 4);
	return address;
}

static void add_route(struct dhcp_reply *reply, struct address to, const uint8_t *gateway)
{
	if (reply->route_count < DHCP_MAX_ROUTES)
		reply->routes[reply->route_count++] = (struct dhcp_route){ to, ipv4(gateway, 32) };
}

/* RFC 3442: a prefix's length, as many bytes of it as matter, a router. */
static void read_routes(struct dhcp_reply *reply, const uint8_t *value, size_t length)
{
	while (length > 0) {
		unsigned prefix = value[0];
		size_t bytes = (prefix + 7) / 8;
		uint8_t to[4] = { 0 };

		if (prefix > 32 || length < 1 + bytes + 4)
			return;
		memcpy(to, value + 1, bytes);
		add_route(reply, ipv4(to, prefix), value + 1 + bytes);
		value += 1 + bytes + 4;
		length -= 1 + bytes + 4;
	}
}

/* It goes into resolv.conf, so it is a name or nothing. */
static void read_domain(struct dhcp_reply *reply, const uint8_t *value, size_t length)
{
	while (length > 0 && value[length - 1] == '\0')
		length--;
	if (length >= sizeof reply->domain)
		return;
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = value[i];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');

		if (!letter && byte != '.' && byte != '-')
			return;
	}
	memcpy(reply->domain, value, length);
	reply->domain[length] = '\0';
}

struct decoding {
	struct dhcp_reply *reply;
	unsigned prefix, overload;
	uint8_t router[4], routes[255];
	size_t routes_length;
};

static void read_option(struct decoding *decoding, uint8_t option, const uint8_t *value, size_t length)
{
	struct dhcp_reply *reply = decoding->reply;

	switch (option) {
	case TYPE:
		if (length == 1)
			reply->type = value[0];
		break;
	case SUBNET:
		if (length == 4)
			decoding->prefix = prefix_of(value);
		break;
	case ROUTER:
		if (length >= 4)
			memcpy(decoding->router, value, 4);
		break;
	case ROUTES:
		/* A long list comes in pieces (RFC 3396). */
		if (length <= sizeof decoding->routes - decoding->routes_length) {
			memcpy(decoding->routes + decoding->routes_length, value, length);
			decoding->routes_length += length;
		}
		break;
	case NAME_SERVERS:
		for (; length >= 4 && reply->name_server_count < DHCP_MAX_SERVERS; value += 4, length -= 4)
			reply->name_servers[reply->name_server_count++] = ipv4(value, 32);
		break;
	case DOMAIN:
		read_domain(reply, value, length);
		break;
	case MTU:
		if (length == 2 && get16(value) >= 68)
			reply->mtu = get16(value);
		break;
	case LEASE:
		if (length == 4)
			reply->lease = get32(value);
		break;
	case RENEW:
		if (length == 4)
			reply->renew = get32(value);
		break;
	case REBIND:
		if (length == 4)
			reply->rebind = get32(value);
		break;
	case SERVER:
		if (length == 4)
			memcpy(reply->server, value, 4);
		break;
	case OVERLOAD:
		if (length == 1)
			decoding->overload = value[0];
		break;
	default:
		break;
	}
}

static void read_options(struct decoding *decoding, const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != END) {
		if (*at == PAD) {
			at++;
			continue;
		}
		if (end - at < 2 || end - at - 2 < at[1])
			return;
		read_option(decoding, at[0], at + 2, at[1]);
		at += 2 + at[1];
	}
}

bool dhcp_decode(const uint8_t *message, size_t length, uint32_t transaction, const uint8_t hardware[6], struct dhcp_reply *reply)
{
	static const uint8_t nowhere[4];
	struct decoding decoding = { .reply = reply, .prefix = 24 };

	*reply = (struct dhcp_reply){ 0 };
	if (length < FIXED || message[0] != 2 || get32(message + 4) != transaction || memcmp(message + HARDWARE, hardware, 6) != 0 ||
	    memcmp(message + COOKIE, cookie, sizeof cookie) != 0)
		return false;
	read_options(&decoding, message + FIXED, message + length);
	if (decoding.overload & 1)
		read_options(&decoding, message + FILE_NAME, message + COOKIE);
	if (decoding.overload & 2)
		read_options(&decoding, message + SERVER_NAME, message + FILE_NAME);
	reply->address = ipv4(message + YOURS, decoding.prefix);
	/* Whoever sends routes means them to replace the router (RFC 3442). */
	if (decoding.routes_length > 0)
		read_routes(reply, decoding.routes, decoding.routes_length);
	else if (memcmp(decoding.router, nowhere, 4) != 0)
		add_route(reply, ipv4(nowhere, 0), decoding.router);
	if (reply->lease == 0)
		reply->lease = 3600;
	if (reply->rebind == 0 || reply->rebind > reply->lease)
		reply->rebind = reply->lease - reply->lease / 8;
	if (reply->renew == 0 || reply->renew > reply->rebind)
		reply->renew = reply->lease / 2 < reply->rebind ? reply->lease / 2 : reply->rebind;
	if (reply->type == DHCP_NAK)
		return true;
	return (reply->type == DHCP_OFFER || reply->type == DHCP_ACK) && memcmp(reply->address.bytes, nowhere, 4) != 0;
}
