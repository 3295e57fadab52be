//go:build linux

package container

import (
	"context"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nft/xt"
)

// What is forwarded passes all chains at that hook, of all tables, and each of them
// may drop it: that one accepts does not keep the next one from it. So where
// another's chain drops by its policy, its table gets a chain of ours that
// accepts, and the chain a jump there, behind its last rule: what its rules
// drop stays dropped.

// acceptChain is the name of our chain in a table of others.
func (s *side) acceptChain(table nft.Family) string {
	if table == nft.Inet {
		return PortTable + "-" + s.family.Keyword()
	}
	return PortTable
}

// dropping are the chains of others that drop what is forwarded, and of that name.
func (pl *plan) dropping(s *side) (all []*nft.Chain) {
	for i := range pl.chains {
		c := &pl.chains[i]
		if (c.Family == s.family || c.Family == nft.Inet) && c.Hook.Ok && c.Hook.V.Num == nft.Forward &&
			c.Policy.Ok && c.Policy.V == nft.VerdictDrop {
			all = append(all, c)
		}
	}
	return all
}

// forward has chains of others accept what goes to published ports, and comes from
// there.
func (s *side) forward(ctx context.Context, pl *plan, bridges []bridge) error {
	type table struct {
		family nft.Family
		name   string
	}
	tables := map[table][]*nft.Chain{}
	for _, c := range pl.dropping(s) {
		t := table{c.Family, c.Table}
		tables[t] = append(tables[t], c)
	}
	for t, chains := range tables {
		accept := &nft.Chain{Family: t.family, Table: t.name, Name: s.acceptChain(t.family)}
		there := map[string]bool{}
		jumps := 0
		if c := pl.chain(t.family, t.name, accept.Name); c != nil {
			rules, err := pl.p.nft.Rules(ctx, t.family, t.name, accept.Name)
			if err != nil {
				return err
			}
			for i := range rules {
				there[rules[i].Userdata.Comment()] = true
			}
			jumps = int(c.Use.V) - len(rules) // the kernel counts rules and jumps
		} else {
			comment, err := nft.WithComment(PortComment)
			pl.fail(err)
			accept.Userdata = comment
			pl.do(func(b *nft.Batch) { b.AddChain(accept) })
		}
		for _, b := range bridges {
			if there[b.name] {
				continue
			}
			if err := s.accept(ctx, pl, accept, b.name); err != nil {
				return err
			}
		}
		if jumps >= len(chains) {
			continue
		}
		for _, c := range chains {
			handles, err := pl.p.jumps(ctx, c, accept.Name, jumps > 0)
			if err != nil {
				return err
			}
			if len(handles) == 0 {
				pl.do(pl.rule(c, rule.Counter(), rule.Jump(accept.Name), rule.Comment(PortComment)))
			}
		}
	}
	return nil
}

// accept adds the rules for a bridge: what goes there and what comes from there, of
// connections whose destination was translated.
func (s *side) accept(ctx context.Context, pl *plan, c *nft.Chain, bridge string) error {
	// A table of iptables gets what iptables can list.
	compat := false
	if c.Family != nft.Inet && iptablesTables[c.Table] {
		var err error
		if compat, err = pl.p.nft.Probe(ctx, c.Family, xt.MatchKind, "conntrack", 3); err != nil {
			return err
		}
	}
	for _, device := range [...]rule.Part{rule.OIFName(bridge), rule.IIFName(bridge)} {
		if !compat {
			parts := []rule.Part{device, rule.CtDNAT(), rule.Counter(), rule.Accept(), rule.Comment(bridge)}
			if c.Family == nft.Inet {
				parts = append([]rule.Part{rule.Family(s.family)}, parts...)
			}
			pl.do(pl.rule(c, parts...))
			continue
		}
		r, err := rule.New(c, device, rule.Counter(), rule.Accept(), rule.Comment(bridge))
		if err != nil {
			return err
		}
		match := &nft.Match{Info: xt.CtState(xt.CtDNAT)}
		r.Exprs = append(r.Exprs[:2:2], append([]nft.Expr{match}, r.Exprs[2:]...)...) // behind the device
		pl.do(func(b *nft.Batch) { b.AddRule(r) })
	}
	return nil
}

// iptablesTables are those in which iptables has its rules.
var iptablesTables = map[string]bool{"filter": true, "mangle": true, "raw": true, "security": true}

// jumps are the handles of the rules of a chain that jump to another one. Where none
// can be there, the chain is not read.
func (p *Publisher) jumps(ctx context.Context, c *nft.Chain, to string, read bool) (handles []uint64, err error) {
	if !read {
		return nil, nil
	}
	for r, err := range p.nft.StreamRules(ctx, c.Family, c.Table, c.Name) {
		if err != nil {
			return nil, err
		}
		for _, e := range r.Exprs {
			if i, ok := e.(*nft.Immediate); ok && i.Data.Verdict.V.Chain == to {
				handles = append(handles, r.Handle)
			}
		}
	}
	return handles, nil
}

// removeForward takes our chains out of the tables of others.
func (s *side) removeForward(ctx context.Context, pl *plan) error {
	for i := range pl.chains {
		accept := &pl.chains[i]
		ours := accept.Family == s.family || accept.Family == nft.Inet
		if !ours || accept.Name != s.acceptChain(accept.Family) || accept.Userdata.Comment() != PortComment {
			continue
		}
		for j := range pl.chains {
			c := &pl.chains[j]
			if c.Family != accept.Family || c.Table != accept.Table || !c.Hook.Ok || c.Hook.V.Num != nft.Forward {
				continue
			}
			handles, err := pl.p.jumps(ctx, c, accept.Name, true)
			if err != nil {
				return err
			}
			pl.do(func(b *nft.Batch) {
				for _, h := range handles {
					b.DelRule(c.Family, c.Table, c.Name, h)
				}
			})
		}
		pl.do(func(b *nft.Batch) {
			delChain(b, accept)
		})
	}
	return nil
}
