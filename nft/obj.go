//go:build linux

package nft

import (
	"strconv"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// An Obj is a counter, limit or the like that has a name and that rules share.
// (NFTA_OBJ_* of linux/netfilter/nf_tables.h)
type Obj struct {
	Family   Family
	ResID    uint16 // of a reply: the low half of the generation
	Table    string
	Name     string
	Type     ObjType
	Handle   uint64   // the kernel's number for the object
	Userdata Userdata // a comment, for one
	Use      uint32   // reply: the number of references
	Data     Expr     // a *[Counter], *[Limit], …; *[Raw] of a kind that has no type here
	Rest     []byte   // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_NEWOBJ.
func (o *Obj) Fields(c *nl.Coder) {
	if c.Decoding() {
		*o = Obj{}
	}
	header(c, &o.Family, &o.ResID)
	nl.Str(c, unix.NFTA_OBJ_TABLE, "NFTA_OBJ_TABLE", &o.Table)
	nl.Str(c, unix.NFTA_OBJ_NAME, "NFTA_OBJ_NAME", &o.Name)
	nl.BE32(c, unix.NFTA_OBJ_TYPE, "NFTA_OBJ_TYPE", &o.Type)
	nl.BE64(c, attrObjHandle, "NFTA_OBJ_HANDLE", &o.Handle)
	nl.Bytes(c, attrObjUserdata, "NFTA_OBJ_USERDATA", (*[]byte)(&o.Userdata))
	o.data(c)
	nl.BE32(c, unix.NFTA_OBJ_USE, "NFTA_OBJ_USE", &o.Use)
	nl.Pad(c, attrObjPad, "NFTA_OBJ_PAD")
	c.Rest(&o.Rest)
}

// data is a union that the type selects.
func (o *Obj) data(c *nl.Coder) {
	if c.Encoding() && o.Data == nil || !c.Nest(unix.NFTA_OBJ_DATA, "NFTA_OBJ_DATA") {
		return
	}
	if c.Describing() {
		for t := range ObjType(len(objTypes)) {
			if name := t.expr(); name != "" && c.Case("/"+strconv.Itoa(int(t))) {
				newExpr(name).Fields(c)
			}
		}
		c.End()
		return
	}
	if c.Decoding() {
		o.Data = newExpr(o.Type.expr())
	}
	o.Data.Fields(c)
	c.EndEmpty()
}

// An ObjType is one of NFT_OBJECT_*.
type ObjType uint32

// Types of [Obj] that have a Go type.
const (
	ObjCounter   ObjType = unix.NFT_OBJECT_COUNTER
	ObjQuota     ObjType = unix.NFT_OBJECT_QUOTA
	ObjLimit     ObjType = unix.NFT_OBJECT_LIMIT
	ObjConnlimit ObjType = unix.NFT_OBJECT_CONNLIMIT
)

var objTypes = [...]struct{ name, expr string }{
	unix.NFT_OBJECT_COUNTER:    {"NFT_OBJECT_COUNTER", "counter"},
	unix.NFT_OBJECT_QUOTA:      {"NFT_OBJECT_QUOTA", "quota"},
	unix.NFT_OBJECT_CT_HELPER:  {"NFT_OBJECT_CT_HELPER", ""},
	unix.NFT_OBJECT_LIMIT:      {"NFT_OBJECT_LIMIT", "limit"},
	unix.NFT_OBJECT_CONNLIMIT:  {"NFT_OBJECT_CONNLIMIT", "connlimit"},
	unix.NFT_OBJECT_TUNNEL:     {"NFT_OBJECT_TUNNEL", ""},
	unix.NFT_OBJECT_CT_TIMEOUT: {"NFT_OBJECT_CT_TIMEOUT", ""},
	unix.NFT_OBJECT_SECMARK:    {"NFT_OBJECT_SECMARK", ""},
	unix.NFT_OBJECT_CT_EXPECT:  {"NFT_OBJECT_CT_EXPECT", ""},
	unix.NFT_OBJECT_SYNPROXY:   {"NFT_OBJECT_SYNPROXY", ""},
}

// String is the kernel's name.
func (t ObjType) String() string {
	if int64(t) < int64(len(objTypes)) && objTypes[t].name != "" {
		return objTypes[t].name
	}
	return strconv.FormatUint(uint64(t), 10)
}

// expr is the name of the expression that has the attributes of this type.
func (t ObjType) expr() string {
	if int64(t) < int64(len(objTypes)) {
		return objTypes[t].expr
	}
	return ""
}
