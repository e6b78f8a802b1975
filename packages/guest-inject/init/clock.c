#include "clock.h"

#include <limits.h>
#include <time.h>

long long clock_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int clock_until(long long moment)
{
	long long left = moment - clock_milliseconds();

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}
