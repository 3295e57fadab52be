//go:build linux

package graph

import "strings"

// A dialect is how a language of graphs writes nodes and edges: each $ is the next of
// what is written there, for nodes an id and a label, for edges both ends.
type dialect struct {
	_ [0]func()

	head, open, end, foot string
	nodes                 [4]string // by shape
	edges                 [4]string // by relation
	newline               string
	language              int
}

// Shapes of nodes.
const (
	shapeLink = iota
	shapeBridge
	shapeNote
	shapeOutside
)

// Relations of links.
const (
	relCable = iota
	relDown  // a cable through which nothing goes
	relPort
	relStack
)

var dot = dialect{
	head: "graph \"network namespaces\" {\n\tgraph [rankdir=LR, fontname=\"sans-serif\", ranksep=0.8]\n" +
		"\tnode [shape=box, style=rounded, fontname=monospace, fontsize=10]\n\tedge [fontname=monospace, fontsize=9]\n",
	open: "\tsubgraph \"cluster_$\" {\n\t\tlabel=\"$\"\n\t\tstyle=rounded\n",
	end:  "\t}\n",
	foot: "}\n",
	nodes: [...]string{
		"\t\t$ [label=\"$\"]\n",
		"\t\t$ [label=\"$\", style=filled, fillcolor=\"#cfe3f7\"]\n",
		"\t\t$ [label=\"$\", shape=note, style=solid]\n",
		"\t$ [label=\"$\", shape=ellipse, style=solid]\n",
	},
	edges: [...]string{
		"\t$ -- $ [style=bold]\n",
		"\t$ -- $ [style=dashed, color=gray]\n",
		"\t$ -- $\n",
		"\t$ -- $ [label=\"on\", style=dotted]\n",
	},
	newline:  `\n`,
	language: forDOT,
}

var mermaid = dialect{
	head: "flowchart LR\n",
	open: "\tsubgraph $[\"$\"]\n",
	end:  "\tend\n",
	nodes: [...]string{
		"\t\t$[\"$\"]\n",
		"\t\t$[[\"$\"]]\n",
		"\t\t$>\"$\"]\n",
		"\t$([\"$\"])\n",
	},
	edges: [...]string{
		"\t$ --- $\n",
		"\t$ -. \"down\" .- $\n",
		"\t$ === $\n",
		"\t$ -. \"on\" .- $\n",
	},
	newline:  "<br/>",
	language: forMermaid,
}

// A markup is a picture in a dialect, as far as it is written.
type markup struct {
	_ [0]func()

	*dialect
	strings.Builder
}

func drawMarkup(p *picture, d *dialect) string {
	m := &markup{dialect: d}
	m.WriteString(d.head)
	for _, s := range p.spaces {
		m.space(p, s)
	}
	for i, s := range p.stale {
		m.node(shapeOutside, "stale"+number(i), list{"stale name", s})
	}
	for _, s := range p.spaces {
		for _, l := range s.links {
			m.edge(relPort, l.master, l)
			m.edge(relStack, l.lower, l)
			switch {
			case !l.first():
			case l.down+l.peer.down != "":
				m.edge(relDown, l, l.peer)
			default:
				m.edge(relCable, l, l.peer)
			}
		}
	}
	m.WriteString(d.foot)
	return m.String()
}

// space writes a namespace and the ways out of it.
func (m *markup) space(p *picture, s *space) {
	m.put(m.open, s.id, m.label(s.names))
	for _, l := range s.links {
		shape := shapeLink
		if l.isBridge() {
			shape = shapeBridge
		}
		lines := l.say(sayKind | sayAddrs)
		if l.away {
			lines.add("other end elsewhere")
		}
		m.node(shape, l.id, lines)
	}
	out := s.home && p.ups != nil
	if facts := s.facts(mostLines, out); facts != nil {
		m.node(shapeNote, s.id+"note", facts)
	}
	m.WriteString(m.end)
	if !out {
		return
	}
	rules := s.ruleLines(mostLines)
	for i, u := range p.ups {
		id := "out" + number(i)
		lines := list{"outside"}
		lines.addAll(u.to)
		lines.addAll(rules)
		m.node(shapeOutside, id, lines)
		m.put(m.edges[relCable], u.link.id, id)
		rules = nil
	}
}

func (m *markup) node(shape int, id string, lines list) { m.put(m.nodes[shape], id, m.label(lines)) }

// edge writes one, if there are both ends.
func (m *markup) edge(rel int, a, b *link) {
	if a != nil {
		m.put(m.edges[rel], a.id, b.id)
	}
}

// isBridge says whether a link is one that has ports, or could.
func (l *link) isBridge() bool { return len(l.ports) > 0 || l.kind == "bridge" }

// put writes a node or an edge.
func (m *markup) put(format, a, b string) {
	head, rest, _ := strings.Cut(format, "$")
	middle, tail, _ := strings.Cut(rest, "$")
	m.WriteString(head + a + middle + b + tail)
}

// label is lines in quotes.
func (m *markup) label(lines list) string {
	text := ""
	for i, line := range lines {
		if i > 0 {
			text += m.newline
		}
		text += escape(line, m.language)
	}
	return text
}
