//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Chain is a list of rules. A base chain has a Hook and is entered by
// packets, a regular one by jumps. (NFTA_CHAIN_* of linux/netfilter/nf_tables.h)
type Chain struct {
	Family   Family
	ResID    uint16 // of a reply: the low half of the generation
	Table    string
	Name     string
	Hook     nl.Opt[Hook]
	Policy   nl.Opt[VerdictCode] // of a base chain: Accept or Drop
	Use      nl.Opt[uint32]      // reply: the number of rules in it and jumps to it
	Counters nl.Opt[Counters]    // of the policy; sending them sets them
	Handle   uint64              // the kernel's number for the chain
	Type     string              // of a base chain: "filter", "nat" or "route"
	ID       uint32              // names the chain to rules of the same batch
	Flags    ChainFlags
	Userdata Userdata // a comment, for one
	Rest     []byte   // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_NEWCHAIN.
func (ch *Chain) Fields(c *nl.Coder) {
	if c.Decoding() {
		*ch = Chain{}
	}
	header(c, &ch.Family, &ch.ResID)
	nl.Str(c, unix.NFTA_CHAIN_TABLE, "NFTA_CHAIN_TABLE", &ch.Table)
	nl.Str(c, unix.NFTA_CHAIN_NAME, "NFTA_CHAIN_NAME", &ch.Name)
	if nest(c, unix.NFTA_CHAIN_HOOK, "NFTA_CHAIN_HOOK", &ch.Hook) {
		ch.Hook.V.fields(c)
		c.EndEmpty()
	}
	nl.OptBE32(c, unix.NFTA_CHAIN_POLICY, "NFTA_CHAIN_POLICY", &ch.Policy)
	nl.OptBE32(c, unix.NFTA_CHAIN_USE, "NFTA_CHAIN_USE", &ch.Use)
	if nest(c, unix.NFTA_CHAIN_COUNTERS, "NFTA_CHAIN_COUNTERS", &ch.Counters) {
		ch.Counters.V.fields(c)
		c.EndEmpty()
	}
	nl.BE64(c, unix.NFTA_CHAIN_HANDLE, "NFTA_CHAIN_HANDLE", &ch.Handle)
	nl.Str(c, unix.NFTA_CHAIN_TYPE, "NFTA_CHAIN_TYPE", &ch.Type)
	nl.BE32(c, attrChainID, "NFTA_CHAIN_ID", &ch.ID)
	nl.BE32(c, attrChainFlags, "NFTA_CHAIN_FLAGS", &ch.Flags)
	nl.Bytes(c, attrChainUserdata, "NFTA_CHAIN_USERDATA", (*[]byte)(&ch.Userdata))
	nl.Pad(c, unix.NFTA_CHAIN_PAD, "NFTA_CHAIN_PAD")
	c.Rest(&ch.Rest)
}

// nest opens a nested attribute that may be absent; end it with EndEmpty.
func nest[T any](c *nl.Coder, typ uint16, name string, p *nl.Opt[T]) bool {
	if !c.NestIf(typ, name, p.Ok) {
		return false
	}
	p.Ok = true
	return true
}

// Counters are the packets and bytes that a policy or a rule has seen.
type Counters struct{ Packets, Bytes uint64 }

func (n *Counters) fields(c *nl.Coder) {
	nl.ReqBE64(c, unix.NFTA_COUNTER_PACKETS, "NFTA_COUNTER_PACKETS", &n.Packets)
	nl.ReqBE64(c, unix.NFTA_COUNTER_BYTES, "NFTA_COUNTER_BYTES", &n.Bytes)
	nl.Pad(c, unix.NFTA_COUNTER_PAD, "NFTA_COUNTER_PAD")
}

// ChainFlags are NFT_CHAIN_*.
type ChainFlags uint32

// Flags of a chain.
const (
	ChainBase      ChainFlags = 1 // NFT_CHAIN_BASE, in replies: it has a hook
	ChainHWOffload ChainFlags = 2 // NFT_CHAIN_HW_OFFLOAD
	ChainBinding   ChainFlags = 4 // NFT_CHAIN_BINDING: it goes with the rule that jumps to it
)

// String is the kernel's names.
func (f ChainFlags) String() string { return nl.FlagNames(uint32(f), chainFlagsNames[:]) }

var chainFlagsNames = [...]nl.FlagName{
	{Bits: uint32(ChainBase), Name: "NFT_CHAIN_BASE"},
	{Bits: uint32(ChainHWOffload), Name: "NFT_CHAIN_HW_OFFLOAD"},
	{Bits: uint32(ChainBinding), Name: "NFT_CHAIN_BINDING"},
}
