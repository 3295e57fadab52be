//go:build linux

package nl

import "encoding/binary"

// Nest opens a nested attribute. If it reports true, the caller codes the
// contents and calls [Coder.End]. Encoding, an empty nest is not sent;
// decoding, Nest is false if the attribute is not there.
func (c *Coder) Nest(typ uint16, name string) bool {
	return c.open(typ, name, "", nlaNested, KindNest)
}

// NestIf is [Coder.Nest] for contents of which the caller knows whether there
// are any: encoding a message that has none of them is then quicker.
func (c *Coder) NestIf(typ uint16, name string, present bool) bool {
	return (c.mode != encode || present) && c.open(typ, name, "", nlaNested, KindNest)
}

// Union is Nest for contents that depend on a name sent before them, like
// IFLA_INFO_DATA on IFLA_INFO_KIND; see [Coder.Case].
//
// The explainer has only the bytes to go by: it takes as name the last string
// attribute before the union and, if there is such a case, "name/n" with the
// first integer between the two (the revision of an xtables target), or
// "name/n/length" with the length of the union as well, or "/n", whatever the
// name (the type of an nf_tables object).
func (c *Coder) Union(typ uint16, name, sel string) bool {
	return c.open(typ, name, sel, nlaNested, KindNest)
}

// Struct opens an attribute whose payload is a C struct: the caller codes
// members, then calls [Coder.End]. present says whether to send it. Decoding,
// a struct that is shorter than ours leaves the rest zero, and one that is
// longer is cut.
func (c *Coder) Struct(typ uint16, name string, present bool) bool {
	return c.UnionStruct(typ, name, "", present)
}

// UnionStruct is [Coder.Struct] for contents that depend on a name; see
// [Coder.Union].
func (c *Coder) UnionStruct(typ uint16, name, sel string, present bool) bool {
	if c.mode == encode && !present || !c.open(typ, name, sel, 0, KindStruct) {
		return false
	}
	if c.mode == decode {
		c.cur.lenient = true
	}
	return true
}

func (c *Coder) open(typ uint16, name, sel string, flag uint16, kind Kind) bool {
	if c.top+1 == maxDepth {
		if c.mode != describe { // a description of a recursive message ends here
			c.Fail(errTooDeep)
		}
		return false
	}
	switch c.mode {
	case encode:
		c.top++
		e := &c.enc[c.top]
		e.at, e.sel = len(c.buf), sel
		binary.NativeEndian.PutUint16(c.room(nlaHeader)[2:], typ|flag) // end writes the length
	case decode:
		at := c.find(typ)
		if at == 0 {
			return false
		}
		c.enter(c.top+1, at, at+c.lenAt(at), sel)
	default:
		s := &Set{}
		c.add(typ, Attr{Name: name, Kind: kind, Set: s})
		c.top++
		c.sch[c.top] = s
	}
	return true
}

// Case reports whether the open union holds the variant called name. A
// description holds them all.
//
//go:noinline // there are many of it, that take space
func (c *Coder) Case(name string) bool {
	switch c.mode {
	case encode:
		return c.enc[c.top].sel == name
	case decode:
		return c.cur.sel == name
	}
	u := c.sch[c.top]
	if u.union != nil {
		u = u.union
	}
	s := &Set{union: u}
	if u.Variants == nil {
		u.Variants = make(map[string]*Set)
	}
	u.Variants[name] = s
	c.sch[c.top] = s
	return true
}

// End closes the innermost nest.
func (c *Coder) End() { c.end(false) }

// EndEmpty is End for a nest that is sent even without contents, as the
// kernel wants it for the data of nf_tables' masq.
func (c *Coder) EndEmpty() { c.end(true) }

func (c *Coder) end(keep bool) {
	if c.mode == decode {
		c.leave()
		return
	}
	if c.mode == encode {
		at := c.enc[c.top].at
		switch n := len(c.buf) - at; {
		case n > nlaMax:
			c.Fail(errTooLong(n))
		case n > nlaHeader || keep:
			binary.NativeEndian.PutUint16(c.buf[at:], uint16(n))
			if n%4 != 0 { // a C struct may end off the boundary
				clear(c.room(align(n) - n))
			}
		default:
			c.buf = c.buf[:at]
		}
	}
	c.top--
}

// Elements codes a list: nested attributes that all have type typ, or, if typ
// is 0, are numbered from 1. Decoding takes any type. It begins behind what *p
// has, in the space that it has, and fields gets what was there.
func Elements[T any](c *Coder, typ uint16, name string, p *[]T, fields func(*Coder, *T)) {
	switch c.mode {
	case encode:
		for i := range *p {
			t := typ
			if t == 0 {
				t = uint16(i + 1) // an attribute around them holds fewer than 2^14
			}
			if c.Nest(t, name) {
				fields(c, &(*p)[i])
				c.EndEmpty()
			}
		}
	case decode:
		off := c.cur.pos
		for c.element(&off, nlaHeader) {
			n := len(*p)
			if n == cap(*p) {
				*p = append(*p, *new(T))
			}
			*p = (*p)[:n+1]
			fields(c, &(*p)[n])
			c.leave()
		}
	default:
		if c.Nest(typ, name) {
			c.sch[c.top-1].List = true
			var v T
			fields(c, &v)
			c.End()
		}
	}
}

// Records codes an attribute that is an array of C structs which begin with
// their own length, each with attributes behind it: RTA_MULTIPATH's struct
// rtnexthop. fields begins with the members after the length.
func Records[T any](c *Coder, typ uint16, name, lenName string, p *[]T, fields func(*Coder, *T)) {
	switch c.mode {
	case encode:
		if len(*p) == 0 || !c.open(typ, name, "", 0, KindRecords) {
			return
		}
		for i := range *p {
			at := len(c.buf)
			c.room(2)
			fields(c, &(*p)[i])
			binary.NativeEndian.PutUint16(c.buf[at:], uint16(len(c.buf)-at))
		}
		c.End()
	case decode:
		if !c.open(typ, name, "", 0, KindRecords) {
			return
		}
		off := c.cur.pos
		for c.element(&off, 2) {
			*p = append(*p, *new(T))
			fields(c, &(*p)[len(*p)-1])
			c.leave()
		}
		c.leave()
	default:
		if c.open(typ, name, "", 0, KindRecords) {
			describeMember[uint16](c, lenName, 2, false)
			var v T
			fields(c, &v)
			c.End()
		}
	}
}

// element opens the element at *off of the innermost nest, which begins with
// its length, behind header bytes of it, and moves *off to the next. It is
// false at the end; if true, the caller closes the element.
func (c *Coder) element(off *int, header int) bool {
	f := c.cur
	if *off >= f.end {
		return false
	}
	l, _, ok := attrAt(c.buf[*off:f.end])
	switch {
	case !ok:
		c.Fail(errTruncated)
		return false
	case c.top+1 == maxDepth:
		c.Fail(errTooDeep)
		return false
	}
	c.enter(c.top+1, *off+header, *off+l, "")
	*off += align(l)
	return true
}

// Rest codes, as raw bytes, the attributes of the innermost nest that no
// other call has asked for. Called last, it makes a message lossless: what a
// newer kernel or another program put there is sent back unchanged.
func (c *Coder) Rest(p *[]byte) {
	switch c.mode {
	case encode:
		copy(c.room(len(*p)), *p)
	case decode:
		f := c.cur
		if !f.indexed && f.pos < f.end {
			c.index()
		}
		for f.pos < f.end {
			l, t, ok := attrAt(c.buf[f.pos:f.end])
			if !ok {
				c.Fail(errTruncated)
				return
			}
			if t &= typeMask; t >= maxAttr || f.tb[t] > 0 { // with all of a type, where it is a list
				*p = append(*p, c.buf[f.pos:f.pos+l]...)
				*p = append(*p, 0, 0, 0)[:align(len(*p))]
			}
			f.pos = min(f.pos+align(l), f.end)
		}
	}
}

// Again goes back, when decoding, to the beginning of the innermost nest: the
// attributes that were taken can be taken again.
func (c *Coder) Again() {
	if c.mode == decode {
		f := c.cur
		f.pos, f.indexed = f.start, false
		f.seen[0], f.seen[1] = 0, 0
	}
}

// Name describes an attribute that the message does not model, so that it can
// be explained.
//
//go:noinline // there are many of it, that take space
func (c *Coder) Name(typ uint16, name string, kind Kind) {
	if c.mode == describe {
		c.add(typ, Attr{Name: name, Kind: kind})
	}
}

// Pad describes an attribute without a value that the kernel puts before a u64, as
// often as it takes for that to be aligned (nla_put_64bit). It does so only on processors that
// cannot read it elsewhere: not on x86 and arm64.
//
//go:noinline
func Pad(c *Coder, typ uint16, name string) {
	var none []byte
	Bytes(c, typ, name, &none)
}
