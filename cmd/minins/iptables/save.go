//go:build linux

package iptables

import (
	"strconv"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/nft"
)

// words are the rule as -S and iptables-save print it behind "-A CHAIN", each
// with a blank before it, with counters or without.
func (r *rule) words(counters bool) string {
	text := saveNetwork(" -s ", &r.src) + saveNetwork(" -d ", &r.dst) + saveDevice(" -i ", &r.in) + saveDevice(" -o ", &r.out)
	if r.proto.num != 0 {
		text += not(r.proto.inv) + " -p " + protocolName(r.proto.num)
	}
	if r.frag != anyFragment {
		text += not(r.frag == notLaterFragment) + " -f"
	}
	for _, m := range r.matches {
		text += " -m " + m.name() + m.save()
	}
	if counters {
		text += saveCounters(r.counters)
	}
	if j := &r.jump; j.final {
		text += " -g " + j.name
	} else if t := j.target; t != nil {
		text += " -j " + t.name() + t.save()
	} else if j.name != "" {
		text += " -j " + j.name
	}
	return text
}

func saveCounters(n nft.Counters) string {
	return " -c " + strconv.FormatUint(n.Packets, 10) + " " + strconv.FormatUint(n.Bytes, 10)
}

func saveDevice(option string, d *device) string {
	if !d.given() {
		return ""
	}
	return not(d.inv) + option + d.name
}

// same reports whether two rules say the same, which is when they are said in
// the same words. A rule that has to do with bytes that minins cannot read is
// like no other.
func (r *rule) same(other *rule) bool {
	_, unknown := r.unknown()
	return !unknown && r.words(false) == other.words(false)
}

func saveNetwork(option string, n *network) string {
	if !n.given() {
		return ""
	}
	mask := n.mask.String()
	if bits, ok := n.ones(); ok {
		mask = strconv.Itoa(bits)
	}
	return not(n.inv) + option + ntop.Text(n.addr) + "/" + mask
}

// Words are the command that makes a rule, "iptables -t nat -A POSTROUTING …", for other
// commands to show. It is not ok for a rule that is in none of the tables of iptables, or
// that it has no words for.
func Words(r *nft.Rule) (text string, ok bool) {
	name := "iptables"
	switch {
	case findTable(r.Table) == nil:
		return "", false
	case r.Family == nft.IPv6:
		name = "ip6tables"
	case r.Family != nft.IPv4:
		return "", false
	}
	out, err := decode(r, false)
	if err != nil {
		return "", false
	}
	if _, unknown := out.unknown(); unknown {
		return "", false
	}
	if r.Table != "filter" {
		name += " -t " + r.Table
	}
	return name + " -A " + r.Chain + out.words(false), true
}
