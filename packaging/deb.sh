#!/bin/bash
# Makes a Debian package of a binary that make dist has built: the program, its man pages and
# completion. Where there is no ip, iptables, ping …, the package gives the names to minins,
# as alternatives; a real tool is never replaced, and may be installed later.
#
#   deb.sh GOARCH BINARY DIRECTORY
#
# The same commit gives the same bytes: times are that of the commit.
set -euo pipefail
goarch=$1 binary=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)

# arm is built for version 5: Debian calls that armel.
case $goarch in
386) arch=i386 ;;
arm) arch=armel ;;
mipsle) arch=mipsel ;;
mips64le) arch=mips64el ;;
ppc64le) arch=ppc64el ;;
*) arch=$goarch ;;
esac

described=$(git -C "$root" describe --tags --always --dirty)
case $described in
v[0-9]*) version=$(sed 's/^v//; s/-/+/; s/-/./g' <<<"$described") ;;
*) version=0.0.0+g$(tr -d - <<<"$described") ;;
esac
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
install -D -m 755 "$binary" "$tree/usr/bin/minins"
for page in "$root"/docs/man/*.8; do
	install -d "$tree/usr/share/man/man8"
	gzip -9n <"$page" >"$tree/usr/share/man/man8/$(basename "$page").gz"
done
doc=$tree/usr/share/doc/minins
install -D -m 644 "$here/debian/copyright" "$doc/copyright"
{
	echo "minins ($version) unstable; urgency=low"
	echo
	echo "  * See CHANGELOG.md of this version."
	echo
	echo " -- The minins authors <minins@users.noreply.github.com>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"
gzip -9n <"$root/CHANGELOG.md" >"$doc/CHANGELOG.md.gz"
install -D -m 644 "$here/debian/lintian-overrides" "$tree/usr/share/lintian/overrides/minins"
install -D -m 644 "$here/debian/completion" "$tree/usr/share/bash-completion/completions/minins"

install -d "$tree/DEBIAN"
sed -e "s/@ARCH@/$arch/; s/@VERSION@/$version/; s/@SIZE@/$(du -sk --apparent-size "$tree" | cut -f1)/" "$here/debian/control" >"$tree/DEBIAN/control"
install -m 755 "$here/debian/postinst" "$here/debian/prerm" "$tree/DEBIAN/"
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f ! -perm -100 -exec chmod 644 {} +
mkdir -p "$out"
dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/minins_${version}_$arch.deb"
