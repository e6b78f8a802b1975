#include "conf_rules.h"

static const char *put_network(struct conf *conf, const char *const *fields)
{
	static const char *const modes[] = { "none", "kernel", "dhcp", "static" };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(fields[0], modes[i]) == 0) {
			conf->network.mode = (enum network_mode)i;
			return NULL;
		}
	return "none of none, kernel, dhcp, static";
}

static const char *put_interface(struct conf *conf, const char *const *fields)
{
	conf->network.interface = fields[0];
	if (*fields[0] == '\0' || strlen(fields[0]) > 15 || strchr(fields[0], '/') != NULL || *fields[0] == '.')
		return "no interface's name";
	return NULL;
}

static const char *put_address(struct conf *conf, const char *const *fields)
{
	struct address address;

	if (!parse_address(fields[0], true, &address))
		return "not ADDRESS/PREFIX";
	APPEND(conf->network.addresses, conf->network.address_count, address);
	return NULL;
}

static const char *put_gateway(struct conf *conf, const char *const *fields)
{
	struct address address;

	if (!parse_address(fields[0], false, &address))
		return "not an address";
	APPEND(conf->network.gateways, conf->network.gateway_count, address);
	return NULL;
}

static const char *put_mtu(struct conf *conf, const char *const *fields)
{
	unsigned long long mtu;

	if (!record_number(fields[0], 65535, &mtu) || mtu < 68)
		return BAD_NUMBER;
	conf->network.mtu = (unsigned)mtu;
	return NULL;
}

static const char *put_resolv_conf(struct conf *conf, const char *const *fields)
{
	conf->resolv_conf = fields[0];
	return NULL;
}

const struct record_rule conf_network_rules[] = {
	{ "network", 1, false, put_network },
	{ "interface", 1, false, put_interface },
	{ "address", 1, true, put_address },
	{ "gateway", 1, true, put_gateway },
	{ "mtu", 1, false, put_mtu },
	{ "resolv-conf", 1, false, put_resolv_conf },
	{ 0 },
};
