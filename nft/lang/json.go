//go:build linux

package lang

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
)

// jsonString is a string of JSON.
func jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			b.WriteString(`\u` + hex(uint64(r), 4))
		default:
			b.WriteRune(r) // what is no UTF-8 becomes U+FFFD
		}
	}
	return b.String() + `"`
}

// object is {"key": value, …}; members without a value are left out.
func object(keysAndValues ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		if keysAndValues[i+1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(jsonString(keysAndValues[i]) + ": " + keysAndValues[i+1])
	}
	return "{" + b.String() + "}"
}

func array(values []string) string { return "[" + strings.Join(values, ", ") + "]" }

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return jsonString(s)
}

// ListJSON is [List] as JSON, in the schema of libnftables-json(5), as nft -j list prints
// it; release is the value of "metainfo". The rules of a chain within a rule are null, which
// that schema has no words for, and of a match or target of iptables it has only "xt". Like later releases than 1.0.6 it
// has comments of tables and chains, devices of chains and all flags of sets.
func ListJSON(rs *Ruleset, o Options, parts Parts, name, release string) string {
	l := &lister{o, newIndex(rs), nil, parts, name}
	all := []string{object("metainfo", release)}
	for i := range rs.Tables {
		all = append(all, l.tableJSON(&rs.Tables[i])...)
	}
	return object("nftables", array(all)) + "\n"
}

func (l *lister) tableJSON(t *nft.Table) (all []string) {
	add := func(kind, value string) { all = append(all, object(kind, value)) }
	family, table := jsonString(t.Family.Keyword()), jsonString(t.Name)
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	if l.parts == All {
		var flags []string
		for _, f := range tableFlagWords {
			if t.Flags.V&f.flag != 0 {
				flags = append(flags, jsonString(f.name))
			}
		}
		add("table", object("family", family, "name", table, "handle", number(t.Handle), "flags", oneOrArray(flags), "comment", quoted(t.Userdata.Comment())))
	}
	in := inTable{l.index, t}
	p := &printer{opt: l.Options, src: in}
	for i := range l.rs.Objs {
		if o := &l.rs.Objs[i]; o.Family == t.Family && o.Table == t.Name && l.shows(Objects, o.Name) && (l.ObjType == 0 || o.Type == l.ObjType) {
			members := []string{"family", family, "name", jsonString(o.Name), "table", table, "handle", number(o.Handle), "comment", quoted(o.Userdata.Comment())}
			add(objectWord(o.Type), object(append(members, p.objMembers(o.Data)...)...))
		}
	}
	for i := range l.rs.Sets {
		if s := &l.rs.Sets[i]; s.Family == t.Family && s.Table == t.Name && s.Flags.V&nft.SetAnonymous == 0 && l.shows(setPart(s), s.Name) {
			word := "set"
			if setPart(s) == Maps {
				word = "map"
			}
			add(word, l.setJSON(p, s))
		}
	}
	for i := range l.rs.Flowtables {
		if f := &l.rs.Flowtables[i]; f.Family == t.Family && f.Table == t.Name && l.shows(Flowtables, f.Name) {
			var devs []string
			for _, d := range f.Devs.Names {
				devs = append(devs, jsonString(d))
			}
			add("flowtable", object("family", family, "name", jsonString(f.Name), "table", table, "handle", number(f.Handle),
				"hook", `"ingress"`, "prio", decimal(f.Priority.V), "dev", oneOrArray(devs)))
		}
	}
	var rules []string
	for i := range l.rs.Chains {
		c := &l.rs.Chains[i]
		if c.Family != t.Family || c.Table != t.Name || c.Flags&nft.ChainBinding != 0 || !l.shows(Chains, c.Name) {
			continue
		}
		members := []string{"family", family, "table", table, "name", jsonString(c.Name), "handle", number(c.Handle), "comment", quoted(c.Userdata.Comment())}
		if c.Hook.Ok {
			h := c.Hook.V
			devs := h.Devs.Names
			if h.Dev != "" {
				devs = []string{h.Dev}
			}
			var names []string
			for _, d := range devs {
				names = append(names, jsonString(d))
			}
			hook := decimal(h.Num)
			if hooks := hookWords(c.Family); int(h.Num) < len(hooks) {
				hook = jsonString(hooks[h.Num])
			}
			policy := ""
			if c.Policy.Ok {
				policy = jsonString(verdict(nft.Verdict{Code: c.Policy.V}))
			}
			members = append(members, "type", jsonString(c.Type), "hook", hook, "prio", decimal(h.Priority), "dev", oneOrArray(names), "policy", policy)
		}
		add("chain", object(members...))
		if l.parts&Rules == 0 {
			continue
		}
		for _, r := range l.rulesOf(c) {
			rules = append(rules, object("rule", object("family", family, "table", table, "chain", jsonString(c.Name), "handle", number(r.Handle),
				"comment", quoted(r.Userdata.Comment()), "expr", array(p.stmtsJSON(decompile(r.Family, r.Exprs, in, true))))))
		}
	}
	return append(all, rules...)
}

func someOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return array(values)
}

func oneOrArray(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return array(values)
}

// objMembers are what an object has beside its name.
func (p *printer) objMembers(e nft.Expr) []string {
	switch e := e.(type) {
	case *nft.Counter:
		return []string{"packets", decimal(e.Packets.V), "bytes", decimal(e.Bytes.V)}
	case *nft.Quota:
		inv := "false"
		if e.Flags&quotaInverse != 0 {
			inv = "true"
		}
		return []string{"bytes", decimal(e.Bytes), "used", decimal(e.Consumed), "inv", inv}
	case *nft.Limit:
		return limitMembers(e)
	}
	return nil
}

func limitMembers(e *nft.Limit) []string {
	rate, burst, unit := e.Rate, uint64(e.Burst), ""
	rateUnit, burstUnit := "", ""
	for _, u := range units {
		if u.seconds == e.Unit {
			unit = u.name
		}
	}
	if e.Type != 0 {
		rate, rateUnit = bytesRate(rate)
		burst, burstUnit = bytesRate(burst)
	}
	inv := ""
	if e.Flags&nft.LimitInverse != 0 {
		inv = "true"
	}
	members := []string{"rate", decimal(rate), "burst", decimal(burst), "per", jsonString(unit), "inv", inv, "rate_unit", quoted(rateUnit)}
	if burst == 0 && e.Type != 0 {
		burstUnit = "bytes"
	}
	return append(members, "burst_unit", quoted(burstUnit))
}

func (l *lister) setJSON(p *printer, s *nft.Set) string {
	types := func(all []*Datatype) string {
		var names []string
		for _, t := range all {
			names = append(names, jsonString(t.Name))
		}
		return oneOrArray(names)
	}
	to := ""
	switch {
	case s.Flags.V&nft.SetObject != 0:
		to = jsonString(objectWord(s.ObjType))
	case s.DataType == nft.DataVerdict:
		to = `"verdict"`
	case s.Flags.V&nft.SetMap != 0:
		to = types(TypesOf(s.DataType))
	}
	var flags []string
	for _, f := range setFlagWords {
		if s.Flags.V&f.flag != 0 {
			flags = append(flags, jsonString(f.name))
		}
	}
	number := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatUint(n, 10)
	}
	comment, _ := s.Userdata.Get(udSetComment)
	merge := ""
	if _, ok := s.Userdata.Get(udMerge); ok {
		merge = "true"
	}
	policy := ""
	if s.Policy != 0 {
		policy = `"memory"`
	}
	elems := ""
	if list := l.rs.Elems[s]; list.Len() > 0 && !l.Terse {
		keys, _ := SetTypes(s)
		var all []string
		for e := range Elements(s, keys, list) {
			all = append(all, p.elemJSON(e))
		}
		elems = someOf(all)
	}
	exprs := s.Exprs
	if s.Expr != nil {
		exprs = append([]nft.Expr{s.Expr}, exprs...)
	}
	var stmts []string
	for _, e := range exprs {
		bare := *p
		bare.opt.Stateless = true
		stmts = append(stmts, bare.stmtJSON(&Kernel{e}))
	}
	return object("family", jsonString(s.Family.Keyword()), "name", jsonString(s.Name), "table", jsonString(s.Table),
		"type", types(TypesOf(s.KeyType)), "handle", strconv.FormatUint(s.Handle, 10), "comment", quoted(strings.TrimRight(string(comment), "\x00")),
		"map", to, "policy", policy, "flags", someOf(flags), "timeout", number(s.Timeout/1000), "gc-interval", number(uint64(s.GCInterval)/1000),
		"size", number(uint64(s.Desc.V.Size)), "elem", elems, "auto-merge", merge, "stmt", someOf(stmts))
}

func (p *printer) elemJSON(e *Elem) string {
	key := `"*"`
	if e.Key != nil {
		key = p.exprJSON(e.Key)
		if v, ok := e.Key.(*Value); ok && v.Type.Form == Bits && key[0] == '[' {
			key = object("|", key)
		}
	}
	if e.Timeout != 0 || e.Expires != 0 || e.Comment != "" || len(e.Stmts) > 0 {
		members := []string{"val", key}
		if e.Timeout != 0 {
			members = append(members, "timeout", decimal(e.Timeout/1000))
		}
		if e.Expires != 0 {
			members = append(members, "expires", decimal(e.Expires/1000))
		}
		members = append(members, "comment", quoted(e.Comment))
		for _, s := range e.Stmts {
			word, value := p.stmtMember(s)
			members = append(members, word, value)
		}
		key = object("elem", object(members...))
	}
	if e.Data == nil {
		return key
	}
	return array([]string{key, p.exprJSON(e.Data)})
}
