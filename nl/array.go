//go:build linux

package nl

import (
	"encoding/binary"
	"fmt"
	"math"
)

// OptStr is a string ended by a NUL byte that may be absent; an empty one that
// is there is sent.
func OptStr(c *Coder, typ uint16, name string, p *Opt[string]) {
	if !opt(c, typ, p) {
		return
	}
	if c.mode == encode && p.V == "" {
		c.attr(typ, name, 1)[0] = 0
		return
	}
	Str(c, typ, name, &p.V)
}

// Array is an attribute that is a C array of integers in host order, of which
// the kernel may send fewer or more than names tells; nil is absent. Decoding
// uses the space that *p has.
func Array[T ~uint32 | ~uint64](c *Coder, typ uint16, name string, names []string, p *[]T) {
	size := 4
	if uint64(^T(0)) > math.MaxUint32 {
		size = 8
	}
	switch c.mode {
	case encode:
		if *p == nil {
			return
		}
		b := c.attr(typ, name, size*len(*p))
		if c.err != nil {
			return
		}
		for i, v := range *p {
			if size == 4 {
				binary.NativeEndian.PutUint32(b[4*i:], uint32(v))
			} else {
				binary.NativeEndian.PutUint64(b[8*i:], uint64(v))
			}
		}
	case decode:
		b, _, ok := c.lookup(typ)
		if !ok {
			*p = nil
			return
		}
		if len(b)%size != 0 {
			c.Fail(fmt.Errorf("nl: %s: %d bytes are no array of %d-byte integers", name, len(b), size))
			return
		}
		n := len(b) / size
		v := *p
		if v == nil || cap(v) < n {
			v = make([]T, n)
		}
		v = v[:n]
		for i := range v {
			if size == 4 {
				v[i] = T(binary.NativeEndian.Uint32(b[4*i:]))
			} else {
				v[i] = T(binary.NativeEndian.Uint64(b[8*i:]))
			}
		}
		*p = v
	default:
		s := &Set{Members: make([]Attr, len(names))}
		for i, n := range names {
			s.Members[i] = Attr{Name: n, Kind: KindInt, Size: size, Format: formatter[T]()}
		}
		c.add(typ, Attr{Name: name, Kind: KindStruct, Set: s})
	}
}
