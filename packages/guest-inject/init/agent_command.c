#include "agent.h"
#include "console.h"

#include <stdlib.h>
#include <string.h>

#include "records.h"

static const char usage[] = "usage: agent [--vsock PORT] [--serial NAME] [--stdio]";

int agent_command(int argc, char **argv)
{
	struct agent_options options = { .control = -1 };
	for (int i = 1; i < argc; i++) {
		unsigned long long port;
		if (strcmp(argv[i], "--stdio") == 0) {
			options.stdio = true;
		} else if (strcmp(argv[i], "--vsock") == 0 && i + 1 < argc && record_number(argv[i + 1], 0xfffffffe, &port) && port > 0) {
			options.vsock_port = (unsigned)port;
			i++;
		} else if (strcmp(argv[i], "--serial") == 0 && i + 1 < argc && argv[i + 1][0] != '\0') {
			options.serial_name = argv[++i];
		} else {
			console_warn("%s", usage);
			return 2;
		}
	}
	if (!options.stdio && !options.vsock_port && !options.serial_name) {
		console_warn("%s", usage);
		return 2;
	}
	agent_run(&options);
}
