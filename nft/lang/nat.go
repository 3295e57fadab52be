//go:build linux

package lang

import (
	"bytes"

	"github.com/minins/minins/nft"
)

// nat makes a statement of nat, masq and redir.
func (d *decompiler) nat(e nft.Expr) {
	s := &NAT{}
	var addrMin, addrMax, portMin, portMax nft.Register
	switch e := e.(type) {
	case *nft.Masq:
		s.Name, s.Flags, portMin, portMax = "masquerade", e.Flags, e.PortMin, e.PortMax
	case *nft.TProxy:
		s.Name, addrMin, portMin = "tproxy", e.RegAddr, e.RegPort
		if d.family == nft.Inet {
			s.Family = nft.Family(e.Family)
		}
		addrType := &dtIPv4
		if nft.Family(e.Family) == nft.IPv6 {
			addrType = &dtIPv6
		}
		s.Addr = d.span(addrMin, 0, addrType)
	case *nft.Redir:
		s.Name, s.Flags, portMin, portMax = "redirect", e.Flags, e.PortMin, e.PortMax
	case *nft.NAT:
		s.Name, s.Flags = "snat", e.Flags
		if e.Type == nft.DNAT {
			s.Name = "dnat"
		}
		addrMin, addrMax, portMin, portMax = e.AddrMin, e.AddrMax, e.PortMin, e.PortMax
		if d.family == nft.Inet || d.family == nft.Bridge {
			s.Family = nft.Family(e.Family)
		}
		addrType := &dtIPv4
		if nft.Family(e.Family) == nft.IPv6 {
			addrType = &dtIPv6
		}
		s.Addr = d.span(addrMin, addrMax, addrType)
	}
	s.Port = d.span(portMin, portMax, &dtService)
	if _, isMap := s.Addr.(*MapOf); isMap {
		if _, same := s.Port.(*MapOf); portMin != 0 && !same {
			if d.regs[reg32(portMin)] == nil {
				s.Port = nil // the map has both
				if e, ok := e.(*nft.NAT); ok {
					s.Family = nft.Family(e.Family)
				}
			}
		}
	}
	d.needs(s.Addr)
	s.Flags &^= nft.NATMapIPs | nft.NATProto
	d.add(s)
}

// span is what one or two registers hold: a value or a range.
func (d *decompiler) span(from, to nft.Register, t *Datatype) Expr {
	if from == 0 {
		return nil
	}
	typed := func(r nft.Register) Expr {
		e := d.regs[reg32(r)]
		if v, ok := e.(*Value); ok {
			return &Value{Type: t, Data: v.Data}
		}
		return e
	}
	lo := typed(from)
	if to == 0 || to == from {
		return lo
	}
	hi := typed(to)
	if lo, ok := lo.(*Value); ok {
		if hi, ok := hi.(*Value); ok && !bytes.Equal(lo.Data, hi.Data) {
			return span(t, lo.Data, hi.Data)
		}
	}
	return lo
}
