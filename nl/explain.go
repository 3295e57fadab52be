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

// Explain writes every byte of a datagram of protocol p: offset, bytes, and
// what they are in the kernel's own names. It walks the bytes in wire order
// and never fails: what it cannot name it shows in hex and says so. It
// reports whether there was nothing of that kind. w's errors are w's to keep.
func (p *Protocol) Explain(w io.Writer, datagram []byte) (named bool) {
	return p.explain(w, datagram, -1, "")
}

// explain is Explain with a remark at the attribute at offset mark.
func (p *Protocol) explain(w io.Writer, datagram []byte, mark int, remark string) bool {
	x := &explainer{w: w, mark: mark, remark: remark, named: true}
	for off := 0; off < len(datagram); {
		h, body, rest, ok := Next(datagram[off:])
		if !ok {
			x.unknown()
			x.lines(off, datagram[off:], 0, "not a whole message")
			break
		}
		if off > 0 {
			fmt.Fprintln(w) // between messages
		}
		x.header(p, off, datagram[off:], h)
		x.body(p, off+headerLen, h, body)
		end := len(datagram) - len(rest)
		if pad := off + int(h.Len); pad < end {
			x.lines(pad, datagram[pad:end], 0, "(padding)")
		}
		off = end
	}
	return x.named
}

// ExplainBody writes every byte of a message body that s describes, as
// [Protocol.Explain] does.
func ExplainBody(w io.Writer, s *Set, body []byte) (named bool) {
	x := &explainer{w: w, mark: -1, named: true}
	x.set(s, body, 0, 0, selector{})
	return x.named
}

type explainer struct {
	w      io.Writer
	mark   int
	remark string
	named  bool
}

func (x *explainer) unknown() { x.named = false }

const perLine = 8

// lines writes raw, eight bytes a line, with the meaning behind the first.
func (x *explainer) lines(off int, raw []byte, depth int, what string) {
	if x.mark >= off && x.mark < off+max(len(raw), 1) {
		what += "   <-- " + x.remark
		x.mark = -1
	}
	for i := 0; i == 0 || i < len(raw); i += perLine {
		s := fmt.Sprintf("%04x  %-24s %s%s", off+i, fmt.Sprintf("% x", raw[i:min(i+perLine, len(raw))]), strings.Repeat("  ", depth), what)
		fmt.Fprintln(x.w, strings.TrimRight(s, " "))
		what = ""
	}
}

func (x *explainer) header(p *Protocol, off int, b []byte, h Header) {
	x.lines(off, b[:4], 0, "nlmsg_len = "+strconv.FormatUint(uint64(h.Len), 10))
	x.lines(off+4, b[4:6], 0, "nlmsg_type = "+p.TypeName(h.Type))
	x.lines(off+6, b[6:8], 0, "nlmsg_flags = "+p.FlagsName(h.Type, h.Flags))
	x.lines(off+8, b[8:12], 0, "nlmsg_seq = "+strconv.FormatUint(uint64(h.Seq), 10))
	x.lines(off+12, b[12:16], 0, "nlmsg_pid = "+strconv.FormatUint(uint64(h.Port), 10))
}

func (x *explainer) body(p *Protocol, off int, h Header, body []byte) {
	switch h.Type {
	case unix.NLMSG_ERROR:
		x.refusal(p, off, h, body)
	case unix.NLMSG_DONE:
		x.set(Describe(&doneMessage{}), body, off, 0, selector{})
	default:
		_, m := p.Type(h.Type)
		if m == nil {
			if len(body) > 0 {
				x.unknown()
				x.lines(off, body, 0, "a body that is not described")
			}
			return
		}
		x.set(Describe(m), body, off, 0, selector{})
	}
}

// refusal explains struct nlmsgerr: the errno, the request's header, and then
// either the request itself or nothing, and then the extended ack.
func (x *explainer) refusal(p *Protocol, off int, h Header, body []byte) {
	if len(body) < 4+headerLen {
		x.unknown()
		x.lines(off, body, 0, "a truncated struct nlmsgerr")
		return
	}
	x.lines(off, body[:4], 0, "error = "+errnoText(int32(binary.NativeEndian.Uint32(body))))
	orig, tlvs := splitAck(h, body)
	inner, request, _, ok := Next(orig)
	if !ok {
		inner, request, _ = header(orig), nil, 0
	}
	x.header(p, off+4, orig, inner)
	if len(request) > 0 {
		x.body(p, off+4+headerLen, inner, request)
		if n := align(int(inner.Len)); n > int(inner.Len) && n <= len(orig) {
			x.lines(off+4+int(inner.Len), orig[inner.Len:n], 0, "(padding)")
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

func (x *explainer) set(s *Set, b []byte, off, depth int, sel selector) {
	union := s != nil && s.Variants != nil
	s = s.variant(sel, len(b))
	if s != nil {
		for i := range s.Members {
			m := &s.Members[i]
			if len(b) < m.Size {
				break
			}
			x.lines(off, b[:m.Size], depth, m.Name+memberValue(m, b[:m.Size]))
			b, off = b[m.Size:], off+m.Size
		}
	}
	// The case of a union that nobody described may be a struct as well.
	if union && s.Members == nil && s.Attrs == nil && len(b) > 0 {
		x.unknown()
		x.lines(off, b, depth, fmt.Sprintf("the data of %q, which is not described", sel.name))
		return
	}
	x.attrs(s, b, off, depth)
}

func (x *explainer) attrs(s *Set, b []byte, off, depth int) {
	var sel selector
	for len(b) > 0 {
		l, t, ok := attrAt(b)
		if !ok {
			x.unknown()
			x.lines(off, b, depth, "trailing bytes")
			return
		}
		known := s.knows(t & typeMask)
		if !known {
			x.unknown()
		}
		a, p := s.attr(t&typeMask), b[nlaHeader:l]
		x.attr(a, known, t, b[:l], off, depth, sel)
		sel.see(a, p)
		n := min(align(l), len(b))
		if n > l {
			x.lines(off+l, b[l:n], depth, "(padding)")
		}
		b, off = b[n:], off+n
	}
}

func (x *explainer) attr(a *Attr, known bool, t uint16, raw []byte, off, depth int, sel selector) {
	p := raw[nlaHeader:]
	head := a.Name + ", " + strconv.Itoa(len(raw)) + " bytes"
	if t&nlaNested != 0 {
		head += ", NLA_F_NESTED"
	}
	switch {
	case a.Kind == KindNest, a.Kind == KindStruct:
		x.lines(off, raw[:nlaHeader], depth, head)
		x.set(a.Set, p, off+nlaHeader, depth+1, sel)
	case a.Kind == KindRecords:
		x.lines(off, raw[:nlaHeader], depth, head)
		x.records(a.Set, p, off+nlaHeader, depth+1)
	case !known && t&nlaNested != 0:
		x.lines(off, raw[:nlaHeader], depth, head+", not described")
		x.attrs(nil, p, off+nlaHeader, depth+1)
	default:
		what := a.Name + attrValue(a, p)
		if !known {
			what += ", not described"
		}
		x.lines(off, raw, depth, what)
	}
}

func (x *explainer) records(s *Set, b []byte, off, depth int) {
	for len(b) > 0 {
		l, _, ok := attrAt(b)
		if !ok {
			x.unknown()
			x.lines(off, b, depth, "trailing bytes")
			return
		}
		x.set(s, b[:l], off, depth, selector{})
		n := min(align(l), len(b))
		b, off = b[n:], off+n
	}
}

func memberValue(m *Attr, p []byte) string {
	if m.Kind == KindBytes && strings.HasPrefix(m.Name, "(") {
		return "" // (pad) and the like have no value
	}
	return attrValue(m, p)
}

// attrValue is " = " and the payload in words, or nothing for a flag.
func attrValue(a *Attr, p []byte) string {
	switch {
	case a.Kind == KindFlag && len(p) == 0:
		return ""
	case a.Kind == KindString:
		return fmt.Sprintf(" = %q", cString(p))
	case a.Kind == KindInt && len(p) == a.Size:
		return " = " + a.Format(readInt(p, a.Big))
	case a.Kind == KindInt:
		return " has " + strconv.Itoa(len(p)) + " bytes, not " + strconv.Itoa(a.Size)
	case a.Kind == KindHWAddr && len(p) > 0:
		return " = " + HardwareAddrFrom(p).String()
	case a.Kind == KindInet && len(p) == 16:
		return " = " + inetAddr(p)
	case a.Kind == KindIP:
		if ip, ok := netip.AddrFromSlice(p); ok {
			return " = " + ip.String()
		}
	}
	return fmt.Sprintf(" = %x", p)
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
