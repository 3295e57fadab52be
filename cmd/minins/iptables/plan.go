//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A step adds a request to a batch.
type step func(b *nft.Batch)

// plan is what a command that changes something does to a table in state s. It
// is worked out as a whole before anything is sent.
func (k *kernel) plan(cmd *command, s *state) ([]step, error) {
	switch cmd.do {
	case 'A', 'I', 'D', 'R', 'C':
		return k.planRules(cmd, s)
	case 'd':
		return k.planDelete(cmd, s)
	case 'F':
		return k.planFlush(cmd, s)
	case 'Z', 'z':
		return k.planZero(cmd, s)
	case 'N':
		if s.find(cmd.chain) != nil {
			return nil, fail(refused, "Chain already exists").
				hinted("chain " + cmd.chain + " is in table " + s.name + " already: see " + cmd.line("-S "+cmd.chain))
		}
		return append(k.makeTable(s), func(b *nft.Batch) {
			b.Add(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_EXCL, &nft.Chain{Family: k.family, Table: k.where(s.name), Name: k.chain(s.name, cmd.chain)})
		}), nil
	case 'X':
		return k.planDelChain(cmd, s)
	case 'E':
		return k.planRename(cmd, s)
	case 'P':
		return k.planPolicy(cmd, s)
	}
	return nil, nil
}

// noChain is what iptables says of a chain that is not there.
func (cmd *command) noChain(s *state) error {
	var others []string
	for _, t := range tables {
		if _, ok := t.place(cmd.chain); ok && t.name != s.name {
			others = append(others, "-t "+t.name)
		}
	}
	if others != nil {
		return fail(refused, "No chain/target/match by that name").
			hinted(cmd.chain + " is not a chain of table " + s.name + ", but of others: add " + strings.Join(others, " or "))
	}
	return fail(refused, "No chain/target/match by that name").
		hinted("table " + s.name + " has no chain " + cmd.chain + "; " + cmd.line("-S") + " lists its chains")
}

func (k *kernel) makeTable(s *state) []step {
	if s.exists {
		return nil
	}
	return []step{func(b *nft.Batch) { b.AddTable(&nft.Table{Family: k.family, Name: k.where(s.name)}) }}
}

// baseChain is a builtin chain as the kernel makes it.
func (k *kernel) baseChain(s *state, c *chain, policy nft.VerdictCode) *nft.Chain {
	return &nft.Chain{
		Family: k.family, Table: k.where(s.name), Name: k.chain(s.name, c.name), Type: c.place.typ,
		Hook: nl.Some(nft.Hook{Num: c.place.hook, Priority: c.place.priority}), Policy: nl.Some(policy),
	}
}

// makeChain makes a builtin chain, and its table, if they are not there.
func (k *kernel) makeChain(s *state, c *chain) []step {
	steps := k.makeTable(s)
	if c.made == nil {
		steps = append(steps, func(b *nft.Batch) { b.AddChain(k.baseChain(s, c, nft.VerdictAccept)) })
	}
	return steps
}

// some are the chains that a command without a chain is about, or the one.
func (cmd *command) some(s *state) ([]*chain, error) {
	if !cmd.named {
		return s.chains, nil
	}
	c := s.find(cmd.chain)
	if c == nil {
		return nil, cmd.noChain(s)
	}
	return []*chain{c}, nil
}

func (k *kernel) planFlush(cmd *command, s *state) ([]step, error) {
	chains, err := cmd.some(s)
	if err != nil || !s.exists {
		return nil, err
	}
	if !cmd.named && !cmd.verbose && !k.native {
		return []step{func(b *nft.Batch) { b.FlushTable(k.family, s.name) }}, nil
	}
	var steps []step
	for _, c := range chains {
		if c.made != nil {
			steps = append(steps, func(b *nft.Batch) { b.FlushChain(k.family, k.where(s.name), k.chain(s.name, c.name)) })
		}
	}
	return steps, nil
}

// planZero is -Z: a policy's counters are set, a rule is replaced by itself.
func (k *kernel) planZero(cmd *command, s *state) ([]step, error) {
	chains, err := cmd.some(s)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, c := range chains {
		if c.made == nil {
			continue
		}
		if c.place != nil && cmd.do == 'Z' {
			zero := k.baseChain(s, c, c.made.Policy.V)
			zero.Counters = nl.Some(nft.Counters{})
			steps = append(steps, func(b *nft.Batch) { b.SetChain(zero) })
		}
		for i, r := range c.rules {
			if cmd.do == 'z' && i != cmd.number-1 {
				continue
			}
			if fresh := zeroed(r); fresh != nil {
				steps = append(steps, func(b *nft.Batch) { b.ReplaceRule(fresh) })
			}
		}
	}
	return steps, nil
}

// zeroed is a rule with its counters at 0, or nil if they are.
func zeroed(r *nft.Rule) *nft.Rule {
	fresh := &nft.Rule{Family: r.Family, Table: r.Table, Chain: r.Chain, Handle: r.Handle, Userdata: r.Userdata}
	counted := false
	for _, x := range r.Exprs {
		if n, ok := x.(*nft.Counter); ok {
			counted = counted || n.Packets.V != 0 || n.Bytes.V != 0
			x = &nft.Counter{Packets: nl.Some(uint64(0)), Bytes: nl.Some(uint64(0))}
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
			fresh.Compat = nl.Some(nft.RuleCompat{Proto: nft.IPProto(c.Data[0])})
			if c.Op == nft.Neq {
				fresh.Compat.V.Flags = nft.CompatInverse
			}
		}
	}
	return fresh
}

func (k *kernel) planDelChain(cmd *command, s *state) ([]step, error) {
	chains, err := cmd.some(s)
	if err != nil {
		return nil, err
	}
	if cmd.named && chains[0].made == nil {
		return nil, cmd.noChain(s)
	}
	var steps []step
	for _, c := range chains {
		// Without a chain it is the user's, and those builtin ones that do
		// nothing any more, as iptables-nft has it.
		idle := c.place != nil && len(c.rules) == 0 && c.policy() == "ACCEPT"
		if c.made == nil || !cmd.named && c.place != nil && !idle {
			continue
		}
		steps = append(steps, func(b *nft.Batch) {
			// NLM_F_NONREC: not if there are rules in it.
			b.Add(unix.NFT_MSG_DELCHAIN, unix.NLM_F_NONREC, &nft.Chain{
				Family: k.family, Table: k.where(s.name), Name: k.chain(s.name, c.name), Use: c.made.Use,
			})
		})
	}
	return steps, nil
}

func (k *kernel) planRename(cmd *command, s *state) ([]step, error) {
	if s.find(cmd.newName) != nil {
		return nil, fail(refused, "File exists").hinted("table " + s.name + " has a chain " + cmd.newName + " already")
	}
	c := s.find(cmd.chain)
	switch {
	case c == nil || c.made == nil:
		return nil, cmd.noChain(s)
	case c.place != nil:
		return nil, fail(refused, "No chain/target/match by that name").
			hinted(c.name + " is a builtin chain: under another name iptables would no longer know it")
	}
	return []step{func(b *nft.Batch) {
		b.SetChain(&nft.Chain{Family: k.family, Table: k.where(s.name), Name: k.chain(s.name, cmd.newName), Handle: c.made.Handle})
	}}, nil
}

func (k *kernel) planPolicy(cmd *command, s *state) ([]step, error) {
	policy := nft.VerdictAccept
	switch cmd.policy {
	case "ACCEPT":
	case "DROP":
		policy = nft.VerdictDrop
	default:
		return nil, fail(refused, "Bad policy name. Run `dmesg' for more information").
			hinted("the policy of a chain is ACCEPT or DROP, not " + strconv.Quote(cmd.policy) + "; end the chain with a rule for anything else")
	}
	c := s.find(cmd.chain)
	if c == nil || c.place == nil {
		return nil, fail(refused, "Bad built-in chain name").
			hinted("only the builtin chains have a policy, in table " + s.name + ": " + s.builtins())
	}
	ch := k.baseChain(s, c, policy)
	ch.Counters = nl.Some(nft.Counters{})
	if c.made != nil {
		return []step{func(b *nft.Batch) { b.SetChain(ch) }}, nil
	}
	return append(k.makeTable(s), func(b *nft.Batch) { b.AddChain(ch) }), nil
}
