//go:build linux

// Package resolve turns host names into addresses and back as the C library
// does with "hosts: files dns": numbers first, then /etc/hosts, then one UDP
// question to each name server of /etc/resolv.conf. Package net's resolver
// does the same and more, for half a megabyte.
//
// What it leaves out: DNS over TCP (a truncated answer is used as far as it
// goes), other sources of nsswitch.conf, and names that are not ASCII.
package resolve

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
)

// The errors of LookupHost, in the words of gai_strerror(3).
var (
	ErrNotFound  = errors.New("Name or service not known")
	ErrTemporary = errors.New("Temporary failure in name resolution")
	ErrNoAddress = errors.New("No address associated with hostname")
	ErrFamily    = errors.New("Address family for hostname not supported")
)

// A Family limits the addresses that are asked for.
type Family int

// The families.
const (
	Any Family = iota
	IPv4
	IPv6
)

func (f Family) has(a netip.Addr) bool {
	return f == Any || a.Is4() == (f == IPv4)
}

// A Host is what a name stands for.
type Host struct {
	Canonical string       // the name without aliases; the name asked for, if a number
	Addrs     []netip.Addr // in the order in which to try them, never empty
}

// NoSocket is a Port for a Resolver that opens no socket: not to ask name
// servers, nor to find out whether there is a zone or which address is reachable.
const NoSocket = -1

// A Resolver knows the files to read. The zero value finds numbers only.
type Resolver struct {
	_ [0]func() // not to be compared: that would take code

	Hosts string // path of the hosts file
	Conf  string // path of resolv.conf
	Port  int    // UDP port of the name servers; 0: they are not asked
}

// System returns the resolver that reads the files in /etc.
func System() Resolver {
	return Resolver{Hosts: "/etc/hosts", Conf: "/etc/resolv.conf", Port: 53}
}

// LookupHost finds the addresses of a name or number with the system's files.
// Its error is one of the four above.
//
// Equivalent to: `getent ahosts NAME`
func LookupHost(name string, family Family) (Host, error) {
	return System().LookupHost(name, family)
}

// LookupAddr finds the name of an address with the system's files.
//
// Equivalent to: `getent hosts ADDRESS`
func LookupAddr(a netip.Addr) (name string, ok bool) {
	return System().LookupAddr(a)
}

// LookupHost finds the addresses of a name or number.
func (r Resolver) LookupHost(name string, family Family) (Host, error) {
	parse := ParseAddr
	if r.Port == NoSocket {
		parse = parseAddr
	}
	if a, ok := parse(name); ok {
		if !family.has(a) {
			return Host{}, ErrFamily
		}
		return Host{name, []netip.Addr{a}}, nil
	}
	if !isName(name) {
		return Host{}, ErrNotFound
	}
	host, known := r.hostsByName(name, family)
	if len(host.Addrs) > 0 {
		if r.Port != NoSocket {
			preferReachable(host.Addrs)
		}
		return host, nil
	}
	host, err := r.dnsByName(name, family)
	switch {
	case err != nil && known: // in /etc/hosts, with another family only
		return Host{}, ErrFamily
	case err != nil:
		return Host{}, err
	}
	preferReachable(host.Addrs)
	return host, nil
}

// LookupAddr finds the name of an address.
func (r Resolver) LookupAddr(a netip.Addr) (name string, ok bool) {
	a = a.WithZone("").Unmap()
	if name, ok := r.hostsByAddr(a); ok {
		return name, true
	}
	return r.dnsByAddr(a)
}

// isName reports whether s can be the name of a host. Names from the network
// are put on terminals, so that nothing but these characters may pass.
func isName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 || s[0] == '-' {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			c != '-' && c != '_' && c != '.'
	})
}

// preferReachable sorts as getaddrinfo(3) does, as far as it matters here:
// what there is a route to comes first, then IPv6 before IPv4 (RFC 6724).
func preferReachable(addrs []netip.Addr) {
	if len(addrs) < 2 {
		return
	}
	var ranks [4][]netip.Addr
	for _, a := range addrs {
		rank := 0
		if !reachable(a) {
			rank = 2
		}
		if a.Is4() {
			rank++
		}
		ranks[rank] = append(ranks[rank], a)
	}
	copy(addrs, slices.Concat(ranks[:]...))
}
