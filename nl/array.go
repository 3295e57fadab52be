//go:build linux

package nl

import (
	"encoding/binary"
	"fmt"
	"math"
)

// OptStr is a string that may be absent; an empty one that is there is sent.
// Decoding takes it with or without a NUL byte, and encoding makes none, which
// would count for the kernel's limit of 255 bytes for an IFLA_IFALIAS.
func OptStr(c *Coder, typ uint16, name string, p *Opt[string]) {
	if !opt(c, typ, p) {
		return
	}
	if c.mode == encode {
		copy(c.attr(typ, name, len(p.V)), p.V)
		return
	}
	Str(c, typ, name, &p.V)
}

// Array is an attribute that is a C array of integers in host order, of which
// the kernel may send fewer or more than names tells; nil is absent. Decoding
// uses the space that *p has.
func Array[T ~uint32 | ~uint64](c *Coder, typ uint16, name string, names []string, p *[]T) {
	size := sizeOf[T]()
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
			putInt(b[size*i:], size, uint64(v))
		}
	case decode:
		b, n, ok := c.array(typ, name, size)
		if !ok {
			*p = nil
			return
		}
		v := *p
		if v == nil || cap(v) < n {
			v = make([]T, n)
		}
		v = v[:n]
		for i := range v {
			v[i] = T(getInt(b[size*i:], size))
		}
		*p = v
	default:
		describeArray(c, typ, name, names, size, formatter[T]())
	}
}

// array is lookup for n integers of size bytes.
func (c *Coder) array(typ uint16, name string, size int) (b []byte, n int, ok bool) {
	at := c.find(typ)
	if at == 0 {
		return nil, 0, false
	}
	b = c.payload(at)
	if len(b)%size != 0 {
		c.Fail(fmt.Errorf("nl: %s: %d bytes are no array of %d-byte integers", name, len(b), size))
		return nil, 0, false
	}
	return b, len(b) / size, true
}

func describeArray(c *Coder, typ uint16, name string, names []string, size int, format func(uint64) string) {
	s := &Set{Members: make([]Attr, len(names))}
	for i, n := range names {
		s.Members[i] = Attr{Name: n, Kind: KindInt, Size: size, Format: format}
	}
	c.add(typ, Attr{Name: name, Kind: KindStruct, Set: s})
}

func sizeOf[T ~uint32 | ~uint64]() int {
	if uint64(^T(0)) > math.MaxUint32 {
		return 8
	}
	return 4
}

func putInt(b []byte, size int, n uint64) {
	if size == 4 {
		binary.NativeEndian.PutUint32(b, uint32(n))
	} else {
		binary.NativeEndian.PutUint64(b, n)
	}
}

func getInt(b []byte, size int) uint64 {
	if size == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}
