#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "console.h"

static const char *reason(int error)
{
	switch (error) {
	case ENOENT:
		/* Of the file, or of a symbol that another module should have brought. */
		return "not there, or a module that it needs is not loaded";
	case ENOEXEC:
		return "not a module of this kernel, or compressed";
	case ENOSYS:
		return "this kernel loads no modules";
	default:
		return strerror(error);
	}
}

void modules_load(const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
			console_warn("cannot load module %s: %s", paths[i], reason(errno));
		if (fd >= 0)
			close(fd);
	}
}
