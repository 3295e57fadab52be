//go:build linux

package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// object is one of JSON, as a test sees it.
type object map[string]any

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o object) objects(key string) (all []object) {
	list, _ := o[key].([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		all = append(all, m)
	}
	return all
}

func (o object) texts(key string) (all []string) {
	list, _ := o[key].([]any)
	for _, e := range list {
		s, _ := e.(string)
		all = append(all, s)
	}
	return all
}

// A record of a picture, read again.
type reread struct {
	spaces []object
	links  map[string]object // by "namespace\x00link"
}

func (r *reread) link(of any) (ns string, l object) {
	end, _ := of.(map[string]any)
	ns = object(end).text("namespace")
	return ns, r.links[ns+"\x00"+object(end).text("link")]
}

// shown are the addresses that a picture shows: IPv4 first, and none that every link has.
func shown(l object) (all []string) {
	var six []string
	for _, a := range l.texts("addresses") {
		switch {
		case l.text("name") == "lo" && (a == "127.0.0.1/8" || a == "::1/128"), strings.HasPrefix(a, "fe80:"):
		case strings.Contains(a, ":"):
			six = append(six, a)
		default:
			all = append(all, a)
		}
	}
	return append(all, six...)
}

// line is a link as text has it.
func (r *reread) line(space string, l object) string {
	words := []string{l.text("name")}
	if kind := l.text("kind"); kind != "" && kind != "veth" {
		words = append(words, kind)
	}
	if ns, on := r.link(l["on"]); on != nil {
		switch {
		case ns != space:
			words = append(words, "on "+on.text("name")+" of "+ns)
		case l.text("master") != "":
			words = append(words, "on "+on.text("name"))
		}
	}
	words = append(words, shown(l)...)
	if down := l.text("down"); down != "" {
		words = append(words, down)
	}
	if ns, peer := r.link(l["peer"]); peer != nil {
		to := peer.text("name")
		if ns != space {
			to = ns + ":" + to
		}
		if master := peer.text("master"); master != "" {
			to += " in " + master
		}
		words = append(words, "── "+to)
		words = append(words, shown(peer)...)
	} else if l["elsewhere"] == true {
		words = append(words, "── elsewhere")
	}
	return strings.Join(words, " ")
}

// lines are all that text has of a namespace.
func (r *reread) lines(s object) (all []string) {
	names := s.texts("names")
	if names == nil {
		names = []string{s.text("name")}
	}
	heading := strings.Join(names, " = ")
	if len(names) > 3 { // of processes that have nothing
		heading = strings.Join(names, ", ")
	}
	all = append(all, heading)
	for _, l := range s.objects("links") {
		all = append(all, r.line(s.text("name"), l))
	}
	for _, route := range s.objects("routes") {
		words := route.text("to")
		for _, key := range []string{"via", "dev"} {
			if v := route.text(key); v != "" {
				words += " " + key + " " + v
			}
		}
		if table, ok := route["table"]; ok {
			words += fmt.Sprint(" table ", table)
		}
		all = append(all, words)
	}
	all = append(all, s.texts("rules")...)
	for _, rule := range s.objects("nat") {
		words := "NAT out: "
		if rule["inwards"] == true {
			words = "NAT in: "
		}
		words += rule.text("rule")
		if owner := rule.text("owner"); owner != "" {
			words += " (" + owner + ")"
		}
		all = append(all, words)
	}
	switch why := s.text("unseen"); {
	case why != "":
		all = append(all, "not all is to be seen: "+why)
	case len(s.objects("links")) == 0:
		all = append(all, "no links but lo")
	}
	return all
}

// TestJSON reads it again, and makes the lines of the text of it: it has all that is drawn.
func TestJSON(t *testing.T) {
	pictures := map[string]*picture{}
	for _, lab := range labs {
		pictures[lab.name] = lab.make().picture()
	}
	for seed := range uint64(20) {
		pictures[fmt.Sprint("random ", seed)] = random(seed).picture()
	}
	for name, p := range pictures {
		var all object
		if err := json.Unmarshal([]byte(drawJSON(p)), &all); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := &reread{spaces: all.objects("namespaces"), links: map[string]object{}}
		for _, s := range r.spaces {
			for _, l := range s.objects("links") {
				r.links[s.text("name")+"\x00"+l.text("name")] = l
			}
		}
		var got []string
		for _, s := range r.spaces {
			got = append(got, r.lines(s)...)
		}
		if stale := all.texts("stale"); len(stale) > 0 {
			got = append(append(got, "stale names"), stale...)
		}
		var want []string
		for line := range strings.SplitSeq(drawText(p, style{width: 1 << 20}), "\n") {
			if line = strings.TrimLeft(line, "│├└─ "); line != "" {
				want = append(want, line)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s", name, testns.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")))
		}
		// What is told where the mouse is.
		for _, s := range p.spaces {
			for _, l := range s.links {
				of := r.links[s.names[0]+"\x00"+l.name]
				for _, line := range strings.Split(l.title(), "\n")[1:] {
					known := slices.Contains(of.texts("addresses"), line) || line == fmt.Sprint("mtu ", of["mtu"]) || line == "link/ether "+of.text("mac")
					if !known {
						t.Errorf("%s: %s has no %q", name, l.place(), line)
					}
				}
			}
		}
	}
}
