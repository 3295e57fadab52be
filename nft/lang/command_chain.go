//go:build linux

package lang

import (
	"slices"

	"github.com/minins/minins/nft"
)

func (s *script) chainCommand(c *Cmd) {
	if s.which(c) {
		s.end(c)
		return
	}
	switch {
	case c.Op == "rename":
		c.To = s.text()
	case !s.adds(c):
	case s.take("{"):
		s.chainBlock(c)
		s.end(c)
		s.cmds = append(s.cmds, s.chainRules(c)...)
		return
	default:
		c.Chain = &nft.Chain{Family: c.Family, Table: c.Table, Name: c.Name}
	}
	s.end(c)
}

// chainBlock reads a chain up to its first rule; chainRules reads those.
func (s *script) chainBlock(c *Cmd) {
	c.Chain = &nft.Chain{Family: c.Family, Table: c.Table, Name: c.Name}
	for s.newlines(); ; s.newlines() {
		switch {
		case s.is("type") && s.ahead(2).text == "hook":
			s.hook(c)
		case s.take("policy"):
			s.policy(c)
		case s.take("flags"):
			s.expect("offload")
			c.Chain.Flags |= nft.ChainHWOffload
		case s.take("comment"):
			c.Comment = s.text()
		default:
			return
		}
	}
}

func (s *script) chainRules(chain *Cmd) (rules []*Cmd) {
	for s.newlines(); !s.take("}"); s.newlines() {
		at := s.peek()
		c := &Cmd{Op: "add", Obj: "rule", Family: chain.Family, Table: chain.Table, Name: chain.Name, TableAt: chain.TableAt, NameAt: chain.NameAt, At: placeOf(at)}
		stmts, comment := s.rule()
		s.changes(c, stmts)
		c.Rule, c.Places = &ParsedRule{stmts, comment}, s.places
		c.At.To = placeOf(&s.toks[s.pos-1]).To
		rules = append(rules, c)
		s.forget()
	}
	return rules
}

func (s *script) hook(c *Cmd) {
	ch := c.Chain
	s.expect("type")
	if ch.Type = s.peek().text; ch.Type != "filter" && ch.Type != "nat" && ch.Type != "route" {
		s.failAt(s.peek(), "unknown chain type")
	}
	s.next()
	s.expect("hook")
	at := s.peek()
	name := s.word()
	i := slices.Index(hookWords(c.Family), name)
	if i < 0 {
		s.failAt(at, "unknown chain hook")
	}
	ch.Hook.Ok, ch.Hook.V.Num = true, nft.HookNum(i)
	switch {
	case s.take("device"):
		ch.Hook.V.Dev = s.text()
	case s.take("devices"):
		s.expect("=")
		s.expect("{")
		for !s.take("}") {
			ch.Hook.V.Devs.Names = append(ch.Hook.V.Devs.Names, s.text())
			s.take(",")
		}
	}
	s.expect("priority")
	ch.Hook.V.Priority = s.priority(c.Family, name)
}

func (s *script) priority(f nft.Family, hook string) (v nft.Priority) {
	at := s.peek()
	negative := s.take("-")
	if t := s.peek(); t.kind == wordToken && isDigit(t.text[0]) {
		v = nft.Priority(s.number())
		if negative {
			v = -v
		}
		return v
	}
	name := s.word()
	found := false
	for _, n := range priorityNames {
		if n.name == name && n.bridge == (f == nft.Bridge) && (n.hook == "" || n.hook == hook) && (f != nft.ARP && f != nft.Netdev || name == "filter") {
			v, found = n.value, true
		}
	}
	if !found {
		s.failAt(at, "invalid priority expression string in this context.")
	}
	switch {
	case s.take("-"):
		v -= nft.Priority(s.number())
	case s.take("+"):
		v += nft.Priority(s.number())
	}
	return v
}

func (s *script) policy(c *Cmd) {
	c.Chain.Policy.Ok = true
	if s.expect("accept", "drop") == "accept" {
		c.Chain.Policy.V = nft.VerdictAccept
	}
}
