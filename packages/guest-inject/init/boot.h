/* The init proper: what PID 1 does, in order. */
#ifndef BOOT_H
#define BOOT_H

void boot(char **argv) __attribute__((noreturn));

#endif
