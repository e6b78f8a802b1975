#include "interfaces.h"

#include <dirent.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console.h"

enum { WAIT_MILLISECONDS = 5000, STEP_MILLISECONDS = 20 };

static bool is_passed_over(const char *name)
{
	static const char *const prefixes[] = { "lo", "sit", "dummy", "bond", "ip6tnl" };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool ask(int fd, unsigned long question, struct ifreq *request, const char *name)
{
	memset(request, 0, sizeof *request);
	snprintf(request->ifr_name, sizeof request->ifr_name, "%s", name);
	return ioctl(fd, (int)question, request) == 0;
}

/* False if there is no such interface, or it is not asked for by name and no Ethernet. */
static bool examine(const char *name, bool by_name, struct interface *found)
{
	struct ifreq request;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool fits = false;

	*found = (struct interface){ 0 };
	if (fd < 0)
		return false;
	if (strlen(name) < sizeof found->name && ask(fd, SIOCGIFHWADDR, &request, name)) {
		fits = by_name || request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
		snprintf(found->name, sizeof found->name, "%s", name);
		memcpy(found->hardware, request.ifr_hwaddr.sa_data, sizeof found->hardware);
		found->index = if_nametoindex(name);
		found->has_ipv4 = ask(fd, SIOCGIFADDR, &request, name);
	}
	close(fd);
	return fits;
}

/* Names in /sys come in no order; the index is that of appearance. */
static bool first_ethernet(struct interface *found)
{
	struct interface candidate;
	struct dirent *entry;
	DIR *all = opendir("/sys/class/net");

	*found = (struct interface){ 0 };
	while (all != NULL && (entry = readdir(all)) != NULL) {
		if (entry->d_name[0] == '.' || is_passed_over(entry->d_name) || !examine(entry->d_name, false, &candidate))
			continue;
		if (found->index == 0 || candidate.index < found->index)
			*found = candidate;
	}
	if (all != NULL)
		closedir(all);
	return found->index != 0;
}

static void warn_missing(const char *name)
{
	char names[256] = "";
	size_t used = 0;
	struct dirent *entry;
	DIR *all = opendir("/sys/class/net");

	while (all != NULL && (entry = readdir(all)) != NULL)
		if (entry->d_name[0] != '.' && used + strlen(entry->d_name) + 2 < sizeof names)
			used += (size_t)snprintf(names + used, sizeof names - used, " %s", entry->d_name);
	if (all != NULL)
		closedir(all);
	console_warn("no network interface%s%s within %d s; there are:%s", name == NULL ? "" : " ", name == NULL ? "" : name,
		     WAIT_MILLISECONDS / 1000, names);
}

bool interface_find(const char *name, struct interface *found)
{
	for (int waited = 0;; waited += STEP_MILLISECONDS) {
		if (name == NULL ? first_ethernet(found) : examine(name, true, found))
			return true;
		if (waited >= WAIT_MILLISECONDS)
			break;
		usleep(STEP_MILLISECONDS * 1000);
	}
	warn_missing(name);
	return false;
}
