/* A layer to write to, over a root that stays as it is. */
#ifndef OVERLAY_H
#define OVERLAY_H

#include <stdbool.h>

#include "conf.h"

/* Where the init puts together a new root: a directory that is there in every image and initrd, for init.conf lies in it. */
#define STAGE "/etc/bootlayer"
#define STAGE_LOWER STAGE "/lower"
#define STAGE_UPPER STAGE "/upper"
#define STAGE_MERGED STAGE "/merged"

/* Mounts memory over the stage, with the three directories in it. False, having said why. */
bool stage_prepare(void);

/* Mounts the merged root, of `lower` and of what is asked for. False, having said why. */
bool overlay_mount(const char *lower, const struct overlay_request *request);

/* At the end, when nothing writes any more: makes the disks below an overlay read-only, so that they are clean. */
void overlay_settle(void);

#endif
