#include "agent_reap.h"

#include <stdlib.h>
#include <sys/wait.h>

struct forgotten {
	struct forgotten *next;
	pid_t pid;
};

static struct forgotten *all;
static unsigned count;

unsigned reap_count(void)
{
	return count;
}

void reap_later(pid_t pid)
{
	struct forgotten *one = malloc(sizeof *one);
	if (!one)
		return; /* a zombie stays, which is the lesser evil */
	*one = (struct forgotten){ .next = all, .pid = pid };
	all = one;
	reap_forgotten();
}

void reap_forgotten(void)
{
	count++;
	for (struct forgotten **link = &all; *link;) {
		struct forgotten *one = *link;
		if (waitpid(one->pid, NULL, WNOHANG) == 0) {
			link = &one->next;
		} else {
			*link = one->next;
			free(one);
		}
	}
}
