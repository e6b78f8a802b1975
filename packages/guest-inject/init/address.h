/* An IPv4 or IPv6 address with the length of its prefix. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct address {
	int family; /* AF_INET or AF_INET6 */
	unsigned char bytes[16];
	unsigned prefix;
};

/* 4 or 16. */
size_t address_length(const struct address *address);

/* `10.0.2.15/24`, or without a prefix where none is wanted (it is then 32 or 128). */
bool parse_address(const char *text, bool with_prefix, struct address *address);

/* Room for what `format_address` writes, without the prefix. */
#define ADDRESS_TEXT 46
const char *format_address(const struct address *address, char text[ADDRESS_TEXT]);

#endif
