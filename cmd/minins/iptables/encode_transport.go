//go:build linux

package iptables

import (
	"encoding/binary"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"golang.org/x/sys/unix"
)

// transport is tcp or udp: native, but for TCP options and for a match that
// says nothing.
func (e *encoder) transport(t *transport, p protocol) error {
	anySrc, anyDst := anyPort(t.SrcPorts, t.Inv&invSrcPort != 0), anyPort(t.DstPorts, t.Inv&invDstPort != 0)
	if t.Option != 0 || t.Inv&invOption != 0 || anySrc && anyDst && t.FlagMask|t.FlagCmp|t.Inv == 0 {
		switch {
		case !e.native && t.tcp:
			e.add(&nft.Match{Info: &t.TCP})
		case !e.native:
			e.add(&nft.Match{Info: &xt.UDP{SrcPorts: t.SrcPorts, DstPorts: t.DstPorts, Inv: t.Inv}})
		case t.Option != 0:
			return cannot(t)
		}
		return nil
	}
	want, name := uint8(unix.IPPROTO_UDP), "UDP"
	if t.tcp {
		want, name = unix.IPPROTO_TCP, "TCP"
	}
	if p.num != want {
		return wrong(name + " match requires '-p " + t.name() + "'")
	}
	// Two matches may say what differs; of the same, iptables would list only the second.
	for i, given := range [...]bool{!anySrc, !anyDst, t.FlagMask != 0} {
		if given && e.given[i] {
			return wrong([...]string{"--sport", "--dport", "--tcp-flags"}[i] + " is given twice, by two matches of " + t.name())
		}
		e.given[i] = e.given[i] || given
	}
	if t.FlagMask != 0 {
		e.payload(nft.TransportHeader, 13, 1)
		e.and([]byte{t.FlagMask})
		e.compare([]byte{t.FlagCmp}, t.Inv&invFlags != 0)
	}
	if one(t.SrcPorts) && one(t.DstPorts) && t.Inv&(invSrcPort|invDstPort) == 0 {
		e.payload(nft.TransportHeader, 0, 4)
		e.compare(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, t.SrcPorts[0]), t.DstPorts[0]), false)
		anySrc, anyDst = true, true
	}
	if !anySrc {
		e.ports(0, t.SrcPorts, t.Inv&invSrcPort != 0)
	}
	if !anyDst {
		e.ports(2, t.DstPorts, t.Inv&invDstPort != 0)
	}
	return nil
}

// one reports whether a range is a single port, of those that packets have.
func one(ports [2]uint16) bool { return ports[0] != 0 && ports[0] == ports[1] }

func (e *encoder) ports(offset int, ports [2]uint16, inv bool) {
	e.payload(nft.TransportHeader, offset, 2)
	from, to := binary.BigEndian.AppendUint16(nil, ports[0]), binary.BigEndian.AppendUint16(nil, ports[1])
	switch {
	case ports[0] == ports[1]:
		e.compare(from, inv)
		return
	case ports[0] == 0 && inv && ports[1] != 0xffff:
		e.add(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Gt, Data: to})
		return
	case ports[0] == 0 && !inv:
		e.add(&nft.Cmp{Sreg: nft.Reg1, Op: nft.Lte, Data: to})
		return
	}
	op := nft.RangeEq
	if inv {
		op = nft.RangeNeq
	}
	e.add(&nft.Range{Sreg: nft.Reg1, Op: op, From: from, To: to})
}
