/** Where things lie in a guest. init/init-conf.md and the kernel's command line name these too. */
export const guestPaths = {
  init: "/usr/lib/bootlayer/init",
  conf: "/etc/bootlayer/init.conf",
} as const;
