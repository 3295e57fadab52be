//go:build linux

package doctor

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// wrongPrefix finds that a namespace takes an address for one that is not on its network
// though it is, or for one that is though it is not. It is true if that is found.
func (w *walk) wrongPrefix(n *survey.Namespace, dst netip.Addr, evidence string) bool {
	for _, l := range n.Links {
		if l.Flags&unix.IFF_LOOPBACK != 0 || l.Master() != nil {
			continue
		}
		mine := usableOf(l, dst.Is6())
		f := facts{o: n, l: l, b: dst, s: evidence}
		for _, e := range w.segment(l).ends {
			if len(mine) == 0 || addrOf(e.link, dst) == nil || e.link.Namespace == n {
				continue
			}
			for _, a := range mine {
				if own(a) != dst && !prefixOf(a).Contains(dst) {
					f.m = e.link
					return !w.narrow(&f, a, addrOf(e.link, dst))
				}
			}
		}
		for _, a := range mine { // too wide: who has the address is behind a router
			for _, f.m = range w.owners(dst) {
				theirs := addrOf(f.m, dst)
				if prefixOf(a).Contains(dst) && theirs.PrefixLen > a.PrefixLen {
					f.a, f.i, f.j = own(a), int(a.PrefixLen), int(theirs.PrefixLen)
					return !w.fault("addr/prefix short", &f)
				}
			}
		}
	}
	return false
}

// narrow tells of two on one network that do not both take it for the same one.
func (w *walk) narrow(f *facts, a, theirs *rtnl.Addr) bool {
	f.a, f.i, f.j = own(a), int(a.PrefixLen), int(theirs.PrefixLen)
	bits := f.a.BitLen()
	switch {
	case prefixOf(theirs).Contains(f.a) && f.i > f.j:
		return w.fault("addr/prefix long", f)
	case f.i == bits || f.j == bits:
		f.j = w.usual(f.l, f.a)
		return w.fault("addr/prefix whole", f)
	}
	return w.sameNetwork(f)
}

// usual is the length of a prefix that others on the network have.
func (w *walk) usual(l *survey.Link, addr netip.Addr) int {
	for _, e := range w.segment(l).ends {
		for _, b := range usableOf(e.link, addr.Is6()) {
			if prefixOf(b).Contains(addr) && int(b.PrefixLen) < addr.BitLen() {
				return int(b.PrefixLen)
			}
		}
	}
	if addr.Is6() {
		return 64
	}
	return 24
}

// sameNetwork gives the second one an address in the network of the first, or the first
// one in that of the second if nobody but itself is in its own.
func (w *walk) sameNetwork(f *facts) bool {
	alone := f.m.Namespace != w.want
	for _, e := range w.segment(f.l).ends {
		for _, b := range usableOf(e.link, f.a.Is6()) {
			if e.link != f.l && prefixOf(b).Contains(f.a) {
				alone = false
			}
		}
	}
	if alone {
		f.l, f.m, f.a, f.b, f.i, f.j = f.m, f.l, f.b, f.a, f.j, f.i
	}
	f.a = w.free(netip.PrefixFrom(f.a, f.i).Masked())
	return w.fault("addr/network", f)
}

// free is an address of a network that nobody has.
func (w *walk) free(net netip.Prefix) netip.Addr {
	a := net.Addr().Next()
	for len(w.owners(a)) > 0 {
		a = a.Next()
	}
	return a
}

// firstAddress is an address for the first link of a namespace that has none.
func (w *walk) firstAddress(n *survey.Namespace, six bool) []string {
	for _, l := range n.Links {
		if l.Flags&unix.IFF_LOOPBACK == 0 && l.Master() == nil && len(usableOf(l, six)) == 0 {
			return w.readdress(l, six, netip.Addr{})
		}
	}
	return nil
}
