//go:build linux

package ip

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A view is all that rendering needs beside the object: what was asked for,
// and names for numbers. It asks the kernel only through its functions.
type view struct {
	*printer
	opt    *options
	tables *tables
	family rtnl.Family // of the addresses that are shown; AF_PACKET: links alone
	events bool        // what is shown has just happened

	// link knows the name and flags of a link by its index.
	link func(index uint32) (name string, flags rtnl.LinkFlags)
	// netns knows the name of a network namespace by its id, or "".
	netns func(id int32) string
	// nexthop knows a nexthop object by its id, or nil.
	nexthop  func(id uint32) *rtnl.NextHopObject
	nexthops []*rtnl.NextHopObject // those that it was asked for
	// host knows the name of an address (-r), or "".
	host func(a netip.Addr) string
}

// ticksPerSecond is the kernel's USER_HZ, in which it counts some times.
const ticksPerSecond = 100

func (v *view) linkName(index uint32) string {
	name, _ := v.link(index)
	return name
}

// address is an address in words, resolved with -r.
func (v *view) address(a netip.Addr) string {
	if v.opt.resolve && v.host != nil {
		if name := v.host(a); name != "" {
			return name
		}
	}
	return ntop.Text(a)
}

// inetColor is the colour of an address of family f.
func inetColor(f rtnl.Family) color {
	switch f {
	case unix.AF_INET:
		return colorInet
	case unix.AF_INET6:
		return colorInet6
	}
	return plain
}

// showInet renders an address behind a word, if there is one.
func (v *view) showInet(key, word, format string, a netip.Addr) {
	if a.IsValid() {
		v.write(word)
		v.showAddress(inetColor(familyOf(a)), key, format, a)
	}
}

// showAddress renders an address in a color.
func (v *view) showAddress(c color, key, format string, a netip.Addr) {
	if v.opt.resolve || format[0:2] == "%-" { // it is padded
		v.strColor(c, key, format, v.address(a))
		return
	}
	v.addr(c, key, format, a)
}

// showDev renders the name of a link behind a word.
func (v *view) showDev(key, word string, index uint32) {
	v.write(word)
	v.strColor(colorName, key, "%s ", v.linkName(index))
}

// linkType is a link's type in words.
func (v *view) linkType(t rtnl.ARPHRD) string {
	name := ""
	if !v.opt.numeric {
		name = nameIn(linkTypes, uint32(t), "")
	}
	if name == "" {
		name = "[" + strconv.Itoa(int(t)) + "]"
	}
	return name
}

// linkTypes are the ARPHRD_* of linux/if_arp.h that Linux still makes.
var linkTypes = []numbered{{1, "ether"}, {772, "loopback"}, {0xfffe, "none"}, {0xffff, "void"}, {0, "generic"},
	{768, "ipip"}, {769, "tunnel6"}, {776, "sit"}, {778, "gre"}, {823, "gre6"}, {512, "ppp"}, {519, "rawip"},
	{32, "infiniband"}, {280, "can"}, {24, "ieee1394"}, {801, "ieee802.11"}, {802, "ieee802.11/prism"},
	{803, "ieee802.11/radiotap"}, {804, "ieee802.15.4"}, {805, "ieee802.15.4/monitor"}, {824, "netlink"},
	{825, "6lowpan"}, {826, "vsockmon"}, {256, "slip"}, {271, "x25"}, {277, "can"}, {820, "phonet"}, {821, "phonet_pipe"},
	{822, "caif"}, {783, "irda"}, {779, "pimreg"}, {774, "fddi"}, {6, "ieee802"}, {7, "arcnet"}, {15, "dlci"}, {19, "atm"},
	{3, "ax25"}, {4, "pronet"}, {5, "chaos"}, {8, "atalk"}, {23, "metricom"}, {27, "eui64"}, {770, "frad"}, {771, "skip"},
	{775, "bif"}, {777, "ip/ddp"}, {780, "hippi"}, {781, "ash"}, {782, "econet"}}

// lladdr is a link-layer address in words; tunnels have IP addresses there.
func lladdr(a nl.HardwareAddr, t rtnl.ARPHRD) string {
	const tunnel, tunnel6, sit, ipgre, ip6gre = 768, 769, 776, 778, 823
	if n := a.Len(); n == 4 && (t == tunnel || t == sit || t == ipgre) || n == 16 && (t == tunnel6 || t == ip6gre) {
		if ip, ok := netip.AddrFromSlice(a.AppendTo(nil)); ok {
			return ntop.Text(ip)
		}
	}
	return a.String()
}

// hexBytes is b as hex digits, without anything between.
func hexBytes(b []byte) string { return fmt.Sprintf("%x", b) }

// cHex is %#x of C, which writes 0 without 0x.
func cHex(n uint64) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", n)
}

// scaled is a number with the unit that -h and -iec ask for.
func (o *options) scaled(n uint64) string {
	if !o.human {
		return strconv.FormatUint(n, 10)
	}
	base, suffix := uint64(1000), ""
	if o.iec {
		base, suffix = 1024, "i"
	}
	if n < base {
		return strconv.FormatUint(n, 10)
	}
	unit, power := -1, uint64(1)
	for n/power >= base && unit < len(units)-1 {
		power *= base
		unit++
	}
	digits := 2
	switch whole := n / power; {
	case whole >= 100:
		digits = 0
	case whole >= 10:
		digits = 1
	}
	return fraction.Fixed(float64(n)/float64(power), digits) + units[unit:unit+1] + suffix
}

const units = "kMGTPE"

// matches is fnmatch(3) with *, ? and [a-z], for labels.
func matches(pattern, s string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			pattern = strings.TrimLeft(pattern, "*")
			for i := range len(s) + 1 {
				if matches(pattern, s[i:]) {
					return true
				}
			}
			return false
		case '[':
			end := strings.IndexByte(pattern[1:], ']') + 1
			if end == 0 || s == "" || !inClass(pattern[1:end], s[0]) {
				return false
			}
			pattern = pattern[end:]
		case '?':
			if s == "" {
				return false
			}
		default:
			if s == "" || s[0] != pattern[0] {
				return false
			}
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}

func inClass(class string, c byte) bool {
	class, not := strings.CutPrefix(class, "!")
	in := false
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			in = in || class[i] <= c && c <= class[i+2]
			i += 2
		} else {
			in = in || class[i] == c
		}
	}
	return in != not
}
