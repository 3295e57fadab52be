//go:build linux

package doctor

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// An End is one end as it was written.
type End struct {
	Name string // of a namespace; "" is that of the caller if Home is set
	Home bool
	Addr netip.Addr
	Port uint16
}

// ParseEnd reads NAME, NAME/ADDRESS or ADDRESS, with :PORT behind it. "." and "host" are
// the caller's namespace, and "/run/netns/host" is one that is called so.
func ParseEnd(word string) (e End, err error) {
	rest, path := strings.CutPrefix(word, nsfs.Dir+"/") // a name that is not the word for a namespace
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && (strings.Count(rest, ":") == 1 || rest[i-1] == ']') {
		port, err := strconv.ParseUint(rest[i+1:], 10, 16)
		if err != nil || port == 0 {
			return e, errors.New(`"` + word + `": expected a port from 1 to 65535 behind the colon`)
		}
		e.Port, rest = uint16(port), rest[:i]
	}
	name, addr, both := strings.Cut(rest, "/")
	if !both {
		if a, err := netip.ParseAddr(strings.Trim(rest, "[]")); err == nil {
			e.Addr = a.Unmap()
			return e, nil
		}
	} else if e.Addr, err = netip.ParseAddr(strings.Trim(addr, "[]")); err != nil {
		return e, errors.New(`"` + word + `": "` + addr + `" is no address; expected NAME/ADDRESS`)
	}
	e.Addr = e.Addr.Unmap()
	if !path && (name == "." || name == survey.HomeLabel) {
		e.Home = true
		return e, nil
	}
	if nsfs.ValidName(name) != nil {
		return e, errors.New(`"` + word + `" is no end; expected NAME, NAME/ADDRESS or ADDRESS, where "." is the namespace that you are in`)
	}
	e.Name = name
	return e, nil
}

// parse reads an end that may be the name of a namespace as it is, though it looks like
// something else: "red:80", or "red:80:80" with a port.
func (w *walk) parse(word string) (e End, err error) {
	name := word
	if !w.named(name) {
		i := strings.LastIndexByte(word, ':')
		if i < 0 || !w.named(word[:i]) {
			return ParseEnd(word)
		}
		name = word[:i]
		if e, err = ParseEnd("x" + word[i:]); err != nil {
			return ParseEnd(word)
		}
	}
	e.Name = name
	return e, nil
}

// named says that there is something of a name that is no word for the caller's namespace.
func (w *walk) named(name string) bool {
	return name != "" && name != survey.HomeLabel && w.survey.Namespace(name) != nil || w.stale(name) != nil
}

// stale is what is behind a name that is none of a namespace, or nil.
func (w *walk) stale(name string) *nsfs.Entry {
	for i := range w.survey.Stale {
		if s := &w.survey.Stale[i]; s.Name == name {
			return s
		}
	}
	return nil
}

// where finds out where both ends are. It is false if that is a finding, or an error.
func (w *walk) where(q *Question) bool {
	from, err := w.parse(q.From)
	to, err2 := w.parse(q.To)
	if err = errors.Join(err, err2); err == nil && from.Port != 0 {
		err = errors.New(`"` + q.From + `": a port belongs to the other end`)
	}
	switch {
	case err != nil:
	case to.Port != 0 && w.Proto == 0:
		w.Proto = unix.IPPROTO_TCP
	case to.Port == 0 && (w.Proto == unix.IPPROTO_TCP || w.Proto == unix.IPPROTO_UDP):
		err = errors.New(`"` + q.To + `": expected a port, as in ` + q.To + `:80`)
	case w.Proto == 0:
		w.Proto = unix.IPPROTO_ICMP
	}
	if w.err = err; err != nil {
		return false
	}
	zone := to.Addr.Zone()
	if zone == "" {
		zone = from.Addr.Zone()
	}
	from.Addr, to.Addr = from.Addr.WithZone(""), to.Addr.WithZone("")
	w.Port, w.asked, w.Dest = to.Port, from.Addr, to.Addr
	if a := to.Addr; a.IsMulticast() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return w.ofMany(a)
	}
	var ok1, ok2 bool
	w.From, ok1 = w.end(&from)
	w.To, ok2 = w.end(&to)
	if !ok1 || !ok2 {
		return false
	}
	if w.From == nil {
		return w.fault("ns/unknown", &facts{a: from.Addr})
	}
	if !w.inZone(zone) {
		return false
	}
	if w.asked.IsValid() && !w.isLocal(w.From, w.asked) {
		return w.noAddress(w.From, w.asked.Is6(), w.asked)
	}
	if to.Name != "" || to.Home {
		w.want = w.To
	}
	if !w.Dest.IsValid() {
		return w.choose(q.IPv6)
	}
	if w.want != nil && !w.isLocal(w.want, w.Dest) && (!w.want.Home || w.owners(w.Dest) != nil) {
		return w.notThere()
	}
	return true
}

// ofMany is an error: the goal is an address that no one end has.
func (w *walk) ofMany(a netip.Addr) bool {
	kind := "a broadcast address, which all on a network have"
	switch {
	case a.IsMulticast():
		kind = "a multicast address, which all have that have joined"
	case a.IsUnspecified():
		kind = "the address of none"
	}
	w.err = errors.New(`"` + a.String() + `" is ` + kind + `; expected that of one end: ask for each by its own address, or by the name of its namespace`)
	return false
}

// inZone finds the link that a link-local address is of: the zone, by name or number, or
// the only link that there is. It is false if that is an error.
func (w *walk) inZone(zone string) bool {
	local := w.Dest
	if !local.Is6() || !local.IsLinkLocalUnicast() {
		local = w.asked
	}
	if !local.Is6() || !local.IsLinkLocalUnicast() {
		return true
	}
	links := 0
	words := `"` + local.String() + `" may be on each link of ` + w.From.Label() + "; expected one of"
	if zone != "" {
		words = w.From.Label() + ` has no link "` + zone + `"; expected one of`
	}
	for _, l := range w.From.Links {
		if zone != "" && (zone == l.Name || zone == strconv.Itoa(int(l.Index))) {
			w.zone = l
			return true
		}
		if l.Flags&unix.IFF_LOOPBACK == 0 && l.Master() == nil {
			words += " " + local.WithZone(l.Name).String()
			links++
			w.zone = l
		}
	}
	if zone != "" || links > 1 {
		w.err = errors.New(words)
	}
	return w.err == nil
}

var staleKeys = [...]string{nsfs.Stale: "ns/stale", nsfs.NotNamespace: "ns/stale other", nsfs.LiveElsewhere: "ns/stale elsewhere"}

// end finds the namespace of an end; nil is none that is known.
func (w *walk) end(e *End) (*survey.Namespace, bool) {
	if e.Name == "" && !e.Home {
		for _, n := range w.survey.Namespaces {
			if !e.Addr.IsLoopback() && w.isLocal(n, e.Addr) {
				return n, true
			}
		}
		return nil, true
	}
	n := w.survey.Namespace(e.Name)
	if n != nil && n.Err != nil {
		return nil, w.found(Suspect, "ns/unseen", &facts{n: n, s: n.Err.Error()})
	}
	if n != nil {
		return n, true
	}
	if s := w.stale(e.Name); s != nil {
		return nil, w.fault(staleKeys[s.State], &facts{s: e.Name, t: s.Why})
	}
	if strings.Contains(e.Name, ".") || e.Name == "localhost" {
		w.err = errors.New(`"` + e.Name + `" is neither a namespace nor an address, and names of hosts are not looked up; expected NAME, ADDRESS or NAME/ADDRESS, and :PORT behind the second one`)
		return nil, false
	}
	return nil, w.fault("ns/missing", &facts{s: e.Name})
}

// isLocal says that the namespace has the address.
func (w *walk) isLocal(n *survey.Namespace, a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	for i := range n.Addrs {
		if own(&n.Addrs[i]) == a {
			return true
		}
	}
	return false
}

// own is the address that a link has; Address is that of the other end of a tunnel.
func own(a *rtnl.Addr) netip.Addr {
	if a.Local.IsValid() {
		return a.Local
	}
	return a.Address
}

// prefixOf is the network that an address of a link says is there.
func prefixOf(a *rtnl.Addr) netip.Prefix {
	return netip.PrefixFrom(a.Address, int(a.PrefixLen)).Masked()
}

// owners are the links of all namespaces that have the address.
func (w *walk) owners(a netip.Addr) (links []*survey.Link) {
	for _, n := range w.survey.Namespaces {
		for i := range n.Addrs {
			if own(&n.Addrs[i]) == a {
				if l := n.Link(n.Addrs[i].Index); l != nil {
					links = append(links, l)
				}
			}
		}
	}
	return links
}

// usable are the addresses of a namespace that others can reach.
func usable(n *survey.Namespace, six bool) (all []*rtnl.Addr) {
	for i := range n.Addrs {
		a := &n.Addrs[i]
		if o := own(a); o.Is6() == six && !o.IsLoopback() && !o.IsLinkLocalUnicast() {
			all = append(all, a)
		}
	}
	return all
}

// choose takes an address of the namespace that is asked for: one in a network that the
// sender is in as well, or else the first. Where IPv6 is asked for, it is one of IPv6.
func (w *walk) choose(six bool) bool {
	if w.From == w.To {
		w.Dest = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if six {
			w.Dest = netip.IPv6Loopback()
		}
		return true
	}
	if w.asked.IsValid() {
		six = w.asked.Is6()
	}
	for pass := range 4 { // where both have one, or else where the other has
		family := six != (pass%2 == 1)
		theirs, mine := usable(w.To, family), usable(w.From, family)
		if len(theirs) == 0 || pass < 2 && len(mine) == 0 || (w.asked.IsValid() || six) && family != six {
			continue
		}
		w.Dest = own(theirs[0])
		for _, a := range theirs {
			for _, b := range mine {
				if prefixOf(b).Contains(own(a)) {
					w.Dest = own(a)
					return true
				}
			}
		}
		break
	}
	if w.Dest.IsValid() {
		return true
	}
	return w.noAddress(w.To, six, netip.Addr{})
}
