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
	sch   [maxDepth]*Set
	names []string         // strings decoded before, to share
	text  *strings.Builder // the page that further ones are cut from
}

// incomparable keeps the compiler from writing code that compares what holds it.
type incomparable [0]func()

// A nest is an open nested attribute while encoding.
type nest struct {
	_   incomparable
	at  int // offset of its header in buf
	sel string
}

// A frame is the message or a nested attribute while decoding. Its attributes
// are taken one after the other, as long as they are asked for in the order in
// which they are there; the first that is not has the rest of them indexed.
type frame struct {
	_        incomparable
	start    int
	pos, end int  // what is not yet taken; nothing is left if they are equal
	lenient  bool // a C struct that may be shorter than ours
	indexed  bool
	left     int // attributes in tb that are not yet taken, and those that nobody can ask for
	used     int // length of what tb has been used of
	sel      string

	seen [2]uint64      // bits of the types that were taken without the index
	tb   [maxAttr]int32 // the kernel's nlattr *tb[]: type -> offset of the payload; taken: negative
}

var (
	errTruncated = errors.New("nl: truncated message")
	errTooDeep   = fmt.Errorf("nl: attributes nested more than %d deep", maxDepth-1)
	errTooWide   = fmt.Errorf("nl: a Fields method asks for an attribute type beyond %d", maxAttr-1)
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
		c.dec = new([maxDepth]frame)
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
// typ and nobody has asked for it yet. In the other modes it is false.
func (c *Coder) Has(typ uint16) bool {
	if c.mode != decode || c.cur.pos == c.cur.end {
		return false
	}
	f := c.cur
	if !f.indexed {
		if _, t, ok := attrAt(c.buf[f.pos:f.end]); ok && t&typeMask == typ {
			return true
		}
		c.index()
	}
	return typ < maxAttr && f.tb[typ] > 0
}

// Done reports whether, when decoding, every attribute of the innermost nest has
// been asked for. A Fields method that has coded what most messages hold may
// return then: what it would ask for yet is not there.
func (c *Coder) Done() bool { return c.mode == decode && c.cur.pos == c.cur.end }

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
	f.start, f.pos, f.end, f.sel, f.indexed, f.lenient = pos, pos, end, sel, false, false
	f.seen[0], f.seen[1] = 0, 0
	c.cur = f
}

// leave goes back to the frame around the innermost.
func (c *Coder) leave() {
	c.top--
	c.cur = &c.dec[c.top]
}

// index finds the attributes of the innermost frame that are not yet taken, the
// first one of each type. What else there is of a type that nobody takes is a list
// of one that is not modelled: [Coder.Rest] keeps it.
func (c *Coder) index() {
	f := c.cur
	if f.used > 0 {
		clear(f.tb[:f.used]) // of another message
	}
	f.indexed, f.left, f.used = true, 0, 0
	b := c.buf[:f.end]
	for at := f.pos; at < len(b); {
		l, t, ok := attrAt(b[at:])
		if !ok {
			c.Fail(errTruncated)
			break
		}
		if t &= typeMask; t >= maxAttr {
			f.left++ // for good
		} else if f.tb[t] == 0 && f.seen[t>>6&1]>>(t&63)&1 == 0 {
			f.left++
			f.tb[t] = int32(at + nlaHeader)
			f.used = max(f.used, int(t)+1)
		}
		at += align(l)
	}
	if f.left == 0 {
		f.pos = f.end
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

// find takes attribute typ: it is where in the message its payload begins, or 0.
// An attribute can be taken once. Where nothing is left, it takes no call.
func (c *Coder) find(typ uint16) int {
	if c.cur.pos == c.cur.end {
		return 0
	}
	return c.found(typ)
}

// found is find where something is left.
func (c *Coder) found(typ uint16) int {
	f := c.cur
	if typ >= maxAttr {
		c.Fail(errTooWide)
		return 0
	}
	if !f.indexed {
		if l, t, ok := attrAt(c.buf[f.pos:f.end]); ok && t&typeMask == typ {
			at := f.pos + nlaHeader
			f.pos = min(f.pos+align(l), f.end)
			f.seen[typ>>6&1] |= 1 << (typ & 63)
			return at
		}
		c.index()
	}
	at := f.tb[typ]
	if at <= 0 {
		return 0
	}
	f.tb[typ] = -at
	if f.left--; f.left == 0 {
		f.pos = f.end
	}
	return int(at)
}

// exactAt is find for an attribute of n bytes.
func (c *Coder) exactAt(typ uint16, name string, n int) int {
	if c.cur.pos == c.cur.end {
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
	if n%4 != 0 {
		clear(b[nlaHeader+n:])
	}
	return b[nlaHeader:]
}
