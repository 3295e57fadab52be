#!/bin/bash
# Builds the big-endian kernels, of which Debian has none any more, out of Debian's sources
# and with its cross compiler: a quarter of an hour of a processor for each.
#
#   mips.sh CACHE [mips|mips64|mips-cut]...
#
# leaves CACHE/vmlinux-NAME. mips-cut has neither nf_tables nor IPv6, namespaces, tables of routes,
# inotify, io_uring or /sys: there, minins has to say what is missing.
set -euo pipefail
packages="gcc-mips-linux-gnu flex bison bc xz-utils make gcc libc6-dev"
for tool in mips-linux-gnu-gcc flex bison bc xz make gcc; do
	command -v "$tool" >/dev/null && continue
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
		break
	fi
	echo "mips.sh: no $tool: install $packages" >&2
	exit 1
done
cache=$(mkdir -p "$1" && cd "$1" && pwd); shift
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- mips mips64 mips-cut
sources=linux-source-6.1
work=$cache/mips
mkdir -p "$work/src"

if [ ! -f "$work/src/Makefile" ]; then
	(cd "$work" && apt-get -q download "$sources")
	dpkg-deb --fsys-tarfile "$work"/"$sources"_*.deb | tar -xO "./usr/src/$sources.tar.xz" |
		tar -xJ -C "$work/src" --strip-components=1 --exclude='*/arch/arm*/boot/dts/*' --exclude='*/drivers/gpu/drm/amd/include' \
			--exclude='*/sound/*/*.c' --exclude='*/tools/testing' --exclude='*/Documentation/[a-zA-JL-Z]*'
fi
for name in "$@"; do
	words=$(sed 's/#.*//' "$here/mips.config")
	case $name in
	mips64) words="$words CPU_MIPS64_R2 64BIT" ;;
	*) words="$words CPU_MIPS32_R2 32BIT" ;;
	esac
	# Only experts may do without /sys.
	[ "$name" != mips-cut ] || words="EXPERT $(tr ' ' '\n' <<<"$words" | grep -vE '^(SYSFS|.*MULTIPLE_TABLES|NAMESPACES|.*_NS|.*IPV6.*|.*IP6.*|NETFILTER.*|NF_.*|NFT_.*|IP_NF.*|BRIDGE.*|NET_CLS.*|NET_SCH.*|WIREGUARD|GENEVE|BAREUDP|NET_ACT_MIRRED)$')"
	obj=$work/$name
	mkdir -p "$obj"
	printf 'CONFIG_%s=y\n' $words >"$obj/wanted"
	make=(make -s -C "$work/src" O="$obj" ARCH=mips CROSS_COMPILE=mips-linux-gnu-)
	"${make[@]}" KCONFIG_ALLCONFIG="$obj/wanted" allnoconfig
	while read -r line; do
		grep -qx "$line" "$obj/.config" || echo "$name: not taken: $line"
	done <"$obj/wanted"
	"${make[@]}" -j"${JOBS:-$(nproc)}" vmlinux
	mips-linux-gnu-strip -o "$cache/vmlinux-$name" "$obj/vmlinux"
	rm -r "$obj"
done
rm -r "$work"
