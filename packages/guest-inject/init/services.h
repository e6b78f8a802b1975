/* Programs beside the main one: started before it, and again when they end. */
#ifndef SERVICES_H
#define SERVICES_H

#include <stdbool.h>
#include <sys/types.h>

#include "conf.h"

/* False if there is no memory for them. */
bool services_start(const struct conf *conf);

/* True if the process was a service; it is started again later. */
bool services_reaped(pid_t pid, int status);

/* When the next one is due, or -1; `services_tick` starts those that are. */
long long services_due(void);
void services_tick(void);

/* From now on none is started again. */
void services_give_up(void);

/* `exit 3` or `signal 9`, for messages. */
const char *describe_status(int status, char text[32]);

#endif
