//go:build linux

package ip

import "strings"

// linkHelp is "ip link help [KIND]": on standard output if there is a kind
// that has help of its own.
func (s *session) linkHelp(w *words) error {
	const kinds keywords = "veth bridge bridge_slave macvlan macvtap vxlan vlan dummy ifb nlmon vcan team"
	if !w.next() || kinds.find(w.cur) == "" {
		return usage("link")
	}
	s.c.Stdout.WriteString(usageText(w.cur))
	return nil
}

// usageKind is the help on a kind of link.
func usageKind(kind string, g grammar) string {
	text := "Usage: ... type " + kind
	if g != "" {
		text += " [ WORDS ]"
	}
	return text + "\n" + g.usage()
}

// usage is the words, a line each.
func (g grammar) usage() string {
	return strings.ReplaceAll(string(g), "*", "") + "\n"
}
