//go:build linux

package nft

import (
	"iter"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Elems are elements of one set, to add, delete or list. One message holds at
// most 64 KiB of them; [Batch.AddElems] makes as many messages as they need.
// (NFTA_SET_ELEM_LIST_*)
//
// As with [Rule], a message is decoded into the elements that are there.
type Elems struct {
	Family Family
	ResID  uint16 // of a reply: the low half of the generation
	Table  string
	Set    string
	SetID  uint32 // the [Set.ID] of one of the same batch
	Elems  []Elem
	Each   iter.Seq[*Elem] // of a request, in place of Elems: a million need not be there at once
	Rest   []byte          // attributes that this package does not know

	encoded []byte // in place of both
}

// Fields is the layout of NFT_MSG_NEWSETELEM.
func (e *Elems) Fields(c *nl.Coder) {
	if c.Decoding() {
		*e = Elems{Elems: e.Elems[:0]}
	}
	header(c, &e.Family, &e.ResID)
	nl.Str(c, unix.NFTA_SET_ELEM_LIST_TABLE, "NFTA_SET_ELEM_LIST_TABLE", &e.Table)
	nl.Str(c, unix.NFTA_SET_ELEM_LIST_SET, "NFTA_SET_ELEM_LIST_SET", &e.Set)
	nl.BE32(c, unix.NFTA_SET_ELEM_LIST_SET_ID, "NFTA_SET_ELEM_LIST_SET_ID", &e.SetID)
	if c.Nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS, "NFTA_SET_ELEM_LIST_ELEMENTS") {
		if c.Encoding() {
			c.Rest(&e.encoded)
			e.encodeEach(c)
		}
		nl.Elements(c, 0, "NFTA_LIST_ELEM", &e.Elems, elemFields)
		c.End()
	} else if c.Decoding() {
		e.Elems = nil
	}
	c.Rest(&e.Rest)
}

// encodeEach encodes what Each gives.
func (e *Elems) encodeEach(c *nl.Coder) {
	if e.Each == nil {
		return
	}
	number := uint16(0)
	for elem := range e.Each {
		number++
		(&listElem{number, elem}).Fields(c)
	}
}

// An Elem is one value of a set, or one end of an interval. (NFTA_SET_ELEM_*)
type Elem struct {
	Flags      ElemFlags
	Timeout    uint64   // in milliseconds
	Expiration uint64   // how much of it is left
	Key        []byte   // as it is in the packet, each part padded to 4 bytes
	KeyEnd     []byte   // of a concatenation with intervals
	Data       Data     // of a map
	Userdata   Userdata // a comment, for one
	Expr       Expr     // runs when it is met
	Exprs      []Expr   // or several
	Object     string   // of a map to objects: the name of one
	Rest       []byte   // attributes that this package does not know
}

// elemFields codes one element of the list.
func elemFields(c *nl.Coder, e *Elem) {
	if c.Decoding() {
		e.Flags, e.Timeout, e.Expiration, e.Exprs, e.Object, e.Rest = 0, 0, 0, e.Exprs[:0], "", nil // the rest serves again
	}
	nl.BE32(c, unix.NFTA_SET_ELEM_FLAGS, "NFTA_SET_ELEM_FLAGS", &e.Flags)
	nl.BE64(c, unix.NFTA_SET_ELEM_TIMEOUT, "NFTA_SET_ELEM_TIMEOUT", &e.Timeout)
	nl.BE64(c, unix.NFTA_SET_ELEM_EXPIRATION, "NFTA_SET_ELEM_EXPIRATION", &e.Expiration)
	value(c, unix.NFTA_SET_ELEM_KEY, "NFTA_SET_ELEM_KEY", &e.Key)
	value(c, attrElemKeyEnd, "NFTA_SET_ELEM_KEY_END", &e.KeyEnd)
	e.Data.fields(c, unix.NFTA_SET_ELEM_DATA, "NFTA_SET_ELEM_DATA")
	nl.Bytes(c, unix.NFTA_SET_ELEM_USERDATA, "NFTA_SET_ELEM_USERDATA", (*[]byte)(&e.Userdata))
	oneOrMore(c, unix.NFTA_SET_ELEM_EXPR, "NFTA_SET_ELEM_EXPR", &e.Expr, attrElemExpressions, "NFTA_SET_ELEM_EXPRESSIONS", &e.Exprs)
	nl.Str(c, unix.NFTA_SET_ELEM_OBJREF, "NFTA_SET_ELEM_OBJREF", &e.Object)
	nl.Pad(c, unix.NFTA_SET_ELEM_PAD, "NFTA_SET_ELEM_PAD")
	c.Rest(&e.Rest)
}

// ElemFlags are NFT_SET_ELEM_*.
type ElemFlags uint32

// Flags of an element.
const (
	ElemIntervalEnd ElemFlags = unix.NFT_SET_ELEM_INTERVAL_END // the first value behind an interval
	ElemCatchall    ElemFlags = 2                              // NFT_SET_ELEM_CATCHALL: all other values
)

// String is the kernel's names.
func (f ElemFlags) String() string { return nl.FlagNames(uint32(f), elemFlagsNames[:]) }

var elemFlagsNames = [...]nl.FlagName{
	{Bits: uint32(ElemIntervalEnd), Name: "NFT_SET_ELEM_INTERVAL_END"},
	{Bits: uint32(ElemCatchall), Name: "NFT_SET_ELEM_CATCHALL"},
}
