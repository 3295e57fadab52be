//go:build linux

package lang

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minins/minins/internal/ntop"
)

// number is a value of at most 64 bits.
func (v *Value) number() uint64 {
	b := v.Data
	if v.Type.Order == Host {
		b = reversed(b)
	}
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// numberValue is a value with a number of bytes.
func numberValue(t *Datatype, n uint64, size uint32) *Value {
	b := binary.BigEndian.AppendUint64(nil, n)
	for uint32(len(b)) < size {
		b = append([]byte{0}, b...)
	}
	b = b[uint32(len(b))-size:]
	if t.Order == Host && nativeLittle {
		slices.Reverse(b)
	}
	return &Value{Type: t, Data: b}
}

// reversed is bytes in this machine's order in network order, and the other way round.
func reversed(b []byte) []byte {
	b = slices.Clone(b)
	if nativeLittle {
		slices.Reverse(b)
	}
	return b
}

// all reports whether a value's bits are all c's: 0 or 0xff.
func all(b []byte, c byte) bool { return bytes.Count(b, []byte{c}) == len(b) }

// text is a value as nft writes it.
func (p *printer) value(v *Value) string {
	t := v.Type
	switch t.Form {
	case Text:
		s, _, _ := strings.Cut(string(v.Data), "\x00")
		if v.Wild {
			s += "*"
		}
		return `"` + s + `"`
	case IPv4, IPv6:
		if a, ok := netip.AddrFromSlice(v.Data); ok {
			return ntop.Text(a)
		}
	case Ether:
		var b strings.Builder
		for i, c := range v.Data {
			if i > 0 {
				b.WriteByte(':')
			}
			b.WriteString(hex(uint64(c), 2))
		}
		return b.String()
	}
	if t.Form == Label {
		if first, n := run(reversed(v.Data)); n == 1 {
			return decimal(8*len(v.Data) - 1 - first)
		}
	}
	if len(v.Data) > 8 {
		return p.long(v)
	}
	n := v.number()
	if t == &dtService && p.opt.Service != nil {
		if name := p.opt.Service(uint16(n)); name != "" {
			return quote(name)
		}
	}
	if t.Form == Bits {
		return p.bitNames(t, n)
	}
	if s, ok := t.symbol(n); ok && !(p.opt.Numeric || p.opt.NumericProto && t == &dtProto) {
		if t.Form == Quoted {
			return quote(s)
		}
		return s
	}
	switch t.Form {
	case Hex:
		if t == &dtDSCP {
			return "0x" + hex(n, 2)
		}
		if t.ID == dtHexInt.ID {
			return "0x" + hex(n, 1)
		}
	case Class:
		return hex(n>>16, 1) + ":" + hex(n&0xffff, 1)
	case Date:
		t := time.Unix(int64(n/1e9), 0).UTC().Add(time.Duration(p.opt.ZoneOffset) * time.Second)
		return quote(t.Format(time.DateTime))
	}
	switch t.Form {
	case Hex:
		return "0x" + hex(n, 2*len(v.Data))
	case Octal:
		return "0x" + hex(n, 4)
	case Device:
		if p.opt.Device != nil {
			if name := p.opt.Device(uint32(n)); name != "" {
				return `"` + name + `"`
			}
		}
	case Millis:
		if p.opt.Numeric {
			return strconv.FormatUint(n/1000, 10) + "s"
		}
		return duration(n)
	case Hour:
		return `"` + p.hour(n) + `"`
	}
	return strconv.FormatUint(n, 10)
}

// long is a value of more than 64 bits that is not an address: a label.
func (p *printer) long(v *Value) string {
	b := v.Data
	if v.Type.Order == Host {
		b = reversed(b)
	}
	digits := ""
	for _, c := range b {
		digits += hex(uint64(c), 2)
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		digits = "0"
	}
	return "0x" + digits
}

// hour is a time of the day; the kernel counts seconds of UTC.
func (p *printer) hour(n uint64) string {
	n = (n + 86400 + uint64(p.opt.ZoneOffset)) % 86400
	s := two(n/3600) + ":" + two(n/60%60)
	if n%60 != 0 {
		s += ":" + two(n%60)
	}
	return s
}

func two(n uint64) string {
	s := strconv.FormatUint(n, 10)
	if n < 10 {
		s = "0" + s
	}
	return s
}

// hex is n in so many digits at least.
func hex(n uint64, digits int) string {
	s := strconv.FormatUint(n, 16)
	return strings.Repeat("0", max(digits-len(s), 0)) + s
}

func (t *Datatype) symbol(n uint64) (string, bool) {
	for _, s := range t.Syms {
		if s.Value == n {
			return s.Name, true
		}
	}
	return "", false
}

// bitNames are the names of the bits of n, or as many numbers; those without a name are
// one number.
func (p *printer) bitNames(t *Datatype, n uint64) string {
	if n == 0 {
		return "0x0"
	}
	var names []string
	for _, s := range t.Syms {
		if n&s.Value != 0 {
			name := s.Name
			if p.opt.Numeric {
				name = "0x" + hex(s.Value, 1)
			}
			names = append(names, name)
			n &^= s.Value
		}
	}
	if n != 0 {
		names = append(names, "0x"+hex(n, 1))
	}
	return strings.Join(names, ",")
}

// duration is milliseconds in nft's form.
func duration(ms uint64) string {
	if ms == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range [...]struct {
		ms   uint64
		name string
	}{{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}} {
		if n := ms / u.ms; n > 0 {
			b.WriteString(strconv.FormatUint(n, 10) + u.name)
			ms %= u.ms
		}
	}
	return b.String()
}

// nativeLittle says that this machine has the low byte first.
var nativeLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
