//go:build linux

package nft

import "github.com/minins/minins/nl"

// Attributes of linux/netfilter/nf_tables.h that x/sys lacks.
const (
	attrFlowtableTable  = 1 // NFTA_FLOWTABLE_TABLE
	attrFlowtableName   = 2 // NFTA_FLOWTABLE_NAME
	attrFlowtableHook   = 3 // NFTA_FLOWTABLE_HOOK
	attrFlowtableUse    = 4 // NFTA_FLOWTABLE_USE
	attrFlowtableHandle = 5 // NFTA_FLOWTABLE_HANDLE
	attrFlowtablePad    = 6 // NFTA_FLOWTABLE_PAD
	attrFlowtableFlags  = 7 // NFTA_FLOWTABLE_FLAGS

	attrFlowtableHookNum      = 1 // NFTA_FLOWTABLE_HOOK_NUM
	attrFlowtableHookPriority = 2 // NFTA_FLOWTABLE_HOOK_PRIORITY
	attrFlowtableHookDevs     = 3 // NFTA_FLOWTABLE_HOOK_DEVS
)

// A Flowtable forwards packets of known connections past the chains.
// (NFTA_FLOWTABLE_*)
type Flowtable struct {
	Family   Family
	ResID    uint16 // of a reply: the low half of the generation
	Table    string
	Name     string
	Hooknum  nl.Opt[uint32] // 0, ingress
	Priority nl.Opt[Priority]
	Devs     Devices
	Handle   uint64 // the kernel's number for the flowtable
	Flags    nl.Opt[uint32]
	Use      uint32 // reply: the number of rules that use it
	Rest     []byte // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_NEWFLOWTABLE.
func (f *Flowtable) Fields(c *nl.Coder) {
	if c.Decoding() {
		*f = Flowtable{}
	}
	header(c, &f.Family, &f.ResID)
	nl.Str(c, attrFlowtableTable, "NFTA_FLOWTABLE_TABLE", &f.Table)
	nl.Str(c, attrFlowtableName, "NFTA_FLOWTABLE_NAME", &f.Name)
	if c.Nest(attrFlowtableHook, "NFTA_FLOWTABLE_HOOK") {
		nl.OptBE32(c, attrFlowtableHookNum, "NFTA_FLOWTABLE_HOOK_NUM", &f.Hooknum)
		nl.OptBE32(c, attrFlowtableHookPriority, "NFTA_FLOWTABLE_HOOK_PRIORITY", &f.Priority)
		if c.Nest(attrFlowtableHookDevs, "NFTA_FLOWTABLE_HOOK_DEVS") {
			f.Devs.fields(c)
			c.End()
		}
		c.End()
	}
	nl.BE64(c, attrFlowtableHandle, "NFTA_FLOWTABLE_HANDLE", &f.Handle)
	nl.OptBE32(c, attrFlowtableFlags, "NFTA_FLOWTABLE_FLAGS", &f.Flags)
	nl.BE32(c, attrFlowtableUse, "NFTA_FLOWTABLE_USE", &f.Use)
	nl.Pad(c, attrFlowtablePad, "NFTA_FLOWTABLE_PAD")
	c.Rest(&f.Rest)
}
