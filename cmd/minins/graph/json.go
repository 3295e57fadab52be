//go:build linux

package graph

import (
	"bufio"
	"strings"

	"github.com/minins/minins/cmd/minins/internal/jsonout"
)

// A record is a picture as JSON, as far as it is written: what has no value is left out.
type record struct {
	_ [0]func()

	jsonout.Writer
}

// drawJSON writes all that the other formats show, and what they only count, on one line.
func drawJSON(p *picture) string {
	var b strings.Builder
	j := &record{Writer: jsonout.Writer{Out: bufio.NewWriter(&b)}}
	j.Open("", '{')
	j.Open("namespaces", '[')
	for _, s := range p.spaces {
		j.Open("", '{')
		j.space(s)
		j.Close('}')
	}
	j.Close(']')
	j.list("stale", p.stale)
	j.Close('}')
	j.Out.WriteByte('\n')
	j.Out.Flush()
	return b.String()
}

func (j *record) space(s *space) {
	j.texts("name", s.names[0], "unseen", s.blind, "home?", yes(s.home))
	if len(s.names) > 1 {
		j.list("names", s.names)
	}
	j.Open("links", '[')
	for _, l := range s.links {
		j.Open("", '{')
		j.link(l)
		j.Close('}')
	}
	j.Close(']')
	j.Open("routes", '[')
	for _, r := range s.routes {
		dev, table := "", ""
		if r.link != nil {
			dev = r.link.name
		}
		if r.table != 0 {
			table = number(int(r.table))
		}
		j.Open("", '{')
		j.texts("to", r.to, "via", r.via, "dev", dev, "table?", table, "outside?", yes(r.out))
		j.Close('}')
	}
	j.Close(']')
	j.list("rules", s.policies)
	j.Open("nat", '[')
	for _, r := range s.rules {
		j.Open("", '{')
		j.texts("rule", r.words, "inwards?", yes(r.in), "to", r.to, "owner", r.owner)
		j.Close('}')
	}
	j.Close(']')
}

func (j *record) link(l *link) {
	master := ""
	if l.master != nil {
		master = l.master.name
	}
	j.texts("name", l.name, "kind", l.kind, "down", l.down, "mac", l.mac, "mtu?", number(l.mtu), "master", master, "elsewhere?", yes(l.away))
	j.list("addresses", l.every)
	j.end("peer", l.peer)
	j.end("on", l.lower)
}

// end is a link of any namespace.
func (j *record) end(key string, l *link) {
	if l != nil {
		j.Open(key, '{')
		j.texts("namespace", l.space.name, "link", l.name)
		j.Close('}')
	}
}

// texts writes keys and values: strings, or what is JSON already where the key ends in "?".
func (j *record) texts(pairs ...string) {
	for ; len(pairs) > 0; pairs = pairs[2:] {
		key, value := pairs[0], pairs[1]
		raw := strings.TrimSuffix(key, "?")
		switch {
		case value == "":
		case raw != key:
			j.Value(raw, value)
		default:
			j.String(key, value)
		}
	}
}

func yes(is bool) string {
	if is {
		return "true"
	}
	return ""
}

func (j *record) list(key string, all list) {
	j.Open(key, '[')
	for _, s := range all {
		j.String("", s)
	}
	j.Close(']')
}
