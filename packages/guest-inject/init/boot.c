#include "boot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent.h"
#include "child.h"
#include "cmdline.h"
#include "conf.h"
#include "conf_file.h"
#include "console.h"
#include "etc_file.h"
#include "files.h"
#include "modules.h"
#include "mounts.h"
#include "network.h"
#include "root.h"
#include "shutdown.h"
#include "supervise.h"

/* The program could not even be tried: the mark that the host waits for, and the end. */
static void __attribute__((noreturn)) give_up(enum exit_action action)
{
	char wish[32];

	if (cmdline_value("bootlayer.exit", wish, sizeof wish))
		conf_exit_action(wish, &action);
	console_mark("exit 127");
	shutdown_machine(action);
}

/* What container runtimes set too: a program that is not root may listen on port 80 and send pings. Kernels without a network have neither. */
static void set_container_defaults(void)
{
	struct rlimit files = { 1024, 524288 };

	write_existing("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	write_existing("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	/* The kernel's own hard limit of 4096 files is too few for servers. */
	setrlimit(RLIMIT_NOFILE, &files);
}

static void set_hostname(const char *name)
{
	if (name != NULL && sethostname(name, strlen(name)) != 0)
		console_warn("cannot set the host name %s: %s", name, strerror(errno));
}

/* Another init takes PID 1 over. The agent stays beside it, as a process that it did not start. */
static void hand_over(const struct conf *conf, char **argv)
{
	sigset_t none;

	if (conf->service_count > 0)
		console_warn("services are not started where %s is the init", conf->hand_over);
	if ((conf->agent_vsock != 0 || conf->agent_serial != NULL) && child_fork("bootlayer-agent", -1) == 0)
		agent_run(&(struct agent_options){ .vsock_port = conf->agent_vsock, .serial_name = conf->agent_serial, .control = -1 });
	console_flush(2000);
	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	argv[0] = (char *)conf->hand_over;
	execv(conf->hand_over, argv);
	console_mark("failed cannot execute %s: %s", conf->hand_over, strerror(errno));
}

void boot(char **argv)
{
	struct conf conf;

	supervise_signals();
	mounts_early();
	console_open();
	/* Ctrl-Alt-Del comes as a signal instead of a reset. */
	reboot(RB_DISABLE_CAD);
	if (!conf_read(CONF_PATH, &conf))
		give_up(POWER_OFF);
	modules_load(conf.modules, conf.module_count);
	if (!root_enter(&conf))
		give_up(conf.on_exit);
	/* A root without /dev or /proc has them by now. */
	mounts_early();
	if (!isatty(console_fd()))
		console_open();
	mounts_report_early();
	if (conf.hand_over == NULL) {
		mounts_base();
		set_container_defaults();
	}
	mounts_requested(&conf);
	set_hostname(conf.hostname);
	if (conf.machine_id)
		machine_id_write();
	network_configure(&conf);
	if (conf.hand_over != NULL) {
		hand_over(&conf, argv);
		give_up(conf.on_exit);
	}
	shutdown_machine(supervise(&conf));
}
