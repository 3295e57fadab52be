//go:build linux

package doctor

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// native runs what does the same as a match or target of xtables.
func (m *machine) native(i xt.Info, o *outcome) answer {
	f := nft.IPv6
	if m.packet.dst.Is4() {
		f = nft.IPv4
	}
	exprs, ok := nft.Native(f, i)
	if !ok {
		return maybe
	}
	return m.exprs(exprs, o)
}

// target runs one of xtables.
func (m *machine) target(i xt.Info, o *outcome) answer {
	switch i := i.(type) {
	case *xt.SetMark:
		m.set(&m.packet.mark, m.packet.mark.changed(i.Mask, mark{value: i.Mark}))
	case *xt.Raw:
		switch i.Extension {
		case "CONNMARK":
			m.connmark(i)
		case "CT", "NOTRACK":
			o.notrack = noTrack(i)
		case "HMARK":
			m.set(&m.packet.mark, mark{doubt: true})
		}
	case *xt.NAT:
		if i.Target == "NETMAP" {
			o.nat, o.snat, o.code = true, m.manip() == 1, nft.VerdictAccept
			o.addr, _ = netip.AddrFromSlice(m.netmap(i.MinAddr[:], i.MaxAddr[:], o.snat))
			return yes
		}
		return m.native(i, o)
	case *xt.Reject:
		return m.native(i, o)
	}
	return yes // LOG, CT, NFLOG and such let the packet go on
}

// changed is a mark of which the bits of mask are set to zero, and those of with are then
// turned, as all targets of xtables do it.
func (k mark) changed(mask uint32, with mark) mark {
	return mark{value: k.value&^mask ^ with.value, doubt: with.doubt || k.doubt && mask != ^uint32(0)}
}

func (k mark) is(i *xt.Mark) answer {
	if k.doubt {
		return maybe
	}
	return when((k.value&i.Mask == i.Mark) != (i.Invert != 0))
}

func (k mark) and(mask uint32) mark { return mark{k.value & mask, k.doubt} }

// connmark is the target CONNMARK: struct xt_connmark_tginfo1 or 2 of
// linux/netfilter/xt_connmark.h.
func (m *machine) connmark(i *xt.Raw) {
	if len(i.Data) < 16 {
		return
	}
	word := func(at int) uint32 { return binary.NativeEndian.Uint32(i.Data[at:]) }
	ctmark, ctmask, nfmask := word(0), word(4), word(8)
	c, p := &m.conn.mark, &m.packet.mark
	mode, shifts := i.Data[12], false
	if i.Revision == 2 {
		mode, shifts = i.Data[14], i.Data[13] != 0
	}
	to, v := c, c.changed(ctmask, mark{value: ctmark})
	switch mode {
	case 0: // XT_CONNMARK_SET
	case 1: // XT_CONNMARK_SAVE
		v = c.changed(ctmask, p.and(nfmask))
	default: // XT_CONNMARK_RESTORE
		to, v = p, p.changed(nfmask, c.and(ctmask))
	}
	v.doubt = v.doubt || shifts
	m.set(to, v)
}

// match runs one of xtables.
func (m *machine) match(i xt.Info) answer {
	p := m.packet
	switch i := i.(type) {
	case *xt.Comment:
		return yes
	case *xt.TCP:
		if p.proto != unix.IPPROTO_TCP {
			return no
		}
		return both(m.ports(p.sport, i.SrcPorts, i.Inv&1 != 0), m.ports(p.dport, i.DstPorts, i.Inv&2 != 0), p.flags(i))
	case *xt.UDP:
		if p.proto != unix.IPPROTO_UDP {
			return no
		}
		return both(m.ports(p.sport, i.SrcPorts, i.Inv&1 != 0), m.ports(p.dport, i.DstPorts, i.Inv&2 != 0), yes)
	case *xt.AddrType:
		if i.Flags != 0 {
			return maybe
		}
		return both(m.kind(p.src, i.Source), m.kind(p.dst, i.Dest), yes)
	case *xt.Multiport:
		result := no
		for n := 0; n < int(i.Count) && n < len(i.Ports); n++ {
			pair := [2]uint16{i.Ports[n], i.Ports[n]}
			if i.PFlags[n] != 0 && n+1 < len(i.Ports) {
				n++
				pair[1] = i.Ports[n]
			}
			if i.Flags != 1 {
				result = max(result, m.ports(p.dport, pair, false))
			}
			if i.Flags != 0 {
				result = max(result, m.ports(p.sport, pair, false))
			}
		}
		if i.Invert != 0 && result != maybe {
			result = yes - result
		}
		return result
	case *xt.Conntrack, *xt.ICMP:
		saved, known := m.regs, m.known
		result := m.native(i, &outcome{code: nft.VerdictContinue})
		m.regs, m.known = saved, known
		return result
	case *xt.Mark:
		return p.mark.is(i)
	case *xt.Raw:
		if i.Extension == "connmark" && len(i.Data) >= 12 { // struct xt_connmark_mtinfo1, which is that of mark
			return m.conn.mark.is(&xt.Mark{Mark: binary.NativeEndian.Uint32(i.Data), Mask: binary.NativeEndian.Uint32(i.Data[4:]), Invert: i.Data[8]})
		}
	}
	return maybe
}

// flags says whether the packet has those that -m tcp asks for; which options is not known.
func (p *packet) flags(i *xt.TCP) answer {
	if i.Option != 0 {
		return maybe
	}
	header, _ := p.transport()
	return when((header[13]&i.FlagMask == i.FlagCmp) != (i.Inv&4 != 0))
}

func both(all ...answer) answer {
	result := yes
	for _, a := range all {
		if a == no {
			return no
		}
		if a == maybe {
			result = maybe
		}
	}
	return result
}

func (m *machine) ports(port uint16, pair [2]uint16, not bool) answer {
	if pair == [2]uint16{0, 65535} && !not {
		return yes
	}
	if port == 0 {
		return maybe
	}
	return when((port >= pair[0] && port <= pair[1]) != not)
}

// kind says whether an address is of one of the types; which are known as those of fib.
func (m *machine) kind(a netip.Addr, types xt.AddrTypes) answer {
	if types == 0 {
		return yes
	}
	bit := xt.AddrTypes(1 << unix.RTN_UNICAST)
	if m.isLocal(m.conn.ns, a) {
		bit = 1 << unix.RTN_LOCAL
	}
	return when(types&bit != 0)
}
