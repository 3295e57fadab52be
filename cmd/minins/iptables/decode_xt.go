//go:build linux

package iptables

import (
	"encoding/binary"
	"strconv"

	"github.com/minins/minins/nft/xt"
)

// xtMatch reads a match of xtables.
func (d *decoder) xtMatch(info xt.Info) error {
	switch i := info.(type) {
	case *xt.Comment:
		d.match(&comment{i.String()})
	case *xt.TCP:
		d.match(&transport{tcp: true, TCP: *i})
	case *xt.UDP:
		d.match(&transport{TCP: xt.TCP{SrcPorts: i.SrcPorts, DstPorts: i.DstPorts, Inv: i.Inv}})
	case *xt.ICMP:
		d.match(&icmp{*i})
	case *xt.Conntrack:
		d.match(&conntrack{d.family, *i})
	case *xt.AddrType:
		d.match(&addrtype{*i})
	case *xt.Mark:
		d.match(&mark{value: i.Mark, mask: i.Mask, inv: i.Invert != 0})
	case *xt.Multiport:
		d.match(&multiport{*i, d.rule.proto.num})
	case *xt.Raw:
		var m extension
		var ok bool
		switch {
		case i.Extension == "iprange" && i.Revision == 1:
			m, ok = iprangeFrom(d.family, i.Data)
		case i.Extension == "mac" && i.Revision == 0:
			m, ok = macFrom(i.Data)
		case i.Extension == "connmark" && i.Revision == 1 && len(i.Data) > 8:
			m, ok = &mark{true, binary.NativeEndian.Uint32(i.Data), binary.NativeEndian.Uint32(i.Data[4:]), i.Data[8] != 0}, true
		default:
			m, ok = plainFrom(i)
		}
		if !ok {
			m = &unknownExtension{info}
		}
		d.match(m)
	default:
		d.match(&unknownExtension{info})
	}
	return nil
}

// xtTarget reads a target of xtables.
func (d *decoder) xtTarget(info xt.Info) error {
	d.rule.jump = jump{name: info.Name()}
	switch i := info.(type) {
	case *xt.NAT:
		d.rule.jump.target = natFrom(d.family, i)
	case *xt.Reject:
		d.rule.jump.target = &reject{d.family, i.With}
	case *xt.SetMark:
		d.rule.jump.target = &setMark{*i}
	case *xt.Raw:
		d.rule.jump.target = &unknownExtension{info}
		p, ok := plainFrom(i)
		switch {
		case ok:
			d.rule.jump.target = p
		case i.Revision != 0:
		case i.Extension == "LOG" && len(i.Data) >= 32:
			d.rule.jump.target = logFrom(i.Data)
		case i.Extension == "TCPMSS" && len(i.Data) >= 2:
			d.rule.jump.target = &tcpmss{mss: binary.NativeEndian.Uint16(i.Data)}
		}
	default:
		d.rule.jump.target = &unknownExtension{info}
	}
	return nil
}

// unknown returns the first extension of a rule that minins cannot read.
func (r *rule) unknown() (string, bool) {
	for _, m := range append(r.matches[:len(r.matches):len(r.matches)], r.jump.target) {
		if u, ok := m.(*unknownExtension); ok {
			return u.info.Name() + " revision " + strconv.FormatUint(uint64(u.info.Rev()), 10), true
		}
	}
	return "", false
}
