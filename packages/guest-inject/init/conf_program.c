#include <sys/resource.h>

#include "conf_rules.h"
#include "conf_strings.h"

static const char *put_owner(const char *const *fields, uid_t *uid, gid_t *gid)
{
	unsigned long long user, group;

	/* 2^32 - 1 means "leave it as it is" to the kernel. */
	if (!record_number(fields[0], 0xfffffffe, &user) || !record_number(fields[1], 0xfffffffe, &group))
		return BAD_NUMBER;
	*uid = (uid_t)user;
	*gid = (gid_t)group;
	return NULL;
}

static const char *put_argv(struct conf *conf, const char *const *fields)
{
	return put_argument(&conf->program.argv, &conf->argc, fields[0]);
}

static const char *put_env(struct conf *conf, const char *const *fields)
{
	return put_variable(&conf->program.env, &conf->envc, fields[0]);
}

static const char *put_cwd(struct conf *conf, const char *const *fields)
{
	conf->program.cwd = fields[0];
	return is_path(fields[0]) ? NULL : BAD_PATH;
}

static const char *put_user(struct conf *conf, const char *const *fields)
{
	return put_owner(fields, &conf->program.uid, &conf->program.gid);
}

static const char *put_group(struct conf *conf, const char *const *fields)
{
	unsigned long long gid;

	if (!record_number(fields[0], 0xfffffffe, &gid))
		return BAD_NUMBER;
	APPEND(conf->program.groups, conf->program.group_count, (gid_t)gid);
	return NULL;
}

static bool parse_limit(const char *field, rlim_t *limit)
{
	unsigned long long value;

	*limit = RLIM_INFINITY;
	if (strcmp(field, "unlimited") == 0)
		return true;
	if (!record_number(field, RLIM_INFINITY - 1, &value))
		return false;
	*limit = value;
	return true;
}

static const char *put_limit(struct conf *conf, const char *const *fields)
{
	static const struct {
		const char *name;
		int resource;
	} known[] = {
		{ "as", RLIMIT_AS },           { "core", RLIMIT_CORE },     { "cpu", RLIMIT_CPU },
		{ "data", RLIMIT_DATA },       { "fsize", RLIMIT_FSIZE },   { "locks", RLIMIT_LOCKS },
		{ "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
		{ "nofile", RLIMIT_NOFILE },   { "nproc", RLIMIT_NPROC },   { "rss", RLIMIT_RSS },
		{ "rtprio", RLIMIT_RTPRIO },   { "sigpending", RLIMIT_SIGPENDING }, { "stack", RLIMIT_STACK },
	};
	struct limit limit = { .resource = -1 };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(fields[0], known[i].name) == 0)
			limit.resource = known[i].resource;
	if (limit.resource < 0)
		return "no such limit";
	if (!parse_limit(fields[1], &limit.value.rlim_cur) || !parse_limit(fields[2], &limit.value.rlim_max))
		return BAD_NUMBER;
	if (limit.value.rlim_cur > limit.value.rlim_max)
		return "a soft limit over the hard one";
	APPEND(conf->program.limits, conf->program.limit_count, limit);
	return NULL;
}

static const char *put_terminal(struct conf *conf, const char *const *fields)
{
	(void)fields;
	conf->terminal = true;
	return NULL;
}

static const char *put_stdin(struct conf *conf, const char *const *fields)
{
	conf->console_input = true;
	return strcmp(fields[0], "console") == 0 ? NULL : "not `console`";
}

static const char *put_stop_signal(struct conf *conf, const char *const *fields)
{
	unsigned long long number;

	if (!record_number(fields[0], 64, &number) || number == 0)
		return BAD_NUMBER;
	conf->stop_signal = (int)number;
	return NULL;
}

static const char *put_stop_timeout(struct conf *conf, const char *const *fields)
{
	unsigned long long seconds;

	if (!record_number(fields[0], 24 * 60 * 60, &seconds))
		return BAD_NUMBER;
	conf->stop_timeout = (unsigned)seconds;
	return NULL;
}

bool conf_exit_action(const char *text, enum exit_action *action)
{
	static const char *const names[] = { "power-off", "reboot", "halt" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0) {
			*action = (enum exit_action)i;
			return true;
		}
	return false;
}

static const char *put_on_exit(struct conf *conf, const char *const *fields)
{
	return conf_exit_action(fields[0], &conf->on_exit) ? NULL : "none of power-off, reboot, halt";
}

static const char *put_hand_over(struct conf *conf, const char *const *fields)
{
	conf->hand_over = fields[0];
	return is_path(fields[0]) ? NULL : BAD_PATH;
}

static const char *put_service(struct conf *conf, const char *const *fields)
{
	/* Each of them has a copy of the environment. */
	if (conf->service_count == CONF_MAX_SERVICES)
		return "too many services";
	APPEND(conf->services, conf->service_count, (struct service_request){ .name = fields[0], .program.cwd = "/" });
	return *fields[0] == '\0' ? "an empty name" : NULL;
}

static struct service_request *last_service(struct conf *conf)
{
	return conf->service_count == 0 ? NULL : &conf->services[conf->service_count - 1];
}

static const char no_service[] = "no service above it";

static const char *put_service_argv(struct conf *conf, const char *const *fields)
{
	struct service_request *service = last_service(conf);

	return service == NULL ? no_service : put_argument(&service->program.argv, &service->argc, fields[0]);
}

static const char *put_service_env(struct conf *conf, const char *const *fields)
{
	struct service_request *service = last_service(conf);

	return service == NULL ? no_service : put_variable(&service->program.env, &service->envc, fields[0]);
}

static const char *put_service_user(struct conf *conf, const char *const *fields)
{
	struct service_request *service = last_service(conf);

	return service == NULL ? no_service : put_owner(fields, &service->program.uid, &service->program.gid);
}

static const char *put_service_once(struct conf *conf, const char *const *fields)
{
	struct service_request *service = last_service(conf);

	(void)fields;
	if (service == NULL)
		return no_service;
	service->once = true;
	return NULL;
}

const struct record_rule conf_program_rules[] = {
	{ "argv", 1, true, put_argv },
	{ "env", 1, true, put_env },
	{ "cwd", 1, false, put_cwd },
	{ "user", 2, false, put_user },
	{ "group", 1, true, put_group },
	{ "limit", 3, true, put_limit },
	{ "terminal", 0, false, put_terminal },
	{ "stdin", 1, false, put_stdin },
	{ "stop-signal", 1, false, put_stop_signal },
	{ "stop-timeout", 1, false, put_stop_timeout },
	{ "on-exit", 1, false, put_on_exit },
	{ "hand-over", 1, false, put_hand_over },
	{ "service", 1, true, put_service },
	{ "service-argv", 1, true, put_service_argv },
	{ "service-env", 1, true, put_service_env },
	{ "service-user", 2, true, put_service_user },
	{ "service-once", 0, true, put_service_once },
	{ 0 },
};
