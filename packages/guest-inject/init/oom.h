/* How often the kernel has killed a process for lack of memory since it started; 0 where it does not say. */
#ifndef OOM_H
#define OOM_H

unsigned long long oom_kills(void);

#endif
