//go:build linux

package doctor

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/survey"
)

// A machine is that of the kernel which runs the expressions of rules, but it knows that
// it does not know all of the packet.
type machine struct {
	*walk
	conn    *conn
	packet  *packet
	by, out *survey.Link // as iifname and oifname have them
	family  nft.Family
	num     nft.HookNum

	in     inTable
	base   *nft.Chain
	unsure bool   // a rule may have ended the chain already
	takes  answer // whether the rule takes the packet, as far as it was run

	regs  [64]byte
	known [64]bool
}

// An outcome is what a rule or a chain does with the packet.
type outcome struct {
	code   nft.VerdictCode // VerdictContinue: it goes on
	chain  string          // to jump or go to
	at     *place
	reject bool

	notrack      bool // and goes on
	drops, oneOf bool // it may be dropped, or go to another chain: the value in a map is not known

	nat, masquerade, redirect, snat bool
	addr                            netip.Addr
	port                            uint16
}

// An answer to whether a rule takes the packet.
type answer int8

const (
	no answer = iota
	yes
	maybe
)

func when(b bool) answer {
	if b {
		return yes
	}
	return no
}

func (m *machine) place(r *nft.Rule) *place {
	return &place{ns: m.conn.ns, in: m.in, chain: m.base, rule: r}
}

// chain runs rules until one decides. Of those that may or may not take the packet, one
// that would drop it is suspected, and one that would let it go makes what follows unsure.
func (m *machine) chain(rules []*nft.Rule, depth int) outcome {
	for _, r := range rules {
		o, takes := m.rule(r)
		if o.notrack && takes == yes {
			m.untrack(r)
		}
		if o.drops && takes != no {
			m.suspect(m, m.place(r))
		}
		if takes == no || o.code == nft.VerdictContinue && !o.nat {
			continue
		}
		before := m.unsure
		m.unsure = m.unsure || takes == maybe
		switch o.code {
		case nft.VerdictJump, nft.VerdictGoto:
			if depth > 16 {
				continue
			}
			inner := m.chain(m.in.chain(o.chain), depth+1)
			if inner.at != nil || inner.nat {
				return inner
			}
			if o.code == nft.VerdictGoto && takes == yes {
				return inner
			}
			if takes == maybe && o.code == nft.VerdictJump && !o.oneOf {
				m.unsure = before
			}
		case nft.VerdictReturn:
			if takes == yes {
				return outcome{code: nft.VerdictContinue}
			}
		case nft.VerdictDrop:
			o.at = m.place(r)
			if m.unsure {
				m.suspect(m, o.at)
				m.unsure = before
				continue
			}
			return o
		default:
			o.at = m.place(r)
			if takes == yes {
				return o
			}
		}
	}
	return outcome{code: nft.VerdictContinue}
}

// later is a rule of the same chain, behind one that drops the packet, which would
// accept it.
func (m *machine) later(l *place) *place {
	behind := false
	for _, r := range m.in.chain(l.rule.Chain) {
		if behind {
			if o, takes := m.rule(r); takes == yes && o.code == nft.VerdictAccept && !o.nat {
				return m.place(r)
			}
		}
		behind = behind || r.Handle == l.rule.Handle
	}
	return nil
}

// rule runs the expressions of one.
func (m *machine) rule(r *nft.Rule) (outcome, answer) {
	o := outcome{code: nft.VerdictContinue}
	clear(m.known[:])
	takes := m.exprs(r.Exprs, &o)
	return o, takes
}

func (m *machine) exprs(list []nft.Expr, o *outcome) answer {
	takes := yes
	for _, x := range list {
		m.takes = takes
		switch m.expr(x, o) {
		case no:
			return no
		case maybe:
			takes = maybe
		}
		if o.code != nft.VerdictContinue || o.nat {
			break
		}
	}
	return takes
}

// register is where in the 64 bytes a register begins.
func register(r nft.Register) int {
	if r >= nft.Reg32 {
		return int(r-nft.Reg32) * 4 % 64
	}
	return int(r-nft.Reg1) * 16 % 64
}

func (m *machine) load(r nft.Register, data []byte, known bool) {
	at := register(r)
	for i := range (len(data) + 3) / 4 * 4 {
		if at+i < len(m.regs) {
			m.regs[at+i], m.known[at+i] = 0, known
			if i < len(data) {
				m.regs[at+i] = data[i]
			}
		}
	}
}

func (m *machine) get(r nft.Register, n int) (data []byte, known bool) {
	at := register(r)
	if at+n > len(m.regs) {
		return nil, false
	}
	return m.regs[at : at+n], !slices.Contains(m.known[at:at+n], false)
}

// expr runs one: whether the rule goes on, and, in o, what it decides.
func (m *machine) expr(x nft.Expr, o *outcome) answer {
	switch x := x.(type) {
	case *nft.Counter, *nft.Objref, *nft.Log, *nft.FlowOffload, *nft.Last:
	case *nft.Notrack:
		o.notrack = true
	case *nft.Dynset:
		return counting(x.Expr, x.Exprs)
	case *nft.Meta:
		if x.Key == nft.MetaL4Proto && m.packet.arp() { // the rule ends there
			return no
		}
		if x.Sreg == 0 {
			data, known := m.meta(x.Key)
			m.load(x.Dreg, data, known)
		} else if x.Key == nft.MetaMark {
			m.write(&m.packet.mark, x.Sreg)
		}
	case *nft.Payload:
		if x.Sreg == 0 {
			m.payload(x)
		}
	case *nft.Ct:
		if x.Sreg == 0 {
			data, known := m.ct(x.Key)
			m.load(x.Dreg, data, known)
		} else if x.Key == nft.CtMark {
			m.write(&m.conn.mark, x.Sreg)
		}
	case *nft.Fib:
		m.fib(x)
	case *nft.Immediate:
		if x.Data.Verdict.Ok {
			o.code, o.chain = x.Data.Verdict.V.Code, x.Data.Verdict.V.Chain
		} else {
			m.load(x.Dreg, x.Data.Value, true)
		}
	case *nft.Bitwise:
		data, known := m.get(x.Sreg, int(x.Len))
		if x.Op.V != 0 || len(x.Mask) != len(data) || len(x.Xor) != len(data) {
			m.load(x.Dreg, make([]byte, x.Len), false)
			break
		}
		result := make([]byte, len(data))
		for i := range data {
			result[i] = data[i]&x.Mask[i] ^ x.Xor[i]
		}
		m.load(x.Dreg, result, known)
	case *nft.Byteorder:
		data, known := m.get(x.Sreg, int(x.Len))
		result := bytes.Clone(data)
		for i := 0; i+int(x.Size) <= len(result) && x.Size > 0; i += int(x.Size) {
			slices.Reverse(result[i : i+int(x.Size)])
		}
		m.load(x.Dreg, result, known)
	case *nft.Cmp:
		data, known := m.get(x.Sreg, len(x.Data))
		if !known {
			return maybe
		}
		return when(compared(x.Op, bytes.Compare(data, x.Data)))
	case *nft.Range:
		data, known := m.get(x.Sreg, len(x.From))
		if !known {
			return maybe
		}
		return when((bytes.Compare(data, x.From) >= 0 && bytes.Compare(data, x.To) <= 0) == (x.Op == nft.RangeEq))
	case *nft.Lookup:
		return m.lookup(x, o)
	case *nft.Match:
		return m.match(x.Info)
	case *nft.Target:
		return m.target(x.Info, o)
	case *nft.Reject:
		o.code, o.reject = nft.VerdictDrop, true
	case *nft.Masq:
		o.nat, o.masquerade, o.code = true, true, nft.VerdictAccept
	case *nft.Redir:
		o.nat, o.redirect, o.code = true, true, nft.VerdictAccept
		o.port = m.port(x.PortMin)
	case *nft.NAT:
		o.nat, o.snat, o.code = true, x.Type == nft.SNAT, nft.VerdictAccept
		if x.AddrMin != 0 {
			data, _ := m.get(x.AddrMin, m.packet.dst.BitLen()/8)
			if x.Flags&nft.NATNetmap != 0 {
				last, _ := m.get(x.AddrMax, len(data))
				data = m.netmap(data, last, o.snat)
			}
			o.addr, _ = netip.AddrFromSlice(data)
		}
		o.port = m.port(x.PortMin)
	default: // limits, sets of connections, sockets, numbers of chance …
		clear(m.known[:]) // it may have written to any
		return maybe
	}
	return yes
}

// netmap is the address of the packet with the bits of a network that are the same from its
// first address to its last.
func (m *machine) netmap(first, last []byte, source bool) []byte {
	a := m.packet.dst
	if source {
		a = m.packet.src
	}
	own := a.AsSlice()
	for i := range min(len(own), len(first), len(last)) {
		host := first[i] ^ last[i]
		own[i] = own[i]&host | first[i]&^host
	}
	return own
}

func (m *machine) port(r nft.Register) uint16 {
	if r == 0 {
		return 0
	}
	data, _ := m.get(r, 2)
	return binary.BigEndian.Uint16(data)
}

func compared(op nft.CmpOp, order int) bool {
	return [...]bool{nft.Eq: order == 0, nft.Neq: order != 0, nft.Lt: order < 0, nft.Lte: order <= 0, nft.Gt: order > 0, nft.Gte: order >= 0}[op%6]
}
