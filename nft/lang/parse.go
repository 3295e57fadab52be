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
	scanner
	toks    []token // those that are scanned, without most that are done with
	pos     int     // of the next
	held    bool    // somebody goes back to a token
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

func (p *parser) peek() *token { return p.ahead(0) }

// ahead is the token n behind the next; behind the last that is the last.
func (p *parser) ahead(n int) *token {
	for p.pos+n >= len(p.toks) && !p.done {
		p.toks = p.scan(p.toks)
	}
	return &p.toks[min(p.pos+n, len(p.toks)-1)]
}

// forget lets go of the tokens before the last, where nobody goes back to them.
func (p *parser) forget() {
	if p.pos > someTokens && !p.held {
		p.toks = p.toks[:copy(p.toks, p.toks[p.pos-1:])]
		p.pos = 1
	}
}

func (p *parser) next() *token {
	t := p.peek()
	if t.kind != endToken {
		p.pos++
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
	at := p.pos
	p.expect("$")
	name := p.word()
	toks, ok := p.defines[name]
	if !ok {
		p.pos--
		p.failAt(p.peek(), "unknown identifier '"+name+"'")
	}
	p.toks = slices.Concat(p.toks[:at], toks, p.toks[p.pos:])
	p.pos = at
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
		at := placeOf(p.peek())
		if len(stmts) > 0 && terminal(stmts[len(stmts)-1]) {
			p.failAt(p.peek(), "Statement after terminal statement has no effect")
		}
		stmts = append(stmts, p.stmt())
		p.places = append(p.places, at)
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
	case *NAT:
		return s.Name != "tproxy"
	case *Reject:
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
	case "snat", "dnat", "masquerade", "redirect", "tproxy":
		return p.nat()
	case "synproxy":
		p.next()
		return &Kernel{p.synproxy()}
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
		if n := p.ahead(1).text; n == "count" {
			p.pos += 2
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
	p.pos--
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

const quotaInverse = 1 // NFT_QUOTA_F_INV

var logLevels = [...]string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"}

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
