//go:build linux

package xt

import (
	"runtime"

	"github.com/minins/minins/nl"
)

// An Info is what a match or target is told. Its Fields method is the layout
// of NFTA_MATCH_INFO or NFTA_TARGET_INFO.
type Info interface {
	nl.Message
	Name() string // the kernel's: "MASQUERADE"
	Rev() uint32  // the revision: which struct the info is
}

// A Kind is what an extension does. (NFTA_COMPAT_TYPE)
type Kind uint32

// Kinds of extensions.
const (
	MatchKind  Kind = 0
	TargetKind Kind = 1
)

// String is the word for it.
func (k Kind) String() string {
	if k == TargetKind {
		return "target"
	}
	return "match"
}

// An extension is a struct that this package knows.
type extension struct {
	variant string // for the explainer: name/revision, and the length where it tells
	size    int    // of the struct, in bytes, without the padding
	empty   func() Info
}

var targets = [...]extension{
	{"MASQUERADE/0", rangeCompatSize, func() Info { return Masquerade(false) }},
	{"MASQUERADE/0/40", rangeSize, func() Info { return Masquerade(true) }},
	{"REDIRECT/0", rangeCompatSize, func() Info { return Redirect(false) }},
	{"REDIRECT/0/40", rangeSize, func() Info { return Redirect(true) }},
	{"SNAT/0", rangeCompatSize, func() Info { return &NAT{Target: "SNAT"} }},
	{"SNAT/1", rangeSize, func() Info { return &NAT{Target: "SNAT", Revision: 1} }},
	{"SNAT/2", range2Size, func() Info { return &NAT{Target: "SNAT", Revision: 2} }},
	{"DNAT/0", rangeCompatSize, func() Info { return &NAT{Target: "DNAT"} }},
	{"DNAT/1", rangeSize, func() Info { return &NAT{Target: "DNAT", Revision: 1} }},
	{"DNAT/2", range2Size, func() Info { return &NAT{Target: "DNAT", Revision: 2} }},
	{"NETMAP/0", rangeCompatSize, func() Info { return &NAT{Target: "NETMAP"} }},
	{"NETMAP/0/40", rangeSize, func() Info { return &NAT{Target: "NETMAP", IPv6: true} }},
	{"REJECT/0", rejectSize, func() Info { return new(Reject) }},
	{"MARK/2", setMarkSize, func() Info { return new(SetMark) }},
}

var matches = [...]extension{
	{"comment/0", commentSize, func() Info { return new(Comment) }},
	{"conntrack/1", conntrack1Size, func() Info { return &Conntrack{Revision: 1} }},
	{"conntrack/2", conntrack2Size, func() Info { return &Conntrack{Revision: 2} }},
	{"conntrack/3", conntrack3Size, func() Info { return &Conntrack{Revision: 3} }},
	{"tcp/0", tcpSize, func() Info { return new(TCP) }},
	{"udp/0", udpSize, func() Info { return new(UDP) }},
	{"icmp/0", icmpSize, func() Info { return new(ICMP) }},
	{"icmp6/0", icmpSize, func() Info { return &ICMP{IPv6: true} }},
	{"addrtype/1", addrTypeSize, func() Info { return new(AddrType) }},
	{"mark/1", markSize, func() Info { return new(Mark) }},
	{"multiport/1", multiportSize, func() Info { return new(Multiport) }},
}

func extensions(k Kind) []extension {
	if k == TargetKind {
		return targets[:]
	}
	return matches[:]
}

// New makes an empty info by name, revision and length in bytes, to decode.
func New(k Kind, name string, rev uint32, length int) Info {
	for _, x := range extensions(k) {
		if length >= x.size && length <= pad8(x.size) {
			if i := x.empty(); i.Name() == name && i.Rev() == rev {
				return i
			}
		}
	}
	return &Raw{Extension: name, Revision: rev, Data: make([]byte, length)}
}

// Fields codes the contents of an info attribute that is open.
func Fields(c *nl.Coder, k Kind, name string, rev uint32, info *Info) {
	switch {
	case c.Describing():
		for _, x := range extensions(k) {
			if c.Case(x.variant) {
				x.empty().Fields(c)
			}
		}
		describeRaw(c, k)
		return
	case c.Decoding():
		*info = New(k, name, rev, c.Left())
	}
	(*info).Fields(c)
}

// Raw is an info that this package does not know.
type Raw struct {
	Extension string
	Revision  uint32
	Data      []byte
}

// Name is the kernel's name of the extension.
func (r *Raw) Name() string { return r.Extension }

// Rev is the revision.
func (r *Raw) Rev() uint32 { return r.Revision }

// Fields is the bytes as they came.
func (r *Raw) Fields(c *nl.Coder) { nl.MBytes(c, "info", r.Data) }

// pad ends a struct of n bytes as XT_ALIGN of linux/netfilter/x_tables.h: to
// the alignment of a u64, which only on i386 is not eight bytes. A 64-bit
// kernel takes a 32-bit process's shorter infos, too.
func pad(c *nl.Coder, n int) {
	p := pad8(n) - n
	if runtime.GOARCH == "386" {
		p %= 4
	}
	if p > 0 {
		c.Skip("(pad)", p)
	}
}

func pad8(n int) int { return (n + 7) &^ 7 }
