/* Files of /etc that only the running machine knows. */
#ifndef ETC_FILE_H
#define ETC_FILE_H

#include <stddef.h>

/* Writes a file, by its symbolic link if it is one that leads somewhere; a link that dangles is replaced. Where it cannot be written, a copy
 * in /run is mounted over it. A failure is a warning. */
void etc_file_write(const char *path, const char *text, size_t length);

/* `/etc/machine-id`: 128 random bits, unless there is one. */
void machine_id_write(void);

/* `/etc/resolv.conf` of up to three name servers (addresses, each ended by NULL in the list) and a domain, which may be NULL. Nothing is
 * written where there is neither. */
void resolv_conf_write(const char *const *servers, const char *domain);

#endif
