#include "conf_file.h"

#include <errno.h>
#include <string.h>

#include "console.h"
#include "files.h"

bool conf_read(const char *path, struct conf *conf)
{
	struct conf_error error;
	size_t length;
	char *bytes = read_file(path, CONF_MAX_BYTES, &length);

	if (bytes == NULL) {
		console_mark("failed cannot read %s: %s", path, strerror(errno));
		return false;
	}
	/* The bytes stay: what is read from them points there. */
	if (conf_parse(bytes, length, conf, &error))
		return true;
	if (error.line == 0)
		console_mark("failed %s: %s", path, error.why);
	else if (error.record == NULL)
		console_mark("failed %s, line %u: %s", path, error.line, error.why);
	else
		console_mark("failed %s, line %u, %s: %s", path, error.line, error.record, error.why);
	return false;
}
