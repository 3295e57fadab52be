//go:build linux

package lang

import (
	"bufio"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// A Monitor writes events as nft monitor does. It knows what there is, since an event
// of a rule has not the elements of its sets, and a step of a packet not the rule.
type Monitor struct {
	l      lister
	block  strings.Builder        // what l writes
	starts map[*nft.Set]*nft.Elem // of intervals whose end is to come
	known  map[ruleName]*nft.Rule
}

type ruleName struct {
	chain  objectName
	handle uint64
}

// NewMonitor makes a Monitor that knows a ruleset, and looks after it from there on.
func NewMonitor(rs *Ruleset, o Options) *Monitor {
	if rs.Elems == nil {
		rs.Elems = make(map[*nft.Set]*nft.ElemList)
	}
	m := &Monitor{starts: make(map[*nft.Set]*nft.Elem), known: make(map[ruleName]*nft.Rule)}
	m.l = lister{o, newIndex(rs), bufio.NewWriter(&m.block), All, ""}
	m.l.Terse = true                      // of sets: elements are events of their own
	m.l.bound = make(map[objectName]bool) // so are the rules of chains without a name
	for i := range rs.Rules {
		m.rule(&rs.Rules[i], false)
	}
	return m
}

func (m *Monitor) rule(r *nft.Rule, gone bool) {
	chain := objectName{r.Family, r.Table, r.Chain}
	name := ruleName{chain, r.Handle}
	ix := m.l.index
	same := func(o *nft.Rule) bool { return o.Handle == r.Handle }
	if gone {
		delete(m.known, name)
		ix.rules[chain] = slices.DeleteFunc(ix.rules[chain], same)
		return
	}
	m.known[name] = r
	if !slices.ContainsFunc(ix.rules[chain], same) {
		ix.rules[chain] = append(ix.rules[chain], r)
	}
}

// Event is the text of an event, and what it is about: tables, chains, rules, sets,
// elements, trace, or "" for the rest. The text is empty of what is not shown.
func (m *Monitor) Event(e *nft.Event) (text, about string) {
	op := "add "
	switch {
	case e.Gone():
		op = "delete "
	case e.Flags&unix.NLM_F_EXCL != 0:
		op = "create "
	}
	gone := e.Gone()
	head := func(word string, f nft.Family, table, name string, handle uint64) string {
		s := op + word + " " + f.Keyword() + " " + table
		if name != "" {
			s += " " + name
		}
		if gone {
			return s
		}
		return s + m.l.handle(handle)
	}
	block := func(word string, f nft.Family, table, name, sep string, write func()) string {
		s := head(word, f, table, name, 0)
		if gone {
			return s + "\n"
		}
		m.block.Reset()
		write()
		m.l.w.Flush()
		lines := strings.Split(strings.TrimSuffix(m.block.String(), "\n\t}\n"), "\n")
		_, behind, _ := strings.Cut(lines[0], "{")
		s += " {" + behind + " "
		for i, line := range lines[1:] {
			if i > 0 && sep == " " {
				s += " "
			}
			s += strings.TrimLeft(line, "\t")
			if sep != " " {
				s += sep
			}
		}
		return s + strings.TrimSuffix(" ", sep[1:]) + "} \n"
	}
	ix := m.l.index
	switch o := e.About.(type) {
	case *nft.Table:
		s := op + "table " + o.Family.Keyword() + " " + o.Name
		if o.Flags.V&nft.TableDormant != 0 && !gone {
			s += " { flags dormant; }"
		}
		return s + m.l.handle(o.Handle) + "\n", "tables"
	case *nft.Chain:
		s := op + "chain " + o.Family.Keyword() + " " + o.Table + " " + o.Name
		if o.Hook.Ok && !gone {
			s += " { " + m.l.hook(o) + " }"
		}
		if !gone {
			s += m.l.handle(o.Handle)
		}
		return s + "\n", "chains"
	case *nft.Rule:
		if !gone && e.Flags&unix.NLM_F_APPEND == 0 && op == "add " {
			op = "insert "
		}
		s := op + "rule " + o.Family.Keyword() + " " + o.Table + " " + o.Chain
		m.rule(o, gone)
		if gone {
			return s + " handle " + strconv.FormatUint(o.Handle, 10) + "\n", "rules"
		}
		if o.Position != 0 {
			s += " handle " + strconv.FormatUint(o.Position, 10)
		}
		return s + " " + m.printer(o.Family, o.Table).rule(o) + "\n", "rules"
	case *nft.Set:
		name := objectName{o.Family, o.Table, o.Name}
		word := "set"
		if gone {
			if old := ix.sets[name]; old != nil {
				delete(ix.rs.Elems, old)
				delete(ix.sets, name)
			}
		} else {
			if setPart(o) == Maps {
				word = "map"
			}
			ix.sets[name] = o
			if o.Flags.V&nft.SetAnonymous != 0 {
				return "", "sets"
			}
		}
		return block(word, o.Family, o.Table, o.Name, "; ", func() { m.l.set(o) }), "sets"
	case *nft.Elems:
		return m.elems(op, o, gone), "elements"
	case *nft.Obj:
		return block(objectWord(o.Type), o.Family, o.Table, o.Name, " ", func() { m.l.obj(o) }), ""
	case *nft.Flowtable:
		return block("flowtable", o.Family, o.Table, o.Name, "; ", func() { m.l.flowtable(o) }), ""
	case *nft.Gen:
		return "# new generation " + decimal(o.ID) + " by process " + decimal(o.ProcPID) + " (" + o.ProcName + ")\n", ""
	case *nft.Trace:
		return m.trace(o), "trace"
	}
	return "", ""
}

// printer writes rules of a table.
func (m *Monitor) printer(f nft.Family, table string) *printer {
	return &printer{opt: m.l.Options, src: inTable{m.l.index, &nft.Table{Family: f, Name: table}}}
}

// elems are elements that come or go; those of intervals in two events.
func (m *Monitor) elems(op string, e *nft.Elems, gone bool) string {
	set := m.l.sets[objectName{e.Family, e.Table, e.Set}]
	if set == nil {
		return ""
	}
	elems := m.l.rs.Elems
	if set.Flags.V&nft.SetAnonymous != 0 {
		if !gone {
			if elems[set] == nil {
				elems[set] = &nft.ElemList{}
			}
			_ = elems[set].Append(e.Elems...) // they were decoded, and can be encoded
		}
		return ""
	}
	types, _ := SetTypes(set)
	p := m.printer(e.Family, e.Table)
	var b strings.Builder
	show := func(some ...nft.Elem) {
		list := &nft.ElemList{}
		_ = list.Append(some...)
		for el := range Elements(set, types, list) {
			b.WriteString(op + "element " + e.Family.Keyword() + " " + e.Table + " " + e.Set + " { " + p.elem(el) + " }\n")
		}
	}
	if set.Flags.V&nft.SetInterval == 0 || set.Flags.V&nft.SetConcat != 0 {
		show(e.Elems...)
		return b.String()
	}
	for _, el := range e.Elems {
		start := m.starts[set]
		switch {
		case el.Flags&nft.ElemCatchall != 0:
			show(el)
		case el.Flags&nft.ElemIntervalEnd == 0:
			if start != nil {
				show(*start)
			}
			m.starts[set] = &el
			if _, ok := el.Userdata.Get(udElemFlags); ok { // it has no end
				show(el)
				delete(m.starts, set)
			}
		case start != nil:
			show(*start, el)
			delete(m.starts, set)
		}
	}
	return b.String()
}
