#include "network.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmdline.h"
#include "console.h"
#include "dhcp.h"
#include "etc_file.h"
#include "files.h"
#include "interfaces.h"
#include "kernel_ip.h"
#include "netlink.h"

static void warn(const char *what, const char *subject)
{
	console_warn("network: cannot %s %s: %s", what, subject, strerror(errno));
}

static void add_address(const struct interface *interface, const struct address *address)
{
	char text[ADDRESS_TEXT];

	if (address_add(interface->index, address) != 0)
		warn("add the address", format_address(address, text));
}

static void add_default_route(const struct interface *interface, const struct address *gateway)
{
	char text[ADDRESS_TEXT];
	struct address everywhere = { .family = gateway->family };

	if (route_add(interface->index, &everywhere, gateway) != 0)
		warn("route by the gateway", format_address(gateway, text));
}

static void configure_dhcp(const struct conf *conf, const struct interface *interface)
{
	struct dhcp_interface dhcp = {
		.index = interface->index,
		.name = interface->name,
		.hostname = conf->hostname,
		.mtu = conf->network.mtu,
		.write_resolv_conf = conf->resolv_conf == NULL,
	};

	memcpy(dhcp.hardware, interface->hardware, sizeof dhcp.hardware);
	dhcp_configure(&dhcp);
}

static void configure_static(const struct network_request *network, const struct interface *interface)
{
	for (size_t i = 0; i < network->address_count; i++)
		add_address(interface, &network->addresses[i]);
	for (size_t i = 0; i < network->gateway_count; i++)
		add_default_route(interface, &network->gateways[i]);
}

/* What the kernel learned of name servers lies in /proc/net/pnp, in the words of resolv.conf. */
static void use_kernel_answers(void)
{
	const char *servers[4] = { NULL }, *domain = NULL;
	size_t count = 0, length;
	char *text = read_file("/proc/net/pnp", 4096, &length);

	for (char *rest = text, *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		if (strncmp(line, "nameserver ", 11) == 0 && strcmp(line + 11, "0.0.0.0") != 0 && count < 3)
			servers[count++] = line + 11;
		else if (strncmp(line, "domain ", 7) == 0)
			domain = line + 7;
	}
	resolv_conf_write(servers, domain);
	free(text);
}

static void configure_by_command_line(const struct conf *conf, const struct interface *interface, const struct kernel_ip *ip)
{
	const char *servers[3] = { NULL };
	char texts[2][ADDRESS_TEXT];
	size_t count = 0;

	if (ip->dhcp) {
		configure_dhcp(conf, interface);
		return;
	}
	add_address(interface, &ip->address);
	if (ip->gateway.family != 0)
		add_default_route(interface, &ip->gateway);
	if (conf->hostname == NULL && *ip->hostname != '\0' && sethostname(ip->hostname, strlen(ip->hostname)) != 0)
		warn("set the host name", ip->hostname);
	for (size_t i = 0; i < 2; i++)
		if (ip->name_servers[i].family != 0) {
			servers[count] = format_address(&ip->name_servers[i], texts[count]);
			count++;
		}
	if (conf->resolv_conf == NULL)
		resolv_conf_write(servers, NULL);
}

static void configure_interface(const struct conf *conf)
{
	const struct network_request *network = &conf->network;
	struct interface interface;
	struct kernel_ip ip = { .device = "" };
	char text[512];
	const char *name = network->interface;
	bool by_kernel = network->mode == NETWORK_KERNEL;
	bool asked = by_kernel && cmdline_value("ip", text, sizeof text) && kernel_ip_parse(text, &ip);

	if (name == NULL && *ip.device != '\0')
		name = ip.device;
	if (!interface_find(name, &interface))
		return;
	if (link_up(interface.index, network->mtu) != 0)
		warn("set up", interface.name);
	if (by_kernel && interface.has_ipv4) {
		if (conf->resolv_conf == NULL)
			use_kernel_answers();
	} else if (asked) {
		configure_by_command_line(conf, &interface, &ip);
	} else if (by_kernel) {
		console_warn("network: the kernel's command line has no ip= that could be used");
	} else if (network->mode == NETWORK_DHCP) {
		configure_dhcp(conf, &interface);
	} else {
		configure_static(network, &interface);
	}
}

void network_configure(const struct conf *conf)
{
	unsigned loopback = if_nametoindex("lo");

	/* The kernel gives it its addresses. */
	if (loopback != 0 && link_up(loopback, 0) != 0)
		warn("set up", "lo");
	if (conf->resolv_conf != NULL)
		etc_file_write("/etc/resolv.conf", conf->resolv_conf, strlen(conf->resolv_conf));
	if (conf->network.mode != NETWORK_NONE)
		configure_interface(conf);
}
