//go:build linux

package iptables

import (
	"slices"
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
				hinted("chain %s is in table %s already: see %s", cmd.chain, s.name, cmd.line("-S "+cmd.chain))
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
			hinted("%s is not a chain of table %s, but of others: add %s", cmd.chain, s.name, strings.Join(others, " or "))
	}
	return fail(refused, "No chain/target/match by that name").
		hinted("table %s has no chain %s; %s lists its chains", s.name, cmd.chain, cmd.line("-S"))
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

// planRules is -A, -I, -D, -R and -C: a rule in words.
func (k *kernel) planRules(cmd *command, s *state) ([]step, error) {
	if j := cmd.rule.jump; j.name != "" && j.target == nil && (j.final || !isTarget(j.name)) && s.find(j.name) == nil {
		return nil, wrong("Chain '%s' does not exist", j.name).hinted("%s", cmd.noTarget(s))
	}
	var wanted []*nft.Rule
	for _, r := range cmd.rules() {
		w, err := k.encode(s.name, cmd.chain, &r)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, w)
	}
	c := s.find(cmd.chain)
	switch cmd.do {
	case 'C', 'D':
		return k.planFound(cmd, s, c, wanted)
	}
	if c == nil || cmd.do == 'R' && c.made == nil {
		return nil, cmd.noChain(s)
	}
	switch cmd.do {
	case 'R':
		if cmd.number > len(c.rules) {
			return nil, fail(refused, "Index of replacement too big").hinted("%s", c.tooBig(cmd))
		}
		wanted[0].Handle = c.rules[cmd.number-1].Handle
		return []step{func(b *nft.Batch) { b.ReplaceRule(wanted[0]) }}, nil
	case 'I':
		return k.planInsert(cmd, s, c, wanted)
	}
	steps := k.makeChain(s, c)
	for _, w := range wanted {
		steps = append(steps, func(b *nft.Batch) { b.AddRule(w) })
	}
	return steps, nil
}

func (k *kernel) planInsert(cmd *command, s *state, c *chain, wanted []*nft.Rule) ([]step, error) {
	steps := k.makeChain(s, c)
	switch n := cmd.number; {
	case n == 1:
		for _, w := range wanted {
			steps = append(steps, func(b *nft.Batch) { b.InsertRule(w) })
		}
	case n == len(c.rules)+1:
		for _, w := range wanted {
			steps = append(steps, func(b *nft.Batch) { b.AddRule(w) })
		}
	case n > len(c.rules):
		return nil, fail(refused, "Index of insertion too big").hinted("%s", c.tooBig(cmd))
	default:
		// Each goes before the same rule; the last is to be the first.
		for _, w := range slices.Backward(wanted) {
			w.Position = c.rules[n-1].Handle
			steps = append(steps, func(b *nft.Batch) { b.InsertRule(w) })
		}
	}
	return steps, nil
}

// planFound is -C and -D: each rule has to be there.
func (k *kernel) planFound(cmd *command, s *state, c *chain, wanted []*nft.Rule) ([]step, error) {
	var steps []step
	taken := map[uint64]bool{}
	for _, w := range wanted {
		w, err := k.decode(s.table, w)
		if err != nil {
			return nil, err
		}
		handle, ok := k.findRule(s, c, w, taken)
		if !ok {
			return nil, fail(refused, "Bad rule (does a matching rule exist in that chain?)").hinted("%s", cmd.noRule(s, c))
		}
		taken[handle] = true
		if cmd.do == 'D' {
			steps = append(steps, func(b *nft.Batch) {
				b.DelRule(k.family, k.where(s.name), k.chain(s.name, c.name), handle)
			})
		}
	}
	return steps, nil
}

// findRule finds the first rule of a chain that says the same.
func (k *kernel) findRule(s *state, c *chain, want *rule, taken map[uint64]bool) (handle uint64, ok bool) {
	if c == nil {
		return 0, false
	}
	for _, have := range c.rules {
		if taken[have.Handle] {
			continue
		}
		if r, err := k.decode(s.table, have); err == nil && want.same(r) {
			return have.Handle, true
		}
	}
	return 0, false
}

// planDelete is -D CHAIN NUMBER.
func (k *kernel) planDelete(cmd *command, s *state) ([]step, error) {
	c := s.find(cmd.chain)
	switch {
	case c == nil || c.made == nil:
		return nil, cmd.noChain(s)
	case cmd.number > len(c.rules):
		return nil, fail(refused, "Index of deletion too big").hinted("%s", c.tooBig(cmd))
	}
	return []step{func(b *nft.Batch) {
		b.DelRule(k.family, k.where(s.name), k.chain(s.name, c.name), c.rules[cmd.number-1].Handle)
	}}, nil
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
		return nil, fail(refused, "File exists").hinted("table %s has a chain %s already", s.name, cmd.newName)
	}
	c := s.find(cmd.chain)
	switch {
	case c == nil || c.made == nil:
		return nil, cmd.noChain(s)
	case c.place != nil:
		return nil, fail(refused, "No chain/target/match by that name").
			hinted("%s is a builtin chain: under another name iptables would no longer know it", c.name)
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
			hinted("the policy of a chain is ACCEPT or DROP, not %q; end the chain with a rule for anything else", cmd.policy)
	}
	c := s.find(cmd.chain)
	if c == nil || c.place == nil {
		return nil, fail(refused, "Bad built-in chain name").
			hinted("only the builtin chains have a policy, in table %s: %s", s.name, s.builtins())
	}
	ch := k.baseChain(s, c, policy)
	ch.Counters = nl.Some(nft.Counters{})
	if c.made != nil {
		return []step{func(b *nft.Batch) { b.SetChain(ch) }}, nil
	}
	return append(k.makeTable(s), func(b *nft.Batch) { b.AddChain(ch) }), nil
}
