//go:build linux

package ip

import "strings"

// A form is one way to call ip: an object, a command, and what may follow. All
// of them are the one table that commands are found by, help is printed from,
// the shell completes from and the manual is written from.
type form struct {
	object  string   // of usage; "link", or a "type bridge"
	command keywords // in iproute2's order; "" is what follows the object itself
	takes   string   // what follows, in outline
	words   grammar  // the same, word by word
}

// forms has the forms of each object one behind the other.
var forms = []form{
	{"address", "add* change*|chg replace*", "PREFIX dev DEV ...", addrWords},
	{"address", "delete*", "PREFIX dev DEV", addrWords},
	{"address", "show*|lst* list*", "[ [dev] DEV ] ...", listWords},
	{"address", "flush*", "SELECTION ...", listWords},
	{"address", "help*", "", ""},

	{"link", "add*", "[name] NAME ... type KIND [ OPTION ... ]", linkWords},
	{"link", "set* change*", "{ [dev] DEV | group GROUP } ... [ type KIND OPTION ... ]", linkWords},
	{"link", "replace*", "[name] NAME ... type KIND [ OPTION ... ]", linkWords},
	{"link", "delete*", "{ [dev] DEV | group GROUP }", "\n[dev] DEV\ngroup GROUP"},
	{"link", "show*|lst* list*", "[ [dev] DEV ] ...", listWords},
	{"link", "property*", "{ add | delete } [dev] DEV [ altname NAME ] ...", "\nadd*\ndelete*\n[dev] DEV\naltname* NAME"},
	{"link", "help*", "[ KIND ]", ""},

	{"route", "list* show*|lst*", "[ SELECTION ... ]", queryWords},
	{"route", "get*", "ADDRESS ...", lookupWords},
	{"route", "add* change*|chg replace* prepend* append* test*", "[ TYPE ] { PREFIX | default } ...", routeWords},
	{"route", "delete*", "[ TYPE ] { PREFIX | default } ...", routeWords},
	{"route", "flush*", "SELECTION ...", queryWords},
	{"route", "help*", "", ""},

	{"neigh", "add* change*|chg replace*", "ADDRESS dev DEV ...", neighWords},
	{"neigh", "delete*", "ADDRESS dev DEV", neighWords},
	{"neigh", "get*", "ADDRESS dev DEV", neighWords},
	{"neigh", "show*|lst* list*", "[ SELECTION ... ]", neighQueryWords},
	{"neigh", "flush*", "SELECTION ...", neighQueryWords},
	{"neigh", "help*", "", ""},

	{"rule", "list*|lst*|show*", "[ SELECTION ... ]", ruleQueryWords},
	{"rule", "add*", "[ not ] ... [ ACTION ]", ruleWords},
	{"rule", "delete*", "[ not ] ... [ ACTION ]", ruleWords},
	{"rule", "flush*", "[ SELECTION ... ]", ruleQueryWords},
	{"rule", "help*", "", ""},

	{"nexthop", "add*", "id NUMBER ...", nexthopWords},
	{"nexthop", "replace*", "id NUMBER ...", nexthopWords},
	{"nexthop", "delete*", "id NUMBER", "\nid NUMBER"},
	{"nexthop", "list*|show*|lst*", "[ SELECTION ... ]", nexthopQueryWords},
	{"nexthop", "get*", "id NUMBER", "\nid NUMBER"},
	{"nexthop", "flush*", "[ SELECTION ... ]", nexthopQueryWords},
	{"nexthop", "bucket*", "{ list | get } [ SELECTION ... ]", bucketWords},
	{"nexthop", "help*", "", ""},

	{"netns", "help*", "", ""},
	{"netns", "list* show*|lst*", "", ""},
	{"netns", "list-id*", "[ target-nsid NUMBER ] [ nsid NUMBER ]", "\ntarget-nsid NUMBER\nnsid NUMBER"},
	{"netns", "add*", "NAME", ""},
	{"netns", "set*", "NETNS { NUMBER | auto }", ""},
	{"netns", "delete*", "NETNS", ""},
	{"netns", "identify*", "[ PID ]", ""},
	{"netns", "pids*", "NETNS", ""},
	{"netns", "exec*", "NETNS COMMAND ...", ""},
	{"netns", "monitor*", "", ""},
	{"netns", "attach*", "NAME PID", ""},

	{"monitor", "", "[ all | OBJECT ... ] [ label ] [ all-nsid ] [ dev DEV ] [ file FILE ]", monitorWords},

	{"tuntap", "add*", "[name] NAME mode { tun | tap } ...", tuntapWords},
	{"tuntap", "delete*", "[name] NAME mode { tun | tap }", tuntapWords},
	{"tuntap", "show*|lst*|list*", "", ""},
	{"tuntap", "help*", "", ""},

	{"bridge link", "set*|change*", "dev DEV ...", bridgeLinkWords},
	{"bridge link", "show*|lst*|list*", "[ dev DEV ]", "\ndev DEV"},
	{"bridge link", "help*", "", ""},
	{"bridge fdb", "add*", "LLADDR dev DEV ...", fdbWords},
	{"bridge fdb", "append*", "LLADDR dev DEV ...", fdbWords},
	{"bridge fdb", "replace*", "LLADDR dev DEV ...", fdbWords},
	{"bridge fdb", "delete*", "LLADDR dev DEV ...", fdbWords},
	{"bridge fdb", "get*", "LLADDR { dev DEV | br DEV } ...", fdbGetWords},
	{"bridge fdb", "flush", "dev DEV ...", fdbFlushWords},
	{"bridge fdb", "show*|lst*|list*", "[ SELECTION ... ]", fdbShowWords},
	{"bridge fdb", "help*", "", ""},
	{"bridge vlan", "add*", "vid NUMBER[-NUMBER] dev DEV ...", vlanChangeWords},
	{"bridge vlan", "delete*", "vid NUMBER[-NUMBER] dev DEV ...", vlanChangeWords},
	{"bridge vlan", "show*|lst*|list*", "[ dev DEV ] [ vid NUMBER ]", "\ndev DEV\nvid NUMBER"},
	{"bridge vlan", "set*", "vid NUMBER[-NUMBER] dev DEV ...", vlanSetWords},
	{"bridge vlan", "help*", "", ""},
	{"bridge monitor", "", "[ all | OBJECT ... ] [ file FILE ]", bridgeMonitorWords},

	{"bridge", "", "... type bridge [ OPTION ... ]", bridgeWords},
	{"bridge_slave", "", "... type bridge_slave [ OPTION ... ]", portWords},
	{"veth", "", "... type veth [ peer [name] NAME ... ]", "\npeer  its other end, and behind it words as for the link itself"},
	{"macvlan", "", "... type macvlan [ OPTION ... ]", macvlanWords},
	{"macvtap", "", "... type macvtap [ OPTION ... ]", macvlanWords},
	{"vxlan", "", "... type vxlan id NUMBER [ OPTION ... ]", vxlanWords},
	{"vlan", "", "... link DEV ... type vlan id NUMBER [ OPTION ... ]", vlanWords},
	{"vrf", "", "... type vrf table TABLE", vrfWords},
	{"ipvlan", "", "... link DEV ... type ipvlan [ OPTION ... ]", ipvlanWords},
	{"ipvtap", "", "... link DEV ... type ipvtap [ OPTION ... ]", ipvlanWords},
	{"geneve", "", "... type geneve id NUMBER remote ADDRESS [ OPTION ... ]", geneveWords},
	{"bond", "", "... type bond [ OPTION ... ]", bondWords},
	{"bond_slave", "", "... type bond_slave [ OPTION ... ]", bondPortWords},
	{"dummy", "", "... type dummy", ""},
	{"ifb", "", "... type ifb", ""},
	{"nlmon", "", "... type nlmon", ""},
	{"vcan", "", "... type vcan", ""},
	{"team", "", "... type team", ""},
}

// isKind reports whether the form is of what follows "type KIND".
func (f *form) isKind() bool { return strings.HasPrefix(f.takes, "...") }

// tool is what the form begins with: "ip link ", "bridge fdb ", or nothing.
func (f *form) tool() string {
	switch {
	case f.isKind():
		return ""
	case strings.HasPrefix(f.object, "bridge "):
		return f.object + " "
	}
	return "ip " + f.object + " "
}

// command is the command of an object that a word is or abbreviates, or "".
func command(object, word string) string {
	for _, f := range forms {
		if f.object == object {
			if name := f.command.find(word); name != "" {
				return name
			}
		}
	}
	return ""
}

// commands are those to suggest.
func commands(object string) (all []string) {
	for _, f := range forms {
		if f.object == object {
			all = append(all, f.command.words()...)
		}
	}
	return all
}

// usageText is the help on a topic: "ip", an object, or a kind of link.
func usageText(topic string) string {
	switch topic {
	case "ip":
		return usageIP + "OBJECT := " + alternatives(objectsThere()) + "\n" + section("OPTION:", optionWords)
	case "bridge tool":
		return usageBridgeTool
	}
	var b strings.Builder
	var shown []grammar
	lead := "Usage: "
	for _, f := range forms {
		if f.object != topic || f.command.find("help") != "" {
			continue
		}
		b.WriteString(lead)
		lead = "       "
		b.WriteString(f.tool())
		if f.command != "" {
			b.WriteString(alternatives(f.command.words()) + " ")
		}
		b.WriteString(f.takes + "\n")
	}
	for _, f := range forms {
		if f.object != topic || f.words == "" || contains(shown, f.words) {
			continue
		}
		shown = append(shown, f.words)
		b.WriteString(section(title(f.object, f.words), f.words))
	}
	return b.String()
}

// title names the commands of an object that a grammar is of.
func title(object string, g grammar) string {
	var names []string
	for _, f := range forms {
		if f.object == object && f.words == g {
			names = append(names, f.command.words()...)
		}
	}
	if names == nil {
		return "OPTION:"
	}
	return strings.Join(names, ", ") + ":"
}

func contains(all []grammar, g grammar) bool {
	for _, one := range all {
		if one == g {
			return true
		}
	}
	return false
}

// alternatives is "add", or "{ add | change }".
func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "{ " + strings.Join(words, " | ") + " }"
}

// section is a title and the words that help tells, or "" if there are none.
func section(title string, g grammar) string {
	var b strings.Builder
	for line := range strings.SplitSeq(string(g), "\n") {
		word, help, ok := strings.Cut(strings.TrimLeft(line, "\t"), "  ")
		if !ok {
			continue
		}
		word = strings.ReplaceAll(strings.ReplaceAll(word, "*", ""), "|-", " | -")
		if b.Len() == 0 {
			b.WriteString(title + "\n")
		}
		b.WriteString("    " + word)
		if n := 28 - len(word); n > 0 {
			b.WriteString(strings.Repeat(" ", n))
		} else {
			b.WriteString("\n" + strings.Repeat(" ", 32))
		}
		b.WriteString(help + "\n")
	}
	return b.String()
}

const usageIP = `Usage: ip [ OPTION ... ] OBJECT [ COMMAND ... ]
       ip [ -force ] -batch FILE
Objects, commands and most words may be abbreviated: "ip a", "ip r", "ip li sh".
"ip OBJECT help" has the words of each.
`
