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

// known makes an empty expression of each kind that has a type here.
var known = [...]func() Expr{
	func() Expr { return new(Meta) },
	func() Expr { return new(Cmp) },
	func() Expr { return new(Payload) },
	func() Expr { return new(Bitwise) },
	func() Expr { return new(Counter) },
	func() Expr { return new(Immediate) },
	func() Expr { return new(Target) },
	func() Expr { return new(Match) },
	func() Expr { return new(Range) },
	func() Expr { return new(Lookup) },
	func() Expr { return new(Masq) },
	func() Expr { return new(NAT) },
	func() Expr { return new(Redir) },
	func() Expr { return new(Ct) },
	func() Expr { return new(Reject) },
	func() Expr { return new(Limit) },
	func() Expr { return new(Log) },
	func() Expr { return new(Fib) },
	func() Expr { return new(Objref) },
	func() Expr { return new(Dynset) },
	func() Expr { return new(Byteorder) },
	func() Expr { return new(Quota) },
	func() Expr { return new(Connlimit) },
	func() Expr { return new(Last) },
	func() Expr { return new(Notrack) },
}

// newExpr makes an empty expression by its name.
func newExpr(name string) Expr {
	for _, empty := range known {
		if e := empty(); e.Name() == name {
			return e
		}
	}
	return &Raw{Kind: name}
}

var errNoExpr = errors.New("nft: a nil expression")

// stateful are the expressions that sets, elements and dynset may hold.
var stateful = [...]func() Expr{
	func() Expr { return new(Counter) },
	func() Expr { return new(Limit) },
	func() Expr { return new(Quota) },
	func() Expr { return new(Connlimit) },
	func() Expr { return new(Last) },
}

// exprFields codes one expression of a rule, NFTA_EXPR_*.
func exprFields(c *nl.Coder, e *Expr) { exprOf(c, e, known[:]) }

// statefulFields codes one expression of a set, an element or dynset.
func statefulFields(c *nl.Coder, e *Expr) { exprOf(c, e, stateful[:]) }

// exprOf codes one expression; a description holds those of kinds.
func exprOf(c *nl.Coder, e *Expr, kinds []func() Expr) {
	var name string
	switch {
	case *e != nil:
		name = (*e).Name()
	case c.Encoding():
		c.Fail(errNoExpr)
		return
	}
	nl.Str(c, unix.NFTA_EXPR_NAME, "NFTA_EXPR_NAME", &name)
	if c.Decoding() {
		*e = newExpr(name)
	}
	if !c.Union(unix.NFTA_EXPR_DATA, "NFTA_EXPR_DATA", name) {
		return
	}
	if c.Describing() {
		for _, empty := range kinds {
			v := empty()
			if c.Case(v.Name()) {
				v.Fields(c)
			}
		}
		c.End()
		return
	}
	(*e).Fields(c)
	var rest []byte
	c.Rest(&rest)
	c.EndEmpty() // masq has no attributes, and the kernel wants its data
	if rest != nil {
		raw := &Raw{Kind: name}
		c.Union(unix.NFTA_EXPR_DATA, "NFTA_EXPR_DATA", name)
		raw.Fields(c)
		c.End()
		*e = raw
	}
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
