//go:build linux

package rule

import (
	"errors"
	"fmt"

	"github.com/minins/minins/nft"
)

// A Key is something of a packet that a set or a map is asked for. Several are a
// concatenation: "ip daddr . tcp dport".
type Key uint8

// Keys, with the type of a set's key that goes with each.
const (
	IPSAddr  Key = iota + 1 // nft: ip saddr; ipv4_addr
	IPDAddr                 // nft: ip daddr; ipv4_addr
	IP6SAddr                // nft: ip6 saddr; ipv6_addr
	IP6DAddr                // nft: ip6 daddr; ipv6_addr
	Proto                   // nft: meta l4proto; inet_proto
	TCPSPort                // nft: tcp sport; inet_service
	TCPDPort                // nft: tcp dport; inet_service
	UDPSPort                // nft: udp sport; inet_service
	UDPDPort                // nft: udp dport; inet_service
	SPort                   // nft: th sport, of whatever protocol the rule or the key Proto says; inet_service
	DPort                   // nft: th dport; inet_service
	IIF                     // nft: iifname; ifname
	OIF                     // nft: oifname; ifname
	PktMark                 // nft: meta mark; mark
)

// Numbers of types, as in enum datatypes of nft's datatype.h, and how many bits each
// part of a concatenation has of them.
const (
	typeIPv4    = 7
	typeIPv6    = 8
	typeProto   = 12
	typeService = 13
	typeMark    = 19
	typeIfname  = 41
	typeBits    = 6
)

// A keyKind is what there is to know of a key.
type keyKind struct {
	name    string
	typ     uint32
	size    uint32 // in bytes
	family  nft.Family
	proto   Transport
	meta    nft.MetaKey // or, if there is a payload, none
	base    nft.PayloadBase
	offset  uint32
	payload bool
}

var keyKinds = [...]keyKind{
	IPSAddr:  {name: "ip saddr", typ: typeIPv4, size: 4, family: nft.IPv4, base: nft.NetworkHeader, offset: 12, payload: true},
	IPDAddr:  {name: "ip daddr", typ: typeIPv4, size: 4, family: nft.IPv4, base: nft.NetworkHeader, offset: 16, payload: true},
	IP6SAddr: {name: "ip6 saddr", typ: typeIPv6, size: 16, family: nft.IPv6, base: nft.NetworkHeader, offset: 8, payload: true},
	IP6DAddr: {name: "ip6 daddr", typ: typeIPv6, size: 16, family: nft.IPv6, base: nft.NetworkHeader, offset: 24, payload: true},
	Proto:    {name: "meta l4proto", typ: typeProto, size: 1, meta: nft.MetaL4Proto},
	TCPSPort: {name: "tcp sport", typ: typeService, size: 2, proto: TCP, base: nft.TransportHeader, payload: true},
	TCPDPort: {name: "tcp dport", typ: typeService, size: 2, proto: TCP, base: nft.TransportHeader, offset: 2, payload: true},
	UDPSPort: {name: "udp sport", typ: typeService, size: 2, proto: UDP, base: nft.TransportHeader, payload: true},
	UDPDPort: {name: "udp dport", typ: typeService, size: 2, proto: UDP, base: nft.TransportHeader, offset: 2, payload: true},
	SPort:    {name: "th sport", typ: typeService, size: 2, base: nft.TransportHeader, payload: true},
	DPort:    {name: "th dport", typ: typeService, size: 2, base: nft.TransportHeader, offset: 2, payload: true},
	IIF:      {name: "iifname", typ: typeIfname, size: 16, meta: nft.MetaIIFName},
	OIF:      {name: "oifname", typ: typeIfname, size: 16, meta: nft.MetaOIFName},
	PktMark:  {name: "meta mark", typ: typeMark, size: 4, meta: nft.MetaMark},
}

// String is nft's words.
func (k Key) String() string {
	if int(k) < len(keyKinds) && k != 0 {
		return keyKinds[k].name
	}
	return fmt.Sprint(uint8(k))
}

// In looks up whether a set has the keys; [Not] of it, that it has them not. The set
// is one that exists, or is made in the same batch: Family, Table, Name or ID,
// KeyType and Flags are read.
// nft: ip saddr . tcp dport @name
func In(s *nft.Set, keys ...Key) Part {
	return Part{name: "lookup in set", add: (*Builder).in, match: true, set: s, keys: keys}
}

func (b *Builder) in(p *Part) error {
	if err := b.references(p); err != nil {
		return err
	}
	if p.set.Flags.V&(nft.SetMap|nft.SetObject) != 0 {
		return fmt.Errorf("%s is a map: what is looked up in it has to be used, by VMap or DNATMap", p.set.Name)
	}
	return b.lookup(p, 0, false)
}

// VMap does what a verdict map has for the keys; of keys that it has not, nothing.
// nft: tcp dport vmap @name
func VMap(m *nft.Set, keys ...Key) Part {
	return Part{name: "vmap", add: (*Builder).vmap, set: m, keys: keys}
}

func (b *Builder) vmap(p *Part) error {
	if err := b.references(p); err != nil {
		return err
	}
	if p.set.DataType != nft.DataVerdict {
		return fmt.Errorf("%s is no verdict map", p.set.Name)
	}
	return b.lookup(p, nft.RegVerdict, true)
}

// references says whether the set is of this table and of the keys' types.
func (b *Builder) references(p *Part) error {
	s := p.set
	switch {
	case s == nil:
		return errors.New("in no set")
	case len(p.keys) == 0:
		return errors.New("of no keys")
	case s.Family != b.chain.Family || s.Table != b.chain.Table:
		return fmt.Errorf("%s is in table %s %s, and a rule sees what is in its own", s.Name, s.Family.Keyword(), s.Table)
	}
	var typ uint32
	for i, k := range p.keys {
		if k == 0 || int(k) >= len(keyKinds) {
			return fmt.Errorf("key %d is none of this package", i+1)
		}
		typ = typ<<typeBits | keyKinds[k].typ
	}
	if typ != s.KeyType {
		return fmt.Errorf("the key of %s is of type number %d, and what is looked up of %d", s.Name, s.KeyType, typ)
	}
	return nil
}

// lookup has what the keys need compared, and looks them up.
func (b *Builder) lookup(p *Part, dreg nft.Register, data bool) error {
	hasProto := b.proto != 0
	for _, k := range p.keys {
		kind := &keyKinds[k]
		switch {
		case kind.family != nft.Unspec:
			if err := b.knownFamily(kind.family); err != nil {
				return fmt.Errorf("%v: %w", k, err)
			}
		case kind.proto != 0:
			if err := b.transport(kind.proto); err != nil {
				return fmt.Errorf("%v: %w", k, err)
			}
			hasProto = true
		case k == Proto:
			hasProto = true
		case k == IIF || k == OIF:
			if err := b.hasDevice(kind.meta); err != nil {
				return fmt.Errorf("%v: %w", k, err)
			}
		}
	}
	r, words := nft.Reg1, nft.Register(0)
	for _, k := range p.keys {
		kind := &keyKinds[k]
		if kind.typ == typeService && !hasProto {
			return fmt.Errorf("%v: a port of no protocol: put L4Proto(TCP) before it, or the key Proto", k)
		}
		if words > 0 {
			r = nft.Reg32 + words
		}
		if kind.payload {
			b.emit(b.payloads.next(nft.Payload{Dreg: r, Base: kind.base, Offset: kind.offset, Len: kind.size}))
		} else {
			b.meta(kind.meta, r)
		}
		if k == PktMark && p.set.Flags.V&nft.SetInterval != 0 { // intervals are of numbers in network order
			b.emit(b.byteorders.next(nft.Byteorder{Sreg: r, Dreg: r, Op: 1, Len: 4, Size: 4}))
		}
		words += nft.Register((kind.size + 3) / 4)
	}
	if words > 16 {
		return errors.New("the keys have more than 64 bytes")
	}
	l := nft.Lookup{Sreg: nft.Reg1, Set: p.set.Name, SetID: p.set.ID}
	if data {
		l.Dreg.V, l.Dreg.Ok = dreg, true
	}
	if p.not {
		l.Flags.V, l.Flags.Ok = nft.LookupInverse, true
	}
	b.emit(b.lookups.next(l))
	return nil
}
