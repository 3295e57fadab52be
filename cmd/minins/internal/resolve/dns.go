//go:build linux

package resolve

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
)

// Record types, RFC 1035 and 3596.
const (
	typeA     = 1
	typeCNAME = 5
	typePTR   = 12
	typeAAAA  = 28
)

// Response codes, RFC 1035.
const (
	rcodeNone     = 0
	rcodeNXDomain = 3
)

var errMessage = errors.New("not an answer to the question")

// A question is one name and type, and the number that the answer repeats.
type question struct {
	id   uint16
	name string // ends in a dot
	typ  uint16
}

// pack is the question as a message that asks for recursion.
func (q question) pack() []byte {
	m := make([]byte, 0, 12+len(q.name)+5)
	m = binary.BigEndian.AppendUint16(m, q.id)
	m = append(m, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0) // RD; one question
	for label := range strings.SplitSeq(strings.TrimSuffix(q.name, "."), ".") {
		m = append(m, byte(len(label)))
		m = append(m, label...)
	}
	m = append(m, 0)
	m = binary.BigEndian.AppendUint16(m, q.typ)
	return binary.BigEndian.AppendUint16(m, 1) // IN
}

// A reply is the part of an answer that matters.
type reply struct {
	rcode     byte
	canonical string // the name at the end of the CNAMEs
	addrs     []netip.Addr
	ptr       string
}

// parse reads the answer. An error means that the message is none, and that
// one should wait for another.
func (q question) parse(m []byte) (reply, error) {
	asked := q.pack()
	if len(m) < len(asked) || binary.BigEndian.Uint16(m) != q.id || m[2]&0x80 == 0 ||
		binary.BigEndian.Uint16(m[4:]) != 1 || !strings.EqualFold(string(m[12:len(asked)]), string(asked[12:])) {
		return reply{}, errMessage
	}
	r := reply{rcode: m[3] & 0x0f, canonical: strings.TrimSuffix(q.name, ".")}
	at := len(asked)
	for range binary.BigEndian.Uint16(m[6:]) {
		owner, next, err := readName(m, at)
		if err != nil || next+10 > len(m) {
			return r, nil //nolint:nilerr // truncated: what is there counts
		}
		typ := binary.BigEndian.Uint16(m[next:])
		start := next + 10
		at = start + int(binary.BigEndian.Uint16(m[next+8:]))
		if at > len(m) {
			return r, nil
		}
		if !strings.EqualFold(owner, r.canonical) {
			continue
		}
		r.record(m, typ, start, at)
	}
	return r, nil
}

func (r *reply) record(m []byte, typ uint16, start, end int) {
	switch typ {
	case typeA, typeAAAA:
		if a, ok := netip.AddrFromSlice(m[start:end]); ok && a.Is4() == (typ == typeA) {
			r.addrs = append(r.addrs, a)
		}
	case typeCNAME:
		if name, _, err := readName(m, start); err == nil && isName(name) {
			r.canonical = name
		}
	case typePTR:
		if name, _, err := readName(m, start); err == nil && isName(name) && r.ptr == "" {
			r.ptr = name
		}
	}
}

// readName reads the name at a place of the message, without its last dot,
// and says where the next field begins.
func readName(m []byte, at int) (name string, next int, err error) {
	var labels []string
	for size := 0; at < len(m) && size < 255; {
		n := int(m[at])
		switch {
		case n == 0:
			if next == 0 {
				next = at + 1
			}
			return strings.Join(labels, "."), next, nil
		case n&0xc0 == 0xc0: // a pointer to an earlier place
			if at+2 > len(m) {
				return "", 0, errMessage
			}
			if next == 0 {
				next = at + 2
			}
			at = int(binary.BigEndian.Uint16(m[at:]) & 0x3fff)
			size++ // so that a ring of pointers ends
		case n > 63 || at+1+n > len(m):
			return "", 0, errMessage
		default:
			labels = append(labels, string(m[at+1:at+1+n]))
			at += 1 + n
			size += 1 + n
		}
	}
	return "", 0, errMessage
}

// arpaName is the name under which the address's name is kept.
func arpaName(a netip.Addr) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	raw := a.AsSlice()
	for i := len(raw) - 1; i >= 0; i-- {
		if a.Is4() {
			b.WriteString(itoa(raw[i]) + ".")
		} else {
			b.Write([]byte{hex[raw[i]&15], '.', hex[raw[i]>>4], '.'})
		}
	}
	if a.Is4() {
		return b.String() + "in-addr.arpa."
	}
	return b.String() + "ip6.arpa."
}
