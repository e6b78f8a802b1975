/* What the first bytes of a disk say of the file system on it. */
#ifndef SUPERBLOCK_H
#define SUPERBLOCK_H

#include <stdbool.h>
#include <stddef.h>

#define SUPERBLOCK_BYTES 2048 /* of the disk's start, which is where all of them lie */

struct superblock {
	const char *type;  /* ext4 (that driver reads ext2 and ext3 too), squashfs or erofs; NULL: none of these */
	char uuid[37];     /* lower case, with hyphens; empty: it has none */
	char label[17];
};

void superblock_probe(const unsigned char bytes[SUPERBLOCK_BYTES], struct superblock *found);

#endif
