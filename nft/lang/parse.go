//go:build linux

package lang

import (
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
)

// A File is a text with a name.
type File struct{ Name, Text string }

// A parser reads text. Its methods panic with a *SyntaxError, which Parse returns.
type parser struct {
	toks    []token
	at      int
	family  nft.Family
	table   string
	defines map[string][]token
	names   Names
	places  []Place // of the statements of the last rule
}

// Names is what a text refers to that is not in it.
type Names interface {
	Device(name string) (index uint32, ok bool) // of a network device
	Service(name, proto string) (port uint16, ok bool)
	Host(name string, six bool) (addrs [][]byte)
	Account(name string, group bool) (id uint32, ok bool) // of a user or a group
	// Include is the files that the name behind include stands for.
	Include(name string) ([]File, error)
	// SetTypes are the types of the parts of a set's key and of what a map has for
	// it; nil of the latter is a verdict or an object.
	SetTypes(f nft.Family, table, set string) (key, data []*Datatype, flags nft.SetFlags, ok bool)
}

func (p *parser) peek() *token { return &p.toks[p.at] }

func (p *parser) next() *token {
	t := p.peek()
	if t.kind != endToken {
		p.at++
	}
	return t
}

// failAt ends parsing with what is wrong about a token.
func (p *parser) failAt(t *token, text string) {
	panic(&SyntaxError{placeOf(t), text})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unexpected ends parsing at the next token.
func (p *parser) unexpected() { p.unexpectedBut("") }

// unexpectedBut also says what was expected.
func (p *parser) unexpectedBut(expected string) {
	t := p.peek()
	what := t.text
	switch {
	case t.kind == endToken:
		what = "end of file"
	case t.text == "\n":
		what = "newline"
	case t.kind == stringToken:
		what = "quoted string"
	case t.kind == wordToken && isDigit(t.text[0]):
		what = "number"
	case t.kind == wordToken && !slices.Contains(keywords, t.text):
		what = "string"
	case t.kind == signToken:
		what = "'" + t.text + "'"
	}
	if expected != "" {
		what += ", expecting " + expected
	}
	p.failAt(t, "syntax error, unexpected "+what)
}

// keywords are words that an error names.
var keywords = strings.Fields("accept drop jump goto return continue counter limit log reject snat dnat masquerade redirect meta ct ip ip6 tcp udp icmp icmpv6 ether arp table chain set map rule element type hook priority policy saddr daddr sport dport state mark iif oif iifname oifname comment handle")

func (p *parser) is(texts ...string) bool {
	t := p.peek()
	return t.kind != stringToken && slices.Contains(texts, t.text)
}

// accept takes the next token if it is one of these words or signs.
func (p *parser) accept(texts ...string) (string, bool) {
	if !p.is(texts...) {
		return "", false
	}
	return p.next().text, true
}

func (p *parser) take(text string) bool { _, ok := p.accept(text); return ok }

func (p *parser) expect(texts ...string) string {
	s, ok := p.accept(texts...)
	if !ok {
		p.unexpected()
	}
	return s
}

func (p *parser) word() string {
	if t := p.peek(); t.kind != wordToken {
		p.unexpected()
	}
	return p.next().text
}

// text is a word or a string.
func (p *parser) text() string {
	if t := p.peek(); t.kind != wordToken && t.kind != stringToken {
		p.unexpectedBut("string")
	}
	return p.next().text
}

func (p *parser) number() uint64 {
	t := p.peek()
	n, err := strconv.ParseUint(t.text, 0, 64)
	if t.kind != wordToken || err != nil {
		p.unexpectedBut("number")
	}
	p.next()
	return n
}

// define puts what a variable stands for in the place of its name.
func (p *parser) define() {
	at := p.at
	p.expect("$")
	name := p.word()
	toks, ok := p.defines[name]
	if !ok {
		p.at--
		p.failAt(p.peek(), "unknown identifier '"+name+"'")
	}
	p.toks = slices.Concat(p.toks[:at], toks, p.toks[p.at:])
	p.at = at
}

// newlines skips ends of lines and semicolons.
func (p *parser) newlines() {
	for p.is("\n", ";") {
		p.next()
	}
}

// rule reads statements up to the end of a line, a semicolon or a brace.
func (p *parser) rule() (stmts []Stmt, comment string) {
	p.places = nil
	for !p.is("\n", ";", "}") && p.peek().kind != endToken {
		if p.take("comment") {
			comment = p.text()
			break
		}
		at := p.at
		if len(stmts) > 0 && terminal(stmts[len(stmts)-1]) {
			p.failAt(p.peek(), "Statement after terminal statement has no effect")
		}
		stmts = append(stmts, p.stmt())
		p.places = append(p.places, placeOf(&p.toks[at]))
	}
	if stmts == nil && comment == "" {
		p.unexpected()
	}
	return stmts, comment
}

// terminal says whether nothing behind a statement is ever reached.
func terminal(s Stmt) bool {
	switch s := s.(type) {
	case *VerdictStmt:
		return s.Code != nft.VerdictContinue
	case *Reject, *NAT:
		return true
	case *Kernel:
		_, queue := s.Expr.(*nft.Queue)
		return queue
	}
	return false
}

func (p *parser) stmt() Stmt {
	t := p.peek()
	if t.kind == signToken && !p.is("@", "(") || t.kind == stringToken {
		p.unexpected()
	}
	switch t.text {
	case "accept", "drop", "continue", "return", "jump", "goto":
		return p.verdictStmt()
	case "counter":
		p.next()
		if p.take("name") {
			return p.useObject(nft.ObjCounter)
		}
		return &Kernel{p.counter()}
	case "quota":
		p.next()
		if p.take("name") {
			return p.useObject(nft.ObjQuota)
		}
		return &Kernel{p.quota()}
	case "limit":
		p.next()
		if p.take("name") {
			return p.useObject(nft.ObjLimit)
		}
		return &Kernel{p.limit()}
	case "last":
		p.next()
		return &Kernel{&nft.Last{}}
	case "notrack":
		p.next()
		return &Kernel{&nft.Notrack{}}
	case "log":
		p.next()
		return &Kernel{p.log()}
	case "reject":
		p.next()
		return p.reject()
	case "snat", "dnat", "masquerade", "redirect":
		return p.nat()
	case "queue":
		p.next()
		return &Kernel{p.queue()}
	case "dup", "fwd":
		return p.send()
	case "add", "update", "delete", "set":
		return p.setChange()
	case "meter":
		return p.meter()
	case "ct":
		if n := p.toks[p.at+1].text; n == "count" {
			p.at += 2
			l := &nft.Connlimit{}
			if p.take("over") {
				l.Flags = 1
			}
			l.Count = uint32(p.number())
			return &Kernel{l}
		}
	}
	left := p.left()
	switch {
	case p.take("set"):
		sel, ok := left.(*Selector)
		if !ok {
			p.unexpected()
		}
		return &Assign{sel, p.assigned(sel)}
	case p.take("vmap"):
		return &Vmap{left, p.mapOf(left, nil, true)}
	}
	return p.match(left)
}

func (p *parser) verdictStmt() Stmt {
	word := p.next().text
	if (word == "jump" || word == "goto") && p.is("{") {
		return p.block(word)
	}
	return &VerdictStmt{p.verdict(word)}
}

func (p *parser) verdict(word string) nft.Verdict {
	switch word {
	case "accept":
		return nft.Verdict{Code: nft.VerdictAccept}
	case "drop":
		return nft.Verdict{Code: nft.VerdictDrop}
	case "continue":
		return nft.Verdict{Code: nft.VerdictContinue}
	case "return":
		return nft.Verdict{Code: nft.VerdictReturn}
	case "jump":
		return nft.Verdict{Code: nft.VerdictJump, Chain: p.text()}
	case "goto":
		return nft.Verdict{Code: nft.VerdictGoto, Chain: p.text()}
	}
	p.at--
	p.unexpected()
	return nft.Verdict{}
}

// block is rules in braces in the place of a chain.
func (p *parser) block(word string) Stmt {
	b := &Block{Code: nft.VerdictJump}
	if word == "goto" {
		b.Code = nft.VerdictGoto
	}
	p.expect("{")
	for p.newlines(); !p.take("}"); p.newlines() {
		stmts, comment := p.rule()
		b.Parsed = append(b.Parsed, ParsedRule{stmts, comment})
	}
	return b
}

func (p *parser) useObject(t nft.ObjType) Stmt {
	u := &UseObject{Type: t}
	if tok := p.peek(); tok.kind == stringToken || p.toks[p.at+1].text == "\n" || p.toks[p.at+1].text == ";" || p.toks[p.at+1].text == "}" || !selectorWord(tok.text) {
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

const quotaInverse = 1 // NFT_QUOTA_F_INV

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
		p.at--
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
				p.at--
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

var logLevels = [...]string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"}

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
	p.expect("to")
	addr := &dtIPv4
	if p.family == nft.IPv6 {
		addr = &dtIPv6
	}
	if p.family == nft.Netdev {
		s.Dev = p.typed(&dtIfindex, 4)
		return s
	}
	s.Addr = p.typed(addr, addr.Len/8)
	if p.take("device") {
		s.Dev = p.typed(&dtIfindex, 4)
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
	if family == nft.IPv6 || family == nft.Inet && (p.toks[p.at+1].text == "[" || strings.Count(p.toks[p.at+1].text, ":") > 1) {
		addr = &dtIPv6
	}
	types := []*Datatype{addr}
	both := false
	if p.take("addr") { // addr . port
		p.expect(".")
		p.expect("port")
		types, both = []*Datatype{addr, &dtService}, true
	}
	if p.take("to") || p.take(":") && p.back() {
		switch {
		case p.take(":"):
			s.Port = p.typed(&dtService, 2)
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
				s.Port = p.typed(&dtService, 2)
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

func (p *parser) back() bool { p.at--; return true }

// mapHasPort says whether the map that is named next has an address and a port.
func (p *parser) mapHasPort() bool {
	_, data, _, ok := p.names.SetTypes(p.family, p.table, p.toks[p.at+1].text)
	return ok && len(data) == 2
}

// dataHasDot says whether the elements of the map that comes next are of several parts.
func (p *parser) dataHasDot() bool {
	data := false
	for _, t := range p.toks[p.at+1:] {
		switch {
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
	return false
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
	s.Key = p.left()
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

// duration is a time in milliseconds: 1h30m, or a number of seconds.
func (p *parser) duration() uint64 {
	t := p.peek()
	ms, ok := parseDuration(t.text)
	if t.kind != wordToken || !ok {
		p.unexpected()
	}
	p.next()
	return ms
}

func parseDuration(s string) (ms uint64, ok bool) {
	if s == "" {
		return 0, false
	}
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return n * 1000, true
	}
	for s != "" {
		k := 0
		for k < len(s) && isDigit(s[k]) {
			k++
		}
		n, err := strconv.ParseUint(s[:k], 10, 64)
		s = s[k:]
		if err != nil {
			return 0, false
		}
		switch {
		case strings.HasPrefix(s, "ms"):
			ms, s = ms+n, s[2:]
		case strings.HasPrefix(s, "d"):
			ms, s = ms+n*86400000, s[1:]
		case strings.HasPrefix(s, "h"):
			ms, s = ms+n*3600000, s[1:]
		case strings.HasPrefix(s, "m"):
			ms, s = ms+n*60000, s[1:]
		case strings.HasPrefix(s, "s"):
			ms, s = ms+n*1000, s[1:]
		default:
			return 0, false
		}
	}
	return ms, true
}
