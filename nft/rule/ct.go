//go:build linux

package rule

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// Keys of ct that package nft has no name for.
const (
	ctDirection nft.CtKey = unix.NFT_CT_DIRECTION
	ctDstIP     nft.CtKey = 20 // NFT_CT_DST_IP
	ctDstIP6    nft.CtKey = 22 // NFT_CT_DST_IP6
)

// CtState compares the state of the packet's connection: it is one of these.
// nft: ct state established,related
func CtState(s nft.CtStates) Part {
	return Part{name: "ct state", add: (*Builder).ctBits, match: true, numbers: [2]uint64{uint64(nft.CtState), uint64(s)}}
}

// Bits of a connection's status: IPS_SRC_NAT, IPS_DST_NAT of
// linux/netfilter/nf_conntrack_common.h.
const (
	ipsSrcNAT = 1 << 4
	ipsDstNAT = 1 << 5
)

// CtSNAT compares whether the packet's connection has its source translated.
// nft: ct status snat
func CtSNAT() Part {
	return Part{name: "ct status", add: (*Builder).ctBits, match: true, numbers: [2]uint64{uint64(nft.CtStatus), ipsSrcNAT}}
}

// CtDNAT compares whether the packet's connection has its destination translated.
// nft: ct status dnat
func CtDNAT() Part {
	return Part{name: "ct status", add: (*Builder).ctBits, match: true, numbers: [2]uint64{uint64(nft.CtStatus), ipsDstNAT}}
}

func (b *Builder) ctBits(p *Part) error {
	if p.numbers[1] == 0 {
		return errors.New("of none: no packet is in it")
	}
	b.emit(b.cts.next(nft.Ct{Key: nft.CtKey(p.numbers[0]), Dreg: nft.Reg1}))
	b.mask(b.host(p.numbers[1]))
	op := nft.Neq // to none of the bits
	if p.not {
		op = nft.Eq
	}
	b.cmp(op, b.own(4))
	return nil
}

// CtReply compares the direction of the packet: it goes against that of the
// connection's first one.
// nft: ct direction reply
func CtReply() Part { return Part{name: "ct direction", add: (*Builder).ctReply} }

func (b *Builder) ctReply(*Part) error {
	b.emit(b.cts.next(nft.Ct{Key: ctDirection, Dreg: nft.Reg1}))
	b.cmp(nft.Eq, b.u8(1)) // IP_CT_DIR_REPLY
	return nil
}

// CtOriginalDAddr compares where the connection's first packet was sent to, before
// NAT.
// nft: ct original ip daddr 127.0.0.0/8
func CtOriginalDAddr(p netip.Prefix) Part {
	return Part{name: "ct original daddr", add: (*Builder).ctAddr, match: true, addr: span{prefix: p}}
}

func (b *Builder) ctAddr(p *Part) error {
	a := p.addr.prefix
	if !a.IsValid() || a.Addr().Is4In6() || a.Addr().Zone() != "" {
		return errAddr
	}
	if f := familyOf(a.Addr()); b.network != f && b.network != nft.Unspec {
		return b.knownFamily(f)
	}
	key := ctDstIP
	if a.Addr().Is6() {
		key = ctDstIP6
	}
	load := nft.Ct{Key: key, Dreg: nft.Reg1}
	load.Dir.Ok = true // IP_CT_DIR_ORIGINAL
	b.emit(b.cts.next(load))
	value, bits := wholeBytes(b.addr(a.Masked().Addr()), a.Bits())
	b.compareBits(p.op(), value, bits)
	return nil
}
