//go:build linux

package nl

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind is how an attribute's payload is to be read.
type Kind uint8

// The kinds of attributes.
const (
	KindBytes Kind = iota
	KindInt
	KindString
	KindFlag
	KindHWAddr
	KindIP
	KindInet
	KindNest
	KindStruct
	KindRecords
)

// A Set is the description of a message or of a nested attribute: the members
// of its fixed header, then the attributes it may hold.
type Set struct {
	Members  []Attr
	Attrs    map[uint16]Attr
	Variants map[string]*Set // of a union, by the name that selects them
	List     bool            // all attributes are elements, whatever their type
	union    *Set
}

// An Attr is what a Fields method said of one attribute or member.
type Attr struct {
	Name   string
	Kind   Kind
	Size   int                 // of an integer or member, in bytes
	Big    bool                // network byte order
	Format func(uint64) string // an integer in words
	Set    *Set                // of a nest, struct or array of records
}

// Describe asks m for its layout.
func Describe(m Message) *Set {
	s := &Set{}
	c := &Coder{mode: describe}
	c.sch[0] = s
	m.Fields(c)
	return s
}

// Nothing of what describes need be quick, and some of it would be copied to many places.
//
//go:noinline
func (c *Coder) add(typ uint16, a Attr) {
	s := c.sch[c.top]
	if s.Attrs == nil {
		s.Attrs = make(map[uint16]Attr)
	}
	s.Attrs[typ] = a
}

//go:noinline
func (c *Coder) member(a Attr) {
	s := c.sch[c.top]
	s.Members = append(s.Members, a)
}

type integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32
}

//go:noinline // it is called once, and would be copied to every place
func describeInt[T integer](c *Coder, typ uint16, name string, size int, big bool) {
	c.describeInt(typ, name, size, big, formatter[T]())
}

//go:noinline
func (c *Coder) describeInt(typ uint16, name string, size int, big bool, format func(uint64) string) {
	c.add(typ, Attr{Name: name, Kind: KindInt, Size: size, Big: big, Format: format})
}

//go:noinline
func describeMember[T integer](c *Coder, name string, size int, big bool) {
	c.describeMember(name, size, big, formatter[T]())
}

//go:noinline
func (c *Coder) describeMember(name string, size int, big bool, format func(uint64) string) {
	c.member(Attr{Name: name, Kind: KindInt, Size: size, Big: big, Format: format})
}

// formatter keeps T's String method: the Go type carries the kernel's names.
func formatter[T integer]() func(uint64) string {
	return func(n uint64) string { return fmt.Sprint(T(n)) }
}

// A FlagName pairs bits with the kernel's name for them, for [FlagNames].
type FlagName struct {
	Bits uint32
	Name string
}

// FlagNames writes bits as the names of those set, joined by |, in the way of
// the kernel's headers and of strace; what has no name follows in hex.
func FlagNames(bits uint32, names []FlagName) string {
	if bits == 0 {
		return "0"
	}
	var b strings.Builder
	for _, n := range names {
		if n.Bits != 0 && bits&n.Bits == n.Bits {
			if b.Len() > 0 {
				b.WriteByte('|')
			}
			b.WriteString(n.Name)
			bits &^= n.Bits
		}
	}
	if bits != 0 {
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		fmt.Fprintf(&b, "%#x", bits)
	}
	return b.String()
}

// variant picks the case of a union from the string and the integer that the
// bytes before it held, and from its length.
func (s *Set) variant(sel selector, length int) *Set {
	if s == nil || s.Variants == nil {
		return s
	}
	n := fmt.Sprint(sel.n)
	for _, key := range [...]string{sel.name + "/" + n + "/" + fmt.Sprint(length), sel.name + "/" + n, "/" + n, sel.name} {
		if v, ok := s.Variants[key]; ok {
			return v
		}
	}
	return &Set{}
}

// A selector is what chooses the case of the next union.
type selector struct {
	name string
	n    uint64 // the first integer behind the name
	ok   bool   // there is one
}

func (sel *selector) see(a *Attr, payload []byte) {
	switch {
	case a.Kind == KindString:
		*sel = selector{name: cString(payload)}
	case a.Kind == KindInt && len(payload) == a.Size && !sel.ok:
		sel.n, sel.ok = readInt(payload, a.Big), true
	}
}

// Walk calls f for every attribute that the description knows, outermost
// first, with the names of the nests around it.
func (s *Set) Walk(f func(path []string, a Attr)) { s.walk(nil, f) }

func (s *Set) walk(path []string, f func([]string, Attr)) {
	for _, v := range s.Variants {
		v.walk(path, f)
	}
	for _, a := range s.Attrs {
		p := append(slices.Clip(path), a.Name)
		f(p, a)
		if a.Set != nil {
			a.Set.walk(p, f)
		}
	}
}
