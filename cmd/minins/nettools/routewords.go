//go:build linux

package nettools

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// A rtentry is a route as the words say it, struct rtentry of linux/route.h.
type rtentry struct {
	dst        netip.Addr
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

// misused is a failure that shows what the words should be.
func misused(format string, args ...any) error {
	return &failure{status: statusUsage, text: fmt.Sprintf(format, args...), usage: inetUsage}
}

// parseRoute reads the words after add and del.
func parseRoute(words []string, n *names) (rt rtentry, err error) {
	kind := ""
	if len(words) > 0 && (words[0] == "#net" || words[0] == "#host") {
		kind, words = words[0], words[1:]
	}
	if len(words) == 0 {
		return rt, misused("")
	}
	isNet, err := rt.target(words[0], kind, n)
	if err != nil {
		return rt, err
	}
	rt.host = !isNet
	for words = words[1:]; len(words) > 0; {
		key := words[0]
		switch words = words[1:]; key {
		case "reject":
			rt.reject = true
			continue
		case "mod", "dyn", "reinstate": // the kernel ignores them
			continue
		case "metric", "netmask", "gw", "gateway", "mss", "mtu", "window", "irtt", "dev", "device":
			if len(words) == 0 {
				return rt, misused("")
			}
			if err := rt.set(key, words[0], n); err != nil {
				return rt, err
			}
			words = words[1:]
		default: // the device, and nothing after it
			if rt.dev != "" || len(words) > 0 {
				return rt, misused("")
			}
			rt.dev = key
		}
	}
	if rt.reject && rt.dev == "" {
		rt.dev = "lo"
	}
	return rt, rt.check()
}

// target reads the destination, with /bits or without.
func (rt *rtentry) target(word, kind string, n *names) (isNet bool, err error) {
	name, prefix, found := strings.Cut(word, "/")
	if found {
		length, err := strconv.Atoi(prefix)
		if err != nil || length < 0 {
			return false, misused("")
		}
		if length > 32 {
			return false, misused("route: netmask doesn't match route address")
		}
		rt.mask, rt.maskWord = mask(length), "default"
	}
	look := n.addr
	if kind == "#host" {
		look = n.hostAddr
	}
	rt.dst, isNet, err = look(name)
	if err != nil {
		return false, unknownHost(statusLookup, name, err)
	}
	return kind == "#net" || isNet && kind == "", nil
}

// set reads the word after key.
func (rt *rtentry) set(key, word string, n *names) (err error) {
	switch key {
	case "metric":
		if word[:min(len(word), 1)] < "0" || word[0] > '9' {
			return misused("")
		}
		rt.metric = uint32(atoi(word))
	case "netmask":
		if rt.mask.IsValid() && !rt.mask.IsUnspecified() {
			return misused("")
		}
		rt.maskWord = word
		if rt.mask, _, err = n.addr(word); err != nil {
			return unknownHost(statusLookup, word, err)
		}
	case "gw", "gateway":
		if rt.hasGateway {
			return misused("")
		}
		gateway, isNet, err := n.hostAddr(word)
		if err != nil {
			return unknownHost(statusLookup, word, err)
		}
		if isNet {
			return misused("route: %s: cannot use a NETWORK as gateway!", word)
		}
		rt.gateway, rt.hasGateway = gateway, true
	case "mss", "mtu":
		if rt.mss = atoi(word); rt.mss < 64 || rt.mss > 65536 {
			return misused("route: Invalid MSS/MTU.")
		}
	case "window":
		if rt.window = atoi(word); rt.window < 128 {
			return misused("route: Invalid window.")
		}
	case "irtt":
		rt.irtt = atoi(word)
	default: // dev
		if rt.dev != "" {
			return misused("")
		}
		rt.dev = word
	}
	return nil
}

// check looks at what the words say together.
func (rt *rtentry) check() error {
	m, d := addrInt(rt.mask), addrInt(rt.dst)
	switch {
	case m == 0:
		return nil
	case rt.host && m != 1<<32-1:
		return misused("route: netmask %.8x doesn't make sense with host route", ^m)
	case ^m&(^m+1) != 0:
		return misused("route: bogus netmask %s", rt.maskWord)
	case d&^m != 0:
		return misused("route: netmask doesn't match route address")
	}
	return nil
}

// prefix is the destination of the request. ok is false for what the kernel's
// ioctl refuses: a network without its mask.
func (rt *rtentry) prefix() (p netip.Prefix, ok bool) {
	if rt.host {
		return netip.PrefixFrom(rt.dst, 32), true
	}
	m := addrInt(rt.mask)
	p = netip.PrefixFrom(rt.dst, bits.OnesCount32(m))
	return p, addrInt(rt.dst)&^m == 0
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
	if err != nil {
		return 0 // no digits, or more than any option takes
	}
	return n
}
