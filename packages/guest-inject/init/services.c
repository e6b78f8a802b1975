#include "services.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "clock.h"
#include "console.h"
#include "relay.h"

enum { FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000, LONG_RUN = 60000 };

static struct service {
	const struct service_request *request;
	pid_t pid;           /* 0: it does not run */
	long long started;
	long long due;       /* -1: not to be started again */
	int pause;
} *services;
static size_t service_count;

const char *describe_status(int status, char text[32])
{
	if (WIFSIGNALED(status))
		snprintf(text, 32, "signal %d", WTERMSIG(status));
	else
		snprintf(text, 32, "exit %d", WEXITSTATUS(status));
	return text;
}

/* 1, 2, 4 … 30 s after one end and the next; one that ran for a minute begins anew. */
static void plan_restart(struct service *service)
{
	service->pid = 0;
	service->due = -1;
	if (service->request->once)
		return;
	if (clock_milliseconds() - service->started >= LONG_RUN)
		service->pause = FIRST_PAUSE;
	service->due = clock_milliseconds() + service->pause;
	service->pause = service->pause * 2 > LONGEST_PAUSE ? LONGEST_PAUSE : service->pause * 2;
}

static void start(struct service *service)
{
	const struct service_request *request = service->request;
	struct start_error error = { .step = "pipe" };
	struct stdio stdio;

	service->due = -1;
	service->started = clock_milliseconds();
	bool opened = relay_open(&request->program, false, false, &stdio);
	if (!opened)
		error.number = errno;
	pid_t pid = opened ? start_program(&request->program, &stdio, &error) : -1;
	relay_started(&stdio);
	if (pid > 0) {
		service->pid = pid;
		return;
	}
	console_warn("service %s did not start: %s: %s: %s", request->name, request->program.argv[0], error.step,
		     start_reason(&error, &request->program));
	plan_restart(service);
}

bool services_start(const struct conf *conf)
{
	service_count = conf->service_count;
	services = calloc(service_count + 1, sizeof *services);
	if (services == NULL)
		return false;
	for (size_t i = 0; i < service_count; i++) {
		services[i] = (struct service){ .request = &conf->services[i], .due = -1, .pause = FIRST_PAUSE };
		start(&services[i]);
	}
	return true;
}

bool services_reaped(pid_t pid, int status)
{
	char text[32];

	for (size_t i = 0; i < service_count; i++) {
		if (services[i].pid != pid)
			continue;
		bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		plan_restart(&services[i]);
		if (!well || services[i].due >= 0)
			console_warn("service %s ended: %s", services[i].request->name, describe_status(status, text));
		return true;
	}
	return false;
}

long long services_due(void)
{
	long long next = -1;

	for (size_t i = 0; i < service_count; i++)
		if (services[i].due >= 0 && (next < 0 || services[i].due < next))
			next = services[i].due;
	return next;
}

void services_tick(void)
{
	for (size_t i = 0; i < service_count; i++)
		if (services[i].due >= 0 && services[i].due <= clock_milliseconds())
			start(&services[i]);
}

void services_give_up(void)
{
	service_count = 0;
}
