//go:build linux

package lang

import (
	"slices"
	"strings"

	"github.com/minins/minins/nft"
)

func (p *parser) useObject(t nft.ObjType) Stmt {
	u := &UseObject{Type: t}
	if tok := p.peek(); tok.kind == stringToken || p.ahead(1).text == "\n" || p.ahead(1).text == ";" || p.ahead(1).text == "}" || !selectorWord(tok.text) {
		u.Name = p.text()
		return u
	}
	u.Key = p.left()
	p.expect("map")
	u.Map = p.mapOf(u.Key, []*Datatype{&dtString}, false)
	return u
}

func (p *parser) counter() *nft.Counter {
	c := &nft.Counter{}
	c.Packets.Ok, c.Bytes.Ok = true, true
	for {
		switch {
		case p.take("packets"):
			c.Packets.V = p.number()
		case p.take("bytes"):
			c.Bytes.V = p.number()
		default:
			return c
		}
	}
}

// bytesCount is a number of bytes: 5 kbytes.
func (p *parser) bytesCount() uint64 {
	n := p.number()
	return n * p.byteUnit()
}

func (p *parser) byteUnit() uint64 {
	word, _, _ := strings.Cut(p.peek().text, "/")
	for i, u := range [...]string{"bytes", "kbytes", "mbytes"} {
		if word == u {
			p.peek().text = strings.TrimPrefix(p.peek().text, u) // mbytes/second is one word
			if p.peek().text == "" {
				p.next()
			}
			return 1 << (10 * i)
		}
	}
	p.unexpected()
	return 0
}

func (p *parser) quota() *nft.Quota {
	q := &nft.Quota{}
	if word, _ := p.accept("over", "until"); word == "over" {
		q.Flags = quotaInverse
	}
	q.Bytes = p.bytesCount()
	if p.take("used") {
		q.Consumed = p.bytesCount()
	}
	return q
}

func (p *parser) limit() *nft.Limit {
	l := &nft.Limit{}
	p.expect("rate")
	if word, _ := p.accept("over", "until"); word == "over" {
		l.Flags = nft.LimitInverse
	}
	l.Rate = p.number()
	if p.is("/") {
		p.next()
		l.Burst = 5
	} else {
		l.Rate *= p.byteUnit()
		l.Type = 1
		if t := p.peek(); strings.HasPrefix(t.text, "/") {
			t.text = t.text[1:]
		}
		p.take("/")
		if p.peek().text == "" {
			p.next()
		}
	}
	unit := p.word()
	for _, u := range units {
		if u.name == unit {
			l.Unit = u.seconds
		}
	}
	if l.Unit == 0 {
		p.pos--
		p.failAt(p.peek(), "Wrong rate format")
	}
	if p.take("burst") {
		n := p.number()
		if l.Type == 0 {
			p.expect("packets")
		} else {
			n *= p.byteUnit()
		}
		l.Burst = uint32(n)
	}
	return l
}

func (p *parser) log() *nft.Log {
	l := &nft.Log{}
	for {
		switch {
		case p.take("prefix"):
			l.Prefix = p.text()
		case p.take("group"):
			l.Group.V, l.Group.Ok = uint16(p.number()), true
		case p.take("snaplen"):
			l.Snaplen = uint32(p.number())
		case p.take("queue-threshold"):
			l.QThreshold = uint16(p.number())
		case p.take("level"):
			level := slices.Index(logLevels[:], p.word())
			if level < 0 {
				p.pos--
				p.failAt(p.peek(), "invalid log level")
			}
			l.Level.V, l.Level.Ok = nft.LogLevel(level), true
		case p.take("flags"):
			l.Flags.Ok = true
			switch p.expect("all", "tcp", "ip", "skuid", "ether") {
			case "all":
				l.Flags.V |= 0x2f
			case "tcp":
				for more := true; more; more = p.take(",") {
					if p.expect("sequence", "options") == "sequence" {
						l.Flags.V |= 1
					} else {
						l.Flags.V |= 2
					}
				}
			case "ip":
				p.expect("options")
				l.Flags.V |= 4
			case "skuid":
				l.Flags.V |= 8
			case "ether":
				l.Flags.V |= 0x20
			}
		default:
			return l
		}
	}
}

func (p *parser) reject() Stmt {
	r := &Reject{Reject: &nft.Reject{}, Family: nft.Unspec}
	if !p.take("with") {
		return r
	}
	p.take("type") // of old
	switch p.expect("icmp", "icmpv6", "icmpx", "tcp") {
	case "tcp":
		p.expect("reset")
		r.Type = nft.RejectTCPReset
		return r
	case "icmp":
		r.Family, r.Type = nft.IPv4, nft.RejectICMP
		r.Code.V = p.rejectCode(&dtICMPCode)
	case "icmpv6":
		r.Family, r.Type = nft.IPv6, nft.RejectICMP
		r.Code.V = p.rejectCode(&dtICMPv6Code)
	case "icmpx":
		r.Type = nft.RejectICMPX
		r.Code.V = p.rejectCode(&dtICMPXCode)
	}
	r.Code.Ok = true
	return r
}

func (p *parser) rejectCode(t *Datatype) uint8 {
	p.take("type")
	return p.value(t, 1).Data[0]
}

func (p *parser) queue() *nft.Queue {
	q := &nft.Queue{}
	q.Num.Ok, q.Total.Ok, q.Flags.Ok = true, true, true
	q.Total.V = 1
	for {
		switch {
		case p.take("num"), p.take("to"):
			q.Num.V = uint16(p.number())
			if p.take("-") {
				q.Total.V = uint16(p.number()) - q.Num.V + 1
			}
		case p.take("flags"), p.take(","):
		case p.take("bypass"):
			q.Flags.V |= 1
		case p.take("fanout"):
			q.Flags.V |= 2
		default:
			return q
		}
	}
}

func (p *parser) send() Stmt {
	s := &Send{Name: p.next().text}
	family, ok := p.accept("ip", "ip6")
	p.expect("to")
	if p.family == nft.Netdev && !ok {
		s.Dev = p.valueOrMap(&dtIfindex)
		return s
	}
	addr := &dtIPv4
	if p.family == nft.IPv6 || family == "ip6" {
		addr = &dtIPv6
	}
	if ok {
		s.Family = familyWords[family]
	}
	s.Addr = p.valueOrMap(addr)
	if p.take("device") {
		s.Dev = p.valueOrMap(&dtIfindex)
	}
	return s
}

func (p *parser) nat() Stmt {
	if p.family != nft.IPv4 && p.family != nft.IPv6 && p.family != nft.Inet {
		p.failAt(p.peek(), "NAT is only supported for IPv4/IPv6")
	}
	s := &NAT{Name: p.next().text}
	family := p.family
	if word, ok := p.accept("ip", "ip6"); ok {
		s.Family = nft.IPv4
		if word == "ip6" {
			s.Family = nft.IPv6
		}
		family = s.Family
	}
	addr := &dtIPv4
	if family == nft.IPv6 || family == nft.Inet && (p.ahead(1).text == "[" || strings.Count(p.ahead(1).text, ":") > 1) {
		addr = &dtIPv6
	}
	types := []*Datatype{addr}
	both := false
	if p.take("addr") { // addr . port
		p.expect(".")
		p.expect("port")
		types, both = []*Datatype{addr, &dtService}, true
	}
	if p.take("prefix") {
		s.Flags |= nft.NATNetmap
	}
	if p.take("to") || p.take(":") && p.back() {
		switch {
		case p.take(":"):
			s.Port = p.valueOrMap(&dtService)
		case p.startsSelector():
			key := p.left()
			p.expect("map")
			if both || p.is("@") && p.mapHasPort() || p.is("{") && p.dataHasDot() {
				types = []*Datatype{addr, &dtService}
			}
			m := &MapOf{key, p.mapOf(key, types, false), types}
			if s.Name == "redirect" || s.Name == "masquerade" {
				s.Port = m
			} else {
				s.Addr = m
			}
			s.Both = len(types) == 2
		default:
			if p.take("[") {
				s.Addr = p.value(addr, addr.Len/8)
				p.expect("]")
				if p.take("-") {
					p.expect("[")
					s.Addr = &Range{s.Addr.(*Value), p.value(addr, addr.Len/8)}
					p.expect("]")
				}
			} else {
				s.Addr = p.typed(addr, addr.Len/8)
			}
			if p.take(":") {
				s.Port = p.valueOrMap(&dtService)
			}
		}
	}
	for {
		switch {
		case p.take("random"):
			s.Flags |= nft.NATRandom
		case p.take("fully-random"):
			s.Flags |= nft.NATRandomFully
		case p.take("persistent"):
			s.Flags |= nft.NATPersistent
		default:
			return s
		}
		p.take(",")
	}
}

// valueOrMap is a value of a type, a range, or what a map of such has for a key.
func (p *parser) valueOrMap(t *Datatype) Expr {
	if !p.startsSelector() {
		return p.typed(t, t.Len/8)
	}
	key := p.left()
	p.expect("map")
	return &MapOf{key, p.mapOf(key, []*Datatype{t}, false), []*Datatype{t}}
}

func (p *parser) back() bool { p.pos--; return true }

// mapHasPort says whether the map that is named next has an address and a port.
func (p *parser) mapHasPort() bool {
	_, data, _, ok := p.names.SetTypes(p.family, p.table, p.ahead(1).text)
	return ok && len(data) == 2
}

// dataHasDot says whether the elements of the map that comes next are of several parts.
func (p *parser) dataHasDot() bool {
	data := false
	for i := 1; ; i++ {
		switch t := p.ahead(i); {
		case t.kind == stringToken:
		case t.text == "}" || t.kind == endToken:
			return false
		case t.text == ":":
			data = true
		case t.text == ",":
			data = false
		case t.text == "." && data:
			return true
		}
	}
}

func (p *parser) synproxy() *nft.Synproxy {
	s := &nft.Synproxy{}
	for {
		switch {
		case p.take("mss"):
			s.MSS, s.Flags = uint16(p.number()), s.Flags|1
		case p.take("wscale"):
			s.Wscale, s.Flags = uint8(p.number()), s.Flags|2
		case p.take("timestamp"):
			s.Flags |= 8
		case p.take("sack-perm"):
			s.Flags |= 4
		default:
			return s
		}
	}
}

func (p *parser) setChange() Stmt {
	ops := map[string]nft.DynsetOp{"add": nft.DynsetAdd, "update": nft.DynsetUpdate, "delete": nft.DynsetDelete}
	word := p.next().text
	if word == "set" { // of old: set add ip saddr @s
		p.unexpected()
	}
	s := &SetChange{Op: ops[word]}
	p.expect("@")
	s.Set = p.word()
	p.dynElem(s)
	return s
}

// dynElem is { key … : data }
func (p *parser) dynElem(s *SetChange) {
	p.expect("{")
	types, _, _, _ := p.names.SetTypes(p.family, p.table, s.Set)
	key := &Concat{}
	for more := true; more; more = p.take(".") {
		if n := len(key.Parts); n < len(types) && n > 0 && !p.startsSelector() {
			key.Parts = append(key.Parts, p.value(types[n], typeBytes(types[n])))
			continue
		}
		key.Parts = append(key.Parts, p.masked())
	}
	if s.Key = key; len(key.Parts) == 1 {
		s.Key = key.Parts[0]
	}
	if p.take("timeout") {
		s.Timeout = p.duration()
	}
	for !p.is("}", ":") {
		s.Stmts = append(s.Stmts, p.stmt())
	}
	if p.take(":") {
		_, data, _, _ := p.names.SetTypes(p.family, p.table, s.Set)
		if len(data) == 1 && !p.startsSelector() {
			s.Data = p.typed(data[0], data[0].Len/8)
		} else {
			s.Data = p.left()
		}
	}
	p.expect("}")
}

func (p *parser) meter() Stmt {
	p.next()
	s := &SetChange{Meter: true, Set: p.word(), Size: 65535}
	if p.take("size") {
		s.Size = uint32(p.number())
	}
	p.dynElem(s)
	return s
}
