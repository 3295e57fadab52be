//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A step is one request of a batch.
type step struct {
	_ [0]func() // not to be compared: that would take code

	msg, flags uint16 // NFT_MSG_*, NLM_F_*
	about      nl.Message
}

// A planner works out what a command that changes something does to a table in
// state s, as a whole before anything is sent.
type planner struct {
	*kernel
	cmd   *command
	s     *state
	c     *chain // that the command names; nil if it is not there
	steps []step
}

func (k *kernel) plan(cmd *command, s *state) ([]step, error) {
	p := &planner{kernel: k, cmd: cmd, s: s, c: s.find(cmd.chain)}
	err := p.plan()
	return p.steps, err
}

func (p *planner) plan() error {
	switch p.cmd.do {
	case 'A', 'I', 'D', 'R', 'C':
		return p.rules()
	case 'd':
		return p.delete()
	case 'N':
		return p.newChain()
	case 'E':
		return p.rename()
	case 'P':
		return p.policy()
	}
	chains := p.s.chains // without a chain it is about all of them
	if p.cmd.named {
		if p.c == nil {
			return p.cmd.noChain(p.s)
		}
		chains = []*chain{p.c}
	}
	switch p.cmd.do {
	case 'F':
		p.flush(chains)
	case 'Z', 'z':
		p.zero(chains)
	case 'X':
		return p.delChains(chains)
	}
	return nil
}

func (p *planner) add(msg, flags uint16, about nl.Message) {
	p.steps = append(p.steps, step{msg: msg, flags: flags, about: about})
}

// noChain is what iptables says of a chain that is not there.
func (cmd *command) noChain(s *state) error {
	var others []string
	for i := range tables {
		if t := &tables[i]; t.place(cmd.chain) != nil && t.name != s.name {
			others = append(others, "-t "+t.name)
		}
	}
	hint := "table " + s.name + " has no chain " + cmd.chain + "; " + cmd.line("-S") + " lists its chains"
	if others != nil {
		hint = cmd.chain + " is not a chain of table " + s.name + ", but of others: add " + strings.Join(others, " or ")
	}
	return fail(refused, "No chain/target/match by that name").hinted(hint)
}

// makeTable makes the table if it is not there.
func (p *planner) makeTable() {
	if !p.s.exists {
		p.add(unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, &nft.Table{Family: p.family, Name: p.where(p.s.name)})
	}
}

// makeChain makes the builtin chain, and its table, if they are not there.
func (p *planner) makeChain() {
	p.makeTable()
	if p.c.made == nil {
		p.add(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, p.baseChain(p.c, nft.VerdictAccept))
	}
}

// named is a request for a chain.
func (p *planner) named(name string) *nft.Chain {
	return &nft.Chain{Family: p.family, Table: p.where(p.s.name), Name: p.chain(p.s.name, name)}
}

// baseChain is a builtin chain as the kernel makes it.
func (p *planner) baseChain(c *chain, policy nft.VerdictCode) *nft.Chain {
	ch := p.named(c.name)
	ch.Type, ch.Policy = c.place.typ, nl.Some(policy)
	ch.Hook = nl.Some(nft.Hook{Num: c.place.hook, Priority: c.place.priority})
	return ch
}

func (p *planner) newChain() error {
	if p.c != nil {
		return fail(refused, "Chain already exists").
			hinted("chain " + p.c.name + " is in table " + p.s.name + " already: see " + p.cmd.line("-S "+p.c.name))
	}
	p.makeTable()
	p.add(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_EXCL, p.named(p.cmd.chain))
	return nil
}

func (p *planner) flush(chains []*chain) {
	if !p.s.exists {
		return
	}
	if !p.cmd.named && !p.cmd.verbose && !p.native {
		p.add(unix.NFT_MSG_DELRULE, 0, &nft.Rule{Family: p.family, Table: p.s.name})
		return
	}
	for _, c := range chains {
		if c.made != nil {
			p.delRule(c, 0)
		}
	}
}

// delRule deletes a rule, or all of a chain if handle is 0.
func (p *planner) delRule(c *chain, handle uint64) {
	p.add(unix.NFT_MSG_DELRULE, 0, &nft.Rule{
		Family: p.family, Table: p.where(p.s.name), Chain: p.chain(p.s.name, c.name), Handle: handle,
	})
}

// zero is -Z: a policy's counters are set, a rule is replaced by itself.
func (p *planner) zero(chains []*chain) {
	for _, c := range chains {
		if c.made == nil {
			continue
		}
		if c.place != nil && p.cmd.do == 'Z' {
			zero := p.baseChain(c, c.made.Policy.V)
			zero.Counters.Ok = true
			p.add(unix.NFT_MSG_NEWCHAIN, 0, zero)
		}
		for i, r := range c.rules {
			if p.cmd.do == 'z' && i != p.cmd.number-1 {
				continue
			}
			if fresh := zeroed(r); fresh != nil {
				p.add(unix.NFT_MSG_NEWRULE, unix.NLM_F_REPLACE, fresh)
			}
		}
	}
}

// zeroed is a rule with its counters at 0, or nil if they are.
func zeroed(r *nft.Rule) *nft.Rule {
	fresh := &nft.Rule{Family: r.Family, Table: r.Table, Chain: r.Chain, Handle: r.Handle, Userdata: r.Userdata}
	counted := false
	for _, x := range r.Exprs {
		if n, ok := x.(*nft.Counter); ok {
			counted = counted || n.Packets.V != 0 || n.Bytes.V != 0
			x = newCounter(nft.Counters{})
		}
		fresh.Exprs = append(fresh.Exprs, x)
	}
	if !counted {
		return nil
	}
	// The kernel does not give the protocol for xtables matches back.
	for i, x := range r.Exprs[1:] {
		m, ok1 := r.Exprs[i].(*nft.Meta)
		c, ok2 := x.(*nft.Cmp)
		if ok1 && ok2 && m.Key == nft.MetaL4Proto && len(c.Data) == 1 {
			fresh.Compat = compatOf(protocol{c.Data[0], c.Op == nft.Neq})
		}
	}
	return fresh
}

func (p *planner) delChains(chains []*chain) error {
	if p.cmd.named && p.c.made == nil {
		return p.cmd.noChain(p.s)
	}
	for _, c := range chains {
		// Without a chain it is the user's, and those builtin ones that do
		// nothing any more, as iptables-nft has it.
		idle := c.place != nil && len(c.rules) == 0 && c.policy() == "ACCEPT"
		if c.made == nil || !p.cmd.named && c.place != nil && !idle {
			continue
		}
		gone := p.named(c.name)
		gone.Use = c.made.Use
		p.add(unix.NFT_MSG_DELCHAIN, unix.NLM_F_NONREC, gone) // not if there are rules in it
	}
	return nil
}

func (p *planner) rename() error {
	switch {
	case p.s.find(p.cmd.newName) != nil:
		return fail(refused, "File exists").hinted("table " + p.s.name + " has a chain " + p.cmd.newName + " already")
	case p.c == nil || p.c.made == nil:
		return p.cmd.noChain(p.s)
	case p.c.place != nil:
		return fail(refused, "No chain/target/match by that name").
			hinted(p.c.name + " is a builtin chain: under another name iptables would no longer know it")
	}
	renamed := p.named(p.cmd.newName)
	renamed.Handle = p.c.made.Handle
	p.add(unix.NFT_MSG_NEWCHAIN, 0, renamed)
	return nil
}

func (p *planner) policy() error {
	policy := nft.VerdictAccept
	switch p.cmd.policy {
	case "ACCEPT":
	case "DROP":
		policy = nft.VerdictDrop
	default:
		return fail(refused, "Bad policy name. Run `dmesg' for more information").
			hinted("the policy of a chain is ACCEPT or DROP, not " + strconv.Quote(p.cmd.policy) + "; end the chain with a rule for anything else")
	}
	if p.c == nil || p.c.place == nil {
		return fail(refused, "Bad built-in chain name").
			hinted("only the builtin chains have a policy, in table " + p.s.name + ": " + p.s.builtins())
	}
	ch := p.baseChain(p.c, policy)
	ch.Counters.Ok = true
	flags := uint16(0)
	if p.c.made == nil {
		p.makeTable()
		flags = unix.NLM_F_CREATE
	}
	p.add(unix.NFT_MSG_NEWCHAIN, flags, ch)
	return nil
}
