//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Table holds chains, sets and objects of one family. (NFTA_TABLE_* of
// linux/netfilter/nf_tables.h)
type Table struct {
	Family   Family
	ResID    uint16 // of a reply: the low half of the generation
	Name     string
	Handle   uint64             // the kernel's number for the table
	Flags    nl.Opt[TableFlags] // absent is 0 when the table is made, and "as it is" later
	Userdata Userdata           // a comment, for one
	Use      uint32             // reply: the number of chains, sets and objects
	Owner    uint32             // reply: the port of the socket that owns the table
	Rest     []byte             // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_NEWTABLE.
func (t *Table) Fields(c *nl.Coder) {
	if c.Decoding() {
		*t = Table{}
	}
	header(c, &t.Family, &t.ResID)
	nl.Str(c, unix.NFTA_TABLE_NAME, "NFTA_TABLE_NAME", &t.Name)
	nl.BE64(c, attrTableHandle, "NFTA_TABLE_HANDLE", &t.Handle)
	nl.OptBE32(c, unix.NFTA_TABLE_FLAGS, "NFTA_TABLE_FLAGS", &t.Flags)
	nl.Bytes(c, attrTableUserdata, "NFTA_TABLE_USERDATA", (*[]byte)(&t.Userdata))
	nl.BE32(c, unix.NFTA_TABLE_USE, "NFTA_TABLE_USE", &t.Use)
	nl.BE32(c, attrTableOwner, "NFTA_TABLE_OWNER", &t.Owner)
	nl.Pad(c, attrTablePad, "NFTA_TABLE_PAD")
	c.Rest(&t.Rest)
}

// TableFlags are NFT_TABLE_F_*.
type TableFlags uint32

// Flags of a table.
const (
	TableDormant TableFlags = 0x1 // NFT_TABLE_F_DORMANT: its chains see no packets
	TableOwner   TableFlags = 0x2 // NFT_TABLE_F_OWNER: only this socket changes it, and it goes with the socket (Linux 5.12)
	TablePersist TableFlags = 0x4 // NFT_TABLE_F_PERSIST: an owned table that stays (Linux 6.9)
)

// String is the kernel's names.
func (f TableFlags) String() string { return nl.FlagNames(uint32(f), tableFlagsNames[:]) }

var tableFlagsNames = [...]nl.FlagName{
	{Bits: uint32(TableDormant), Name: "NFT_TABLE_F_DORMANT"},
	{Bits: uint32(TableOwner), Name: "NFT_TABLE_F_OWNER"},
	{Bits: uint32(TablePersist), Name: "NFT_TABLE_F_PERSIST"},
}
