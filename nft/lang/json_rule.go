//go:build linux

package lang

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
)

func (p *printer) stmtsJSON(stmts []Stmt) []string {
	all := make([]string, len(stmts))
	for i, s := range stmts {
		all[i] = p.stmtJSON(s)
	}
	return all
}

func verdictMember(v nft.Verdict) (word, value string) {
	word, chain, _ := strings.Cut(verdict(v), " ")
	if chain == "" {
		return word, "null"
	}
	return word, object("target", jsonString(chain))
}

// selectorJSON is what a comparison reads.
func (p *printer) selectorJSON(s *Selector) string {
	switch s.Kind {
	case payloadSel:
		if s.Raw {
			return object("payload", object("base", jsonString(baseNames[s.Proto.Base]), "offset", decimal(s.Field.Off), "len", decimal(s.Field.Len)))
		}
		return object("payload", object("protocol", jsonString(s.Proto.Name), "field", jsonString(s.Field.Name)))
	case metaSel:
		return object("meta", object("key", jsonString(keyOf(metaKeys, s.Key).name)))
	case ctSel:
		dir := ""
		if s.Dir >= 0 {
			dir = jsonString(dtCtDir.Syms[s.Dir].Name)
		}
		return object("ct", object("key", jsonString(keyOf(ctKeys, s.Key).name), "dir", dir))
	case fibSel:
		var flags []string
		for _, w := range fibWords(s.Flag) {
			flags = append(flags, jsonString(w))
		}
		return object("fib", object("result", jsonString(keyOf(fibResults, s.Key).name), "flags", someOf(flags)))
	}
	if o := s.Option; o != nil && o.fields == nil && s.Proto == nil { // one without a name
		return object(strings.TrimSpace(opWords[o.op][1]), object("base", decimal(o.typ), "offset", "0", "len", "8"))
	} else if o != nil {
		return object(strings.TrimSpace(opWords[o.op][1]), object("name", jsonString(o.name), "field", quoted(fieldName(s))))
	}
	some := func(n uint32) string {
		if n == 0 {
			return ""
		}
		return decimal(n)
	}
	switch e := s.Make.(type) {
	case *nft.Numgen:
		return object("numgen", object("mode", jsonString(numgenWords[e.Type]), "mod", decimal(e.Modulus), "offset", decimal(e.Offset)))
	case *nft.Hash:
		if s.Key2 == nil {
			return object("symhash", object("mod", decimal(e.Modulus), "offset", some(e.Offset)))
		}
		seed := ""
		if e.Seed.Ok {
			seed = decimal(e.Seed.V)
		}
		return object("jhash", object("mod", decimal(e.Modulus), "seed", seed, "offset", some(e.Offset), "expr", p.exprJSON(s.Key2)))
	case *nft.Rt:
		family, key, ok := strings.Cut(keyOf(rtKeys, s.Key).name, " ")
		if !ok {
			family, key = "", family
		}
		return object("rt", object("key", jsonString(key), "family", quoted(family)))
	case *nft.Socket:
		return object("socket", object("key", jsonString(keyOf(socketKeys, s.Key).name)))
	}
	return jsonString(s.Words)
}

func fieldName(s *Selector) string {
	if s.Field == nil {
		return ""
	}
	return s.Field.Name
}

func (p *printer) valueJSON(v *Value) string {
	t := v.Type
	switch t {
	case &dtBool:
		return [...]string{"false", "true"}[min(v.number(), 1)]
	case &dtRealm, &dtIfindex: // of which those without a name are strings too
		return jsonString(unquoted(p.value(v)))
	}
	switch t.Form {
	case Bits:
		names := strings.Split(p.value(v), ",")
		for i, n := range names {
			names[i] = numberOr(n)
		}
		return oneOrArray(names)
	case Text:
		return jsonString(unquoted(p.value(v)))
	case Hex, Octal:
		if _, named := t.symbol(v.number()); !named && len(v.Data) <= 8 {
			return strconv.FormatUint(v.number(), 10)
		}
	case Millis:
		return strconv.FormatUint(v.number()/1000, 10)
	}
	return numberOr(unquoted(p.value(v)))
}

// unquoted is a value without the quotes that it has in the language.
func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// numberOr is a number as it is, and all else as a string.
func numberOr(s string) string {
	if n, err := strconv.ParseUint(s, 0, 64); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return jsonString(s)
}

func (p *printer) exprJSON(e Expr) string {
	switch e := e.(type) {
	case *Selector:
		return p.selectorJSON(e)
	case *Value:
		return p.valueJSON(e)
	case *Prefix:
		return object("prefix", object("addr", p.valueJSON(e.Value), "len", decimal(e.Bits)))
	case *Range:
		numeric := *p
		numeric.opt.NumericProto = true
		return object("range", array([]string{numeric.valueJSON(e.Lo), numeric.valueJSON(e.Hi)}))
	case *Masked:
		return p.maskedJSON(e)
	case *Concat:
		all := make([]string, len(e.Parts))
		for i, part := range e.Parts {
			all[i] = p.exprJSON(part)
		}
		return object("concat", array(all))
	case *SetRef:
		return jsonString("@" + e.Name)
	case *SetLit:
		all := make([]string, len(e.Elems))
		for i := range e.Elems {
			all[i] = p.elemJSON(&e.Elems[i])
		}
		return object("set", array(all))
	case *MapOf:
		return object("map", object("key", p.exprJSON(e.Key), "data", p.exprJSON(e.Map)))
	case *VerdictOf:
		return object(verdictMember(e.Verdict))
	case *swapped:
		return p.exprJSON(e.x)
	}
	return "null"
}

func (p *printer) maskedJSON(e *Masked) string {
	left := p.exprJSON(e.X)
	xor := make([]byte, len(e.Mask.Data))
	if e.Xor != nil {
		xor = e.Xor.Data
	}
	for _, part := range binops(e.Mask.Data, xor) {
		left = object(part.op, array([]string{left, p.valueJSON(&Value{Type: e.Mask.Type, Data: part.data})}))
	}
	return left
}

// stmtJSON is an object with one member.
func (p *printer) stmtJSON(s Stmt) string {
	if _, ok := s.(*Block); ok {
		return "null"
	}
	return object(p.stmtMember(s))
}

// stmtMember is the word for a statement and what it does.
func (p *printer) stmtMember(s Stmt) (word, value string) {
	switch s := s.(type) {
	case *Match:
		op := opNames[s.Op]
		switch s.Op {
		case Implied:
			op = "in"
		case Without:
			op = "!"
		}
		return "match", object("op", jsonString(op), "left", p.exprJSON(s.Left), "right", p.exprJSON(s.Right))
	case *VerdictStmt:
		return verdictMember(s.Verdict)
	case *Vmap:
		return "vmap", object("key", p.exprJSON(s.Key), "data", p.exprJSON(s.Map))
	case *NAT:
		return p.natMember(s)
	case *Assign:
		return "mangle", object("key", p.exprJSON(s.To), "value", p.exprJSON(s.Value))
	case *UseObject:
		if s.Key != nil {
			return objectWord(s.Type), object("map", object("key", p.exprJSON(s.Key), "data", p.exprJSON(s.Map)))
		}
		return objectWord(s.Type), jsonString(s.Name)
	case *SetChange:
		return p.setChangeMember(s)
	case *Reject:
		return p.rejectMember(s)
	case *Send:
		addr, dev := "", ""
		if s.Name == "dup" && s.Addr == nil { // in a table of netdev
			return s.Name, object("addr", p.exprJSON(s.Dev))
		}
		if s.Addr != nil {
			addr = p.exprJSON(s.Addr)
		}
		if s.Dev != nil {
			dev = p.exprJSON(s.Dev)
		}
		family := ""
		if s.Family != nft.Unspec {
			family = jsonString(s.Family.Keyword())
		}
		return s.Name, object("family", family, "addr", addr, "dev", dev)
	case *Kernel:
		return p.kernelMember(s.Expr)
	case *Xtables:
		return "xt", object("type", jsonString(s.Kind), "name", jsonString(s.Name))
	}
	return "xt", "null" // there is no other
}

func (p *printer) natMember(s *NAT) (word, value string) {
	family, addr, port := "", "", ""
	if s.Addr != nil {
		if s.Family != nft.Unspec {
			family = jsonString(s.Family.Keyword())
		}
		addr = p.exprJSON(s.Addr)
	}
	if s.Port != nil {
		port = p.exprJSON(s.Port)
	}
	var flags []string
	for _, f := range natFlagWords {
		if s.Flags&f.flag != 0 {
			flags = append(flags, jsonString(f.name))
		}
	}
	prefix := ""
	if s.Flags&nft.NATNetmap != 0 {
		flags, prefix = append(flags, `"netmap"`), `"prefix"`
	}
	value = object("family", family, "addr", addr, "port", port, "flags", oneOrArray(flags), "type_flags", prefix)
	if value == "{}" {
		value = "null"
	}
	return s.Name, value
}

func (p *printer) setChangeMember(s *SetChange) (word, value string) {
	elem := p.exprJSON(s.Key)
	if s.Timeout != 0 {
		elem = object("elem", object("val", elem, "timeout", decimal(s.Timeout/1000)))
	}
	bare := *p
	bare.opt.Stateless = true
	stmts := ""
	if len(s.Stmts) > 0 {
		stmts = array(bare.stmtsJSON(s.Stmts))
	}
	if s.Meter {
		stmt := ""
		if len(s.Stmts) > 0 {
			stmt = bare.stmtJSON(s.Stmts[0])
		}
		return "meter", object("key", elem, "stmt", stmt, "size", decimal(s.Size), "name", jsonString(s.Set))
	}
	ops := [...]string{"add", "update", "delete"}
	op := "add"
	if int(s.Op) < len(ops) {
		op = ops[s.Op]
	}
	word, data := "set", ""
	if s.Data != nil {
		word, data = "map", p.exprJSON(s.Data)
	}
	return word, object("op", jsonString(op), "elem", elem, "data", data, word, jsonString("@"+s.Set), "stmt", stmts)
}

func (p *printer) rejectMember(s *Reject) (word, value string) {
	kind, codes := "icmp", &dtICMPCode
	switch {
	case s.Type == nft.RejectTCPReset:
		return "reject", object("type", `"tcp reset"`)
	case s.Type == nft.RejectICMPX:
		kind, codes = "icmpx", &dtICMPXCode
	case s.Family == nft.IPv6:
		kind, codes = "icmpv6", &dtICMPv6Code
	}
	return "reject", object("type", jsonString(kind), "expr", p.valueJSON(&Value{Type: codes, Data: []byte{s.Code.V}}))
}

func (p *printer) kernelMember(e nft.Expr) (word, value string) {
	switch e := e.(type) {
	case *nft.Counter:
		if p.opt.Stateless {
			return "counter", "null"
		}
		return "counter", object("packets", decimal(e.Packets.V), "bytes", decimal(e.Bytes.V))
	case *nft.Limit:
		return "limit", object(limitMembers(e)...)
	case *nft.Quota:
		val, unit := bytesRate(e.Bytes)
		used, usedUnit := bytesRate(e.Consumed)
		members := []string{"val", decimal(val), "val_unit", jsonString(unit)}
		if e.Flags&quotaInverse != 0 {
			members = append(members, "inv", "true")
		}
		if e.Consumed != 0 {
			members = append(members, "used", decimal(used), "used_unit", jsonString(usedUnit))
		}
		return "quota", object(members...)
	case *nft.Connlimit:
		inv := ""
		if e.Flags&1 != 0 {
			inv = "true"
		}
		return "ct count", object("val", decimal(e.Count), "inv", inv)
	case *nft.Log:
		return p.logMember(e)
	case *nft.Synproxy:
		members := []string{"mss", decimal(e.MSS), "wscale", decimal(e.Wscale)}
		var flags []string
		for _, f := range synproxyWords {
			if e.Flags&f.flag != 0 {
				flags = append(flags, jsonString(f.name))
			}
		}
		return "synproxy", object(append(members, "flags", oneOrArray(flags))...)
	}
	return e.Name(), "null"
}

func (p *printer) logMember(l *nft.Log) (word, value string) {
	members := []string{"prefix", quoted(l.Prefix)}
	if l.Group.Ok {
		members = append(members, "group", decimal(l.Group.V))
	}
	if l.Snaplen != 0 {
		members = append(members, "snaplen", decimal(l.Snaplen))
	}
	if l.QThreshold != 0 {
		members = append(members, "queue-threshold", decimal(l.QThreshold))
	}
	if l.Level.Ok && l.Level.V != 4 && int(l.Level.V) < len(logLevels) {
		members = append(members, "level", jsonString(logLevels[l.Level.V]))
	}
	const flagsAll = 0x2f
	var flags []string
	if l.Flags.V&flagsAll == flagsAll {
		flags = []string{`"all"`}
	} else {
		for _, f := range [...]struct {
			flag nft.LogFlags
			name string
		}{{1, "tcp sequence"}, {2, "tcp options"}, {4, "ip options"}, {8, "skuid"}, {0x20, "ether"}} {
			if l.Flags.V&f.flag != 0 {
				flags = append(flags, jsonString(f.name))
			}
		}
	}
	members = append(members, "flags", oneOrArray(flags))
	value = object(members...)
	if value == "{}" {
		value = "null"
	}
	return "log", value
}
