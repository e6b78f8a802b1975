#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "boot.h"
#include "conf_file.h"
#include "network.h"

static int network_command(void)
{
	static struct conf conf;

	if (!conf_read(CONF_PATH, &conf))
		return 1;
	network_configure(&conf);
	return 0;
}

/* For whoever writes such files by hand, or by a program: on any machine, without a boot. */
static int check_command(const char *path)
{
	static struct conf conf;

	return conf_read(path, &conf) ? 0 : 1;
}

static int usage(void)
{
	static const char text[] = "usage: init agent [--vsock PORT] [--serial NAME] [--stdio]\n"
				   "       init check FILE\n"
				   "       init network\n"
				   "       init vsock-connect CID PORT\n"
				   "       init version\n"
				   "Without arguments it is a machine's first process.\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	return 2;
}

int main(int argc, char **argv)
{
	const char *command = argc < 2 ? "" : argv[1];

	/* The kernel passes on words of its command line that it does not know; PID 1 has no subcommands. */
	if (getpid() == 1)
		boot(argv);
	if (strcmp(command, "agent") == 0)
		return agent_command(argc - 1, argv + 1);
	if (strcmp(command, "vsock-connect") == 0)
		return vsock_connect_command(argc - 1, argv + 1);
	if (strcmp(command, "check") == 0 && argc == 3)
		return check_command(argv[2]);
	if (strcmp(command, "network") == 0 && argc == 2)
		return network_command();
	if (strcmp(command, "version") == 0 && argc == 2)
		return puts("bootlayer-init " BOOTLAYER_VERSION) < 0;
	return usage();
}
