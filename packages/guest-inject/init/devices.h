/* Block devices, named by path or by what is on them. */
#ifndef DEVICES_H
#define DEVICES_H

#include <stdbool.h>
#include <stddef.h>

/* Turns `/dev/vda`, `UUID=…`, `LABEL=…` or `TYPE=squashfs` (the first such disk by name) into a path, after waiting up to 10 s for it; other text (a tag of virtiofs, `tmpfs`) stays as it
 * is. False, with a warning that names the devices there are, if it did not appear. */
bool device_find(const char *device, char *path, size_t size);

/* The type of the file system there, for mount(2); NULL if it is none that is known. */
const char *device_file_system(const char *path);

#endif
