//go:build linux

package nettools

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/internal/resolve"
)

// A rtentry is a route as the words say it, struct rtentry of linux/route.h or
// struct in6_rtmsg of linux/ipv6_route.h.
type rtentry struct {
	_ [0]func() // not to be compared: that would take code

	six        bool // IPv6
	dst        netip.Addr
	bits       int // of dst, if IPv6
	host       bool
	mask       netip.Addr // invalid: none given
	maskWord   string
	gateway    netip.Addr
	hasGateway bool
	metric     uint32
	mss        int
	window     int
	irtt       int
	reject     bool
	dev        string
}

// errMisused stands for a failure that shows what the words should be.
var errMisused = errors.New("misused")

// misused is such a failure.
func (rt *rtentry) misused(text string) error {
	f := &failure{status: statusUsage, text: text, usage: inetUsage}
	if rt.six {
		f.usage = inet6Usage
	}
	return f
}

// routeKeys are the words after the target.
var routeKeys = [...]struct {
	word  string
	set   byte // what it sets; 0: nothing that the kernel looks at
	value bool // has a word after it
	four  bool // IPv4 alone
}{
	{"metric", 'm', true, false},
	{"gw", 'g', true, false},
	{"gateway", 'g', true, false},
	{"dev", 'd', true, false},
	{"device", 'd', true, false},
	{"mod", 0, false, false},
	{"dyn", 0, false, false},
	{"reinstate", 0, false, true},
	{"reject", 'r', false, true},
	{"netmask", 'n', true, true},
	{"mss", 's', true, true},
	{"mtu", 's', true, true},
	{"window", 'w', true, true},
	{"irtt", 'i', true, true},
}

// parse reads the words after add and del.
func (rt *rtentry) parse(words []string, n *names) error {
	kind := ""
	if len(words) > 0 && !rt.six && (words[0] == "#net" || words[0] == "#host") {
		kind, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return errMisused
	}
	if err := rt.target(words[0], kind, n); err != nil {
		return err
	}
	for words = words[1:]; len(words) > 0; {
		word := words[0]
		words = words[1:]
		i := 0
		for i < len(routeKeys) && (routeKeys[i].word != word || rt.six && routeKeys[i].four) {
			i++
		}
		if i == len(routeKeys) { // the device, and nothing after it
			if rt.dev != "" && !rt.six || len(words) > 0 {
				return errMisused
			}
			rt.dev = word
			break
		}
		key := &routeKeys[i]
		word = ""
		if key.value {
			if len(words) == 0 {
				return errMisused
			}
			word, words = words[0], words[1:]
		}
		if err := rt.set(key.set, word, n); err != nil {
			return err
		}
	}
	if rt.reject && rt.dev == "" {
		rt.dev = "lo"
	}
	return rt.check()
}

// target reads the destination, with /bits or without.
func (rt *rtentry) target(word, kind string, n *names) (err error) {
	name, prefix, found := strings.Cut(word, "/")
	if rt.six {
		rt.bits = 128
		if found {
			rt.bits = atoi(prefix)
		}
		if rt.bits > 128 || strings.HasPrefix(prefix, "-") {
			return errMisused
		}
		if word == "default" {
			rt.dst, rt.bits = netip.IPv6Unspecified(), 0
			return nil
		}
		host, err := n.hosts.LookupHost(name, resolve.IPv6)
		if err != nil {
			return unknownHost6(name, err)
		}
		rt.dst = host.Addrs[0].WithZone("")
		return nil
	}
	if found {
		length, err := strconv.ParseInt(prefix, 0, 64)
		if err != nil && prefix != "" {
			return errMisused
		}
		rt.mask = mask(int(length & 31)) // the shift of x86 processors, by which 32 is none
	}
	look := n.addr
	if kind == "#host" {
		look = n.hostAddr
	}
	dst, isNet, err := look(name)
	if err != nil {
		return unknownHost(statusLookup, name, err)
	}
	rt.dst, rt.host = dst, kind == "#host" || !isNet && kind == ""
	return nil
}

// set sets what a key is for.
func (rt *rtentry) set(key byte, word string, n *names) (err error) {
	number := atoi(word)
	switch key {
	case 'm':
		if word == "" || word[0] < '0' || word[0] > '9' {
			return errMisused
		}
		rt.metric = uint32(number)
		if !rt.six { // rt_metric is short, one more than the metric, and 0 for none
			rt.metric = uint32(max(int16(number+1), 1)) - 1
			if int16(number+1) < 0 {
				rt.metric = uint32(int16(number+1)) - 1
			}
		}
	case 'n':
		if rt.mask.IsValid() && !rt.mask.IsUnspecified() {
			return errMisused
		}
		rt.maskWord = word
		if rt.mask, _, err = n.addr(word); err != nil {
			return unknownHost(statusLookup, word, err)
		}
	case 'g':
		if rt.hasGateway {
			return errMisused
		}
		rt.hasGateway = true
		isNet := false
		if rt.six {
			if rt.gateway, err = netip.ParseAddr(word); !rt.gateway.Is6() || rt.gateway.Zone() != "" {
				err = resolve.ErrFamily
			}
		} else {
			rt.gateway, isNet, err = n.hostAddr(word)
		}
		if err != nil {
			return unknownHost(statusLookup, word, err)
		}
		if isNet {
			return rt.misused("route: " + word + ": cannot use a NETWORK as gateway!")
		}
	case 's':
		if rt.mss = number; number < 64 || number > 65536 {
			return rt.misused("route: Invalid MSS/MTU.")
		}
	case 'w':
		if rt.window = number; number < 128 {
			return rt.misused("route: Invalid window.")
		}
	case 'i':
		rt.irtt = int(uint16(number))
	case 'r':
		rt.reject = true
	case 'd':
		if rt.dev != "" && !rt.six {
			return errMisused
		}
		rt.dev = word
	}
	return nil
}

// check looks at what the words say together.
func (rt *rtentry) check() error {
	m, d := addrInt(rt.mask), addrInt(rt.dst)
	text := ""
	switch {
	case m == 0:
	case rt.host:
		text = fmt.Sprintf("route: netmask %.8x doesn't make sense with host route", ^m)
	case ^m&(^m+1) != 0:
		text = "route: bogus netmask " + rt.maskWord
	case d&^m != 0:
		text = "route: netmask doesn't match route address"
	}
	if text != "" {
		return rt.misused(text)
	}
	return nil
}

// prefix is the destination of the request. ok is false for what the kernel's
// ioctl refuses: a network without its mask.
func (rt *rtentry) prefix() (p netip.Prefix, ok bool) {
	length := 32
	if rt.six {
		length = rt.bits
	} else if !rt.host {
		m := addrInt(rt.mask)
		if addrInt(rt.dst)&^m != 0 {
			return p, false
		}
		length = bits.OnesCount32(m)
	}
	return netip.PrefixFrom(rt.dst, length), true
}

// addrInt is an IPv4 address as a number; none is 0.
func addrInt(a netip.Addr) uint32 {
	if !a.Is4() {
		return 0
	}
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// atoi is atoi(3): the digits in front, and 0 for none.
func atoi(s string) int {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil && end == 0 {
		return 0
	}
	return n // of too many digits the largest number
}
