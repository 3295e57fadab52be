//go:build linux

package iptables

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// A plain is an extension whose struct has no type in package xt: its bytes are what is
// set and printed. Each kind has a file with its functions.
type plain struct {
	*plainKind

	data []byte
}

// A plainKind is what extensions of one name have in common.
type plainKind struct {
	_ [0]func() // not to be compared: that would take code

	kernel string // the kernel's name
	rev    uint32
	size   int // of the struct, in bytes, with the padding
	set    func(p *plain, s *setting) error
	text   func(p *plain, list bool) string // as -S or -L has it
}

// plainKinds are in alphabetical order.
var plainKinds = [...]plainKind{
	{kernel: "CONNMARK", rev: 2, size: 16, set: setConnmark, text: connmarkText},
	{kernel: "CT", rev: 2, size: 72, set: setCT, text: ctText},
	{kernel: "length", size: 8, set: setSpan, text: lengthText},
	{kernel: "physdev", size: 72, set: setPhysdev, text: physdevText},
	{kernel: "pkttype", size: 8, set: setPkttype, text: pkttypeText},
	{kernel: "statistic", size: 24, set: setStatistic, text: statisticText},
	{kernel: "tcpmss", size: 8, set: setSpan, text: mssText},
}

// newPlain makes a plain by the kernel's name, or returns nil.
func newPlain(kernel string) *plain {
	for i := range plainKinds {
		if k := &plainKinds[i]; k.kernel == kernel {
			return &plain{k, make([]byte, k.size)}
		}
	}
	return nil
}

// plainFrom is a plain as the kernel has it.
func plainFrom(x *xt.Raw) (*plain, bool) {
	p := newPlain(x.Extension)
	if p == nil || p.rev != x.Revision || len(x.Data) > len(p.data) || len(x.Data) < len(p.data)-8 {
		return nil, false
	}
	copy(p.data, x.Data)
	return p, p.kernel != "CT" || ctKnown(p)
}

func (p *plain) name() string {
	if p.kernel == "CT" && p.u16(0)&ctAlias != 0 {
		return "NOTRACK"
	}
	return p.kernel
}

func (p *plain) set(s *setting) error { return p.plainKind.set(p, s) }

func (p *plain) save() string { return p.text(p, false) }

func (p *plain) list(*naming) string { return p.text(p, true) }

func (p *plain) info() xt.Info {
	return &xt.Raw{Extension: p.kernel, Revision: p.rev, Data: p.data}
}

// u32 and put32, u16 and put16 are the integer at an offset.
func (p *plain) u32(at int) uint32      { return binary.NativeEndian.Uint32(p.data[at:]) }
func (p *plain) put32(at int, n uint32) { binary.NativeEndian.PutUint32(p.data[at:], n) }
func (p *plain) u16(at int) uint16      { return binary.NativeEndian.Uint16(p.data[at:]) }
func (p *plain) put16(at int, n uint16) { binary.NativeEndian.PutUint16(p.data[at:], n) }

// Matches length and tcpmss: a range of sizes in bytes. (struct xt_length_info of
// linux/netfilter/xt_length.h, struct xt_tcpmss_match_info of linux/netfilter/xt_tcpmss.h)

var (
	lengthOptions      = []option{{long: "length", arg: required, must: true, invert: true}}
	tcpmssMatchOptions = []option{{long: "mss", arg: required, must: true, invert: true}}
)

func setSpan(p *plain, s *setting) error {
	from, to, isRange := strings.Cut(s.arg, ":")
	ends := [2]uint64{0, 0xffff}
	if !isRange {
		to = from
	}
	for i, text := range [...]string{from, to} {
		if text == "" && isRange {
			continue
		}
		n, err := number(text, 16)
		if err != nil {
			return wrong(p.kernel + `: bad value for option "--` + s.option + `" near "` + text + `", or out of range (0-65535).` + "\n")
		}
		ends[i] = n
	}
	if p.kernel == "tcpmss" && ends[0] > ends[1] {
		return wrong("tcpmss: invalid range given")
	}
	p.put16(0, uint16(ends[0]))
	p.put16(2, uint16(ends[1]))
	if s.inv {
		p.data[4] = 1
	}
	return nil
}

func (p *plain) span() string { return span(uint32(p.u16(0)), uint32(p.u16(2))) }

func lengthText(p *plain, list bool) string {
	if list {
		return " length " + bang(p.data[4] != 0) + p.span()
	}
	return not(p.data[4] != 0) + " --length " + p.span()
}

func mssText(p *plain, list bool) string {
	if list {
		return " tcpmss match " + bang(p.data[4] != 0) + p.span()
	}
	return not(p.data[4] != 0) + " --mss " + p.span()
}

// Match pkttype: whom a packet is for. (struct xt_pkttype_info of
// linux/netfilter/xt_pkttype.h)

var pkttypeOptions = []option{{long: "pkt-type", arg: required, must: true, invert: true}}

// pktTypes are PACKET_* of linux/if_packet.h.
var pktTypes = [...]string{"unicast", "broadcast", "multicast"}

func setPkttype(p *plain, s *setting) error {
	for i, name := range pktTypes {
		if strings.EqualFold(name, s.arg) {
			p.put32(0, uint32(i))
			if s.inv {
				p.put32(4, 1)
			}
			return nil
		}
	}
	return wrong("Bad packet type '" + s.arg + "'")
}

func pkttypeText(p *plain, list bool) string {
	name := strconv.FormatUint(uint64(p.u32(0)), 10)
	if int64(p.u32(0)) < int64(len(pktTypes)) {
		name = pktTypes[p.u32(0)]
	}
	inv := p.u32(4) != 0
	switch {
	case !list:
		return not(inv) + " --pkt-type " + name
	case inv:
		return " PKTTYPE != " + name
	}
	return " PKTTYPE = " + name
}
