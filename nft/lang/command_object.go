//go:build linux

package lang

import "github.com/minins/minins/nft"

func (s *script) flowCommand(c *Cmd) {
	s.of(c, true)
	if s.adds(c) {
		s.expect("{")
		s.flowBlock(c)
	}
	s.end(c)
}

func (s *script) flowBlock(c *Cmd) {
	f := &nft.Flowtable{Family: c.Family, Table: c.Table, Name: c.Name}
	c.Flow = f
	for s.newlines(); !s.take("}"); s.newlines() {
		switch s.expect("hook", "devices", "counter", "flags") {
		case "hook":
			s.expect("ingress")
			s.expect("priority")
			f.Hooknum.Ok, f.Priority.Ok = true, true
			f.Priority.V = s.priority(nft.Netdev, "ingress")
		case "devices":
			s.expect("=")
			s.expect("{")
			for !s.take("}") {
				f.Devs.Names = append(f.Devs.Names, s.text())
				s.take(",")
			}
		case "counter":
			f.Flags.Ok, f.Flags.V = true, f.Flags.V|2
		default:
			s.expect("offload")
			f.Flags.Ok, f.Flags.V = true, f.Flags.V|1
		}
	}
}

func (s *script) objectCommand(c *Cmd) {
	if s.which(c) {
		s.end(c)
		return
	}
	if s.adds(c) {
		s.objectBlock(c)
	}
	s.end(c)
}

func (s *script) objectBlock(c *Cmd) {
	o := &nft.Obj{Family: c.Family, Table: c.Table, Name: c.Name}
	c.Object = o
	block := s.take("{")
	if block {
		s.newlines()
		if s.take("comment") {
			c.Comment = s.text()
			s.newlines()
		}
	}
	switch c.Obj {
	case "counter":
		o.Type, o.Data = nft.ObjCounter, s.counter()
	case "quota":
		o.Type, o.Data = nft.ObjQuota, s.quota()
	default:
		o.Type, o.Data = nft.ObjLimit, s.limit()
	}
	if block {
		s.newlines()
		if s.take("comment") {
			c.Comment = s.text()
			s.newlines()
		}
		s.expect("}")
	}
}
