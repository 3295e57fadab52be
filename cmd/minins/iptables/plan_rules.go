//go:build linux

package iptables

import (
	"slices"

	"github.com/minins/minins/nft"
	"golang.org/x/sys/unix"
)

// rules is -A, -I, -D, -R and -C: a rule in words.
func (p *planner) rules() error {
	cmd := p.cmd
	if j := &cmd.rule.jump; j.name != "" && j.target == nil && (j.final || !isTarget(j.name)) && p.s.find(j.name) == nil {
		return wrong("Chain '" + j.name + "' does not exist").hinted(cmd.noTarget(p.s))
	}
	var wanted []*nft.Rule
	for _, r := range cmd.rules() {
		w, err := p.encode(p.s.name, cmd.chain, r)
		if err != nil {
			return err
		}
		wanted = append(wanted, w)
	}
	if cmd.do == 'C' || cmd.do == 'D' {
		return p.found(wanted)
	}
	if p.c == nil || cmd.do == 'R' && p.c.made == nil {
		return cmd.noChain(p.s)
	}
	flags := uint16(unix.NLM_F_CREATE) // before Position, or first
	n, all := cmd.number, len(p.c.rules)
	switch {
	case cmd.do == 'R':
		if n > all {
			return p.tooBig("replacement")
		}
		wanted[0].Handle = p.c.rules[n-1].Handle
		flags = unix.NLM_F_REPLACE
	case cmd.do == 'A' || n == all+1 && n > 1:
		flags |= unix.NLM_F_APPEND
	case n > all+1:
		return p.tooBig("insertion")
	case n > 1:
		// Each goes before the same rule; the last is to be the first.
		slices.Reverse(wanted)
		for _, w := range wanted {
			w.Position = p.c.rules[n-1].Handle
		}
	}
	p.makeChain()
	for _, w := range wanted {
		p.add(unix.NFT_MSG_NEWRULE, flags, w)
	}
	return nil
}

// tooBig is what iptables says of a number that no rule has.
func (p *planner) tooBig(of string) error {
	return fail(refused, "Index of "+of+" too big").hinted(p.c.tooBig(p.cmd))
}

// found is -C and -D: each rule has to be there.
func (p *planner) found(wanted []*nft.Rule) error {
	taken := map[uint64]bool{}
	for _, w := range wanted {
		w, err := p.decode(&p.s.table, w)
		if err != nil {
			return err
		}
		handle, ok := p.findRule(w, taken)
		if !ok {
			return fail(refused, "Bad rule (does a matching rule exist in that chain?)").hinted(p.cmd.noRule(p.s, p.c))
		}
		taken[handle] = true
		if p.cmd.do == 'D' {
			p.delRule(p.c, handle)
		}
	}
	return nil
}

// findRule finds the first rule of the chain that says the same.
func (p *planner) findRule(want *rule, taken map[uint64]bool) (handle uint64, ok bool) {
	if p.c == nil {
		return 0, false
	}
	for _, have := range p.c.rules {
		if taken[have.Handle] {
			continue
		}
		if r, err := p.decode(&p.s.table, have); err == nil && want.same(r) {
			return have.Handle, true
		}
	}
	return 0, false
}

// delete is -D CHAIN NUMBER.
func (p *planner) delete() error {
	switch {
	case p.c == nil || p.c.made == nil:
		return p.cmd.noChain(p.s)
	case p.cmd.number > len(p.c.rules):
		return p.tooBig("deletion")
	}
	p.delRule(p.c, p.c.rules[p.cmd.number-1].Handle)
	return nil
}
