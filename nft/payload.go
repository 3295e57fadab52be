//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Payload loads Len bytes of the packet into Dreg, or, with Sreg in place of
// it, writes them and mends the checksum. (NFTA_PAYLOAD_*)
type Payload struct {
	Sreg   Register
	Dreg   Register
	Base   PayloadBase
	Offset uint32 // in bytes from the base
	Len    uint32 // in bytes

	// Of a write only.
	CsumType   CsumType
	CsumOffset uint32 // in bytes from the base
	CsumFlags  uint32 // NFT_PAYLOAD_L4CSUM_PSEUDOHDR
}

// Name is the kernel's name of the expression.
func (*Payload) Name() string { return "payload" }

// Fields is the layout of NFTA_EXPR_DATA.
func (p *Payload) Fields(c *nl.Coder) {
	if c.Decoding() {
		*p = Payload{}
	}
	nl.BE32(c, unix.NFTA_PAYLOAD_SREG, "NFTA_PAYLOAD_SREG", &p.Sreg)
	nl.BE32(c, unix.NFTA_PAYLOAD_DREG, "NFTA_PAYLOAD_DREG", &p.Dreg)
	nl.ReqBE32(c, unix.NFTA_PAYLOAD_BASE, "NFTA_PAYLOAD_BASE", &p.Base)
	nl.ReqBE32(c, unix.NFTA_PAYLOAD_OFFSET, "NFTA_PAYLOAD_OFFSET", &p.Offset)
	nl.ReqBE32(c, unix.NFTA_PAYLOAD_LEN, "NFTA_PAYLOAD_LEN", &p.Len)
	nl.BE32(c, unix.NFTA_PAYLOAD_CSUM_TYPE, "NFTA_PAYLOAD_CSUM_TYPE", &p.CsumType)
	nl.BE32(c, unix.NFTA_PAYLOAD_CSUM_OFFSET, "NFTA_PAYLOAD_CSUM_OFFSET", &p.CsumOffset)
	nl.BE32(c, unix.NFTA_PAYLOAD_CSUM_FLAGS, "NFTA_PAYLOAD_CSUM_FLAGS", &p.CsumFlags)
}

// A PayloadBase is one of NFT_PAYLOAD_*: what offsets count from.
type PayloadBase uint32

// Bases of [Payload].
const (
	LLHeader        PayloadBase = unix.NFT_PAYLOAD_LL_HEADER // the Ethernet header
	NetworkHeader   PayloadBase = unix.NFT_PAYLOAD_NETWORK_HEADER
	TransportHeader PayloadBase = unix.NFT_PAYLOAD_TRANSPORT_HEADER
	InnerHeader     PayloadBase = unix.NFT_PAYLOAD_INNER_HEADER // behind the transport header
)

// String is the kernel's name.
func (b PayloadBase) String() string { return enum(b, payloadBaseNames[:]) }

var payloadBaseNames = [...]string{
	"NFT_PAYLOAD_LL_HEADER", "NFT_PAYLOAD_NETWORK_HEADER", "NFT_PAYLOAD_TRANSPORT_HEADER",
	"NFT_PAYLOAD_INNER_HEADER", "NFT_PAYLOAD_TUN_HEADER",
}

// A CsumType is one of NFT_PAYLOAD_CSUM_*.
type CsumType uint32

// String is the kernel's name.
func (t CsumType) String() string { return enum(t, csumTypeNames[:]) }

var csumTypeNames = [...]string{"NFT_PAYLOAD_CSUM_NONE", "NFT_PAYLOAD_CSUM_INET", "NFT_PAYLOAD_CSUM_SCTP"}
