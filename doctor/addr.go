//go:build linux

package doctor

import (
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// notThere tells why the namespace that was named has not the address that was named.
func (w *walk) notThere() bool {
	if others := w.owners(w.Dest); len(others) > 0 {
		return w.fault("addr/elsewhere", &facts{a: w.Dest, n: w.want, o: others[0].Namespace, l: others[0], s: w.From.Label()})
	}
	return w.noAddress(w.want, w.Dest.Is6(), w.Dest)
}

// noAddress tells why a namespace has no address, or not the one that is meant.
func (w *walk) noAddress(n *survey.Namespace, six bool, wanted netip.Addr) bool {
	f := facts{n: n, a: wanted}
	for _, l := range n.Links {
		if l.Flags&unix.IFF_LOOPBACK == 0 && l.Master() == nil && (f.l == nil || len(usableOf(f.l, six)) > 0) {
			f.l = l
		}
	}
	if f.l == nil {
		return w.cableFor(&f)
	}
	f.i = int(f.l.MTU)
	if six {
		switch {
		case f.l.Flags&unix.IFF_UP == 0: // addresses of IPv6 go when a link goes down
			return w.down(f.l)
		case w.number(n, "net/ipv6/conf/"+f.l.Name+"/disable_ipv6") == 1:
			return w.fault("addr/ipv6-disabled", &f)
		case f.i < 1280:
			return w.fault("mtu/ipv6", &f)
		}
	}
	f.remedy = w.readdress(f.l, six, wanted)
	if wanted.IsValid() {
		return w.fault("addr/missing one", &f)
	}
	return w.fault("addr/missing", &f)
}

func usableOf(l *survey.Link, six bool) (all []*rtnl.Addr) {
	for _, a := range usable(l.Namespace, six) {
		if a.Index == l.Index {
			all = append(all, a)
		}
	}
	return all
}

// readdress gives a link an address in the network of those that it is connected with.
func (w *walk) readdress(l *survey.Link, six bool, wanted netip.Addr) []string {
	for _, e := range w.segment(l).ends {
		for _, a := range usableOf(e.link, six) {
			net := prefixOf(a)
			addr := wanted
			if !addr.IsValid() {
				addr = w.free(net)
			}
			if net.Contains(addr) && net.Bits() < addr.BitLen() {
				return []string{addAddr(l, addr, net.Bits())}
			}
		}
	}
	if wanted.IsValid() {
		bits := 24
		if six {
			bits = 64
		}
		return []string{addAddr(l, wanted, bits)}
	}
	return nil
}

func addAddr(l *survey.Link, a netip.Addr, bits int) string {
	command := "ip addr add " + a.String() + "/" + strconv.Itoa(bits) + " dev " + l.Name
	if a.Is6() {
		command += " nodad"
	}
	return in(l.Namespace, command)
}

// cableFor looks for the end of a cable that is in a wrong namespace.
func (w *walk) cableFor(f *facts) bool {
	for _, f.o = range w.survey.Namespaces {
		for _, f.l = range f.o.Links {
			p := f.l.Peer
			if p != nil && f.l.Master() == nil && p.Namespace != f.n && f.o != w.From && len(w.addresses(f.l)) == 0 && (p.Master() != nil || p.Namespace == w.From) {
				return w.fault("ns/empty moved", f)
			}
		}
	}
	return w.fault("ns/empty", f)
}

// addresses are those of a link that others can reach, of both families.
func (w *walk) addresses(l *survey.Link) []*rtnl.Addr {
	return append(usableOf(l, false), usableOf(l, true)...)
}

// addrOf is the entry of an address of a link, or nil.
func addrOf(l *survey.Link, a netip.Addr) *rtnl.Addr {
	for _, entry := range l.Addrs() {
		if own(entry) == a {
			return entry
		}
	}
	return nil
}

// solicits checks that the namespace can ask for neighbours in the name of packets that it
// passes on: it does so by the link-local address, which has to be its own for sure.
func (w *walk) solicits(out *survey.Link, p *packet) {
	for _, a := range out.Addrs() {
		if l := own(a); l.Is6() && l.IsLinkLocalUnicast() && a.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_OPTIMISTIC) == unix.IFA_F_TENTATIVE && !w.isLocal(out.Namespace, p.src) {
			w.found(Suspect, "addr/tentative router", &facts{l: out, a: l})
		}
	}
}

// detection says whether duplicate address detection has let the address be used.
func (w *walk) detection(l *survey.Link, a netip.Addr) bool {
	entry := addrOf(l, a)
	if entry == nil || entry.Flags&unix.IFA_F_TENTATIVE == 0 || entry.Flags&unix.IFA_F_OPTIMISTIC != 0 {
		return true
	}
	f := facts{l: l, a: a, i: int(entry.PrefixLen)}
	if entry.Flags&unix.IFA_F_DADFAILED != 0 {
		return w.fault("addr/dad-failed", &f)
	}
	return w.fault("addr/tentative", &f)
}
