//go:build linux

package nl

import "encoding/binary"

// Members are the fields of a C struct: the fixed header of a message, or an
// attribute opened with [Coder.Struct]. They are named as in the kernel's
// header.

// M8 is an 8-bit member.
func M8[T ~uint8](c *Coder, name string, p *T) {
	switch c.mode {
	case encode:
		c.room(1)[0] = byte(*p)
	case decode:
		if b := c.take(1); b != nil {
			*p = T(b[0])
		}
	default:
		describeMember[T](c, name, 1, false)
	}
}

// M16 is a 16-bit member in host order.
func M16[T ~uint16](c *Coder, name string, p *T) {
	switch c.mode {
	case encode:
		binary.NativeEndian.PutUint16(c.room(2), uint16(*p))
	case decode:
		if b := c.take(2); b != nil {
			*p = T(binary.NativeEndian.Uint16(b))
		}
	default:
		describeMember[T](c, name, 2, false)
	}
}

// M32 is a 32-bit member in host order.
func M32[T ~uint32 | ~int32](c *Coder, name string, p *T) {
	switch c.mode {
	case encode:
		binary.NativeEndian.PutUint32(c.room(4), uint32(*p))
	case decode:
		if b := c.take(4); b != nil {
			*p = T(binary.NativeEndian.Uint32(b))
		}
	default:
		describeMember[T](c, name, 4, false)
	}
}

// M64 is a 64-bit member in host order.
func M64[T ~uint64](c *Coder, name string, p *T) {
	switch c.mode {
	case encode:
		binary.NativeEndian.PutUint64(c.room(8), uint64(*p))
	case decode:
		if b := c.take(8); b != nil {
			*p = T(binary.NativeEndian.Uint64(b))
		}
	default:
		describeMember[T](c, name, 8, false)
	}
}

// MArray is a run of members of one type in host order, such as counters. It is
// for where M64 after M64 would take the time.
func MArray[T uint32 | uint64](c *Coder, names []string, p []*T) {
	size := sizeOf[T]()
	switch c.mode {
	case encode:
		b := c.room(size * len(p))
		for i, v := range p {
			putInt(b[size*i:], size, uint64(*v))
		}
	case decode:
		n := len(p)
		if left := c.Left() / size; left < n && c.cur.lenient {
			n = left
		}
		if b := c.take(size * n); b != nil {
			for i := range n {
				*p[i] = T(getInt(b[size*i:], size))
			}
		}
	default:
		for _, name := range names {
			describeMember[T](c, name, size, false)
		}
	}
}

// MBE16 is a 16-bit member in network order.
func MBE16[T ~uint16](c *Coder, name string, p *T) {
	switch c.mode {
	case encode:
		binary.BigEndian.PutUint16(c.room(2), uint16(*p))
	case decode:
		if b := c.take(2); b != nil {
			*p = T(binary.BigEndian.Uint16(b))
		}
	default:
		describeMember[T](c, name, 2, true)
	}
}

// MBytes is an array of bytes. Addresses inside a C struct, which are in
// network order, are arrays of 4 or 16 bytes.
func MBytes(c *Coder, name string, p []byte) {
	switch c.mode {
	case encode:
		copy(c.room(len(p)), p)
	case decode:
		if b := c.take(len(p)); b != nil {
			copy(p, b)
		}
	default:
		c.member(Attr{Name: name, Kind: KindBytes, Size: len(p)})
	}
}

// MIP is an IP address inside a C struct: 4 or 16 bytes in network order.
func MIP(c *Coder, name string, p []byte) {
	if c.mode == describe {
		c.member(Attr{Name: name, Kind: KindIP, Size: len(p)})
		return
	}
	MBytes(c, name, p)
}

// MStr is an array of char inside a C struct, ended by a NUL byte if shorter.
func MStr(c *Coder, name string, p []byte) {
	if c.mode == describe {
		c.member(Attr{Name: name, Kind: KindString, Size: len(p)})
		return
	}
	MBytes(c, name, p)
}

// MInet is a union nf_inet_addr of linux/netfilter.h inside a C struct: 16
// bytes in network order, of which an IPv4 address takes the first four.
func MInet(c *Coder, name string, p *[16]byte) {
	if c.mode == describe {
		c.member(Attr{Name: name, Kind: KindInet, Size: len(p)})
		return
	}
	MBytes(c, name, p[:])
}

// Left is, when decoding, the number of bytes of the innermost struct that no
// member has taken yet.
func (c *Coder) Left() int {
	if c.mode != decode {
		return 0
	}
	return c.cur.end - c.cur.pos
}

// Skip is n bytes of padding, always zero.
func (c *Coder) Skip(name string, n int) {
	switch c.mode {
	case encode:
		clear(c.room(n))
	case decode:
		c.take(n)
	default:
		c.member(Attr{Name: name, Kind: KindBytes, Size: n})
	}
}

// take returns the next n bytes of a C struct, or nil: as an error, unless the
// kernel's struct may be older and shorter than ours.
func (c *Coder) take(n int) []byte {
	f := c.cur
	at := f.pos
	if f.end-at < n {
		c.short(f)
		return nil
	}
	f.pos = at + n
	return c.buf[at : at+n]
}

// short says that the innermost struct has ended before ours.
func (c *Coder) short(f *frame) {
	if !f.lenient {
		c.Fail(errTruncated)
	}
	f.pos = f.end
}
