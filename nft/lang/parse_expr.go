//go:build linux

package lang

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
)

// selectorWord says whether a word begins the left side of a comparison.
func selectorWord(w string) bool {
	switch w {
	case "meta", "ct", "fib", "rt", "socket", "numgen", "jhash", "symhash", "tcp", "exthdr", "ip", "(":
		return true
	}
	if k := keyNamed(metaKeys, w); k != nil {
		return true
	}
	return protocolByName(w) != nil || w == "@" || slices.ContainsFunc(options, func(o option) bool { return o.op == 0 && o.name == w })
}

func (p *parser) startsSelector() bool {
	t := p.peek()
	if t.kind == stringToken || !selectorWord(t.text) {
		return false
	}
	return t.text != "@" || slices.Contains([]string{"ll", "nh", "th", "ih"}, p.ahead(1).text)
}

// left is the left side of a comparison: selectors joined by dots, with a mask.
func (p *parser) left() Expr {
	first := p.masked()
	if !p.is(".") {
		return first
	}
	all := &Concat{Parts: []Expr{first}}
	for p.take(".") {
		all.Parts = append(all.Parts, p.masked())
	}
	return all
}

var bitOps = []string{"&", "and", "|", "or", "^", "xor"}

// masked is a selector with masks: meta mark & 0xff
func (p *parser) masked() Expr {
	if p.take("(") {
		e := p.masked()
		p.expect(")")
		return p.maskedBy(e)
	}
	return p.maskedBy(p.selector())
}

func (p *parser) maskedBy(e Expr) Expr {
	for {
		op, ok := p.accept(bitOps...)
		if !ok {
			return e
		}
		t, size := exprType(e), exprBytes(e)
		v := p.bitsValue(t, size)
		ones := &Value{Type: t, Data: slices.Repeat([]byte{0xff}, int(size))}
		zero := &Value{Type: t, Data: make([]byte, size)}
		m, ok := e.(*Masked)
		if !ok {
			m = &Masked{X: e, Mask: ones, Xor: zero}
		}
		mask, xor := slices.Clone(m.Mask.Data), slices.Clone(m.Xor.Data)
		for i, b := range v.Data {
			switch op {
			case "&", "and":
				mask[i], xor[i] = mask[i]&b, xor[i]&b
			case "|", "or":
				mask[i], xor[i] = mask[i]&^b, xor[i]&^b|b
			default:
				xor[i] ^= b
			}
		}
		e = &Masked{X: m.X, Mask: &Value{Type: t, Data: mask}, Xor: &Value{Type: t, Data: xor}}
	}
}

// bitsValue is a value, or several joined by |, in brackets or not.
func (p *parser) bitsValue(t *Datatype, size uint32) *Value {
	if p.take("(") {
		v := p.value(t, size)
		for p.take("|") || p.take(",") {
			or(v, p.value(t, size))
		}
		p.expect(")")
		return v
	}
	return p.value(t, size)
}

func or(v, w *Value) {
	for i, b := range w.Data {
		v.Data[i] |= b
	}
}

func (p *parser) selector() Expr {
	t := p.peek()
	if t.kind != wordToken && t.text != "@" {
		p.unexpected()
	}
	p.next()
	switch w := t.text; w {
	case "@":
		return p.rawField()
	case "meta":
		word := p.next()
		name := word.text
		if name == "secpath" {
			name = "ipsec"
		}
		if name == "ibriport" || name == "obriport" {
			name = name[:3] + "name"
		}
		k := keyNamed(metaKeys, name)
		if k == nil {
			p.unknownKey(metaKeys)
		}
		return metaSelector(k)
	case "ct":
		return p.ct()
	case "fib":
		return p.fib()
	case "rt", "socket", "numgen", "jhash", "symhash":
		if w != "rt" || slices.Contains([]string{"classid", "nexthop", "mtu", "ipsec", "ip", "ip6"}, p.peek().text) {
			return p.other(w)
		}
	case "exthdr":
		return p.exists(0)
	case "tcp", "ip", "sctp":
		if p.is("option", "chunk") {
			p.next()
			return p.exists(map[string]nft.ExthdrOp{"tcp": 1, "ip": 2, "sctp": 3}[w])
		}
	}
	if k := keyNamed(metaKeys, t.text); k != nil && protocolByName(t.text) == nil {
		return metaSelector(k)
	}
	if proto := protocolByName(t.text); proto != nil {
		return p.field(proto)
	}
	for i := range options {
		if o := &options[i]; o.op == 0 && o.name == t.text {
			return p.optionField(o)
		}
	}
	p.pos--
	p.unexpected()
	return nil
}

// unknownKey says which keys there are in the place of the last word.
func (p *parser) unknownKey(keys []keyDef) {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	p.pos--
	p.failAt(p.peek(), "syntax error, unexpected "+p.peek().text+", known keys are "+strings.Join(names, ", "))
}

// field is a field of a header, of one or two words.
func (p *parser) field(proto *Protocol) Expr {
	name := p.peek().text
	if proto.Name == "arp" && (name == "saddr" || name == "daddr") {
		name += " " + p.ahead(1).text
		p.next()
	}
	f := proto.field(name)
	if f == nil {
		p.unexpected()
	}
	p.next()
	return fieldSelector(proto, f)
}

// maxBits is how long a field may be: a register of the kernel.
const maxBits = 128

func (p *parser) rawField() Expr {
	base := slices.Index(baseNames[:], p.word())
	if base < 0 {
		p.pos--
		p.unexpected()
	}
	p.expect(",")
	off := p.number()
	p.expect(",")
	at := p.peek()
	size := p.number()
	if size == 0 || size > maxBits || off > 1<<16 {
		p.failAt(at, "a field has 1 to 128 bits, within 65536")
	}
	if base == int(nft.TransportHeader) { // with ports nft knows what it is
		if f := fieldAt(protocolByName("th"), uint32(off), uint32(size)); f != nil {
			return f
		}
	}
	return rawSelector(nft.PayloadBase(base), uint32(off), uint32(size))
}

func (p *parser) ct() Expr {
	dir := int8(-1)
	if word, ok := p.accept("original", "reply"); ok {
		dir = int8(b2i(word == "reply"))
	}
	name := p.word()
	if name == "ip" || name == "ip6" {
		name += " " + p.word()
	}
	k := keyNamed(ctKeys, name)
	if k == nil {
		p.unknownKey(ctKeys)
	}
	return ctSelector(k, dir)
}

func (p *parser) fib() Expr {
	e := &nft.Fib{}
	for more := true; more; more = p.take(".") {
		e.Flags |= nft.FibFlags(p.keyed(fibFlags, p.word()).key)
	}
	e.Result = nft.FibResult(p.keyed(fibResults, p.word()).key)
	if p.is("exists", "missing") {
		e.Flags |= nft.FibPresent
	}
	return fibSelector(e)
}

// exists is an option or a field of it.
func (p *parser) exists(op nft.ExthdrOp) Expr {
	name := p.word()
	if n, err := strconv.ParseUint(name, 0, 8); err == nil && op > 0 { // an option by its number
		return numberedOption(op, uint8(n), name)
	}
	for i := range options {
		if o := &options[i]; o.op == op && o.name == name {
			if p.is("exists", "missing") || op == 0 {
				return o.exists()
			}
			return p.optionField(o)
		}
	}
	p.pos--
	p.unexpected()
	return nil
}

func (p *parser) optionField(o *option) Expr {
	name := p.word()
	for i := range o.fields {
		if o.fields[i].Name == name {
			return o.selector(&o.fields[i])
		}
	}
	p.pos--
	p.unexpected()
	return nil
}

// other reads rt, socket, numgen, jhash and symhash.
func (p *parser) other(word string) Expr {
	modulus := func() uint32 {
		p.expect("mod")
		return uint32(p.number())
	}
	switch word {
	case "rt":
		name := p.word()
		if name == "ip" || name == "ip6" {
			name += " " + p.expect("nexthop")
		}
		if name == "nexthop" {
			name = [...]string{"ip nexthop", "ip6 nexthop"}[b2i(p.family == nft.IPv6)]
		}
		return otherSelector(&nft.Rt{Key: nft.RtKey(p.keyed(rtKeys, name).key)}, nil)
	case "socket":
		e := &nft.Socket{Key: nft.SocketKey(p.keyed(socketKeys, p.word()).key)}
		if p.take("level") {
			e.Level.V, e.Level.Ok = uint32(p.number()), true
		}
		return otherSelector(e, nil)
	case "numgen":
		e := &nft.Numgen{Type: nft.NumgenType(slices.Index(numgenWords, p.expect(numgenWords...)))}
		e.Modulus = modulus()
		if p.take("offset") {
			e.Offset = uint32(p.number())
		}
		return otherSelector(e, nil)
	default:
		e := &nft.Hash{Type: 1}
		var hashed Expr
		if word == "jhash" {
			e.Type = 0
			hashed = p.left()
			e.Len = exprBytes(hashed)
		}
		e.Modulus = modulus()
		if p.take("seed") {
			e.Seed.V, e.Seed.Ok = uint32(p.number()), true
		}
		if p.take("offset") {
			e.Offset = uint32(p.number())
		}
		return otherSelector(e, hashed)
	}
}

// keyed is the key of that name.
func (p *parser) keyed(keys []keyDef, name string) *keyDef {
	k := keyNamed(keys, name)
	if k == nil {
		p.pos--
		p.unexpected()
	}
	return k
}

// match reads what the left side is compared with.
func (p *parser) match(left Expr) Stmt {
	m := &Match{Left: left}
	explicit := true
	switch word, _ := p.accept("==", "eq", "!=", "ne", "<", "lt", "<=", "le", ">", "gt", ">=", "ge", "!"); word {
	case "==", "eq":
	case "!=", "ne":
		m.Op = Neq
	case "<", "lt":
		m.Op = Lt
	case "<=", "le":
		m.Op = Lte
	case ">", "gt":
		m.Op = Gt
	case ">=", "ge":
		m.Op = Gte
	case "!":
		m.Op = Without
	default:
		explicit = false
	}
	if p.is("$") {
		p.define()
	}
	switch {
	case p.is("{", "@"):
		m.Right = p.setOf(left)
		if !explicit && exprType(left).Form == Bits {
			m.Op = Implied // of one element
		}
		return m
	case p.is("\n", ";", "}") || p.peek().kind == endToken:
		p.unexpected()
	}
	if c, ok := left.(*Concat); ok {
		m.Right = p.concat(keyTypes(c), sizes(c))
		return m
	}
	t, size := exprType(left), exprBytes(left)
	if t.Form == Bits || t.Form == Label {
		m.Right = p.flags(m, t, size, explicit)
		return m
	}
	m.Right = p.typed(t, size)
	return m
}

// flags is values of bits joined by commas or |, perhaps with a mask behind a slash.
func (p *parser) flags(m *Match, t *Datatype, size uint32, explicit bool) Expr {
	v := p.bitsValue(t, size)
	for p.is(",", "|") {
		p.next()
		or(v, p.value(t, size))
	}
	if p.take("/") {
		mask := p.value(t, size)
		for p.is(",", "|") {
			p.next()
			or(mask, p.value(t, size))
		}
		m.Left = &Masked{X: m.Left, Mask: mask}
		return v
	}
	if _, masked := m.Left.(*Masked); !masked && !explicit && m.Op == Eq {
		m.Op = Implied
	}
	return v
}

// sizes are the sizes of the parts of a concatenation, in bytes.
func sizes(c *Concat) []uint32 {
	var all []uint32
	for _, part := range c.Parts {
		all = append(all, exprBytes(part))
	}
	return all
}

func (p *parser) concat(types []*Datatype, size []uint32) Expr {
	if len(types) == 1 {
		return p.typed(types[0], size[0])
	}
	all := &Concat{}
	for i, t := range types {
		if i > 0 {
			p.expect(".")
		}
		all.Parts = append(all.Parts, p.typed(t, size[i]))
	}
	return all
}

// assigned is what a selector is set to.
func (p *parser) assigned(sel *Selector) Expr {
	if p.startsSelector() {
		e := p.left()
		if p.take("map") {
			types := []*Datatype{sizedType(sel)}
			return &MapOf{e, p.mapOf(e, types, false), types}
		}
		return e
	}
	if sel.Type.Form == Bits {
		v := p.bitsValue(sel.Type, sel.bytes())
		for p.is(",", "|") {
			p.next()
			or(v, p.value(sel.Type, sel.bytes()))
		}
		return v
	}
	return p.value(sel.Type, sel.bytes())
}

// setOf is a set that something is looked up in.
func (p *parser) setOf(key Expr) Expr {
	if p.is("@") {
		return p.setName()
	}
	types, size := keyTypes(key), []uint32{exprBytes(key)}
	if c, ok := key.(*Concat); ok {
		size = sizes(c)
	}
	return &SetLit{p.elems(types, size, nil)}
}

// setName is the name of a set that there is.
func (p *parser) setName() Expr {
	at := placeOf(p.next())
	end := placeOf(p.peek())
	name := p.word()
	if _, _, _, ok := p.names.SetTypes(p.family, p.table, name); !ok {
		at.To = end.To
		panic(&SyntaxError{at, "No such file or directory"})
	}
	return &SetRef{name}
}

// mapOf is a map of values of types, or of verdicts.
func (p *parser) mapOf(key Expr, data []*Datatype, verdicts bool) Expr {
	if p.is("@") {
		return p.setName()
	}
	types, size := keyTypes(key), []uint32{exprBytes(key)}
	if c, ok := key.(*Concat); ok {
		size = sizes(c)
	}
	elem := func() Expr {
		if verdicts {
			return &VerdictOf{p.verdict(p.word())}
		}
		var n []uint32
		for _, t := range data {
			n = append(n, typeBytes(t))
		}
		if len(data) == 1 && data[0] == &dtString {
			return &Value{Type: &dtString, Data: []byte(p.text())}
		}
		return p.concat(data, n)
	}
	return &SetLit{p.elems(types, size, elem)}
}

// typeBytes is how many bytes a value of a type has.
func typeBytes(t *Datatype) uint32 {
	if t.Len == 0 {
		return 4
	}
	return (t.Len + 7) / 8
}

// elems are the elements of a set, in braces.
func (p *parser) elems(types []*Datatype, size []uint32, data func() Expr) []Elem {
	p.expect("{")
	var all []Elem
	for {
		for p.take("\n") {
		}
		if p.is("}") {
			if len(all) == 0 {
				p.unexpected()
			}
			p.next()
			return all
		}
		var e Elem
		if p.take("*") {
			e.Key = nil
		} else {
			e.Key = p.elemKey(types, size)
		}
		for done := false; !done; {
			switch {
			case p.take("timeout"):
				e.Timeout = p.duration()
			case p.take("expires"):
				e.Expires = p.duration()
			case p.take("comment"):
				e.Comment = p.text()
			case p.is("counter", "limit", "quota", "last"), p.is("ct") && p.ahead(1).text == "count":
				e.Stmts = append(e.Stmts, p.stmt())
			default:
				done = true
			}
		}
		if data != nil {
			p.expect(":")
			e.Data = data()
			if p.take("comment") {
				e.Comment = p.text()
			}
		}
		all = append(all, e)
		p.forget()
		for p.take("\n") {
		}
		if !p.take(",") {
			for p.take("\n") {
			}
			p.expect("}")
			return all
		}
	}
}

func (p *parser) elemKey(types []*Datatype, size []uint32) Expr {
	if len(types) == 1 && types[0].Form == Bits {
		v := p.bitsValue(types[0], size[0])
		for p.take("|") {
			or(v, p.value(types[0], size[0]))
		}
		return v
	}
	return p.concat(types, size)
}

// typed is a value, a prefix or a range.
func (p *parser) typed(t *Datatype, size uint32) Expr {
	v := p.value(t, size)
	switch {
	case p.take("-"):
		hi := p.value(t, size)
		if slices.Compare(orderedBytes(v), orderedBytes(hi)) > 0 {
			p.pos--
			p.failAt(p.peek(), "Range has zero or negative size")
		}
		return &Range{v, hi}
	case p.is("/"):
		p.next()
		at := p.peek()
		n := p.number()
		if n > uint64(size)*8 {
			p.failAt(at, "Prefix length "+strconv.FormatUint(n, 10)+" is invalid for type of "+decimal(size*8)+" bits width")
		}
		return &Prefix{v, uint32(n)}
	}
	return v
}

// orderedBytes is a value in network order.
func orderedBytes(v *Value) []byte {
	if v.Type.Order == Host && v.Type.Form != Text {
		return reversed(v.Data)
	}
	return v.Data
}

// value is one value of a type and of so many bytes.
func (p *parser) value(t *Datatype, size uint32) *Value {
	tok := p.peek()
	if tok.kind == signToken && tok.text == "$" {
		p.define()
		tok = p.peek()
	}
	if tok.kind == signToken || tok.kind == endToken {
		p.unexpected()
	}
	p.next()
	v, problem := p.parseValue(t, tok.text, size)
	if problem != "" {
		p.failAt(tok, problem)
	}
	return v
}

func (p *parser) parseValue(t *Datatype, s string, size uint32) (v *Value, problem string) {
	bytes := func(b []byte) *Value { return &Value{Type: t, Data: b} }
	switch t.Form {
	case Text:
		name, wild := strings.CutSuffix(s, "*")
		limit := int(size)
		if t == &dtIfname {
			limit = 16
		}
		if len(name) >= limit {
			return nil, "String exceeds maximum length of " + strconv.Itoa(limit)
		}
		if wild {
			return &Value{Type: t, Data: []byte(name), Wild: true}, ""
		}
		return bytes(append([]byte(name), make([]byte, limit-len(name))...)), ""
	case IPv4, IPv6:
		if a, err := netip.ParseAddr(s); err == nil && a.Is4() == (t.Form == IPv4) && a.Zone() == "" {
			return bytes(a.AsSlice()), ""
		}
		if a := p.names.Host(s, t.Form == IPv6); len(a) > 0 {
			return bytes(a[0]), ""
		}
		return nil, "Could not resolve hostname: Name or service not known"
	case Ether:
		var b []byte
		for part := range strings.SplitSeq(s, ":") {
			n, err := strconv.ParseUint(part, 16, 8)
			if err != nil {
				return nil, "syntax error, unexpected string"
			}
			b = append(b, byte(n))
		}
		if len(b) != 6 {
			return nil, "syntax error, unexpected string"
		}
		return bytes(b), ""
	case Device:
		if n, err := strconv.ParseUint(s, 0, 32); err == nil {
			return numberValue(t, n, size), ""
		}
		if index, ok := p.names.Device(s); ok {
			return numberValue(t, uint64(index), size), ""
		}
		return nil, "Interface does not exist"
	case User, Group:
		if id, ok := p.names.Account(s, t.Form == Group); ok {
			return numberValue(t, uint64(id), size), ""
		}
	case Millis:
		ms, ok := parseDuration(s)
		if !ok {
			return nil, "invalid time format"
		}
		return numberValue(t, ms, size), ""
	case Class:
		if hi, lo, ok := strings.Cut(s, ":"); ok {
			h, err1 := strconv.ParseUint("0"+hi, 16, 16)
			l, err2 := strconv.ParseUint("0"+lo, 16, 16)
			if err1 == nil && err2 == nil {
				return numberValue(t, h<<16|l, size), ""
			}
		}
	case Hour, Date:
		if n, ok := p.clock(t, s); ok {
			return numberValue(t, n, size), ""
		}
	case Label:
		n, err := strconv.ParseUint(s, 0, 8)
		if err != nil || n >= uint64(size)*8 {
			return nil, "label not found in the connlabel.conf file"
		}
		b := make([]byte, size)
		b[uint64(size)-1-n/8] = 1 << (n % 8)
		return bytes(reversed(b)), ""
	}
	for _, sym := range t.Syms {
		if sym.Name == s || t.Form == Quoted && strings.EqualFold(sym.Name, s) {
			return numberValue(t, sym.Value, size), ""
		}
	}
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil && t == &dtService {
		if port, ok := p.names.Service(s, ""); ok {
			return numberValue(t, uint64(port), size), ""
		}
		return nil, "Could not resolve service: Servname not supported for ai_socktype"
	}
	if err != nil {
		return nil, p.noSuchValue(t, s)
	}
	bits := t.Len
	if bits == 0 || bits > 8*size {
		bits = 8 * size
	}
	if bits < 64 && n >= 1<<bits {
		if t == &dtService {
			return nil, "Service out of range"
		}
		return nil, "Value " + strconv.FormatUint(n, 10) + " exceeds valid range 0-" + strconv.FormatUint(1<<bits-1, 10)
	}
	return numberValue(t, n, size), ""
}

func (p *parser) noSuchValue(t *Datatype, s string) string {
	if t == &dtProto {
		return "Could not resolve protocol name"
	}
	if len(t.Syms) > 0 {
		return "Could not parse " + typeNoun(t) + " \"" + s + "\""
	}
	return "Could not parse symbolic value"
}

func typeNoun(t *Datatype) string { return strings.ReplaceAll(t.Name, "_", " ") }

// clock is a time of the day in seconds, or a date in nanoseconds.
func (p *parser) clock(t *Datatype, s string) (n uint64, ok bool) {
	if t == &dtHour {
		c, ok := numbers(s, ":", 3)
		n = uint64(c[0]*3600 + c[1]*60 + c[2])
		return n, ok && n < 86400
	}
	return parseDate(s)
}
