#!/bin/sh
# Builds bootlayer-init-amd64 and bootlayer-init-arm64 into the directory given, or else beside this script. The same sources, compilers and libc
# give the same bytes: README.md says which.
set -eu

out=$(realpath "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
cache=${BOOTLAYER_CACHE:-$PWD/../../../.cache}/musl
mkdir -p "$cache"
work=$(mktemp -d "$cache/build-XXXXXX")
trap 'rm -rf "$work"' EXIT

# What is written into the binaries depends on these lines alone, not on the environment.
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
unset CFLAGS CPPFLAGS LDFLAGS CPATH C_INCLUDE_PATH LIBRARY_PATH
version=0.1.0
warnings="-Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla"
compile="-std=gnu11 -Os -D_GNU_SOURCE -ffunction-sections -fdata-sections -fno-pie -fno-ident -fno-stack-protector
	-fno-asynchronous-unwind-tables -fno-unwind-tables $warnings"
link="-nostdlib -static -no-pie -s -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro"

# Debian's musl of another architecture cannot be installed beside this one's, so its package is unpacked.
musl_root() { # triple, Debian's architecture
	if [ -e "/usr/lib/$1-musl/libc.a" ]; then
		echo /
		return
	fi
	musl_version=$(dpkg-query -W -f '${Version}' musl-dev)
	unpacked=$cache/musl-dev_${musl_version}_$2
	if [ ! -d "$unpacked" ]; then
		(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "musl-dev:$2=$musl_version")
		dpkg-deb --extract "$work"/musl-dev_*_"$2".deb "$work/unpacked-$2"
		# Somebody else may have been quicker.
		mv -T "$work/unpacked-$2" "$unpacked" 2>/dev/null || [ -d "$unpacked" ]
	fi
	echo "$unpacked"
}

build() { # architecture, triple
	cc=$2-linux-gnu-gcc
	root=$(musl_root "$2-linux" "$1")
	libc=$root/usr/lib/$2-linux-musl
	# musl has no headers of the kernel's; those of glibc's side are taken, and nothing else from there.
	headers=$work/headers-$1
	mkdir -p "$headers"
	kernel=/usr/$2-linux-gnu/include
	asm=$kernel
	if [ ! -d "$kernel/linux" ]; then
		kernel=/usr/include
		asm=/usr/include/$2-linux-gnu
	fi
	ln -s "$kernel/linux" "$kernel/asm-generic" "$asm/asm" "$headers"
	# shellcheck disable=SC2086 # lists of flags
	"$cc" $compile -DBOOTLAYER_VERSION="\"$version\"" \
		-nostdinc -isystem "$root/usr/include/$2-linux-musl" -isystem "$("$cc" -print-file-name=include)" -idirafter "$headers" \
		$link -o "$work/bootlayer-init-$1" "$libc/crt1.o" "$libc/crti.o" ./*.c \
		-L"$libc" -Wl,--start-group -lc -lgcc -Wl,--end-group "$libc/crtn.o"
}

build amd64 x86_64 &
amd64=$!
build arm64 aarch64
wait "$amd64"
for architecture in amd64 arm64; do
	install -m 0755 "$work/bootlayer-init-$architecture" "$out/bootlayer-init-$architecture"
done
