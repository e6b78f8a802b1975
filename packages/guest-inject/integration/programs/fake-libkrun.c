/* libkrun.h's functions, as far as our script calls them: each prints what it is given. The one that $FAIL names fails. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t answer(const char *name) {
	const char *failing = getenv("FAIL");
	fflush(stdout);
	return failing && !strcmp(failing, name) ? -EINVAL : 0;
}

int32_t krun_create_ctx(void) {
	puts("krun_create_ctx");
	int32_t result = answer("krun_create_ctx");
	return result < 0 ? result : 41;
}

int32_t krun_set_vm_config(uint32_t context, uint8_t cpus, uint32_t memory) {
	printf("krun_set_vm_config %u %u %u\n", context, cpus, memory);
	return answer("krun_set_vm_config");
}

int32_t krun_add_disk(uint32_t context, const char *block, const char *path, bool read_only) {
	printf("krun_add_disk %u %s <%s> %d\n", context, block, path, read_only);
	return answer("krun_add_disk");
}

int32_t krun_set_kernel(uint32_t context, const char *kernel, uint32_t format, const char *initrd, const char *line) {
	printf("krun_set_kernel %u <%s> %u <%s> <%s>\n", context, kernel, format, initrd ? initrd : "NULL", line);
	return answer("krun_set_kernel");
}

int32_t krun_add_vsock_port2(uint32_t context, uint32_t port, const char *path, bool listen) {
	printf("krun_add_vsock_port2 %u %u <%s> %d\n", context, port, path, listen);
	return answer("krun_add_vsock_port2");
}

int32_t krun_start_enter(uint32_t context) {
	printf("krun_start_enter %u\n", context);
	int32_t result = answer("krun_start_enter");
	if (result == 0)
		exit(7);
	return result;
}
