//go:build linux

package doctor

import (
	"net/netip"
	"strconv"

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
		if len(mine) == 0 {
			continue
		}
		for _, e := range w.segment(l).ends {
			theirs := addrOf(e.link, dst)
			if theirs == nil || e.link.Namespace == n {
				continue
			}
			for _, a := range mine {
				if own(a) == dst || prefixOf(a).Contains(dst) {
					continue
				}
				return w.narrow(l, a, e.link, theirs, evidence)
			}
		}
		for _, a := range mine { // too wide: who has the address is behind a router
			for _, x := range w.owners(dst) {
				theirs := addrOf(x, dst)
				if prefixOf(a).Contains(dst) && theirs.PrefixLen > a.PrefixLen {
					return !w.fault("addr/prefix", at(l)+" has "+text(a)+", which takes in "+dst.String()+" of another network ("+at(x)+" has "+text(theirs)+")",
						evidence, delAddr(l, a), addAddr(l, own(a), int(theirs.PrefixLen)))
				}
			}
		}
	}
	return false
}

// narrow tells of two on one network that do not both take it for the same one.
func (w *walk) narrow(l *survey.Link, a *rtnl.Addr, other *survey.Link, theirs *rtnl.Addr, evidence string) bool {
	switch {
	case prefixOf(theirs).Contains(own(a)) && a.PrefixLen > theirs.PrefixLen:
		return !w.fault("addr/prefix", at(l)+" has "+text(a)+", and takes "+own(theirs).String()+" for one that is not on its network; "+at(other)+" has /"+strconv.Itoa(int(theirs.PrefixLen)),
			evidence, delAddr(l, a), addAddr(l, own(a), int(theirs.PrefixLen)))
	case a.PrefixLen == uint8(own(a).BitLen()) || theirs.PrefixLen == uint8(own(a).BitLen()):
		bits := w.usual(l, own(a))
		return !w.fault("addr/prefix", at(l)+" has "+text(a)+", and is on no network with "+at(other)+", which has "+text(theirs), evidence,
			delAddr(l, a), addAddr(l, own(a), bits))
	}
	return !w.fault("addr/network", at(l)+" and "+at(other)+" are on one cable or bridge, but not in one network: "+text(a)+" and "+text(theirs), evidence,
		w.sameNetwork(l, a, other, theirs)...)
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
func (w *walk) sameNetwork(l *survey.Link, a *rtnl.Addr, other *survey.Link, theirs *rtnl.Addr) []string {
	alone := other.Namespace != w.want
	for _, e := range w.segment(l).ends {
		for _, b := range usableOf(e.link, own(a).Is6()) {
			if e.link != l && prefixOf(b).Contains(own(a)) {
				alone = false
			}
		}
	}
	if alone {
		l, a, other, theirs = other, theirs, l, a
	}
	net := prefixOf(a)
	addr := net.Addr().Next()
	for len(w.owners(addr)) > 0 {
		addr = addr.Next()
	}
	return []string{delAddr(other, theirs), addAddr(other, addr, net.Bits())}
}

func text(a *rtnl.Addr) string { return own(a).String() + "/" + strconv.Itoa(int(a.PrefixLen)) }

// firstAddress is an address for the first link of a namespace that has none.
func (w *walk) firstAddress(n *survey.Namespace, six bool) []string {
	for _, l := range n.Links {
		if l.Flags&unix.IFF_LOOPBACK == 0 && l.Master() == nil && len(usableOf(l, six)) == 0 {
			return w.readdress(l, six, netip.Addr{})
		}
	}
	return nil
}
