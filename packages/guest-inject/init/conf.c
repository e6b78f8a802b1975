#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include "conf_rules.h"
#include "conf_strings.h"
#include "records.h"

static const char *check_program(const struct conf *conf)
{
	if (conf->hand_over != NULL)
		return conf->argc == 0 ? NULL : "both argv and hand-over";
	if (conf->argc == 0)
		return "neither argv nor hand-over";
	return NULL;
}

static const char *check_services(const struct conf *conf)
{
	for (size_t i = 0; i < conf->service_count; i++)
		if (conf->services[i].argc == 0)
			return "a service without service-argv";
	return NULL;
}

static const char *check_network(const struct network_request *network)
{
	if (network->mode == NETWORK_STATIC && network->address_count == 0)
		return "network static without an address";
	if (network->mode != NETWORK_STATIC && (network->address_count > 0 || network->gateway_count > 0))
		return "an address or gateway without network static";
	return NULL;
}

/* A service has the main program's environment below its own. */
static bool inherit_environment(const struct conf *conf, struct service_request *service)
{
	char **own = service->program.env, **merged = NULL;
	size_t count = 0;

	for (size_t i = 0; i < conf->envc; i++)
		if (put_variable(&merged, &count, conf->program.env[i]) != NULL)
			return false;
	for (size_t i = 0; i < service->envc; i++)
		if (put_variable(&merged, &count, own[i]) != NULL)
			return false;
	free(own);
	service->program.env = merged;
	service->envc = count;
	return true;
}

/* An empty environment is one too: execve wants its NULL. */
static bool complete(struct conf *conf)
{
	static char *none[] = { NULL };

	if (conf->program.env == NULL)
		conf->program.env = none;
	for (size_t i = 0; i < conf->service_count; i++) {
		struct service_request *service = &conf->services[i];

		if (!inherit_environment(conf, service))
			return false;
		if (service->program.env == NULL)
			service->program.env = none;
	}
	return true;
}

/* NULL, or why the record is refused. `seen` has a bit for each rule, over all lists. */
static const char *apply(struct conf *conf, const struct record *record, unsigned long long *seen)
{
	const struct record_rule *const lists[] = { conf_program_rules, conf_machine_rules, conf_network_rules };
	unsigned long long bit = 1;

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const struct record_rule *rule = lists[i]; rule->name != NULL; rule++, bit <<= 1) {
			if (strcmp(record->name, rule->name) != 0)
				continue;
			if (record->count != rule->fields)
				return "too few or too many fields";
			if (!rule->many && (*seen & bit) != 0)
				return "a second one";
			*seen |= bit;
			return rule->apply(conf, record->fields);
		}
	return "unknown";
}

bool conf_parse(char *bytes, size_t length, struct conf *conf, struct conf_error *error)
{
	struct record_reader reader;
	struct record record;
	enum record_result result;
	unsigned long long seen = 0;

	*conf = (struct conf){ .program.cwd = "/", .stop_signal = 15, .stop_timeout = 10 };
	*error = (struct conf_error){ 0 };
	if (length > CONF_MAX_BYTES) {
		error->why = "it is over 1 MiB";
		return false;
	}
	records_open(&reader, bytes, length);
	result = records_next(&reader, &record);
	if (result != RECORD_READ || reader.line != 1 || strcmp(record.name, "bootlayer-init") != 0 || record.count != 1) {
		error->why = "its first line is not `bootlayer-init 1`";
		return false;
	}
	if (strcmp(record.fields[0], "1") != 0) {
		error->why = "its version is not 1, which is all that this init knows";
		return false;
	}
	while ((result = records_next(&reader, &record)) == RECORD_READ) {
		error->line = reader.line;
		error->record = record.name;
		error->why = apply(conf, &record, &seen);
		if (error->why != NULL)
			return false;
	}
	*error = (struct conf_error){ 0 };
	if (result == RECORD_MALFORMED) {
		error->line = reader.line;
		error->why = "no record: a byte or an escape that may not be there, or no end of line";
		return false;
	}
	error->why = check_program(conf);
	if (error->why == NULL)
		error->why = check_services(conf);
	if (error->why == NULL)
		error->why = check_network(&conf->network);
	if (error->why == NULL && !complete(conf))
		error->why = "no memory";
	return error->why == NULL;
}
