#include "kernel_ip.h"

#include <string.h>
#include <sys/socket.h>

enum field { CLIENT, SERVER, GATEWAY, NETMASK, HOSTNAME, DEVICE, PROTOCOL, NAME_SERVER_0, NAME_SERVER_1, FIELDS };

static bool is_dhcp(const char *protocol)
{
	return strcmp(protocol, "dhcp") == 0 || strcmp(protocol, "on") == 0 || strcmp(protocol, "any") == 0;
}

static bool optional_address(const char *text, struct address *address)
{
	*address = (struct address){ 0 };
	return *text == '\0' || (parse_address(text, false, address) && address->family == AF_INET);
}

static bool netmask(const char *text, struct address *address)
{
	struct address mask;
	unsigned first = address->bytes[0];

	if (!optional_address(text, &mask))
		return false;
	if (mask.family == 0) {
		/* Without a mask the kernel goes by the classes of old. */
		address->prefix = first < 128 ? 8 : first < 192 ? 16 : 24;
		return true;
	}
	address->prefix = 0;
	while (address->prefix < 32 && (mask.bytes[address->prefix / 8] & 0x80 >> address->prefix % 8) != 0)
		address->prefix++;
	return true;
}

bool kernel_ip_parse(char *text, struct kernel_ip *result)
{
	static char missing[] = "";
	char *fields[FIELDS], *rest = text;
	bool alone = strchr(text, ':') == NULL;

	*result = (struct kernel_ip){ .hostname = "", .device = "" };
	for (int i = 0; i < FIELDS; i++) {
		char *field = strsep(&rest, ":");
		fields[i] = field == NULL ? missing : field;
	}
	if (alone && (fields[CLIENT][0] < '0' || fields[CLIENT][0] > '9'))
		return result->dhcp = is_dhcp(fields[CLIENT]);
	result->hostname = fields[HOSTNAME];
	result->device = fields[DEVICE];
	if (!optional_address(fields[CLIENT], &result->address) || !netmask(fields[NETMASK], &result->address) ||
	    !optional_address(fields[GATEWAY], &result->gateway) ||
	    !optional_address(fields[NAME_SERVER_0], &result->name_servers[0]) ||
	    !optional_address(fields[NAME_SERVER_1], &result->name_servers[1]))
		return false;
	result->dhcp = result->address.family == 0;
	return result->address.family != 0 || is_dhcp(fields[PROTOCOL]);
}
