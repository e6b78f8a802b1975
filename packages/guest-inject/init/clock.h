/* Time since the kernel started, which no one sets. */
#ifndef CLOCK_H
#define CLOCK_H

long long clock_milliseconds(void);

/* For poll: how long until a moment, at least 0. */
int clock_until(long long moment);

#endif
