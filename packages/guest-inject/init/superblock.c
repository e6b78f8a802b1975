#include "superblock.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t little_endian(const unsigned char *bytes, int count)
{
	uint32_t value = 0;

	while (count-- > 0)
		value = value << 8 | bytes[count];
	return value;
}

static void take_names(struct superblock *found, const unsigned char uuid[16], const unsigned char label[16])
{
	char *out = found->uuid;

	for (int i = 0; i < 16; i++) {
		bool hyphen = i == 4 || i == 6 || i == 8 || i == 10;

		out += snprintf(out, (size_t)(found->uuid + sizeof found->uuid - out), "%s%02x", hyphen ? "-" : "", uuid[i]);
	}
	memcpy(found->label, label, 16);
}

void superblock_probe(const unsigned char bytes[SUPERBLOCK_BYTES], struct superblock *found)
{
	/* ext4 and EROFS leave room for a boot sector. */
	const unsigned char *second = bytes + 1024;

	*found = (struct superblock){ 0 };
	if (little_endian(second + 0x38, 2) == 0xef53) {
		found->type = "ext4";
		take_names(found, second + 0x68, second + 0x78);
	} else if (little_endian(second, 4) == 0xe0f5e1e2) {
		found->type = "erofs";
		take_names(found, second + 48, second + 64);
	} else if (little_endian(bytes, 4) == 0x73717368) {
		found->type = "squashfs"; /* it has no name of its own */
	}
}
