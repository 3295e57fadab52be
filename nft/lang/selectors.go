//go:build linux

package lang

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// A Selector is what the left side of a comparison reads: a field of a header,
// or something that is known of the packet.
type Selector struct {
	Kind  selKind
	Words string    // as it is written: "tcp dport", "meta mark", "iifname"
	Type  *Datatype // of its values
	Len   uint32    // of them, in bits

	Proto *Protocol // of a field
	Field *Field
	Raw   bool // a field by numbers: @th,16,16

	Key    uint32   // of meta, ct, fib, rt, socket
	Shift  uint32   // of a field that is not made of whole bytes: bits behind it in the register
	Option *option  // of an extension header
	Make   nft.Expr // what loads it, of rt, socket, numgen and hash
	Key2   Expr     // what is hashed
	Dir    int8     // of ct: 0 original, 1 reply, -1 neither
	Flag   nft.FibFlags
}

type selKind uint8

const (
	payloadSel selKind = iota
	metaSel
	ctSel
	fibSel
	otherSel // rt, socket, exthdr …
)

func (s *Selector) isMeta(k nft.MetaKey) bool { return s.Kind == metaSel && s.Key == uint32(k) }

// A keyDef is one thing that meta or ct can tell.
type keyDef struct {
	key  uint32
	name string
	typ  *Datatype
	len  uint32 // in bits
	bare bool   // of meta: written without "meta"
	dirs bool   // of ct: of either direction only
}

// metaKeys are those of [nft.Meta] that the language has.
var metaKeys = []keyDef{
	{unix.NFT_META_LEN, "length", &dtHost, 32, false, false},
	{unix.NFT_META_PROTOCOL, "protocol", &dtEtherType, 16, false, false},
	{unix.NFT_META_PRIORITY, "priority", &dtClass, 32, false, false},
	{unix.NFT_META_MARK, "mark", &dtMark, 32, false, false},
	{unix.NFT_META_IIF, "iif", &dtIfindex, 32, true, false},
	{unix.NFT_META_OIF, "oif", &dtIfindex, 32, true, false},
	{unix.NFT_META_IIFNAME, "iifname", &dtIfname, 128, true, false},
	{unix.NFT_META_OIFNAME, "oifname", &dtIfname, 128, true, false},
	{unix.NFT_META_IIFTYPE, "iiftype", &dtARPHrd, 16, false, false},
	{unix.NFT_META_OIFTYPE, "oiftype", &dtARPHrd, 16, false, false},
	{unix.NFT_META_SKUID, "skuid", &dtUID, 32, false, false},
	{unix.NFT_META_SKGID, "skgid", &dtGID, 32, false, false},
	{unix.NFT_META_NFTRACE, "nftrace", &dtInteger, 1, false, false},
	{unix.NFT_META_RTCLASSID, "rtclassid", &dtRealm, 32, false, false},
	{unix.NFT_META_NFPROTO, "nfproto", &dtNFProto, 8, false, false},
	{unix.NFT_META_L4PROTO, "l4proto", &dtProto, 8, false, false},
	{unix.NFT_META_BRI_IIFNAME, "ibrname", &dtIfname, 128, false, false},
	{unix.NFT_META_BRI_OIFNAME, "obrname", &dtIfname, 128, false, false},
	{unix.NFT_META_PKTTYPE, "pkttype", &dtPktType, 8, false, false},
	{unix.NFT_META_CPU, "cpu", &dtHost, 32, false, false},
	{unix.NFT_META_IIFGROUP, "iifgroup", &dtDevGroup, 32, true, false},
	{unix.NFT_META_OIFGROUP, "oifgroup", &dtDevGroup, 32, true, false},
	{unix.NFT_META_CGROUP, "cgroup", &dtHost, 32, false, false},
	{unix.NFT_META_PRANDOM, "random", &dtInteger, 32, false, false},
	{25, "ipsec", &dtBool, 8, false, false},
	{26, "iifkind", &dtIfname, 128, false, false},
	{27, "oifkind", &dtIfname, 128, false, false},
	{28, "ibrpvid", &dtHost, 16, false, false},
	{29, "ibrvproto", &dtEtherType, 16, false, false},
	{30, "time", &dtDate, 64, false, false},
	{31, "day", &dtDay, 8, false, false},
	{32, "hour", &dtHour, 32, false, false},
	{33, "sdif", &dtIfindex, 32, false, false},
	{34, "sdifname", &dtIfname, 128, false, false},
	{35, "broute", &dtInteger, 8, false, false},
}

var dtClass = Datatype{ID: 23, Name: "classid", Len: 32, Order: Host, Form: Class, Syms: []Symbol{{"none", 0}, {"root", 0xffffffff}}}

// ctKeys are those of [nft.Ct] that the language has.
var ctKeys = []keyDef{
	{unix.NFT_CT_STATE, "state", &dtCtState, 32, false, false},
	{unix.NFT_CT_DIRECTION, "direction", &dtCtDir, 8, false, false},
	{unix.NFT_CT_STATUS, "status", &dtCtStatus, 32, false, false},
	{unix.NFT_CT_MARK, "mark", &dtMark, 32, false, false},
	{unix.NFT_CT_EXPIRATION, "expiration", &dtTime, 32, false, false},
	{unix.NFT_CT_HELPER, "helper", &dtString, 128, false, false},
	{unix.NFT_CT_L3PROTOCOL, "l3proto", &dtNFProto, 8, false, true},
	{unix.NFT_CT_SRC, "saddr", &dtIPv4, 0, false, true}, // by family, before Linux 4.16
	{unix.NFT_CT_DST, "daddr", &dtIPv4, 0, false, true},
	{unix.NFT_CT_PROTOCOL, "protocol", &dtProto, 8, false, true},
	{unix.NFT_CT_PROTO_SRC, "proto-src", &dtService, 16, false, true},
	{unix.NFT_CT_PROTO_DST, "proto-dst", &dtService, 16, false, true},
	{unix.NFT_CT_LABELS, "label", &dtCtLabel, 128, false, false},
	{unix.NFT_CT_PKTS, "packets", &dtHost, 64, false, true},
	{unix.NFT_CT_BYTES, "bytes", &dtHost, 64, false, true},
	{unix.NFT_CT_AVGPKT, "avgpkt", &dtHost, 64, false, true},
	{unix.NFT_CT_ZONE, "zone", &dtHost, 16, false, true},
	{unix.NFT_CT_SRC_IP, "ip saddr", &dtIPv4, 32, false, true},
	{unix.NFT_CT_DST_IP, "ip daddr", &dtIPv4, 32, false, true},
	{unix.NFT_CT_SRC_IP6, "ip6 saddr", &dtIPv6, 128, false, true},
	{unix.NFT_CT_DST_IP6, "ip6 daddr", &dtIPv6, 128, false, true},
	{unix.NFT_CT_EVENTMASK, "event", &dtCtEvent, 32, false, false},
	{unix.NFT_CT_ID, "id", &dtCtID, 32, false, false},
}

var (
	dtCtEvent = Datatype{ID: 40, Name: "ct_event", Len: 32, Order: Host, Form: Bits, Syms: []Symbol{
		{"new", 1}, {"related", 2}, {"destroy", 4}, {"reply", 8}, {"assured", 16}, {"protoinfo", 32}, {"helper", 64},
		{"mark", 128}, {"seqadj", 256}, {"secmark", 512}, {"label", 1024},
	}}
	dtCtID = Datatype{ID: 4, Name: "integer"}
)

func keyOf(defs []keyDef, key uint32) *keyDef {
	for i := range defs {
		if defs[i].key == key {
			return &defs[i]
		}
	}
	return nil
}

func keyNamed(defs []keyDef, name string) *keyDef {
	for i := range defs {
		if defs[i].name == name {
			return &defs[i]
		}
	}
	return nil
}

func fieldSelector(p *Protocol, f *Field) *Selector {
	return &Selector{Kind: payloadSel, Words: p.Name + " " + f.Name, Type: f.Type, Len: f.Len, Proto: p, Field: f, Dir: -1}
}

func metaSelector(d *keyDef) *Selector {
	words := d.name
	if !d.bare {
		words = "meta " + words
	}
	return &Selector{Kind: metaSel, Words: words, Type: d.typ, Len: d.len, Key: d.key, Dir: -1}
}

func ctSelector(d *keyDef, dir int8) *Selector {
	words := "ct "
	if dir >= 0 {
		words += dtCtDir.Syms[dir].Name + " "
	}
	return &Selector{Kind: ctSel, Words: words + d.name, Type: d.typ, Len: d.len, Key: d.key, Dir: dir}
}

// bytes is how many bytes a value takes in a register.
func (s *Selector) bytes() uint32 { return (s.Len + 7) / 8 }
