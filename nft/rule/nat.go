//go:build linux

package rule

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/minins/minins/nft"
)

// translates says whether the chain is one where the kernel translates so.
func (b *Builder) translates(hooks ...nft.HookNum) error {
	if !b.chain.Hook.Ok {
		return nil
	}
	if b.chain.Type != "nat" {
		return fmt.Errorf("the chain is of type %s: NAT is in chains of type nat", b.chain.Type)
	}
	if hook := b.chain.Hook.V.Num; !slices.Contains(hooks, hook) {
		if len(hooks) == 1 {
			return fmt.Errorf("at hook %s: it is at %s", hookWord(hook), hookWord(hooks[0]))
		}
		return fmt.Errorf("at hook %s: it is at %s or %s", hookWord(hook), hookWord(hooks[0]), hookWord(hooks[1]))
	}
	return nil
}

func hookWord(h nft.HookNum) string {
	if int(h) < len(hookWords) {
		return hookWords[h]
	}
	return fmt.Sprint(uint32(h))
}

var hookWords = [...]string{"prerouting", "input", "forward", "output", "postrouting"}

// DNAT sends the packet, and those of its connection, to an address. With a port:
// [Transport.DNAT].
// nft: dnat to 10.1.0.2, in a table inet dnat ip to 10.1.0.2
func DNAT(to netip.Addr) Part {
	return Part{name: "dnat to address", add: (*Builder).nat, ends: true, addr: span{last: to}}
}

// SNAT gives the packet, and those of its connection, another source address. With
// a port: [Transport.SNAT].
// nft: snat to 192.0.2.1
func SNAT(to netip.Addr) Part {
	return Part{name: "snat to address", add: (*Builder).nat, ends: true, addr: span{last: to}}
}

func (b *Builder) nat(p *Part) error {
	n := nft.NAT{Type: nft.SNAT}
	var err error
	if p.name[0] == 'd' {
		n.Type = nft.DNAT
		err = b.translates(nft.Prerouting, nft.Output)
	} else {
		err = b.translates(nft.Postrouting, nft.Input)
	}
	if err != nil {
		return err
	}
	a := p.addr.last
	if !a.IsValid() || a.Is4In6() || a.Zone() != "" {
		return errors.New("it is no address")
	}
	f := familyOf(a)
	if b.network != f && b.network != nft.Unspec {
		return b.knownFamily(f)
	}
	n.Family = nft.NATFamily(f)
	if p.proto != 0 {
		if p.numbers[0] == 0 {
			return errPort
		}
		if err := b.transport(p.proto); err != nil {
			return err
		}
	}
	n.AddrMin = b.load(nft.Reg1, b.addr(a))
	if p.proto != 0 {
		n.PortMin = b.load(nft.Reg2, b.port(p.numbers[0]))
	}
	b.emit(b.nats.next(n))
	return nil
}

// Masquerade gives the packet, and those of its connection, the address of the
// output device as the source.
// nft: masquerade
func Masquerade() Part { return Part{name: "masquerade", add: (*Builder).masquerade, ends: true} }

func (b *Builder) masquerade(p *Part) error {
	if err := b.translates(nft.Postrouting); err != nil {
		return err
	}
	var m nft.Masq
	if p.proto != 0 {
		first, last := p.numbers[0], p.numbers[1]
		switch {
		case first == 0:
			return errPort
		case first > last:
			return errOrder
		}
		if err := b.transport(p.proto); err != nil {
			return err
		}
		m.Flags = nft.NATProto
		m.PortMin = b.load(nft.Reg1, b.port(first))
		if last != first {
			m.PortMax = b.load(nft.Reg2, b.port(last))
		}
	}
	b.emit(b.masqs.next(m))
	return nil
}

// Redirect sends the packet to this host.
// nft: redirect
func Redirect() Part { return Part{name: "redirect", add: (*Builder).redirect, ends: true} }

func (b *Builder) redirect(p *Part) error {
	if err := b.translates(nft.Prerouting, nft.Output); err != nil {
		return err
	}
	var r nft.Redir
	if p.proto != 0 {
		if p.numbers[0] == 0 {
			return errPort
		}
		if err := b.transport(p.proto); err != nil {
			return err
		}
		r.PortMin = b.load(nft.Reg1, b.port(p.numbers[0]))
	}
	b.emit(b.redirs.next(r))
	return nil
}

// DNATMap sends the packet to the address that a map has for the keys. With a port:
// [Transport.DNATMap].
// nft: dnat to ip daddr map @m
func DNATMap(m *nft.Set, keys ...Key) Part {
	return Part{name: "dnat to map", add: (*Builder).natMap, ends: true, set: m, keys: keys}
}

func (b *Builder) natMap(p *Part) error {
	if err := b.translates(nft.Prerouting, nft.Output); err != nil {
		return err
	}
	if err := b.references(p); err != nil {
		return err
	}
	var f nft.Family
	var words nft.Register
	var both bool
	switch p.set.DataType {
	case typeIPv4, typeIPv4<<typeBits | typeService:
		f, words, both = nft.IPv4, 1, p.set.DataType != typeIPv4
	case typeIPv6, typeIPv6<<typeBits | typeService:
		f, words, both = nft.IPv6, 4, p.set.DataType != typeIPv6
	default:
		return fmt.Errorf("map %s has neither addresses nor addresses and ports as its data", p.set.Name)
	}
	if b.network != f && b.network != nft.Unspec {
		return b.knownFamily(f)
	}
	switch {
	case both && p.proto == 0:
		return fmt.Errorf("map %s has ports, of what protocol is not said: use TCP.DNATMap or UDP.DNATMap", p.set.Name)
	case p.proto != 0:
		if err := b.transport(p.proto); err != nil {
			return err
		}
	}
	if err := b.lookup(p, nft.Reg1, true); err != nil {
		return err
	}
	n := nft.NAT{Type: nft.DNAT, Family: nft.NATFamily(f), AddrMin: nft.Reg1}
	if both {
		n.PortMin = nft.Reg32 + words
	}
	b.emit(b.nats.next(n))
	return nil
}
