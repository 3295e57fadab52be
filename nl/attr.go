//go:build linux

package nl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// Opt is a value whose zero means something else than its absence.
type Opt[T any] struct {
	V  T
	Ok bool
}

// Some is a value that is there.
func Some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// Or returns the value, or v if there is none.
func (o Opt[T]) Or(v T) T {
	if o.Ok {
		return o.V
	}
	return v
}

// Attributes that are integers come in two byte orders, host (U8 to U64) and
// network (BE16 to BE64), and three ways to be absent: the plain function does
// not send a zero, Req… always sends, Opt… sends what is there.

// U8 is an 8-bit integer; zero is absent.
func U8[T ~uint8](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqU8(c, typ, name, p)
	}
}

// U16 is a 16-bit integer in host order; zero is absent.
func U16[T ~uint16](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqU16(c, typ, name, p)
	}
}

// U32 is a 32-bit integer in host order; zero is absent.
func U32[T ~uint32 | ~int32](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqU32(c, typ, name, p)
	}
}

// U64 is a 64-bit integer in host order; zero is absent.
func U64[T ~uint64](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqU64(c, typ, name, p)
	}
}

// BE16 is a 16-bit integer in network order; zero is absent.
func BE16[T ~uint16](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqBE16(c, typ, name, p)
	}
}

// BE32 is a 32-bit integer in network order; zero is absent.
func BE32[T ~uint32 | ~int32](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqBE32(c, typ, name, p)
	}
}

// BE64 is a 64-bit integer in network order; zero is absent.
func BE64[T ~uint64](c *Coder, typ uint16, name string, p *T) {
	if c.mode != encode || *p != 0 {
		ReqBE64(c, typ, name, p)
	}
}

// ReqU8 is an 8-bit integer that is sent even when zero.
func ReqU8[T ~uint8](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		c.attr(typ, name, 1)[0] = byte(*p)
	case decode:
		if at := c.exactAt(typ, name, 1); at != 0 {
			*p = T(c.buf[at])
		}
	default:
		describeInt[T](c, typ, name, 1, false)
	}
}

// ReqU16 is a 16-bit integer in host order that is sent even when zero.
func ReqU16[T ~uint16](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		binary.NativeEndian.PutUint16(c.attr(typ, name, 2), uint16(*p))
	case decode:
		if at := c.exactAt(typ, name, 2); at != 0 {
			*p = T(binary.NativeEndian.Uint16(c.buf[at:]))
		}
	default:
		describeInt[T](c, typ, name, 2, false)
	}
}

// ReqU32 is a 32-bit integer in host order that is sent even when zero.
func ReqU32[T ~uint32 | ~int32](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		binary.NativeEndian.PutUint32(c.attr(typ, name, 4), uint32(*p))
	case decode:
		if at := c.exactAt(typ, name, 4); at != 0 {
			*p = T(binary.NativeEndian.Uint32(c.buf[at:]))
		}
	default:
		describeInt[T](c, typ, name, 4, false)
	}
}

// ReqU64 is a 64-bit integer in host order that is sent even when zero.
func ReqU64[T ~uint64](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		binary.NativeEndian.PutUint64(c.attr(typ, name, 8), uint64(*p))
	case decode:
		if at := c.exactAt(typ, name, 8); at != 0 {
			*p = T(binary.NativeEndian.Uint64(c.buf[at:]))
		}
	default:
		describeInt[T](c, typ, name, 8, false)
	}
}

// ReqBE16 is a 16-bit integer in network order that is sent even when zero.
func ReqBE16[T ~uint16](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		binary.BigEndian.PutUint16(c.attr(typ, name, 2), uint16(*p))
	case decode:
		if at := c.exactAt(typ, name, 2); at != 0 {
			*p = T(binary.BigEndian.Uint16(c.buf[at:]))
		}
	default:
		describeInt[T](c, typ, name, 2, true)
	}
}

// ReqBE32 is a 32-bit integer in network order that is sent even when zero.
func ReqBE32[T ~uint32 | ~int32](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		binary.BigEndian.PutUint32(c.attr(typ, name, 4), uint32(*p))
	case decode:
		if at := c.exactAt(typ, name, 4); at != 0 {
			*p = T(binary.BigEndian.Uint32(c.buf[at:]))
		}
	default:
		describeInt[T](c, typ, name, 4, true)
	}
}

// ReqBE64 is a 64-bit integer in network order that is sent even when zero.
func ReqBE64[T ~uint64](c *Coder, typ uint16, name string, p *T) {
	switch c.mode {
	case encode:
		binary.BigEndian.PutUint64(c.attr(typ, name, 8), uint64(*p))
	case decode:
		if at := c.exactAt(typ, name, 8); at != 0 {
			*p = T(binary.BigEndian.Uint64(c.buf[at:]))
		}
	default:
		describeInt[T](c, typ, name, 8, true)
	}
}

// opt reports whether an optional value takes part in the walk; decoding, it
// notes whether the attribute is there.
func opt[T any](c *Coder, typ uint16, p *Opt[T]) bool {
	switch c.mode {
	case encode:
		return p.Ok
	case decode:
		p.Ok = c.Has(typ)
		return p.Ok
	default:
		return true
	}
}

// OptU8 is an 8-bit integer that may be absent.
func OptU8[T ~uint8](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqU8(c, typ, name, &p.V)
	}
}

// OptU16 is a 16-bit integer in host order that may be absent.
func OptU16[T ~uint16](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqU16(c, typ, name, &p.V)
	}
}

// OptU32 is a 32-bit integer in host order that may be absent.
func OptU32[T ~uint32 | ~int32](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqU32(c, typ, name, &p.V)
	}
}

// OptU64 is a 64-bit integer in host order that may be absent.
func OptU64[T ~uint64](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqU64(c, typ, name, &p.V)
	}
}

// OptBE16 is a 16-bit integer in network order that may be absent.
func OptBE16[T ~uint16](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqBE16(c, typ, name, &p.V)
	}
}

// OptBE32 is a 32-bit integer in network order that may be absent.
func OptBE32[T ~uint32 | ~int32](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqBE32(c, typ, name, &p.V)
	}
}

// OptBE64 is a 64-bit integer in network order that may be absent.
func OptBE64[T ~uint64](c *Coder, typ uint16, name string, p *Opt[T]) {
	if opt(c, typ, p) {
		ReqBE64(c, typ, name, &p.V)
	}
}

// Flag is an attribute without payload: its presence is the value.
func Flag(c *Coder, typ uint16, name string, p *bool) {
	switch c.mode {
	case encode:
		if *p {
			c.attr(typ, name, 0)
		}
	case decode:
		*p = c.find(typ) != 0
	default:
		c.add(typ, Attr{Name: name, Kind: KindFlag})
	}
}

// Str is a string ended by a NUL byte; the empty string is absent. Decoding
// takes it with or without the NUL.
func Str(c *Coder, typ uint16, name string, p *string) {
	switch c.mode {
	case encode:
		if *p != "" {
			b := c.attr(typ, name, len(*p)+1)
			if c.err == nil {
				b[copy(b, *p)] = 0
			}
		}
	case decode:
		if at := c.find(typ); at != 0 {
			b := c.payload(at)
			for n := len(b); n > 0 && b[n-1] == 0; n-- {
				b = b[:n-1] // and no other is left at the end: encoded, it would be taken for this one
			}
			if *p != string(b) { // as in the message before, or what the caller expects
				*p = c.share(b)
			}
		}
	default:
		c.add(typ, Attr{Name: name, Kind: KindString})
	}
}

// Strs is a list of strings: every attribute of type typ in the innermost
// nest. Decoding takes them in their order, each with or without a NUL.
func Strs(c *Coder, typ uint16, name string, p *[]string) {
	switch c.mode {
	case encode:
		for i := range *p {
			b := c.attr(typ, name, len((*p)[i])+1)
			if c.err == nil {
				b[copy(b, (*p)[i])] = 0
			}
		}
	case decode:
		if !c.Has(typ) {
			return
		}
		f := c.cur
		if !f.indexed {
			c.index() // leaves pos where the first is
		}
		for off := f.pos; off < f.end; {
			l, t, ok := attrAt(c.buf[off:f.end])
			if !ok {
				break // index has said so
			}
			if t&typeMask == typ {
				*p = append(*p, c.share(bytes.TrimSuffix(c.buf[off+nlaHeader:off+l], []byte{0})))
			}
			off += align(l)
		}
		c.find(typ) // takes it, and them
	default:
		c.add(typ, Attr{Name: name, Kind: KindString})
	}
}

// share returns b as a string, the same one for the same bytes as long as no
// other has taken its place: a dump of 10,000 links says "veth" 10,000 times. A
// map would cost more than the copy that it saves.
func (c *Coder) share(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if c.names == nil {
		c.names = make([]string, 64)
	}
	n := len(b)
	s := &c.names[(n+3*int(b[0])+5*int(b[n/2])+7*int(b[n-1]))%len(c.names)]
	if *s != string(b) {
		*s = c.keep(b)
	}
	return *s
}

// keep returns a copy of b, cut from a page of copies: one allocation for
// hundreds of names.
func (c *Coder) keep(b []byte) string {
	if len(b) > textPage/16 {
		return string(b)
	}
	if c.text == nil || c.text.Cap()-c.text.Len() < len(b) {
		c.text = new(strings.Builder)
		c.text.Grow(textPage)
	}
	at := c.text.Len()
	c.text.Write(b) // never fails
	return c.text.String()[at:]
}

// textPage is how many bytes of strings are allocated at a time.
const textPage = 4096

// Bytes is opaque data; nil is absent, an empty slice is not. Decoding uses the
// space that *p has.
func Bytes(c *Coder, typ uint16, name string, p *[]byte) {
	switch c.mode {
	case encode:
		if *p != nil {
			b := c.attr(typ, name, len(*p))
			copy(b, *p)
		}
	case decode:
		at := c.find(typ)
		if at == 0 {
			*p = nil
			return
		}
		b := c.payload(at)
		if *p == nil || cap(*p) < len(b) {
			*p = make([]byte, len(b))
		}
		*p = (*p)[:len(b)]
		copy(*p, b)
	default:
		c.add(typ, Attr{Name: name, Kind: KindBytes})
	}
}

// A HardwareAddr is a link-layer address of up to 32 bytes, MAX_ADDR_LEN of
// linux/netdevice.h. It is a value: comparable and without allocation.
type HardwareAddr struct {
	n uint8
	b [32]byte
}

// HardwareAddrFrom copies b; more than 32 bytes are cut off.
func HardwareAddrFrom(b []byte) (h HardwareAddr) {
	h.n = uint8(copy(h.b[:], b))
	return h
}

// Len is the number of bytes; 0 is no address.
func (h HardwareAddr) Len() int { return int(h.n) }

// AppendTo appends the bytes of the address.
func (h HardwareAddr) AppendTo(b []byte) []byte { return append(b, h.b[:h.n]...) }

// String is the usual form, as in 02:42:ac:11:00:02.
func (h HardwareAddr) String() string {
	const digits = "0123456789abcdef"
	s := make([]byte, 0, 3*len(h.b))
	for i, b := range h.b[:h.n] {
		if i > 0 {
			s = append(s, ':')
		}
		s = append(s, digits[b>>4], digits[b&15])
	}
	return string(s)
}

// HWAddr is a link-layer address; the zero address is absent.
func HWAddr(c *Coder, typ uint16, name string, p *HardwareAddr) {
	switch c.mode {
	case encode:
		if p.n != 0 {
			copy(c.attr(typ, name, int(p.n)), p.b[:p.n])
		}
	case decode:
		if at := c.find(typ); at != 0 {
			*p = HardwareAddr{}
			p.n = uint8(copy(p.b[:], c.payload(at)))
		}
	default:
		c.add(typ, Attr{Name: name, Kind: KindHWAddr})
	}
}

// IP is an IPv4 or IPv6 address in network order; the zero Addr is absent.
// Zones are not sent: netlink has the interface's index in another attribute.
func IP(c *Coder, typ uint16, name string, p *netip.Addr) {
	switch c.mode {
	case encode:
		switch {
		case p.Is4():
			a := p.As4()
			copy(c.attr(typ, name, 4), a[:])
		case p.Is6():
			a := p.As16()
			copy(c.attr(typ, name, 16), a[:])
		}
	case decode:
		if at := c.find(typ); at != 0 {
			switch b := c.payload(at); len(b) {
			case 4:
				*p = netip.AddrFrom4([4]byte(b))
			case 16:
				*p = netip.AddrFrom16([16]byte(b))
			default:
				c.Fail(fmt.Errorf("nl: %s: %d bytes are no IP address", name, len(b)))
			}
		}
	default:
		c.add(typ, Attr{Name: name, Kind: KindIP})
	}
}
