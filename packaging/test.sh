#!/bin/bash
# Installs a package into a clean Debian, plays the tutorial there, with minins under the names of
# the tools, installs a real tool beside it, and removes the package: nothing may be left.
#
#   test.sh PACKAGE DEMO        as root; DEMO is internal/tutorial/cmd/demo, linked statically
set -euo pipefail
deb=$(readlink -f "$1") demo=$(readlink -f "$2")
suite=${SUITE:-bookworm} mirror=${MIRROR-} # or debootstrap's own
dir=$(mktemp -d)
trap 'rm -rf --one-file-system "$dir"' EXIT
debian=$dir/root

step() { echo "== $1"; }
fail() { echo "$1" >&2; exit 1; }
names() { (cd "$debian" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/log \
	-o -path ./var/lib/dpkg -o -path ./tmp -o -path ./run \) -prune -o -print | sort); }
# The mounts go with the namespace, whatever happens.
# A chroot(2) may have no user namespaces, which the tutorial's stage is in.
inside() { unshare -mn sh -c 'mount --bind "$0" "$0" && cd "$0" && mount --rbind /proc proc && mount --rbind /sys sys && mount --rbind /dev dev &&
	pivot_root . mnt && exec chroot . sh -c "umount -l /mnt && exec \"\$@\"" sh "$@"' "$debian" "$@"; }

step "a clean $suite"
debootstrap --variant=minbase "$suite" "$debian" $mirror >"$dir/log" || { cat "$dir/log"; exit 1; }
names >"$dir/before"

step 'install'
cp "$deb" "$debian/tmp/minins.deb"
cp "$demo" "$debian/tmp/demo"
inside dpkg -i /tmp/minins.deb
inside sh -c 'minins version && ip -V && for name in ip iptables route arp ping nft; do command -v $name || exit 1; done' ||
	fail 'the names of the tools are not there'
# util-linux and procps are in each Debian: theirs stay.
[ "$(inside readlink -f /usr/bin/unshare)" = /usr/bin/unshare ] || fail "unshare of util-linux was replaced"

step 'the tutorial'
inside /tmp/demo -minins /usr/bin/minins | tail -1

step 'a real tool comes, and stays when the package goes'
cat >"$debian/usr/bin/ip.real" <<'EOF'
#!/bin/sh
echo the real one
EOF
chmod 755 "$debian/usr/bin/ip.real"
mv "$debian/usr/bin/ip.real" "$debian/usr/bin/ip" # as dpkg unpacks iproute2
inside dpkg -r minins
[ "$(inside ip)" = 'the real one' ] || fail 'the real tool is gone'
rm "$debian/usr/bin/ip"
inside dpkg -P minins
rm -f "$debian/tmp/minins.deb" "$debian/tmp/demo"
names >"$dir/after"
diff "$dir/before" "$dir/after" || fail 'the package has left something behind'
step 'removed, and nothing is left'
