/* What init.conf says (init-conf.md), checked and with its defaults. */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "program.h"

#define CONF_PATH "/etc/bootlayer/init.conf"
#define CONF_MAX_BYTES (1024 * 1024)
#define CONF_MAX_SERVICES 64

enum exit_action { POWER_OFF, REBOOT, HALT };

struct mount_request {
	const char *device, *path, *type, *options;
};

struct tmpfs_request {
	const char *path;
	unsigned mode;
	const char *size; /* empty: the kernel's default, half of the memory */
};

enum overlay_kind { OVERLAY_NONE, OVERLAY_TMPFS, OVERLAY_DEVICE };

struct overlay_request {
	enum overlay_kind kind;
	const char *size;         /* of a tmpfs */
	const char *device, *type; /* or else */
};

enum network_mode { NETWORK_NONE, NETWORK_KERNEL, NETWORK_DHCP, NETWORK_STATIC };

struct network_request {
	enum network_mode mode;
	const char *interface; /* NULL: the first one */
	struct address *addresses, *gateways;
	size_t address_count, gateway_count;
	unsigned mtu; /* 0: as it is */
};

struct service_request {
	const char *name;
	struct program program;
	size_t argc, envc;
	bool once;
};

struct conf {
	struct program program; /* no argv where `hand_over` is set */
	size_t argc, envc;
	bool terminal, console_input;
	int stop_signal;
	unsigned stop_timeout; /* seconds */
	enum exit_action on_exit;
	const char *hand_over;
	const char *hostname;
	bool machine_id;
	const char **modules;
	size_t module_count;
	struct mount_request root; /* no device: the kernel has mounted it */
	struct overlay_request overlay;
	struct mount_request *mounts;
	size_t mount_count;
	struct tmpfs_request *tmpfs;
	size_t tmpfs_count;
	struct network_request network;
	const char *resolv_conf;
	unsigned agent_vsock;
	const char *agent_serial;
	struct service_request *services;
	size_t service_count;
};

struct conf_error {
	unsigned line; /* 0: the file as a whole */
	const char *record; /* its name, or NULL */
	const char *why;
};

/* Reads a file's bytes, which it changes and keeps pointing into. What is said twice, unknown or out of range is an error. */
bool conf_parse(char *bytes, size_t length, struct conf *conf, struct conf_error *error);

/* `power-off`, `reboot` or `halt`. */
bool conf_exit_action(const char *text, enum exit_action *action);

#endif
