#include "conf_rules.h"

/* As tmpfs takes it: nothing, or a number that may be of kibibytes and so on, or of hundredths of the memory. */
static bool is_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return *text == '\0' || (digits > 0 && digits < 20 && (text[digits] == '\0' ||
		(strchr("kKmMgG%", text[digits]) != NULL && text[digits + 1] == '\0')));
}

static const char *put_hostname(struct conf *conf, const char *const *fields)
{
	conf->hostname = fields[0];
	return *fields[0] == '\0' ? "an empty name" : NULL;
}

static const char *put_machine_id(struct conf *conf, const char *const *fields)
{
	(void)fields;
	conf->machine_id = true;
	return NULL;
}

static const char *put_module(struct conf *conf, const char *const *fields)
{
	APPEND(conf->modules, conf->module_count, fields[0]);
	return is_path(fields[0]) ? NULL : BAD_PATH;
}

static const char *put_root(struct conf *conf, const char *const *fields)
{
	static const char *const known[] = { "ext4", "squashfs", "erofs", "auto" };

	if (*fields[0] == '\0')
		return "no device";
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(fields[1], known[i]) == 0) {
			conf->root = (struct mount_request){ fields[0], "/", fields[1], fields[2] };
			return NULL;
		}
	return "none of ext4, squashfs, erofs, auto";
}

static const char *put_overlay(struct conf *conf, const char *const *fields)
{
	if (conf->overlay.kind != OVERLAY_NONE)
		return "a second overlay";
	conf->overlay = (struct overlay_request){ .kind = OVERLAY_TMPFS, .size = fields[1] };
	if (strcmp(fields[0], "tmpfs") != 0)
		return "not `tmpfs`";
	return is_size(fields[1]) ? NULL : BAD_NUMBER;
}

static const char *put_overlay_device(struct conf *conf, const char *const *fields)
{
	if (conf->overlay.kind != OVERLAY_NONE)
		return "a second overlay";
	conf->overlay = (struct overlay_request){ .kind = OVERLAY_DEVICE, .device = fields[0], .type = fields[1] };
	return *fields[0] == '\0' || *fields[1] == '\0' ? "no device or no type" : NULL;
}

static const char *put_mount(struct conf *conf, const char *const *fields)
{
	APPEND(conf->mounts, conf->mount_count, (struct mount_request){ fields[0], fields[1], fields[2], fields[3] });
	return is_path(fields[1]) ? NULL : BAD_PATH;
}

static const char *put_tmpfs(struct conf *conf, const char *const *fields)
{
	struct tmpfs_request request = { .path = fields[0], .size = fields[2] };

	if (!record_mode(fields[1], &request.mode) || !is_size(request.size))
		return BAD_NUMBER;
	APPEND(conf->tmpfs, conf->tmpfs_count, request);
	return is_path(fields[0]) ? NULL : BAD_PATH;
}

static const char *put_agent_vsock(struct conf *conf, const char *const *fields)
{
	unsigned long long port;

	if (!record_number(fields[0], 0xfffffffe, &port) || port == 0)
		return BAD_NUMBER;
	conf->agent_vsock = (unsigned)port;
	return NULL;
}

static const char *put_agent_serial(struct conf *conf, const char *const *fields)
{
	conf->agent_serial = fields[0];
	return *fields[0] == '\0' || strchr(fields[0], '/') != NULL ? "no port's name" : NULL;
}

const struct record_rule conf_machine_rules[] = {
	{ "hostname", 1, false, put_hostname },
	{ "machine-id", 0, false, put_machine_id },
	{ "module", 1, true, put_module },
	{ "root", 3, false, put_root },
	{ "overlay", 2, false, put_overlay },
	{ "overlay-device", 2, false, put_overlay_device },
	{ "mount", 4, true, put_mount },
	{ "tmpfs", 3, true, put_tmpfs },
	{ "agent-vsock", 1, false, put_agent_vsock },
	{ "agent-serial", 1, false, put_agent_serial },
	{ 0 },
};
