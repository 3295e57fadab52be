//go:build linux

package tracepacket

import (
	"context"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
)

// rules are those of the last chain of which one was shown. They are read then, as a
// ruleset may be large, and a packet meets few chains of it.
type rules struct {
	family       nft.Family
	table, chain string
	list         []nft.Rule
}

// read reads the rules of a chain.
func (p *place) read(ctx context.Context, f nft.Family, table, chain string) (list []nft.Rule, err error) {
	r := &p.rules
	if r.chain != chain || r.table != table || r.family != f {
		if list, err = p.conn.Rules(ctx, f, table, chain); err != nil {
			return nil, err
		}
		*r = rules{f, table, chain, list}
	}
	return r.list, nil
}

// A table is what rules of it refer to: a [lang.Source].
type table struct {
	_ [0]func() // not to be compared: that would take code

	ctx    context.Context
	conn   *nft.Conn
	family nft.Family
	name   string
	err    error // the last one
}

// Set is a set of the table, with the elements of one without a name.
func (t *table) Set(name string) (set *nft.Set, elems *nft.ElemList) {
	sets, err := t.conn.Sets(t.ctx, t.family, t.name)
	for i := range sets {
		if sets[i].Name == name {
			set = &sets[i]
		}
	}
	if set != nil && set.Flags.V&nft.SetAnonymous != 0 {
		elems, err = t.conn.ElemList(t.ctx, t.family, t.name, name)
	}
	if err != nil {
		t.err = err
	}
	return set, elems
}

// Binding is the rules of a chain without a name.
func (t *table) Binding(chain string) (all []*nft.Rule, ok bool) {
	if !strings.HasPrefix(chain, "__chain") {
		return nil, false
	}
	list, err := t.conn.Rules(t.ctx, t.family, t.name, chain)
	if err != nil {
		t.err = err
	}
	for i := range list {
		all = append(all, &list[i])
	}
	return all, true
}

// words are a rule in the words of nft, and of iptables if it made it, or "".
func (s *session) words(p *place, t *nft.Trace) (inNFT, inIptables string, err error) {
	ctx, cancel := context.WithTimeout(s.c.Context(), patience)
	defer cancel()
	list, err := p.read(ctx, t.Family, t.Table, t.Chain)
	for i := range list {
		if r := &list[i]; r.Handle == t.RuleHandle {
			src := &table{ctx: ctx, conn: p.conn, family: t.Family, name: t.Table}
			inNFT = lang.Rule(r, src, lang.Options{Stateless: true, Device: p.device})
			inIptables, _ = s.iptables(r)
			return inNFT, inIptables, src.err
		}
	}
	return "the rule with handle " + strconv.FormatUint(t.RuleHandle, 10) + ", which is gone", "", err
}

// device is the name of a link, for rules that have its index.
func (p *place) device(index uint32) string {
	if l := p.Link(index); l != nil {
		return l.Name
	}
	return ""
}
