//go:build linux

package ip

import "strings"

// linkHelp is "ip link help [KIND]": on standard output if there is a kind
// that has help of its own.
func (s *session) linkHelp(w *words) error {
	if w.next() {
		if _, ok := kindHelp(w.cur); ok || w.is("veth") {
			s.c.Stdout.WriteString(usageText(w.cur))
			return nil
		}
	}
	return usage("link")
}

// kindHelp is the grammar of a kind of link.
func kindHelp(kind string) (g grammar, ok bool) {
	switch kind {
	case "bridge":
		return bridgeWords, true
	case "bridge_slave":
		return portWords, true
	case "macvlan", "macvtap":
		return macvlanWords, true
	case "vxlan":
		return vxlanWords, true
	case "vlan":
		return vlanWords, true
	case "dummy", "ifb", "nlmon", "vcan", "team":
		return "", true
	}
	return "", false
}

// usage is the words, a line each.
func (g grammar) usage() string {
	return strings.ReplaceAll(string(g), "*", "") + "\n"
}
