//go:build linux

package iptables

import (
	"slices"

	"github.com/minins/minins/nft"
)

// planRules is -A, -I, -D, -R and -C: a rule in words.
func (k *kernel) planRules(cmd *command, s *state) ([]step, error) {
	if j := cmd.rule.jump; j.name != "" && j.target == nil && (j.final || !isTarget(j.name)) && s.find(j.name) == nil {
		return nil, wrong("Chain '" + j.name + "' does not exist").hinted(cmd.noTarget(s))
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
			return nil, fail(refused, "Index of replacement too big").hinted(c.tooBig(cmd))
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
		return nil, fail(refused, "Index of insertion too big").hinted(c.tooBig(cmd))
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
			return nil, fail(refused, "Bad rule (does a matching rule exist in that chain?)").hinted(cmd.noRule(s, c))
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
		return nil, fail(refused, "Index of deletion too big").hinted(c.tooBig(cmd))
	}
	return []step{func(b *nft.Batch) {
		b.DelRule(k.family, k.where(s.name), k.chain(s.name, c.name), c.rules[cmd.number-1].Handle)
	}}, nil
}
