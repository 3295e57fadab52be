//go:build linux

package doctor

import "net/netip"

// wrongSource tells of source NAT to an address that its link has not, where the answer
// goes astray: the address is nobody's, another's, or in no network that is known there.
func (w *walk) wrongSource(a netip.Addr) bool {
	for _, c := range w.conns {
		if c.leaves == nil || c.after.src != a || addrOf(c.leaves, a) != nil {
			continue
		}
		w.fault("nat/source", &facts{o: c.ns, l: c.leaves, a: a, r: c.snat, t: w.network(c.first.src)})
		return true
	}
	return false
}

// wrongTarget tells of destination NAT to where nobody is, or nothing listens though it
// does elsewhere.
func (w *walk) wrongTarget(p *packet, nobody bool) bool {
	c := w.hairpinned()
	if c == nil || p.reply || c.after.dst != p.dst || nobody && w.owners(p.dst) != nil {
		return false
	}
	f := facts{n: c.ns, a: c.first.dst, p: p}
	key := "nat/target known"
	if p.dport == 0 || !w.publish(&f, p) { // for the port behind
		if !nobody {
			return false
		}
		key = "nat/target"
	}
	f.i, f.s, f.r = int(c.first.dport), hostPort(f.b, p.dport), c.dnat
	w.fault(key, &f)
	return true
}
