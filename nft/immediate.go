//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Immediate loads a constant into a register; a verdict into [RegVerdict] ends
// the rule. (NFTA_IMMEDIATE_*)
type Immediate struct {
	Dreg Register
	Data Data
}

// Name is the kernel's name of the expression.
func (*Immediate) Name() string { return "immediate" }

// Fields is the layout of NFTA_EXPR_DATA.
func (m *Immediate) Fields(c *nl.Coder) {
	if c.Decoding() {
		*m = Immediate{Data: m.Data}
	}
	nl.ReqBE32(c, unix.NFTA_IMMEDIATE_DREG, "NFTA_IMMEDIATE_DREG", &m.Dreg)
	m.Data.fields(c, unix.NFTA_IMMEDIATE_DATA, "NFTA_IMMEDIATE_DATA")
}

// Load puts value into a register.
func Load(reg Register, value []byte) *Immediate {
	return &Immediate{Dreg: reg, Data: Data{Value: value}}
}

func verdict(v Verdict) *Immediate { return &Immediate{Data: Data{Verdict: nl.Some(v)}} }

// Accept lets the packet pass this base chain.
func Accept() *Immediate { return verdict(Verdict{Code: VerdictAccept}) }

// Drop ends the packet.
func Drop() *Immediate { return verdict(Verdict{Code: VerdictDrop}) }

// Return goes back to the chain that jumped here, or to the policy.
func Return() *Immediate { return verdict(Verdict{Code: VerdictReturn}) }

// Jump runs a chain and comes back.
func Jump(chain string) *Immediate { return verdict(Verdict{Code: VerdictJump, Chain: chain}) }

// Goto runs a chain and does not come back.
func Goto(chain string) *Immediate { return verdict(Verdict{Code: VerdictGoto, Chain: chain}) }
