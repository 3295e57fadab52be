//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Trace is one step of a packet that [MetaNFTrace] marked, as the group
// NFNLGRP_NFTRACE gets it. Steps of one packet have one ID. (NFTA_TRACE_*)
type Trace struct {
	Family          Family
	ResID           uint16
	Table           string
	Chain           string
	RuleHandle      uint64
	Type            TraceType
	Verdict         nl.Opt[Verdict]
	ID              uint32
	LLHeader        []byte // only in the first step, as are the other headers
	NetworkHeader   []byte
	TransportHeader []byte
	IIF             uint32 // index of the input device
	IIFType         uint16 // ARPHRD_*
	OIF             uint32 // index of the output device
	OIFType         uint16 // ARPHRD_*
	Mark            uint32
	NFProto         NATFamily
	Policy          nl.Opt[VerdictCode]
	CtID            uint32 // this and the next since Linux 6.16
	CtDirection     nl.Opt[CtDir]
	CtStatus        uint32 // IPS_*
	CtState         CtStates
	Rest            []byte // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_TRACE.
func (t *Trace) Fields(c *nl.Coder) {
	if c.Decoding() {
		*t = Trace{}
	}
	header(c, &t.Family, &t.ResID)
	nl.Str(c, unix.NFTA_TRACE_TABLE, "NFTA_TRACE_TABLE", &t.Table)
	nl.Str(c, unix.NFTA_TRACE_CHAIN, "NFTA_TRACE_CHAIN", &t.Chain)
	nl.BE64(c, unix.NFTA_TRACE_RULE_HANDLE, "NFTA_TRACE_RULE_HANDLE", &t.RuleHandle)
	nl.BE32(c, unix.NFTA_TRACE_TYPE, "NFTA_TRACE_TYPE", &t.Type)
	if nest(c, unix.NFTA_TRACE_VERDICT, "NFTA_TRACE_VERDICT", &t.Verdict) {
		t.Verdict.V.fields(c)
		c.EndEmpty()
	}
	nl.BE32(c, unix.NFTA_TRACE_ID, "NFTA_TRACE_ID", &t.ID)
	nl.Bytes(c, unix.NFTA_TRACE_LL_HEADER, "NFTA_TRACE_LL_HEADER", &t.LLHeader)
	nl.Bytes(c, unix.NFTA_TRACE_NETWORK_HEADER, "NFTA_TRACE_NETWORK_HEADER", &t.NetworkHeader)
	nl.Bytes(c, unix.NFTA_TRACE_TRANSPORT_HEADER, "NFTA_TRACE_TRANSPORT_HEADER", &t.TransportHeader)
	nl.BE32(c, unix.NFTA_TRACE_IIF, "NFTA_TRACE_IIF", &t.IIF)
	nl.BE16(c, unix.NFTA_TRACE_IIFTYPE, "NFTA_TRACE_IIFTYPE", &t.IIFType)
	nl.BE32(c, unix.NFTA_TRACE_OIF, "NFTA_TRACE_OIF", &t.OIF)
	nl.BE16(c, unix.NFTA_TRACE_OIFTYPE, "NFTA_TRACE_OIFTYPE", &t.OIFType)
	nl.BE32(c, unix.NFTA_TRACE_MARK, "NFTA_TRACE_MARK", &t.Mark)
	nl.BE32(c, unix.NFTA_TRACE_NFPROTO, "NFTA_TRACE_NFPROTO", &t.NFProto)
	nl.OptBE32(c, unix.NFTA_TRACE_POLICY, "NFTA_TRACE_POLICY", &t.Policy)
	nl.BE32(c, attrTraceCtID, "NFTA_TRACE_CT_ID", &t.CtID)
	nl.OptU8(c, attrTraceCtDirection, "NFTA_TRACE_CT_DIRECTION", &t.CtDirection)
	nl.BE32(c, attrTraceCtStatus, "NFTA_TRACE_CT_STATUS", &t.CtStatus)
	nl.BE32(c, attrTraceCtState, "NFTA_TRACE_CT_STATE", &t.CtState)
	nl.Pad(c, unix.NFTA_TRACE_PAD, "NFTA_TRACE_PAD")
	c.Rest(&t.Rest)
}

// A TraceType is one of NFT_TRACETYPE_*: what gave the verdict of a [Trace].
type TraceType uint32

// String is the kernel's name.
func (t TraceType) String() string { return enum(t, traceTypeNames[:]) }

var traceTypeNames = [...]string{"NFT_TRACETYPE_UNSPEC", "NFT_TRACETYPE_POLICY", "NFT_TRACETYPE_RETURN", "NFT_TRACETYPE_RULE"}
