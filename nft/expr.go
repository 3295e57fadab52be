//go:build linux

package nft

import (
	"errors"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// An Expr is one instruction of a rule. Its Fields method is the layout of
// NFTA_EXPR_DATA.
//
// An expression that this package does not know, or one with an attribute
// that it does not know, is decoded as a [*Raw] and sent back as it came.
type Expr interface {
	nl.Message
	Name() string // the kernel's: "meta"
}

// known are the names of the expressions that have a type here.
var known = [...]string{
	"meta", "cmp", "payload", "bitwise", "counter", "immediate", "target", "match", "range", "lookup",
	"masq", "nat", "redir", "ct", "reject", "limit", "log", "fib", "objref", "dynset", "byteorder",
	"quota", "connlimit", "last", "notrack",
	"exthdr", "rt", "socket", "numgen", "hash", "queue", "dup", "fwd", "tproxy", "synproxy", "osf", "flow_offload", "xfrm", "tunnel",
}

// stateful are those that sets, elements and dynset may hold.
var stateful = [...]string{"counter", "limit", "quota", "connlimit", "last"}

// newExpr makes an empty expression by its name.
func newExpr(name string) Expr {
	switch name {
	case "meta":
		return new(Meta)
	case "cmp":
		return new(Cmp)
	case "payload":
		return new(Payload)
	case "bitwise":
		return new(Bitwise)
	case "counter":
		return new(Counter)
	case "immediate":
		return new(Immediate)
	case "target":
		return new(Target)
	case "match":
		return new(Match)
	case "range":
		return new(Range)
	case "lookup":
		return new(Lookup)
	case "masq":
		return new(Masq)
	case "nat":
		return new(NAT)
	case "redir":
		return new(Redir)
	case "ct":
		return new(Ct)
	case "reject":
		return new(Reject)
	case "limit":
		return new(Limit)
	case "log":
		return new(Log)
	case "fib":
		return new(Fib)
	case "objref":
		return new(Objref)
	case "dynset":
		return new(Dynset)
	case "byteorder":
		return new(Byteorder)
	case "quota":
		return new(Quota)
	case "connlimit":
		return new(Connlimit)
	case "last":
		return new(Last)
	case "notrack":
		return new(Notrack)
	case "exthdr":
		return new(Exthdr)
	case "rt":
		return new(Rt)
	case "socket":
		return new(Socket)
	case "numgen":
		return new(Numgen)
	case "hash":
		return new(Hash)
	case "queue":
		return new(Queue)
	case "dup":
		return new(Dup)
	case "fwd":
		return new(Fwd)
	case "tproxy":
		return new(TProxy)
	case "synproxy":
		return new(Synproxy)
	case "osf":
		return new(OSF)
	case "flow_offload":
		return new(FlowOffload)
	case "xfrm":
		return new(Xfrm)
	case "tunnel":
		return new(Tunnel)
	}
	return &Raw{Kind: name}
}

// isNamed reports whether e is what [newExpr] makes, and can be decoded into again.
func isNamed(e Expr, name string) bool {
	if _, raw := e.(*Raw); raw || e == nil {
		return false
	}
	return e.Name() == name
}

var errNoExpr = errors.New("nft: a nil expression")

// exprFields codes one expression of a rule, NFTA_EXPR_*.
func exprFields(c *nl.Coder, e *Expr) { exprOf(c, e, known[:]) }

// statefulFields codes one expression of a set, an element or dynset.
func statefulFields(c *nl.Coder, e *Expr) { exprOf(c, e, stateful[:]) }

// exprOf codes one expression; a description holds those of kinds.
func exprOf(c *nl.Coder, e *Expr, kinds []string) {
	var name string
	switch {
	case *e != nil:
		name = (*e).Name()
	case c.Encoding():
		c.Fail(errNoExpr)
		return
	}
	nl.Str(c, unix.NFTA_EXPR_NAME, "NFTA_EXPR_NAME", &name)
	if c.Decoding() && !isNamed(*e, name) {
		*e = newExpr(name)
	}
	if !c.Union(unix.NFTA_EXPR_DATA, "NFTA_EXPR_DATA", name) {
		return
	}
	if c.Describing() {
		for _, kind := range kinds {
			if c.Case(kind) {
				newExpr(kind).Fields(c)
			}
		}
		c.End()
		return
	}
	(*e).Fields(c)
	if c.Decoding() && !c.Done() {
		c.Again()
		*e = &Raw{Kind: name}
		(*e).Fields(c)
	}
	c.EndEmpty() // masq has no attributes, and the kernel wants its data
}

// Raw is an expression that this package does not know.
type Raw struct {
	Kind string // its name
	Data []byte // its attributes
}

// Name is the kernel's name of the expression.
func (r *Raw) Name() string { return r.Kind }

// Fields is the layout of NFTA_EXPR_DATA.
func (r *Raw) Fields(c *nl.Coder) {
	if c.Decoding() {
		r.Data = nil
	}
	c.Rest(&r.Data)
}
