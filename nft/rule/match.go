//go:build linux

package rule

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// A span is the addresses of a prefix, or, with a last one, of a range.
type span struct {
	prefix netip.Prefix
	last   netip.Addr
}

var (
	errAddr  = errors.New("it is no address with a length of prefix")
	errPort  = errors.New("0 is no port")
	errOrder = errors.New("the last is before the first")
)

// known has the family of the packet compared, unless it is known.
func (b *Builder) knownFamily(f nft.Family) error {
	switch b.network {
	case f:
		return nil
	case nft.Unspec:
		b.meta(nft.MetaNFProto, nft.Reg1)
		b.cmp(nft.Eq, b.u8(uint8(f)))
		b.network = f
		return nil
	}
	return fmt.Errorf("it is of family %s, and the packets are of family %s", f.Keyword(), b.network.Keyword())
}

func familyOf(a netip.Addr) nft.Family {
	if a.Is4() {
		return nft.IPv4
	}
	return nft.IPv6
}

// Family compares the family of the packet, IPv4 or IPv6, in a table inet.
// nft: meta nfproto ipv4
func Family(f nft.Family) Part {
	return Part{name: "meta nfproto", add: (*Builder).family, numbers: [2]uint64{uint64(f)}}
}

func (b *Builder) family(p *Part) error {
	f := nft.Family(p.numbers[0])
	if f != nft.IPv4 && f != nft.IPv6 {
		return errors.New("it is neither IPv4 nor IPv6")
	}
	return b.knownFamily(f)
}

// SAddr compares the source address; that of a prefix as long as the address is one.
// nft: ip saddr 10.0.0.0/8, ip6 saddr fd00::1
func SAddr(p netip.Prefix) Part {
	return Part{name: "saddr", add: (*Builder).field, match: true, addr: span{prefix: p}}
}

// DAddr compares the destination address.
// nft: ip daddr 10.0.0.0/8, ip6 daddr fd00::1
func DAddr(p netip.Prefix) Part {
	return Part{name: "daddr", add: (*Builder).field, match: true, addr: span{prefix: p}}
}

// addrAt is where an address is in the header: after how many bytes.
func addrAt(f nft.Family, source bool) uint32 {
	switch {
	case f == nft.IPv4 && source:
		return 12
	case f == nft.IPv4:
		return 16
	case source:
		return 8
	}
	return 24
}

func (b *Builder) field(p *Part) error {
	a := p.addr.prefix
	if !a.IsValid() || a.Addr().Is4In6() || a.Addr().Zone() != "" {
		return errAddr
	}
	f := familyOf(a.Addr())
	if err := b.knownFamily(f); err != nil {
		return err
	}
	value, bits := wholeBytes(b.addr(a.Masked().Addr()), a.Bits())
	load := nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: addrAt(f, p.name == "saddr"), Len: uint32(len(value))}
	b.emit(b.payloads.next(load))
	b.compareBits(p.op(), value, bits)
	return nil
}

// wholeBytes is a prefix that ends with a byte without what is behind it: so much is
// compared, and, of a packet, loaded.
func wholeBytes(value []byte, bits int) ([]byte, int) {
	if bits%8 == 0 && bits != 0 {
		return value[:bits/8], bits
	}
	return value, bits
}

// compareBits compares the first bits of register 1.
func (b *Builder) compareBits(op nft.CmpOp, value []byte, bits int) {
	if bits < 8*len(value) {
		mask := b.own(len(value))
		for i := range bits {
			mask[i/8] |= 0x80 >> (i % 8)
		}
		b.mask(mask)
	}
	b.cmp(op, value)
}

// SetSAddr writes the source address, and mends the checksums: without connection
// tracking, unlike [SNAT].
// nft: ip saddr set 10.0.0.1
func SetSAddr(a netip.Addr) Part {
	return Part{name: "saddr set", add: (*Builder).write, addr: span{last: a}}
}

// SetDAddr writes the destination address.
// nft: ip daddr set 10.0.0.1
func SetDAddr(a netip.Addr) Part {
	return Part{name: "daddr set", add: (*Builder).write, addr: span{last: a}}
}

func (b *Builder) write(p *Part) error {
	a := p.addr.last
	if !a.IsValid() || a.Is4In6() || a.Zone() != "" {
		return errAddr
	}
	f := familyOf(a)
	if err := b.knownFamily(f); err != nil {
		return err
	}
	b.load(nft.Reg1, b.addr(a))
	w := nft.Payload{Sreg: nft.Reg1, Base: nft.NetworkHeader, Offset: addrAt(f, p.name == "saddr set"), Len: uint32(a.BitLen() / 8), CsumFlags: unix.NFT_PAYLOAD_L4CSUM_PSEUDOHDR}
	if f == nft.IPv4 {
		w.CsumType, w.CsumOffset = unix.NFT_PAYLOAD_CSUM_INET, 10
	}
	b.emit(b.payloads.next(w))
	return nil
}

// IIFName compares the name of the input device; a name that ends in "*" is all that
// begin so.
// nft: iifname "eth0"
func IIFName(name string) Part {
	return Part{name: "iifname", add: (*Builder).device, match: true, text: name}
}

// OIFName compares the name of the output device.
// nft: oifname "eth0"
func OIFName(name string) Part {
	return Part{name: "oifname", add: (*Builder).device, match: true, text: name}
}

func (b *Builder) device(p *Part) error {
	key := nft.MetaIIFName
	if p.name == "oifname" {
		key = nft.MetaOIFName
	}
	if err := b.hasDevice(key); err != nil {
		return err
	}
	n := len(p.text)
	if n == 0 || n > 15 || p.text == "*" {
		return fmt.Errorf("%q: a device's name is 1 to 15 bytes", p.text)
	}
	b.meta(key, nft.Reg1)
	if p.text[n-1] == '*' {
		prefix := b.own(n - 1)
		copy(prefix, p.text)
		b.cmp(p.op(), prefix)
		return nil
	}
	whole := b.own(16)
	copy(whole, p.text)
	b.cmp(p.op(), whole)
	return nil
}

// hasDevice says where a packet has no such device yet, or never had one.
func (b *Builder) hasDevice(key nft.MetaKey) error {
	if !b.chain.Hook.Ok {
		return nil
	}
	switch hook := b.chain.Hook.V.Num; {
	case key == nft.MetaOIFName && (hook == nft.Prerouting || hook == nft.Input):
		return errors.New("at this hook a packet has no output device yet: compare the input device, or go to forward or postrouting")
	case key == nft.MetaIIFName && hook == nft.Output:
		return errors.New("at this hook a packet has no input device: it was made here")
	}
	return nil
}

// L4Proto compares the transport protocol. [TCP] and [UDP] do it by themselves.
// nft: meta l4proto tcp
func L4Proto(t Transport) Part {
	return Part{name: "meta l4proto", add: (*Builder).l4proto, proto: t}
}

func (b *Builder) l4proto(p *Part) error {
	if p.proto != TCP && p.proto != UDP {
		return errors.New("it is neither TCP nor UDP")
	}
	return b.transport(p.proto)
}

// Mark compares the packet's mark.
// nft: meta mark 0x1
func Mark(v uint32) Part { return MarkBits(v, ^uint32(0)) }

// MarkBits compares some bits of the packet's mark.
// nft: meta mark & 0xff == 0x1
func MarkBits(v, bits uint32) Part {
	return Part{name: "meta mark", add: (*Builder).mark, match: true, numbers: [2]uint64{uint64(v), uint64(bits)}}
}

// CtMark compares the connection's mark.
// nft: ct mark 0x1
func CtMark(v uint32) Part {
	return Part{name: "ct mark", add: (*Builder).mark, match: true, numbers: [2]uint64{uint64(v), uint64(^uint32(0))}}
}

func (b *Builder) mark(p *Part) error {
	if p.numbers[0]&^p.numbers[1] != 0 {
		return fmt.Errorf("%#x has bits that are not in %#x", p.numbers[0], p.numbers[1])
	}
	if p.name == "ct mark" {
		b.emit(b.cts.next(nft.Ct{Key: nft.CtMark, Dreg: nft.Reg1}))
	} else {
		b.meta(nft.MetaMark, nft.Reg1)
	}
	if uint32(p.numbers[1]) != ^uint32(0) {
		b.mask(b.host(p.numbers[1]))
	}
	b.cmp(p.op(), b.host(p.numbers[0]))
	return nil
}

// DAddrType compares what the destination is to this host: unix.RTN_LOCAL,
// RTN_BROADCAST …
// nft: fib daddr type local
func DAddrType(rtn uint8) Part {
	return Part{name: "fib daddr type", add: (*Builder).addrType, match: true, numbers: [2]uint64{uint64(rtn)}}
}

func (b *Builder) addrType(p *Part) error {
	b.emit(b.fibs.next(nft.Fib{Flags: nft.FibDaddr, Result: nft.FibAddrType, Dreg: nft.Reg1}))
	b.cmp(p.op(), b.host(p.numbers[0]))
	return nil
}
