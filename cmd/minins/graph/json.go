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
		j.space(s)
	}
	j.Close(']')
	j.texts("stale", p.stale)
	j.Close('}')
	j.Out.WriteByte('\n')
	j.Out.Flush()
	return b.String()
}

func (j *record) space(s *space) {
	j.open("name", s.names[0])
	if len(s.names) > 1 {
		j.texts("names", s.names)
	}
	j.yes("home", s.home)
	j.text("unseen", s.blind)
	j.Open("links", '[')
	for _, l := range s.links {
		j.link(l)
	}
	j.Close(']')
	j.Open("routes", '[')
	for _, r := range s.routes {
		j.open("to", r.to)
		j.text("via", r.via)
		if r.link != nil {
			j.text("dev", r.link.name)
		}
		if r.table != 0 {
			j.Value("table", number(int(r.table)))
		}
		j.yes("outside", r.out)
		j.Close('}')
	}
	j.Close(']')
	j.texts("rules", s.policies)
	j.Open("nat", '[')
	for _, r := range s.rules {
		j.open("rule", r.words)
		j.yes("inwards", r.in)
		j.text("to", r.to)
		j.text("owner", r.owner)
		j.Close('}')
	}
	j.Close(']')
	j.Close('}')
}

func (j *record) link(l *link) {
	j.open("name", l.name)
	j.text("kind", l.kind)
	j.texts("addresses", l.every)
	j.text("down", l.down)
	j.text("mac", l.mac)
	j.Value("mtu", number(l.mtu))
	if l.master != nil {
		j.text("master", l.master.name)
	}
	j.end("peer", l.peer)
	j.end("on", l.lower)
	j.yes("elsewhere", l.away)
	j.Close('}')
}

// end is a link of any namespace.
func (j *record) end(key string, l *link) {
	if l == nil {
		return
	}
	j.Open(key, '{')
	j.text("namespace", l.space.name)
	j.text("link", l.name)
	j.Close('}')
}

// open begins an object of an array by its first value.
func (j *record) open(key, value string) {
	j.Open("", '{')
	j.text(key, value)
}

func (j *record) text(key, value string) {
	if value != "" {
		j.String(key, value)
	}
}

func (j *record) yes(key string, is bool) {
	if is {
		j.Value(key, "true")
	}
}

func (j *record) texts(key string, all list) {
	j.Open(key, '[')
	for _, s := range all {
		j.String("", s)
	}
	j.Close(']')
}
