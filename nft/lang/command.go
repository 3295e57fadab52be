//go:build linux

package lang

import (
	"slices"

	"github.com/minins/minins/nft"
)

// A Cmd is one command of a text: add rule ip t c accept
type Cmd struct {
	Op     string // add create insert replace delete destroy list flush rename reset
	Obj    string // table chain rule set map element counter quota limit flowtable ruleset; in lists also tables …
	Family nft.Family
	Table  string
	Name   string // of a chain, a set, an object; of monitor: new, destroy, or both
	To     string // rename

	Handle   uint64
	Position uint64 // of a rule: a handle, or with Index the number of a rule
	Index    bool

	Flags   nft.TableFlags // of a table
	Comment string
	Chain   *nft.Chain
	Set     *SetDecl
	Object  *nft.Obj
	Flow    *nft.Flowtable
	Rule    *ParsedRule
	Places  []Place // of the statements of the rule
	Elems   []Elem
	ElemsAt Place // of the first

	// Where it is, its table and its name are.
	At, TableAt, NameAt Place
}

// A Place is a part of a line of a file: from and to which byte, from 1.
type Place struct {
	File           string
	Line, From, To int
}

func placeOf(t *token) Place {
	return Place{t.file, t.line, t.col, t.col + max(len(t.text), 1) - 1 + 2*b2i(t.kind == stringToken)}
}

// Parse reads the commands of a file, or, file being "", of a command line. table
// blocks become the commands that make what is in them. An error in the text is a
// *[SyntaxError].
func Parse(file, text string, names Names) (cmds []*Cmd, err error) {
	p := &parser{scanner: newScanner(File{file, text}), defines: make(map[string][]token)}
	s := &script{parser: p, declared: declared{names, make(map[setName]*SetDecl)}}
	p.names = s.declared
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			cmds, err = nil, e
		}
	}()
	s.commands()
	return s.cmds, nil
}

func (s *script) commands() {
	for s.newlines(); s.peek().kind != endToken; s.newlines() {
		s.command()
		s.forget()
	}
}

// maxIncludes is how deep files may include others, as in nft.
const maxIncludes = 16

// include reads the commands of the files that a name stands for.
func (s *script) include() {
	at := s.peek()
	texts, err := s.names.Include(s.text())
	if s.depth >= maxIncludes {
		s.failAt(at, "Include nested too deeply, max 16 levels")
	}
	if err != nil {
		s.failAt(at, err.Error())
	}
	text, toks, back := s.scanner, s.toks, s.pos
	s.depth++
	for _, f := range texts {
		s.scanner, s.toks, s.pos = newScanner(f), nil, 0
		s.commands()
	}
	s.depth--
	s.scanner, s.toks, s.pos = text, toks, back
}

type script struct {
	*parser
	cmds     []*Cmd
	declared declared
	depth    int // of includes
}

// declared finds sets in the text and then elsewhere.
type declared struct {
	Names
	sets map[setName]*SetDecl
}

func (d declared) SetTypes(f nft.Family, table, name string) (key, data []*Datatype, flags nft.SetFlags, ok bool) {
	if s := d.sets[setName{f, table, name}]; s != nil {
		return s.Key, s.Data, s.Flags.V, true
	}
	return d.Names.SetTypes(f, table, name)
}

var ops = []string{"add", "create", "insert", "replace", "delete", "destroy", "list", "flush", "rename", "reset", "monitor", "describe", "export", "import"}

func (s *script) command() {
	at := s.peek()
	switch {
	case s.take("define"), s.take("redefine"):
		s.defineVariable()
		return
	case s.take("undefine"):
		delete(s.defines, s.word())
		return
	case s.take("include"):
		s.include()
		return
	}
	op, ok := s.accept(ops...)
	if !ok {
		op = "add"
	}
	c := &Cmd{Op: op, Family: nft.IPv4, At: placeOf(at)}
	if op == "monitor" {
		s.monitorCommand(c)
	} else {
		s.object(c)
	}
	if !s.is("\n", ";") && s.peek().kind != endToken {
		s.unexpectedBut("end of file or newline or semicolon")
	}
}

// monitorCommand reads which events are to be shown: monitor [new|destroy] [rules]
func (s *script) monitorCommand(c *Cmd) {
	word := func() (w string, ok bool) {
		return s.accept("tables", "chains", "sets", "rules", "elements", "ruleset", "trace")
	}
	var ok bool
	if c.Obj, ok = word(); !ok && !s.is("\n", ";") {
		at := s.peek()
		if c.Name = s.text(); c.Name != "new" && c.Name != "destroy" {
			s.failAt(at, "invalid event "+c.Name)
		}
		c.Obj, _ = word()
	}
	s.end(c)
}

// end notes where a command ends and keeps it.
func (s *script) end(c *Cmd) {
	last := s.toks[max(s.pos-1, 0)]
	if end := placeOf(&last); end.Line == c.At.Line {
		c.At.To = end.To
	}
	s.cmds = append(s.cmds, c)
}

func (s *script) defineVariable() {
	name := s.word()
	s.expect("=")
	start, depth := s.pos, 0
	for s.peek().kind != endToken && (depth > 0 || !s.is("\n", ";")) {
		if s.is("$") {
			s.define()
			continue
		}
		switch s.next().text {
		case "{":
			depth++
		case "}":
			depth--
		}
	}
	toks := slices.DeleteFunc(slices.Clone(s.toks[start:s.pos]), func(t token) bool { return t.text == "\n" && t.kind == signToken })
	s.defines[name] = toks
}

var familyWords = map[string]nft.Family{"ip": nft.IPv4, "ip6": nft.IPv6, "inet": nft.Inet, "arp": nft.ARP, "bridge": nft.Bridge, "netdev": nft.Netdev}

func (s *script) familyWord(c *Cmd) bool {
	f, ok := familyWords[s.peek().text]
	if ok {
		c.Family = f
		s.next()
	}
	return ok
}

// of reads [family] table [name].
func (s *script) of(c *Cmd, named bool) {
	s.familyWord(c)
	c.TableAt, c.Table = placeOf(s.peek()), s.text()
	if named {
		c.NameAt, c.Name = placeOf(s.peek()), s.text()
	}
	s.family, s.table = c.Family, c.Table
}

var plurals = []string{"ruleset", "tables", "chains", "sets", "maps", "counters", "quotas", "limits", "meters", "flowtables", "rules", "hooks"}

func (s *script) object(c *Cmd) {
	if obj, ok := s.accept(plurals...); ok {
		c.Obj = obj
		c.Family = nft.Unspec
		if s.take("table") {
			s.of(c, false)
		} else if s.familyWord(c) && !s.is("\n", ";") && s.peek().kind == wordToken {
			c.TableAt, c.Table = placeOf(s.peek()), s.text()
		}
		s.end(c)
		return
	}
	obj := "rule"
	if word, ok := s.accept("table", "chain", "rule", "set", "map", "element", "counter", "quota", "limit", "flowtable", "meter"); ok {
		obj = word
	} else if c.Op == "list" || c.Op == "flush" || c.Op == "rename" {
		s.unexpected()
	}
	c.Obj = obj
	switch obj {
	case "table":
		s.tableCommand(c)
	case "chain":
		s.chainCommand(c)
	case "rule":
		s.ruleCommand(c)
	case "set", "map", "meter":
		s.setCommand(c)
	case "element":
		s.elementCommand(c)
	case "flowtable":
		s.flowCommand(c)
	default:
		s.objectCommand(c)
	}
}

func (s *script) adds(c *Cmd) bool { return c.Op == "add" || c.Op == "create" }

// byHandle reads handle n in the place of a name.
func (s *script) byHandle(c *Cmd) bool {
	if !s.take("handle") {
		return false
	}
	c.NameAt, c.Handle = placeOf(s.peek()), s.number()
	return true
}

// which reads what a chain, a set or an object is called by, and reports whether that
// is the handle that it is to be deleted by, and so all.
func (s *script) which(c *Cmd) (handle bool) {
	s.of(c, false)
	if c.Op == "delete" && s.byHandle(c) {
		return true
	}
	c.NameAt, c.Name = placeOf(s.peek()), s.text()
	return false
}

func (s *script) tableCommand(c *Cmd) {
	s.familyWord(c)
	if c.Op == "delete" && s.byHandle(c) {
		s.end(c)
		return
	}
	c.TableAt, c.Table = placeOf(s.peek()), s.text()
	s.family, s.table = c.Family, c.Table
	if !s.adds(c) {
		s.end(c)
		return
	}
	if !s.take("{") {
		s.end(c)
		return
	}
	s.end(c)
	s.tableBlock(c)
}

func (s *script) tableBlock(t *Cmd) {
	// In this order each finds what it refers to.
	var chains, objs, sets, elems, rules []*Cmd
	first := len(s.cmds)
	for s.newlines(); !s.take("}"); s.newlines() {
		at := s.peek()
		c := &Cmd{Op: t.Op, Family: t.Family, Table: t.Table, TableAt: t.TableAt, At: placeOf(at)}
		switch word := s.expect("chain", "set", "map", "counter", "quota", "limit", "flowtable", "flags", "comment"); word {
		case "flags":
			for more := true; more; more = s.take(",") {
				switch s.expect("dormant", "owner", "persist") {
				case "dormant":
					t.Flags |= nft.TableDormant
				case "owner":
					t.Flags |= nft.TableOwner
				default:
					t.Flags |= nft.TablePersist
				}
			}
		case "comment":
			t.Comment = s.text()
		case "chain":
			c.NameAt = placeOf(s.peek())
			c.Obj, c.Name = word, s.text()
			s.expect("{")
			s.chainBlock(c)
			s.end(c)
			chains = append(chains, c)
			rules = append(rules, s.chainRules(c)...)
		case "set", "map":
			c.NameAt = placeOf(s.peek())
			c.Obj, c.Name = word, s.text()
			s.expect("{")
			s.setBlock(c)
			s.end(c)
			sets = append(sets, c)
			if len(c.Elems) > 0 {
				e := *c
				e.Op, e.Obj = "add", "element"
				elems = append(elems, &e)
				c.Elems = nil
			}
		case "flowtable":
			c.NameAt = placeOf(s.peek())
			c.Obj, c.Name = word, s.text()
			s.expect("{")
			s.flowBlock(c)
			s.end(c)
			sets = append(sets, c)
		default:
			c.NameAt = placeOf(s.peek())
			c.Obj, c.Name = word, s.text()
			s.objectBlock(c)
			s.end(c)
			objs = append(objs, c)
		}
	}
	s.cmds = slices.Concat(s.cmds[:first], chains, objs, sets, elems, rules)
}

// changes notes with the sets of the text that a rule changes them.
func (s *script) changes(c *Cmd, stmts []Stmt) {
	for _, st := range stmts {
		ch, ok := st.(*SetChange)
		if !ok {
			continue
		}
		if d := s.declared.sets[setName{c.Family, c.Table, ch.Set}]; d != nil {
			d.Flags.V |= nft.SetEval
			if d.Timeout != 0 || ch.Timeout != 0 {
				d.Flags.V |= nft.SetTimeout
			}
		}
	}
}

func (s *script) ruleCommand(c *Cmd) {
	s.of(c, true)
	switch word, _ := s.accept("handle", "position", "index"); word {
	case "handle", "position":
		c.NameAt = placeOf(s.peek())
		if n := s.number(); c.Op == "delete" || c.Op == "replace" || c.Op == "destroy" || c.Op == "reset" {
			c.Handle = n
		} else {
			c.Position = n
		}
	case "index":
		c.Position, c.Index = s.number(), true
	}
	switch c.Op {
	case "delete", "destroy", "reset":
		if c.Handle == 0 {
			s.unexpected()
		}
	default:
		stmts, comment := s.rule()
		s.changes(c, stmts)
		c.Rule, c.Places = &ParsedRule{stmts, comment}, s.places
	}
	s.end(c)
}

// NeedsHook says whether it matters to the rule of a command at which hook its chain is.
func (c *Cmd) NeedsHook() bool {
	var needs func(e Expr) bool
	needs = func(e Expr) bool {
		switch e := e.(type) {
		case *Selector:
			return e.Kind == payloadSel && !e.Raw && e.Proto.Base == nft.LLHeader
		case *Masked:
			return needs(e.X)
		case *MapOf:
			return needs(e.Key)
		case *Concat:
			return slices.ContainsFunc(e.Parts, needs)
		}
		return false
	}
	return slices.ContainsFunc(c.Rule.Stmts, func(s Stmt) bool {
		switch s := s.(type) {
		case *Match:
			return needs(s.Left)
		case *Vmap:
			return needs(s.Key)
		case *SetChange:
			return needs(s.Key)
		case *Assign:
			return needs(s.To) || needs(s.Value)
		}
		return false
	})
}

// Make makes the expressions of the rule of a command, and what it needs. ids counts
// sets and chains of a batch. An error is a *SyntaxError.
func (c *Cmd) Make(hook nft.HookNum, names Names, ids *uint32) (*Compiled, error) {
	comp := &compiler{context: newContext(c.Family), hook: hook, names: names, table: c.Table, ids: ids}
	for i, st := range c.Rule.Stmts {
		if err := comp.compile([]Stmt{st}); err != nil {
			at := c.At
			if i < len(c.Places) {
				at = c.Places[i]
			}
			return nil, &SyntaxError{at, err.Error()}
		}
	}
	return &comp.new, nil
}
