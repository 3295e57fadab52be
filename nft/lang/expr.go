//go:build linux

package lang

import (
	"github.com/minins/minins/nft"
)

// An Expr is a value, or something that has one: a [*Selector], [*Value],
// [*Prefix], [*Range], [*Masked], [*Concat], [*SetRef], [*SetLit], [*MapOf],
// [*VerdictOf].
type Expr any

// A Value is a constant: its bytes as they are in a register.
type Value struct {
	Type *Datatype
	Data []byte
	Wild bool // the beginning of a name: "eth*"
}

// A Prefix is the values that begin with the same bits.
type Prefix struct {
	*Value
	Bits uint32
}

// A Range is the values from one to another, both included.
type Range struct{ Lo, Hi *Value }

// Masked is X & Mask, or with Xor (X & Mask) ^ Xor.
type Masked struct {
	X         Expr
	Mask, Xor *Value
}

// A Concat is values one behind the other: ip saddr . tcp dport
type Concat struct{ Parts []Expr }

// A SetRef names a set: @name
type SetRef struct{ Name string }

// A SetLit is a set in the place where it is used: { 22, 80 }
type SetLit struct{ Elems []Elem }

// An Elem is an element of a set.
type Elem struct {
	Key     Expr // nil is what none of the others match: *
	Data    Expr // of a map
	Comment string
	Timeout uint64 // in milliseconds
	Expires uint64
	Stmts   []Stmt // counter, limit, quota
}

// A MapOf is what a map has for a key: ip saddr map @m
type MapOf struct {
	Key, Map Expr
	Data     []*Datatype // of a map in its place
}

// A VerdictOf is a verdict as a value of a map.
type VerdictOf struct{ nft.Verdict }

// A Stmt is one statement of a rule.
type Stmt any

// A ParsedRule is a rule as it was written.
type ParsedRule struct {
	Stmts   []Stmt
	Comment string
}

// An Op compares.
type Op uint8

// Comparisons. Implied and Without are those of bits: one of them is set, none is.
const (
	Eq Op = iota
	Neq
	Lt
	Lte
	Gt
	Gte
	Implied
	Without
)

var opNames = [...]string{"==", "!=", "<", "<=", ">", ">=", "&", "!"}

// Statements.
type (
	// A Match goes on with the rule if the comparison holds.
	Match struct {
		Left  Expr
		Op    Op
		Right Expr
	}
	// A VerdictStmt ends the rule: accept, drop, jump …
	VerdictStmt struct{ nft.Verdict }
	// A Vmap takes the verdict that a map has for a key.
	Vmap struct{ Key, Map Expr }
	// A Kernel is what is the same to the language and to the kernel: counter, limit,
	// quota, log, reject, notrack, ct count, last.
	Kernel struct{ nft.Expr }
	// A Send is dup or fwd: to an address, or out of a device. Family is that of the
	// address, where it is not that of the table.
	Send struct {
		Name      string
		Family    nft.Family
		Addr, Dev Expr
	}
	// A Block runs rules that stand in the place of a chain: jump { … }
	Block struct {
		Code   nft.VerdictCode
		Rules  []*nft.Rule  // of the kernel
		Parsed []ParsedRule // of a text
	}
	// A Reject is a refusal; Family is that of the codes of ICMP, which are written
	// Always where a packet may be of either.
	Reject struct {
		*nft.Reject
		Family nft.Family
		Always bool
	}
	// A NAT translates addresses and ports: snat, dnat, masquerade, redirect. With
	// tproxy the packet goes to a socket there as it is.
	NAT struct {
		Name   string     // "dnat"
		Family nft.Family // of the addresses, if it is not that of the table
		Addr   Expr       // one, a range, or a map
		Both   bool       // the map has addresses and ports
		Port   Expr
		Flags  nft.NATFlags
	}
	// An Assign changes the packet, or what is known of it: meta mark set 1
	Assign struct {
		To    *Selector
		Value Expr
	}
	// A UseObject runs a named object: counter name "c"
	UseObject struct {
		Type nft.ObjType
		Name string
		Key  Expr // in place of Name: of a map of names
		Map  Expr
	}
	// A SetChange adds what a packet has to a set: add @s { ip saddr }
	SetChange struct {
		Op        nft.DynsetOp
		Meter     bool // the set is of this rule alone: meter name size n { … }
		Size      uint32
		Set       string
		Key, Data Expr
		Timeout   uint64 // in milliseconds
		Stmts     []Stmt
	}
)
