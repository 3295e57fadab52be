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
	addr := w.Dest.String()
	if others := w.owners(w.Dest); len(others) > 0 {
		l := others[0]
		return w.fault("addr/elsewhere", addr+" is not an address of "+w.want.Label()+", but of "+l.Namespace.Label(),
			"RTM_GETADDR: "+at(l)+" has it", "minins doctor "+w.From.Label()+" "+l.Namespace.Label())
	}
	return w.noAddress(w.want, w.Dest.Is6(), w.Dest)
}

// noAddress tells why a namespace has no address, or not the one that is meant.
func (w *walk) noAddress(n *survey.Namespace, six bool, wanted netip.Addr) bool {
	var l *survey.Link
	for _, candidate := range n.Links {
		if candidate.Flags&unix.IFF_LOOPBACK == 0 && candidate.Master() == nil {
			if l == nil || len(usableOf(l, six)) > 0 {
				l = candidate
			}
		}
	}
	if l == nil {
		return w.fault("ns/empty", n.Label()+" has no link but lo: no cable leads there", "RTM_GETLINK in "+n.Label(), w.cableFor(n)...)
	}
	if l.Flags&unix.IFF_UP == 0 && six { // addresses of IPv6 go when a link goes down
		return w.down(l)
	}
	if six {
		if v, err := w.host.Sysctl(n, "net/ipv6/conf/"+l.Name+"/disable_ipv6"); err == nil && v == "1" {
			return w.fault("addr/ipv6-disabled", "IPv6 is switched off on "+at(l), "net/ipv6/conf/"+l.Name+"/disable_ipv6 is 1",
				in(n, "sysctl -w net/ipv6/conf/"+l.Name+"/disable_ipv6=0"))
		}
		if l.MTU < 1280 {
			return w.fault("mtu/ipv6", at(l)+" is too narrow for IPv6, which takes an MTU of 1280", "its MTU is "+strconv.Itoa(int(l.MTU)),
				in(n, "ip link set "+l.Name+" mtu 1500"))
		}
	}
	what := n.Label() + " has no address"
	if six {
		what += " of IPv6"
	}
	if wanted.IsValid() {
		what = n.Label() + " has not the address " + wanted.String()
	}
	return w.fault("addr/missing", what, "RTM_GETADDR in "+n.Label(), w.readdress(l, six, wanted)...)
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
				for addr = net.Addr().Next(); len(w.owners(addr)) > 0; {
					addr = addr.Next()
				}
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

func delAddr(l *survey.Link, a *rtnl.Addr) string {
	return in(l.Namespace, "ip addr del "+own(a).String()+"/"+strconv.Itoa(int(a.PrefixLen))+" dev "+l.Name)
}

// cableFor looks for the end of a cable that is in a wrong namespace, and moves it.
func (w *walk) cableFor(n *survey.Namespace) []string {
	for _, other := range w.survey.Namespaces {
		for _, l := range other.Links {
			if l.Peer == nil || l.Master() != nil || l.Peer.Namespace == n || other == w.From || len(usableOf(l, false))+len(usableOf(l, true)) > 0 ||
				l.Peer.Master() == nil && l.Peer.Namespace != w.From {
				continue
			}
			return []string{in(other, "ip link set "+l.Name+" netns "+n.Label()), in(n, "ip link set "+l.Name+" up")}
		}
	}
	return nil
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

// solicits says that the namespace can ask for neighbours in the name of packets that it
// passes on: it does so by the link-local address, which has to be its own for sure.
func (w *walk) solicits(out *survey.Link, p *packet) {
	for _, a := range out.Addrs() {
		if l := own(a); l.Is6() && l.IsLinkLocalUnicast() && a.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_OPTIMISTIC) == unix.IFA_F_TENTATIVE && !w.isLocal(out.Namespace, p.src) {
			w.found(Suspect, "addr/tentative", l.String()+" of "+at(out)+" is not used yet, so that neighbours cannot be asked for: it is still asked whether another one has it, for a second or two",
				[]string{"RTM_GETADDR: IFA_F_TENTATIVE"}, []string{"sleep 2"})
		}
	}
}

// detection says whether duplicate address detection has let the address be used.
func (w *walk) detection(l *survey.Link, a netip.Addr) bool {
	entry := addrOf(l, a)
	switch {
	case entry == nil || entry.Flags&unix.IFA_F_TENTATIVE == 0:
		return true
	case entry.Flags&unix.IFA_F_DADFAILED != 0:
		var remedy []string
		for _, other := range w.owners(a) {
			if other != l && other.Namespace != w.From && other.Namespace != w.want {
				remedy = append(remedy, delAddr(other, addrOf(other, a)))
			}
		}
		return w.fault("addr/dad-failed", a.String()+" of "+at(l)+" is not used: another one on the network has it",
			"RTM_GETADDR: IFA_F_DADFAILED", append(remedy, delAddr(l, entry), in(l.Namespace, "ip addr add "+a.String()+"/"+strconv.Itoa(int(entry.PrefixLen))+" dev "+l.Name+" nodad"))...)
	case entry.Flags&unix.IFA_F_OPTIMISTIC != 0:
		return true
	}
	return w.fault("addr/tentative", a.String()+" of "+at(l)+" is not used yet: it is still asked whether another one has it, for a second or two",
		"RTM_GETADDR: IFA_F_TENTATIVE", delAddr(l, entry), in(l.Namespace, "ip addr add "+a.String()+"/"+strconv.Itoa(int(entry.PrefixLen))+" dev "+l.Name+" nodad"))
}
