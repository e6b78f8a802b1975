#include "address.h"

#include <arpa/inet.h>
#include <string.h>

#include "records.h"

size_t address_length(const struct address *address)
{
	return address->family == AF_INET ? 4 : 16;
}

bool parse_address(const char *text, bool with_prefix, struct address *address)
{
	char host[ADDRESS_TEXT];
	const char *slash = strchr(text, '/');
	size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
	unsigned long long prefix;

	if (length >= sizeof host || (slash != NULL) != with_prefix)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	*address = (struct address){ .family = strchr(host, ':') == NULL ? AF_INET : AF_INET6 };
	if (inet_pton(address->family, host, address->bytes) != 1)
		return false;
	prefix = address_length(address) * 8;
	if (slash != NULL && !record_number(slash + 1, prefix, &prefix))
		return false;
	address->prefix = (unsigned)prefix;
	return true;
}

const char *format_address(const struct address *address, char text[ADDRESS_TEXT])
{
	return inet_ntop(address->family, address->bytes, text, ADDRESS_TEXT) == NULL ? "?" : text;
}
