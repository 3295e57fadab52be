//go:build linux

package nl_test

import (
	"net/netip"

	"github.com/minins/minins/nl"
)

// color is an enum with names, to see that the explainer finds them.
type color uint32

func (c color) String() string {
	if c == 2 {
		return "COLOR_GREEN"
	}
	return "COLOR_?"
}

// A thing has an attribute of every sort.
type thing struct {
	M8    uint8
	M16   uint16
	M32   int32
	M64   uint64
	MBE16 uint16
	Mac   [6]byte

	U8      uint8
	U16     uint16
	U32     color
	U64     uint64
	BE16    uint16
	BE32    uint32
	BE64    uint64
	Opt     nl.Opt[uint32]
	OptBE   nl.Opt[uint32]
	Flag    bool
	Name    string
	Data    []byte
	HW      nl.HardwareAddr
	IP      netip.Addr
	Kind    string
	Apple   apple
	Pear    *pear
	Size    nl.Opt[size]
	List    []elem
	Hops    []hop
	Unknown []byte
}

type apple struct{ Sweet uint8 }
type pear struct{ Inner *thing }
type size struct{ W, H uint32 }
type elem struct{ N uint32 }
type hop struct {
	Weight uint8
	Via    netip.Addr
}

const (
	tU8 = iota + 1
	tU16
	tU32
	tU64
	tBE16
	tBE32
	tBE64
	tOpt
	tOptBE
	tFlag
	tName
	tData
	tHW
	tIP
	tInfo
	tSize
	tList
	tHops
)

func (t *thing) Fields(c *nl.Coder) {
	nl.Start(c, t)
	nl.M8(c, "m8", &t.M8)
	c.Skip("(pad)", 1)
	nl.M16(c, "m16", &t.M16)
	nl.M32(c, "m32", &t.M32)
	nl.M64(c, "m64", &t.M64)
	nl.MBE16(c, "mbe16", &t.MBE16)
	nl.MBytes(c, "mac", t.Mac[:])

	nl.U8(c, tU8, "T_U8", &t.U8)
	nl.U16(c, tU16, "T_U16", &t.U16)
	nl.U32(c, tU32, "T_U32", &t.U32)
	nl.U64(c, tU64, "T_U64", &t.U64)
	nl.BE16(c, tBE16, "T_BE16", &t.BE16)
	nl.BE32(c, tBE32, "T_BE32", &t.BE32)
	nl.BE64(c, tBE64, "T_BE64", &t.BE64)
	nl.OptU32(c, tOpt, "T_OPT", &t.Opt)
	nl.OptBE32(c, tOptBE, "T_OPT_BE", &t.OptBE)
	nl.Flag(c, tFlag, "T_FLAG", &t.Flag)
	nl.Str(c, tName, "T_NAME", &t.Name)
	nl.Bytes(c, tData, "T_DATA", &t.Data)
	nl.HWAddr(c, tHW, "T_HW", &t.HW)
	nl.IP(c, tIP, "T_IP", &t.IP)
	if c.Nest(tInfo, "T_INFO") {
		nl.Str(c, 1, "INFO_KIND", &t.Kind)
		if c.Union(2, "INFO_DATA", t.Kind) {
			if c.Case("apple") {
				nl.U8(c, 1, "APPLE_SWEET", &t.Apple.Sweet)
			}
			if c.Case("pear") && (t.Pear != nil || !c.Encoding()) {
				if t.Pear == nil {
					t.Pear = new(pear)
				}
				t.Pear.fields(c)
			}
			c.End()
		}
		c.End()
	}
	if c.Struct(tSize, "T_SIZE", t.Size.Ok) {
		t.Size.Ok = true
		nl.M32(c, "w", &t.Size.V.W)
		nl.M32(c, "h", &t.Size.V.H)
		c.End()
	}
	if c.Nest(tList, "T_LIST") {
		nl.Elements(c, 1, "LIST_ELEM", &t.List, func(c *nl.Coder, e *elem) {
			nl.ReqBE32(c, 1, "ELEM_N", &e.N)
		})
		c.End()
	}
	nl.Records(c, tHops, "T_HOPS", "hop_len", &t.Hops, func(c *nl.Coder, h *hop) {
		nl.M8(c, "weight", &h.Weight)
		c.Skip("(pad)", 1)
		nl.IP(c, 1, "HOP_VIA", &h.Via)
	})
	c.Rest(&t.Unknown)
}

func (p *pear) fields(c *nl.Coder) {
	if c.Nest(1, "PEAR_INNER") {
		if p.Inner == nil {
			p.Inner = new(thing)
		}
		p.Inner.Fields(c)
		c.End()
	}
}
