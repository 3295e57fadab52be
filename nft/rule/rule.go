//go:build linux

package rule

import (
	"errors"
	"fmt"

	"github.com/minins/minins/nft"
)

// A Part is one match or statement of a rule. The functions of this package make
// them; the zero Part is refused.
type Part struct {
	name  string // in nft's language, for errors
	add   func(*Builder, *Part) error
	match bool // compares, and can be negated
	not   bool // compares for what is not so
	ends  bool // decides on the packet

	// What add needs of these.
	addr    span
	proto   Transport
	numbers [2]uint64
	burst   uint32
	verdict nft.VerdictCode
	text    string
	set     *nft.Set
	keys    []Key
}

// An Error says which part of a rule is wrong, and why.
type Error struct {
	Chain string // "ip nat post"
	Part  string // "masquerade", in nft's language
	Err   error
}

// Error is one line.
func (e *Error) Error() string {
	return "rule: " + e.Part + ": " + e.Err.Error() + " (chain " + e.Chain + ")"
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// New makes a rule for a chain, of which it reads Family, Table, Name, ID, Type and
// Hook. An error is an [*Error].
// Equivalent to: nft add rule
func New(chain *nft.Chain, parts ...Part) (*nft.Rule, error) {
	return new(Builder).Rule(chain, parts...)
}

// A Builder makes rules one after the other in the same memory. Its zero value is
// ready. It must not be copied.
type Builder struct {
	rule    nft.Rule
	chain   *nft.Chain
	network nft.Family // known of the packet: IPv4, IPv6, or Unspec
	proto   Transport  // known of the packet, or 0
	prev    *nft.Payload
	part    Part // the one that is being added
	memory
}

var (
	errZero   = errors.New("it was made by no function of this package")
	errBehind = errors.New("it is behind a part that decides on the packet, and would never be reached")
	errNot    = errors.New("it cannot be negated")
	errFamily = errors.New("the table is of another family than ip, ip6 or inet")
	errType   = errors.New("the chain has a hook and no type: set Type to filter, nat or route")
)

// Rule is [New], but what it returns is valid until the next call, which
// overwrites it. A [nft.Batch] encodes rules when they are added, so that is long
// enough; and from the second rule of a shape on, nothing is allocated.
func (b *Builder) Rule(chain *nft.Chain, parts ...Part) (*nft.Rule, error) {
	b.memory.again()
	b.rule = nft.Rule{
		Family: chain.Family, Table: chain.Table, Chain: chain.Name,
		Exprs: b.rule.Exprs[:0], Userdata: b.rule.Userdata[:0],
	}
	if chain.Name == "" {
		b.rule.ChainID = chain.ID
	}
	b.chain, b.network, b.proto, b.prev = chain, nft.Unspec, 0, nil
	switch chain.Family {
	case nft.IPv4, nft.IPv6:
		b.network = chain.Family
	case nft.Inet:
	default:
		return nil, b.failed("rule", errFamily)
	}
	if chain.Hook.Ok && chain.Type == "" {
		return nil, b.failed("rule", errType)
	}
	ended := false
	for i := range parts {
		b.part = parts[i] // so that parts need not outlive the call
		p := &b.part
		switch {
		case p.add == nil:
			return nil, b.failed(fmt.Sprintf("part %d", i+1), errZero)
		case ended && p.name != "comment":
			return nil, b.failed(p.name, errBehind)
		}
		prev := b.prev
		if err := p.add(b, p); err != nil {
			return nil, b.failed(p.name, err)
		}
		if b.prev == prev {
			b.prev = nil // it was another kind of part
		}
		ended = ended || p.ends
	}
	return &b.rule, nil
}

func (b *Builder) failed(part string, err error) error {
	chain := b.chain.Family.Keyword() + " " + b.chain.Table + " " + b.chain.Name
	return &Error{Chain: chain, Part: part, Err: err}
}

// Not turns a match around: what it makes of [SAddr] is "ip saddr != 10.0.0.0/8".
// It is refused for what compares nothing.
func Not(p Part) Part {
	if p.add != nil && !p.match {
		p.add = func(*Builder, *Part) error { return errNot }
		return p
	}
	p.not = !p.not
	return p
}

// op is how a match compares.
func (p *Part) op() nft.CmpOp {
	if p.not {
		return nft.Neq
	}
	return nft.Eq
}

// Comment is kept with the rule, and shown with it: at most 128 bytes, as in nft. It
// may be in any place.
// nft: comment "text"
func Comment(text string) Part { return Part{name: "comment", add: (*Builder).comment, text: text} }

func (b *Builder) comment(p *Part) error {
	if len(p.text) > 128 {
		return fmt.Errorf("it has %d bytes, and nft takes 128", len(p.text))
	}
	if len(b.rule.Userdata) > 0 {
		return errors.New("there is one already")
	}
	b.rule.Userdata = append(b.rule.Userdata, nft.UserdataComment, byte(len(p.text)+1))
	b.rule.Userdata = append(append(b.rule.Userdata, p.text...), 0)
	return nil
}
