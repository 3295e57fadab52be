//go:build linux

package iptables

import (
	"fmt"
	"strconv"
	"strings"
)

// words are the rule as -S and iptables-save print it behind "-A CHAIN", each
// with a blank before it, with counters or without.
func (r *rule) words(counters bool) string {
	var b strings.Builder
	b.WriteString(saveNetwork("-s", r.src) + saveNetwork("-d", r.dst))
	for _, d := range []struct {
		option string
		device
	}{{"-i", r.in}, {"-o", r.out}} {
		if d.given() {
			b.WriteString(not(d.inv) + " " + d.option + " " + d.name)
		}
	}
	if r.proto.num != 0 {
		b.WriteString(not(r.proto.inv) + " -p " + protocolName(r.proto.num))
	}
	if r.frag != anyFragment {
		b.WriteString(not(r.frag == notLaterFragment) + " -f")
	}
	for _, m := range r.matches {
		b.WriteString(" -m " + m.name() + m.save())
	}
	if counters {
		fmt.Fprintf(&b, " -c %d %d", r.counters.Packets, r.counters.Bytes)
	}
	switch j := r.jump; {
	case j.final:
		b.WriteString(" -g " + j.name)
	case j.name != "":
		b.WriteString(" -j " + j.name)
	}
	if t := r.jump.target; t != nil {
		b.WriteString(t.save())
	}
	return b.String()
}

// same reports whether two rules say the same, which is when they are said in
// the same words. A rule that has to do with bytes that minins cannot read is
// like no other.
func (r *rule) same(other *rule) bool {
	_, unknown := r.unknown()
	return !unknown && r.words(false) == other.words(false)
}

func saveNetwork(option string, n network) string {
	if !n.given() {
		return ""
	}
	text := not(n.inv) + " " + option + " " + n.addr.String()
	if bits, ok := n.ones(); ok {
		return text + "/" + strconv.Itoa(bits)
	}
	return text + "/" + n.mask.String()
}
