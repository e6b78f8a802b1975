import type { RealImageRecipe } from "../real-images/recipe.ts";
import { debianImageInputs, debianImageLayers, type DebianImage } from "./debian-image.ts";

const IMAGE: DebianImage = {
  name: "systemd",
  // What scripts of packages need.
  without:
    /^(adduser|dbus-session-bus-common|init-system-helpers|lib(file|number|text)-.*-perl|libgdbm.*|libperl.*|perl|perl-modules.*|usrmerge)$/,
  steps: [
    {
      packages: ["dbus", "systemd", "systemd-sysv", "udev"],
      // Accounts, links and files that the packages' scripts make; hwdb would take the guest a minute to compile.
      script: String.raw`
        add_user messagebus 101 /nonexistent /usr/sbin/nologin
        add_user systemd-journal 102 / /usr/sbin/nologin
        add_user systemd-network 998 / /usr/sbin/nologin
        add_user systemd-resolve 997 / /usr/sbin/nologin
        printf '%s:x:%s:\n' input 103 sgx 104 kvm 105 render 106 >> etc/group
        rm -rf usr/lib/udev/hwdb.d usr/lib/udev/hwdb.bin
        install -d -m 755 var var/lib/dbus etc/systemd/system
        ln -sf /lib/systemd/system/multi-user.target etc/systemd/system/default.target
      `,
    },
    {
      // As images of machines have it: nobody is asked anything on a console, services start only if an image enables them.
      script: String.raw`
        install -d -m 755 etc/systemd/{system,system-generators,system-preset,journald.conf.d}
        ln -s /dev/null etc/systemd/system-generators/systemd-getty-generator
        for unit in getty.target systemd-firstboot.service systemd-hwdb-update.service systemd-update-utmp.service \
          systemd-update-utmp-runlevel.service; do
          ln -s /dev/null etc/systemd/system/$unit
        done
        printf 'disable systemd-networkd.service\ndisable systemd-pstore.service\n' > etc/systemd/system-preset/50-image.preset
        echo 'disable *' > etc/systemd/system-preset/99-default-disable.preset
        printf '[Journal]\nStorage=volatile\n' > etc/systemd/journald.conf.d/volatile.conf
        echo '# The root comes from the kernel command line.' > etc/fstab
        echo systemd-image > etc/hostname
      `,
    },
  ],
};

/** A Debian whose init is systemd, with D-Bus and udev; reaches multi-user.target. It has no /etc/machine-id yet. */
export const systemd: RealImageRecipe = {
  name: IMAGE.name,
  config: {
    Cmd: ["/sbin/init"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    StopSignal: "SIGRTMIN+3",
  },
  inputs: async () => await debianImageInputs(IMAGE),
  build: (scratch) => debianImageLayers(IMAGE, scratch),
};
