//go:build linux

package iptables

import (
	"context"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// A kernel is where tables are read from and written to.
type kernel struct {
	conn   *nft.Conn
	family nft.Family
	native bool // no nft_compat: rules go to a table of our own
}

// open asks which form of rules the kernel takes.
func open(ctx context.Context, conn *nft.Conn, f nft.Family) (*kernel, error) {
	k := &kernel{conn: conn, family: f}
	if _, err := conn.Gen(ctx); err != nil {
		return nil, err
	}
	for _, x := range []struct {
		kind xt.Kind
		name string
		rev  uint32
	}{{xt.TargetKind, "MASQUERADE", 0}, {xt.MatchKind, "conntrack", 3}} {
		if ok, err := conn.Probe(ctx, f, x.kind, x.name, x.rev); err != nil || ok {
			return k, err
		}
	}
	k.native = true
	return k, nil
}

// ownTable holds the rules of all of iptables' tables where there is no
// nft_compat; its chains are named "nat-PREROUTING".
const ownTable = "minins"

// where is the name of a table in the kernel, chain the name of a chain.
func (k *kernel) where(table string) string {
	if k.native {
		return ownTable
	}
	return table
}

func (k *kernel) chain(table, chain string) string {
	if k.native {
		return table + "-" + chain
	}
	return chain
}

// A state is what the kernel has of one of iptables' tables.
type state struct {
	table
	gen     uint32
	exists  bool     // the table is there
	chains  []*chain // the builtin ones, there or not, and then the others by name
	foreign bool     // there are base chains that iptables does not know
}

// A chain is one of iptables' chains.
type chain struct {
	name  string
	place *place     // of a builtin chain
	made  *nft.Chain // nil: it is not there
	rules []*nft.Rule
}

// uses is the number of jumps to the chain.
func (c *chain) uses() int {
	if c.made == nil {
		return 0
	}
	return int(c.made.Use.V) - len(c.rules)
}

func (c *chain) policy() string {
	if c.made != nil && c.made.Policy.Ok && c.made.Policy.V == nft.VerdictDrop {
		return "DROP"
	}
	return "ACCEPT"
}

func (c *chain) counters() nft.Counters {
	if c.made == nil {
		return nft.Counters{}
	}
	return c.made.Counters.V
}

// find returns a chain by its name, or nil.
func (s *state) find(name string) *chain {
	for _, c := range s.chains {
		if c.name == name {
			return c
		}
	}
	return nil
}

// read reads a table, with its rules or without.
func (k *kernel) read(ctx context.Context, t *table, rules bool) (*state, error) {
	var s *state
	gen, err := k.conn.Snapshot(ctx, func() error {
		s = k.empty(t)
		tables, err := k.conn.Tables(ctx, k.family)
		if err != nil {
			return err
		}
		for i := range tables {
			s.exists = s.exists || tables[i].Name == k.where(t.name)
		}
		if !s.exists {
			return nil
		}
		chains, err := k.conn.Chains(ctx, k.family, k.where(t.name))
		if err != nil {
			return err
		}
		for i := range chains {
			k.place(s, &chains[i])
		}
		if !rules {
			return nil
		}
		all, err := k.conn.Rules(ctx, k.family, k.where(t.name), "")
		for i := range all {
			if c := s.find(k.ours(t, all[i].Chain)); c != nil {
				c.rules = append(c.rules, &all[i])
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.gen = gen
	return s, nil
}

func (k *kernel) empty(t *table) *state {
	s := &state{table: *t}
	for i := range t.places {
		s.chains = append(s.chains, &chain{name: t.places[i].chain, place: &t.places[i]})
	}
	return s
}

// ours is a chain's name in iptables, or "" if it is not of this table.
func (k *kernel) ours(t *table, name string) string {
	if !k.native {
		return name
	}
	name, ok := strings.CutPrefix(name, t.name+"-")
	if !ok {
		return ""
	}
	return name
}

// place puts a chain of the kernel's to its place in the state.
func (k *kernel) place(s *state, made *nft.Chain) {
	name := k.ours(&s.table, made.Name)
	if name == "" {
		return
	}
	c := s.find(name)
	switch {
	case made.Hook.Ok && (c == nil || !c.place.is(made)), !made.Hook.Ok && c != nil:
		s.foreign = true
	case c != nil:
		c.made = made
	default: // among the user's, which are in order
		s.chains = append(s.chains, &chain{name: name, made: made})
		for i := len(s.chains) - 1; i > len(s.places) && s.chains[i-1].name > name; i-- {
			s.chains[i-1], s.chains[i] = s.chains[i], s.chains[i-1]
		}
	}
}

// is reports whether a base chain is where iptables has it.
func (p *place) is(c *nft.Chain) bool {
	return p != nil && c.Type == p.typ && c.Hook.V.Num == p.hook && c.Hook.V.Priority == p.priority
}

// encode is a rule for the kernel, with its table and chain.
func (k *kernel) encode(table, chain string, r *rule) (*nft.Rule, error) {
	out, err := encode(k.family, k.native, r)
	if err != nil {
		return nil, err
	}
	out.Table, out.Chain = k.where(table), k.chain(table, chain)
	k.renameJumps(out, func(name string) string { return k.chain(table, name) })
	return out, nil
}

// decode is a rule of the kernel's in iptables' words.
func (k *kernel) decode(t *table, r *nft.Rule) (*rule, error) {
	out, err := decode(r, k.native)
	if err != nil || out.jump.target != nil || !k.native {
		return out, err
	}
	if own := k.ours(t, out.jump.name); own != "" {
		out.jump.name = own
	}
	return out, nil
}

func (k *kernel) renameJumps(r *nft.Rule, name func(string) string) {
	for _, x := range r.Exprs {
		if i, ok := x.(*nft.Immediate); ok && i.Data.Verdict.V.Chain != "" {
			i.Data.Verdict.V.Chain = name(i.Data.Verdict.V.Chain)
		}
	}
}
