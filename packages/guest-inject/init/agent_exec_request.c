#include "agent_exec_request.h"

#include "records.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char exec_no_memory[] = "no memory for one more program";

/* Later variables replace earlier ones of the same name. */
static void set_variable(char **env, char *variable)
{
	const char *equals = strchr(variable, '=');
	size_t name = equals ? (size_t)(equals - variable) + 1 : strlen(variable) + 1;
	for (; *env; env++)
		if (strncmp(*env, variable, name) == 0)
			break;
	*env = variable;
}

static size_t count_strings(char **strings)
{
	size_t count = 0;
	while (strings && strings[count])
		count++;
	return count;
}

static bool read_id(const char *field, uid_t *id)
{
	unsigned long long value;
	/* The last number means "no change" to the kernel. */
	if (!field || !record_number(field, UINT32_MAX - 1, &value))
		return false;
	*id = (uid_t)value;
	return true;
}

static bool read_size(const char *field, unsigned short *size)
{
	unsigned long long value;
	if (!field || !record_number(field, UINT16_MAX, &value))
		return false;
	*size = (unsigned short)value;
	return true;
}

struct counts {
	size_t argv, groups;
	bool user;
};

static const char *take_record(struct exec_request *request, struct counts *counts, const struct record *record)
{
	struct program *program = &request->program;
	/* The same place, which may be written to: fields point into the text. */
	char *first = record->count > 0 ? request->text + (record->fields[0] - request->text) : NULL;
	size_t fields = 1;

	if (strcmp(record->name, "argv") == 0 && first) {
		program->argv[counts->argv++] = first;
	} else if (strcmp(record->name, "env") == 0 && first) {
		if (*first == '=' || !strchr(first, '='))
			return "a variable without a name";
		set_variable(program->env, first);
	} else if (strcmp(record->name, "cwd") == 0 && first) {
		program->cwd = first;
	} else if (strcmp(record->name, "user") == 0) {
		fields = 2;
		if (!read_id(first, &program->uid) || !read_id(record->fields[1], &program->gid))
			return "a user that is no two numbers";
		counts->user = true;
	} else if (strcmp(record->name, "group") == 0) {
		if (!read_id(first, &program->groups[counts->groups++]))
			return "a group that is no number";
	} else if (strcmp(record->name, "terminal") == 0) {
		fields = 2;
		if (!read_size(first, &request->rows) || !read_size(record->fields[1], &request->columns))
			return "a terminal without rows and columns";
		request->terminal = true;
	} else if (strcmp(record->name, "stdin") == 0) {
		fields = 0;
		request->sends_input = true;
	} else {
		return "a record that exec does not have";
	}
	return record->count == fields ? NULL : "a record with other fields than it has";
}

const char *read_exec_request(struct exec_request *request, const struct program *defaults, const unsigned char *payload, size_t length)
{
	struct program *program = &request->program;
	struct counts counts = { 0 };
	size_t inherited = count_strings(defaults->env), lines = 0;

	memset(request, 0, sizeof *request);
	for (size_t i = 0; i < length; i++)
		lines += payload[i] == '\n';
	*program = *defaults;
	request->text = malloc(length + 1);
	program->argv = calloc(lines + 1, sizeof *program->argv);
	program->env = calloc(inherited + lines + 1, sizeof *program->env);
	program->groups = calloc(lines + 1, sizeof *program->groups);
	if (!request->text || !program->argv || !program->env || !program->groups)
		return exec_no_memory;
	if (length > 0)
		memcpy(request->text, payload, length);
	if (inherited > 0)
		memcpy(program->env, defaults->env, inherited * sizeof *program->env);

	struct record_reader reader;
	struct record record;
	enum record_result result;
	records_open(&reader, request->text, length);
	while ((result = records_next(&reader, &record)) == RECORD_READ) {
		const char *problem = take_record(request, &counts, &record);
		if (problem)
			return problem;
	}
	if (result == RECORD_MALFORMED)
		return "a malformed record";
	if (counts.argv == 0)
		return "an exec without argv";
	/* Another user does not keep the main program's supplementary groups. */
	if (counts.groups > 0 || counts.user) {
		program->group_count = counts.groups;
	} else if (defaults->group_count > 0) {
		gid_t *groups = realloc(program->groups, defaults->group_count * sizeof *groups);
		if (!groups)
			return exec_no_memory;
		memcpy(groups, defaults->groups, defaults->group_count * sizeof *groups);
		program->groups = groups;
	}
	return NULL;
}

void exec_request_free(struct exec_request *request)
{
	free(request->text);
	free(request->program.argv);
	free(request->program.env);
	free(request->program.groups);
}
