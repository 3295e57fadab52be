//go:build linux

package nl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Message presents its wire layout to a [Coder]: first the members of its
// fixed header, then its attributes, in wire order. The same method encodes,
// decodes and describes, so that the three cannot disagree.
//
// Fields begins by resetting the message before it is decoded: with [Start], or,
// which is the same in less machine code, "if c.Decoding() { *m = M{} }".
type Message interface{ Fields(c *Coder) }

const (
	maxDepth = 12
	maxAttr  = 80 // greater than IFLA_MAX, RTA_MAX and every NFTA_*_MAX
	typeMask = 0x3fff

	nlaHeader = 4      // struct nlattr: nla_len, nla_type
	nlaNested = 0x8000 // NLA_F_NESTED
	nlaMax    = 0xffff // nla_len is a u16
)

type mode uint8

const (
	encode mode = iota
	decode
	describe
)

// A Coder walks one message in one of three modes: encode, decode or
// describe. Its error is sticky. The zero Coder is ready for use; it is made to
// be reused, and a [Conn] owns one. It is not safe for concurrent use.
type Coder struct {
	mode  mode
	top   int // number of open nests
	buf   []byte
	err   error
	enc   [maxDepth]nest
	dec   *[maxDepth]frame
	cur   *frame // the innermost of dec
	tb    *table // its attributes, or blank until they are looked for
	blank *table // says that there might be any
	sch   [maxDepth]*Set
	names map[string]string // strings decoded before, to share
	text  *strings.Builder  // the page that further ones are cut from
}

// incomparable keeps the compiler from writing code that compares what holds it.
type incomparable [0]func()

// A nest is an open nested attribute while encoding.
type nest struct {
	_   incomparable
	at  int // offset of its header in buf
	sel string
}

// A frame is the message or a nested attribute while decoding.
type frame struct {
	_        incomparable
	pos, end int // what is not yet taken by members
	indexed  bool
	lenient  bool // a C struct that may be shorter than ours
	unasked  int  // attributes that nobody asked for yet
	used     int  // length of what tb has been used of
	sel      string

	tb table
}

// A table is the kernel's nlattr *tb[]: attribute type -> offset of its header
// + 1, negative once somebody asked for it.
type table [maxAttr]int32

var (
	errTruncated = errors.New("nl: truncated message")
	errTooDeep   = fmt.Errorf("nl: attributes nested more than %d deep", maxDepth-1)
	errUnclosed  = errors.New("nl: a Fields method opened a nest without closing it")
)

// Append encodes m after b and returns the longer slice. It allocates only to
// let b grow.
func (c *Coder) Append(b []byte, m Message) ([]byte, error) {
	c.mode, c.top, c.buf, c.err = encode, 0, b, nil
	m.Fields(c)
	b = c.buf
	c.buf = nil
	return b, c.finish()
}

// Decode fills m from b, a message body without its nlmsghdr. What m keeps of
// b it copies, where the message says so into the space that m has.
func (c *Coder) Decode(b []byte, m Message) error {
	if c.dec == nil {
		c.dec, c.blank = new([maxDepth]frame), new(table)
		for i := range c.blank {
			c.blank[i] = 1
		}
	}
	c.mode, c.top, c.buf, c.err = decode, 0, b, nil
	c.enter(0, 0, len(b), "")
	m.Fields(c)
	c.buf = nil
	return c.finish()
}

func (c *Coder) finish() error {
	if c.err == nil && c.top != 0 {
		return errUnclosed
	}
	return c.err
}

// Start may begin a Fields method: before decoding it sets *m to its zero
// value, so that nothing of an earlier message survives in a reused struct.
func Start[T any](c *Coder, m *T) {
	if c.mode == decode {
		var zero T
		*m = zero
	}
}

// Encoding reports whether the message is being encoded, for the few
// attributes that requests and replies do not share.
func (c *Coder) Encoding() bool { return c.mode == encode }

// Decoding reports whether the message is being decoded.
func (c *Coder) Decoding() bool { return c.mode == decode }

// Describing reports whether the message is being described.
func (c *Coder) Describing() bool { return c.mode == describe }

// Has reports whether, when decoding, the innermost open nest holds attribute
// typ. In the other modes it is false.
func (c *Coder) Has(typ uint16) bool {
	return c.mode == decode && c.table()[typ] != 0
}

// Done reports whether, when decoding, every attribute of the innermost nest has
// been asked for. A Fields method that has coded what most messages hold may
// return then: what it would ask for yet is not there.
func (c *Coder) Done() bool {
	if c.mode != decode {
		return false
	}
	c.table() // counts them, if nobody has asked yet
	return c.cur.unasked == 0
}

// Fail makes err the result of the walk, unless there is an error already.
func (c *Coder) Fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// enter makes bytes pos to end of the message the innermost frame, the one at
// depth top.
func (c *Coder) enter(top, pos, end int, sel string) {
	c.top = top
	f := &c.dec[top]
	f.pos, f.end, f.sel, f.indexed, f.lenient = pos, end, sel, false, false
	c.cur, c.tb = f, c.blank
}

// leave goes back to the frame around the innermost.
func (c *Coder) leave() {
	c.top--
	c.cur, c.tb = &c.dec[c.top], c.blank
	if c.cur.indexed {
		c.tb = &c.cur.tb
	}
}

// table is where the innermost frame's attributes are.
func (c *Coder) table() *table {
	if c.tb == c.blank {
		c.index()
	}
	return c.tb
}

// index finds the innermost frame's attributes as nla_parse does: the last one
// of a type wins.
func (c *Coder) index() {
	f := c.cur
	c.tb = &f.tb
	f.indexed, f.unasked = true, 0
	clear(f.tb[:f.used])
	f.used = 0
	b := c.buf[f.pos:f.end]
	at := int32(f.pos) + 1
	for len(b) > 0 {
		l, t, ok := attrAt(b)
		if !ok {
			c.Fail(errTruncated)
			return
		}
		if t &= typeMask; t >= maxAttr {
			f.unasked++ // for good
		} else {
			if f.tb[t] == 0 {
				f.unasked++
			}
			f.tb[t] = at
			f.used = max(f.used, int(t)+1)
		}
		l = min(align(l), len(b))
		at += int32(l)
		b = b[l:]
	}
}

// attrAt reads the attribute header at the start of b.
func attrAt(b []byte) (length int, typ uint16, ok bool) {
	if len(b) < nlaHeader {
		return 0, 0, false
	}
	length, typ = int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
	return length, typ, length >= nlaHeader && length <= len(b)
}

// align is NLA_ALIGN and NLMSG_ALIGN.
func align(n int) int { return (n + 3) &^ 3 }

// find is where in the message the payload of attribute typ begins, or 0. Most
// attributes are absent most of the time, which takes no call.
func (c *Coder) find(typ uint16) int {
	if c.tb[typ] == 0 {
		return 0
	}
	return c.found(typ)
}

// found is find for what may be there. It notes that somebody asked.
func (c *Coder) found(typ uint16) int {
	tb := c.table()
	o := tb[typ]
	switch {
	case o == 0:
		return 0
	case o > 0:
		tb[typ] = -o
		c.cur.unasked--
	default:
		o = -o
	}
	return int(o) + nlaHeader - 1
}

// exactAt is find for an attribute of n bytes.
func (c *Coder) exactAt(typ uint16, name string, n int) int {
	if c.tb[typ] == 0 {
		return 0
	}
	return c.foundExact(typ, name, n)
}

func (c *Coder) foundExact(typ uint16, name string, n int) int {
	at := c.found(typ)
	if at != 0 {
		if l := c.lenAt(at); l != n {
			c.wrongSize(name, l, n)
			return 0
		}
	}
	return at
}

// payload is the one that begins at offset at.
func (c *Coder) payload(at int) []byte { return c.buf[at : at+c.lenAt(at)] }

// lenAt is the length of the payload at offset at.
func (c *Coder) lenAt(at int) int {
	return int(binary.NativeEndian.Uint16(c.buf[at-nlaHeader:])) - nlaHeader
}

func (c *Coder) wrongSize(name string, got, want int) {
	c.Fail(fmt.Errorf("nl: %s: %d bytes, want %d", name, got, want))
}

// room extends the buffer by n bytes and returns them, not cleared.
func (c *Coder) room(n int) []byte {
	l := len(c.buf)
	if cap(c.buf)-l < n {
		c.grow(n)
	}
	c.buf = c.buf[:l+n]
	return c.buf[l:]
}

// grow doubles the buffer, where append would add a quarter.
func (c *Coder) grow(n int) { c.buf = slices.Grow(c.buf, max(n, len(c.buf), 512)) }

// attr appends an attribute header and returns its n payload bytes, with the
// padding behind them cleared.
func (c *Coder) attr(typ uint16, name string, n int) []byte {
	if n > nlaMax-nlaHeader {
		c.Fail(fmt.Errorf("nl: %s: %d bytes are more than an attribute holds, %d", name, n, nlaMax-nlaHeader))
		n = 0
	}
	b := c.room(nlaHeader + align(n))
	binary.NativeEndian.PutUint16(b, uint16(nlaHeader+n))
	binary.NativeEndian.PutUint16(b[2:], typ)
	clear(b[nlaHeader+n:])
	return b[nlaHeader:]
}
