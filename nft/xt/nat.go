//go:build linux

package xt

import (
	"net/netip"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// NAT is the info of the targets MASQUERADE, SNAT, DNAT, REDIRECT and NETMAP, in the
// three layouts of linux/netfilter/nf_nat.h:
//
//   - struct nf_nat_ipv4_multi_range_compat: revision 0, without IPv6
//   - struct nf_nat_range: revision 1, and 0 with IPv6
//   - struct nf_nat_range2: revision 2
type NAT struct {
	Target   string // "MASQUERADE", "SNAT", "DNAT", "REDIRECT" or "NETMAP"
	Revision uint32
	IPv6     bool // of MASQUERADE, REDIRECT and NETMAP: ip6tables' struct

	Flags            NATFlags
	MinAddr, MaxAddr Inet // both included
	MinPort, MaxPort uint16
	BasePort         uint16 // revision 2 with NATOffset
}

const (
	rangeCompatSize = 20
	rangeSize       = 40
	range2Size      = 42
)

// Name is the kernel's name of the target.
func (n *NAT) Name() string { return n.Target }

// Rev is the revision.
func (n *NAT) Rev() uint32 { return n.Revision }

// Fields is the layout of the info.
func (n *NAT) Fields(c *nl.Coder) {
	if n.Revision == 0 && !n.IPv6 {
		n.compat(c)
		pad(c, rangeCompatSize)
		return
	}
	nl.M32(c, "flags", &n.Flags)
	nl.MInet(c, "min_addr", (*[16]byte)(&n.MinAddr))
	nl.MInet(c, "max_addr", (*[16]byte)(&n.MaxAddr))
	nl.MBE16(c, "min_proto", &n.MinPort)
	nl.MBE16(c, "max_proto", &n.MaxPort)
	if n.Revision < 2 {
		pad(c, rangeSize)
		return
	}
	nl.MBE16(c, "base_proto", &n.BasePort)
	pad(c, range2Size)
}

func (n *NAT) compat(c *nl.Coder) {
	one := uint32(1) // the kernel takes no other number
	nl.M32(c, "rangesize", &one)
	nl.M32(c, "flags", &n.Flags)
	nl.MIP(c, "min_ip", n.MinAddr[:4])
	nl.MIP(c, "max_ip", n.MaxAddr[:4])
	nl.MBE16(c, "min", &n.MinPort)
	nl.MBE16(c, "max", &n.MaxPort)
}

// Masquerade is source NAT to the address of the output device, in chain
// POSTROUTING of table nat.
func Masquerade(ipv6 bool) *NAT { return &NAT{Target: "MASQUERADE", IPv6: ipv6} }

// Redirect is destination NAT to this host.
func Redirect(ipv6 bool) *NAT { return &NAT{Target: "REDIRECT", IPv6: ipv6} }

// SNAT is source NAT to an address between first and last. An IPv6 one has
// revision 1, as ip6tables writes it.
func SNAT(first, last netip.Addr) *NAT {
	n := &NAT{Target: "SNAT"}
	if first.Is6() {
		n.Revision = 1
	}
	return n.to(first, last)
}

// DNAT is destination NAT to an address between first and last; the zero Addr
// leaves the address as it is.
func DNAT(first, last netip.Addr) *NAT {
	return (&NAT{Target: "DNAT", Revision: 2}).to(first, last)
}

func (n *NAT) to(first, last netip.Addr) *NAT {
	if first.IsValid() {
		n.Flags |= NATMapIPs
		n.MinAddr, n.MaxAddr = InetFrom(first), InetFrom(last)
	}
	return n
}

// Ports sets the ports to translate to, both included, and returns n.
func (n *NAT) Ports(first, last uint16) *NAT {
	n.Flags |= NATProto
	n.MinPort, n.MaxPort = first, last
	return n
}

// NATFlags are NF_NAT_RANGE_*: which of the numbers are given, and how to
// choose among them.
type NATFlags uint32

// Flags of NAT.
const (
	NATMapIPs      NATFlags = unix.NF_NAT_RANGE_MAP_IPS
	NATProto       NATFlags = unix.NF_NAT_RANGE_PROTO_SPECIFIED
	NATRandom      NATFlags = unix.NF_NAT_RANGE_PROTO_RANDOM
	NATPersistent  NATFlags = unix.NF_NAT_RANGE_PERSISTENT
	NATRandomFully NATFlags = unix.NF_NAT_RANGE_PROTO_RANDOM_FULLY
	NATOffset      NATFlags = unix.NF_NAT_RANGE_PROTO_OFFSET
	NATNetmap      NATFlags = unix.NF_NAT_RANGE_NETMAP
)

// String is the kernel's names.
func (f NATFlags) String() string { return nl.FlagNames(uint32(f), natFlagsNames[:]) }

var natFlagsNames = [...]nl.FlagName{
	{Bits: uint32(NATMapIPs), Name: "NF_NAT_RANGE_MAP_IPS"},
	{Bits: uint32(NATProto), Name: "NF_NAT_RANGE_PROTO_SPECIFIED"},
	{Bits: uint32(NATRandom), Name: "NF_NAT_RANGE_PROTO_RANDOM"},
	{Bits: uint32(NATPersistent), Name: "NF_NAT_RANGE_PERSISTENT"},
	{Bits: uint32(NATRandomFully), Name: "NF_NAT_RANGE_PROTO_RANDOM_FULLY"},
	{Bits: uint32(NATOffset), Name: "NF_NAT_RANGE_PROTO_OFFSET"},
	{Bits: uint32(NATNetmap), Name: "NF_NAT_RANGE_NETMAP"},
}

// An Inet is union nf_inet_addr of linux/netfilter.h: an IPv6 address, or an
// IPv4 address in the first four bytes. Which of them, the table's family says.
type Inet [16]byte

// InetFrom is a as the kernel has it; the zero Addr is all zeros.
func InetFrom(a netip.Addr) (i Inet) {
	if a.Is4() {
		v4 := a.As4()
		copy(i[:], v4[:])
	} else if a.IsValid() {
		i = a.As16()
	}
	return i
}

// IPv4 is the address, if it is one of IPv4.
func (i Inet) IPv4() netip.Addr { return netip.AddrFrom4([4]byte(i[:4])) }

// IPv6 is the address, if it is one of IPv6.
func (i Inet) IPv6() netip.Addr { return netip.AddrFrom16(i) }
