//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Set holds values to look packets up in; with SetMap in its flags, each has
// data or a verdict. (NFTA_SET_* of linux/netfilter/nf_tables.h)
type Set struct {
	Family     Family
	ResID      uint16 // of a reply: the low half of the generation
	Table      string
	Name       string           // "__set%d" in an anonymous one: the kernel picks the number
	Handle     uint64           // the kernel's number for the set
	Flags      nl.Opt[SetFlags] // absent is 0
	KeyType    uint32           // nft's number for the type; the kernel only keeps it
	KeyLen     uint32           // in bytes
	DataType   uint32           // nft's number for the type, or [DataVerdict]
	DataLen    uint32           // in bytes
	ObjType    ObjType          // of a map to objects
	ID         uint32           // names the set to rules and elements of the same batch
	Policy     SetPolicy
	Desc       nl.Opt[SetDesc]
	Timeout    uint64   // of elements, in milliseconds
	GCInterval uint32   // between removals of what timed out, in milliseconds
	Userdata   Userdata // a comment, for one
	Expr       Expr     // runs for each element that is met
	Exprs      []Expr   // or several
	Type       string   // reply, Linux 6.16: how it is stored; a symbol or an address
	Count      uint32   // reply, Linux 6.16: the number of elements
	Rest       []byte   // attributes that this package does not know
}

// DataVerdict as [Set.DataType] makes a verdict map. (NFT_DATA_VERDICT)
const DataVerdict = unix.NFT_DATA_VERDICT

// Fields is the layout of NFT_MSG_NEWSET.
func (s *Set) Fields(c *nl.Coder) {
	if c.Decoding() {
		*s = Set{}
	}
	header(c, &s.Family, &s.ResID)
	nl.Str(c, unix.NFTA_SET_TABLE, "NFTA_SET_TABLE", &s.Table)
	nl.Str(c, unix.NFTA_SET_NAME, "NFTA_SET_NAME", &s.Name)
	nl.BE64(c, attrSetHandle, "NFTA_SET_HANDLE", &s.Handle)
	nl.OptBE32(c, unix.NFTA_SET_FLAGS, "NFTA_SET_FLAGS", &s.Flags)
	nl.BE32(c, unix.NFTA_SET_KEY_TYPE, "NFTA_SET_KEY_TYPE", &s.KeyType)
	nl.BE32(c, unix.NFTA_SET_KEY_LEN, "NFTA_SET_KEY_LEN", &s.KeyLen)
	nl.BE32(c, unix.NFTA_SET_DATA_TYPE, "NFTA_SET_DATA_TYPE", &s.DataType)
	if !c.Encoding() || s.DataType != 0 { // nft says 0 of verdicts
		nl.ReqBE32(c, unix.NFTA_SET_DATA_LEN, "NFTA_SET_DATA_LEN", &s.DataLen)
	}
	nl.BE32(c, unix.NFTA_SET_OBJ_TYPE, "NFTA_SET_OBJ_TYPE", &s.ObjType)
	nl.BE32(c, unix.NFTA_SET_ID, "NFTA_SET_ID", &s.ID)
	nl.BE32(c, unix.NFTA_SET_POLICY, "NFTA_SET_POLICY", &s.Policy)
	if nest(c, unix.NFTA_SET_DESC, "NFTA_SET_DESC", &s.Desc) {
		s.Desc.V.fields(c)
		c.EndEmpty()
	}
	nl.BE64(c, unix.NFTA_SET_TIMEOUT, "NFTA_SET_TIMEOUT", &s.Timeout)
	nl.BE32(c, unix.NFTA_SET_GC_INTERVAL, "NFTA_SET_GC_INTERVAL", &s.GCInterval)
	nl.Bytes(c, unix.NFTA_SET_USERDATA, "NFTA_SET_USERDATA", (*[]byte)(&s.Userdata))
	oneOrMore(c, attrSetExpr, "NFTA_SET_EXPR", &s.Expr, attrSetExpressions, "NFTA_SET_EXPRESSIONS", &s.Exprs)
	nl.Str(c, attrSetType, "NFTA_SET_TYPE", &s.Type)
	nl.BE32(c, attrSetCount, "NFTA_SET_COUNT", &s.Count)
	nl.Pad(c, unix.NFTA_SET_PAD, "NFTA_SET_PAD")
	c.Rest(&s.Rest)
}

// SetDesc describes a set's size and the parts of its key. (NFTA_SET_DESC_*)
type SetDesc struct {
	Size   uint32     // the most elements; 0 is no limit
	Fields []SetField // of a concatenation with intervals
	Rest   []byte     // attributes that this package does not know
}

func (d *SetDesc) fields(c *nl.Coder) {
	nl.BE32(c, unix.NFTA_SET_DESC_SIZE, "NFTA_SET_DESC_SIZE", &d.Size)
	if c.Nest(attrSetDescConcat, "NFTA_SET_DESC_CONCAT") {
		nl.Elements(c, unix.NFTA_LIST_ELEM, "NFTA_LIST_ELEM", &d.Fields, func(c *nl.Coder, f *SetField) {
			nl.ReqBE32(c, attrSetFieldLen, "NFTA_SET_FIELD_LEN", &f.Len)
		})
		c.End()
	}
	c.Rest(&d.Rest)
}

// A SetField is one part of a concatenated key.
type SetField struct{ Len uint32 } // in bytes, without the padding to 4

// SetFlags are NFT_SET_*.
type SetFlags uint32

// Flags of a set.
const (
	SetAnonymous SetFlags = unix.NFT_SET_ANONYMOUS // goes with the rule that uses it
	SetConstant  SetFlags = unix.NFT_SET_CONSTANT
	SetInterval  SetFlags = unix.NFT_SET_INTERVAL
	SetMap       SetFlags = unix.NFT_SET_MAP
	SetTimeout   SetFlags = unix.NFT_SET_TIMEOUT
	SetEval      SetFlags = unix.NFT_SET_EVAL   // rules change it, by dynset
	SetObject    SetFlags = unix.NFT_SET_OBJECT // a map to objects
	SetConcat    SetFlags = 0x80                // NFT_SET_CONCAT
	SetExpr      SetFlags = 0x100               // NFT_SET_EXPR
)

// String is the kernel's names.
func (f SetFlags) String() string { return nl.FlagNames(uint32(f), setFlagsNames[:]) }

var setFlagsNames = [...]nl.FlagName{
	{Bits: uint32(SetAnonymous), Name: "NFT_SET_ANONYMOUS"}, {Bits: uint32(SetConstant), Name: "NFT_SET_CONSTANT"},
	{Bits: uint32(SetInterval), Name: "NFT_SET_INTERVAL"}, {Bits: uint32(SetMap), Name: "NFT_SET_MAP"},
	{Bits: uint32(SetTimeout), Name: "NFT_SET_TIMEOUT"}, {Bits: uint32(SetEval), Name: "NFT_SET_EVAL"},
	{Bits: uint32(SetObject), Name: "NFT_SET_OBJECT"}, {Bits: uint32(SetConcat), Name: "NFT_SET_CONCAT"},
	{Bits: uint32(SetExpr), Name: "NFT_SET_EXPR"},
}

// A SetPolicy is what a set's storage is chosen for.
type SetPolicy uint32

// String is the kernel's name.
func (p SetPolicy) String() string { return enum(p, setPolicyNames[:]) }

var setPolicyNames = [...]string{"NFT_SET_POL_PERFORMANCE", "NFT_SET_POL_MEMORY"}
