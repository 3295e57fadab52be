//go:build linux

package nl

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// An Item is a part of a message: a member of a header, an attribute, or what there is
// between them.
type Item struct {
	Offset int    // in the datagram
	Bytes  []byte // of a nest, the header alone: what is in it follows, one level deeper
	Depth  int
	Name   string // the kernel's: "nlmsg_len", "IFLA_IFNAME"; or "(padding)", "trailing bytes"
	Value  string // in words, as far as they say more than Name; "" for a nest
	Note   string // what else there is to say: "48 bytes, NLA_F_NESTED"

	Attr bool // it is an attribute
}

// Text is the item in words, without its bytes.
func (i *Item) Text() string {
	s := i.Name
	if i.Value != "" {
		s += " = " + i.Value
	}
	if i.Note != "" {
		s += ", " + i.Note
	}
	return s
}

// Walk shows every byte of the first message of a datagram of protocol p: in wire order,
// in the kernel's own names. It never fails: what it cannot name is an item too, in
// hex. It reports whether there was nothing of that kind.
func (p *Protocol) Walk(datagram []byte, visit func(*Item)) (named bool) {
	x := &walker{visit: visit, named: true}
	x.message(p, 0, datagram)
	return x.named
}

// Explain writes every byte of a datagram of protocol p: offset, bytes, and
// what they are in the kernel's own names, as [Protocol.Walk] has it. w's errors are w's
// to keep.
func (p *Protocol) Explain(w io.Writer, datagram []byte) (named bool) {
	return p.explain(w, datagram, -1, "")
}

// explain is Explain with a remark at the attribute at offset mark.
func (p *Protocol) explain(w io.Writer, datagram []byte, mark int, remark string) bool {
	x := &walker{visit: (&explainer{w, mark, remark}).item, named: true}
	for off := 0; off < len(datagram); {
		if off > 0 {
			fmt.Fprintln(w) // between messages
		}
		off = x.message(p, off, datagram)
	}
	return x.named
}

// ExplainBody writes every byte of a message body that s describes, as
// [Protocol.Explain] does.
func ExplainBody(w io.Writer, s *Set, body []byte) (named bool) {
	x := &walker{visit: (&explainer{w, -1, ""}).item, named: true}
	x.set(s, body, 0, 0, selector{})
	return x.named
}

// An explainer writes items.
type explainer struct {
	w      io.Writer
	mark   int
	remark string
}

func (x *explainer) item(i *Item) {
	remark := ""
	if x.mark >= i.Offset && x.mark < i.Offset+max(len(i.Bytes), 1) {
		remark = "   <-- " + x.remark
		x.mark = -1
	}
	i.write(x.w, remark)
}

// Explain writes the item as [Protocol.Explain] does.
func (i *Item) Explain(w io.Writer) { i.write(w, "") }

const perLine = 8

// write writes raw bytes, eight a line, with the meaning behind the first.
func (i *Item) write(w io.Writer, remark string) {
	what := i.Text() + remark
	for at := 0; at == 0 || at < len(i.Bytes); at += perLine {
		s := fmt.Sprintf("%04x  %-24s %s%s", i.Offset+at, fmt.Sprintf("% x", i.Bytes[at:min(at+perLine, len(i.Bytes))]), strings.Repeat("  ", i.Depth), what)
		fmt.Fprintln(w, strings.TrimRight(s, " "))
		what = ""
	}
}

// A walker finds the items of messages.
type walker struct {
	visit func(*Item)
	named bool
	swap  bool // turn each integer into this machine's order before it is read
}

func (x *walker) item(off int, raw []byte, depth int, name, value, note string) {
	x.visit(&Item{Offset: off, Bytes: raw, Depth: depth, Name: name, Value: value, Note: note})
}

// unknown is an item that is not to be named.
func (x *walker) unknown(off int, raw []byte, depth int, what string) {
	x.named = false
	x.item(off, raw, depth, what, "", "")
}

// message walks the message at an offset, and returns where the next one is.
func (x *walker) message(p *Protocol, off int, datagram []byte) (next int) {
	x.hostHeader(datagram[off:])
	h, body, rest, ok := Next(datagram[off:])
	if !ok {
		x.unknown(off, datagram[off:], 0, "not a whole message")
		return len(datagram)
	}
	x.header(p, off, datagram[off:], h)
	x.body(p, off+headerLen, h, body)
	next = len(datagram) - len(rest)
	if pad := off + int(h.Len); pad < next {
		x.item(pad, datagram[pad:next], 0, "(padding)", "", "")
	}
	return next
}

func (x *walker) header(p *Protocol, off int, b []byte, h Header) {
	number := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	x.item(off, b[:4], 0, "nlmsg_len", number(h.Len), "")
	x.item(off+4, b[4:6], 0, "nlmsg_type", p.TypeName(h.Type), "")
	x.item(off+6, b[6:8], 0, "nlmsg_flags", p.FlagsName(h.Type, h.Flags), "")
	x.item(off+8, b[8:12], 0, "nlmsg_seq", number(h.Seq), "")
	x.item(off+12, b[12:16], 0, "nlmsg_pid", number(h.Port), "")
}

func (x *walker) body(p *Protocol, off int, h Header, body []byte) {
	switch h.Type {
	case unix.NLMSG_ERROR:
		x.refusal(p, off, h, body)
	case unix.NLMSG_DONE:
		x.set(Describe(&doneMessage{}), body, off, 0, selector{})
	default:
		_, m := p.Type(h.Type)
		if m == nil {
			if len(body) > 0 {
				x.unknown(off, body, 0, "a body that is not described")
			}
			return
		}
		x.set(Describe(m), body, off, 0, selector{})
	}
}

// refusal walks struct nlmsgerr: the errno, the request's header, and then
// either the request itself or nothing, and then the extended ack.
func (x *walker) refusal(p *Protocol, off int, h Header, body []byte) {
	if len(body) < 4+headerLen {
		x.unknown(off, body, 0, "a truncated struct nlmsgerr")
		return
	}
	x.host(body[:4])
	x.hostHeader(body[4:])
	x.item(off, body[:4], 0, "error", errnoText(int32(binary.NativeEndian.Uint32(body))), "")
	orig, tlvs := splitAck(h, body)
	inner, request, _, ok := Next(orig)
	if !ok {
		inner, request, _ = header(orig), nil, 0
	}
	x.header(p, off+4, orig, inner)
	if len(request) > 0 {
		x.body(p, off+4+headerLen, inner, request)
		if n := align(int(inner.Len)); n > int(inner.Len) && n <= len(orig) {
			x.item(off+4+int(inner.Len), orig[inner.Len:n], 0, "(padding)", "", "")
		}
	}
	if len(tlvs) > 0 {
		x.set(Describe(&extack{}), tlvs, off+len(body)-len(tlvs), 0, selector{})
	}
}

// header reads the nlmsghdr of a request that is not there in full.
func header(b []byte) Header {
	return Header{
		Len:   binary.NativeEndian.Uint32(b),
		Type:  binary.NativeEndian.Uint16(b[4:]),
		Flags: binary.NativeEndian.Uint16(b[6:]),
		Seq:   binary.NativeEndian.Uint32(b[8:]),
		Port:  binary.NativeEndian.Uint32(b[12:]),
	}
}

func (x *walker) set(s *Set, b []byte, off, depth int, sel selector) {
	union := s != nil && s.Variants != nil
	s = s.variant(sel, len(b))
	if s != nil {
		for i := range s.Members {
			m := &s.Members[i]
			if len(b) < m.Size {
				break
			}
			x.hostInt(m, b[:m.Size])
			value, note := m.memberValue(b[:m.Size])
			x.item(off, b[:m.Size], depth, m.Name, value, note)
			b, off = b[m.Size:], off+m.Size
		}
	}
	// The case of a union that nobody described may be a struct as well.
	if union && s.Members == nil && s.Attrs == nil && len(b) > 0 {
		x.unknown(off, b, depth, fmt.Sprintf("the data of %q, which is not described", sel.name))
		return
	}
	x.attrs(s, b, off, depth)
}

func (x *walker) attrs(s *Set, b []byte, off, depth int) {
	var sel selector
	for len(b) > 0 {
		if len(b) >= nlaHeader {
			x.host(b[:2])
			x.host(b[2:nlaHeader])
		}
		l, t, ok := attrAt(b)
		if !ok {
			x.unknown(off, b, depth, "trailing bytes")
			return
		}
		known := s.knows(t & typeMask)
		if !known {
			x.named = false
		}
		a, p := s.attr(t&typeMask), b[nlaHeader:l]
		x.attr(a, known, t, b[:l], off, depth, sel)
		sel.see(a, p)
		n := min(align(l), len(b))
		if n > l {
			x.item(off+l, b[l:n], depth, "(padding)", "", "")
		}
		b, off = b[n:], off+n
	}
}

func (x *walker) attr(a *Attr, known bool, t uint16, raw []byte, off, depth int, sel selector) {
	p := raw[nlaHeader:]
	i := &Item{Offset: off, Bytes: raw[:nlaHeader], Depth: depth, Name: a.Name, Note: strconv.Itoa(len(raw)) + " bytes", Attr: true}
	if t&nlaNested != 0 {
		i.Note += ", NLA_F_NESTED"
	}
	switch {
	case a.Kind == KindNest, a.Kind == KindStruct:
		x.visit(i)
		x.set(a.Set, p, off+nlaHeader, depth+1, sel)
	case a.Kind == KindRecords:
		x.visit(i)
		x.records(a.Set, p, off+nlaHeader, depth+1)
	case !known && t&nlaNested != 0:
		i.Note += ", not described"
		x.visit(i)
		x.attrs(nil, p, off+nlaHeader, depth+1)
	default:
		i.Bytes = raw
		x.hostInt(a, p)
		if i.Value, i.Note = a.value(p); !known {
			i.Note = "not described"
		}
		x.visit(i)
	}
}

func (x *walker) records(s *Set, b []byte, off, depth int) {
	for len(b) > 0 {
		size := b[:min(2, len(b))]
		x.host(size)
		l, _, ok := attrAt(b)
		x.host(size) // it is the first member as well
		if !ok {
			x.unknown(off, b, depth, "trailing bytes")
			return
		}
		x.set(s, b[:l], off, depth, selector{})
		n := min(align(l), len(b))
		b, off = b[n:], off+n
	}
}

func (a *Attr) memberValue(p []byte) (value, note string) {
	if a.Kind == KindBytes && strings.HasPrefix(a.Name, "(") {
		return "", "" // (pad) and the like have no value
	}
	return a.value(p)
}

// value is the payload in words, and what is the matter with it.
func (a *Attr) value(p []byte) (value, note string) {
	switch {
	case a.Kind == KindFlag && len(p) == 0:
		return "", ""
	case a.Kind == KindString:
		return strconv.Quote(cString(p)), ""
	case a.Kind == KindInt && len(p) == a.Size:
		return a.Format(readInt(p, a.Big)), ""
	case a.Kind == KindInt:
		note = strconv.Itoa(len(p)) + " bytes, not " + strconv.Itoa(a.Size)
	case a.Kind == KindHWAddr && len(p) > 0:
		return HardwareAddrFrom(p).String(), ""
	case a.Kind == KindInet && len(p) == 16:
		return inetAddr(p), ""
	case a.Kind == KindIP:
		if ip, ok := netip.AddrFromSlice(p); ok {
			return ip.String(), ""
		}
	}
	return fmt.Sprintf("%x", p), note
}

// inetAddr writes a union nf_inet_addr. Its bytes do not say whether they are
// an IPv4 address or an IPv6 one that ends in zeros.
func inetAddr(p []byte) string {
	v6 := netip.AddrFrom16([16]byte(p))
	if v6.IsUnspecified() || [12]byte(p[4:]) != [12]byte{} {
		return v6.String()
	}
	return netip.AddrFrom4([4]byte(p)).String() + " (or " + v6.String() + ")"
}

// cString is p up to its first NUL.
func cString(p []byte) string {
	s, _, _ := strings.Cut(string(p), "\x00")
	return s
}

func readInt(b []byte, big bool) uint64 {
	var o binary.ByteOrder = binary.NativeEndian
	if big {
		o = binary.BigEndian
	}
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(o.Uint16(b))
	case 4:
		return uint64(o.Uint32(b))
	default:
		return o.Uint64(b)
	}
}
