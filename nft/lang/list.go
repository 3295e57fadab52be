//go:build linux

package lang

import (
	"bufio"
	"slices"
	"strings"

	"github.com/minins/minins/nft"
)

// A Ruleset is all objects of some tables at one moment, and the sets that rules
// refer to.
type Ruleset struct {
	Tables     []nft.Table
	Chains     []nft.Chain
	Rules      []nft.Rule
	Sets       []nft.Set
	Elems      map[*nft.Set]*nft.ElemList
	Objs       []nft.Obj
	Flowtables []nft.Flowtable
}

// An objectName is the name of a set or chain, whatever table it is in.
type objectName struct {
	family      nft.Family
	table, name string
}

// An index finds by their names what rules refer to, and the rules of chains: a list
// that looked through all of them for each would take the square of the time.
type index struct {
	rs    *Ruleset
	sets  map[objectName]*nft.Set
	rules map[objectName][]*nft.Rule
	bound map[objectName]bool // chains that go with the rule that jumps to them
}

func newIndex(rs *Ruleset) *index {
	ix := &index{rs, make(map[objectName]*nft.Set, len(rs.Sets)), make(map[objectName][]*nft.Rule, len(rs.Chains)), make(map[objectName]bool)}
	for i := range rs.Sets {
		s := &rs.Sets[i]
		ix.sets[objectName{s.Family, s.Table, s.Name}] = s
	}
	for i := range rs.Chains {
		if c := &rs.Chains[i]; c.Flags&nft.ChainBinding != 0 {
			ix.bound[objectName{c.Family, c.Table, c.Name}] = true
		}
	}
	for i := range rs.Rules {
		r := &rs.Rules[i]
		chain := objectName{r.Family, r.Table, r.Chain}
		ix.rules[chain] = append(ix.rules[chain], r)
	}
	return ix
}

// rulesOf are the rules of a chain.
func (ix *index) rulesOf(c *nft.Chain) []*nft.Rule {
	return ix.rules[objectName{c.Family, c.Table, c.Name}]
}

// inTable is a table of a ruleset, where rules look sets up.
type inTable struct {
	*index
	t *nft.Table
}

func (s inTable) named(name string) objectName { return objectName{s.t.Family, s.t.Name, name} }

// Set finds a set of the table by its name.
func (s inTable) Set(name string) (*nft.Set, *nft.ElemList) {
	set := s.sets[s.named(name)]
	return set, s.rs.Elems[set]
}

// Binding finds the rules of a chain that has no name of its own.
func (s inTable) Binding(chain string) (rules []*nft.Rule, ok bool) {
	name := s.named(chain)
	if !s.bound[name] {
		return nil, false
	}
	return s.rules[name], true
}

// A lister writes objects as nft list does.
type lister struct {
	Options
	*index
	w     *bufio.Writer
	parts Parts
	name  string
}

// Parts are what a list shows of tables.
type Parts uint8

// Those of a table.
const (
	Objects Parts = 1 << iota
	Sets
	Maps
	Flowtables
	Chains
	Rules
	All = Objects | Sets | Maps | Flowtables | Chains | Rules
)

// List writes the text of the tables of a ruleset, of some parts of them. name, if it
// is not empty, is the only chain, set or object to show. An error of w is its own to keep.
func List(w *bufio.Writer, rs *Ruleset, o Options, parts Parts, name string) {
	l := &lister{o, newIndex(rs), w, parts, name}
	for i := range rs.Tables {
		t := &rs.Tables[i]
		if parts == Objects && !slices.ContainsFunc(rs.Objs, func(o nft.Obj) bool { return o.Family == t.Family && o.Table == t.Name }) {
			continue
		}
		l.table(t)
	}
}

// shows says whether an object is shown.
func (l *lister) shows(part Parts, name string) bool {
	return l.parts&part != 0 && (l.name == "" || l.name == name)
}

func (l *lister) line(indent int, words ...string) {
	for range indent {
		l.w.WriteByte('\t')
	}
	for _, w := range words {
		l.w.WriteString(w)
	}
	l.w.WriteByte('\n')
}

var tableFlagWords = [...]struct {
	flag nft.TableFlags
	name string
}{{nft.TableDormant, "dormant"}, {nft.TableOwner, "owner"}, {nft.TablePersist, "persist"}}

func (l *lister) table(t *nft.Table) {
	head := l.Options.handle(t.Handle)
	if l.parts != All {
		head = ""
	}
	l.line(0, "table ", t.Family.Keyword(), " ", t.Name, " {", head)
	var flags []string
	for _, f := range tableFlagWords {
		if t.Flags.V&f.flag != 0 {
			flags = append(flags, f.name)
		}
	}
	if flags != nil && l.parts == All {
		l.line(1, "flags ", strings.Join(flags, ","))
	}
	if c := t.Userdata.Comment(); c != "" && l.parts == All {
		l.line(1, "comment ", quote(c))
	}
	first := flags == nil || l.parts != All
	gap := func() {
		if !first && l.parts == All {
			l.line(0)
		}
		first = false
	}
	in := inTable{l.index, t}
	for i := range l.rs.Objs {
		if o := &l.rs.Objs[i]; o.Family == t.Family && o.Table == t.Name && l.shows(Objects, o.Name) && (l.ObjType == 0 || o.Type == l.ObjType) {
			gap()
			l.obj(o)
		}
	}
	for i := range l.rs.Sets {
		if s := &l.rs.Sets[i]; s.Family == t.Family && s.Table == t.Name && s.Flags.V&nft.SetAnonymous == 0 && l.shows(setPart(s), s.Name) {
			gap()
			l.set(s)
		}
	}
	for i := range l.rs.Flowtables {
		if f := &l.rs.Flowtables[i]; f.Family == t.Family && f.Table == t.Name && l.shows(Flowtables, f.Name) {
			gap()
			l.flowtable(f)
		}
	}
	for i := range l.rs.Chains {
		if c := &l.rs.Chains[i]; c.Family == t.Family && c.Table == t.Name && c.Flags&nft.ChainBinding == 0 && l.shows(Chains, c.Name) {
			gap()
			l.chain(c, in)
		}
	}
	l.line(0, "}")
}

func setPart(s *nft.Set) Parts {
	if s.Flags.V&(nft.SetMap|nft.SetObject) != 0 {
		return Maps
	}
	return Sets
}

func (l *lister) obj(o *nft.Obj) {
	p := &printer{opt: l.Options}
	l.line(1, objectWord(o.Type), " ", o.Name, " {", l.Options.handle(o.Handle))
	if c := o.Userdata.Comment(); c != "" {
		l.line(2, "comment ", quote(c))
	}
	switch e := o.Data.(type) {
	case *nft.Counter:
		if !l.Stateless {
			l.line(2, strings.TrimPrefix(p.kernel(e), "counter "))
		}
	case *nft.Quota:
		l.line(2, p.quota(e))
	case *nft.Limit:
		l.line(2, limit(e))
	}
	l.line(1, "}")
}

func (l *lister) flowtable(f *nft.Flowtable) {
	l.line(1, "flowtable ", f.Name, " {", l.Options.handle(f.Handle))
	l.line(2, "hook ingress priority ", l.priority(nft.Netdev, 0, f.Priority.V))
	if len(f.Devs.Names) > 0 {
		l.line(2, "devices = { ", strings.Join(f.Devs.Names, ", "), " }")
	}
	l.line(1, "}")
}

// hookWords are the hooks of a family, by their numbers.
func hookWords(f nft.Family) []string {
	switch f {
	case nft.Netdev:
		return []string{"ingress", "egress"}
	case nft.ARP:
		return []string{"input", "output"}
	}
	return []string{"prerouting", "input", "forward", "output", "postrouting", "ingress"}
}

// priorityNames are the words for priorities; those of the bridge are others.
var priorityNames = []struct {
	name   string
	value  nft.Priority
	bridge bool
	hook   string // only there
}{
	{"raw", -300, false, ""}, {"mangle", -150, false, ""}, {"dstnat", -100, false, "prerouting"}, {"filter", 0, false, ""},
	{"security", 50, false, ""}, {"srcnat", 100, false, "postrouting"},
	{"dstnat", -300, true, "prerouting"}, {"filter", -200, true, ""}, {"out", 100, true, "output"}, {"srcnat", 300, true, "postrouting"},
}

// Priority is the word for a priority of a hook, or one near it: srcnat + 5.
func Priority(f nft.Family, hook nft.HookNum, v nft.Priority) string {
	hooks := hookWords(f)
	hookName := ""
	if int(hook) < len(hooks) {
		hookName = hooks[hook]
	}
	for _, n := range priorityNames {
		near := v - n.value
		switch {
		case n.bridge != (f == nft.Bridge) || n.hook != "" && n.hook != hookName || near < -10 || near > 10:
		case (f == nft.ARP || f == nft.Netdev) && n.name != "filter":
		case near == 0:
			return n.name
		case near < 0:
			return n.name + " - " + decimal(-near)
		default:
			return n.name + " + " + decimal(near)
		}
	}
	return decimal(v)
}

func (l *lister) priority(f nft.Family, hook nft.HookNum, v nft.Priority) string {
	if l.NumericPriority {
		return decimal(v)
	}
	return Priority(f, hook, v)
}

func (l *lister) chain(c *nft.Chain, in inTable) {
	l.line(1, "chain ", c.Name, " {", l.Options.handle(c.Handle))
	if text := c.Userdata.Comment(); text != "" {
		l.line(2, "comment ", quote(text))
	}
	if c.Hook.Ok {
		l.line(2, l.hook(c))
	}
	if l.parts&Rules != 0 {
		for _, r := range l.rulesOf(c) {
			l.line(2, (&printer{opt: l.Options, src: in, indent: 2}).rule(r))
		}
	}
	l.line(1, "}")
}

// setType is what a set or map is of: type ipv4_addr : mark, or typeof ip saddr : meta mark
func (p *printer) setType(s *nft.Set) string {
	word, key, to := "type ", typeWords(s.KeyType), ""
	b, _ := s.Userdata.Get(udKeyTypeof)
	if e := typeofExpr(b); e != nil {
		word, key = "typeof ", p.expr(e)
	}
	b, _ = s.Userdata.Get(udDataTypeof)
	switch e := typeofExpr(b); {
	case s.Flags.V&nft.SetObject != 0:
		to = objectWord(s.ObjType)
	case s.DataType == nft.DataVerdict:
		to = "verdict"
	case word == "typeof " && e != nil:
		to = p.expr(e)
	case s.Flags.V&nft.SetMap != 0:
		to = typeWords(s.DataType)
	}
	if to != "" {
		to = " : " + to
	}
	return word + key + to
}

// hook is where a base chain is, and its policy.
func (l *lister) hook(c *nft.Chain) string {
	h := c.Hook.V
	hooks := hookWords(c.Family)
	hook := decimal(h.Num)
	if int(h.Num) < len(hooks) {
		hook = hooks[h.Num]
	}
	s := "type " + c.Type + " hook " + hook
	switch devs := append([]string(nil), h.Devs.Names...); {
	case h.Dev != "":
		s += " device " + quote(h.Dev)
	case len(devs) == 1:
		s += " device " + quote(devs[0])
	case len(devs) > 1:
		s += " devices = { " + strings.Join(devs, ", ") + " }"
	}
	s += " priority " + l.priority(c.Family, h.Num, h.Priority) + ";"
	if c.Policy.Ok {
		s += " policy " + verdict(nft.Verdict{Code: c.Policy.V}) + ";"
	}
	if c.Flags&nft.ChainHWOffload != 0 {
		s += " flags offload;"
	}
	return s
}

func typeWords(id uint32) string {
	var words []string
	for _, t := range TypesOf(id) {
		words = append(words, t.Name)
	}
	if words == nil {
		return decimal(id)
	}
	return strings.Join(words, " . ")
}

var setFlagWords = [...]struct {
	flag nft.SetFlags
	name string
}{{nft.SetConstant, "constant"}, {nft.SetInterval, "interval"}, {nft.SetEval, "dynamic"}, {nft.SetTimeout, "timeout"}}

func (l *lister) set(s *nft.Set) {
	p := &printer{opt: l.Options}
	word := "set "
	if s.Flags.V&(nft.SetMap|nft.SetObject) != 0 {
		word = "map "
	}
	l.line(1, word, s.Name, " {", l.Options.handle(s.Handle))
	l.line(2, p.setType(s))
	if s.Policy != 0 {
		l.line(2, "policy memory")
	}
	if s.Desc.V.Size != 0 {
		l.line(2, "size ", decimal(s.Desc.V.Size))
	}
	var flags []string
	for _, f := range setFlagWords {
		if s.Flags.V&f.flag != 0 {
			flags = append(flags, f.name)
		}
	}
	if flags != nil && !(s.Timeout != 0 && len(flags) == 1 && flags[0] == "timeout") { // which "timeout" says
		l.line(2, "flags ", strings.Join(flags, ","))
	}
	if _, ok := s.Userdata.Get(udMerge); ok {
		l.line(2, "auto-merge")
	}
	exprs := s.Exprs
	if s.Expr != nil {
		exprs = append([]nft.Expr{s.Expr}, exprs...)
	}
	if len(exprs) > 0 {
		bare := &printer{opt: Options{Stateless: true}}
		var words []string
		for _, e := range exprs {
			words = append(words, bare.kernel(e))
		}
		l.line(2, strings.Join(words, " "))
	}
	if s.Timeout != 0 {
		l.line(2, "timeout ", duration(s.Timeout))
	}
	if s.GCInterval != 0 {
		l.line(2, "gc-interval ", duration(uint64(s.GCInterval)))
	}
	if text, ok := s.Userdata.Get(udSetComment); ok {
		l.line(2, "comment ", quote(strings.TrimRight(string(text), "\x00")))
	}
	if !l.Terse {
		l.elems(p, s)
	}
	l.line(1, "}")
}

// elems writes the elements of a set, as many in a line as nft has of the type.
func (l *lister) elems(p *printer, s *nft.Set) {
	types, _ := SetTypes(s)
	most, n := 1, 0
	if len(types) == 1 {
		most = perLine(types[0])
	}
	for e := range Elements(s, types, l.rs.Elems[s]) {
		switch {
		case n == 0:
			l.w.WriteString("\t\telements = { ")
		case n%most == 0:
			l.w.WriteString(",\n\t\t\t     ")
		default:
			l.w.WriteString(", ")
		}
		n++
		l.w.WriteString(p.elem(e))
	}
	if n > 0 {
		l.w.WriteString(" }\n")
	}
}

// perLine is how many elements of a type nft writes in a line.
func perLine(t *Datatype) int {
	switch t {
	case &dtNFProto, &dtARPOp, &dtProto, &dtService, &dtTCPFlag, &dtMark, &dtIfindex, &dtClass, &dtUID, &dtGID, &dtCtDir, &dtBool:
		return 5
	case &dtIPv4, &dtCtState, &dtCtStatus, &dtPktType:
		return 2
	}
	if t.ID == dtInteger.ID {
		return 5
	}
	return 1
}
