//go:build linux

package lang

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// Options are how statements are written.
type Options struct {
	Stateless       bool                      // nft -s: counters without their numbers
	Numeric         bool                      // nft -n: numbers in place of names
	NumericPriority bool                      // nft -y: of priorities
	NumericProto    bool                      // nft -p: of protocols
	Terse           bool                      // nft -t: sets without elements
	ObjType         nft.ObjType               // of lists of objects: the only type to show; 0 is all
	Handles         bool                      // nft -a
	Device          func(index uint32) string // the name of a device, "" if there is none; nil leaves numbers
	Service         func(port uint16) string  // nft -S: the name of a port, "" if it has none
	ZoneOffset      int                       // of the local time, in seconds east of UTC
}

type printer struct {
	opt    Options
	src    Source
	indent int

	foreign bool // there was what the language has no words for
}

// Rule is the text of a rule. src has the sets of its table, and may be nil without.
func Rule(r *nft.Rule, src Source, o Options) string {
	return (&printer{opt: o, src: src}).rule(r)
}

// handle is what nft -a has behind an object.
func (o *Options) handle(h uint64) string {
	if !o.Handles || h == 0 {
		return ""
	}
	return " # handle " + decimal(h)
}

// Translate is the text of a rule of iptables, without what it counted. It is not ok
// if the rule has a match, target or text that the language has no words for.
func Translate(r *nft.Rule) (text string, ok bool) {
	p := &printer{opt: Options{Stateless: true}}
	text = p.rule(r)
	return text, !p.foreign && len(comment(r)) <= commentMax
}

// commentMax is NFTNL_UDATA_COMMENT_MAXLEN of libnftnl.
const commentMax = 128

func decimal[T ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int](n T) string {
	return strconv.FormatInt(int64(n), 10)
}

func (p *printer) stmt(s Stmt) string {
	switch s := s.(type) {
	case *Match:
		return p.match(s)
	case *VerdictStmt:
		return verdict(s.Verdict)
	case *Vmap:
		return p.expr(s.Key) + " vmap " + p.expr(s.Map)
	case *NAT:
		return p.nat(s)
	case *Assign:
		return s.To.Words + " set " + p.expr(s.Value)
	case *UseObject:
		word := objectWord(s.Type)
		if s.Key != nil {
			return word + " name " + p.expr(s.Key) + " map " + p.expr(s.Map)
		}
		return word + " name " + quote(s.Name)
	case *SetChange:
		return p.setChange(s)
	case *Reject:
		return p.reject(s)
	case *Block:
		return p.block(s)
	case *Xtables:
		p.foreign = true
		return "xt " + s.Kind + " " + quote(s.Name)
	case *Send:
		switch {
		case s.Addr == nil:
			return s.Name + " to " + p.expr(s.Dev)
		case s.Dev == nil:
			return s.Name + " to " + p.expr(s.Addr)
		}
		name := s.Name
		if s.Family != nft.Unspec {
			name += " " + s.Family.Keyword()
		}
		return name + " to " + p.expr(s.Addr) + " device " + p.expr(s.Dev)
	case *Kernel:
		return p.kernel(s.Expr)
	}
	return ""
}

func quote(s string) string { return `"` + s + `"` }

// quote is a text that may be from iptables: nft cannot read one with quotes in it.
func (p *printer) quote(s string) string {
	p.foreign = p.foreign || strings.Contains(s, `"`)
	return quote(s)
}

func verdict(v nft.Verdict) string {
	switch v.Code {
	case nft.VerdictAccept:
		return "accept"
	case nft.VerdictDrop:
		return "drop"
	case nft.VerdictContinue:
		return "continue"
	case nft.VerdictReturn:
		return "return"
	case nft.VerdictJump:
		return "jump " + v.Chain
	case nft.VerdictGoto:
		return "goto " + v.Chain
	case nft.VerdictQueue:
		return "queue"
	}
	return v.Code.String()
}

func (p *printer) match(m *Match) string {
	left, right := p.expr(m.Left), p.expr(m.Right)
	if masked, ok := m.Left.(*Masked); ok && exprType(masked.X).Form == Bits && masked.Xor == nil {
		op := ""
		if m.Op != Eq {
			op = opNames[m.Op] + " "
		}
		return p.expr(masked.X) + " " + op + right + " / " + p.expr(masked.Mask)
	}
	op := " "
	switch {
	case m.Op == Implied:
	case m.Op == Eq:
		if sel, ok := m.Left.(*Selector); ok && sel.Type.Form == Bits && sel.Kind == payloadSel {
			if _, isValue := m.Right.(*Value); isValue {
				op = " == "
			}
		}
		if _, ok := m.Left.(*Masked); ok {
			op = " == "
		}
	default:
		op = " " + opNames[m.Op] + " "
	}
	return left + op + right
}

func (p *printer) expr(e Expr) string {
	switch e := e.(type) {
	case *Selector:
		return e.Words
	case *Value:
		return p.value(e)
	case *Prefix:
		if e.Value.Type.Form == IPv4 || e.Value.Type.Form == IPv6 || e.Value.Type.Form == Ether {
			return p.value(e.Value) + "/" + decimal(e.Bits)
		}
		return p.value(e.Value) + "/" + decimal(e.Bits)
	case *Range:
		numeric := *p
		numeric.opt.Numeric, numeric.opt.Service = true, nil
		return numeric.value(e.Lo) + "-" + numeric.value(e.Hi)
	case *Masked:
		s := p.expr(e.X) + " & " + p.bits(e.Mask)
		if e.Xor != nil {
			s = p.xored(e)
		}
		return s
	case *Concat:
		words := make([]string, len(e.Parts))
		for i, part := range e.Parts {
			words[i] = p.expr(part)
		}
		return strings.Join(words, " . ")
	case *SetRef:
		return "@" + e.Name
	case *SetLit:
		return "{ " + p.elems(e.Elems, ", ") + " }"
	case *MapOf:
		return p.expr(e.Key) + " map " + p.expr(e.Map)
	case *VerdictOf:
		return verdict(e.Verdict)
	case *swapped:
		return p.expr(e.x)
	}
	return "?"
}

// bits is a mask: names joined by |, in brackets if there are several.
func (p *printer) bits(v *Value) string {
	if v.Type.Form == Bits {
		names := strings.Split(p.value(v), ",")
		s := strings.Join(names, " | ")
		if len(names) > 1 {
			s = "(" + s + ")"
		}
		return s
	}
	if (v.Type.Form != Decimal || v.Type.Syms != nil) && v.Type.ID != dtHexInt.ID {
		return p.value(&Value{Type: &Datatype{Form: v.Type.Form, Order: v.Type.Order}, Data: v.Data})
	}
	return p.value(v)
}

// A binop is one operation on bits.
type binop struct {
	op   string
	data []byte
}

// binops are x & mask ^ xor in terms of &, ^ and |: what is cleared and then set is |.
func binops(mask, xor []byte) (ops []binop) {
	mask, xor = bytes.Clone(mask), bytes.Clone(xor)
	or := make([]byte, len(mask))
	for i := range mask {
		or[i] = mask[i]&xor[i] ^ xor[i]
		xor[i] &= mask[i]
		mask[i] |= or[i]
	}
	for _, part := range [...]struct {
		binop
		none byte
	}{{binop{"&", mask}, 0xff}, {binop{"^", xor}, 0}, {binop{"|", or}, 0}} {
		if !all(part.data, part.none) {
			ops = append(ops, part.binop)
		}
	}
	return ops
}

func (p *printer) xored(e *Masked) string {
	s := p.expr(e.X)
	for _, op := range binops(e.Mask.Data, e.Xor.Data) {
		s += " " + op.op + " " + p.bits(&Value{Type: e.Mask.Type, Data: op.data})
	}
	return s
}

// block is rules in braces, one level deeper than the rule that has them.
func (p *printer) block(s *Block) string {
	words := map[nft.VerdictCode]string{nft.VerdictJump: "jump", nft.VerdictGoto: "goto"}
	var b strings.Builder
	b.WriteString(words[s.Code] + " {\n")
	deeper := *p
	deeper.indent++
	deeper.opt.Handles = false
	tabs := strings.Repeat("\t", p.indent)
	for _, r := range s.Rules {
		b.WriteString(tabs + "\t" + deeper.rule(r) + "\n")
	}
	return b.String() + tabs + "}"
}

// rule is the text of a rule, with its comment and its handle.
func (p *printer) rule(r *nft.Rule) string {
	stmts := Decompile(r.Family, r.Exprs, p.src)
	words := make([]string, len(stmts))
	for i, s := range stmts {
		words[i] = p.stmt(s)
	}
	s := strings.Join(words, " ")
	if text := comment(r); text != "" {
		s += " comment " + p.quote(text)
	}
	return s + p.opt.handle(r.Handle)
}

// comment is that of a rule, or of iptables' match comment.
func comment(r *nft.Rule) string {
	text := r.Userdata.Comment()
	for _, e := range r.Exprs {
		if m, ok := e.(*nft.Match); ok && text == "" {
			if c, ok := m.Info.(*xt.Comment); ok {
				text = c.String()
			}
		}
	}
	return text
}

func (p *printer) elems(elems []Elem, sep string) string {
	words := make([]string, len(elems))
	for i := range elems {
		words[i] = p.elem(&elems[i])
	}
	return strings.Join(words, sep)
}

func (p *printer) elem(e *Elem) string {
	var b strings.Builder
	if e.Key == nil {
		b.WriteByte('*')
	} else {
		key := p.expr(e.Key)
		if v, ok := e.Key.(*Value); ok && v.Type.Form == Bits {
			key = strings.ReplaceAll(key, ",", " | ")
		}
		b.WriteString(key)
	}
	for _, s := range e.Stmts {
		b.WriteString(" " + p.stmt(s))
	}
	if e.Timeout != 0 {
		b.WriteString(" timeout " + duration(e.Timeout))
	}
	if e.Expires != 0 && !p.opt.Stateless {
		b.WriteString(" expires " + duration(e.Expires))
	}
	if e.Comment != "" {
		b.WriteString(" comment " + quote(e.Comment))
	}
	if e.Data != nil {
		b.WriteString(" : " + p.expr(e.Data))
	}
	return b.String()
}

func (p *printer) nat(s *NAT) string {
	var b strings.Builder
	b.WriteString(s.Name)
	if s.Addr != nil || s.Port != nil {
		if s.Family != nft.Unspec && (s.Addr != nil || s.Name == "tproxy") {
			b.WriteString(" " + s.Family.Keyword())
		}
		if s.Flags&nft.NATNetmap != 0 {
			b.WriteString(" prefix")
		}
		b.WriteString(" to ")
	}
	if s.Addr != nil {
		addr := p.expr(s.Addr)
		if s.Port != nil && isIPv6(s.Addr) {
			addr = p.bracketed(s.Addr)
		}
		b.WriteString(addr)
	}
	if s.Port != nil {
		b.WriteString(":" + p.expr(s.Port))
	}
	sep := " "
	for _, f := range natFlagWords {
		if s.Flags&f.flag != 0 {
			b.WriteString(sep + f.name)
			sep = ","
		}
	}
	return b.String()
}

var natFlagWords = [...]struct {
	flag nft.NATFlags
	name string
}{{nft.NATRandom, "random"}, {nft.NATRandomFully, "fully-random"}, {nft.NATPersistent, "persistent"}}

func isIPv6(e Expr) bool {
	switch e := e.(type) {
	case *Value:
		return e.Type == &dtIPv6
	case *Range:
		return e.Lo.Type == &dtIPv6
	}
	return false
}

var synproxyWords = [...]struct {
	flag nft.SynproxyFlags
	name string
}{{8, "timestamp"}, {4, "sack-perm"}}

func (p *printer) bracketed(e Expr) string {
	if r, ok := e.(*Range); ok {
		return "[" + p.value(r.Lo) + "]-[" + p.value(r.Hi) + "]"
	}
	return "[" + p.expr(e) + "]"
}

func (p *printer) setChange(s *SetChange) string {
	words := [...]string{"add", "update", "delete"}
	var b strings.Builder
	if int(s.Op) < len(words) {
		b.WriteString(words[s.Op])
	}
	if s.Meter {
		b.Reset()
		b.WriteString("meter " + s.Set)
		if s.Size != 0 {
			b.WriteString(" size " + decimal(s.Size))
		}
	} else {
		b.WriteString(" @" + s.Set)
	}
	b.WriteString(" { " + p.expr(s.Key))
	if s.Timeout != 0 {
		b.WriteString(" timeout " + duration(s.Timeout))
	}
	bare := *p
	bare.opt.Stateless = true
	for _, st := range s.Stmts {
		b.WriteString(" " + bare.stmt(st))
	}
	if s.Data != nil {
		b.WriteString(" : " + p.expr(s.Data))
	}
	return b.String() + " }"
}

func objectWord(t nft.ObjType) string {
	words := [...]string{1: "counter", 2: "quota", 3: "ct helper", 4: "limit", 5: "connlimit", 6: "tunnel", 7: "ct timeout", 8: "secmark", 9: "ct expectation", 10: "synproxy"}
	if int(t) < len(words) {
		return words[t]
	}
	return "object"
}

// kernel is a statement that is an expression.
func (p *printer) kernel(e nft.Expr) string {
	switch e := e.(type) {
	case *nft.Counter:
		if p.opt.Stateless {
			return "counter"
		}
		return "counter packets " + strconv.FormatUint(e.Packets.V, 10) + " bytes " + strconv.FormatUint(e.Bytes.V, 10)
	case *nft.Limit:
		return "limit " + limit(e)
	case *nft.Quota:
		return "quota " + p.quota(e)
	case *nft.Connlimit:
		s := "ct count "
		if e.Flags&1 != 0 {
			s += "over "
		}
		return s + decimal(e.Count)
	case *nft.Last:
		if p.opt.Stateless {
			return "last"
		}
		if e.Set.V == 0 {
			return "last used never"
		}
		return "last used " + duration(e.Msecs.V)
	case *nft.Notrack:
		return "notrack"
	case *nft.Log:
		return p.log(e)
	case *nft.Synproxy:
		s := "synproxy"
		if e.Flags&1 != 0 {
			s += " mss " + decimal(e.MSS)
		}
		if e.Flags&2 != 0 {
			s += " wscale " + decimal(e.Wscale)
		}
		for _, f := range synproxyWords {
			if e.Flags&f.flag != 0 {
				s += " " + f.name
			}
		}
		return s
	}
	p.foreign = true
	return "unknown " + e.Name()
}

// rates of bytes.
func bytesRate(n uint64) (uint64, string) {
	units := [...]string{"bytes", "kbytes", "mbytes"}
	i := 0
	for n != 0 && n%1024 == 0 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return n, units[i]
}

var units = [...]struct {
	seconds uint64
	name    string
}{{1, "second"}, {60, "minute"}, {3600, "hour"}, {86400, "day"}, {604800, "week"}}

func limit(l *nft.Limit) string {
	s := "rate "
	if l.Flags&nft.LimitInverse != 0 {
		s += "over "
	}
	unit := ""
	for _, u := range units {
		if u.seconds == l.Unit {
			unit = "/" + u.name
		}
	}
	if l.Type == 0 {
		s += strconv.FormatUint(l.Rate, 10) + unit
		if l.Burst != 0 && l.Burst != 5 {
			s += " burst " + decimal(l.Burst) + " packets"
		}
		return s
	}
	n, name := bytesRate(l.Rate)
	s += strconv.FormatUint(n, 10) + " " + name + unit
	if l.Burst != 0 {
		n, name := bytesRate(uint64(l.Burst))
		s += " burst " + strconv.FormatUint(n, 10) + " " + name
	}
	return s
}

func (p *printer) quota(q *nft.Quota) string {
	n, name := bytesRate(q.Bytes)
	s := strconv.FormatUint(n, 10) + " " + name
	if q.Flags&unix.NFT_QUOTA_F_INV != 0 {
		s = "over " + s
	}
	if q.Consumed != 0 && !p.opt.Stateless {
		n, name := bytesRate(q.Consumed)
		s += " used " + strconv.FormatUint(n, 10) + " " + name
	}
	return s
}

func (p *printer) log(l *nft.Log) string {
	s := "log"
	if l.Prefix != "" {
		s += " prefix " + p.quote(l.Prefix)
	}
	if l.Group.Ok {
		s += " group " + decimal(l.Group.V)
	}
	if l.Snaplen != 0 {
		s += " snaplen " + decimal(l.Snaplen)
	}
	if l.QThreshold != 0 {
		s += " queue-threshold " + decimal(l.QThreshold)
	}
	levels := [...]string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"}
	if l.Level.Ok && l.Level.V != 4 && int(l.Level.V) < len(levels) {
		s += " level " + levels[l.Level.V]
	}
	const flagsAll = 0x2f
	if l.Flags.V&flagsAll == flagsAll {
		return s + " flags all"
	}
	if l.Flags.V&3 != 0 {
		words := [...]string{1: "sequence", 2: "options", 3: "sequence,options"}
		s += " flags tcp " + words[l.Flags.V&3]
	}
	for _, f := range [...]struct {
		flag nft.LogFlags
		name string
	}{{4, "ip options"}, {8, "skuid"}, {0x20, "ether"}} {
		if l.Flags.V&f.flag != 0 {
			s += " flags " + f.name
		}
	}
	return s
}

func (p *printer) reject(r *Reject) string {
	code := func(t *Datatype) string { return p.value(&Value{Type: t, Data: []byte{r.Code.V}}) }
	switch r.Type {
	case nft.RejectTCPReset:
		return "reject with tcp reset"
	case nft.RejectICMPX:
		if r.Code.V == 1 {
			return "reject"
		}
		return "reject with icmpx " + code(&dtICMPXCode)
	}
	if r.Family == nft.IPv6 {
		if r.Code.V == 4 && !r.Always {
			return "reject"
		}
		return "reject with icmpv6 " + code(&dtICMPv6Code)
	}
	if r.Code.V == 3 && !r.Always {
		return "reject"
	}
	return "reject with icmp " + code(&dtICMPCode)
}
